//! What the mailbox keeps of one message type: the numbers that its policy comes to, its lists, its
//! books.

use crate::mailbox::books::ledger::Counts;
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::store::list::List;
use crate::mailbox::store::shares::{Change, Shares};
use crate::policy::{Limits, Order, Overflow, OverflowList, Policy, Priority, Ramp, ShortTurns};
use std::ops::{Deref, DerefMut, Index, IndexMut};

/// The message types of a mailbox.
#[derive(Debug)]
pub(in crate::mailbox) struct Classes(Box<[ClassState]>);

impl Classes {
    pub(in crate::mailbox) fn new(classes: impl Iterator<Item = ClassState>) -> Self {
        Classes(classes.collect())
    }

    /// Notes a value that one of the lanes of a type knows now, or no longer (S7).
    #[inline]
    pub(in crate::mailbox) fn note_value(&mut self, class: ClassId, hash: u64, change: Change) {
        let state = &self.0[class.index()];
        if change == Change::Same || !state.has_siblings {
            return;
        }
        let family = state.family;
        if let Some(shares) = &mut self.0[family.index()].shares {
            shares.note(hash, change);
        }
    }

    pub(in crate::mailbox) fn ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.0.len()).map(ClassId::new)
    }
}

impl Deref for Classes {
    type Target = [ClassState];

    fn deref(&self) -> &[ClassState] {
        &self.0
    }
}

impl DerefMut for Classes {
    fn deref_mut(&mut self) -> &mut [ClassState] {
        &mut self.0
    }
}

impl Index<ClassId> for Classes {
    type Output = ClassState;

    #[inline(always)]
    fn index(&self, class: ClassId) -> &ClassState {
        &self.0[class.index()]
    }
}

impl IndexMut<ClassId> for Classes {
    #[inline(always)]
    fn index_mut(&mut self, class: ClassId) -> &mut ClassState {
        &mut self.0[class.index()]
    }
}

/// The slots of a type's unclaimed messages, in no order.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Bag(pub(in crate::mailbox) Vec<SlotId>);

/// What a type's overflow list comes to where there is no room, as far as the fast path may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mailbox) enum PlainlyFull {
    /// `reject` alone.
    Refuse,
    /// `block` alone: refuses a sender that does not wait.
    Wait,
    /// Anything else must be interpreted.
    LongWay,
}

/// One message type inside the mailbox.
#[derive(Debug)]
pub(in crate::mailbox) struct ClassState {
    lane: u8,
    pub(in crate::mailbox) overflow: OverflowList,
    /// Whether messages without a deadline may take the fast path: only room matters for them, and
    /// their visit has no consequences. The type has no key, no ttl, no weight, no early drop, no
    /// rate and no soft limit, no sample is to be requested, and no producer is to be told. A new
    /// setting that can refuse or delay a message although there is room must clear `is_simple` in
    /// [`adjust`](ClassState::adjust).
    pub(in crate::mailbox) is_plain: bool,
    pub(in crate::mailbox) when_plainly_full: PlainlyFull,
    /// What has no room goes to the mailbox's store first.
    pub(in crate::mailbox) spills: bool,
    /// Like `is_plain`, without regard to the soft limit and to samples.
    is_simple: bool,
    /// The next message requests a sample.
    is_armed: bool,
    /// Its messages may raise the fill to a mark of which producers are told.
    is_marked: bool,
    /// Its messages stand in their lane only: there is no list, no bag, no index.
    pub(in crate::mailbox) is_bare: bool,
    /// Its unclaimed messages, oldest first. Kept only where something needs it.
    pub(in crate::mailbox) list: List<SlotId>,
    pub(in crate::mailbox) is_listed: bool,
    /// Its unclaimed messages in no order, to draw from. Kept only for `drop_random`.
    pub(in crate::mailbox) bag: Option<Box<Bag>>,
    pub(in crate::mailbox) conflates: bool,
    /// Its messages are claimed one at a time: until its own turn begins, a newer one may take a
    /// message's place.
    pub(in crate::mailbox) is_single: bool,
    /// Its messages have keys, and several workers must keep their order.
    pub(in crate::mailbox) is_ordered: bool,
    /// The values between which it shares slots and turns, if it does (S7).
    pub(in crate::mailbox) shares: Option<Box<Shares>>,
    /// Newest first under pressure.
    pub(in crate::mailbox) is_lifo: bool,
    /// Its messages may be evicted for a message of a higher lane.
    pub(in crate::mailbox) is_evictable: bool,
    pub(in crate::mailbox) early: Option<Ramp>,
    /// The first class of its message type; a type with a range of priorities has several.
    pub(in crate::mailbox) family: ClassId,
    /// Whether its message type has other classes, for other lanes.
    pub(in crate::mailbox) has_siblings: bool,
    /// Whether its messages need tokens (T7).
    pub(in crate::mailbox) is_rated: bool,
    /// Whether they need tokens of the actor's rate.
    pub(in crate::mailbox) is_shared: bool,
    /// Its senders in line.
    pub(in crate::mailbox) in_line: u32,
    /// The tokens that they need.
    pub(in crate::mailbox) tokens_ahead: u64,
    /// Its messages with lower ids make room for one that has come since (`drop_all`).
    pub(in crate::mailbox) cleared_before: u64,
    /// How many slots may be taken before this type's lane has no more room (B5).
    room: u32,
    /// How many slots `block` types may hold before the senders of this one wait (P2). `u32::MAX`
    /// where there is no limit.
    soft_limit: u32,
    /// How many bytes may be taken before this type's lane has no more room.
    pub(in crate::mailbox) room_bytes: u64,
    /// How many slots this type may hold (B2).
    pub(in crate::mailbox) max: u32,
    /// How many slots the messages of one of its keys may hold, where keys are ordered (S8).
    pub(in crate::mailbox) max_per_key: u32,
    /// `max_per_key` where none is declared.
    default_per_key: u32,
    has_per_key: bool,
    /// Slots that are promised to it.
    pub(in crate::mailbox) permits: u32,
    /// What a newcomer must not pass: its messages outside the mailbox (`spill.rs`), and the
    /// senders in its line, those for permits included, without those that only their key keeps
    /// waiting.
    pub(in crate::mailbox) ahead: u32,
    /// Whether senders may run its turns.
    pub(in crate::mailbox) short_turns: ShortTurns,
    pub(in crate::mailbox) counts: Counts,
    /// Refusals for want of room since a turn ended, and how many turns had ended by then.
    refusals: (u32, u64),
}

