//! Locks and atomics under one name for normal and loom builds, and a check that foreign code runs
//! without a lock.
//!
//! **Two builds.** Normally [`Mutex`] is a [`Lock`], and atomics are std's. With `--cfg
//! actors_loom` they are loom's, which explores the interleavings of a few threads and the values
//! that a relaxed load may return. Then `cargo test -p actors-core --release --lib loom` runs the
//! models, each in a file next to the code it models. The flag is not `--cfg loom`, because that
//! would change tokio too. Code without a model (the registry, dead letters) uses [`Lock`] in both
//! builds.
//!
//! **Foreign code and locks (B6).** In debug builds a [`Lock`] counts how many of them its thread
//! holds. [`assert_unlocked`] checks the count before foreign code runs, and `testing::holds_lock`
//! shows it to tests. A release build counts nothing: there a `Lock` is `parking_lot`'s.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// `parking_lot`'s mutex, which in debug builds counts the locks that its thread holds.
///
/// Its `Debug` does not format the value: that is foreign code, and would run under the lock.
pub(crate) struct Lock<T>(parking_lot::Mutex<T>);

/// The guard of a [`Lock`] that is held.
pub(crate) struct Guard<'a, T> {
    // Declared first, so that the lock is released before the count goes down.
    inner: parking_lot::MutexGuard<'a, T>,
    _held: held::Held,
}

impl<T> Lock<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> Self {
        Lock(parking_lot::Mutex::new(value))
    }

    #[inline(always)]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        Guard { inner: self.0.lock(), _held: held::Held::new() }
    }

    #[cfg(not(actors_loom))]
    #[inline(always)]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        let inner = self.0.try_lock()?;
        Some(Guard { inner, _held: held::Held::new() })
    }

    /// Like [`lock`](Lock::lock), for a lock that several threads take again and again for a few
    /// dozen nanoseconds each, and that was found taken.
    ///
    /// The thread stays away for [`PAUSES_FIRST`] pauses of the processor, twice as long after each
    /// look in vain, and is parked after [`LOOKS`] looks. Meanwhile the other thread does many
    /// sections with everything in its cache. `parking_lot` alone looks again too soon and yields
    /// to the kernel too soon (ADR 33).
    #[cfg(not(actors_loom))]
    #[cold]
    pub(crate) fn lock_later(&self) -> Guard<'_, T> {
        let mut pauses = PAUSES_FIRST;
        for _ in 0..LOOKS {
            (0..pauses).for_each(|_| spin_loop());
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            pauses *= 2;
        }
        self.lock()
    }

    #[cfg(not(actors_loom))]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

/// About 1.5 µs where a pause takes 12 ns: some ten messages.
#[cfg(not(actors_loom))]
const PAUSES_FIRST: u32 = 128;
/// 46 µs in all, about what parking and waking a thread costs. It is wasted where the holder has
/// lost its processor.
#[cfg(not(actors_loom))]
const LOOKS: u32 = 5;

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Lock::new(T::default())
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

#[cfg(debug_assertions)]
mod held {
    use std::cell::Cell;

    thread_local! {
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    /// Counts one held lock until it is dropped.
    pub(super) struct Held(());

    impl Held {
        #[inline]
        pub(super) fn new() -> Self {
            HELD.set(HELD.get() + 1);
            Held(())
        }
    }

    impl Drop for Held {
        #[inline]
        fn drop(&mut self) {
            // At least 1, unless `as_if_unlocked` has set the count to 0 meanwhile.
            HELD.set(HELD.get().saturating_sub(1));
        }
    }

    pub(super) fn count() -> u32 {
        HELD.get()
    }

    pub(super) fn replace(count: u32) -> u32 {
        HELD.replace(count)
    }
}

#[cfg(not(debug_assertions))]
mod held {
    pub(super) struct Held;

    impl Held {
        #[inline(always)]
        pub(super) fn new() -> Self {
            Held
        }
    }

    #[inline(always)]
    pub(super) fn count() -> u32 {
        0
    }

    #[inline(always)]
    pub(super) fn replace(_: u32) -> u32 {
        0
    }
}

/// Returns whether this thread holds a lock of the runtime. Always `false` in release builds.
#[inline(always)]
pub(crate) fn holds_lock() -> bool {
    held::count() > 0
}

/// Checks, before foreign code runs, that this thread holds no lock of the runtime.
///
/// # Panics
/// In debug builds, if it holds one: a defect of the runtime.
#[inline(always)]
#[track_caller]
pub(crate) fn assert_unlocked() {
    debug_assert!(!holds_lock(), "foreign code must not run while a lock of the runtime is held");
}

/// Runs the `Eq` of a conflation key as if no lock were held. `f` must not unwind.
///
/// It is the only foreign code that runs under a lock, and `reentry.rs` guards it.
pub(crate) fn as_if_unlocked<R>(f: impl FnOnce() -> R) -> R {
    let before = held::replace(0);
    let result = f();
    held::replace(before);
    result
}

#[cfg(not(actors_loom))]
mod real {
    pub(crate) use super::{Guard as MutexGuard, Lock as Mutex};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::{Arc, atomic};
    pub(crate) use std::thread_local;
}

#[cfg(actors_loom)]
mod model {
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::{Arc, MutexGuard, atomic};

    /// loom's macro, which does not accept `const { … }`.
    macro_rules! local {
        ($(#[$attr:meta])* static $name:ident: $t:ty = const { $init:expr };) => {
            loom::thread_local! { $(#[$attr])* static $name: $t = $init; }
        };
    }
    pub(crate) use local as thread_local;

    /// loom's mutex with `parking_lot`'s interface: without poisoning.
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

        /// How long a thread stays away makes no difference to the interleavings.
        #[track_caller]
        pub(crate) fn lock_later(&self) -> MutexGuard<'_, T> {
            self.lock()
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
