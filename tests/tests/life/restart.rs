//! F1 to F3: an actor from a factory that fails begins anew, with its queue; how often, how soon, and what never counts.

use actors_core::prelude::*;
use actors_core::{DeadLetter, Restart, Row, testing};
use actors_tests::{HOUR, SECOND, others, poll, run};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const MS: Duration = Duration::from_millis(1);

/// What all instances of an actor went through.
#[derive(Default)]
struct Life {
    births: AtomicU32,
    alive: AtomicI32,
    /// So many starts from now on fail: in the factory, in `#[started]` by an error, or by a panic.
    bad_factories: AtomicI32,
    bad_starts: AtomicI32,
    panicking_starts: AtomicI32,
    diary: Mutex<Vec<String>>,
}

impl Life {
    fn write(&self, word: impl Into<String>) {
        self.diary.lock().unwrap().push(word.into());
    }

    fn diary(&self) -> Vec<String> {
        std::mem::take(&mut *self.diary.lock().unwrap())
    }

    fn births(&self) -> u32 {
        self.births.load(Ordering::SeqCst)
    }
}

fn one_less(count: &AtomicI32) -> bool {
    count.fetch_sub(1, Ordering::SeqCst) > 0
}

struct Lamp {
    life: Arc<Life>,
    /// Which instance this is, from 1.
    number: u32,
}

impl Lamp {
    fn new(life: &Arc<Life>) -> Lamp {
        if one_less(&life.bad_factories) {
            give_in("no glass");
        }
        let number = life.births.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(life.alive.fetch_add(1, Ordering::SeqCst), 0, "two instances at a time");
        Lamp { life: life.clone(), number }
    }

    fn write(&self, word: impl std::fmt::Display) {
        self.life.write(format!("{}: {word}", self.number));
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        self.life.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A panic that nobody prints.
fn give_in(why: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(why))
}

#[actor(local, capacity = 64, reserve = 0)]
impl Lamp {
    #[started]
    async fn light(&mut self) -> Result<(), BoxError> {
        if one_less(&self.life.bad_starts) {
            return Err("no oil".into());
        }
        if one_less(&self.life.panicking_starts) {
            give_in("no wick");
        }
        Ok(())
    }

    #[message]
    fn work(&mut self, n: u32) {
        self.write(n);
    }

    #[message(priority = urgent)]
    fn urgent(&mut self, n: u32) {
        self.write(format!("urgent {n}"));
    }

    #[message(overflow = block)]
    fn fail(&mut self) -> u32 {
        give_in("a fuse")
    }

    #[message]
    fn fail_untold(&mut self) {
        give_in("a fuse");
    }

    #[message(overflow = block)]
    async fn fail_later(&mut self, after: Duration) -> u32 {
        tokio::time::sleep(after).await;
        give_in("a late fuse")
    }

    #[message(ttl = "1s")]
    fn mortal(&mut self, n: u32) {
        self.write(format!("mortal {n}"));
    }

    #[message(overflow = block)]
    fn expired_so_far(&mut self, ctx: &mut Context<Self>) -> u64 {
        ctx.handle::<LampHandle>().ledger().total().expired
    }

    #[message(overflow = reject)]
    fn number(&mut self) -> u32 {
        self.number
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.stop();
        self.write("stopped itself");
        self.number
    }

    #[message]
    fn stop_and_fail(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
        give_in("both");
    }

