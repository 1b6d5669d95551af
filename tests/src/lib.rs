//! What the conformance tests share. The tests themselves are in `tests/`, a file per letter of the spec.

#[cfg(doctest)]
mod documents;

use actors_core::prelude::*;
use actors_core::testing;
use std::future::Future;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// So long that only what never ends takes longer; in paused time it passes at once.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A second.
pub const SECOND: Duration = Duration::from_secs(1);

/// Runs a test on paused time; one that waits for what never comes fails after a day of it.
///
/// # Panics
/// When the test does, or waits for ever.
pub fn run(test: impl AsyncFnOnce(System)) {
    testing::run(async |system| {
        let guarded = tokio::time::timeout(24 * HOUR, test(system));
        guarded.await.expect("the test waits for what never comes");
    });
}

/// Polls once, with a waker that wakes nobody.
pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls once, with this waker.
pub fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut TaskContext::from_waker(waker))
}

/// Lets everybody else run, without moving the clock.
pub async fn others() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// What takes longer hangs. Only a failure reaches it: beside a load of ten threads per core the slowest of these tests takes less
/// than a minute.
const HANGS: Duration = Duration::from_secs(300);

/// Runs what would hang its thread if something were wrong.
///
/// # Panics
/// When the test does, or hangs.
pub fn finishes(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match finished.recv_timeout(HANGS) {
        Ok(()) => {}
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the thread waits for itself"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it says when it is done"),
        },
    }
}

/// Tells a test's child process apart from its parent.
const ALONE: &str = "ACTORS_TEST_ALONE";

/// Runs a test that could hang, abort or overflow its stack in a child process; the name is the test's own name. The child is
/// this test binary again with one test selected. A child that hangs is killed.
#[macro_export]
macro_rules! alone {
    ($name:literal, $test:expr $(,)?) => {
        $crate::alone_as(concat!(module_path!(), "::", $name), $test)
    };
}

/// What [`alone!`] does; `path` is that of the test, with its crate.
///
/// # Panics
/// When the child fails or hangs.
pub fn alone_as(path: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let (_, name) = path.split_once("::").expect("a path begins with its crate");
    let binary = std::env::current_exe().expect("a test binary has a path");
    let mut child = Command::new(binary)
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .stdout(Stdio::null())
        .spawn()
        .expect("the test binary starts again");
    let end = Instant::now() + HANGS;
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let killed = child.kill().and_then(|()| child.wait());
                panic!("{name} did not end within {HANGS:?} and was killed: {killed:?}");
            }
        }
    };
    assert!(status.success(), "{name}: {status}");
}

struct Meeting;

#[actor(local)]
impl Meeting {
    /// An `async fn`: only the actor's own task runs it. It keeps its worker until all workers are here.
    #[message]
    async fn attend(&mut self, here: Arc<AtomicUsize>, workers: usize) {
        here.fetch_add(1, Ordering::AcqRel);
        while here.load(Ordering::Acquire) < workers {
            std::thread::yield_now();
        }
    }
}

/// Makes each worker of the system's runtime poll an actor's task, so that a send on any of them may run a turn (S6): worker 0
/// is not trusted before. To be called from a thread that is not one of the workers.
pub fn meet_workers(runtime: &Runtime, system: &System, workers: usize) {
    let here = Arc::new(AtomicUsize::new(0));
    let meetings: Vec<MeetingHandle> = (0..workers).map(|_| system.spawn(Meeting)).collect();
    for meeting in &meetings {
        meeting.attend(here.clone(), workers).try_send().expect("an empty mailbox has room");
    }
    while here.load(Ordering::Acquire) < workers {
        // tokio may leave a worker parked although another one, whose thread is kept here, has a task to spare.
        runtime.spawn(async {});
        std::thread::yield_now();
    }
}
