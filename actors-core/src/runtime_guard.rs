//! Detects the end of a system's runtime, for actors that have no task.
//!
//! An actor gets its task with its first message. When the runtime ends it drops its tasks, and so
//! ends their actors. An actor that never had a message has no task, but its context keeps it
//! alive. So each system spawns one task that only waits to be dropped, and ends those actors then.

use crate::tasks;
use std::fmt;
use std::sync::OnceLock;
use tokio::runtime;
use tokio::task::AbortHandle;

/// Runs a function when the runtime ends. Created with a system's first actor.
#[derive(Default)]
pub(crate) struct RuntimeGuard {
    task: OnceLock<AbortHandle>,
}

impl fmt::Debug for RuntimeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeGuard").field("is_set", &self.task.get().is_some()).finish()
    }
}

impl RuntimeGuard {
    /// Runs `then` when the runtime ends, or now if it has ended. Later calls do nothing.
    pub(crate) fn set(&self, rt: &runtime::Handle, then: impl FnOnce() + Send + 'static) {
        self.task.get_or_init(|| {
            let guard = OnEnd(Some(then));
            let wait = async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            };
            tasks::spawn(rt, format_args!("actors: end of the runtime"), wait).abort_handle()
        });
    }
}

impl Drop for RuntimeGuard {
    /// Stops the task: the system is gone, and its actors are gone before it.
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// Calls a function when it is dropped.
struct OnEnd<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnEnd<F> {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then();
        }
    }
}