    #[message(overflow = reject, timeout = "1s")]
    async fn rest(&mut self, time: Duration) -> Result<u32, String> {
        tokio::time::sleep(time).await;
        Err("a handler's own error".into())
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn glimpse(&mut self) {}

    #[stopped]
    async fn quench(&mut self, why: StopReason) {
        self.write(format!("{why:?}"));
    }
}

fn lamp_with(system: &System, restart: Restart) -> (Arc<Life>, LampHandle) {
    let life = Arc::<Life>::default();
    let lives = life.clone();
    (life, system.actor(move || Lamp::new(&lives)).restart(restart).spawn().unwrap())
}

/// Begins anew at once, always.
fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

/// Every failure is followed by so long a pause, within a fifth, but for the first.
fn slowly(pause: Duration) -> Restart {
    Restart::on_failure().at_most(1000, 24 * HOUR).backoff(pause, pause)
}

fn total(lamp: &LampHandle) -> Row {
    let ledger = lamp.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    ledger.total()
}

/// Lets it find out that its turns are short, so that it claims several messages at a time.
async fn warm_up(lamp: &LampHandle) {
    for _ in 0..20 {
        let held = testing::hold(lamp);
        for _ in 0..60 {
            lamp.glimpse().await.unwrap();
        }
        held.release();
        while lamp.reading().depth > 0 {
            others().await;
        }
    }
}

// --- F1 --------------------------------------------------------------------------------------------------------------

#[test]
fn f1_another_instance_goes_on_with_the_queue_in_order() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, always());
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        let mut failed = Box::pin(lamp.fail().into_future());
        assert!(poll(&mut failed).is_pending());
        for n in 3..40 {
            lamp.work(n).await.unwrap();
        }
        lamp.urgent(7).await.unwrap();
        held.release();
        testing::quiet(&system).await;
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        let first = ["1: urgent 7".to_owned(), "1: 0".into(), "1: 1".into(), "1: 2".into()];
        let second = (3..40).map(|n| format!("2: {n}"));
        assert_eq!(life.diary(), first.into_iter().chain(second).collect::<Vec<_>>());
        assert_eq!(life.births(), 2);
        let total = total(&lamp);
        assert_eq!((total.offered, total.handled, total.panicked), (1242, 1241, 1), "it is not tried again");
        assert!(!lamp.is_closed());
    });
}

#[test]
fn f1_an_async_handler_s_panic_is_followed_by_another_instance_too() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, always());
        let mut failed = Box::pin(lamp.fail_later(SECOND).into_future());
        assert!(poll(&mut failed).is_pending());
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(lamp.fail_later(Duration::ZERO).await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(lamp.number().await.unwrap(), 3);
        assert_eq!(life.diary(), ["2: 0", "2: 1", "2: 2"]);
        let total = total(&lamp);
        assert_eq!((total.offered, total.handled, total.panicked), (6, 4, 2));
    });
}

#[test]
fn f1_every_panic_has_its_dead_letter() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (_, lamp) = lamp_with(&system, always());
        lamp.fail_untold().await.unwrap();
        lamp.fail_later(SECOND).await.unwrap_err();
        testing::quiet(&system).await;
        for (message, text) in [("FailUntold", "a fuse"), ("FailLater", "a late fuse")] {
            let letter: DeadLetter = letters.next().await.unwrap();
            assert_eq!((letter.message, letter.reason), (message, Reason::Panicked));
            assert!(format!("{letter:?}").contains(text), "{letter:?}");
        }
    });
}

#[test]
fn f1_a_state_that_a_panic_went_through_is_dropped_without_its_stopped() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, always());
        lamp.fail().await.unwrap_err();
        testing::quiet(&system).await;
        assert_eq!(life.diary(), [""; 0]);
        assert_eq!((life.births(), life.alive.load(Ordering::SeqCst)), (2, 1));
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(life.diary(), ["2: Stopped"], "no panic went through this one");
        assert_eq!(life.alive.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn f1_what_has_died_meanwhile_goes_first() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        // Now it waits.
        let mut asked = Box::pin(lamp.expired_so_far().timeout(HOUR).into_future());
        assert!(poll(&mut asked).is_pending());
        for n in 0..5 {
            lamp.mortal(n).await.unwrap();
        }
        assert_eq!(asked.await.unwrap(), 5, "they stood behind it, and were gone before its turn");
        assert_eq!(life.diary(), [""; 0]);
        assert_eq!(total(&lamp).expired, 5);
    });
}

