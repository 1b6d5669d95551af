use crate::breaker::poll_once;
use crate::{Failed, gone, ms, paused, takes};
use actors_core::prelude::*;
use actors_core::{Refusal, testing};
use actors_outgoing::Outgoing;
use actors_outgoing::breaker::{Breaker, Settings, State};
use actors_outgoing::error::{CallError, Part};
use actors_outgoing::limit::{Limit, gradient};
use actors_outgoing::outcome::{Again, Judge, Outcome};
use actors_outgoing::retry::Retry;
use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

fn breaker() -> Breaker {
    Breaker::new("bank", Settings::default().in_a_row(2).trials(1).open_for(ms(1000)).slow_after(ms(50)))
        .seed(7)
}

#[test]
fn retry_is_outside_of_the_breaker_so_each_attempt_is_judged_and_an_open_breaker_ends_them() {
    paused(async {
        struct Again3;
        impl Judge<u32, Failed> for Again3 {
            fn outcome(&self, _: &Result<u32, Failed>) -> Outcome {
                Outcome::Failure
            }
            fn again(&self, _: &Failed) -> Again {
                Again::After(ms(1))
            }
        }
        let (breaker, calls) = (breaker(), Cell::new(0));
        let bank =
            Outgoing::new("bank").breaker(breaker.clone()).retry(Retry::new(9).seed(7).within(ms(500)));
        let call = || {
            calls.set(calls.get() + 1);
            gone()
        };
        let error = bank.call_judged(Again3, call).await.unwrap_err();
        assert!(matches!(error, CallError::NotCalled(why) if why.part() == Part::Breaker));
        assert_eq!((calls.get(), breaker.counts().failures, breaker.counts().refused), (2, 2, 1));
    });
}

#[test]
fn a_caller_that_has_time_waits_for_the_breaker_and_is_its_trial() {
    paused(async {
        let breaker = breaker();
        let bank =
            Outgoing::new("bank").breaker(breaker.clone()).retry(Retry::new(1).seed(7)).within(ms(5000));
        for _ in 0..2 {
            bank.call(gone).await.unwrap_err();
        }
        let began = Instant::now();
        assert_eq!(bank.call(|| takes(ms(1))).await.unwrap(), 7);
        assert!(began.elapsed() >= ms(800) && began.elapsed() <= ms(1730), "{:?}", began.elapsed());
        assert_eq!((breaker.state(), breaker.counts().refused), (State::Closed, 1));
    });
}

#[test]
fn the_breaker_is_outside_of_the_limit_so_an_open_one_takes_no_slot_and_a_full_limit_counts_as_no_failure() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7));
        let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
        let slot = limit.try_acquire().unwrap();
        for _ in 0..10 {
            let error = bank.call(|| takes(ms(1))).await.unwrap_err();
            assert!(matches!(error, CallError::NotCalled(why) if why.part() == Part::Limit));
        }
        assert_eq!((breaker.state(), breaker.counts().ignored), (State::Closed, 10));
        drop(slot);
        for _ in 0..2 {
            bank.call(gone).await.unwrap_err();
        }
        let before = limit.reading().admitted;
        assert!(
            matches!(bank.call(gone).await, Err(CallError::NotCalled(why)) if why.part() == Part::Breaker)
        );
        assert_eq!(limit.reading().admitted, before);
    });
}

#[test]
fn the_limit_is_outside_of_the_time_limit_so_a_wait_in_line_is_not_the_targets_time() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7).line(8, ms(10_000)));
        let bank = Outgoing::new("bank").timeout(ms(60)).breaker(breaker.clone()).limit(limit.clone());
        let call = || async { bank.call(|| takes(ms(40))).await };
        let results = tokio::join!(call(), call(), call(), call());
        assert_eq!(results, (Ok(7), Ok(7), Ok(7), Ok(7)), "the last one has waited for 120 ms");
        assert_eq!((breaker.counts().slow, limit.reading().mean_time), (0, Some(ms(40))));
    });
}

