//! Tests that could hang, abort, or overflow their stack when something is wrong.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The time after which a test counts as hanging: 5 minutes. Only a failure reaches it: beside a
/// load of ten threads per core, the slowest test takes less than one minute.
pub(crate) const HANGS: Duration = Duration::from_secs(300);

/// Runs a test on a thread of its own, and fails when the thread does not finish.
///
/// # Panics
/// When the test panics, or does not finish within 5 minutes.
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
            Ok(()) => unreachable!("a thread that returns has sent before"),
        },
    }
}

/// The environment variable that tells a test's child process from its parent.
const ALONE: &str = "ACTORS_TEST_ALONE";

/// Runs a test that could hang, abort or overflow its stack in a child process. The name is the
/// test's own name.
///
/// The child is this test binary again, with one test selected. A child that hangs is killed.
#[macro_export]
macro_rules! alone {
    ($name:literal, $test:expr $(,)?) => {
        $crate::alone_as(concat!(module_path!(), "::", $name), $test)
    };
}

/// Runs a test in a child process; see [`alone!`]. `path` is the path of the test, with its crate.
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
        match child.try_wait().expect("the state of a child can be read") {
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