#[test]
fn f1_in_the_pause_the_capacity_holds() {
    run(async |system| {
        let life = Arc::<Life>::default();
        let lives = life.clone();
        let make = move || Lamp::new(&lives);
        let lamp: LampHandle =
            system.actor(make).restart(slowly(10 * SECOND)).capacity(4).reserve(0).spawn().unwrap();
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        for n in 0..4 {
            lamp.work(n).await.unwrap();
        }
        let began = Instant::now();
        assert_eq!(lamp.number().await.unwrap_err().reason(), Reason::Full);
        let mut waits = Box::pin(lamp.work(4).into_future());
        assert!(poll(&mut waits).is_pending());
        others().await;
        let reading = lamp.reading();
        assert_eq!((reading.depth, reading.waiting), (4, 1));
        assert_eq!(began.elapsed(), Duration::ZERO);
        waits.await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(life.diary(), (0..5).map(|n| format!("3: {n}")).collect::<Vec<_>>());
    });
}

#[test]
fn f1_a_claim_of_which_the_first_failed_keeps_its_slots_in_the_pause() {
    run(async |system| {
        let (_, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        lamp.fail_untold().await.unwrap();
        for n in 0..63 {
            lamp.work(n).await.unwrap();
        }
        held.release();
        others().await;
        assert_eq!(lamp.reading().depth, 63, "those that were claimed went back");
        lamp.work(63).try_send().unwrap();
        assert!(lamp.work(64).try_send().is_err());
        testing::quiet(&system).await;
        let works = lamp.ledger().rows().iter().find(|row| row.message == "Work").copied().unwrap();
        assert_eq!((works.handled, works.refused_total()), (64, 1));
    });
}

#[test]
fn f1_an_asker_that_goes_away_in_the_pause_takes_its_message_along() {
    run(async |system| {
        let (_, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        lamp.fail_untold().await.unwrap();
        let mut asked = Box::pin(lamp.number().into_future());
        assert!(poll(&mut asked).is_pending());
        held.release();
        others().await;
        drop(asked);
        let now = total(&lamp);
        assert_eq!((now.cancelled, now.queued), (1, 0));
    });
}

// --- F2: how often, how soon ----------------------------------------------------------------------------------------

#[test]
fn f2_one_failure_too_many_in_the_window_is_the_end() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, 10 * SECOND).backoff(Duration::ZERO, Duration::ZERO);
        let (life, lamp) = lamp_with(&system, restart);
        for wait in [0, 9, 2] {
            tokio::time::sleep(wait * SECOND).await;
            lamp.fail().await.unwrap_err();
            assert_eq!(
                lamp.number().await.unwrap(),
                life.births(),
                "at 0, 9 and 11 seconds never three in ten"
            );
        }
        assert_eq!(life.births(), 4);
        tokio::time::sleep(7 * SECOND).await;
        let held = testing::hold(&lamp);
        let mut failed = Box::pin(lamp.fail().into_future());
        let mut behind = Box::pin(lamp.number().into_future());
        assert!(poll(&mut failed).is_pending() && poll(&mut behind).is_pending());
        held.release();
        assert_eq!(lamp.closed().await, StopReason::Panicked, "9, 11 and 18 are three in ten seconds");
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(behind.await.unwrap_err().reason(), Reason::Closed, "whoever waits is told");
        let total = total(&lamp);
        assert_eq!((total.panicked, total.undelivered), (4, 1));
    });
}

#[test]
fn f2_from_the_second_failure_on_there_is_a_pause_that_doubles() {
    run(async |system| {
        let restart = Restart::on_failure()
            .at_most(100, HOUR)
            .backoff(Duration::from_millis(100), Duration::from_millis(450));
        let (_, lamp) = lamp_with(&system, restart);
        for due in [0.0, 100.0, 200.0, 400.0, 450.0, 450.0] {
            lamp.fail().await.unwrap_err();
            let began = Instant::now();
            lamp.number().await.unwrap();
            let took = began.elapsed().as_secs_f64() * 1000.0;
            // Timers are exact to the millisecond.
            assert!((0.8 * due..=1.2 * due + 1.0).contains(&took), "{took} of {due}");
        }
    });
}

#[test]
fn f2_never_means_never() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, Restart::never());
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.closed().await, StopReason::Panicked);
        assert_eq!(life.births(), 1);
    });
}

