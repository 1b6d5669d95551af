//! User code that a test chooses: what a key does in `hash` and `eq`, a message in `drop`, a waker
//! in `wake`.

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// A function that runs where the runtime calls user code, or nothing.
#[derive(Clone, Default)]
pub struct Hook(Option<Arc<dyn Fn() + Send + Sync>>);

impl Hook {
    /// Makes a hook of a function.
    pub fn new(hook: impl Fn() + Send + Sync + 'static) -> Hook {
        Hook(Some(Arc::new(hook)))
    }

    /// Runs the function, if there is one.
    pub fn call(&self) {
        if let Some(hook) = &self.0 {
            hook();
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hook" } else { "no hook" })
    }
}

/// A waker with a hook for each wake-up, and one for the drop of its last clone.
#[derive(Debug)]
pub struct HookWaker {
    on_wake: Hook,
    on_drop: Hook,
}

impl HookWaker {
    /// Makes a waker that calls these hooks.
    #[must_use]
    pub fn waker(on_wake: Hook, on_drop: Hook) -> Waker {
        Waker::from(Arc::new(HookWaker { on_wake, on_drop }))
    }
}

impl Wake for HookWaker {
    fn wake(self: Arc<Self>) {
        self.on_wake.call();
    }
}

impl Drop for HookWaker {
    fn drop(&mut self) {
        self.on_drop.call();
    }
}
