use crate::breaker::poll_once;
use crate::{Failed, gone, ms, paused, takes};
use actors_core::prelude::*;
use actors_core::{Refusal, testing};
use actors_outgoing::Outgoing;
use actors_outgoing::breaker::{Breaker, Settings, State};
use actors_outgoing::error::{CallError, Part};
use actors_outgoing::limit::Limit;
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
        assert!(began.elapsed() >= ms(800) && began.elapsed() <= ms(1500), "{:?}", began.elapsed());
        assert_eq!((breaker.state(), breaker.counts().refused), (State::Closed, 1));
    });
}

#[test]
fn the_breaker_is_outside_of_the_limit_so_an_open_one_takes_no_slot_and_a_full_limit_is_no_failure() {
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
