//! Refusals without the lock: a notice on the door.
//!
//! ```text
//!   a refusal under the lock    posts: "full as of turn 7", for its message type
//!   the next sender             reads: is turn 7 still the latest that has begun? then it is refused here
//!   the next holder of the lock takes all notices down
//! ```
//!
//! A full mailbox gets room in two ways: the consumer begins a turn, which its progress shows
//! without the lock; or something happens under the lock. Both end a notice, so while it hangs and
//! its turn is the latest, there is no room. A sender reads the notice, the progress, and the
//! notice again: if it has not changed, nothing has taken the lock between the two readings, so the
//! progress belongs to the claim that the notice is about.
//!
//! **Order.** The holder of the lock takes a notice down before it can publish further progress,
//! which it does with `Release`. A sender that reads that progress, with `Acquire`, finds the
//! notice changed at its second reading. A notice is never posted twice with the same number,
//! except after 2^31 others.
//!
//! **Books.** Such a refusal is counted in one of a few stripes, by thread. Whatever reads the
//! books enters the stripes first ([`Section::enter_refused`]), so the ledger is exact for every
//! refusal that has happened before the reading.
//!
//! **Expiry.** A message that expires makes room, and shortens the way of those behind it. So a
//! notice ends when the first queued message may expire, and only then does a sender read the
//! clock. These instants are stored with `Release` and read with `Acquire`: a sender that reads the
//! one of a later notice finds the word of its own changed at the second reading.
//!
//! **Doomed asks.** A second kind of notice says when an ask of a type would be answered (T4):
//! where its deadline is sooner, it is refused here. That instant may only become later while the
//! notice hangs, because the backlog stays as it is. Order and books are as above.
//!
//! **The wait.** `retry_after` is spread around the wait that was computed when the notice was
//! posted. After 32 refusals of a stripe the notice comes down, so that the next one computes the
//! wait anew. Where the wait is the age of the running turn, it is computed in place after 8. While
//! neither a rate nor a running turn is known, the wait doubles with each refusal (P9): no notice
//! is posted before it has reached its limit.
//!
//! **Price.** A send reads one pointer beside the lock. Whether notices hang is a part of a flag
//! that each holder of the lock looks at anyway. The memory is made with the first notice.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::Core;
use crate::mailbox::enter::outcome::WhenFull;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::signals::Signals;
use crate::policy::{Rng, spread_span};
use crate::stripes::{Before, STRIPES, Stripes};
use crate::sync::atomic::{AtomicU64, Ordering};

/// In a notice: also senders that would wait are refused. Below it is the number of the turn, above
/// it the number of the notice.
const FOR_ALL: u64 = 1 << 32;

/// The notices of a mailbox, two per message type, and what was refused by them.
#[derive(Debug)]
pub(in crate::mailbox) struct Notices {
    types: Box<[Notice]>,
    dooms: Box<[Doom]>,
    /// When the first message that was queued when a notice was posted may expire, in nanoseconds.
    until: AtomicU64,
    /// By type, and behind these the doomed ones by type.
    refused: Stripes,
    /// Where the random numbers that spread the waits begin.
    seed: u64,
}

#[derive(Debug)]
struct Notice {
    /// 0 if there is none.
    word: AtomicU64,
    /// The wait around which `retry_after` is spread, in nanoseconds.
    wait: AtomicU64,
    /// For how many refusals of a stripe the wait is good.
    good_for: AtomicU64,
    /// When the turn began whose age is the wait, in nanoseconds; 0 where it is another wait.
    began: AtomicU64,
    /// What was refused without the lock, as far as the books know. Used under the lock.
    entered: AtomicU64,
}

/// A notice about the time at which an ask would be answered.
#[derive(Debug)]
struct Doom {
    /// As in a [`Notice`].
    word: AtomicU64,
    /// In nanoseconds.
    answered: AtomicU64,
    /// As in a [`Notice`].
    entered: AtomicU64,
}

