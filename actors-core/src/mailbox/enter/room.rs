//! When there is no room: what is short, who could be given up for it, and who is (O9). A part of the critical section.
//!
//! ```text
//!   short of        cured by
//!   the type's max  drop_oldest, drop_random, conflate alone     1 of its own for 1
//!   its key's share drop_oldest, drop_random                     1 of its own type and key for 1
//!   slots, reserve  these, and evict_lower                       1 for 1: what is free for urgent messages stays so
//!   bytes           these, and evict_lower                       as many as it takes, up to 32, or none at all
//! ```
//!
//! Expired messages go first: they are purged before a living one is given up, as far as one visit
//! looks (B7). Candidates are looked at and counted before the first is touched, so none is given up
//! in vain; [`VICTIMS_MAX`] bounds how many are looked at, and with it the time under the lock.

use crate::error::{Admission, Reason};
use crate::mailbox::core::Core;
use crate::mailbox::enter::verdict::{Entrance, Verdict};
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::kind::Kind;
use crate::mailbox::store::slots::{KIND, Tag};
use crate::policy::{Overflow, Priority};

/// Messages that are given up for one, at most. A type whose messages differ in weight by more than this should have types of
/// its own for the heavy ones; and so long a claim is, too.
pub(in crate::mailbox) const VICTIMS_MAX: usize = 32;

/// Dead messages that are cleared away in one critical section, so that it is short even when a whole queue has expired. The rest
/// goes with the next newcomers, or when its turns would begin.
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
    /// So many bytes.
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
    keys: [u32; VICTIMS_MAX],
    len: usize,
    bytes: u64,
}

impl Victims {
    fn none() -> Self {
        Victims { keys: [0; VICTIMS_MAX], len: 0, bytes: 0 }
    }

    fn add(&mut self, key: u32, weight: u32) {
        self.keys[self.len] = key;
        self.len += 1;
        self.bytes += u64::from(weight);
    }

    fn is_full(&self) -> bool {
        self.len == VICTIMS_MAX
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Purges dead messages, at most 64, and lets in the senders that waited for their slots (O9). `false` where none was dead.
    pub(in crate::mailbox) fn purge_expired(&mut self) -> bool {
        if !self.queue.may_die() {
            return false;
        }
        let now = (self.now)();
        let (mut has_buried, mut moved) = (false, 0);
        for _ in 0..PURGED_MAX {
            let Some(dead) = self.queue.next_dead(now, &mut moved) else { break };
            self.give_up(dead, Reason::Expired);
            has_buried = true;
        }
        self.work.add(moved);
        self.grant();
        has_buried
    }

    /// There is room; an early random drop may keep some of it free.
    pub(in crate::mailbox) fn enter_room(&mut self, item: &mut Option<T>, tag: Tag) -> Verdict {
        let unlucky = self.draw_early(usize::from(tag.class));
        let place = self.push(item.take(), tag);
        let Some(unlucky) = unlucky else { return Verdict::In(place, Admission::Queued) };
        self.give_up(unlucky, Reason::Dropped);
        // It may have been the heavier.
        self.grant();
        Verdict::In(place, Admission::Displaced)
    }

    /// There is no room: the declared words are tried in order (O9).
    pub(in crate::mailbox) fn overflow(
        &mut self,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance,
    ) -> Verdict {
        let class = usize::from(tag.class);
        let list = self.queue.kinds[class].overflow;
        let has_line = self.queue.kinds[class].in_line > 0;
        if has_line && list.last_resort() == Overflow::Block {
            return self.join(item, tag, entrance);
        }
        let mut shortage = self.shortage(class, u64::from(tag.weight));
        shortage.share = self.queue.is_key_full(class, tag.hash);
        // Whoever waits has a right to what is free.
        shortage.slot |= has_line;
        if let Some((victims, reason)) = self.find_victims(&tag, shortage, None) {
            // In this order, so that the lane is never empty in between and goes on waiting for its turn.
            let place = self.push(item.take(), tag);
            self.give_up_all(&victims, reason);
            // What it took for the bytes may be more than one slot.
            self.grant();
            return Verdict::In(place, Admission::Displaced);
        }
        self.last_resort(item, tag, entrance)
    }

    /// Nothing could be given up.
    fn last_resort(&mut self, item: &mut Option<T>, tag: Tag, entrance: Entrance) -> Verdict {
        let class = usize::from(tag.class);
        match self.queue.kinds[class].overflow.last_resort() {
            Overflow::Block => self.join(item, tag, entrance),
            Overflow::DropNewest => self.lose_newcomer(class, Reason::Dropped),
            _ => self.refuse(class, Reason::Full),
        }
    }

    /// A newcomer takes over the place of a message of its key (O7); where it weighs more, the difference must be found.
    pub(in crate::mailbox) fn take_over(
        &mut self,
        twin: u32,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance,
    ) -> Verdict {
        let class = usize::from(tag.class);
        let added = self.bytes_over(twin, &tag);
        if !self.has_bytes(class, added) {
            let shortage = Shortage { bytes: self.shortage(class, added).bytes, ..Shortage::default() };
            match self.find_victims(&tag, shortage, Some(twin)) {
                Some((victims, reason)) => self.give_up_all(&victims, reason),
                None => return self.last_resort(item, tag, entrance),
            }
        }
        let place = self.conflate(twin, item.take(), tag);
        // It may be the lighter, and victims leave slots.
        self.grant();
        Verdict::In(place, Admission::Conflated)
    }

    fn give_up_all(&mut self, victims: &Victims, reason: Reason) {
        for &key in &victims.keys[..victims.len] {
            self.give_up(key, reason);
        }
    }
}

impl<T: Item> Core<T> {
    /// Whether a message of this type and weight may have a slot now (B1, B2, B5).
    pub(in crate::mailbox) fn has_room(&self, class: usize, weight: u32) -> bool {
        self.has_slot(class, weight) && !self.is_over_soft_limit(class)
    }

