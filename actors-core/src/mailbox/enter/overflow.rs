//! Overflow: the only interpreter of overflow lists. It says what is short, which messages could be
//! given up for it, and which are (O9).
//!
//! ```text
//!   short of        cured by
//!   the type's max  drop_oldest, drop_random, conflate alone     1 of its own for 1
//!   its key's share drop_oldest, drop_random                     1 of its own type and key for 1
//!   any of these    drop_all                                     as drop_oldest, and then the rest of its type
//!   slots, reserve  these, and evict_lower                       1 for 1: what is free for urgent messages stays so
//!   bytes           these, and evict_lower                       as many as it takes, up to 32, or none at all
//! ```
//!
//! Expired messages go first: they are purged before a living one is given up, as far as one visit
//! looks (B7). Candidates are looked at and counted before the first is touched, so none is given
//! up in vain. [`VICTIMS_MAX`] bounds how many are looked at, and with it the time under the lock.
//!
//! A word that finds victims has a branch in `Core::find_victims`; what follows its last word is in
//! `Section::last_resort`. [`Overflow`] is `#[non_exhaustive]`, so the compiler does not report a
//! missing branch: a new word finds nothing until it has one. CONTRIBUTING.md lists the other
//! places.

use crate::error::{Admission, Reason};
use crate::mailbox::core::Core;
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::class::{ClassState, PlainlyFull};
use crate::mailbox::store::slots::{CLASS, KEY, Tag};
use crate::policy::{Overflow, Priority};

/// Messages that are given up for one newcomer, at most: as many as a claim has. A type whose
/// messages differ in weight by more than this should have types of their own for the heavy ones.
const VICTIMS_MAX: usize = 32;

/// Messages that are looked at for victims, those of the value that holds most included (S7).
const LOOKED_AT: usize = 4 * VICTIMS_MAX;

/// Expired messages that are purged in one critical section, so that it is short even when a whole
/// queue has expired. The rest goes with the next newcomers, or when its turns would begin.
const PURGED_MAX: usize = 64;

/// What a newcomer lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mailbox) struct Shortage {
    /// No slot for its lane.
    slot: bool,
    /// Its type holds as many as it may.
    quota: bool,
    /// Its key holds as many as it may (S8).
    share: bool,
    /// The bytes that are missing.
    bytes: u64,
}

impl Shortage {
    fn is_met_by(&self, victims: &Victims) -> bool {
        let needs_one = self.slot || self.quota || self.share;
        victims.len >= usize::from(needs_one) && victims.bytes >= self.bytes
    }
}

/// Messages that would be given up.
struct Victims {
    slots: [SlotId; VICTIMS_MAX],
    len: usize,
    bytes: u64,
}

impl Victims {
    fn none() -> Self {
        Victims { slots: [SlotId::new(0); VICTIMS_MAX], len: 0, bytes: 0 }
    }

    fn add(&mut self, slot: SlotId, weight: u32) {
        self.slots[self.len] = slot;
        self.len += 1;
        self.bytes += u64::from(weight);
    }

