//! Order by key where several workers share a mailbox (S4): messages of one key never run at the
//! same time, and stay in order.
//!
//! ```text
//!   lane     a1  b1  a2  c1  a3        a1 has its turn
//!                b1      c1            a2 came to the front, and a's turn was not over: parked
//!   parked   a:  a2                    a3 will be, too
//!   lane     a2  c1  a3                a1's turn ended: its key's next is let go, to the front of the lane
//! ```
//!
//! A message is parked when its turn would come while its key's is not over. So each is moved once,
//! whatever the queue holds, and messages of other keys pass. A parked message keeps its slot, its
//! quota and its place in its type's list: whatever may happen to a queued message may happen to
//! it.
//!
//! Invariants:
//! - K1 of a key and a lane, at most one message has been let go and not had its turn; it is older
//!   than all that are parked.
//! - K2 a key without a turn under way has let go of one in every lane in which it has parked ones.
//! - K3 there is an entry exactly for keys with a turn under way or with a queued message, and it
//!   lists all that are queued.
//!
//! **What a key may hold (S8).** Messages of one key hold at most `max_per_key` slots, so that a
//! busy key cannot fill the mailbox with what it has parked. A message counts its key's slots in
//! its own lane and in higher ones: what is queued below never keeps it out (B5). Senders that wait
//! in line only because of their key are in `waiters.rs`.
//!
//! Hashes stand for keys. Two keys with the same hash, one pair in 2^64, wait for each other
//! needlessly and stay in order too.

use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::item::Item;
use crate::mailbox::store::list::List;
use crate::mailbox::store::queue::Queue;
use crate::mailbox::store::slots::{KEY, LANE, Slots};
use crate::policy::Priority;
use std::collections::HashMap;

/// What is known of one key.
#[derive(Clone, Copy, Debug)]
struct Chain {
    /// A turn of it is under way.
    is_busy: bool,
    /// By lane: which message was let go to the front of it.
    released: [Option<SlotId>; Priority::COUNT],
    parked: [List<SlotId>; Priority::COUNT],
    /// By lane: all that are queued, oldest first, parked or not.
    queued: [List<SlotId>; Priority::COUNT],
}

impl Default for Chain {
    fn default() -> Self {
        let none = [List::default(); Priority::COUNT];
        Chain { is_busy: false, released: [None; Priority::COUNT], parked: none, queued: none }
    }
}

impl Chain {
    fn is_over(&self) -> bool {
        !self.is_busy && self.queued.iter().all(List::is_empty)
    }
}

/// Keys with a turn under way, or with queued messages.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Keys {
    chains: HashMap<u64, Chain>,
    /// Those with a turn under way: as many as workers at most.
    busy: Vec<u64>,
    parked: usize,
    /// The cumulative number of messages that came to the front of a lane too early. It may wrap.
    stalls: u32,
}

impl Keys {
    /// Gives memory back, where no key is known.
    pub(in crate::mailbox) fn shrink(&mut self) {
        if self.chains.is_empty() {
            self.chains = HashMap::new();
        }
    }

    /// The oldest parked message of every lane, of the keys with a turn under way. Other keys have
    /// let go of an older one (K2).
    fn heads(&self) -> impl Iterator<Item = SlotId> {
        let busy = self.busy.iter().filter_map(|hash| self.chains.get(hash));
        busy.flat_map(|chain| chain.parked.iter().filter_map(List::front))
    }

    /// How many slots a key's messages hold in a lane and above.
    fn held(&self, hash: u64, lane: usize) -> usize {
        self.chains.get(&hash).map_or(0, |chain| chain.queued[lane..].iter().map(List::len).sum())
    }
}

/// Messages of a key that are looked at for one of a type: as many as are given up for one newcomer
/// (`overflow.rs`).
const LOOKED_AT: usize = 32;

impl<T: Item> Queue<T> {
    /// Notes a queued message of an ordered type.
    #[cold]
    pub(in crate::mailbox) fn enter_key(&mut self, slot: SlotId, lane: usize) {
        let Queue { slots, keys: Some(keys), .. } = self else { return };
        let chain = keys.chains.entry(slots.hash(slot)).or_default();
        chain.queued[lane].push_back(KEY, slots, slot);
    }

    /// Whether messages of this key hold as many slots as one more of this type may find (S8);
    /// where the type shares its slots, whether this value holds its share (S7).
    pub(in crate::mailbox) fn is_key_full(&self, class: ClassId, hash: u64) -> bool {
        let state = &self.classes[class];
        if state.shares.is_some() {
            return self.is_share_spent(class, hash);
        }
        state.is_ordered
            && self
                .keys
                .as_ref()
                .is_some_and(|keys| keys.held(hash, state.lane()) >= state.max_per_key as usize)
    }

    /// The oldest queued messages of this type among the oldest of a key, or of a value.
    pub(in crate::mailbox) fn oldest_of_key(
        &self,
        class: ClassId,
        hash: u64,
    ) -> impl Iterator<Item = SlotId> {
        let state = &self.classes[class];
        let chain = self.keys.as_ref().and_then(|keys| keys.chains.get(&hash));
        let first = match &state.shares {
            Some(shares) => shares.oldest(hash),
            None => chain.and_then(|chain| chain.queued[state.lane()].front()),
        };
        let all = std::iter::successors(first, |&slot| self.slots.link_of(KEY, slot).next());
        all.take(LOOKED_AT).filter(move |&slot| self.slots.at(slot).class == class)
    }

    /// How many messages are parked.
    pub(in crate::mailbox) fn parked(&self) -> usize {
        self.keys.as_ref().map_or(0, |keys| keys.parked)
    }

