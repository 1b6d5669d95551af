//! Donated turns (S6): a sender that finds the actor idle takes the seat, runs the turn of its own
//! message, and returns the seat.
//!
//! ```text
//!   sender   lock: idle? nothing queued? ─► seat, message in service ─► its turn ─► lock: handled, seat back ─► wake, if …
//!   others   queue up meanwhile; they wake no task, because the holder of the seat looks at the queue when it returns it
//! ```
//!
//! The message never enters the queue, so it holds no slot. Nothing else changes: there is one
//! seat, and its holder runs turns. A consumer that comes while the seat is away goes back to
//! sleep, whatever it came for, and is woken when the seat returns. If the turn has to wait, its
//! seat does not return here: the turn is suspended, and the consumer takes both over.

use crate::clock;
use crate::clock::Span;
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::consumers::Consumers;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::Wake;
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Inner, Mailbox, Section};
use crate::policy::{Donation, WhileBusy};
use crate::sync::spin_loop;
use std::time::Duration;

/// How long a sender waits for the seat before it takes the way through the queue: as long as a
/// claim may last (S3).
const WAIT: Duration = Duration::from_micros(20);
/// Spins between two looks at whether the seat is back. A thread that looks more often takes the
/// lock's cache line away from the consumer.
const SPINS: u32 = 32;
/// The most looks: more than fit into [`WAIT`], so that the wait ends where the clock stands still
/// too ([`clock::freeze_cpu_clock`]).
const LOOKS: u32 = 64;

/// The answer to a sender that asks for the seat.
pub(crate) enum SeatAttempt<S> {
    /// The sender has it, and must return it. `is_timed`: it must measure the turn.
    Taken { seat: S, is_timed: bool },
    /// Another thread has it, but not for long.
    Busy,
    /// The message must go through the queue, and so should this many after it.
    Crowded(u16),
    /// The message must go through the queue.
    Unavailable,
}

/// What a sender did with the seat.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SeatUse {
    /// The turn returned; how long it took, if that was to be measured.
    Handled(Span),
    /// The turn panicked: the seat must not be used again.
    Panicked,
    /// The turn did not begin, and the message is the sender's again.
    Unused,
}

impl<T: Item, S> Mailbox<T, S> {
    /// Takes the seat for one turn of this type, if it is here, nothing is queued, no sender waits,
    /// there would be room, and turns of the type are short. The message counts as offered and in
    /// service from here on.
    ///
    /// Such a message never passes `enter/`. A rule that may refuse a message although the mailbox
    /// is empty must be checked here too. Keys, ttls and early drops need no check: nothing is
    /// queued that could be replaced, and the message does not wait.
    #[inline]
    pub(crate) fn take_seat(&self, class: ClassId, is_ask: bool) -> SeatAttempt<S> {
        let mut inner = self.lock();
        let Inner { consumers, core } = &mut *inner;
        let Consumers::One(one) = consumers else { return SeatAttempt::Unavailable };
        let (used, taken) = (core.queue.used(), core.queue.taken());
        let is_open = core.is_open() && core.lines.owed() == 0 && !core.queue.is_weighed;
        let held = core.queue.held(class);
        let state = &mut core.queue.classes[class];
        // A token needs the time, so messages of a rated type go through the queue.
        if !is_open || state.is_rated || taken >= state.room() || held >= state.max {
            return SeatAttempt::Unavailable;
        }
        if one.seat.is_none() || used > 0 {
            return match state.short_turns.while_busy(is_ask) {
                WhileBusy::Wait => SeatAttempt::Busy,
                WhileBusy::Queue(sends) => SeatAttempt::Crowded(sends),
            };
        }
        if !one.is_ready || core.is_held {
            return SeatAttempt::Unavailable;
        }
        let is_timed = match state.short_turns.donation() {
            Donation::No => return SeatAttempt::Crowded(state.short_turns.leave_out(is_ask)),
            Donation::Yes => false,
            Donation::Timed => true,
        };
        let Some(seat) = one.seat.take() else { unreachable!("it was found above, under this lock") };
        state.counts.offered += 1;
        state.counts.in_service += 1;
        self.set_home(false);
        SeatAttempt::Taken { seat, is_timed }
    }

    /// Waits a moment for the seat, and for the queue to be empty. Returns the seat, and whether
    /// the turn must be measured.
    #[cold]
    pub(crate) fn wait_for_seat(&self, class: ClassId, is_ask: bool) -> Option<(S, bool)> {
        let (began, mut taken) = (clock::cpu(), None);
        for _ in 0..LOOKS {
            if clock::cpu().saturating_duration_since(began) >= WAIT {
                break;
            }
            (0..SPINS).for_each(|_| spin_loop());
            if !self.may_have_seat() {
                continue;
            }
            // Another sender may be quicker.
            match self.take_seat(class, is_ask) {
                SeatAttempt::Taken { seat, is_timed } => {
                    taken = Some((seat, is_timed));
                    break;
                }
                SeatAttempt::Busy => {}
                SeatAttempt::Crowded(_) | SeatAttempt::Unavailable => break,
            }
        }
        self.lock().core.queue.classes[class].short_turns.waited(taken.is_none(), is_ask);
        taken
    }