impl ClassState {
    pub(in crate::mailbox) fn new(
        family: ClassId,
        has_siblings: bool,
        policy: &Policy,
        limits: &Limits,
        has_high_lanes: bool,
    ) -> Self {
        let conflates = policy.overflow.has(Overflow::Conflate);
        let is_lifo = policy.order == Order::LifoUnderPressure;
        let mut state = ClassState {
            lane: policy.priority.lane() as u8,
            overflow: policy.overflow,
            is_plain: false,
            when_plainly_full: PlainlyFull::LongWay,
            spills: false,
            is_simple: false,
            is_armed: false,
            is_marked: false,
            is_bare: false,
            list: List::default(),
            is_listed: false,
            bag: None,
            conflates,
            is_single: conflates || is_lifo || policy.fair,
            is_ordered: keeps_key_order(policy, limits),
            shares: policy.fair.then(Box::default),
            is_lifo,
            is_evictable: false,
            early: None,
            family,
            has_siblings,
            is_rated: false,
            is_shared: false,
            in_line: 0,
            tokens_ahead: 0,
            cleared_before: 0,
            room: 0,
            soft_limit: u32::MAX,
            room_bytes: 0,
            max: u32::MAX,
            max_per_key: u32::MAX,
            has_per_key: false,
            default_per_key: 0,
            permits: 0,
            ahead: 0,
            short_turns: ShortTurns::default(),
            counts: Counts::default(),
            refusals: (0, 0),
        };
        state.limit(policy, limits, has_high_lanes);
        state.adjust(policy, limits.max_bytes.is_some());
        state
    }

    /// Takes over what follows from the actor's limits. [`adjust`](ClassState::adjust) must follow.
    pub(in crate::mailbox) fn limit(&mut self, policy: &Policy, limits: &Limits, has_high_lanes: bool) {
        // A capacity is at most 2^24.
        self.room = limits.room(policy.priority) as u32;
        self.room_bytes = limits.room_bytes(policy.priority, has_high_lanes) as u64;
        self.default_per_key = limits.per_key() as u32;
        self.is_shared = limits.rate.is_some() && !policy.exempt;
    }

    /// Takes over from a policy what may change while the mailbox lives. `Mailbox::policy` reads
    /// each of these settings back, except `ttl` and `timeout`, which are read without the lock.
    pub(in crate::mailbox) fn adjust(&mut self, policy: &Policy, is_weighed: bool) {
        self.overflow = policy.overflow;
        self.when_plainly_full = match policy.overflow.words() {
            _ if self.spills => PlainlyFull::LongWay,
            [Overflow::Reject] => PlainlyFull::Refuse,
            [Overflow::Block] => PlainlyFull::Wait,
            _ => PlainlyFull::LongWay,
        };
        self.early = policy.early;
        self.is_rated = self.is_shared || policy.rate.is_some();
        self.max = policy.max.map_or(u32::MAX, |max| u32::try_from(max).unwrap_or(u32::MAX));
        let per_key = policy.max_per_key.map(|max| u32::try_from(max).unwrap_or(u32::MAX));
        self.max_per_key = per_key.unwrap_or(self.default_per_key);
        self.has_per_key = per_key.is_some();
        self.bag = self.overflow.has(Overflow::DropRandom).then(Box::default);
        self.is_simple = !self.conflates
            && !self.is_ordered
            && self.shares.is_none()
            && policy.ttl.is_none()
            && policy.early.is_none()
            && !self.is_rated
            // The slots of all lanes count.
            && !(self.has_siblings && policy.max.is_some())
            && !is_weighed;
        self.set_soft_limit(Some(self.soft_limit));
    }

