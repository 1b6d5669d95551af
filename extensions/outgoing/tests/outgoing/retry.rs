use crate::{Failed, ms, paused};
use actors_core::Reason;
use actors_outgoing::outcome::{Again, Judge, Outcome};
use actors_outgoing::retry::Retry;
use std::cell::RefCell;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const FULL: Failed = Failed(Reason::Full, Some(Duration::from_millis(100)));

/// Calls a target that always fails, and returns the times between the calls.
async fn gaps(retry: &Retry, error: Failed) -> Vec<Duration> {
    let calls = RefCell::new(vec![]);
    let result: Result<u32, _> = retry.call(async || fail(&calls, error)).await;
    assert_eq!(result, Err(error));
    let calls = calls.into_inner();
    calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn fail(calls: &RefCell<Vec<Instant>>, error: Failed) -> Result<u32, Failed> {
    calls.borrow_mut().push(Instant::now());
    Err(error)
}

#[test]
fn a_retry_comes_after_the_time_that_the_refusal_says_and_up_to_a_fifth_later() {
    paused(async {
        let retry = Retry::new(50).seed(7);
        let gaps = gaps(&retry, FULL).await;
        assert_eq!(gaps.len(), 50);
        // A timer of tokio is up to a millisecond late.
        assert!(gaps.iter().all(|gap| *gap >= ms(100) && *gap <= ms(121)), "{gaps:?}");
        assert!(gaps.iter().any(|gap| *gap < ms(105)) && gaps.iter().any(|gap| *gap > ms(115)), "{gaps:?}");
    });
}

#[test]
fn only_what_passes_is_tried_again() {
    paused(async {
        for reason in Reason::ALL {
            let passes = matches!(reason, Reason::Full | Reason::Shed | Reason::RateLimited);
            let tried = gaps(&Retry::new(2).seed(7), Failed(*reason, Some(ms(1)))).await.len();
            assert_eq!(tried, if passes { 2 } else { 0 }, "{}", reason.word());
            assert!(gaps(&Retry::new(2).seed(7), Failed(*reason, None)).await.is_empty());
        }
    });
}

#[test]
fn a_wait_that_would_outlast_the_deadline_is_not_begun() {
    paused(async {
        let retry = Retry::new(50).seed(7).within(ms(250));
        let began = Instant::now();
        // After about 110 and 220 ms; the third would come after 300 ms or later.
        assert_eq!(gaps(&retry, FULL).await.len(), 2);
        assert!(began.elapsed() < ms(250));
        assert!(gaps(&Retry::new(1).seed(7), Failed(Reason::Full, Some(Duration::MAX))).await.is_empty());
    });
}

#[test]
fn retries_are_a_fifth_of_the_calls_and_ten_a_second_for_all_clones_together() {
    paused(async {
        let retry = Retry::new(1).seed(7);
        let mut tried = 0;
        // A thousand calls within a tenth of a second, each of which asks for one retry.
        for _ in 0..1000 {
            tried += gaps(&retry.clone(), Failed(Reason::Full, Some(Duration::ZERO))).await.len();
        }
        assert!((290..=300).contains(&tried), "{tried} of 1000 / 5 + 100");
        // Eleven seconds later these calls no longer count.
        sleep(ms(11_000)).await;
        let again: usize = gaps(&retry, Failed(Reason::Full, Some(ms(1)))).await.len();
        assert_eq!(again, 1);
    });
}

/// Everything may be tried again.
struct Idempotent;

impl Judge<u32, Failed> for Idempotent {
    fn outcome(&self, _: &Result<u32, Failed>) -> Outcome {
        Outcome::Ignored
    }

    fn again(&self, _: &Failed) -> Again {
        Again::Backoff
    }
}

#[test]
fn a_backoff_doubles_up_to_its_bound_and_is_spread() {
    paused(async {
        let retry = Retry::new(6).seed(7).backoff(ms(100), ms(1000));
        let calls = RefCell::new(vec![]);
        let error = Failed(Reason::Closed, None);
        retry.call_judged(Idempotent, async || fail(&calls, error)).await.unwrap_err();
        let calls = calls.into_inner();
        for (pair, nominal) in calls.windows(2).zip([100, 200, 400, 800, 1000, 1000]) {
            let gap = (pair[1] - pair[0]).as_millis();
            assert!(gap >= nominal * 8 / 10 && gap <= nominal * 12 / 10 + 1, "{gap} ms, not {nominal}");
        }
        assert_eq!(calls.len(), 7);
    });
}

#[test]
fn a_success_ends_the_attempts() {
    paused(async {
        let attempts = RefCell::new(0);
        let result = Retry::new(5)
            .seed(7)
            .call(async || {
                *attempts.borrow_mut() += 1;
                if *attempts.borrow() < 3 { Err(FULL) } else { Ok(7) }
            })
            .await;
        assert_eq!((result, attempts.into_inner()), (Ok(7), 3));
    });
}
