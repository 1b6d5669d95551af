//! L6: the meter of a system receives the times of sampled turns.

use actors_core::observe::{Meter, TurnTimes};
use actors_core::prelude::*;
use actors_tests::{HOUR, SECOND, letters, paused, poll, run};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a meter was told: message, queue time, handling time, failure.
type Sample = (&'static str, Duration, Duration, Option<Reason>);

#[derive(Clone, Default)]
struct Samples(Arc<Mutex<Vec<Sample>>>);

impl Meter for Samples {
    fn turn(&self, turn: &TurnTimes<'_>) {
        assert_eq!((turn.actor.as_str(), turn.type_name), ("desk", "Desk"));
        self.0.lock().unwrap().push((turn.message, turn.queued, turn.handled, turn.failed));
    }
}

impl Samples {
    fn desk(&self, every: u32) -> (System, DeskHandle) {
        let system = System::builder("metered").meter(self.clone(), every).build();
        let desk = system.actor(|| Desk).name("desk").spawn().unwrap();
        (system, desk)
    }

    fn taken(&self) -> Vec<Sample> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

struct Desk;

#[actor(capacity = 128)]
impl Desk {
    #[message(overflow = block)]
    async fn serve(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        7
    }

    #[message(overflow = block)]
    fn count(&mut self) -> u32 {
        7
    }

    #[message]
    fn fail(&mut self) {
        panic!("no such desk");
    }
}

#[test]
fn l6_a_meter_receives_how_long_a_turn_was_queued_and_how_long_it_took() {
    run(async |_| {
        let samples = Samples::default();
        let (_system, desk) = samples.desk(1);
        let (first, second, third) = tokio::join!(desk.serve(3 * SECOND), desk.serve(SECOND), desk.count());
        assert_eq!((first.unwrap(), second.unwrap(), third.unwrap()), (7, 7, 7));
        let _ = desk.stop().await;
        let none = Duration::ZERO;
        let expected = [
            ("Serve", none, 3 * SECOND, None),
            ("Serve", 3 * SECOND, SECOND, None),
            ("Count", 4 * SECOND, none, None),
        ];
        assert_eq!(samples.taken(), expected);
    });
}

#[test]
fn l6_one_turn_in_so_many_is_sampled_per_actor() {
    run(async |_| {
        let samples = Samples::default();
        for (every, expected) in [(0, 10), (1, 10), (4, 3), (100, 1)] {
            let (_system, desk) = samples.desk(every);
            for _ in 0..10 {
                desk.count().await.unwrap();
            }
            let _ = desk.stop().await;
            assert_eq!(samples.taken().len(), expected, "{every}");
        }
    });
}

#[test]
fn l6_turns_that_panic_or_are_killed_are_reported_with_the_reason() {
    run(async |_| {
        let samples = Samples::default();
        let (_system, desk) = samples.desk(1);
        desk.fail().ask().await.unwrap_err();
        let cut = tokio::spawn(desk.serve(60 * SECOND).owned());
        tokio::time::sleep(2 * SECOND).await;
        desk.kill();
        cut.await.unwrap().unwrap_err();
        desk.closed().await;
        let (none, taken) = (Duration::ZERO, samples.taken());
        assert_eq!(taken[0], ("Fail", none, none, Some(Reason::Panicked)));
        assert_eq!((taken.len(), taken[1].0, taken[1].3), (2, "Serve", Some(Reason::Closed)));
    });
}

/// Sends to the actor, as if nothing ran, and panics.
struct Hostile(Arc<Mutex<Option<DeskHandle>>>);

impl Meter for Hostile {
    fn turn(&self, turn: &TurnTimes<'_>) {
        let desk = self.0.lock().unwrap().take();
        if let Some(desk) = desk {
            desk.count().tell().try_send().unwrap();
            panic!("{}", turn.message);
        }
    }
}

#[test]
fn l6_a_meter_may_send_to_the_actor_and_its_panics_change_nothing() {
    run(async |_| {
        let held = Arc::new(Mutex::new(None));
        let system = System::builder("metered").meter(Hostile(held.clone()), 1).build();
        let desk: DeskHandle = system.spawn(Desk);
        *held.lock().unwrap() = Some(desk.clone());
        assert_eq!(desk.serve(SECOND).await.unwrap(), 7);
        assert_eq!(desk.count().await.unwrap(), 7);
        let _ = desk.stop().await;
        assert_eq!(desk.ledger().total().handled, 3);
    });
}

#[test]
fn l6_turns_that_senders_run_are_metered_too() {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let samples = Samples::default();
    let meter = samples.clone();
    let sends = threads.spawn(async move {
        let (system, desk) = meter.desk(1);
        for _ in 0..100 {
            desk.count().await.unwrap();
        }
        system.shutdown(SECOND).await.total.handled
    });
    assert_eq!(threads.block_on(sends).unwrap(), 100);
    assert_eq!(samples.taken().len(), 100);
}

/// Also the turn of an `async fn` that its sender began: once, with all of its awaits, however it
/// ends.
#[test]
fn l6_turns_that_senders_begin_are_metered_once() {
    struct Ends;
    #[actor(local)]
    impl Ends {
        #[message]
        async fn end(&mut self, how: u32) {
            match how {
                0 => {}
                1 => tokio::time::sleep(Duration::from_millis(2)).await,
                2 => panic!("no such end"),
                3 => {
                    tokio::task::yield_now().await;
                    panic!("no such end")
                }
                _ => std::future::pending().await,
            }
        }
    }
    /// Queue time, handling time, failure.
    type Times = (Duration, Duration, Option<Reason>);
    #[derive(Clone, Default)]
    struct All(Arc<Mutex<Vec<Times>>>);
    impl Meter for All {
        fn turn(&self, turn: &TurnTimes<'_>) {
            self.0.lock().unwrap().push((turn.queued, turn.handled, turn.failed));
        }
    }
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let all = All::default();
    let meter = all.clone();
    let sends = threads.spawn(async move {
        let system = System::builder("metered").meter(meter, 1).build();
        for how in 0..=4 {
            let ends = system.actor(|| Ends).spawn().unwrap();
            let asked = tokio::spawn(ends.end(how).ask().owned());
            while how == 4 && ends.ledger().total().in_service == 0 {
                tokio::task::yield_now().await;
            }
            if how == 4 {
                ends.kill();
            }
            assert_eq!(asked.await.unwrap().is_ok(), how < 2);
            ends.stop().await;
        }
    });
    threads.block_on(sends).unwrap();
    let all = std::mem::take(&mut *all.0.lock().unwrap());
    let failed: Vec<_> = all.iter().map(|turn| turn.2).collect();
    let panicked = Some(Reason::Panicked);
    assert_eq!(failed, [None, None, panicked, panicked, Some(Reason::Closed)]);
    // The first one is: before it, worker 0 has polled no actor of its runtime.
    assert!(all[1..].iter().all(|turn| turn.0.is_zero()), "the others were not queued: {all:?}");
    assert!(all[1].1 >= Duration::from_millis(2), "its awaits are a part of it: {all:?}");
}

/// L6: a turn that the end of the runtime cuts off is reported, like one that a kill cuts off.
#[test]
fn l6_a_turn_that_the_end_of_the_runtime_cuts_off_is_reported() {
    let (samples, runtime) = (Samples::default(), paused());
    let (system, mut lost) = runtime.block_on(async {
        let (system, desk) = samples.desk(1);
        let lost = system.dead_letters();
        desk.serve(HOUR).tell().await.unwrap();
        tokio::time::sleep(SECOND).await;
        (system, lost)
    });
    drop(runtime);
    let taken = samples.taken();
    assert!(matches!(taken[..], [("Serve", Duration::ZERO, _, Some(Reason::Closed))]), "{taken:?}");
    // Its dead letter has its age since the first poll of its send.
    let letters = letters(&mut lost);
    let told: Vec<_> = letters.iter().map(|letter| (letter.reason, letter.age >= SECOND)).collect();
    assert_eq!(told, [(Reason::Closed, true)], "{letters:?}");
    drop(system);
}

struct Clerk;

#[actor(local)]
impl Clerk {
    /// Works for a second, waits for three, and works for another second.
    #[message]
    async fn serve(&mut self) {
        work(SECOND);
        tokio::time::sleep(3 * SECOND).await;
        work(SECOND);
    }

    #[message]
    fn count(&mut self) {
        work(2 * SECOND);
    }

    #[message]
    async fn wait(&mut self) {
        work(SECOND);
        std::future::pending::<()>().await;
    }
}

/// Lets time pass during a poll, as a handler that computes does.
fn work(time: Duration) {
    let _ = poll(&mut std::pin::pin!(tokio::time::advance(time)));
}

#[test]
fn l6_the_polled_part_of_a_turn_leaves_out_its_awaits() {
    paused().block_on(async {
        let system = System::builder("metered").histograms(1).build();
        let clerk: ClerkHandle = system.spawn(Clerk);
        clerk.serve().ask().await.unwrap();
        clerk.count().ask().await.unwrap();
        clerk.wait().await.unwrap();
        tokio::time::sleep(5 * SECOND).await;
        clerk.kill();
        clerk.closed().await;
        let rows = system.histograms().unwrap().rows();
        let times: Vec<_> =
            rows.iter().map(|row| (row.message, row.handled.sum(), row.polled, row.failed)).collect();
        let expected = [
            ("Count", 2 * SECOND, 2 * SECOND, 0),
            ("Serve", 5 * SECOND, 2 * SECOND, 0),
            ("Wait", 5 * SECOND, SECOND, 1),
        ];
        assert_eq!(times, expected);
    });
}

#[test]
fn l6_histograms_are_shared_by_the_actors_of_a_type_and_show_in_a_snapshot() {
    paused().block_on(async {
        let system = System::builder("metered").histograms(1).build();
        for _ in 0..3 {
            let clerk: ClerkHandle = system.spawn(Clerk);
            let (first, second) = tokio::join!(clerk.count().ask(), clerk.count().ask());
            assert!(first.is_ok() && second.is_ok());
        }
        let rows = system.histograms().unwrap().rows();
        assert_eq!(rows.len(), 1);
        let (row, times) = (&rows[0], &system.snapshot().times[0]);
        assert_eq!((row.type_name, row.message, row.handled.count()), ("Clerk", "Count", 6));
        assert_eq!(row.queued.sum(), 3 * 2 * SECOND, "the second of each pair waited for the first");
        assert_eq!((times.every, times.handled.samples, times.handled.mean), (1, 6, 2 * SECOND));
        assert_eq!(
            (times.handled.p99, times.handled.max, times.queued.p50),
            (2 * SECOND, 2 * SECOND, Duration::ZERO)
        );
        assert!((times.polled_share - 1.0).abs() < 1e-9);
        let clerk: ClerkHandle = system.spawn(Clerk);
        clerk.serve().ask().await.unwrap();
        clerk.count().ask().await.unwrap();
        let later = &system.histograms().unwrap().rows()[0];
        assert_eq!(later.since(row).handled.count(), 1);
        assert!((system.snapshot().times[1].polled_share - 0.4).abs() < 1e-9);
    });
}

/// A meter of the user's keeps its own rate beside the histograms.
#[test]
fn l6_a_meter_and_histograms_sample_at_rates_of_their_own() {
    run(async |_| {
        let samples = Samples::default();
        let system = System::builder("metered").meter(samples.clone(), 2).histograms(5).build();
        let desk: DeskHandle = system.actor(|| Desk).name("desk").spawn().unwrap();
        for _ in 0..10 {
            desk.count().await.unwrap();
        }
        let _ = desk.stop().await;
        assert_eq!(samples.taken().len(), 5);
        assert_eq!(system.histograms().unwrap().rows()[0].handled.count(), 2);
        assert!(System::new("plain").histograms().is_none());
    });
}
