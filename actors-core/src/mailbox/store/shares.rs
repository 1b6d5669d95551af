//! Fair shares between the values of a field (S7): no user, tenant or account takes the slots and
//! the turns that others want.
//!
//! ```text
//!   values   a: 0 2 3 5 7    b: 1    c: 4 6        oldest first
//!   round    b ─ c ─ a                             the next turn of the type is b's, then c's, then a's
//!   lane     0 … 1 … 2 …                           the type's turns come as often as without shares
//! ```
//!
//! **Turns.** The values with queued messages stand in a round. A turn of the type goes to the
//! oldest message of the value in front, which then stands last. So of two values that always have
//! messages each has every second turn, however many messages the other one has (round robin per
//! flow: Nagle, RFC 970). The lane is unchanged: where the front of the lane is a message of the
//! type, the value in front of the round has the turn, and the message at the front takes over the
//! place of the one that was taken. Other types in the lane neither gain nor lose.
//!
//! **Slots.** A value holds at most one share: the slots of the type divided by the number of
//! values that have messages here, and one. The share that is left over is for the next value to
//! come, so a new value finds room whatever the others do, as far as the slots are not taken by
//! other types. This is the dynamic threshold of shared-memory switches (Choudhury and Hahne:
//! Dynamic queue length thresholds, IEEE/ACM ToN 6, 2, 1998) with a factor of one. Senders in line
//! share their places in the same way, and a free slot goes to the value that holds the fewest.
//!
//! **Price.** Messages of such a type are claimed one at a time, and each takes an entry of a hash
//! map. A value that is alone may fill half of the slots. There are as many entries as there are
//! values with a queued or a waiting message, so `capacity` and `max_waiting` bound them.
//!
//! Each lane of a type (S9) has a round and a line of its own. The share of a value is that of all
//! its lanes.
//!
//! Hashes stand for values: two values with the same hash, one pair in 2^64, have one share.
//!
//! Invariants:
//! - H1 there is an entry exactly for each value with a queued, unclaimed message or a sender in
//!   line.
//! - H2 the round has exactly the values with such messages.

use crate::mailbox::ids::{SlotId, ValueId};
use crate::mailbox::store::list::{Arena, Link, List};
use crate::mailbox::store::slots::{KEY, Slots};
use slab::Slab;
use std::collections::HashMap;

/// Values that are looked at for the one that holds most, and for the turns that go first: as many
/// as messages are moved in one visit (B7).
const LOOKED_AT: usize = 64;

/// Memory for so many values is not worth giving back.
const KEPT_VALUES: usize = 64;

const ROUND: usize = 0;

/// What is known of one value.
#[derive(Debug)]
struct Value {
    hash: u64,
    queued: List<SlotId>,
    /// Its senders in line.
    waiting: u32,
    round: Link<ValueId>,
}

impl Arena for Slab<Value> {
    type Id = ValueId;

    fn link(&mut self, _: usize, value: ValueId) -> &mut Link<ValueId> {
        &mut self[value.index()].round
    }
}

/// The shares of one message type.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Shares {
    known: HashMap<u64, ValueId>,
    values: Slab<Value>,
    round: List<ValueId>,
    /// Queued messages of all values.
    queued: usize,
    /// Values with senders in line.
    in_line: usize,
    /// In the first class of a type with several lanes: in how many of them a value is known.
    in_lanes: HashMap<u64, u32>,
}

/// What a step has changed: whether the value is known now, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mailbox) enum Change {
    New,
    Same,
    Gone,
}

/// One share of `all`, where so many have one.
pub(in crate::mailbox) fn share(all: usize, values: usize) -> usize {
    (all / (values + 1)).max(1)
}

impl Shares {
    fn find(&self, hash: u64) -> Option<&Value> {
        self.known.get(&hash).map(|value| &self.values[value.index()])
    }

    fn enter(&mut self, hash: u64) -> (ValueId, Change) {
        let Shares { known, values, .. } = self;
        let before = values.len();
        let value = *known.entry(hash).or_insert_with(|| {
            let (queued, round) = (List::default(), Link::default());
            ValueId::new(values.insert(Value { hash, queued, waiting: 0, round }))
        });
        (value, if values.len() > before { Change::New } else { Change::Same })
    }

    /// Forgets a value that has nothing here.
    fn settle(&mut self, value: ValueId) -> Change {
        let Value { hash, queued, waiting, .. } = &self.values[value.index()];
        if !queued.is_empty() || *waiting > 0 {
            return Change::Same;
        }
        self.known.remove(hash);
        self.values.remove(value.index());
        Change::Gone
    }

    /// Notes, in the first class of a type, what has changed in one of its lanes.
    pub(in crate::mailbox) fn note(&mut self, hash: u64, change: Change) {
        match change {
            Change::Same => {}
            Change::New => *self.in_lanes.entry(hash).or_default() += 1,
            Change::Gone => {
                if let Some(lanes) = self.in_lanes.get_mut(&hash) {
                    *lanes -= 1;
                    if *lanes == 0 {
                        self.in_lanes.remove(&hash);
                    }
                }
            }
        }
    }