    /// Returns the seat; the turn is over. Returns what to wake, or the seat to drop where the
    /// consumer has ended meanwhile.
    #[inline]
    pub(crate) fn return_seat(&self, class: ClassId, seat: S, used: SeatUse) -> Result<Wake, S> {
        let mut inner = self.lock();
        let Inner { consumers, core } = &mut *inner;
        let Consumers::One(one) = consumers else {
            unreachable!("only a single consumer's seat can be taken")
        };
        let is_used = u64::from(!matches!(used, SeatUse::Unused));
        (core.ids, core.turns) = (core.ids + is_used, core.turns + is_used);
        let state = &mut core.queue.classes[class];
        state.counts.in_service -= 1;
        match used {
            SeatUse::Unused => state.counts.offered -= 1,
            SeatUse::Handled(span) => {
                state.counts.handled += 1;
                if let Some(span) = span.get() {
                    state.short_turns.took(span);
                }
            }
            SeatUse::Panicked => {
                state.counts.lose(Stage::Lost, Reason::Panicked);
                (one.is_poisoned, one.is_ready) = (true, false);
            }
        }
        if core.phase == Phase::Ended {
            return Err(seat);
        }
        one.seat = Some(seat);
        let is_idle = core.queue.used() == 0;
        if !is_idle {
            core.must_look();
        }
        self.set_home(is_idle);
        let wake = match one.is_poisoned || one.must_restart || !core.is_open() {
            // Not only if it sleeps: the consumer may have come while the seat was away.
            true => one.wake(),
            false if !is_idle => inner.wake_one(),
            false => Wake::Nothing,
        };
        Ok(wake)
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// The turn that was begun with the seat has to wait, and is left to the consumer. In the books
    /// it becomes a claim of one turn that has begun. Returns what to wake; `None` if the consumer
    /// has ended meanwhile: then the turn counts as lost, and its seat is the caller's.
    ///
    /// `took`: how long it counts as a turn of its type, if it counts.
    pub(crate) fn suspend(&self, class: ClassId, took: Option<Duration>) -> Option<Wake> {
        let mut inner = self.lock();
        let Inner { consumers, core } = &mut *inner;
        let Consumers::One(one) = consumers else {
            unreachable!("only a single consumer's seat can be taken")
        };
        if core.phase == Phase::Ended {
            core.lose_seatless(class, Reason::Closed);
            return None;
        }
        let state = &mut core.queue.classes[class];
        let lane = state.lane();
        if let Some(took) = took {
            state.short_turns.took(took);
        }
        // What the consumer has ended must be entered before its claim is replaced.
        core.settle_books(&self.signals);
        core.claim.only(NO_SLOT, class, lane);
        core.claim.thread = NO_THREAD;
        self.signals.set_progress(1);
        let now = (core.now)();
        core.saw(now);
        core.drain.busy(now, core.turns);
        core.watched.began(now, now);
        core.ids += 1;
        one.is_suspended = true;
        // Always: what the turn waits for may have come before it was here.
        Some(one.wake())
    }

    /// What a suspended turn waits for has come. Returns what to wake. While the seat is here there
    /// is no such turn.
    pub(crate) fn wake_turn(&self) -> Wake {
        let mut inner = self.lock();
        let is_over = inner.core.phase == Phase::Ended;
        match &mut inner.consumers {
            Consumers::One(one) if one.seat.is_none() && !is_over => one.wake(),
            _ => Wake::Nothing,
        }
    }

    /// The turn that was begun with the seat panicked, and its seat is gone with the consumer.
    #[cold]
    pub(crate) fn fail_without_seat(&self, class: ClassId) {
        self.lock().core.lose_seatless(class, Reason::Panicked);
    }
}

/// A suspended turn's message never had a slot. Its turn has begun, so the claim does not free it.
const NO_SLOT: SlotId = SlotId::new(0);
/// No address of a thread's number.
const NO_THREAD: usize = 0;

impl<T: Item> Core<T> {
    /// Loses the message of a turn whose seat does not come back.
    fn lose_seatless(&mut self, class: ClassId, reason: Reason) {
        (self.ids, self.turns) = (self.ids + 1, self.turns + 1);
        let counts = &mut self.queue.classes[class].counts;
        counts.in_service -= 1;
        counts.lose(Stage::Lost, reason);
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Whether a sender has left a turn that the consumer has not taken over; now it does.
    pub(crate) fn take_suspension(&mut self) -> bool {
        self.consumers.one().is_some_and(|one| std::mem::take(&mut one.is_suspended))
    }
}
