//! S6: turns that senders run themselves (donated turns), on real threads. A current-thread runtime
//! has none.

mod deadlines;
mod first_poll;
mod meanwhile;
mod places;

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{alone, on_threads, panic_quietly, pending, poll, run_other_tasks, threads};
use bench_messages as m;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::ThreadId;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// The thread and the task in which a turn ran.
type Where = (ThreadId, Option<tokio::task::Id>);

fn here() -> Where {
    (std::thread::current().id(), tokio::task::try_id())
}

#[derive(Default)]
struct Bench {
    n: u64,
    seen: Arc<Mutex<Vec<u64>>>,
    is_running: Arc<AtomicBool>,
    back: Option<BenchHandle>,
}

impl Bench {
    /// Fails when two turns run at a time.
    fn alone(&self, work: impl FnOnce()) {
        assert!(!self.is_running.swap(true, Ordering::AcqRel), "two turns at once");
        work();
        self.is_running.store(false, Ordering::Release);
    }
}

#[actor(capacity = 64)]
impl Bench {
    #[message]
    fn tick(&mut self, n: u64) {
        self.alone(|| self.seen.lock().unwrap().push(n));
        self.n += 1;
    }

    #[message]
    fn place(&mut self) -> Where {
        here()
    }

    #[message(inline = never)]
    fn place_never(&mut self) -> Where {
        here()
    }

    #[message]
    async fn place_async(&mut self) -> Where {
        here()
    }

    #[message(overflow = block)]
    fn count(&mut self) -> u64 {
        self.n
    }

    #[message]
    fn fail(&mut self) -> u64 {
        panic_quietly("on purpose")
    }

    #[message(priority = urgent)]
    fn urgent(&mut self) {
        self.seen.lock().unwrap().push(u64::MAX);
    }

    /// Sets `began`, then blocks its thread until `end` is set.
    #[message]
    fn gate(&mut self, began: Arc<AtomicBool>, end: Arc<AtomicBool>) {
        began.store(true, Ordering::Release);
        while !end.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    }

    /// Sends a message to the actor that sent this one.
    #[message]
    fn reflect(&mut self, n: u64) {
        if let Some(back) = &self.back {
            let _ = back.tick(n).try_send();
        }
    }

    #[message]
    fn meet(&mut self, back: BenchHandle) {
        self.back = Some(back);
    }

    #[message]
    fn left(&mut self, ctx: &mut Context<Self>) -> Option<Duration> {
        ctx.remaining()
    }

    #[message]
    fn stop_me(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    /// Calls `block_in_place`, which is allowed on a worker and panics in a `LocalSet`.
    #[message]
    fn block(&mut self) -> u64 {
        tokio::task::block_in_place(|| 7)
    }

    /// Asks another bench from inside a turn.
    #[message]
    async fn forward(&mut self, to: BenchHandle) -> (Where, Where) {
        (to.place().await.unwrap(), here())
    }
}

/// Runs a test on a thread that is not a worker, so that a turn which blocks a worker does not
/// block the test.
fn outside_of_workers<F: Future<Output = ()>>(test: impl FnOnce(System) -> F) {
    threads(2).block_on(async {
        let system = System::new("donated");
        test(system.clone()).await;
        let report = system.shutdown(Duration::from_secs(300)).await;
        assert!(report.total.is_balanced(), "{:?}", report.total);
    });
}