#[test]
fn f2_a_kill_in_the_pause_is_at_once() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        others().await;
        let began = Instant::now();
        lamp.kill();
        assert_eq!(lamp.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        let total = total(&lamp);
        assert_eq!((total.panicked, total.undelivered), (2, 1));
        assert_eq!((life.births(), life.diary().len()), (2, 0));
    });
}

#[test]
fn f2_a_stop_in_the_pause_is_at_once() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        others().await;
        let began = Instant::now();
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(life.births(), 2, "there was nothing left that a third one could do");
    });
}

#[test]
fn f2_a_stop_in_the_pause_handles_the_rest_at_once() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        others().await;
        let began = Instant::now();
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(life.diary(), ["3: 0", "3: 1", "3: 2", "3: Stopped"]);
    });
}

#[test]
fn f2_with_the_last_handle_gone_in_the_pause_it_ends() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        let closed = lamp.closed();
        drop(lamp);
        let began = Instant::now();
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(life.diary(), ["3: 1", "3: Unreferenced"]);
    });
}

#[test]
fn f2_a_stop_among_failures_handles_the_rest() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(SECOND));
        let held = testing::hold(&lamp);
        for n in 0..3 {
            lamp.fail_untold().await.unwrap();
            lamp.work(n).await.unwrap();
        }
        let stop = lamp.stop();
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(life.diary(), ["2: 0", "3: 1", "4: 2", "4: Stopped"]);
        let total = total(&lamp);
        assert_eq!((total.offered, total.handled, total.panicked), (6, 3, 3));
    });
}

#[test]
fn f2_a_shutdown_handles_what_those_in_a_pause_still_have() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(life.diary(), ["3: 1", "3: Stopped"]);
    });
}

// --- F2: starts -------------------------------------------------------------------------------------------------------

fn lamp_that_starts_badly(
    system: &System,
    restart: Restart,
    bad: impl FnOnce(&Life),
) -> (Arc<Life>, LampHandle) {
    let life = Arc::<Life>::default();
    bad(&life);
    let lives = life.clone();
    (life, system.actor(move || Lamp::new(&lives)).restart(restart).spawn().unwrap())
}

#[test]
fn f2_a_start_that_fails_is_tried_again() {
    run(async |system| {
        for is_panic in [false, true] {
            let bad = |life: &Life| {
                let count = if is_panic { &life.panicking_starts } else { &life.bad_starts };
                count.store(3, Ordering::SeqCst);
            };
            let (life, lamp) = lamp_that_starts_badly(&system, slowly(10 * SECOND), bad);
            lamp.work(1).await.unwrap();
            let began = Instant::now();
            lamp.ready().await.unwrap();
            let pauses = 2.0 * 10.0;
            assert!((0.8 * pauses..1.2 * pauses + 1.0).contains(&began.elapsed().as_secs_f64()));
            assert_eq!(lamp.number().await.unwrap(), 4);
            let diary = life.diary();
            match is_panic {
                true => assert_eq!(diary, ["4: 1"]),
                false => assert_eq!(diary, ["1: Restarted", "2: Restarted", "3: Restarted", "4: 1"]),
            }
        }
    });
}

#[test]
fn f2_a_factory_that_panics_is_asked_again() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, slowly(SECOND));
        life.bad_factories.store(2, Ordering::SeqCst);
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.number().await.unwrap(), 2);
        assert_eq!(life.diary(), [""; 0]);
        // Its turn counts as one failure, each factory as another.
        lamp.ready().await.unwrap();
    });
}

#[test]
fn f2_whoever_waits_for_the_start_is_told_when_it_is_given_up() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let bad = |life: &Life| life.bad_starts.store(9, Ordering::SeqCst);
        let (life, lamp) = lamp_that_starts_badly(&system, restart, bad);
        let mut ready = lamp.ready().into_future();
        others().await;
        assert!(poll(&mut ready).is_pending(), "it has failed, and is not given up");
        let failed = ready.await.unwrap_err();
        assert!(failed.to_string().contains("no oil"), "{failed}");
        assert_eq!(lamp.closed().await, StopReason::StartFailed);
        assert_eq!(life.births(), 3);
    });
}

