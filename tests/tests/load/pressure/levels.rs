//! P1: watching mailboxes, and their levels.

use super::*;

#[test]
fn p1_a_reading_sends_nothing_to_the_watched() {
    run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new());
        for _ in 0..10 {
            world.jobs.order().await.unwrap();
        }
        // The actor cannot answer without a database connection, but its reading is complete.
        sleep(2 * SECOND).await;
        let reading = world.jobs.reading();
        assert_eq!((reading.depth, reading.workers, reading.workers_busy, reading.waiting), (9, 1, 1, 0));
        assert_eq!(world.jobs.ledger().total().offered, 10);
        assert!(reading.oldest_age >= 2 * SECOND && reading.stalled >= 1900 * MS, "{reading:?}");
        world.database.add_permits(1);
    });
}

#[test]
fn p1_two_thousand_calm_actors_cost_no_timer() {
    run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Shed, Action::Block]);
        let calm: Vec<JobsHandle> = (0..2_000)
            .map(|_| {
                let (database, done) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicU64::new(0)));
                system.instance(Jobs { database, done }).pressure(pressure).spawn().unwrap()
            })
            .collect();
        for jobs in &calm {
            jobs.report().await.unwrap();
        }
        testing::quiet(&system).await;
        // The supervisor samples a busy actor for a while after it has become calm.
        sleep(60 * SECOND).await;
        let before = parks();
        sleep(3600 * SECOND).await;
        let ticks = parks() - before;
        assert!(ticks <= 12, "woke up {ticks} times in a calm hour");
        // The supervisor samples an actor again when it gets messages.
        let held = testing::hold(&calm[7]);
        for _ in 0..300 {
            let _ = calm[7].report().try_send();
        }
        sleep(SECOND).await;
        assert!(calm[7].reading().level > Level::Calm);
        assert_eq!(calm[8].reading().level, Level::Calm);
        drop(held);
    });
}

#[test]
fn p1_a_level_rises_with_the_fill_and_falls_under_the_low_mark_once_per_dwell() {
    run(async |system| {
        let pressure = Pressure::new().high(0.5).low(0.25).target(3600 * SECOND).dwell(SECOND);
        let world = World::new(&system, 1000, 1, pressure);
        let held = testing::hold(&world.jobs);
        let fill = async |from: usize, to: usize| {
            for _ in from..to {
                world.jobs.job().await.unwrap();
            }
            sleep(3 * SECOND).await;
            world.jobs.reading().level
        };
        assert_eq!(fill(0, 127).await, Level::Calm);
        assert_eq!(fill(127, 128).await, Level::Overloaded, "the second step comes one dwell later");
        held.release();
        testing::quiet(&system).await;
        sleep(3 * SECOND).await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
        let levels: Vec<_> = system.decisions().into_iter().map(|decision| decision.at).collect();
        assert_eq!(levels.len(), 4, "{}", world.sentences());
        for pair in levels.windows(2) {
            assert!(pair[1] - pair[0] >= SECOND, "{}", world.sentences());
        }
    });
}

#[test]
fn p1_a_level_rises_where_even_the_quickest_message_stays_too_long() {
    run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().target(50 * MS));
        // At most a fifth of the slots are used, but each message waits for twenty others.
        for _ in 0..20 {
            order(&world.jobs);
        }
        world.send(2 * SECOND, 10 * MS, order).await;
        assert!(world.jobs.reading().depth < 64);
        assert!(world.jobs.reading().level > Level::Calm, "{}", world.sentences());
        sleep(3 * SECOND).await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
    });
}

#[test]
fn p1_where_nothing_is_declared_nothing_is_done() {
    run(async |system| {
        let (database, done) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicU64::new(0)));
        let jobs: JobsHandle = system.spawn(Jobs { database, done });
        let held = testing::hold(&jobs);
        for _ in 0..1000 {
            report(&jobs);
        }
        sleep(60 * SECOND).await;
        assert!(system.decisions().is_empty());
        assert_eq!(jobs.ledger().total().refused(Reason::Shed), 0);
        let before = parks();
        sleep(3600 * SECOND).await;
        assert!(parks() - before <= 12, "no sample is taken");
        drop(held);
    });
}
