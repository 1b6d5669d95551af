use crate::{Failed, gone, ms, paused, takes};
use actors_core::prelude::*;
use actors_core::{Refusal, testing};
use actors_outgoing::breaker::{Breaker, Settings, State};
use actors_outgoing::error::{CallError, Part};
use actors_outgoing::outcome::Outcome;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep, timeout};

/// Opens with the first failure, for 800 to 1,200 ms; one trial closes it.
fn quick() -> Breaker {
    let settings = Settings::default().in_a_row(1).trials(1).open_for(ms(1000)).open_max(ms(60_000));
    Breaker::new("bank", settings).seed(7)
}

async fn opened() -> Breaker {
    let breaker = quick();
    breaker.call(gone()).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
    breaker
}

/// Lets the open time pass.
async fn half_opened() -> Breaker {
    let breaker = opened().await;
    breaker.changes().until_not_open().await;
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker
}

#[test]
fn an_open_breaker_refuses_at_once_and_says_when_to_retry_which_is_not_before_the_next_trial() {
    paused(async {
        let breaker = opened().await;
        advance(ms(100)).await;
        let began = Instant::now();
        let refused = breaker.call(takes(ms(1))).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(refused.reason(), Reason::Shed);
        let after = refused.retry_after().unwrap();
        breaker.changes().until_not_open().await;
        // A timer is late by a millisecond at most.
        let left = began.elapsed();
        assert!(left >= ms(700) && left <= ms(1101), "{left:?}");
        assert!(after + ms(1) >= left && after <= left * 6 / 5, "{after:?} of {left:?}");
        assert_eq!(breaker.call(takes(ms(1))).await.unwrap(), 7);
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!((breaker.counts().refused, breaker.counts().opened), (1, 1));
    });
}

#[test]
fn the_error_names_the_target_and_the_cause_and_is_an_answer_over_http() {
    paused(async {
        let breaker = opened().await;
        let CallError::NotCalled(error) = breaker.call(gone()).await.unwrap_err() else {
            panic!("it refuses")
        };
        assert_eq!((error.target(), error.part()), ("bank", Part::Breaker));
        let text = error.to_string();
        let (before, after) = text.split_once("retry after ").unwrap();
        assert_eq!(before, "`bank` not called: its circuit breaker is open; ");
        assert!(after.ends_with('s'), "{text}");
        let answer = actors_http::refusal::Refused::of(&error);
        assert_eq!(
            (answer.status(), answer.retry_after()),
            (http::StatusCode::SERVICE_UNAVAILABLE, error.retry_after())
        );
    });
}

#[test]
fn clones_share_the_state() {
    paused(async {
        let breaker = quick();
        let clone = breaker.clone();
        breaker.call(gone()).await.unwrap_err();
        assert_eq!(clone.state(), State::Open);
        assert!(matches!(clone.call(gone()).await, Err(CallError::NotCalled(_))));
    });
}

#[test]
fn a_trial_that_is_dropped_gives_its_place_back() {
    paused(async {
        let breaker = half_opened().await;
        {
            let mut trial = pin!(breaker.call(async { pending::<Result<u32, Failed>>().await }));
            assert!(poll_once(trial.as_mut()).is_pending());
            assert!(breaker.admit().is_err(), "the trial is in flight");
        }
        assert_eq!(breaker.state(), State::HalfOpen);
        assert_eq!(breaker.call(takes(ms(1))).await.unwrap(), 7);
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!((breaker.counts().ignored, breaker.counts().in_flight), (1, 0));
    });
}

#[test]
fn a_call_that_was_never_polled_is_not_admitted() {
    paused(async {
        let breaker = quick();
        drop(breaker.call(gone()));
        assert_eq!(breaker.counts().admitted, 0);
    });
}