#[test]
fn a_call_above_its_time_limit_is_dropped_and_counts_everywhere() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 4).seed(7));
        let bank = Outgoing::new("bank").timeout(ms(60)).breaker(breaker.clone()).limit(limit.clone());
        let began = Instant::now();
        let error = bank.call(|| takes(ms(3000))).await.unwrap_err();
        assert_eq!(began.elapsed(), ms(60));
        assert_eq!((error.reason(), error.retry_after()), (Reason::TimedOut, None));
        assert_eq!(error.to_string(), "no answer from `bank` in 60ms; the call may have been done");
        assert_eq!((breaker.counts().failures, limit.reading().mean_time), (1, Some(ms(60))));
        assert_eq!(limit.reading().in_flight, 0);
    });
}

#[test]
fn a_caller_with_less_time_than_the_time_limit_says_nothing_about_the_target() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 4).seed(7));
        let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
        let hurried = bank.clone().timeout(ms(60)).within(ms(10));
        for _ in 0..5 {
            let error = hurried.call(|| takes(ms(40))).await.unwrap_err();
            assert_eq!(error.reason(), Reason::TimedOut);
        }
        assert_eq!((breaker.state(), breaker.counts().ignored), (State::Closed, 5));
        assert_eq!(limit.reading().mean_time, None);
        // Without a time limit, the deadline is one.
        bank.within(ms(10)).call(|| takes(ms(40))).await.unwrap_err();
        assert_eq!((breaker.counts().failures, limit.reading().mean_time), (1, Some(ms(10))));
    });
}

#[test]
fn a_deadline_as_long_as_the_time_limit_does_not_excuse_the_target() {
    paused(async {
        // What the call had of 100 ms, and whether the target is to blame.
        for (had, is_to_blame) in [(100, true), (91, true), (89, false), (10, false)] {
            for has_timeout in [true, false] {
                let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7).line(1, ms(1000)));
                let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
                let bank = bank.within(ms(100));
                let bank = if has_timeout { bank.timeout(ms(100)) } else { bank };
                let slot = limit.try_acquire().unwrap();
                let free = async {
                    sleep(ms(100 - had)).await;
                    drop(slot);
                };
                let (result, ()) = tokio::join!(bank.call(|| takes(ms(3000))), free);
                assert_eq!(result.unwrap_err().reason(), Reason::TimedOut);
                let expected = if is_to_blame { (1, 0) } else { (0, 1) };
                let counts = breaker.counts();
                assert_eq!((counts.failures, counts.ignored), expected, "{had} ms, {has_timeout}");
            }
        }
    });
}

#[test]
fn a_call_whose_time_is_over_is_not_made() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7).line(1, ms(1000)));
        let calls = Cell::new(0);
        let call = || {
            calls.set(calls.get() + 1);
            takes(ms(1))
        };
        let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
        for retry in [None, Some(Retry::new(3).seed(7))] {
            let bank = retry.into_iter().fold(bank.clone(), Outgoing::retry).within(Duration::ZERO);
            let error = bank.call(call).await.unwrap_err();
            assert_eq!((error.reason(), error.retry_after()), (Reason::Expired, None));
            assert_eq!(error.to_string(), "`bank` not called: its caller has no time left");
            assert!(matches!(error, CallError::NotCalled(why) if why.part() == Part::Deadline));
        }
        assert_eq!((breaker.counts().admitted, limit.reading().admitted), (0, 0));
        // The slot comes at the instant of the deadline.
        let slot = limit.try_acquire().unwrap();
        let hurried = bank.within(ms(100));
        let mut waiting = pin!(hurried.call(call));
        assert!(poll_once(waiting.as_mut()).is_pending());
        advance(ms(100)).await;
        drop(slot);
        assert_eq!(waiting.await.unwrap_err().reason(), Reason::Expired);
        assert_eq!((calls.get(), breaker.counts().ignored, limit.reading().in_flight), (0, 1, 0));
    });
}