#[test]
fn f2_a_factory_that_is_given_up_is_a_failed_start() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let (life, lamp) = lamp_with(&system, restart);
        lamp.ready().await.unwrap();
        life.bad_factories.store(9, Ordering::SeqCst);
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.closed().await, StopReason::StartFailed);
        let failed = lamp.ready().await.unwrap_err();
        assert!(failed.to_string().contains("no glass"), "{failed}");
    });
}

#[test]
fn f2_a_kill_between_two_starts_is_at_once() {
    run(async |system| {
        let bad = |life: &Life| life.bad_starts.store(9, Ordering::SeqCst);
        let (_, lamp) = lamp_that_starts_badly(&system, slowly(HOUR), bad);
        others().await;
        let began = Instant::now();
        lamp.kill();
        assert_eq!(lamp.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(lamp.ready().await.is_err());
    });
}

#[test]
fn f2_starts_that_fail_for_ever_let_others_run() {
    actors_tests::finishes(|| {
        run(async |system| {
            let bad = |life: &Life| life.bad_starts.store(i32::MAX, Ordering::SeqCst);
            let (life, lamp) =
                lamp_that_starts_badly(&system, always().backoff(Duration::ZERO, Duration::ZERO), bad);
            while life.births() < 1000 {
                tokio::task::yield_now().await;
            }
            lamp.kill();
            assert_eq!(lamp.closed().await, StopReason::Killed);
        });
    });
}

// --- F2: permanent ----------------------------------------------------------------------------------------------------

#[test]
fn f2_a_permanent_actor_that_stops_itself_is_replaced() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, Restart::permanent().at_most(1, Duration::ZERO));
        let held = testing::hold(&lamp);
        let mut asked = Box::pin(lamp.stop_yourself().into_future());
        assert!(poll(&mut asked).is_pending());
        for n in 0..40 {
            lamp.work(n).await.unwrap();
        }
        held.release();
        assert_eq!(asked.await.unwrap(), 1);
        testing::quiet(&system).await;
        let rest = (0..40).map(|n| format!("2: {n}"));
        let expected: Vec<_> =
            ["1: stopped itself".to_owned(), "1: Restarted".into()].into_iter().chain(rest).collect();
        assert_eq!(life.diary(), expected);
        for _ in 0..20 {
            lamp.stop_yourself().await.unwrap();
        }
        assert_eq!(lamp.number().await.unwrap(), 22, "as often as its policy allows");
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped, "from outside it can be ended");
        assert_eq!(total(&lamp).handled, 62);
    });
}

#[test]
fn f2_an_actor_that_is_not_permanent_may_stop_itself() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, always());
        lamp.stop_yourself().await.unwrap();
        assert_eq!(lamp.closed().await, StopReason::Stopped);
        assert_eq!(life.births(), 1);
    });
}

#[test]
fn f2_who_stops_itself_and_fails_is_replaced_once() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, Restart::permanent());
        lamp.stop_and_fail().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(lamp.number().await.unwrap(), 2);
        assert_eq!((life.births(), life.diary().len()), (2, 0));
    });
}

#[test]
fn f2_a_permanent_actor_that_stops_itself_while_it_drains_ends() {
    run(async |system| {
        let (life, lamp) = lamp_with(&system, Restart::permanent());
        let held = testing::hold(&lamp);
        let mut asked = Box::pin(lamp.stop_yourself().into_future());
        assert!(poll(&mut asked).is_pending());
        let stop = lamp.stop();
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(life.births(), 1, "nothing was left to do");
        assert_eq!(life.diary(), ["1: stopped itself", "1: Stopped"]);
    });
}

// --- F3 ---------------------------------------------------------------------------------------------------------------

