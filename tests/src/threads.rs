//! Multi-thread runtimes, on which senders may run the turns of other actors (S6).

use crate::process::{HANGS, finishes};
use actors_core::prelude::*;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, Runtime};

/// Builds a runtime with so many workers.
///
/// # Panics
/// When the operating system refuses a thread.
#[must_use]
pub fn threads(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("a runtime starts")
}

/// Runs a test as a task of a runtime with so many workers, then shuts its system down.
///
/// Each worker has polled an actor's task before the test begins, so that a send on any of them may
/// run a turn.
///
/// # Panics
/// When the test panics or hangs, when the shutdown is not clean, or when the ledgers do not
/// balance.
pub fn on_threads<F>(workers: usize, test: impl FnOnce(System) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    finishes(move || {
        let runtime = threads(workers);
        let system = {
            let _inside = runtime.enter();
            System::new("threads")
        };
        meet_workers(&runtime, &system, workers);
        let task = runtime.spawn(test(system.clone()));
        runtime.block_on(async move {
            if let Err(error) = task.await {
                std::panic::resume_unwind(error.into_panic());
            }
            let report = system.shutdown(HANGS).await;
            assert!(report.is_clean() && report.total.is_balanced(), "{report}: {:?}", report.total);
        });
    });
}

struct Meeting;

#[actor(local)]
impl Meeting {
    /// Keeps its worker until all workers are here. Only the actor's own task runs it.
    #[message(inline = never)]
    async fn attend(&mut self, here: Arc<AtomicUsize>, workers: usize) {
        here.fetch_add(1, Ordering::AcqRel);
        while here.load(Ordering::Acquire) < workers {
            std::thread::yield_now();
        }
    }
}

/// Makes each worker of the system's runtime poll an actor's task, so that a send on any of them
/// may run a turn (S6).
///
/// Call it from a thread that is not one of the workers. The runtime does not trust worker 0 before
/// it has polled an actor's task.
///
/// # Panics
/// When a mailbox of the meeting has no room.
pub fn meet_workers(runtime: &Runtime, system: &System, workers: usize) {
    let here = Arc::new(AtomicUsize::new(0));
    let meetings: Vec<MeetingHandle> = (0..workers).map(|_| system.spawn(Meeting)).collect();
    for meeting in &meetings {
        meeting.attend(here.clone(), workers).try_send().expect("an empty mailbox has room");
    }
    while here.load(Ordering::Acquire) < workers {
        // tokio may leave a worker parked while another one, whose thread is kept here, has a task
        // to spare. A worker that is woken looks for such a task when it has nothing else to do, so
        // it gets one task at a time, and then some time.
        let woken = runtime.spawn(async {});
        while !woken.is_finished() && here.load(Ordering::Acquire) < workers {
            std::thread::yield_now();
        }
        (0..64).for_each(|_| std::thread::yield_now());
    }
}