    /// Whether a message, whose key counts too, may have a slot now (S8).
    pub(in crate::mailbox) fn has_room_for(&self, tag: &Tag) -> bool {
        let class = usize::from(tag.class);
        self.has_room(class, tag.weight) && !self.queue.is_key_full(class, tag.hash)
    }

    /// Whether a message of a type must wait although there is a slot, because the supervisor says so (P2): types whose senders wait
    /// hold as many slots as they are to, those of lower lanes left out. So what is queued of other types, or below, keeps
    /// nobody out.
    fn is_over_soft_limit(&self, class: usize) -> bool {
        let own = &self.queue.kinds[class];
        let Some(most) = own.soft_limit() else { return false };
        let is_like = |kind: &&Kind| kind.soft_limit().is_some() && kind.lane() >= own.lane();
        self.queue.kinds.iter().filter(is_like).map(Kind::held).sum::<u32>() >= most
    }

    /// The same, whatever the supervisor says.
    pub(in crate::mailbox) fn has_slot(&self, class: usize, weight: u32) -> bool {
        let kind = &self.queue.kinds[class];
        self.queue.taken() < kind.room() && kind.held() < kind.max && self.has_bytes(class, weight.into())
    }

    /// Whether a message of this type may bring so many more bytes (B2). One that brings none may, also where others have
    /// more than this lane may.
    pub(in crate::mailbox) fn has_bytes(&self, class: usize, added: u64) -> bool {
        added == 0 || self.queue.bytes + added <= self.queue.kinds[class].room_bytes
    }

    /// How many bytes more a message brings than the one whose place it takes over.
    pub(in crate::mailbox) fn bytes_over(&self, twin: u32, tag: &Tag) -> u64 {
        tag.weight.saturating_sub(self.queue.slots.weight(twin)).into()
    }

    /// What a message lacks that would bring `added` more bytes.
    fn shortage(&self, class: usize, added: u64) -> Shortage {
        let kind = &self.queue.kinds[class];
        Shortage {
            slot: self.queue.taken() >= kind.room() || self.is_over_soft_limit(class),
            quota: kind.held() >= kind.max,
            share: false,
            // Where others have more than this lane may, it is enough to bring no more than it takes away.
            bytes: (self.queue.bytes + added).saturating_sub(kind.room_bytes).min(added),
        }
    }

    /// Whom an early drop takes, at random: the fuller its type or its lane is, the likelier.
    fn draw_early(&mut self, class: usize) -> Option<u32> {
        let kind = &self.queue.kinds[class];
        let ramp = kind.early?;
        let of_lane = self.queue.taken() as f64 / kind.room() as f64;
        let of_type = f64::from(kind.held()) / f64::from(kind.max);
        let of_bytes = self.queue.bytes as f64 / kind.room_bytes as f64;
        if !self.rng.chance(ramp.probability(of_lane.max(of_type).max(of_bytes))) {
            return None;
        }
        let pool = kind.pool.as_ref().map(|pool| &pool.0).filter(|pool| !pool.is_empty())?;
        Some(pool[self.rng.below(pool.len())])
    }

