//! Runs critical sections of the mailbox, and applies their effects after the lock is released.
//!
//! Effects are wake-ups, a task to start, requests for a sample or for stored messages, lost
//! messages, and a search for cycles of waits. All of them may run foreign code, so none of them
//! happens under the lock (B6).

use super::{Cell, Packed, Seat};
use crate::actor::Actor;
use crate::clock::{self, Tick};
use crate::mailbox::{Effects, Section, Ticks, Wake, WorkerId};
use crate::tasks;
use crate::wakers::wake;
use std::sync::{Arc, Weak};

impl<A: Actor> Cell<A> {
    /// Wakes the consumer after a push. Most pushes wake nothing, so that case is checked inline.
    #[inline(always)]
    pub(crate) fn wake(self: &Arc<Self>, next: Wake) {
        if !matches!(next, Wake::Nothing) {
            self.wake_now(next);
        }
    }

    #[inline(never)]
    fn wake_now(self: &Arc<Self>, next: Wake) {
        match next {
            Wake::Nothing => {}
            Wake::Task(waker) => wake(waker),
            Wake::Spawn => self.start_task(WorkerId::ONLY, None),
        }
    }

    /// Runs one critical section of the mailbox, then applies its effects.
    pub(crate) fn visit<R>(
        self: &Arc<Self>,
        visit: impl FnOnce(&mut Section<'_, Packed<A>, Box<Seat<A>>>) -> R,
    ) -> R {
        let mut effects = Effects::new();
        let result = self.mailbox.visit(&mut effects, visit);
        self.apply(&mut effects);
        result
    }

    /// Applies the effects of critical sections. The caller holds no lock.
    #[inline]
    pub(crate) fn apply(self: &Arc<Self>, effects: &mut Effects<Packed<A>>) {
        if !effects.is_empty() {
            self.apply_all(effects);
        }
    }

    fn apply_all(self: &Arc<Self>, effects: &mut Effects<Packed<A>>) {
        loop {
            if effects.wake() {
                self.start_task(WorkerId::ONLY, None);
            }
            if effects.take_sample_request() {
                self.request_sample();
            }
            if let Some((ticks, first)) = effects.take_ticks_request() {
                self.start_ticks(ticks, first);
            }
            if effects.take_tells_producers() {
                self.publish_pressure();
            }
            if effects.take_fetch_request() {
                self.start_fetch();
            }
            if !effects.lost.is_empty() {
                effects.lost.take().for_each(|lost| self.drop_lost(lost));
            }
            if !effects.take_unfinished() {
                break;
            }
            self.mailbox.visit(effects, |section| section.resume());
        }
        if effects.take_review() {
            self.review_waits();
        }
    }

    /// Lets in senders in line as tokens of their rates come (T7). The task ends when none waits
    /// for one.
    fn start_ticks(self: &Arc<Self>, ticks: Ticks, first: Tick) {
        let (cell, rt): (Weak<Self>, _) = (Arc::downgrade(self), self.rt.clone());
        if !clock::has_timers(&rt) {
            // The next visit to the mailbox lets them in.
            return;
        }
        tasks::spawn(&rt, format_args!("{}: tokens", self.name()), async move {
            let mut due = first;
            while let Some(instant) = clock::instant(due) {
                tokio::time::sleep_until(instant).await;
                let Some(cell) = cell.upgrade() else { return };
                match cell.visit(|section| section.tick(ticks)) {
                    Some(next) => due = next,
                    None => return,
                }
            }
        });
    }

    /// Requests samples of the mailbox from the supervisor.
    pub(crate) fn request_sample(self: &Arc<Self>) {
        let this: Weak<Self> = Arc::downgrade(self);
        self.system.watchlist().add(this, &self.rt);
        self.system.watch_turns(&self.rt);
    }
}