impl Notices {
    fn new(types: usize, rng: Rng) -> Box<Self> {
        let zero = || AtomicU64::new(0);
        let notice =
            |_| Notice { word: zero(), wait: zero(), good_for: zero(), began: zero(), entered: zero() };
        let doom = |_| Doom { word: zero(), answered: zero(), entered: zero() };
        Box::new(Notices {
            types: (0..types).map(notice).collect(),
            dooms: (0..types).map(doom).collect(),
            until: AtomicU64::new(Tick::NEVER.as_nanos()),
            refused: Stripes::new(2 * types),
            seed: rng.nth(0),
        })
    }

    /// A number for each refusal of each stripe; the spread makes it random.
    fn number(&self, before: Before) -> u64 {
        self.seed.wrapping_add(before.count * STRIPES as u64 + before.stripe as u64)
    }

    /// Refuses an ask that would be answered after its deadline, if a notice says so, and counts
    /// it. Returns when to retry.
    fn refuse_doomed(
        &self,
        class: ClassId,
        deadline: Tick,
        signals: &Signals,
        now: fn() -> Tick,
    ) -> Option<Span> {
        let doom = &self.dooms[class.index()];
        let word = doom.word.load(Ordering::Acquire);
        if word == 0 || word as u32 != signals.begun() {
            return None;
        }
        let answered = Tick::from_nanos(doom.answered.load(Ordering::Acquire));
        let until = Tick::from_nanos(self.until.load(Ordering::Acquire));
        if doom.word.load(Ordering::Relaxed) != word || answered <= deadline || has_come(until, now) {
            return None;
        }
        let before = self.refused.add(self.types.len() + class.index(), 1);
        Some(spread_span(Span::of(answered.since(deadline)), self.number(before)))
    }

    /// Refuses a message of this type if a notice says so, and counts it. Returns when to retry.
    #[inline]
    fn refuse(
        &self,
        class: ClassId,
        when_full: WhenFull,
        signals: &Signals,
        now: fn() -> Tick,
    ) -> Option<Span> {
        let notice = &self.types[class.index()];
        let word = notice.word.load(Ordering::Acquire);
        let is_for_all = word & FOR_ALL != 0;
        if word == 0 || word as u32 != signals.begun() || (when_full == WhenFull::Wait && !is_for_all) {
            return None;
        }
        let wait = notice.wait.load(Ordering::Relaxed);
        let good_for = notice.good_for.load(Ordering::Relaxed);
        let until = Tick::from_nanos(self.until.load(Ordering::Acquire));
        if notice.word.load(Ordering::Relaxed) != word || has_come(until, now) {
            return None;
        }
        let before = self.refused.add(class.index(), 1);
        if (before.count + 1) & (good_for - 1) == 0 {
            notice.renew(word, signals, now);
        }
        Some(spread_span(Span::from_nanos(wait), self.number(before)))
    }
}

/// Whether an instant has come; the clock is read only where it may.
#[inline]
fn has_come(instant: Tick, now: fn() -> Tick) -> bool {
    instant != Tick::NEVER && instant <= now()
}

