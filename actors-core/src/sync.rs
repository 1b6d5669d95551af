//! The locks and atomics on which mailbox and replies agree with other threads, under one name for two builds.
//!
//! Normally these are `parking_lot`'s and std's own, re-exported and nothing else. With `--cfg actors_loom` they are loom's, which
//! tries the interleavings of a few threads one after the other, and what a relaxed load may see: then
//! `cargo test -p actors-core --release --lib loom` runs the models, in files beside what they model.
//!
//! The flag has a name of its own because `--cfg loom` would change tokio too. What no model is about (the registry, watchers,
//! dead letters) keeps its locks.

#[cfg(not(actors_loom))]
mod real {
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::{Arc, atomic};
    pub(crate) use std::thread_local;
}

#[cfg(actors_loom)]
mod model {
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::{Arc, MutexGuard, atomic};

    /// loom's, which does not know `const { … }`.
    macro_rules! local {
        ($(#[$attr:meta])* static $name:ident: $t:ty = const { $init:expr };) => {
            loom::thread_local! { $(#[$attr])* static $name: $t = $init; }
        };
    }
    pub(crate) use local as thread_local;

    /// loom's, with `parking_lot`'s face: nothing is poisoned.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        #[track_caller]
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
        }

        #[track_caller]
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner())
        }
    }
}

#[cfg(actors_loom)]
pub(crate) use model::{Arc, Mutex, MutexGuard, atomic, spin_loop, thread_local};
#[cfg(not(actors_loom))]
pub(crate) use real::{Arc, Mutex, MutexGuard, atomic, spin_loop, thread_local};
