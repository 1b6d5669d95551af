//! Dead letters: a bounded report of every message that was lost.
//!
//! Each subscriber has its own ring. If it does not keep up, the oldest letters are discarded, and
//! the next letter says how many it missed. Without subscribers a loss costs one atomic read.

use crate::error::{ActorName, Reason};
use crate::panics::caught;
use crate::policy::Priority;
use crate::sync::Lock;
use crate::text::shortened;
use crate::wakers::{WakerSlot, cloned, discard, wake};
use futures_core::Stream;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Letters a subscriber may be behind: about a second of a bad incident, a few hundred kilobytes.
const RING: usize = 1024;
/// Subscribers at once; each costs every loss a ring entry.
const SUBSCRIBERS_MAX: usize = 64;

/// A message that was lost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Whom it was for.
    pub actor: ActorName,
    /// Its type.
    pub message: &'static str,
    /// Its lane.
    pub priority: Priority,
    /// Why it was lost.
    pub reason: Reason,
    /// Time since the first poll of its send; for a message that a timer, a pipe or a watch could
    /// not deliver, since that was started.
    pub age: Duration,
    /// The message as text where its type has one, at most 256 characters; for [`Reason::Panicked`]
    /// the panic's.
    pub payload: Option<String>,
    /// How many letters this subscriber missed just before this one.
    pub missed: u64,
}

/// A loss, before anybody wants to read about it.
pub(crate) struct Loss<'a> {
    pub(crate) actor: &'a ActorName,
    pub(crate) message: &'static str,
    pub(crate) priority: Priority,
    pub(crate) reason: Reason,
}

#[derive(Debug, Default)]
struct Ring {
    letters: VecDeque<DeadLetter>,
    missed_before_next: u64,
    missed: u64,
    waker: WakerSlot,
    is_closed: bool,
}

/// The system's letter box.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    listeners: Arc<AtomicUsize>,
    rings: Lock<Rings>,
}

#[derive(Debug, Default)]
struct Rings {
    open: Vec<Weak<Lock<Ring>>>,
    is_closed: bool,
}

impl Letters {
    pub(crate) fn subscribe(&self) -> DeadLetters {
        let ring = Arc::new(Lock::new(Ring::default()));
        let mut rings = self.rings.lock();
        rings.open.retain(|ring| ring.strong_count() > 0);
        if rings.is_closed || rings.open.len() >= SUBSCRIBERS_MAX {
            // One too many or too late is told at once, by a stream that has ended.
            ring.lock().is_closed = true;
            return DeadLetters { ring, listeners: None };
        }
        rings.open.push(Arc::downgrade(&ring));
        self.listeners.fetch_add(1, Ordering::Release);
        DeadLetters { ring, listeners: Some(self.listeners.clone()) }
    }

    /// Reports a loss to the subscribers. `age` and `text` are called only if there is one.
    pub(crate) fn post(
        &self,
        loss: &Loss<'_>,
        age: impl FnOnce() -> Duration,
        text: impl FnOnce() -> Option<String>,
    ) {
        if self.listeners.load(Ordering::Acquire) == 0 {
            return;
        }
        // The text comes from the user's `Debug`.
        let text = caught(text).unwrap_or(None);
        self.post_text(loss, age(), text);
    }

    #[cold]
    fn post_text(&self, loss: &Loss<'_>, age: Duration, text: Option<String>) {
        let letter = DeadLetter {
            actor: loss.actor.clone(),
            message: loss.message,
            priority: loss.priority,
            reason: loss.reason,
            age,
            payload: text.map(shortened),
            missed: 0,
        };
        let rings: Vec<_> = self.rings.lock().open.iter().filter_map(Weak::upgrade).collect();
        for ring in rings {
            let waker = ring.lock().push(letter.clone());
            waker.into_iter().for_each(wake);
            // The last to hold a ring drops its subscriber's waker.
            discard(ring);
        }
    }

    /// Ends every subscriber's stream, after what it has not read yet.
    pub(crate) fn close(&self) {
        let rings = std::mem::replace(&mut *self.rings.lock(), Rings { open: Vec::new(), is_closed: true });
        for ring in rings.open.iter().filter_map(Weak::upgrade) {
            let waker = {
                let mut ring = ring.lock();
                ring.is_closed = true;
                ring.waker.take()
            };
            waker.into_iter().for_each(wake);
            discard(ring);
        }
    }
}

