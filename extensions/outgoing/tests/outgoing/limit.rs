use crate::breaker::poll_once;
use crate::{Failed, gone, ms, paused, takes};
use actors_core::policy::Rng;
use actors_core::{Reason, Refusal};
use actors_outgoing::error::{CallError, Part};
use actors_outgoing::limit::{Limit, Reading, gradient};
use actors_outgoing::outcome::Outcome;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

#[test]
fn one_call_more_than_the_limit_is_refused_at_once_and_is_not_made() {
    paused(async {
        let limit = Limit::fixed("bank", 2).seed(7);
        let slots = [limit.try_acquire().unwrap(), limit.clone().acquire().await.unwrap()];
        let error = limit.call(async { panic!("it is not made") as Result<u32, Failed> }).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Full);
        let CallError::NotCalled(error) = error else { panic!("the limit refuses") };
        assert_eq!((error.target(), error.part()), ("bank", Part::Limit));
        assert!(
            error.to_string().starts_with("`bank` not called: too many calls are in flight; retry after ")
        );
        let Reading { in_flight, refused, admitted, .. } = limit.reading();
        assert_eq!((in_flight, refused, admitted), (2, 1, 2));
        drop(slots);
        assert_eq!(limit.call(takes(ms(1))).await.unwrap(), 7);
        assert_eq!(limit.reading().in_flight, 0);
    });
}

#[test]
fn a_limit_of_zero_refuses_everything_and_a_huge_one_nothing() {
    paused(async {
        let none = Limit::fixed("bank", 0).seed(7).line(1, ms(10));
        assert!(none.call(gone()).await.unwrap_err().into_failed().is_none());
        assert!(Limit::fixed("bank", usize::MAX).try_acquire().is_ok());
    });
}

#[test]
fn every_end_of_a_call_frees_its_slot() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7);
        limit.call(gone()).await.unwrap_err();
        {
            let mut call = pin!(limit.call(async { pending::<Result<u32, Failed>>().await }));
            assert!(poll_once(call.as_mut()).is_pending());
            assert_eq!(limit.reading().in_flight, 1);
        }
        let clone = limit.clone();
        let call =
            async move { clone.call(async { if true { panic!("broken") } else { gone().await } }).await };
        assert!(tokio::spawn(call).await.unwrap_err().is_panic());
        assert_eq!(limit.reading().in_flight, 0);
        assert_eq!(limit.call(takes(ms(1))).await.unwrap(), 7);
    });
}

#[test]
fn the_line_is_served_in_order_and_has_a_bound_for_its_length_and_one_for_the_wait() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7).line(2, ms(100));
        let slot = limit.try_acquire().unwrap();
        let (mut first, mut second) = (pin!(limit.acquire()), pin!(limit.acquire()));
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
        assert_eq!(limit.reading().waiting, 2);
        assert!(limit.acquire().await.is_err(), "the line is full");
        slot.finish(Outcome::Success);
        assert!(limit.try_acquire().is_err(), "the slot is the first waiter's");
        assert!(poll_once(second.as_mut()).is_pending());
        let first = first.await.unwrap();
        let began = Instant::now();
        assert_eq!(second.await.unwrap_err().reason(), Reason::Full);
        assert_eq!(began.elapsed(), ms(100));
        assert_eq!(limit.reading().waiting, 0);
        drop(first);
        assert!(limit.try_acquire().is_ok());
    });
}

#[test]
fn a_caller_that_goes_away_leaves_the_line() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7).line(1, ms(100));
        let slot = limit.try_acquire().unwrap();
        for _ in 0..3 {
            let mut waiting = pin!(limit.acquire());
            assert!(poll_once(waiting.as_mut()).is_pending());
            assert_eq!(limit.reading().waiting, 1);
        }
        drop(slot);
        assert_eq!(limit.reading().waiting, 0);
        assert!(limit.try_acquire().is_ok());
    });
}