#[test]
fn f3_overload_time_outs_and_a_handler_s_errors_are_no_failures() {
    run(async |system| {
        let life = Arc::<Life>::default();
        let lives = life.clone();
        let make = move || Lamp::new(&lives);
        let none = Restart::on_failure().at_most(0, HOUR);
        let lamp: LampHandle =
            system.actor(make).restart(none).capacity(4).max_waiting(2).reserve(0).spawn().unwrap();
        for _ in 0..50 {
            let mut rests = Box::pin(lamp.rest(2 * SECOND).into_future());
            assert!(poll(&mut rests).is_pending());
            others().await;
            for _ in 0..6 {
                lamp.glimpse().await.unwrap();
            }
            assert_eq!(lamp.number().await.unwrap_err().reason(), Reason::Full);
            for n in 0..4 {
                let _ = lamp.mortal(n).try_send();
            }
            assert_eq!(rests.await.unwrap_err().reason(), Reason::TimedOut);
            testing::quiet(&system).await;
            assert!(lamp.rest(MS).await.unwrap().is_err(), "an answer like any other");
        }
        assert_eq!(life.births(), 1);
        assert_eq!(lamp.number().await.unwrap(), 1);
        let total = total(&lamp);
        assert_eq!((total.panicked, total.dropped, total.refused_total() > 100), (0, 100, true), "{total:?}");
    });
}

#[test]
fn f3_a_message_whose_own_code_panics_is_no_failure_of_the_actor() {
    #[derive(Debug)]
    struct Thorn;
    impl Drop for Thorn {
        fn drop(&mut self) {
            give_in("a thorn");
        }
    }
    struct Vase(Arc<AtomicU32>);
    #[actor(local, capacity = 1, reserve = 0)]
    impl Vase {
        #[message(overflow = drop_oldest)]
        fn put(&mut self, thorn: Thorn) {
            std::mem::forget(thorn);
        }
        #[message]
        fn touch(&mut self) -> u32 {
            self.0.load(Ordering::SeqCst)
        }
    }
    run(async |system| {
        let births = Arc::new(AtomicU32::new(0));
        let counted = births.clone();
        let make = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Vase(counted.clone())
        };
        let vase: VaseHandle = system.actor(make).restart(Restart::never()).spawn().unwrap();
        let held = testing::hold(&vase);
        for _ in 0..5 {
            vase.put(Thorn).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(vase.touch().await.unwrap(), 1);
        assert_eq!(vase.ledger().total().dropped, 4);
    });
}

// --- on threads, with turns that senders run ---------------------------------------------------------------------------

fn on_threads<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(System) -> F + Send + 'static) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let system = {
        let _inside = runtime.enter();
        System::new("restart")
    };
    let task = runtime.spawn(test(system.clone()));
    runtime.block_on(async move {
        if let Err(error) = tokio::time::timeout(Duration::from_secs(120), task).await.expect("it hangs") {
            std::panic::resume_unwind(error.into_panic());
        }
        let report = system.shutdown(Duration::from_secs(300)).await;
        assert!(report.is_clean() && report.total.is_balanced(), "{report}: {:?}", report.total);
    });
}

/// Messages of the big tests: a thousandth of them panics.
const MANY: u64 = if cfg!(debug_assertions) { 60_000 } else { 1_000_000 };

/// What one sender's messages came to, and whether they came in order.
#[derive(Default)]
struct Tally {
    last: Vec<AtomicU64>,
    handled: AtomicU64,
    panicked: AtomicU64,
    is_running: AtomicBool,
    births: AtomicU64,
}

impl Tally {
    fn of(senders: usize) -> Arc<Tally> {
        Arc::new(Tally { last: (0..senders).map(|_| AtomicU64::new(0)).collect(), ..Tally::default() })
    }
}

struct Mill {
    tally: Arc<Tally>,
    /// A panic went through this.
    is_broken: bool,
}

impl Mill {
    fn grind(&mut self, sender: usize, n: u64) -> u64 {
        assert!(
            !std::mem::replace(&mut self.is_broken, true),
            "a state that a panic went through is used again"
        );
        let before = self.tally.last[sender].swap(n, Ordering::Relaxed);
        assert!(before < n, "{n} of {sender} comes after {before}");
        if is_bad(sender, n) {
            self.tally.panicked.fetch_add(1, Ordering::Relaxed);
            give_in("a stone");
        }
        self.tally.handled.fetch_add(1, Ordering::Relaxed);
        self.is_broken = false;
        n
    }

