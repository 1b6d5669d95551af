//! Idle timers of asks that have their answer, kept for the next asks.
//!
//! A timer that is reset to a later instant stays where it is in tokio's timer wheel. So the
//! deadline of an ask costs neither an allocation nor the wheel's lock.
//!
//! On a runtime with a paused clock no timer is kept: a registered timer without a waiter would
//! advance the clock.

use crate::sync::Lock;
use std::pin::Pin;
use tokio::time::Sleep;

/// The idle timers of one actor.
pub(crate) struct Timers {
    is_kept: bool,
    idle: Lock<Vec<Pin<Box<Sleep>>>>,
}

/// The most timers that one actor keeps. More asks than this rarely wait at once; further ones
/// allocate.
const TIMERS_MAX: usize = 64;

impl Timers {
    pub(super) fn new(is_kept: bool) -> Self {
        Timers { is_kept, idle: Lock::new(Vec::new()) }
    }

    /// Returns whether timers are kept at all.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Takes an idle timer.
    pub(crate) fn take(&self) -> Option<Pin<Box<Sleep>>> {
        if self.is_kept { self.idle.lock().pop() } else { None }
    }

    /// Keeps a timer for the next ask. Returns it if it is not kept.
    pub(crate) fn give(&self, timer: Pin<Box<Sleep>>) -> Option<Pin<Box<Sleep>>> {
        if !self.is_kept || timer.is_elapsed() {
            return Some(timer);
        }
        let mut idle = self.idle.lock();
        if idle.len() >= TIMERS_MAX {
            return Some(timer);
        }
        idle.push(timer);
        None
    }

    /// Drops all idle timers, because the actor has ended.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }
}