impl Notice {
    /// The wait is no longer good: computes it anew, or lets the next refusal under the lock do it.
    #[cold]
    fn renew(&self, word: u64, signals: &Signals, now: fn() -> Tick) {
        let began = self.began.load(Ordering::Relaxed);
        if began == 0 || !signals.is_in_turn() {
            // Another notice may hang by now; that one stays.
            let _ = self.word.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        let age = Span::of(now().since(Tick::from_nanos(began)));
        self.wait.store(age.nanos(), Ordering::Relaxed);
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// Whether a notice was ever posted.
    #[inline(always)]
    pub(crate) fn has_had_notices(&self) -> bool {
        self.notices.get().is_some()
    }

    /// Refuses a plain message without the lock, if it is known that there is no room for it.
    /// Returns when to retry.
    #[inline(always)]
    pub(crate) fn refuse_at_once(&self, class: ClassId, when_full: WhenFull) -> Option<Span> {
        self.notices.get()?.refuse(class, when_full, &self.signals, self.now)
    }

    /// Whether a notice about doomed asks of this type hangs, at a glance.
    #[inline(always)]
    pub(crate) fn has_doom_notice(&self, class: ClassId) -> bool {
        let word = |notices: &Notices| notices.dooms[class.index()].word.load(Ordering::Relaxed);
        self.notices.get().is_some_and(|notices| word(notices) != 0)
    }

    /// Refuses an ask without the lock, if it is known that it would be answered after its
    /// deadline. Returns when to retry.
    pub(crate) fn refuse_doomed_at_once(&self, class: ClassId, deadline: Tick) -> Option<Span> {
        self.notices.get()?.refuse_doomed(class, deadline, &self.signals, self.now)
    }

    /// Posts when an ask of this type would be answered. The progress is in the books.
    pub(in crate::mailbox) fn post_doom(&self, core: &mut Core<T>, class: ClassId, answered: Tick) {
        let notices = self.notices.get_or_init(|| Notices::new(self.classes.len(), core.rng));
        let doom = &notices.dooms[class.index()];
        core.notices = core.notices.wrapping_add(1);
        let word = u64::from(core.notices) << 33 | FOR_ALL | u64::from(core.claim.begun());
        doom.answered.store(answered.as_nanos(), Ordering::Release);
        notices.until.store(core.queue.purge_due().as_nanos(), Ordering::Release);
        // Release: what it says is there before the notice.
        doom.word.store(word, Ordering::Release);
    }

    /// Posts that there is no room for messages of this type. The progress is in the books. Returns
    /// the wait: the one that is passed, or the age of the running turn as of now where that is it.
    ///
    /// `good_for`: for how many refusals the wait is good, a power of two.
    pub(in crate::mailbox) fn post(
        &self,
        core: &mut Core<T>,
        class: ClassId,
        wait: Span,
        good_for: u32,
    ) -> Span {
        let notices = self.notices.get_or_init(|| Notices::new(self.classes.len(), core.rng));
        let notice = &notices.types[class.index()];
        core.notices = core.notices.wrapping_add(1);
        let is_for_all = core.refuses_when_full(class, WhenFull::Wait);
        let number = u64::from(core.notices) << 33;
        let word = number | u64::from(is_for_all) << 32 | u64::from(core.claim.begun());
        let began = core.turn_began().filter(|_| core.drain.rate() <= 0.0);
        let wait = began.map_or(wait, |began| Span::of((core.now)().since(began)));
        notice.wait.store(wait.nanos(), Ordering::Relaxed);
        notice.good_for.store(good_for.into(), Ordering::Relaxed);
        notice.began.store(began.map_or(0, Tick::as_nanos), Ordering::Relaxed);
        notices.until.store(core.queue.purge_due().as_nanos(), Ordering::Release);
        // Release: the wait is there before the notice.
        notice.word.store(word, Ordering::Release);
        wait
    }

    /// Takes all notices down: the lock was taken.
    pub(in crate::mailbox) fn take_down(&self) {
        let Some(notices) = self.notices.get() else { return };
        notices.types.iter().for_each(|notice| notice.word.store(0, Ordering::Relaxed));
        notices.dooms.iter().for_each(|doom| doom.word.store(0, Ordering::Relaxed));
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Enters what was refused without the lock into the books.
    pub(in crate::mailbox) fn enter_refused(&mut self) {
        let Some(notices) = self.mailbox.notices.get() else { return };
        let classes = self.core.queue.classes.iter_mut().enumerate();
        for (at, state) in classes {
            let (full, doomed) = (&notices.types[at].entered, &notices.dooms[at].entered);
            let doomed = (at + notices.types.len(), doomed, Reason::Doomed);
            for (counter, entered, reason) in [(at, full, Reason::Full), doomed] {
                let all = notices.refused.sum(counter);
                let new = all - entered.swap(all, Ordering::Relaxed);
                if new > 0 {
                    state.counts.offered += new;
                    state.counts.lose_many(Stage::Refused, reason, new);
                    self.core.ids += new;
                }
            }
        }
    }
}
