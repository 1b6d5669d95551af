//! P5 to P7 and F3: the order of actions, their record, and what holds without a supervisor.

use super::*;

#[test]
fn p5_actions_escalate_in_the_declared_order_and_retreat_in_reverse() {
    run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Block, Action::Spawn, Action::Shed]);
        let world = World::new(&system, 1, 4, pressure);
        tokio::join!(world.send(20 * SECOND, 2 * MS, report), world.send(20 * SECOND, 50 * MS, job),);
        sleep(60 * SECOND).await;
        let changes = world.changes();
        let at = |is_meant: fn(&DecisionKind) -> bool| {
            changes.iter().position(is_meant).unwrap_or_else(|| panic!("{}", world.sentences()))
        };
        let began = [
            at(|what| matches!(what, DecisionKind::SoftLimitBegan { .. })),
            at(|what| matches!(what, DecisionKind::WorkersAdded { .. })),
            at(|what| matches!(what, DecisionKind::SheddingBegan)),
        ];
        assert!(began.is_sorted(), "{}", world.sentences());
        let ended = [
            at(|what| matches!(what, DecisionKind::SheddingEnded)),
            at(|what| matches!(what, DecisionKind::SoftLimitEnded)),
        ];
        assert!(ended.is_sorted() && began[2] < ended[0], "{}", world.sentences());
        assert_eq!(world.jobs.reading().workers, 1);
        // At rest, the supervisor does not sample any more.
        sleep(600 * SECOND).await;
        let before = parks();
        sleep(3600 * SECOND).await;
        assert!(parks() - before <= 12, "{}", world.sentences());
    });
}

#[test]
fn p5_every_decision_is_kept_as_a_value_and_a_sentence_and_the_log_is_bounded() {
    run(async |system| {
        let world = World::new(&system, 100, 8, Pressure::new().respond(&[Action::Spawn]));
        world.send(2 * SECOND, Duration::from_micros(1250), job).await;
        let decisions = system.decisions();
        let added = decisions
            .iter()
            .find(|decision| matches!(decision.kind, DecisionKind::WorkersAdded { .. }))
            .unwrap();
        let sentence = added.to_string();
        assert!(sentence.starts_with("jobs at ") && sentence.contains("started"), "{sentence}");
        let panics: PanicsHandle = system
            .actor(|| Panics)
            .name("panics")
            .restart(Restart::on_failure().at_most(1, Duration::ZERO))
            .spawn()
            .unwrap();
        for _ in 0..2000 {
            let _ = panics.now().ask().await;
        }
        let decisions = system.decisions();
        assert_eq!(decisions.len(), 1024);
        assert!(decisions.windows(2).all(|pair| pair[1].serial == pair[0].serial + 1));
        assert_eq!(decisions[1023].to_string(), "panics panicked: restarts at once");
        // The log is bounded; the counts are not.
        let counts: Vec<_> = system.decision_counts().collect();
        assert!(counts.contains(&("restarted", 2000)) && counts.contains(&("gave_up", 0)), "{counts:?}");
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), decisions[1023].serial);
    });
}

struct Panics;

#[actor]
impl Panics {
    #[message]
    fn now(&mut self) {
        panic!("on purpose")
    }
}

#[test]
fn p6_without_its_supervisor_the_declared_policy_holds() {
    run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Shed, Action::Block]);
        let world = World::new(&system, 0, 1, pressure);
        world.send(10 * SECOND, 2 * MS, report).await;
        let shed = world.jobs.ledger().total().refused(Reason::Shed);
        assert!(shed > 0 && world.jobs.reading().level > Level::Calm, "{}", world.sentences());
        testing::kill_supervisor(&system);
        tokio::task::yield_now().await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
        // The mailbox is full, so the declared policy refuses messages; nothing sheds them.
        let depth = world.jobs.reading().depth;
        for _ in 0..300 {
            report(&world.jobs);
        }
        assert_eq!(world.jobs.ledger().total().refused(Reason::Shed), shed);
        assert_eq!(world.jobs.reading().depth, depth.max(224));
        let waiting = tokio::spawn(world.jobs.job().owned());
        sleep(SECOND).await;
        assert_eq!(world.jobs.reading().waiting, 1);
        world.database.close();
        waiting.await.unwrap().unwrap();
        testing::quiet(&system).await;
        let decisions = system.decisions().len();
        world.send(10 * SECOND, 2 * MS, report).await;
        assert_eq!(system.decisions().len(), decisions, "no more decisions");
        assert!(world.jobs.ledger().is_balanced());
    });
}

#[test]
fn p7_a_sender_that_is_shed_is_told_when_the_backlog_will_be_gone() {
    run(async |system| {
        // With a target of a second there usually is a backlog.
        let pressure = Pressure::new().respond(&[Action::Shed]).target(SECOND);
        let world = World::new(&system, 1000, 1, pressure);
        tokio::join!(world.send(20 * SECOND, MS, report), async {
            sleep(19 * SECOND).await;
            // Senders get the times of the supervisor's last sample, which is at most 10 ms old.
            let (mut soonest, mut latest) = (f64::MAX, 0.0f64);
            for _ in 0..=12 {
                let reading = world.jobs.reading();
                let due = match reading.depth {
                    // P9: without a backlog the time is a guess of at most 10 ms.
                    0 => (0.00125, 0.01),
                    depth => (depth as f64 / reading.drain_rate, depth as f64 / reading.drain_rate),
                };
                (soonest, latest) = (soonest.min(due.0), latest.max(due.1));
                sleep(MS).await;
            }
            let waits: Vec<f64> = (0..200)
                .filter_map(|_| world.jobs.report().try_send().err())
                .filter(|error| error.reason() == Reason::Shed)
                .filter_map(|error| Some(error.retry_after()?.as_secs_f64()))
                .collect();
            let least = waits.iter().copied().fold(f64::MAX, f64::min);
            let most = waits.iter().copied().fold(0.0, f64::max);
            assert!(waits.len() > 100, "{} of 200 are shed", waits.len());
            assert!(
                least > 0.79 * soonest && most < 1.21 * latest,
                "{least} to {most}, due {soonest} to {latest}"
            );
            assert!(most > 1.3 * least, "not spread, so that they come back together: {least} to {most}");
        });
    });
}

#[test]
fn f3_a_stalled_actor_is_reported_as_that_and_overload_is_no_failure() {
    run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new().respond(&[Action::Shed]));
        world.send(10 * SECOND, 10 * MS, report).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::Stalled { .. })),
            0,
            "{}",
            world.sentences()
        );
        sleep(40 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::Stalled { .. })),
            1,
            "{}",
            world.sentences()
        );
        assert!(world.jobs.reading().stalled > 40 * SECOND);
        world.database.add_permits(1);
        sleep(SECOND).await;
        assert_eq!(world.count(|what| matches!(what, DecisionKind::Resumed)), 1, "{}", world.sentences());
        assert!(world.jobs.reading().stalled < SECOND);
        let restarts =
            system.decisions().into_iter().filter(|decision| !matches!(decision.cause, Cause::Load { .. }));
        assert_eq!(restarts.count(), 0, "overload is no failure");
        world.database.close();
    });
}
