//! Edge cases of lifetimes: upgrades that fail, instances that end, and the report of a shutdown.

use actors_core::prelude::*;
use actors_core::{Restart, testing};
use actors_tests::{HOUR, SECOND, alone, panic_quietly, pending, poll, run, run_other_tasks, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

struct Lamp;

#[actor(local)]
impl Lamp {
    #[message]
    async fn wait(&mut self) {
        tokio::time::sleep(HOUR).await;
    }

    #[message]
    fn work(&mut self) -> u32 {
        7
    }
}

// --- F6 ---

#[test]
fn f6_a_weak_handle_that_is_upgraded_in_vain_changes_nothing() {
    run(async |system| {
        let lamp: LampHandle = system.instance(Lamp).name("lamp").spawn().unwrap();
        lamp.wait().await.unwrap();
        let (weak, closed) = (lamp.downgrade(), lamp.closed());
        drop(lamp);
        // The turn takes an hour, and the actor lives as long.
        for _ in 0..4 {
            assert!(weak.upgrade().is_none());
            assert!(system.find::<LampHandle>("lamp").is_none());
        }
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn f6_an_actor_that_is_found_while_it_is_started_loses_no_handle() {
    alone!("f6_an_actor_that_is_found_while_it_is_started_loses_no_handle", || {
        let rt = threads(1);
        let system = rt.block_on(async { System::new("race") });
        let is_over = Arc::new(AtomicBool::new(false));
        let finders: Vec<_> = (0..2)
            .map(|_| {
                let (system, is_over) = (system.clone(), is_over.clone());
                std::thread::spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        // Drops the handle at once, if there is one.
                        drop(system.find::<LampHandle>("lamp"));
                    }
                })
            })
            .collect();
        for _ in 0..150 {
            // The previous round's actor may still have the name, because a finder held it for a
            // moment.
            let Ok(lamp) = system.instance(Lamp).name("lamp").spawn::<LampHandle>() else { continue };
            drop(lamp.clone());
            lamp.work().tell().try_send().expect("the actor is open: there is a handle");
            let closed = lamp.closed();
            drop(lamp);
            assert_eq!(rt.block_on(async { closed.await }), StopReason::Unreferenced);
        }
        is_over.store(true, Ordering::Relaxed);
        finders.into_iter().for_each(|finder| finder.join().unwrap());
    });
}

// --- O1, F2: what follows when an instance ends ---

/// How an instance of [`Lodger`] ends.
#[derive(Clone)]
struct Manner {
    rests: Duration,
    /// Whether a turn panics instead of stopping its instance.
    panics: bool,
}

struct Lodger(Manner);

#[actor(local, capacity = 4, reserve = 0)]
impl Lodger {
    #[message]
    fn step(&mut self, is_last: bool, ctx: &mut Context<Self>) {
        match (is_last, self.0.panics) {
            (false, _) => {}
            (true, false) => ctx.stop(),
            (true, true) => panic_quietly("a fuse"),
        }
    }

    #[message(shadows, overflow = reject)]
    fn ask(&mut self) -> u32 {
        1
    }

    #[stopped]
    async fn rest(&mut self) {
        tokio::time::sleep(self.0.rests).await;
    }
}

fn lodger(system: &System, restart: Restart, manner: Manner) -> LodgerHandle {
    system.actor(move || Lodger(manner.clone())).restart(restart).spawn().unwrap()
}

#[test]
fn o1_a_sender_that_was_let_in_is_woken_before_its_instance_ends() {
    alone!("o1_a_sender_that_was_let_in_is_woken_before_its_instance_ends", || {
        // With a frozen clock all turns are short, so the actor delays wake-ups of senders to batch
        // them.
        actors_core::__private::freeze_cpu_clock();
        for panics in [false, true] {
            run(async |system| {
                let manner = Manner { rests: 20 * SECOND, panics };
                let lodger = lodger(&system, Restart::permanent(), manner);
                for _ in 0..20 {
                    let held = testing::hold(&lodger);
                    (0..4).for_each(|_| assert!(lodger.step(false).try_send().is_ok()));
                    held.release();
                    testing::quiet(&system).await;
                }
                let held = testing::hold(&lodger);
                for n in 0..4 {
                    lodger.step(n == 1).try_send().unwrap();
                }
                let sent: Vec<_> = (0..2).map(|_| tokio::spawn(lodger.step(false).owned())).collect();
                run_other_tasks().await;
                assert_eq!(lodger.reading().waiting, 2);
                held.release();
                let began = Instant::now();
                for sent in sent {
                    assert_eq!(sent.await.unwrap().unwrap(), Admission::Waited);
                }
                assert_eq!(began.elapsed(), Duration::ZERO, "a sender was not woken at the instance's end");
            });
        }
    });
}

#[test]
fn f2_a_draining_actor_in_its_pause_ends_with_the_last_message_that_is_withdrawn() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(9, 24 * HOUR).backoff(HOUR, HOUR);
        let lodger = lodger(&system, restart, Manner { rests: Duration::ZERO, panics: true });
        let held = testing::hold(&lodger);
        (0..2).for_each(|_| assert!(lodger.step(true).try_send().is_ok()));
        let asked = tokio::spawn(lodger.ask().owned());
        run_other_tasks().await;
        let stop = lodger.stop().within(24 * HOUR);
        held.release();
        // Both failures are over. The pause after the second one is an hour, with the ask still
        // queued.
        run_other_tasks().await;
        assert_eq!((lodger.ledger().total().panicked, lodger.reading().depth), (2, 1));
        asked.abort();
        let began = Instant::now();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}

