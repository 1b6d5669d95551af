//! Starts the runtime's tasks, with names for tokio-console.
//!
//! tokio takes names only where it is compiled with `--cfg tokio_unstable`, which is what
//! tokio-console needs. Elsewhere a name costs nothing, because it is not formatted.

use std::fmt;
use std::future::Future;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Starts a task. A runtime that has ended drops its future at once.
#[cfg(not(all(tokio_unstable, feature = "tracing")))]
pub(crate) fn spawn<F>(rt: &Handle, _: fmt::Arguments<'_>, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    rt.spawn(future)
}

/// Starts a task. A runtime that has ended drops its future at once.
#[cfg(all(tokio_unstable, feature = "tracing"))]
pub(crate) fn spawn<F>(rt: &Handle, name: fmt::Arguments<'_>, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    match tokio::task::Builder::new().name(&name.to_string()).spawn_on(future, rt) {
        Ok(task) => task,
        Err(why) => unreachable!("tokio starts every task, as `Handle::spawn` does: {why}"),
    }
}