    /// Begins the turn of a message at the front of a lane, as far as its key allows it; if not,
    /// parks the message. Returns whether it may have its turn.
    pub(in crate::mailbox) fn begin_key(&mut self, slot: SlotId, lane: usize) -> bool {
        let Queue { classes, slots, lanes, keys, .. } = self;
        let (Some(keys), true) = (keys, classes[slots.at(slot).class].is_ordered) else {
            return true;
        };
        let chain = keys.chains.entry(slots.hash(slot)).or_default();
        let is_released = chain.released[lane] == Some(slot);
        let is_next = is_released || (chain.released[lane].is_none() && chain.parked[lane].is_empty());
        if is_released {
            chain.released[lane] = None;
        }
        if is_next && !chain.is_busy {
            chain.is_busy = true;
            chain.queued[lane].remove(KEY, slots, slot);
            keys.busy.push(slots.hash(slot));
            return true;
        }
        lanes[lane].remove(LANE, slots, slot);
        if is_released {
            chain.parked[lane].push_front(LANE, slots, slot);
        } else {
            chain.parked[lane].push_back(LANE, slots, slot);
            // Parked in the order in which they stood in the lane.
            keys.stalls = keys.stalls.wrapping_add(1);
            slots.at_mut(slot).stall = keys.stalls;
        }
        slots.at_mut(slot).is_parked = true;
        keys.parked += 1;
        false
    }

    /// Ends a turn of this key. Returns which lanes got a message by that.
    pub(in crate::mailbox) fn end_key(&mut self, hash: u64) -> [bool; Priority::COUNT] {
        if let Some(keys) = &mut self.keys
            && let Some(chain) = keys.chains.get_mut(&hash)
        {
            chain.is_busy = false;
            if let Some(at) = keys.busy.iter().position(|busy| *busy == hash) {
                keys.busy.swap_remove(at);
            }
        }
        self.release_next(hash)
    }

    /// Lets a key's next messages go, where it may.
    fn release_next(&mut self, hash: u64) -> [bool; Priority::COUNT] {
        let mut came = [false; Priority::COUNT];
        let Queue { slots, lanes, keys: Some(keys), .. } = self else { return came };
        let Some(chain) = keys.chains.get_mut(&hash) else { return came };
        for lane in 0..Priority::COUNT {
            let next = chain.parked[lane].front();
            if let (Some(next), false, None) = (next, chain.is_busy, chain.released[lane]) {
                chain.parked[lane].remove(LANE, slots, next);
                unpark(slots, next);
                lanes[lane].push_front(LANE, slots, next);
                chain.released[lane] = Some(next);
                keys.parked -= 1;
                came[lane] = true;
            }
        }
        if chain.is_over() {
            keys.chains.remove(&hash);
        }
        came
    }

    /// Takes a message out of its lane, or from where it is parked. If it had been let go, the next
    /// message of its key is.
    #[cold]
    pub(in crate::mailbox) fn leave_key(&mut self, slot: SlotId, lane: usize) {
        let hash = self.slots.hash(slot);
        let Queue { slots, lanes, keys, .. } = self;
        let mut chain = keys.as_mut().and_then(|keys| keys.chains.get_mut(&hash));
        if let Some(chain) = &mut chain {
            chain.queued[lane].remove(KEY, slots, slot);
        }
        match (slots.at(slot).is_parked, chain) {
            (true, Some(chain)) => {
                chain.parked[lane].remove(LANE, slots, slot);
                unpark(slots, slot);
                if let Some(keys) = keys {
                    keys.parked -= 1;
                }
            }
            (_, chain) => {
                lanes[lane].remove(LANE, slots, slot);
                if let Some(chain) = chain.filter(|chain| chain.released[lane] == Some(slot)) {
                    chain.released[lane] = None;
                }
            }
        }
        self.release_next(hash);
    }

    /// The oldest that is parked of each key and lane.
    pub(in crate::mailbox) fn parked_heads(&self) -> impl Iterator<Item = SlotId> {
        self.keys.iter().flat_map(|keys| keys.heads())
    }

    /// Ends the turns of all keys. What is parked returns to its lane, one message after the other
    /// as each is taken out.
    pub(in crate::mailbox) fn free_keys(&mut self) {
        let busy = self.keys.as_mut().map_or_else(Vec::new, |keys| std::mem::take(&mut keys.busy));
        for hash in busy {
            self.end_key(hash);
        }
    }

    /// Puts every parked message back to where it stood in its lane. It is parked again when its
    /// turn would come. For the rare moments in which all of a lane must be seen: O(n log n) of
    /// what was parked.
    pub(in crate::mailbox) fn unpark_all(&mut self) {
        let Queue { slots, lanes, keys: Some(keys), .. } = self else { return };
        let mut back = Vec::new();
        for chain in keys.chains.values_mut() {
            for (lane, queued) in lanes.iter_mut().enumerate() {
                if let Some(released) = chain.released[lane].take() {
                    queued.remove(LANE, slots, released);
                    back.push((lane, released));
                }
                while let Some(parked) = chain.parked[lane].front() {
                    chain.parked[lane].remove(LANE, slots, parked);
                    unpark(slots, parked);
                    back.push((lane, parked));
                }
            }
        }
        // The one that stood first goes to the front last. Of those that are here at once none is
        // 2^31 younger.
        let newest = keys.stalls;
        back.sort_unstable_by_key(|&(_, slot)| newest.wrapping_sub(slots.at(slot).stall));
        for (lane, slot) in back {
            lanes[lane].push_front(LANE, slots, slot);
        }
        keys.parked = 0;
    }
}

fn unpark<T>(slots: &mut Slots<T>, slot: SlotId) {
    slots.at_mut(slot).is_parked = false;
}
