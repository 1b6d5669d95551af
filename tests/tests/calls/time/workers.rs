//! Deadlines of waits that the workers of a multi-thread runtime poll: one task looks at all of
//! them. Its clock cannot be paused, so these tests compare instants, and only ever from below.

use super::*;
use actors_tests::threads;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;
use tokio::task::JoinSet;

struct Mute;

#[actor(inline = never, capacity = 1024)]
impl Mute {
    /// Never answers.
    #[message]
    async fn never(&mut self) -> u32 {
        std::future::pending().await
    }
}

fn mute() -> MuteHandle {
    System::new("shop").spawn(Mute)
}

#[test]
fn t2_every_wait_on_workers_ends_and_none_ends_early() {
    threads(2).block_on(async {
        let (mute, mut askers) = (mute(), JoinSet::new());
        for n in 0..600 {
            // Sooner and later ones in turn, so that some hurry the task.
            let timeout = Duration::from_micros(500 + (n * 7919) % 20_000);
            let mute = mute.clone();
            askers.spawn(async move {
                let began = Instant::now();
                let error = mute.never().timeout(timeout).await.unwrap_err();
                (error.reason(), began.elapsed() >= timeout)
            });
        }
        while let Some(asked) = askers.join_next().await {
            assert_eq!(asked.unwrap(), (Reason::TimedOut, true));
        }
        let row = mute.ledger().total();
        assert_eq!((row.expired, row.in_service), (599, 1));
    });
}

#[test]
fn t2_a_wait_that_is_over_sooner_than_those_before_it_is_not_late() {
    threads(2).block_on(async {
        let mute = mute();
        let long = tokio::spawn(mute.never().timeout(Duration::from_secs(3600)).owned());
        for n in 1..20 {
            let short = tokio::spawn(mute.never().timeout(Duration::from_millis(n % 3)).owned());
            assert_eq!(short.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        }
        assert!(!long.is_finished());
        long.abort();
    });
}

#[test]
fn t2_a_timeout_of_nothing_ends_in_the_first_poll_on_workers_too() {
    threads(2).block_on(async {
        let mute = mute();
        let asker = tokio::spawn(async move {
            let mut ask = pin!(mute.never().timeout(Duration::ZERO));
            poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx).map(|answer| answer.map_err(|why| why.reason()))))
                .await
        });
        assert_eq!(asker.await.unwrap(), Poll::Ready(Err(Reason::TimedOut)));
    });
}

#[test]
fn t2_a_wait_that_moves_to_another_task_is_woken_there() {
    let (home, elsewhere) = (threads(2), threads(1));
    let (ask, _mute) = home.block_on(async {
        let mute = mute();
        let polled = tokio::spawn(async move {
            let mut ask = mute.never().timeout(Duration::from_millis(5)).owned();
            let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut ask).poll(cx).is_pending())).await;
            assert!(first);
            (ask, mute)
        });
        polled.await.unwrap()
    });
    assert_eq!(elsewhere.block_on(ask).unwrap_err().reason(), Reason::TimedOut);
}