    /// Sends to the mailbox's store what has no room, before the words of the list are tried.
    #[cfg(test)]
    pub(in crate::mailbox) fn set_spills(&mut self) {
        (self.spills, self.when_plainly_full) = (true, PlainlyFull::LongWay);
    }

    /// The declared `max_per_key`.
    pub(in crate::mailbox) fn max_per_key(&self) -> Option<usize> {
        self.has_per_key.then_some(self.max_per_key as usize)
    }

    /// Makes the next message of this type request a sample, or not.
    pub(in crate::mailbox) fn set_armed(&mut self, is_armed: bool) {
        self.is_armed = is_armed;
        self.is_plain = self.is_simple && !is_armed && !self.is_marked && self.soft_limit == u32::MAX;
    }

    /// Makes its messages take the long way, where the fill is compared with the high mark; or not.
    pub(in crate::mailbox) fn set_marked(&mut self, is_marked: bool) {
        self.is_marked = is_marked;
        self.set_armed(self.is_armed);
    }

    /// Limits how many slots `block` types may hold before senders wait. Types whose senders never
    /// wait have no such limit.
    pub(in crate::mailbox) fn set_soft_limit(&mut self, most: Option<u32>) {
        self.soft_limit = most.filter(|_| self.blocks()).unwrap_or(u32::MAX);
        self.set_armed(self.is_armed);
    }

    pub(in crate::mailbox) fn soft_limit(&self) -> Option<u32> {
        (self.soft_limit != u32::MAX).then_some(self.soft_limit)
    }

    /// Whether its senders wait in line by key, or by the value that they share slots by.
    #[inline]
    pub(in crate::mailbox) fn waits_by_key(&self) -> bool {
        self.is_ordered || self.shares.is_some()
    }

    /// The slots that its values share.
    pub(in crate::mailbox) fn shared_slots(&self) -> usize {
        self.room.min(self.max) as usize
    }

    /// Whether its senders wait in line where nothing else makes room.
    pub(in crate::mailbox) fn blocks(&self) -> bool {
        self.overflow.last_resort() == Overflow::Block
    }

    /// Counts a refusal for want of room; `turns` have ended so far. Returns how many came before
    /// it since a turn ended.
    pub(in crate::mailbox) fn refused_since(&mut self, turns: u64) -> u32 {
        let (refused, ended) = &mut self.refusals;
        if *ended != turns {
            (*refused, *ended) = (0, turns);
        }
        let before = *refused;
        *refused = before.saturating_add(1);
        before
    }

    /// Whether something needs to know the order of its messages. An overflow word that searches
    /// `list` must be named here: otherwise the list stays empty, and the word finds no victim.
    pub(in crate::mailbox) fn wants_list(&self) -> bool {
        let drops = |word| self.overflow.has(word);
        drops(Overflow::DropOldest)
            || drops(Overflow::DropAll)
            || self.conflates
            || self.is_lifo
            || self.is_evictable
    }

    /// Whether it keeps more about a message than its place in its lane.
    pub(in crate::mailbox) fn needs_extras(&self) -> bool {
        self.wants_list() || self.bag.is_some() || self.conflates || self.waits_by_key()
    }

    #[inline]
    pub(in crate::mailbox) fn lane(&self) -> usize {
        self.lane.into()
    }

    #[inline]
    pub(in crate::mailbox) fn room(&self) -> usize {
        self.room as usize
    }

    /// Slots that it holds, by messages and permits.
    #[inline]
    pub(in crate::mailbox) fn held(&self) -> u32 {
        self.counts.queued + self.permits
    }

    /// Whether senders may be refused before the mailbox is full: the type promises nothing else,
    /// and is not urgent.
    pub(in crate::mailbox) fn is_sheddable(&self) -> bool {
        let may_be_lost = self.overflow.is_droppable() || self.overflow.last_resort() == Overflow::Reject;
        may_be_lost && self.lane() < Priority::Urgent.lane()
    }
}

/// Whether the workers of a pool must keep the order of this type's keys (S4).
pub(in crate::mailbox) fn keeps_key_order(policy: &Policy, limits: &Limits) -> bool {
    policy.keyed && limits.workers.is_pool()
}