    fn alone(&mut self) -> Alone {
        assert!(!self.tally.is_running.swap(true, Ordering::AcqRel), "two turns at once");
        Alone(self.tally.clone())
    }
}

/// One in a thousand, by chance.
fn is_bad(sender: usize, n: u64) -> bool {
    let mixed = (n ^ (sender as u64) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32 & 0xFFFF < 66
}

/// A turn is running while this exists.
struct Alone(Arc<Tally>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

#[actor(local, capacity = 64)]
impl Mill {
    #[message(shadows)]
    fn tell(&mut self, sender: usize, n: u64) {
        let _alone = self.alone();
        self.grind(sender, n);
    }

    #[message(shadows, overflow = block)]
    fn ask(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        self.grind(sender, n)
    }

    #[message(overflow = block)]
    async fn slow(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        if n.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        self.grind(sender, n)
    }

    #[message(overflow = block, inline = never)]
    fn own(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        self.grind(sender, n)
    }
}

fn mill(system: &System, tally: &Arc<Tally>) -> MillHandle {
    let tally = tally.clone();
    let make = move || {
        tally.births.fetch_add(1, Ordering::Relaxed);
        Mill { tally: tally.clone(), is_broken: false }
    };
    system.actor(make).restart(always()).spawn().unwrap()
}

/// Every sender counts for itself: what it sent, what was answered, what it heard to have panicked.
async fn grinds(mill: MillHandle, sender: usize, many: u64, kind: usize) -> (u64, u64, u64) {
    let (mut sent, mut answered, mut panicked) = (0, 0, 0);
    for n in 1..=many {
        sent += 1;
        // By turns, where `kind` is none of them.
        let kind = if kind < 4 { kind } else { n as usize % 4 };
        let asked = match kind {
            0 => {
                // Whether it came to a panic, a tell does not hear.
                mill.tell(sender, n).await.unwrap();
                continue;
            }
            1 => mill.ask(sender, n).await,
            2 => mill.slow(sender, n).await,
            _ => mill.own(sender, n).await,
        };
        match asked {
            Ok(answer) => {
                assert_eq!(answer, n);
                answered += 1;
            }
            Err(error) => {
                assert_eq!(error.reason(), Reason::Panicked);
                panicked += 1;
            }
        }
    }
    (sent, answered, panicked)
}

async fn grind_all(system: System, senders: usize, kind: usize) {
    let tally = Tally::of(senders);
    let mill = mill(&system, &tally);
    let many = MANY / senders as u64;
    let tasks: Vec<_> =
        (0..senders).map(|sender| tokio::spawn(grinds(mill.clone(), sender, many, kind))).collect();
    let (mut sent, mut answered, mut panicked) = (0, 0, 0);
    for task in tasks {
        let of_one = task.await.unwrap();
        (sent, answered, panicked) = (sent + of_one.0, answered + of_one.1, panicked + of_one.2);
    }
    assert_ne!(mill.stop().await.reason().unwrap(), StopReason::Killed);
    let ledger = mill.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    let total = ledger.total();
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert_eq!((total.offered, sent), (many * senders as u64, many * senders as u64));
    assert_eq!((total.handled, total.panicked), (load(&tally.handled), load(&tally.panicked)));
    assert_eq!(total.handled + total.panicked, sent, "{total:?}");
    assert!(total.panicked > sent / 2000, "{total:?}");
    let asked = |row: Row| (row.handled, row.panicked);
    let told = asked(*ledger.rows().iter().find(|row| row.message == "Tell").unwrap());
    assert_eq!((answered, panicked), (total.handled - told.0, total.panicked - told.1));
    for (sender, last) in tally.last.iter().enumerate() {
        assert_eq!(load(last), many, "the last one of {sender}");
    }
    // The last panic may have been at the very end, after which nobody is needed.
    assert!(load(&tally.births).abs_diff(total.panicked + 1) <= 1, "an instance for each panic");
}

#[test]
fn f1_a_thousandth_of_very_many_tells_panics_and_nothing_else_is_lost() {
    on_threads(|system| grind_all(system, 1, 0));
}

#[test]
fn f1_a_thousandth_of_very_many_donated_turns_panics_and_nothing_else_is_lost() {
    on_threads(|system| grind_all(system, 1, 1));
}

#[test]
fn f1_a_thousandth_of_very_many_async_turns_panics_and_nothing_else_is_lost() {
    on_threads(|system| grind_all(system, 4, 2));
}

#[test]
fn f1_with_several_senders_and_all_kinds_of_turns_nothing_else_is_lost() {
    on_threads(|system| grind_all(system, 4, 4));
}

#[test]
fn f1_on_one_thread_nothing_else_is_lost_either() {
    run(async |system| grind_all(system, 3, 4).await);
}

#[test]
fn f2_a_donated_turn_in_which_a_permanent_actor_stops_itself_is_the_last_of_its_instance() {
    struct Guest {
        inside: Arc<AtomicI32>,
        n: u32,
    }
    impl Drop for Guest {
        fn drop(&mut self) {
            self.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
    #[actor(local)]
    impl Guest {
        #[message(overflow = block)]
        fn leave(&mut self, ctx: &mut Context<Self>) -> (u32, i32) {
            ctx.stop();
            // Whoever may come now, comes: also the task that was just spawned on this thread.
            tokio::task::block_in_place(|| (0..50).for_each(|_| std::thread::yield_now()));
            (self.n, self.inside.load(Ordering::SeqCst))
        }
    }
    on_threads(async |system| {
        for _ in 0..if cfg!(debug_assertions) { 300 } else { 3000 } {
            let (inside, births) = (Arc::new(AtomicI32::new(0)), AtomicU32::new(0));
            let counted = inside.clone();
            let make = move || {
                counted.fetch_add(1, Ordering::SeqCst);
                Guest { inside: counted.clone(), n: births.fetch_add(1, Ordering::SeqCst) }
            };
            // Without a pause: it would pass on the real clock, 300 times.
            let restart = Restart::permanent().backoff(Duration::ZERO, Duration::ZERO);
            let guest: GuestHandle = system.actor(make).restart(restart).spawn().unwrap();
            for n in 0..3 {
                assert_eq!(guest.leave().await.unwrap(), (n, 1), "(instance, how many there are)");
            }
            guest.stop().await;
            assert_eq!(inside.load(Ordering::SeqCst), 0);
        }
    });
}

#[test]
fn f2_an_actor_that_drains_and_waits_before_its_next_instance_ends_when_nothing_living_is_left() {
    run(async |system| {
        for living in [0, 1] {
            let mut letters = system.dead_letters();
            let life = Arc::new(Life::default());
            let make = {
                let life = life.clone();
                move || Lamp::new(&life)
            };
            let restart = Restart::on_failure().backoff(20 * SECOND, 20 * SECOND);
            let lamp: LampHandle = system.actor(make).restart(restart).spawn().unwrap();
            let held = testing::hold(&lamp);
            // The second failure is followed by a pause of 16 seconds at least.
            lamp.fail_untold().await.unwrap();
            lamp.fail_untold().await.unwrap();
            for n in 0..60 {
                lamp.work(n).timeout(SECOND + MS * n).try_send().unwrap();
            }
            for n in 0..living {
                lamp.work(n).try_send().unwrap();
            }
            let accepted = lamp.reading().depth as u64;
            let (stop, began) = (lamp.stop(), Instant::now());
            held.release();
            assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
            let took = began.elapsed();
            assert!(if living == 0 { took < 2 * SECOND } else { took > 15 * SECOND }, "{living} {took:?}");
            let total = lamp.ledger().total();
            assert!(total.is_balanced(), "{total:?}");
            assert_eq!(total.expired, accepted - 2 - u64::from(living));
            let expired =
                std::iter::from_fn(|| letters.try_next()).filter(|letter| letter.reason == Reason::Expired);
            assert_eq!(expired.count() as u64, total.expired);
        }
    });
}
