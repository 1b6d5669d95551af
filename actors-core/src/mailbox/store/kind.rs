//! What the mailbox keeps of one message type: what its policy comes to in numbers, its lists, its books.

use crate::mailbox::books::ledger::Counts;
use crate::mailbox::store::list::List;
use crate::policy::{Limits, Order, Overflow, OverflowList, Policy, Priority, Ramp, ShortTurns};

/// Slots of a type's unclaimed messages, in no order.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Pool(pub(in crate::mailbox) Vec<u32>);

/// One message type inside the mailbox.
#[derive(Debug)]
pub(in crate::mailbox) struct Kind {
    lane: u8,
    pub(in crate::mailbox) overflow: OverflowList,
    /// Nothing of it is to be minded but room: no key, no ttl, no weight, no early drop, nobody who is to be told.
    pub(in crate::mailbox) is_plain: bool,
    /// The same, whoever is to be told.
    is_simple: bool,
    is_armed: bool,
    /// Nothing keeps its messages but their lane: no list, no pool, no index.
    pub(in crate::mailbox) is_bare: bool,
    /// Unclaimed messages, oldest first; only kept where something needs it.
    pub(in crate::mailbox) list: List,
    pub(in crate::mailbox) is_listed: bool,
    /// Unclaimed messages in no order, to draw lots; only kept where `drop_random` does.
    pub(in crate::mailbox) pool: Option<Box<Pool>>,
    pub(in crate::mailbox) conflates: bool,
    /// Its messages are claimed one at a time: until its own turn begins, a newer one may take a message's place.
    pub(in crate::mailbox) is_single: bool,
    /// Its messages have keys, and several workers must keep their order.
    pub(in crate::mailbox) is_ordered: bool,
    /// Newest first under pressure.
    pub(in crate::mailbox) is_lifo: bool,
    /// Its messages may be evicted for a higher lane's.
    pub(in crate::mailbox) is_evictable: bool,
    pub(in crate::mailbox) early: Option<Ramp>,
    /// How many slots may be taken before this type's lane has no more room (B5).
    room: u32,
    /// How many slots types like it may hold before its senders wait, where the supervisor says so (P2); otherwise the greatest number.
    soft_limit: u32,
    /// How many bytes may be taken with it.
    pub(in crate::mailbox) room_bytes: u64,
    /// How many slots this type may hold (B2).
    pub(in crate::mailbox) max: u32,
    /// How many slots messages of one of its keys may hold, where keys are ordered (S8).
    pub(in crate::mailbox) max_per_key: u32,
    /// The same where nothing is declared.
    default_per_key: u32,
    has_per_key: bool,
    /// Slots that are promised to it.
    pub(in crate::mailbox) permits: u32,
    /// Senders in line, those included that want a permit; without those that only their key keeps waiting.
    pub(in crate::mailbox) in_line: u32,
    /// Whether senders may run its turns.
    pub(in crate::mailbox) short_turns: ShortTurns,
    pub(in crate::mailbox) counts: Counts,
    /// Refusals for want of room since a turn ended, and how many turns had ended by then.
    refusals: (u32, u64),
}

impl Kind {
    pub(in crate::mailbox) fn new(policy: &Policy, limits: &Limits, has_heirs: bool) -> Self {
        let mut kind = Kind {
            lane: policy.priority.lane() as u8,
            overflow: policy.overflow,
            is_plain: false,
            is_simple: false,
            is_armed: false,
            is_bare: false,
            list: List::default(),
            is_listed: false,
            pool: None,
            conflates: policy.overflow.has(Overflow::Conflate),
            is_single: policy.overflow.has(Overflow::Conflate) || policy.order == Order::LifoUnderPressure,
            is_ordered: policy.keyed && limits.workers.is_pool(),
            is_lifo: policy.order == Order::LifoUnderPressure,
            is_evictable: false,
            early: None,
            // A capacity is at most 2^24.
            room: limits.room(policy.priority) as u32,
            soft_limit: u32::MAX,
            room_bytes: limits.room_bytes(policy.priority, has_heirs) as u64,
            max: u32::MAX,
            max_per_key: u32::MAX,
            has_per_key: false,
            // A capacity is at most 2^24.
            default_per_key: limits.per_key() as u32,
            permits: 0,
            in_line: 0,
            short_turns: ShortTurns::default(),
            counts: Counts::default(),
            refusals: (0, 0),
        };
        kind.adjust(policy, limits.max_bytes.is_some());
        kind
    }

    /// Takes over from a policy what may change while the mailbox lives.
    pub(in crate::mailbox) fn adjust(&mut self, policy: &Policy, is_weighed: bool) {
        self.overflow = policy.overflow;
        self.early = policy.early;
        self.max = policy.max.map_or(u32::MAX, |max| u32::try_from(max).unwrap_or(u32::MAX));
        let per_key = policy.max_per_key.map(|max| u32::try_from(max).unwrap_or(u32::MAX));
        self.max_per_key = per_key.unwrap_or(self.default_per_key);
        self.has_per_key = per_key.is_some();
        self.pool = self.overflow.has(Overflow::DropRandom).then(Box::default);
        self.is_simple = !self.conflates
            && !self.is_ordered
            && policy.ttl.is_none()
            && policy.early.is_none()
            && !is_weighed;
        self.set_soft_limit(Some(self.soft_limit));
    }

    /// As it is declared.
    pub(in crate::mailbox) fn max_per_key(&self) -> Option<usize> {
        self.has_per_key.then_some(self.max_per_key as usize)
    }

    /// The next message of it is to be seen.
    pub(in crate::mailbox) fn set_armed(&mut self, is_armed: bool) {
        self.is_armed = is_armed;
        self.is_plain = self.is_simple && !is_armed && self.soft_limit == u32::MAX;
    }

    /// How many slots types like it may hold before its senders wait, if it is a type whose senders do.
    pub(in crate::mailbox) fn set_soft_limit(&mut self, most: Option<u32>) {
        self.soft_limit = most.filter(|_| self.overflow.last_resort() == Overflow::Block).unwrap_or(u32::MAX);
        self.set_armed(self.is_armed);
    }

    pub(in crate::mailbox) fn soft_limit(&self) -> Option<u32> {
        (self.soft_limit != u32::MAX).then_some(self.soft_limit)
    }

    /// Counts a refusal for want of room; `turns` have ended so far. Returns how many there were before it since a turn ended.
    pub(in crate::mailbox) fn refused_since(&mut self, turns: u64) -> u32 {
        let (refused, ended) = &mut self.refusals;
        if *ended != turns {
            (*refused, *ended) = (0, turns);
        }
        let before = *refused;
        *refused = before.saturating_add(1);
        before
    }

    /// Whether something needs to know the order of its messages.
    pub(in crate::mailbox) fn wants_list(&self) -> bool {
        self.overflow.has(Overflow::DropOldest) || self.conflates || self.is_lifo || self.is_evictable
    }

    /// Whether it keeps more about a message than its place in its lane.
    pub(in crate::mailbox) fn needs_extras(&self) -> bool {
        self.wants_list() || self.pool.is_some() || self.conflates || self.is_ordered
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

    /// Whether senders may be refused before the mailbox is full: nobody was promised otherwise, and it is not urgent.
    pub(in crate::mailbox) fn is_sheddable(&self) -> bool {
        let may_be_lost = self.overflow.is_droppable() || self.overflow.last_resort() == Overflow::Reject;
        may_be_lost && self.lane() < Priority::Urgent.lane()
    }
}