impl Ring {
    /// The next letter, or the end; `None` where the subscriber must wait for either.
    fn next(&mut self) -> Option<Option<DeadLetter>> {
        match self.letters.pop_front() {
            Some(letter) => Some(Some(letter)),
            None => self.is_closed.then_some(None),
        }
    }

    fn push(&mut self, letter: DeadLetter) -> Option<Waker> {
        if self.letters.len() >= RING
            && let Some(oldest) = self.letters.pop_front()
        {
            let lost = 1 + oldest.missed;
            self.missed += 1;
            match self.letters.front_mut() {
                Some(next) => next.missed += lost,
                None => self.missed_before_next += lost,
            }
        }
        let missed = std::mem::take(&mut self.missed_before_next);
        self.letters.push_back(DeadLetter { missed, ..letter });
        self.waker.take()
    }
}

/// A bounded [`Stream`] of the dead letters since the subscription. It ends when the system has
/// shut down. A subscriber that does not keep up misses the oldest, and learns how many
/// ([`DeadLetter::missed`], [`DeadLetters::missed`]).
///
/// At most 64 subscribers may listen at once; a further one gets a stream that has ended.
#[derive(Debug)]
pub struct DeadLetters {
    ring: Arc<Lock<Ring>>,
    listeners: Option<Arc<AtomicUsize>>,
}

impl DeadLetters {
    /// How many letters this subscriber has missed in all.
    pub fn missed(&self) -> u64 {
        self.ring.lock().missed
    }

    /// The next letter if there is one now.
    pub fn try_next(&mut self) -> Option<DeadLetter> {
        self.ring.lock().letters.pop_front()
    }

    /// The next letter; `None` when the system has shut down.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped while it is pending, no letter was taken.
    pub async fn next(&mut self) -> Option<DeadLetter> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for DeadLetters {
    type Item = DeadLetter;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<DeadLetter>> {
        {
            let mut ring = self.ring.lock();
            if let Some(ready) = ring.next() {
                return Poll::Ready(ready);
            }
            if ring.waker.has(cx.waker()) {
                return Poll::Pending;
            }
        }
        // Wakers are foreign code: cloned before the lock is taken, dropped after it is free.
        let waker = cloned(cx.waker());
        let mut ring = self.ring.lock();
        let ready = ring.next();
        let old = if ready.is_none() { ring.waker.put(waker) } else { Some(waker) };
        drop(ring);
        discard(old);
        ready.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for DeadLetters {
    fn drop(&mut self) {
        if let Some(listeners) = &self.listeners {
            listeners.fetch_sub(1, Ordering::Release);
        }
        let waker = self.ring.lock().waker.take();
        discard(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TEXT_MAX;

    fn post(letters: &Letters, age: u64) {
        let actor = ActorName::new("a");
        let loss = Loss { actor: &actor, message: "M", priority: Priority::Low, reason: Reason::Dropped };
        letters.post(&loss, || Duration::from_secs(age), || Some("x".repeat(1000)));
    }

    #[test]
    fn o10_a_subscriber_that_lags_is_told_how_many_it_missed() {
        let letters = Letters::default();
        let mut slow = letters.subscribe();
        for age in 0..(RING as u64 + 5) {
            post(&letters, age);
        }
        let first = slow.try_next().unwrap();
        assert_eq!((first.age.as_secs(), first.missed, slow.missed()), (5, 5, 5));
        assert_eq!(slow.try_next().unwrap().missed, 0);
        assert_eq!(first.payload.unwrap().len(), TEXT_MAX);
    }

    #[test]
    fn b3_subscribers_are_bounded_and_one_too_many_gets_an_ended_stream() {
        let letters = Letters::default();
        let all: Vec<_> = (0..SUBSCRIBERS_MAX).map(|_| letters.subscribe()).collect();
        let mut extra = letters.subscribe();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(&mut extra).poll_next(&mut cx), Poll::Ready(None)));
        drop(all);
        assert!(letters.subscribe().listeners.is_some());
    }
}
