//! Deadlines of waits that the workers of a multi-thread runtime poll: one task looks at all of
//! them. Its clock cannot be paused, so these tests compare instants, and only ever from below.

use super::*;
use actors_tests::threads;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Instant;
use tokio::task::JoinSet;

struct Mute(Record<ReplyTo<u32>>);

#[actor(inline = never, capacity = 1024)]
impl Mute {
    /// Gives its duty to answer away.
    #[message]
    fn keep(&mut self, reply: ReplyTo<u32>) {
        self.0.write(reply);
    }

    /// Never answers.
    #[message]
    async fn never(&mut self) -> u32 {
        std::future::pending().await
    }
}

fn mute() -> MuteHandle {
    System::new("shop").spawn(Mute(Record::default()))
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

/// The answer is owed outside of the actor, so only the end of the runtime can end the wait.
#[test]
fn t2_a_wait_that_has_moved_elsewhere_is_told_when_the_actor_s_runtime_ends() {
    let (home, elsewhere) = (threads(2), threads(1));
    let kept = Record::default();
    let mute: MuteHandle = home.block_on(async { System::new("shop").spawn(Mute(kept.clone())) });
    let asked = home.block_on(home.spawn(async move {
        let mut asked = mute.keep().owned();
        assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut asked).poll(cx).is_pending())).await);
        while kept.is_empty() {
            tokio::task::yield_now().await;
        }
        (asked, kept)
    }));
    let (mut asked, _kept) = asked.unwrap();
    let (waits, waiting) = std::sync::mpsc::channel();
    let asker = std::thread::spawn(move || {
        elsewhere.block_on(poll_fn(|cx| {
            let answer = Pin::new(&mut asked).poll(cx);
            waits.send(()).unwrap();
            answer.map(|answer| answer.map_err(|why| why.reason()))
        }))
    });
    waiting.recv().unwrap();
    drop(home);
    assert_eq!(asker.join().unwrap(), Err(Reason::Closed));
}

/// The task that ends waits was woken by a worker that is blocked from then on.
#[test]
fn t2_a_worker_that_is_blocked_delays_no_wait_on_another() {
    let runtime = threads(2);
    let mute = runtime.block_on(async { mute() });
    let (has_begun, is_over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let waiter = runtime.spawn({
        let (mute, has_begun, is_over) = (mute.clone(), has_begun.clone(), is_over.clone());
        async move {
            let mut ask = pin!(mute.never().timeout(Duration::from_millis(40)));
            let first = poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx).is_pending())).await;
            has_begun.store(true, Ordering::Release);
            let answer = ask.await;
            is_over.store(true, Ordering::Release);
            first && answer.is_err_and(|why| why.reason() == Reason::TimedOut)
        }
    });
    let blocked = runtime.spawn(async move {
        while !has_begun.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        let mut ask = pin!(mute.never().timeout(Duration::from_millis(5)));
        let first = poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx).is_pending())).await;
        while !is_over.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        first
    });
    assert!(runtime.block_on(waiter).unwrap() && runtime.block_on(blocked).unwrap());
}