#[test]
fn a_refused_caller_is_told_when_the_calls_ahead_have_ended() {
    paused(async {
        let limit = Limit::fixed("bank", 4).seed(7);
        let refusals = |limit: &Limit| {
            (0..200).map(|_| limit.try_acquire().unwrap_err().retry_after().unwrap()).collect::<Vec<_>>()
        };
        let slots: Vec<_> = (0..4).map(|_| limit.try_acquire().unwrap()).collect();
        // Nothing has been measured: 10 ms, doubled up to a second, spread by a fifth.
        let guesses = refusals(&limit);
        assert!(guesses[0] >= ms(8) && guesses[0] <= ms(12), "{:?}", guesses[0]);
        assert!(guesses[50..].iter().all(|guess| *guess >= ms(800) && *guess <= ms(1200)));
        advance(ms(500)).await;
        slots.into_iter().for_each(|slot| slot.finish(Outcome::Success));
        assert_eq!(limit.reading().mean_time, Some(ms(500)));
        let _slots: Vec<_> = (0..4).map(|_| limit.try_acquire().unwrap()).collect();
        // Four calls of 500 ms, four at a time.
        let known = refusals(&limit);
        assert!(known.iter().all(|time| *time >= ms(400) && *time <= ms(600)));
        assert!(known.iter().any(|time| *time < ms(420)) && known.iter().any(|time| *time > ms(580)));
    });
}

#[test]
fn a_call_that_fails_or_is_ignored_does_not_count_as_a_fast_one() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7);
        limit.call(takes(ms(200))).await.unwrap();
        for outcome in [Outcome::Failure, Outcome::Ignored, Outcome::Refused] {
            limit.try_acquire().unwrap().finish(outcome);
        }
        drop(limit.try_acquire().unwrap());
        assert_eq!(limit.reading().mean_time, Some(ms(200)));
    });
}

/// Makes calls without a pause, through a target whose calls take `service` while at most `workers`
/// are in flight, and in proportion longer above that.
fn load(limit: &Limit, callers: usize, workers: usize, service: Duration) -> JoinSet<()> {
    let in_flight = Arc::new(AtomicUsize::new(0));
    (0..callers)
        .map(|_| {
            let (limit, in_flight) = (limit.clone(), in_flight.clone());
            async move {
                loop {
                    let call = async {
                        let now = in_flight.fetch_add(1, Ordering::Relaxed) + 1;
                        let time = service * now.max(workers) as u32 / workers as u32;
                        let result = takes(time).await;
                        in_flight.fetch_sub(1, Ordering::Relaxed);
                        result
                    };
                    if let Err(refused) = limit.call(call).await {
                        sleep(refused.retry_after().unwrap()).await;
                    }
                }
            }
        })
        .collect()
}

#[test]
fn an_adaptive_limit_follows_the_times_of_real_calls_and_is_never_exceeded() {
    paused(async {
        let settings = gradient::Settings::default().initial(4).max(100).window(ms(100));
        let limit = Limit::adaptive("bank", settings).seed(7).line(100, ms(1000));
        let mut load = load(&limit, 120, 20, ms(20));
        let mut seen = Vec::new();
        for _ in 0..300 {
            sleep(ms(100)).await;
            let reading = limit.reading();
            // A limit that has just shrunk waits for the calls in flight.
            assert!(reading.in_flight <= seen.last().map_or(4, |last: &usize| *last).max(reading.limit));
            seen.push(reading.in_flight.max(reading.limit));
        }
        let limit_now = limit.reading().limit;
        assert!((20..60).contains(&limit_now), "{limit_now}: 1.5 times 20 workers, and 4");
        load.shutdown().await;
        assert_eq!((limit.reading().in_flight, limit.reading().waiting), (0, 0));
    });
}

