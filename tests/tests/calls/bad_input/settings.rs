//! Settings, names, and systems that have shut down.

use super::*;

fn settings_error(spawned: Result<DeskHandle, SpawnError>) -> String {
    match spawned {
        Err(error @ SpawnError::Settings(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Settings that cannot be are a value: actor, message type, word; its source is the mistake.
#[test]
fn settings_that_cannot_be_are_told_as_values() {
    run(async |system| {
        let wrong = |spawned: Result<DeskHandle, SpawnError>| match spawned {
            Err(SpawnError::Settings(why)) => why,
            other => panic!("{other:?}"),
        };
        let why = wrong(system.instance(Desk).name("desk").capacity(0).spawn());
        assert_eq!((why.actor().as_str(), why.message()), ("desk", None));
        assert_eq!(why.mistakes().iter().map(|mistake| mistake.word()).collect::<Vec<_>>(), ["capacity"]);
        assert!(why.to_string().starts_with("actor `desk`: `capacity` is at least 1"), "{why}");
        let error: Box<dyn std::error::Error> = Box::new(SpawnError::Settings(why.clone()));
        assert_eq!(error.to_string(), why.to_string());
        let source = error.source().and_then(|source| source.downcast_ref::<InvalidPolicy>());
        assert_eq!(source, Some(&why.mistakes()[0]));
    });
}

#[test]
fn numbers_that_cannot_be_are_refused_with_a_sentence() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk");
        for (spawned, word) in [
            (open().capacity(0).spawn(), "at least 1"),
            (open().capacity(usize::MAX).spawn(), "2^24"),
            (open().capacity((1 << 24) + 1).spawn(), "2^24"),
            (open().max_waiting(usize::MAX).spawn(), "2^24"),
            (open().capacity(8).reserve(8).spawn(), "at most 7"),
            (open().capacity(8).reserve(usize::MAX).spawn(), "2^24"),
            (open().capacity(1).reserve(1).spawn(), "at most 0"),
        ] {
            let why = settings_error(spawned);
            assert!(why.contains(word) && why.contains("`desk`"), "{why}");
        }
        // None of these actors started, so the name is free.
        assert!(open().spawn::<DeskHandle>().is_ok());
    });
}

#[test]
fn the_largest_mailbox_costs_nothing_until_it_is_used() {
    run(async |system| {
        let desk: DeskHandle = system.instance(Desk).capacity(1 << 24).spawn().unwrap();
        assert_eq!(desk.question(1).await.unwrap(), 1);
    });
}

#[test]
fn policies_that_cannot_be_are_refused_with_a_sentence() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk");
        for (spawned, word) in [
            (open().policy::<m::Work>(|policy| policy.overflow(&[])).spawn(), "empty list"),
            (
                open().policy::<m::Work>(|policy| policy.overflow(&[Overflow::Conflate])).spawn(),
                "needs a key",
            ),
            (open().policy::<m::Work>(|policy| policy.ttl(Duration::ZERO)).spawn(), "`ttl` of nothing"),
            (
                open().policy::<m::Work>(|policy| policy.timeout(Duration::ZERO)).spawn(),
                "`timeout` of nothing",
            ),
        ] {
            let why = settings_error(spawned);
            assert!(why.contains(word), "{why}");
            assert!(why.contains("`desk`") && why.contains("`Work`"), "{why}");
        }
    });
}

#[test]
fn a_name_is_taken_while_its_actor_lives_and_free_afterwards() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk").spawn::<DeskHandle>();
        let first = open().unwrap();
        match open() {
            Err(error @ SpawnError::NameTaken(_)) => assert!(error.to_string().contains("`desk`")),
            other => panic!("{other:?}"),
        }
        assert_eq!(first.question(1).await.unwrap(), 1, "the first one still works");
        let _ = first.stop().await;
        assert!(open().is_ok());
    });
}

#[test]
fn an_invented_name_never_collides_with_one_that_was_given() {
    run(async |system| {
        let mut actors: Vec<DeskHandle> =
            (1..50).map(|n| system.instance(Desk).name(format!("desk-{n}")).spawn().unwrap()).collect();
        for n in 50..100 {
            let named = system.instance(Desk).name(format!("desk-{}", 2 * n)).spawn();
            actors.push(named.unwrap());
        }
        for _ in 0..100 {
            let unnamed = system.instance(Desk).spawn::<DeskHandle>();
            assert!(unnamed.is_ok(), "{unnamed:?}");
            actors.extend(unnamed);
        }
    });
}

#[test]
fn find_finds_only_what_lives_and_only_by_its_own_type() {
    run(async |system| {
        struct Other;
        #[actor(local)]
        impl Other {
            #[message]
            fn nothing(&mut self) {}
        }
        let desk: DeskHandle = system.instance(Desk).name("desk").spawn().unwrap();
        assert!(system.find::<DeskHandle>("desk").is_some());
        assert!(system.find::<OtherHandle>("desk").is_none());
        assert!(system.find::<DeskHandle>("").is_none());
        let _ = desk.stop().await;
        assert!(system.find::<DeskHandle>("desk").is_none());
    });
}

#[test]
fn a_factory_that_panics_is_an_error_of_spawn() {
    run(async |system| {
        let build = || -> Desk { panic!("no database") };
        match system.actor(build).name("desk").spawn::<DeskHandle>() {
            Err(error @ SpawnError::FactoryPanicked { .. }) => {
                assert_eq!(error.to_string(), "the factory of actor `desk` panicked: no database");
            }
            other => panic!("{other:?}"),
        }
        assert!(system.instance(Desk).name("desk").spawn::<DeskHandle>().is_ok());
    });
}

#[test]
fn a_system_that_was_shut_down_starts_no_more_and_says_so() {
    run(async |system| {
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean());
        match system.instance(Desk).spawn::<DeskHandle>() {
            Err(error @ SpawnError::ShuttingDown(_)) => assert!(error.to_string().contains("`test`")),
            other => panic!("{other:?}"),
        }
        // `spawn` cannot return an error: it returns the handle of a closed actor.
        let late = system.spawn(Desk);
        assert_eq!(late.work(1).await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(late.closed().await, StopReason::Stopped);
    });
}

#[test]
fn an_endless_shutdown_waits_for_the_end() {
    run(async |system| {
        let desk = system.spawn(Desk);
        desk.rest(HOUR).tell().await.unwrap();
        let report = system.shutdown(Duration::MAX).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.total.handled, 1);
    });
}

#[test]
fn a_shutdown_inside_a_turn_reports_the_turn_s_actor_and_lets_it_end() {
    run(async |system| {
        struct Closer;
        #[actor(local)]
        impl Closer {
            #[message]
            async fn end_all(&mut self, ctx: &mut Context<Self>) -> usize {
                let system = ctx.system().clone();
                system.shutdown(SECOND).await.unfinished.len()
            }
        }
        let begun = tokio::time::Instant::now();
        let actor = system.spawn(Closer);
        assert_eq!(actor.end_all().await.unwrap(), 1);
        assert_eq!(actor.closed().await, StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn dead_letters_of_a_system_that_was_shut_down_have_ended() {
    run(async |system| {
        let mut before = system.dead_letters();
        system.shutdown(SECOND).await;
        assert!(before.next().await.is_none());
        let mut after = system.dead_letters();
        assert!(matches!(poll(&mut Box::pin(after.next())), Poll::Ready(None)));
    });
}