    /// The number of values that are known in a lane of the type.
    pub(in crate::mailbox) fn values_in_lanes(&self) -> usize {
        self.in_lanes.len()
    }

    /// The number of values that are known.
    pub(in crate::mailbox) fn values(&self) -> usize {
        self.values.len()
    }

    /// Notes a queued message.
    pub(in crate::mailbox) fn add<T>(&mut self, slot: SlotId, slots: &mut Slots<T>) -> Change {
        let (value, change) = self.enter(slots.hash(slot));
        let queued = &mut self.values[value.index()].queued;
        queued.push_back(KEY, slots, slot);
        self.queued += 1;
        if queued.len() == 1 {
            self.round.push_back(ROUND, &mut self.values, value);
        }
        change
    }

    /// Notes that a message is no longer queued.
    pub(in crate::mailbox) fn remove<T>(&mut self, slot: SlotId, slots: &mut Slots<T>) -> Change {
        let Some(&value) = self.known.get(&slots.hash(slot)) else { return Change::Same };
        let queued = &mut self.values[value.index()].queued;
        queued.remove(KEY, slots, slot);
        self.queued -= 1;
        if !queued.is_empty() {
            return Change::Same;
        }
        self.round.remove(ROUND, &mut self.values, value);
        self.settle(value)
    }

    /// The message that has the type's next turn.
    pub(in crate::mailbox) fn next(&self) -> Option<SlotId> {
        self.values[self.round.front()?.index()].queued.front()
    }

    /// The value of this message has its turn, and stands last in the round.
    pub(in crate::mailbox) fn took(&mut self, hash: u64) {
        if let Some(&value) = self.known.get(&hash) {
            self.round.remove(ROUND, &mut self.values, value);
            self.round.push_back(ROUND, &mut self.values, value);
        }
    }

    /// Notes a sender in line.
    pub(in crate::mailbox) fn join(&mut self, hash: u64) -> Change {
        let (value, change) = self.enter(hash);
        let waiting = &mut self.values[value.index()].waiting;
        *waiting += 1;
        self.in_line += usize::from(*waiting == 1);
        change
    }

    /// Notes that a sender has left the line.
    pub(in crate::mailbox) fn leave(&mut self, hash: u64) -> Change {
        let Some(&value) = self.known.get(&hash) else { return Change::Same };
        let waiting = &mut self.values[value.index()].waiting;
        *waiting -= 1;
        if *waiting > 0 {
            return Change::Same;
        }
        self.in_line -= 1;
        self.settle(value)
    }

    /// How many slots the value holds.
    pub(in crate::mailbox) fn held(&self, hash: u64) -> usize {
        self.find(hash).map_or(0, |value| value.queued.len())
    }

    /// Whether senders of the value are in line.
    pub(in crate::mailbox) fn is_in_line(&self, hash: u64) -> bool {
        self.find(hash).is_some_and(|value| value.waiting > 0)
    }

    /// Whether the value's senders have their share of so many places in line.
    pub(in crate::mailbox) fn is_line_spent(&self, hash: u64, places: usize) -> bool {
        let waiting = self.find(hash).map_or(0, |value| value.waiting as usize);
        let values = self.in_line + usize::from(waiting == 0);
        waiting > 0 && waiting >= share(places, values)
    }

    /// The oldest message of a value.
    pub(in crate::mailbox) fn oldest(&self, hash: u64) -> Option<SlotId> {
        self.find(hash)?.queued.front()
    }

    /// The oldest message of the value that holds most, among those in front of the round.
    pub(in crate::mailbox) fn oldest_of_fullest(&self) -> Option<SlotId> {
        let fullest = self.in_front().max_by_key(|value| value.queued.len())?;
        fullest.queued.front()
    }

    /// How many messages have their turns before a new one of this value for certain: those of
    /// earlier rounds.
    pub(in crate::mailbox) fn ahead(&self, hash: u64) -> usize {
        let own = self.held(hash);
        let looked_at: usize = self.in_front().map(|value| value.queued.len().min(own)).sum();
        looked_at.max(own)
    }

    /// Queued messages of all values.
    pub(in crate::mailbox) fn queued(&self) -> usize {
        self.queued
    }

    fn in_front(&self) -> impl Iterator<Item = &Value> {
        let next = |value: &ValueId| self.values[value.index()].round.next();
        let round = std::iter::successors(self.round.front(), next);
        round.take(LOOKED_AT).map(|value| &self.values[value.index()])
    }

    /// Gives memory back, where no value is known.
    pub(in crate::mailbox) fn shrink(&mut self) {
        let is_worth_it = self.values.capacity() > KEPT_VALUES;
        if self.values.is_empty() && self.in_lanes.is_empty() && is_worth_it {
            *self = Shares::default();
        }
    }
}