#[test]
fn a_breaker_that_opens_while_a_call_waits_in_line_refuses_it() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7).line(8, ms(10_000)));
        let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
        let fails = async || {
            sleep(ms(10)).await;
            gone().await
        };
        let call = || bank.call(fails);
        let results = tokio::join!(call(), call(), call(), call());
        let parts = [results.0, results.1, results.2, results.3].map(|result| match result {
            Err(CallError::NotCalled(why)) => Some(why.part()),
            _ => None,
        });
        assert_eq!(parts, [None, None, Some(Part::Breaker), Some(Part::Breaker)]);
        assert_eq!((breaker.counts().failures, breaker.counts().in_flight), (2, 0));
        assert_eq!((limit.reading().in_flight, limit.reading().waiting), (0, 0));
    });
}

#[test]
fn a_failure_that_takes_long_shrinks_an_adaptive_limit_and_one_at_once_does_not() {
    paused(async {
        for (time, expected) in [(0, 20), (15, 20), (16, 18), (3000, 18)] {
            let limit = Limit::adaptive("bank", gradient::Settings::default().window(ms(10))).seed(7);
            // One at a time, so the limit does not grow.
            for _ in 0..10 {
                limit.call(takes(ms(10))).await.unwrap();
            }
            let slots: Vec<_> = (0..10).map(|_| limit.try_acquire().unwrap()).collect();
            advance(ms(time)).await;
            slots.into_iter().for_each(|slot| slot.finish(Outcome::Failure));
            // Ends the window.
            limit.call(takes(ms(10))).await.unwrap();
            let after = limit.reading();
            assert_eq!((after.limit, after.mean_time), (expected, Some(ms(10))), "{time} ms");
        }
    });
}

#[test]
fn a_time_out_is_tried_again_only_where_the_judge_says_so() {
    struct Reads(Again);
    impl Judge<u32, Failed> for Reads {
        fn outcome(&self, _: &Result<u32, Failed>) -> Outcome {
            Outcome::Success
        }
        fn again_after_timeout(&self) -> Again {
            self.0
        }
    }
    paused(async {
        for (again, expected) in [(Again::No, 1), (Again::Backoff, 3)] {
            let calls = Cell::new(0);
            let bank = Outgoing::new("bank").timeout(ms(10)).retry(Retry::new(2).seed(7));
            let call = || {
                calls.set(calls.get() + 1);
                takes(ms(3000))
            };
            bank.call_judged(Reads(again), call).await.unwrap_err();
            assert_eq!(calls.get(), expected);
        }
    });
}

#[test]
fn the_deadline_covers_the_line_the_attempts_and_the_waits() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7).line(8, ms(10_000));
        let bank = Outgoing::new("bank").timeout(ms(500)).limit(limit.clone()).retry(Retry::new(9).seed(7));
        let bank = bank.within(ms(100));
        // In line.
        let slot = limit.try_acquire().unwrap();
        let began = Instant::now();
        assert_eq!(bank.call(|| takes(ms(1))).await.unwrap_err().reason(), Reason::Full);
        assert_eq!(began.elapsed(), ms(100));
        // In an attempt, of which it says how long it has lasted.
        drop(slot);
        let CallError::TimedOut(error) = bank.call(|| takes(ms(3000))).await.unwrap_err() else {
            panic!("the deadline ends the attempt")
        };
        assert_eq!((error.target(), error.after()), ("bank", ms(100)));
        // In a wait: it is not begun.
        let began = Instant::now();
        let refuses = async || Err::<u32, _>(Failed(Reason::Full, Some(ms(40))));
        bank.call(refuses).await.unwrap_err();
        assert!(began.elapsed() >= ms(80) && began.elapsed() < ms(100), "{:?}", began.elapsed());
    });
}