// --- F8: every end that is followed by another instance ---

/// Counts its instances. The first `fail` of them do not start.
struct Boots {
    begun: Arc<AtomicU32>,
    fail: u32,
}

#[actor(local)]
impl Boots {
    #[started]
    fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        let n = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fail {
            0 => ctx.stop(),
            fail if n <= fail => return Err("no database".into()),
            _ => {}
        }
        Ok(())
    }

    #[message]
    fn nothing(&mut self) {}
}

fn boots(system: &System, restart: Restart, fail: u32) -> (Arc<AtomicU32>, BootsHandle) {
    let begun = Arc::<AtomicU32>::default();
    let count = begun.clone();
    let make = move || Boots { begun: count.clone(), fail };
    (begun, system.actor(make).restart(restart).spawn().unwrap())
}

#[test]
fn f8_an_instance_that_stops_itself_at_its_start_passes_the_window_and_the_backoff() {
    run(async |system| {
        let restart = Restart::permanent().at_most(5, HOUR).backoff(SECOND, SECOND);
        let (begun, boots) = boots(&system, restart, 0);
        let began = Instant::now();
        assert_eq!(boots.closed().await, StopReason::Stopped);
        assert_eq!(begun.load(Ordering::SeqCst), 6, "one more than five");
        assert!((4 * SECOND * 4 / 5..5 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
        let last = system.decisions().pop().unwrap().to_string();
        assert!(last.contains("stopped itself") && last.contains("limit 5"), "{last}");
    });
}

#[test]
fn f2_by_default_an_actor_outlives_a_database_that_is_away_for_some_minutes() {
    run(async |system| {
        // After 1, 2, 4, 8, 16, 32, 60, 60 and 60 seconds.
        let (begun, boots) = boots(&system, Restart::on_failure(), 9);
        let began = Instant::now();
        boots.ready().await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 10);
        assert!((180 * SECOND..300 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    });
}

#[test]
fn f2_by_default_an_actor_that_does_not_start_for_ten_minutes_is_given_up() {
    run(async |system| {
        let (_, boots) = boots(&system, Restart::on_failure(), u32::MAX);
        let began = Instant::now();
        assert!(boots.ready().await.is_err());
        assert_eq!(boots.closed().await, StopReason::StartFailed);
        assert!((600 * SECOND..700 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    });
}

#[test]
fn f8_a_pool_outlives_a_few_bad_requests_among_many() {
    run(async |system| {
        struct Till;
        #[actor(local, capacity = 2048, reserve = 0)]
        impl Till {
            #[message(overflow = block, timeout = "1h")]
            async fn pay(&mut self, is_bad: bool) -> u32 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if is_bad {
                    panic_quietly("a bad request");
                }
                1
            }
        }
        let till: TillHandle = system.actor(|| Till).workers(4..=4).spawn().unwrap();
        let pay = |n: u32| tokio::spawn(till.pay(n.is_multiple_of(150)).owned());
        let paid: Vec<_> = (0..1200).map(pay).collect();
        let mut good = 0;
        for paid in paid {
            good += paid.await.unwrap().unwrap_or(0);
        }
        assert_eq!(good, 1192);
        assert_eq!(till.ledger().total().panicked, 8);
        assert!(!till.is_closed());
    });
}

// --- F2: many children ---

struct Parent;
struct Child;

const CHILDREN: u32 = 5_000;

#[actor(local)]
impl Parent {
    #[message(overflow = reject, timeout = "1h")]
    async fn bear(&mut self, children: u32, ctx: &mut Context<Self>) -> u32 {
        for n in 0..children {
            ctx.spawn::<_, ChildHandle>(Child);
            if n % 1000 == 0 {
                tokio::task::yield_now().await;
            }
        }
        children
    }
}

#[actor(local)]
impl Child {
    #[message]
    fn nothing(&mut self) {}
}

/// The number of polls that another task had while a parent with so many children ended.
async fn turns_of_others(system: &System, children: u32, is_killed: bool) -> u32 {
    let parent: ParentHandle = system.spawn(Parent);
    assert_eq!(parent.bear(children).await.unwrap(), children);
    let mut stop = Box::pin(async {
        match is_killed {
            true => parent.kill(),
            false => drop(parent.stop().within(24 * HOUR)),
        }
        parent.closed().await
    });
    let mut turns = 0;
    while poll(&mut stop).is_pending() {
        turns += 1;
        tokio::task::yield_now().await;
    }
    turns
}

#[test]
fn f2_many_children_end_in_linear_time_and_let_others_run() {
    alone!("f2_many_children_end_in_linear_time_and_let_others_run", || {
        for is_killed in [false, true] {
            run(async |system| {
                let turns = turns_of_others(&system, CHILDREN, is_killed).await;
                assert!(turns >= CHILDREN / 128, "others had {turns} turns");
            });
        }
    });
}

// --- L2: shutdown's report ---

struct Sink;
struct Source(Option<SinkHandle>);

#[actor(local)]
impl Sink {
    #[message]
    fn take(&mut self) {}
}

#[actor(local)]
impl Source {
    #[message]
    fn aim(&mut self, sink: SinkHandle) {
        self.0 = Some(sink);
    }

    #[message]
    async fn pass_on(&mut self) {
        tokio::task::yield_now().await;
        let _ = self.0.as_ref().unwrap().take().await;
    }
}

/// Shuts a system down in which a source has a hundred messages for its sink.
async fn source_and_sink(system: &System, is_sink_older: bool) -> (SourceHandle, SinkHandle) {
    let older = if is_sink_older { Some(system.spawn(Sink)) } else { None };
    let source: SourceHandle = system.spawn(Source(None));
    let sink: SinkHandle = older.unwrap_or_else(|| system.spawn(Sink));
    source.aim(sink.clone()).await.unwrap();
    testing::quiet(system).await;
    for _ in 0..100 {
        source.pass_on().try_send().unwrap();
    }
    (source, sink)
}

#[test]
fn l2_a_shutdown_counts_what_is_refused_by_actors_that_it_has_stopped_already() {
    run(async |system| {
        let (_source, sink) = source_and_sink(&system, false).await;
        let report = system.shutdown(HOUR).await;
        assert_eq!(sink.ledger().total().refused(Reason::Closed), 100);
        assert_eq!((report.drained.len(), report.lost), (2, 100));
        assert!(!report.is_clean(), "{report}");
        assert!(report.to_string().contains("100 lost"), "{report}");
        assert_eq!(report.total.offered, 201, "with what was refused after the sink's end");
        assert!(report.total.is_balanced(), "{:?}", report.total);
    });
}

#[test]
fn l2_a_shutdown_in_which_nothing_is_lost_is_clean() {
    run(async |system| {
        let (_source, sink) = source_and_sink(&system, true).await;
        let report = system.shutdown(HOUR).await;
        assert_eq!(sink.ledger().total().handled, 100);
        assert!(report.is_clean() && report.lost == 0, "{report}");
        assert_eq!(report.total.offered, 201);
        // A refusal after the report is in the actor's own ledger, and in no report. The next
        // report still counts what both actors did before.
        sink.take().try_send().unwrap_err();
        let next = system.shutdown(SECOND).await;
        assert_eq!((next.lost, next.total.offered), (0, 201));
    });
}

#[test]
fn l2_what_was_lost_before_the_call_does_not_make_a_shutdown_unclean() {
    run(async |system| {
        let lodger = lodger(&system, Restart::on_failure(), Manner { rests: Duration::ZERO, panics: true });
        lodger.step(true).await.unwrap();
        testing::quiet(&system).await;
        let ended = system.spawn(Sink);
        assert_eq!(ended.stop().await.reason().unwrap(), StopReason::Stopped);
        ended.take().try_send().unwrap_err();
        assert_eq!(lodger.ledger().total().panicked, 1);
        let report = system.shutdown(SECOND).await;
        assert!(report.to_string().starts_with("1 actor drained;"), "{report}");
        assert!(report.is_clean() && report.total.panicked == 1, "{report}");
    });
}

#[test]
fn l2_of_overlapping_shutdowns_each_reports_what_was_lost_after_it_was_called() {
    run(async |system| {
        let early: LampHandle = system.spawn(Lamp);
        early.wait().await.unwrap();
        let late = system.spawn(Sink);
        run_other_tasks().await;
        let first = pending(Box::pin(system.shutdown(SECOND)));
        run_other_tasks().await;
        late.take().try_send().unwrap_err();
        // A loss between the calls is in the first report, and a loss after both calls is in both.
        let second = pending(Box::pin(system.shutdown(SECOND)));
        late.take().try_send().unwrap_err();
        let (first, second) = (first.await, second.await);
        // The turn that was cut off counts, too.
        assert_eq!((first.lost, second.lost), (3, 2), "{first}\n{second}");
        assert_eq!(system.shutdown(SECOND).await.lost, 0);
    });
}

#[test]
fn f6_a_handle_of_an_ended_actor_keeps_nothing_of_what_its_factory_captured() {
    run(async |system| {
        for workers in [1, 3] {
            let captured = Arc::new(());
            let kept = captured.clone();
            let make = move || {
                let _kept = &kept;
                Sink
            };
            let sink: SinkHandle = system.actor(make).workers(workers..=workers).spawn().unwrap();
            sink.take().await.unwrap();
            assert_eq!(Arc::strong_count(&captured), 2);
            let (weak, closed) = (sink.downgrade(), sink.closed());
            sink.stop().await.reason().unwrap();
            assert_eq!(Arc::strong_count(&captured), 1);
            // The handles that are left still work.
            assert!(sink.is_closed() && sink.ledger().total().handled == 1);
            drop((sink, weak, closed));
        }
    });
}

#[test]
fn f6_an_actor_without_a_handle_whose_turn_does_not_end_is_reported_once() {
    run(async |system| {
        let lamp: LampHandle = system.instance(Lamp).name("lamp").spawn().unwrap();
        let quick: LampHandle = system.spawn(Lamp);
        let (closed, quick_closed) = (lamp.closed(), quick.closed());
        lamp.wait().await.unwrap();
        quick.work().tell().await.unwrap();
        run_other_tasks().await;
        drop((lamp, quick));
        assert_eq!(quick_closed.await, StopReason::Unreferenced);
        tokio::time::sleep(20 * SECOND).await;
        assert!(system.decisions().is_empty());
        let shot = system.snapshot().actors.pop().unwrap();
        assert_eq!((shot.unreferenced, shot.turn), (Some(20 * SECOND), Some(20 * SECOND)));
        tokio::time::sleep(600 * SECOND).await;
        let decisions = system.decisions();
        assert_eq!(decisions.len(), 1, "{decisions:?}");
        assert_eq!(
            decisions[0].to_string(),
            "lamp has had no handle for 30 s, but a turn of 30 s does not end"
        );
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(system.decisions().len(), 1);
    });
}

/// L2: the report of a shutdown comes soon after the limit, however many actors are busy. Idle ones
/// still drain.
#[test]
fn l2_the_report_comes_soon_after_the_limit_however_many_actors_are_busy() {
    run(async |_| {
        let system = System::new("busy");
        let idle: Vec<LampHandle> = (0..50).map(|_| system.spawn(Lamp)).collect();
        let busy: Vec<LampHandle> = (0..2000).map(|_| system.spawn(Lamp)).collect();
        for lamp in &busy {
            lamp.wait().await.unwrap();
        }
        run_other_tasks().await;
        let began = Instant::now();
        let report = system.shutdown(SECOND).await;
        assert!(began.elapsed() <= 2 * SECOND, "{:?}", began.elapsed());
        assert_eq!((report.drained.len(), report.killed.len()), (idle.len(), busy.len()));
        // The text names a few of them.
        assert!(report.to_string().contains(" and 1992 more; 2000 of 2000"), "{report}");
    });
}
