//! Donated turns (S6): a sender that finds the actor idle takes the seat, runs its own message's turn, and brings the seat back.
//!
//! ```text
//!   sender   lock: idle? nothing queued? ─► seat, message in service ─► its turn ─► lock: handled, seat back ─► wake, if …
//!   others   queue up meanwhile; nobody is woken for them, because whoever has the seat looks when it comes back
//! ```
//!
//! The message never enters the queue, so it holds no slot; nothing else changes: there is one seat, whoever has it. A consumer
//! that comes while the seat is lent goes back to sleep, whatever it came for, and is woken when the seat is back.

use crate::clock;
use crate::clock::Span;
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::Phase;
use crate::mailbox::effects::Wake;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Inner, Mailbox};
use crate::mailbox::staff::Staff;
use crate::policy::Donation;
use crate::sync::spin_loop;
use std::time::Duration;

/// How long a sender waits for the seat before it goes another way: as long as a claim may last (S3).
const WAIT: Duration = Duration::from_micros(20);
/// Pauses between two looks at whether it is back. Who looks more often takes the lock's cache line away from whoever is at work.
const SPINS: u32 = 32;
/// At most so many looks: more than fit into [`WAIT`], so that the wait ends where the clock stands still too
/// ([`clock::freeze_cpu_clock`]).
const LOOKS: u32 = 64;

/// What came of the wish to run a turn.
pub(crate) enum Lend<S> {
    Yes(Loan<S>),
    No,
    /// Somebody is at work, but not for long.
    Soon,
}

/// A seat that was lent, and whether the turn is to be timed.
pub(crate) struct Loan<S> {
    pub(crate) seat: S,
    pub(crate) is_timed: bool,
}

/// How a donated turn went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Donated {
    /// It returned; how long it took, if that was to be measured.
    Handled(Span),
    /// It panicked: the seat is not to be used again.
    Panicked,
    /// It did not begin, and the message is the sender's again.
    Unused,
}

/// What follows from a seat's return, once the lock is free.
pub(crate) struct Returned<S> {
    pub(crate) rouse: Wake,
    /// The consumer ended meanwhile: the seat is the caller's to drop.
    pub(crate) left: Option<S>,
}

impl<T: Item, S> Mailbox<T, S> {
    /// The seat, for one turn of this type, if nothing speaks against it: nobody is at work, nothing is queued, nobody waits,
    /// there would be room, and turns of the type are short. The message counts as offered and in service from here on.
    #[inline]
    pub(crate) fn lend(&self, class: ClassId) -> Lend<S> {
        let mut inner = self.lock();
        let Inner { staff, core } = &mut *inner;
        let Staff::One(one) = staff else { return Lend::No };
        let (used, taken) = (core.queue.used(), core.queue.taken());
        let is_open = core.is_open() && core.lines.waiting() == 0 && !core.queue.is_weighed;
        let state = &mut core.queue.classes[class];
        if !is_open || taken >= state.room() || state.held() >= state.max {
            return Lend::No;
        }
        if one.seat.is_none() || used > 0 {
            return if state.short_turns.may_wait() { Lend::Soon } else { Lend::No };
        }
        if !one.is_ready || core.is_held {
            return Lend::No;
        }
        let is_timed = match state.short_turns.donation() {
            Donation::No => return Lend::No,
            Donation::Yes => false,
            Donation::Timed => true,
        };
        let Some(seat) = one.seat.take() else { unreachable!("it was found above, under this lock") };
        state.counts.offered += 1;
        state.counts.in_service += 1;
        core.ids += 1;
        self.signals.set_home(false);
        Lend::Yes(Loan { seat, is_timed })
    }

    /// Waits a moment for the seat, and for the queue to be empty.
    #[cold]
    pub(crate) fn lend_soon(&self, class: ClassId, is_ask: bool) -> Option<Loan<S>> {
        let (began, mut loan) = (clock::cpu(), None);
        for _ in 0..LOOKS {
            if clock::cpu().saturating_duration_since(began) >= WAIT {
                break;
            }
            (0..SPINS).for_each(|_| spin_loop());
            if !self.signals.is_home() {
                continue;
            }
            // Somebody else may be quicker.
            match self.lend(class) {
                Lend::Yes(lent) => {
                    loan = Some(lent);
                    break;
                }
                Lend::Soon => {}
                Lend::No => break,
            }
        }
        self.lock().core.queue.classes[class].short_turns.waited(loan.is_none(), is_ask);
        loan
    }

    /// The seat comes back, and the turn is over.
    #[inline]
    pub(crate) fn take_back(&self, class: ClassId, seat: S, donated: Donated) -> Returned<S> {
        let mut inner = self.lock();
        let Inner { staff, core } = &mut *inner;
        let Staff::One(one) = staff else { unreachable!("only a single consumer's seat can be taken") };
        core.turns += u64::from(!matches!(donated, Donated::Unused));
        let state = &mut core.queue.classes[class];
        state.counts.in_service -= 1;
        match donated {
            Donated::Unused => state.counts.offered -= 1,
            Donated::Handled(span) => {
                state.counts.handled += 1;
                if let Some(span) = span.get() {
                    state.short_turns.took(span);
                }
            }
            Donated::Panicked => {
                state.counts.lose(Stage::Lost, Reason::Panicked);
                (one.is_poisoned, one.is_ready) = (true, false);
            }
        }
        if core.phase == Phase::Ended {
            return Returned { rouse: Wake::Nothing, left: Some(seat) };
        }
        one.seat = Some(seat);
        let is_idle = core.queue.used() == 0;
        self.signals.set_home(is_idle);
        let rouse = match one.is_poisoned || one.must_renew || !core.is_open() {
            // Not only if it sleeps: it may have come while the seat was away.
            true => one.wake(),
            false if !is_idle => inner.wake_one(),
            false => Wake::Nothing,
        };
        Returned { rouse, left: None }
    }
}