#[test]
fn a_call_that_panics_is_a_failure() {
    paused(async {
        let breaker = quick();
        let clone = breaker.clone();
        let task = tokio::spawn(async move {
            clone.call(async { if true { panic!("broken") } else { gone().await } }).await
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(breaker.state(), State::Open);
        assert_eq!((breaker.counts().failures, breaker.counts().in_flight), (1, 0));
    });
}

#[test]
fn a_call_that_is_dropped_because_its_task_panics_for_another_reason_is_ignored() {
    paused(async {
        let breaker = quick();
        let clone = breaker.clone();
        let task = tokio::spawn(async move {
            let mut call = pin!(clone.call(async { pending::<Result<u32, Failed>>().await }));
            assert!(poll_once(call.as_mut()).is_pending());
            panic!("another reason");
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!((breaker.counts().ignored, breaker.state()), (1, State::Closed));
    });
}

#[test]
fn a_judge_that_panics_harms_nothing() {
    paused(async {
        let breaker = quick();
        let clone = breaker.clone();
        let judge = |_: &Result<u32, Failed>| -> Outcome { panic!("no opinion") };
        let task = tokio::spawn(async move { clone.call_judged(judge, gone()).await });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!((breaker.counts().ignored, breaker.counts().in_flight), (1, 0));
    });
}

#[test]
fn a_judge_decides_about_successes_too() {
    paused(async {
        let breaker = quick();
        let judge = |result: &Result<u32, Failed>| match result {
            Ok(status) if *status >= 500 => Outcome::Failure,
            _ => Outcome::Success,
        };
        assert_eq!(breaker.call_judged(judge, async { Ok(503) }).await, Ok(503));
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn a_subscriber_is_told_of_each_state_also_of_the_one_that_comes_by_time() {
    paused(async {
        let breaker = quick();
        let mut changes = breaker.changes();
        assert!(timeout(ms(5000), changes.changed()).await.is_err(), "nothing has changed");
        let opener = breaker.clone();
        let (state, _) = tokio::join!(changes.changed(), opener.call(gone()));
        assert_eq!(state, State::Open);
        let began = Instant::now();
        assert_eq!(changes.changed().await, State::HalfOpen);
        let waited = began.elapsed();
        assert!(waited >= ms(800) && waited <= ms(1201), "{waited:?}");
        breaker.call(takes(ms(1))).await.unwrap();
        assert_eq!(changes.changed().await, State::Closed);
        // A subscription begins with the state that it finds.
        assert!(timeout(ms(5000), breaker.changes().changed()).await.is_err());
    });
}

#[test]
fn a_source_that_waits_for_admission_loses_no_item_and_is_never_refused() {
    paused(async {
        let breaker = opened().await;
        let (items, paid) = (AtomicUsize::new(20), AtomicUsize::new(0));
        let source = async || {
            loop {
                let pass = breaker.admitted().await;
                if items.load(Ordering::Relaxed) == 0 {
                    return;
                }
                items.fetch_sub(1, Ordering::Relaxed);
                takes(ms(5)).await.unwrap();
                paid.fetch_add(1, Ordering::Relaxed);
                pass.finish(Outcome::Success);
            }
        };
        sleep(ms(700)).await;
        assert_eq!(breaker.state(), State::Open);
        tokio::join!(source(), source(), source());
        assert_eq!((paid.load(Ordering::Relaxed), breaker.counts().refused), (20, 0));
        assert_eq!(breaker.counts().in_flight, 0);
    });
}

#[test]
fn a_caller_that_waits_for_admission_gets_the_place_that_a_trial_gives_back() {
    paused(async {
        let breaker = half_opened().await;
        let trial = breaker.admit().unwrap();
        let waiting = pin!(breaker.admitted());
        let give_back = async {
            sleep(ms(50)).await;
            drop(trial);
        };
        let began = Instant::now();
        let (pass, ()) = tokio::join!(waiting, give_back);
        assert_eq!(began.elapsed(), ms(50));
        pass.finish(Outcome::Success);
        assert_eq!(breaker.state(), State::Closed);
    });
}

#[test]
fn a_caller_that_waits_for_admission_outlasts_a_trial_that_hangs() {
    paused(async {
        let settings = Settings::default().in_a_row(1).trials(1).open_for(ms(1000)).trial_max(ms(3000));
        let breaker = Breaker::new("bank", settings).seed(7);
        breaker.call(gone()).await.unwrap_err();
        let _hangs = breaker.admitted().await;
        let began = Instant::now();
        drop(breaker.admitted().await);
        // Three seconds, and an open time that has doubled.
        assert!(began.elapsed() >= ms(4600) && began.elapsed() <= ms(5402), "{:?}", began.elapsed());
    });
}

#[test]
fn a_wait_for_admission_that_is_dropped_holds_nothing() {
    paused(async {
        let breaker = opened().await;
        assert!(timeout(ms(10), breaker.admitted()).await.is_err());
        assert_eq!((breaker.counts().refused, breaker.counts().in_flight), (0, 0));
        breaker.changes().until_not_open().await;
        let trial = breaker.admitted().await;
        assert!(timeout(ms(10), breaker.admitted()).await.is_err());
        drop(trial);
        assert!(breaker.admit().is_ok());
    });
}

/// An actor that takes an item from its source only while its bank can be called.
struct Payer {
    breaker: Breaker,
    paid: Arc<AtomicUsize>,
}

#[actor]
impl Payer {
    #[message]
    async fn pay(&mut self) {
        let pass = self.breaker.admitted().await;
        let paid = takes(ms(1)).await;
        self.paid.fetch_add(usize::from(paid.is_ok()), Ordering::Relaxed);
        pass.finish(Outcome::Success);
    }
}

#[test]
fn an_actor_pauses_while_the_breaker_is_open_and_continues_by_itself() {
    testing::run(async |system| {
        let (breaker, paid) = (opened().await, Arc::new(AtomicUsize::new(0)));
        let payer = system.spawn(Payer { breaker: breaker.clone(), paid: paid.clone() });
        for _ in 0..5 {
            payer.pay().await.unwrap();
        }
        sleep(ms(700)).await;
        assert_eq!((paid.load(Ordering::Relaxed), breaker.counts().refused), (0, 0));
        testing::quiet(&system).await;
        assert_eq!((paid.load(Ordering::Relaxed), breaker.counts().refused), (5, 0));
    });
}

#[test]
fn a_handle_whose_actor_has_ended_opens_it() {
    testing::run(async |system| {
        let breaker = quick();
        let payer = system.spawn(Payer { breaker: breaker.clone(), paid: Arc::default() });
        breaker.call(payer.pay().ask()).await.unwrap();
        payer.kill();
        let error = breaker.call(payer.pay().ask()).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Closed);
        let error = breaker.call(payer.pay().ask()).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Shed);
    });
}

/// A waker that panics, and uses the breaker that wakes it.
struct Hostile(Breaker);

impl Wake for Hostile {
    fn wake(self: Arc<Self>) {
        assert_eq!(self.0.state(), State::Open, "it may use the breaker");
        panic!("a waker that panics");
    }
}

#[test]
fn wakers_of_subscribers_may_use_the_breaker_and_may_panic() {
    paused(async {
        let breaker = quick();
        let mut changes = breaker.changes();
        let waker = Waker::from(Arc::new(Hostile(breaker.clone())));
        let mut changed = pin!(changes.changed());
        assert!(changed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        breaker.call(gone()).await.unwrap_err();
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(changed.await, State::Open);
        // Also where the guard is dropped by a panic: a second one would end the process.
        let breaker = quick();
        let mut changes = breaker.changes();
        let waker = Waker::from(Arc::new(Hostile(breaker.clone())));
        let mut changed = pin!(changes.changed());
        assert!(changed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut call = Box::pin(breaker.call(async { if true { panic!("broken") } else { gone().await } }));
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut()).is_ready()));
        assert!(polled.is_err());
        assert_eq!(breaker.state(), State::Open);
    });
}

/// A waker that counts.
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_waker_that_panics_costs_no_other_waiter_its_wake_up() {
    paused(async {
        let breaker = quick();
        let counting = Arc::new(Counting(AtomicUsize::new(0)));
        let (hostile, well) =
            (Waker::from(Arc::new(Hostile(breaker.clone()))), Waker::from(counting.clone()));
        let mut subscribers: Vec<_> = (0..40).map(|_| breaker.changes()).collect();
        let mut waiting: Vec<_> = subscribers.iter_mut().map(|changes| Box::pin(changes.changed())).collect();
        for (n, waiting) in waiting.iter_mut().enumerate() {
            let waker = if n % 2 == 0 { &hostile } else { &well };
            assert!(waiting.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        breaker.call(gone()).await.unwrap_err();
        assert_eq!(counting.0.load(Ordering::Relaxed), 20);
    });
}

/// Polls a future once, without a waker.
pub(crate) fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
