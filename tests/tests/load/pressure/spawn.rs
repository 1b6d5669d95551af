//! P4: `spawn` adds workers.

use super::*;

#[test]
fn p4_a_pool_grows_with_demand_and_shrinks_without_traffic() {
    run(async |system| {
        let world = World::new(&system, 100, 8, Pressure::new().respond(&[Action::Spawn]));
        // From one moment to the next, work for eight workers.
        let measuring = async {
            sleep(SECOND).await;
            world.handled(SECOND).await
        };
        let ((), rate) = tokio::join!(world.send(4 * SECOND, Duration::from_micros(1250), job), measuring);
        assert!(rate >= 720, "{rate} of 800 a second\n{}", world.sentences());
        let sizes = world.changes().into_iter().filter_map(|kind| match kind {
            DecisionKind::WorkersAdded { to, .. } | DecisionKind::WorkersTakenBack { to, .. } => Some(to),
            _ => None,
        });
        assert!(sizes.clone().is_sorted() || sizes.count() <= 4, "{}", world.sentences());
        sleep(6 * SECOND).await;
        assert_eq!((world.jobs.reading().workers, world.jobs.reading().level), (1, Level::Calm));
        let total = world.jobs.ledger().total();
        assert_eq!(total.handled, total.offered);
    });
}

#[test]
fn p4_more_workers_do_not_help_a_slow_database_and_the_next_action_does() {
    run(async |system| {
        let world = World::new(&system, 2, 16, Pressure::new().respond(&[Action::Spawn, Action::Shed]));
        tokio::join!(
            world.send(20 * SECOND, 2 * MS, report),
            world.send(20 * SECOND, 20 * MS, order),
            async {
                sleep(15 * SECOND).await;
                let workers = world.jobs.reading().workers;
                assert!(
                    (2..=8).contains(&workers),
                    "{workers} workers for two connections\n{}",
                    world.sentences()
                );
            }
        );
        let what: Vec<_> = world.changes();
        let taken_back = what.iter().position(|what| matches!(what, DecisionKind::WorkersTakenBack { .. }));
        let shedding = what.iter().position(|what| matches!(what, DecisionKind::SheddingBegan));
        assert!(taken_back.is_some() && taken_back < shedding, "{}", world.sentences());
        let orders = world.jobs.ledger().of::<jobs_messages::Order>();
        assert!(orders.handled as f64 >= 0.9 * orders.offered as f64, "{orders:?}\n{}", world.sentences());
    });
}