#[test]
fn a_limit_that_shrinks_takes_slots_back_as_calls_end_and_gives_them_again() {
    paused(async {
        let settings = gradient::Settings::default().initial(20).window(ms(10));
        let limit = Limit::adaptive("bank", settings).seed(7);
        for seed in 0..20 {
            let mut rng = Rng::new(seed);
            let mut slots = Vec::new();
            for _ in 0..2000 {
                let before = limit.reading();
                if rng.chance(0.5) {
                    let is_admitted = limit.try_acquire().map(|slot| slots.push(slot)).is_ok();
                    assert_eq!(is_admitted, before.in_flight < before.limit, "seed {seed}: {before:?}");
                } else if !slots.is_empty() {
                    let slot = slots.swap_remove(rng.below(slots.len()));
                    let outcomes = [Outcome::Success, Outcome::TimedOut, Outcome::Refused, Outcome::Ignored];
                    let bad = if seed % 2 == 0 { 4 } else { 1 };
                    slot.finish(outcomes[rng.below(bad)]);
                    advance(ms(rng.below(8) as u64)).await;
                }
                assert_eq!(limit.reading().in_flight, slots.len());
            }
            assert!(seed % 2 == 1 || limit.reading().limit < 10, "drops shrink it: {:?}", limit.reading());
        }
    });
}

#[test]
fn a_limit_that_grows_before_it_has_its_slots_back_owes_fewer() {
    paused(async {
        let settings = gradient::Settings::default().initial(1000).max(2000).window(ms(10));
        let limit = Limit::adaptive("bank", settings).seed(7);
        let mut slots: Vec<_> = (0..1000).map(|_| limit.try_acquire().unwrap()).collect();
        let mut end = async |outcome: Outcome, calls: usize| {
            // The last ones: they began while most of the limit was in flight.
            for slot in slots.split_off(slots.len() - calls) {
                slot.finish(outcome);
                advance(ms(1)).await;
            }
            limit.reading()
        };
        assert_eq!(end(Outcome::Refused, 11).await.limit, 900);
        // Of the hundred slots too many, ten have come back. Forty calls are four windows.
        let grown = end(Outcome::Success, 44).await;
        assert!(grown.limit > 900 && grown.in_flight > grown.limit, "{grown:?}");
        assert!(limit.try_acquire().is_err());
        drop(slots);
        let slots: Vec<_> = std::iter::from_fn(|| limit.try_acquire().ok()).collect();
        assert_eq!(slots.len(), limit.reading().limit);
    });
}

#[test]
fn threads_that_share_a_limit_that_changes_lose_no_slot_and_gain_none() {
    let settings = gradient::Settings::default().initial(20).max(40).window(ms(10));
    let limit = Limit::adaptive("bank", settings).line(64, ms(60_000)).seed(7);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    runtime.unwrap().block_on(async {
        let callers = (0..64_u64).map(|caller| {
            let limit = limit.clone();
            async move {
                let mut rng = Rng::new(caller);
                for _ in 0..500 {
                    let Ok(slot) = limit.acquire().await else { continue };
                    tokio::task::yield_now().await;
                    slot.finish(if rng.chance(0.1) { Outcome::TimedOut } else { Outcome::Success });
                }
            }
        });
        callers.collect::<JoinSet<_>>().join_all().await;
    });
    assert_eq!((limit.reading().in_flight, limit.reading().waiting), (0, 0));
    let slots: Vec<_> = std::iter::from_fn(|| limit.try_acquire().ok()).collect();
    assert_eq!(slots.len(), limit.reading().limit);
}

/// A waker that uses the limit that wakes it, and panics.
struct Hostile(Limit);

impl Wake for Hostile {
    fn wake(self: Arc<Self>) {
        let _ = self.0.reading();
        assert!(self.0.try_acquire().is_err(), "the slot is the waiter's");
        panic!("a waker that panics");
    }
}

#[test]
fn wakers_of_waiters_may_use_the_limit_and_may_panic() {
    paused(async {
        let limit = Limit::fixed("bank", 1).seed(7).line(1, ms(1000));
        let slot = limit.try_acquire().unwrap();
        let waker = Waker::from(Arc::new(Hostile(limit.clone())));
        let mut waiting = pin!(limit.acquire());
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        slot.finish(Outcome::Success);
        let slot = waiting.await.unwrap();
        assert_eq!(limit.reading().in_flight, 1);
        drop(slot);
    });
}