    /// Whom the first word that helps would give up, and as what. `spared` is not touched.
    fn find_victims(
        &mut self,
        tag: &Tag,
        shortage: Shortage,
        spared: Option<u32>,
    ) -> Option<(Victims, Reason)> {
        let class = usize::from(tag.class);
        let list = self.queue.kinds[class].overflow;
        // `conflate` found no twin; alone it stands for `[conflate, drop_oldest]`.
        let is_alone = list.words().len() == 1;
        list.words().iter().find_map(|word| {
            let (victims, reason) = match word {
                Overflow::DropOldest => (self.oldest_of(tag, shortage, spared)?, Reason::Dropped),
                Overflow::Conflate if is_alone => (self.oldest_of(tag, shortage, spared)?, Reason::Dropped),
                Overflow::DropRandom => (self.some_of(tag, shortage, spared)?, Reason::Dropped),
                Overflow::EvictLower if !shortage.quota && !shortage.share => {
                    (self.lower_than(class, shortage), Reason::Evicted)
                }
                _ => return None,
            };
            shortage.is_met_by(&victims).then_some((victims, reason))
        })
    }

    /// The oldest of a type, as many as it takes; where its key's share is spent, first the oldest of its key. `None`: of its key
    /// there is none.
    fn oldest_of(&self, tag: &Tag, shortage: Shortage, spared: Option<u32>) -> Option<Victims> {
        let class = usize::from(tag.class);
        let (mut victims, mut spared) = (Victims::none(), spared);
        if shortage.share {
            let key = self.queue.oldest_of_key(class, tag.hash).next()?;
            victims.add(key, self.queue.slots.weight(key));
            // A newcomer to a spent share has no twin.
            spared = Some(key);
        }
        let mut at = self.queue.kinds[class].list.front();
        while let Some(key) = at
            && !shortage.is_met_by(&victims)
            && !victims.is_full()
        {
            at = self.queue.slots.link_of(KIND, key).after();
            if spared != Some(key) {
                victims.add(key, self.queue.slots.weight(key));
            }
        }
        Some(victims)
    }

    /// Any of a type, as many as it takes: a shuffle of its pool, from the end and only as far as needed (Fisher, Yates). Where its
    /// key's share is spent, first any of the oldest 32 of its key; `None`: of these there is none.
    fn some_of(&mut self, tag: &Tag, shortage: Shortage, spared: Option<u32>) -> Option<Victims> {
        let class = usize::from(tag.class);
        let (mut victims, mut spared) = (Victims::none(), spared);
        if shortage.share {
            let count = self.queue.oldest_of_key(class, tag.hash).count();
            let drawn = if count > 0 { self.rng.below(count) } else { 0 };
            let key = self.queue.oldest_of_key(class, tag.hash).nth(drawn)?;
            victims.add(key, self.queue.slots.weight(key));
            // A newcomer to a spent share has no twin.
            spared = Some(key);
        }
        let Core { queue, rng, .. } = self;
        let Some(pool) = &mut queue.kinds[class].pool else { return Some(victims) };
        let pool = &mut pool.0;
        let mut rest = pool.len();
        while rest > 0 && !shortage.is_met_by(&victims) && !victims.is_full() {
            let drawn = rng.below(rest);
            rest -= 1;
            pool.swap(drawn, rest);
            for at in [drawn, rest] {
                queue.slots.extra_mut(pool[at]).pool_at = at as u32;
            }
            if spared != Some(pool[rest]) {
                victims.add(pool[rest], queue.slots.weight(pool[rest]));
            }
        }
        Some(victims)
    }

    /// The newest of the lowest lane that has any, of droppable types strictly below, as many as it takes (O6).
    fn lower_than(&self, class: usize, shortage: Shortage) -> Victims {
        let mut victims = Victims::none();
        let top = self.queue.kinds[class].lane();
        for lane in 0..top.min(Priority::COUNT) {
            let is_here = |kind: &Kind| kind.lane() == lane && kind.is_evictable;
            // The newest that is left of each type, by type.
            let mut ends: Vec<u32> = self
                .queue
                .kinds
                .iter()
                .filter(|kind| is_here(kind))
                .filter_map(|kind| kind.list.back())
                .collect();
            while !shortage.is_met_by(&victims) && !victims.is_full() {
                let newest = (0..ends.len()).max_by_key(|&at| self.queue.slots.at(ends[at]).id);
                let Some(at) = newest else { break };
                let key = ends[at];
                victims.add(key, self.queue.slots.weight(key));
                match self.queue.slots.link_of(KIND, key).earlier() {
                    Some(earlier) => ends[at] = earlier,
                    None => drop(ends.swap_remove(at)),
                }
            }
        }
        victims
    }
}
