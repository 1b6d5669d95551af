//! B3: everything else that could grow has a limit.

use super::*;

#[test]
fn b3_one_waiter_too_many_is_refused_full() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(3);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.normal());
        let mut line = [desk.normal(), desk.normal(), desk.normal()];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        let refused = desk.normal().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        // All types share one line.
        assert_eq!(desk.low().await.unwrap_err().reason(), Reason::Full);
        assert_eq!(desk.reading().waiting, 3);
        assert_eq!(desk.ledger().of::<desk_messages::Normal>().refused(Reason::Full), 2);
        held.release();
        for send in line {
            assert_eq!(send.await.unwrap(), Admission::Waited);
        }
    });
}

#[test]
fn b3_a_waiter_that_leaves_makes_place_for_another() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(1);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.normal());
        for _ in 0..100 {
            let _waiter = pending(desk.normal());
            assert_eq!(desk.reading().waiting, 1);
        }
        assert_eq!(desk.reading().waiting, 0);
        held.release();
        assert_eq!(desk.ledger().of::<desk_messages::Normal>().cancelled, 100);
    });
}

#[test]
fn b3_without_places_in_line_a_blocking_type_is_refused_at_once() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(0);
        let desk: DeskHandle = builder.spawn().unwrap();
        let _held = testing::hold(&desk);
        fill(|| desk.normal());
        assert_eq!(desk.normal().await.unwrap_err().reason(), Reason::Full);
    });
}

#[test]
fn b3_timers_are_bounded() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        assert_eq!(desk.arm().await.unwrap(), (1024, Some(Reason::TooManyJobs)));
        assert_eq!(desk.lay().await.unwrap(), (0, Some(Reason::TooManyJobs)));
    });
}

#[test]
fn b3_pipes_are_bounded() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        assert_eq!(desk.lay().await.unwrap(), (1024, Some(Reason::TooManyJobs)));
        assert_eq!(desk.arm().await.unwrap(), (0, Some(Reason::TooManyJobs)));
    });
}

#[test]
fn b3_dead_letters_are_bounded_and_a_subscriber_is_told_what_it_missed() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let mut lost = system.dead_letters();
        let _held = testing::hold(&desk);
        for _ in 0..12 + 5000 {
            desk.trifle().await.unwrap();
        }
        let letters = letters(&mut lost);
        assert!(letters.len() <= 1024, "{}", letters.len());
        let missed: u64 = letters.iter().map(|letter| letter.missed).sum();
        assert_eq!(letters.len() as u64 + missed, 5000);
        assert_eq!(lost.missed(), missed);
    });
}

#[test]
fn b3_subscribers_are_bounded_and_one_too_many_gets_an_ended_stream() {
    run(async |system| {
        let listeners: Vec<_> = (0..64).map(|_| system.dead_letters()).collect();
        assert!(system.dead_letters().next().await.is_none());
        drop(listeners);
        let mut again = system.dead_letters();
        let _next = pending(Box::pin(StreamExt::next(&mut again)));
    });
}

#[test]
fn b3_a_mailbox_watched_again_and_again_has_one_watching_task() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        desk.normal().await.unwrap();
        testing::quiet(&system).await;
        let before = tasks();
        for _ in 0..100 {
            drop(desk.watch());
        }
        let _kept = desk.watch();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(tasks() <= before + 1, "{} tasks watch one mailbox", tasks() - before);
    });
}