    fn is_full(&self) -> bool {
        self.len == VICTIMS_MAX
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Purges expired messages, at most 64, and lets in the senders that waited for their slots
    /// (O9). Returns whether any had expired.
    pub(in crate::mailbox) fn purge_expired(&mut self) -> bool {
        if !self.queue.may_expire() {
            return false;
        }
        let now = (self.now)();
        let (mut has_purged, mut moved) = (false, 0);
        for _ in 0..PURGED_MAX {
            let Some(expired) = self.queue.next_expired(now, &mut moved) else { break };
            self.lose_queued(expired, Reason::Expired);
            has_purged = true;
        }
        self.work.add(moved);
        self.grant();
        has_purged
    }

    /// Admits a newcomer where there is room. An early random drop may keep some of the room free.
    pub(in crate::mailbox) fn enter_room(&mut self, item: T, tag: Tag) -> Offer<Message, T> {
        let unlucky = self.draw_early(tag.class);
        self.take_token(tag.class, tag.cost, false);
        let place = self.push(item, tag);
        let Some(unlucky) = unlucky else { return Offer::Granted(place, Admission::Queued) };
        self.lose_queued(unlucky, Reason::Dropped);
        // It may have been the heavier one.
        self.grant();
        Offer::Granted(place, Admission::Displaced)
    }

    /// Tries the words of the list in order where there is no room (O9).
    pub(in crate::mailbox) fn overflow(
        &mut self,
        item: T,
        tag: Tag,
        when_full: WhenFull,
    ) -> Offer<Message, T> {
        let class = tag.class;
        let has_line = self.is_behind_others(&tag);
        if has_line && self.queue.classes[class].blocks() {
            return self.join(item, tag, when_full);
        }
        if self.lacks_token(class, tag.cost) {
            return self.limit(item, tag, when_full);
        }
        if self.queue.classes[class].counts.stored > 0 {
            // Whatever a word could make room for, it would pass what is stored (M1).
            return self.last_resort(item, tag, when_full);
        }
        let mut shortage = self.shortage(class, u64::from(tag.weight));
        shortage.share = self.queue.is_key_full(class, tag.hash);
        // Waiters have a right to what is free.
        shortage.slot |= has_line;
        let Some((victims, word)) = self.find_victims(&tag, shortage, None) else {
            return self.last_resort(item, tag, when_full);
        };
        let newcomer = tag.id;
        self.take_token(class, tag.cost, false);
        // In this order, so that the lane is never empty in between and keeps its place in the
        // schedule.
        let place = self.push(item, tag);
        match word {
            Overflow::DropAll => self.clear_before(class, newcomer),
            word => self.lose_all_of(&victims, word),
        }
        // What had to go for the bytes may be more than one slot.
        self.grant();
        Offer::Granted(place, Admission::Displaced)
    }

    /// Applies the last word of the list: nothing could be given up.
    fn last_resort(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Offer<Message, T> {
        match self.queue.classes[tag.class].overflow.last_resort() {
            Overflow::Block => self.join(item, tag, when_full),
            Overflow::DropNewest => self.lose_newcomer(item, tag.class, Reason::Dropped),
            _ => self.refuse(item, &tag, Reason::Full),
        }
    }

    /// Lets a newcomer take over the place of a message of its key (O7). Where it weighs more, the
    /// difference must be found.
    pub(in crate::mailbox) fn take_over(
        &mut self,
        twin: SlotId,
        item: T,
        tag: Tag,
        when_full: WhenFull,
    ) -> Offer<Message, T> {
        let (added, newcomer) = (self.bytes_over(twin, &tag), tag.id);
        let mut clears = false;
        if !self.has_bytes(tag.class, added) {
            let shortage = Shortage { bytes: self.shortage(tag.class, added).bytes, ..Shortage::default() };
            match self.find_victims(&tag, shortage, Some(twin)) {
                Some((_, Overflow::DropAll)) => clears = true,
                Some((victims, word)) => self.lose_all_of(&victims, word),
                None => return self.last_resort(item, tag, when_full),
            }
        }
        let place = self.conflate(twin, item, tag);
        if clears {
            // Only now: the twin must not be among them.
            self.clear_before(tag.class, newcomer);
        }
        // It may be the lighter one, and victims leave slots.
        self.grant();
        Offer::Granted(place, Admission::Conflated)
    }

    /// Loses the messages of a type that were queued before the newcomer (O11), as many as one
    /// visit may; another one continues.
    fn clear_before(&mut self, class: ClassId, newcomer: u64) {
        self.queue.classes[class].cleared_before = newcomer;
        self.clear_type(class);
    }

    /// Continues to lose messages that make room under `drop_all`.
    pub(in crate::mailbox) fn clear_types(&mut self) {
        self.queue.classes.ids().for_each(|class| self.clear_type(class));
    }

    fn clear_type(&mut self, class: ClassId) {
        let newcomer = self.queue.classes[class].cleared_before;
        if newcomer == 0 {
            return;
        }
        // Messages that were conflated since stand where their twins did; the others are older.
        let (mut at, mut passed) = (self.queue.classes[class].list.front(), 0);
        while let Some(slot) = at
            && passed < VICTIMS_MAX
        {
            at = self.queue.slots.link_of(CLASS, slot).next();
            if self.queue.slots.at(slot).id >= newcomer {
                passed += 1;
            } else if self.effects.may_move() {
                self.lose_queued(slot, Reason::Dropped);
            } else {
                return;
            }
        }
        self.queue.classes[class].cleared_before = 0;
    }

    /// Loses what this word gives up.
    fn lose_all_of(&mut self, victims: &Victims, word: Overflow) {
        let reason = if word == Overflow::EvictLower { Reason::Evicted } else { Reason::Dropped };
        for &slot in &victims.slots[..victims.len] {
            self.lose_queued(slot, reason);
        }
    }
}

impl<T: Item> Core<T> {
    /// Whether the list of a type says no more than "refuse" where there is no room: `reject`
    /// alone, or `block` alone for a sender that does not wait. For the fast path, which must not
    /// interpret lists.
    pub(in crate::mailbox) fn refuses_when_full(&self, class: ClassId, when_full: WhenFull) -> bool {
        match self.queue.classes[class].when_plainly_full {
            PlainlyFull::Refuse => true,
            PlainlyFull::Wait => when_full == WhenFull::Refuse,
            PlainlyFull::LongWay => false,
        }
    }

    /// Whether a message of this type and weight may have a slot now (B1, B2, B5), apart from
    /// tokens (T7).
    pub(in crate::mailbox) fn has_room(&self, class: ClassId, weight: u32) -> bool {
        self.has_slot(class, weight) && !self.is_over_soft_limit(class)
    }

    /// Whether a message may be admitted now: there is room, its key may hold one more (S8), and it
    /// has its tokens.
    pub(in crate::mailbox) fn has_room_for(&self, tag: &Tag) -> bool {
        let class = tag.class;
        let has_room = self.has_room(class, tag.weight) && !self.queue.is_key_full(class, tag.hash);
        // The line of other types is looked at apart, where a twin may matter.
        let is_fair = self.queue.classes[class].shares.is_some();
        has_room && !(is_fair && self.is_behind_others(tag)) && !self.lacks_token(class, tag.cost)
    }

    /// Whether a message must wait although there is a slot, because of the soft limit (P2): types
    /// that `block`, in its lane and above, hold as many slots as the supervisor allows. Messages
    /// of other types or of lower lanes never make it wait.
    pub(in crate::mailbox) fn is_over_soft_limit(&self, class: ClassId) -> bool {
        let own = &self.queue.classes[class];
        let Some(most) = own.soft_limit() else { return false };
        let is_like = |state: &&ClassState| state.soft_limit().is_some() && state.lane() >= own.lane();
        self.queue.classes.iter().filter(is_like).map(ClassState::held).sum::<u32>() >= most
    }

    /// Like [`has_room`](Core::has_room), without regard to the soft limit.
    pub(in crate::mailbox) fn has_slot(&self, class: ClassId, weight: u32) -> bool {
        let state = &self.queue.classes[class];
        self.queue.taken() < state.room()
            && self.queue.held(class) < state.max
            && self.has_bytes(class, weight.into())
    }

    /// Whether a message of this type may bring `added` more bytes (B2). One that brings none
    /// always may, even where other types hold more than its lane allows.
    pub(in crate::mailbox) fn has_bytes(&self, class: ClassId, added: u64) -> bool {
        added == 0 || self.queue.bytes + added <= self.queue.classes[class].room_bytes
    }

    /// How many more bytes a message has than the one whose place it takes over.
    pub(in crate::mailbox) fn bytes_over(&self, twin: SlotId, tag: &Tag) -> u64 {
        tag.weight.saturating_sub(self.queue.slots.weight(twin)).into()
    }

    /// What a message lacks that would bring `added` more bytes.
    fn shortage(&self, class: ClassId, added: u64) -> Shortage {
        let state = &self.queue.classes[class];
        Shortage {
            slot: self.queue.taken() >= state.room() || self.is_over_soft_limit(class),
            quota: self.queue.held(class) >= state.max,
            share: false,
            // Where other types hold more than this lane allows, it is enough to bring no more than
            // the victims take away.
            bytes: (self.queue.bytes + added).saturating_sub(state.room_bytes).min(added),
        }
    }

    /// Draws the message that an early drop gives up, if any: the fuller its type or its lane is,
    /// the likelier.
    fn draw_early(&mut self, class: ClassId) -> Option<SlotId> {
        let state = &self.queue.classes[class];
        let ramp = state.early?;
        let of_lane = self.queue.taken() as f64 / state.room() as f64;
        let of_type = f64::from(self.queue.held(class)) / f64::from(state.max);
        let of_bytes = self.queue.bytes as f64 / state.room_bytes as f64;
        if !self.rng.chance(ramp.probability(of_lane.max(of_type).max(of_bytes))) {
            return None;
        }
        if let Some(shares) = &state.shares {
            // Between values it is not left to chance.
            return shares.oldest_of_fullest();
        }
        let bag = state.bag.as_ref().map(|bag| &bag.0).filter(|bag| !bag.is_empty())?;
        Some(bag[self.rng.below(bag.len())])
    }

    /// Finds the messages that the first word which helps would give up, and that word. `spared` is
    /// not touched.
    fn find_victims(
        &mut self,
        tag: &Tag,
        shortage: Shortage,
        spared: Option<SlotId>,
    ) -> Option<(Victims, Overflow)> {
        let class = tag.class;
        let list = self.queue.classes[class].overflow;
        // `conflate` found no twin; alone it stands for `[conflate, drop_oldest]`.
        let is_alone = list.words().len() == 1;
        list.words().iter().find_map(|word| {
            let victims = match word {
                Overflow::DropOldest | Overflow::DropAll => self.oldest_of(tag, shortage, spared)?,
                Overflow::Conflate if is_alone => self.oldest_of(tag, shortage, spared)?,
                Overflow::DropRandom => self.some_of(tag, shortage, spared)?,
                Overflow::EvictLower if !shortage.quota && !shortage.share => {
                    self.lower_than(class, shortage)
                }
                _ => return None,
            };
            shortage.is_met_by(&victims).then_some((victims, *word))
        })
    }

    /// The oldest messages of a type, as many as needed. Where the key's share is spent, first the
    /// oldest of that key; `None` where the key has none.
    fn oldest_of(&self, tag: &Tag, shortage: Shortage, spared: Option<SlotId>) -> Option<Victims> {
        let class = tag.class;
        let (mut victims, mut spared) = (Victims::none(), spared);
        if shortage.share {
            let slot = self.queue.oldest_of_key(class, tag.hash).next()?;
            victims.add(slot, self.queue.slots.weight(slot));
            // A newcomer to a spent share has no twin.
            spared = Some(slot);
        }
        // Where values share the slots, first those of the one that holds most (S7).
        let fullest = self.queue.classes[class].shares.as_ref().and_then(|shares| shares.oldest_of_fullest());
        self.add_victims(&mut victims, shortage, (fullest, KEY), |slot| spared != Some(slot));
        let of_fullest = fullest.map(|slot| self.queue.slots.hash(slot));
        let is_next = |slot| spared != Some(slot) && of_fullest != Some(self.queue.slots.hash_of(slot));
        let oldest = self.queue.classes[class].list.front();
        self.add_victims(&mut victims, shortage, (oldest, CLASS), is_next);
        Some(victims)
    }

    /// Adds messages of a list that may be given up, as many as needed.
    fn add_victims(
        &self,
        victims: &mut Victims,
        shortage: Shortage,
        (mut at, list): (Option<SlotId>, usize),
        mut may_go: impl FnMut(SlotId) -> bool,
    ) {
        let mut looked_at = 0;
        while let Some(slot) = at
            && !shortage.is_met_by(victims)
            && !victims.is_full()
            && looked_at < LOOKED_AT
        {
            at = self.queue.slots.link_of(list, slot).next();
            looked_at += 1;
            if may_go(slot) {
                victims.add(slot, self.queue.slots.weight(slot));
            }
        }
    }

    /// Random messages of a type, as many as needed: a shuffle of its bag, from the end and only as
    /// far as needed (Fisher, Yates). Where the key's share is spent, first any of the oldest 32 of
    /// that key; `None` where there is none.
    fn some_of(&mut self, tag: &Tag, shortage: Shortage, spared: Option<SlotId>) -> Option<Victims> {
        let class = tag.class;
        if self.queue.classes[class].shares.is_some() && !shortage.share {
            // Between values it is not left to chance.
            return self.oldest_of(tag, shortage, spared);
        }
        let (mut victims, mut spared) = (Victims::none(), spared);
        if shortage.share {
            let count = self.queue.oldest_of_key(class, tag.hash).count();
            let drawn = if count > 0 { self.rng.below(count) } else { 0 };
            let slot = self.queue.oldest_of_key(class, tag.hash).nth(drawn)?;
            victims.add(slot, self.queue.slots.weight(slot));
            // A newcomer to a spent share has no twin.
            spared = Some(slot);
        }
        let Core { queue, rng, .. } = self;
        let Some(bag) = &mut queue.classes[class].bag else { return Some(victims) };
        let bag = &mut bag.0;
        let mut rest = bag.len();
        while rest > 0 && !shortage.is_met_by(&victims) && !victims.is_full() {
            let drawn = rng.below(rest);
            rest -= 1;
            bag.swap(drawn, rest);
            for at in [drawn, rest] {
                queue.slots.extra_mut(bag[at]).bag_at = at as u32;
            }
            if spared != Some(bag[rest]) {
                victims.add(bag[rest], queue.slots.weight(bag[rest]));
            }
        }
        Some(victims)
    }

    /// The newest messages of the lowest lane that has any, of droppable types strictly below, as
    /// many as needed (O6).
    fn lower_than(&self, class: ClassId, shortage: Shortage) -> Victims {
        let mut victims = Victims::none();
        let top = self.queue.classes[class].lane();
        for lane in 0..top.min(Priority::COUNT) {
            let is_here = |state: &ClassState| state.lane() == lane && state.is_evictable;
            // The newest message that is left of each type.
            let mut ends: Vec<SlotId> = self
                .queue
                .classes
                .iter()
                .filter(|state| is_here(state))
                .filter_map(|state| state.list.back())
                .collect();
            while !shortage.is_met_by(&victims) && !victims.is_full() {
                let newest = (0..ends.len()).max_by_key(|&at| self.queue.slots.at(ends[at]).id);
                let Some(at) = newest else { break };
                let slot = ends[at];
                victims.add(slot, self.queue.slots.weight(slot));
                match self.queue.slots.link_of(CLASS, slot).prev() {
                    Some(earlier) => ends[at] = earlier,
                    None => drop(ends.swap_remove(at)),
                }
            }
        }
        victims
    }
}