#[test]
fn a_call_that_is_dropped_gives_everything_back() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 1).seed(7).line(1, ms(10_000)));
        let bank = Outgoing::new("bank").breaker(breaker.clone()).limit(limit.clone());
        {
            let mut made = pin!(bank.call(|| takes(ms(3000))));
            let mut waits = pin!(bank.call(|| takes(ms(3000))));
            assert!(poll_once(made.as_mut()).is_pending() && poll_once(waits.as_mut()).is_pending());
            let reading = limit.reading();
            assert_eq!((reading.in_flight, reading.waiting, breaker.counts().in_flight), (1, 1, 2));
        }
        let reading = limit.reading();
        assert_eq!((reading.in_flight, reading.waiting, breaker.counts().in_flight), (0, 0, 0));
        assert_eq!(breaker.counts().ignored, 2);
    });
}

#[test]
fn what_a_call_holds_is_dropped_before_its_slot_is_free() {
    struct Held(Limit);
    impl Drop for Held {
        fn drop(&mut self) {
            assert_eq!(self.0.reading().in_flight, 1, "the slot is still taken");
        }
    }
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7);
        let bank = Outgoing::new("bank").timeout(ms(10)).limit(limit.clone());
        let call = || {
            let held = Held(limit.clone());
            async move {
                let result = takes(ms(3000)).await;
                drop(held);
                result
            }
        };
        bank.call(call).await.unwrap_err();
        let mut dropped = Box::pin(bank.call(call));
        assert!(poll_once(dropped.as_mut()).is_pending());
        drop(dropped);
        assert_eq!(limit.reading().in_flight, 0);
    });
}

#[test]
fn a_function_that_panics_before_it_has_a_future_is_a_failure_too() {
    paused(async {
        let breaker = breaker();
        let bank = Outgoing::new("bank").breaker(breaker.clone());
        let task = tokio::spawn(async move {
            bank.call(|| {
                assert!(!bank_is_open(), "broken");
                gone()
            })
            .await
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(breaker.counts().failures, 1);
    });
}

fn bank_is_open() -> bool {
    true
}

#[test]
fn parts_that_are_combined_by_hand_have_one_error() {
    paused(async {
        let (breaker, limit) = (breaker(), Limit::fixed("bank", 0).seed(7));
        let nested = breaker.call(limit.call(takes(ms(1)))).await;
        let error = nested.map_err(CallError::flatten).unwrap_err();
        assert!(matches!(&error, CallError::NotCalled(why) if why.part() == Part::Limit));
        assert_eq!((breaker.counts().ignored, breaker.counts().failures), (1, 0));
        let failed: CallError<Failed> =
            CallError::Failed(CallError::Failed(Failed(Reason::Closed, None))).flatten();
        assert_eq!(failed.into_failed(), Some(Failed(Reason::Closed, None)));
    });
}

/// A bank that takes a while.
struct Bank;

#[actor]
impl Bank {
    #[message]
    async fn charge(&mut self, cents: u64) -> u64 {
        sleep(ms(20)).await;
        cents
    }
}

#[test]
fn a_slow_actor_does_not_overload_its_callers() {
    testing::run(async |system| {
        let bank = system.spawn(Bank);
        let outgoing = Outgoing::new("bank")
            .timeout(ms(100))
            .within(ms(300))
            .limit(Limit::fixed("bank", 2).seed(7).line(2, ms(50)))
            .breaker(Breaker::new("bank", Settings::default()).seed(7))
            .retry(Retry::new(2).seed(7));
        let calls = (0..20).map(|_| {
            let (outgoing, bank) = (outgoing.clone(), bank.clone());
            async move { outgoing.call(|| bank.charge(990)).await }
        });
        let calls: tokio::task::JoinSet<_> = calls.collect();
        let results = calls.join_all().await;
        assert!(results.iter().filter(|result| result.is_ok()).count() >= 4);
        assert!(bank.reading().depth_peak <= 2, "two calls at a time");
        advance(Duration::from_secs(1)).await;
    });
}
