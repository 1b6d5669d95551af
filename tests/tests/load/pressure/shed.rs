//! P3: `shed` refuses the lowest priorities before the mailbox.

use super::*;

#[test]
fn p3_the_lowest_priority_is_refused_before_the_mailbox_and_the_message_comes_back() {
    run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().respond(&[Action::Shed]));
        // Ten times the load that it can handle, nine tenths of it of low priority.
        let sending = async {
            tokio::join!(
                world.send(10 * SECOND, MS, report),
                world.send(10 * SECOND, 12 * MS, order),
                world.send(10 * SECOND, 100 * MS, job)
            );
        };
        let watching = async {
            sleep(5 * SECOND).await;
            let refused = (0..1000).filter_map(|_| world.jobs.report().try_send().err());
            let errors: Vec<_> = refused.collect();
            let is_shed = |error: &&SendError<_>| error.reason() == Reason::Shed;
            let shed: Vec<_> = errors.iter().filter(is_shed).collect();
            assert!(shed.len() > 800, "{} of 1000", shed.len());
            assert!(shed.iter().all(|error| error.retry_after().is_some_and(|wait| !wait.is_zero())));
            // About one message in twenty of the lane still passes, possibly the first ask.
            let mut refused = None;
            for _ in 0..20 {
                refused = refused.or(world.jobs.report().ask().await.err());
            }
            assert_eq!(refused.map(|error| error.reason()), Some(Reason::Shed));
            // A type that waits is never shed.
            assert_eq!(world.jobs.ledger().of::<jobs_messages::Job>().refused(Reason::Shed), 0);
        };
        tokio::join!(sending, watching);
        let reports = world.jobs.ledger().of::<jobs_messages::Report>();
        assert!(reports.refused(Reason::Shed) > 5000 && reports.is_balanced(), "{reports:?}");
        sleep(30 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SheddingEnded)),
            1,
            "{}",
            world.sentences()
        );
        world.jobs.report().try_send().unwrap();
    });
}

#[test]
fn p3_at_ten_times_the_load_nearly_all_of_the_high_priority_is_handled() {
    run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().respond(&[Action::Shed]));
        // 100 a second are handled; 90 of high priority are offered, and 910 of low.
        let sent = |jobs: &JobsHandle| order(jobs);
        tokio::join!(
            world.send(60 * SECOND, Duration::from_micros(11_111), sent),
            world.send(60 * SECOND, Duration::from_micros(1_099), report)
        );
        sleep(10 * SECOND).await;
        let orders = world.jobs.ledger().of::<jobs_messages::Order>();
        let goodput = orders.handled as f64 / orders.offered as f64;
        assert!(goodput >= 0.98, "{goodput} {}", world.sentences());
        // Strict priorities and the reserve alone would also protect orders; but shedding keeps
        // most reports away from the mailbox.
        let reports = world.jobs.ledger().of::<jobs_messages::Report>();
        assert!(reports.refused(Reason::Shed) > 4 * reports.refused(Reason::Full), "{reports:?}");
        let changes: Vec<_> = system
            .decisions()
            .into_iter()
            .filter(|decision| matches!(decision.kind, DecisionKind::LevelChanged { .. }))
            .map(|decision| decision.at)
            .collect();
        assert!(changes.windows(2).all(|pair| pair[1] - pair[0] >= 500 * MS), "{}", world.sentences());
    });
}

#[test]
fn p3_a_message_with_a_permit_is_not_shed() {
    run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new().respond(&[Action::Shed]));
        let permit = world.jobs.reserve::<jobs_messages::Report>().await.unwrap();
        world.send(5 * SECOND, MS, report).await;
        assert!(world.jobs.ledger().total().refused(Reason::Shed) > 0, "{}", world.sentences());
        permit.send(jobs_messages::Report {}).unwrap();
        world.database.add_permits(1);
        world.database.close();
    });
}
