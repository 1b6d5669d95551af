//! Notices that the runtime of a system ends, for actors without a task.
//!
//! An actor gets a task with its first message, and a task is dropped with its runtime: so the actor ends. One that never had a
//! message would be left: it holds its own context, and so itself; a detached one is held by its system besides. One task a
//! system waits for nothing else than to be dropped.

use std::fmt;
use std::sync::OnceLock;
use tokio::runtime;
use tokio::task::AbortHandle;

/// Runs a function when the runtime ends. Made with a system's first actor.
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
    /// Runs `then` when the runtime ends, or at once where it has ended. Only the first call counts.
    pub(crate) fn set(&self, rt: &runtime::Handle, then: impl FnOnce() + Send + 'static) {
        self.task.get_or_init(|| {
            let guard = OnEnd(Some(then));
            let wait = async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            };
            rt.spawn(wait).abort_handle()
        });
    }
}

impl Drop for RuntimeGuard {
    /// The system has gone, and with it the last of its actors: nothing is left to be done.
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

struct OnEnd<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnEnd<F> {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then();
        }
    }
}
