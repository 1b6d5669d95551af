//! Room, victims, and waiters that are let in.

use super::Outcome;
use super::program::{CAPACITY, CLASSES, Mode, RESERVE, WAITING_MAX};
use super::reference::{Message, Promised, Reference, Waiter};
use actors_core::policy::Overflow;

/// The victims of one new message.
const VICTIMS_MAX: usize = 32;

/// The room that a new message lacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    slot: bool,
    /// Slots within the type's `max`.
    quota: bool,
    /// Slots within its key's share.
    share: bool,
    bytes: usize,
}

impl Short {
    pub(super) fn is_only_its_key_s(&self) -> bool {
        self.share && !self.slot && !self.quota && self.bytes == 0
    }
}

impl Reference {
    // --- room ---

    fn room(&self, class: usize) -> usize {
        match self.lane(class) {
            0 | 1 => CAPACITY - RESERVE,
            2 => CAPACITY - RESERVE / 2,
            _ => CAPACITY,
        }
    }

    pub(super) fn room_bytes(&self, class: usize) -> usize {
        let Some(max) = self.setup.max_bytes else { return usize::MAX };
        let has_heirs = self.setup.policies.iter().any(|policy| policy.priority.lane() > 1);
        let kept = if has_heirs { CAPACITY - self.room(class) } else { 0 };
        max - max * kept / CAPACITY
    }

    pub(super) fn bytes(&self) -> usize {
        self.queue.iter().map(|queued| queued.weight).sum()
    }

    fn taken(&self) -> usize {
        self.queue.len() + self.permits.len()
    }

    fn held(&self, class: usize) -> usize {
        let queued = self.queue.iter().filter(|queued| queued.class == class).count();
        queued + self.permits.iter().filter(|permit| permit.class == class).count()
    }

    /// The room that one more message of this type and weight lacks. A reservation weighs nothing.
    pub(super) fn is_short(&self, class: usize, weight: usize) -> Option<Short> {
        let slot = self.taken() >= self.room(class);
        let quota = self.policy(class).max.is_some_and(|max| self.held(class) >= max);
        let bytes = self.bytes_short(class, weight);
        (slot || quota || bytes > 0).then_some(Short { slot, quota, share: false, bytes })
    }

    /// Like `is_short`, for a message, whose key also counts.
    pub(super) fn is_short_of(&self, message: &Message) -> Option<Short> {
        let Message { class, key, weight, .. } = *message;
        let nothing = Short { slot: false, quota: false, share: false, bytes: 0 };
        let short = self.is_short(class, weight);
        match self.is_key_full(class, key) {
            true => Some(Short { share: true, ..short.unwrap_or(nothing) }),
            false => short,
        }
    }

    /// If other lanes hold more than this lane may, a message fits when it brings no more than it
    /// removes.
    pub(super) fn bytes_short(&self, class: usize, added: usize) -> usize {
        (self.bytes() + added).saturating_sub(self.room_bytes(class)).min(added)
    }

    // --- twins ---

    /// The place of the queued message that this one replaces.
    pub(super) fn twin(&self, message: &Message) -> Option<usize> {
        let is_twin = |queued: &Message| queued.class == message.class && queued.key == message.key;
        self.queue.iter().position(is_twin).filter(|_| self.conflates(message.class))
    }

    pub(super) fn bytes_short_of_twin(&self, twin: usize, message: &Message) -> usize {
        let more = message.weight.saturating_sub(self.queue[twin].weight);
        self.bytes_short(message.class, more)
    }

    pub(super) fn take_over(&mut self, twin: usize, mut message: Message) {
        let Message { place, is_parked, is_let_go, .. } = self.queue[twin];
        (message.place, message.is_parked, message.is_let_go) = (place, is_parked, is_let_go);
        if is_parked {
            self.note("conflated while parked");
        }
        let old = std::mem::replace(&mut self.queue[twin], message);
        self.end_of(&old, "conflated", Outcome::Err("conflated"));
    }

    // --- the queue ---

    pub(super) fn push(&mut self, mut message: Message) {
        let lane = self.lane(message.class);
        if !self.has(lane) {
            self.waited[lane] = 0;
        }
        self.places += 1;
        message.place = self.places;
        self.queue.push(message);
    }

    pub(super) fn remove(&mut self, id: usize) -> Message {
        let at = self.queue.iter().position(|queued| queued.id == id);
        self.take_out(at.expect("a message that is removed is queued"))
    }

    pub(super) fn bury_the_dead(&mut self) {
        if self.clear_the_dead() {
            self.note("a dead one made room");
        }
    }

    /// Purges expired messages, the first to expire first. Returns whether there was one.
    pub(super) fn clear_the_dead(&mut self) -> bool {
        let end = |message: &Message| message.ttl_end.into_iter().chain(message.deadline).min();
        let dead = self.queue.iter().filter(|queued| queued.is_dead(self.now));
        let mut dead: Vec<_> = dead.map(|queued| (end(queued), queued.id)).collect();
        dead.sort_unstable();
        for &(_, id) in &dead {
            let dead = self.remove(id);
            if dead.is_parked {
                self.note("expired while parked");
            }
            // An asker whose own deadline has passed is told so, whichever code finds it first.
            let is_late = dead.is_ask && dead.deadline.is_some_and(|end| end <= self.now);
            self.letter(dead.id, "expired");
            self.end_of(&dead, "expired", Outcome::Err(if is_late { "timed_out" } else { "expired" }));
        }
        self.grant();
        !dead.is_empty()
    }

    // --- victims ---

    pub(super) fn ends_in(&self, class: usize, word: Overflow) -> bool {
        self.policy(class).overflow.words().last() == Some(&word)
    }

    pub(super) fn is_droppable(&self, class: usize) -> bool {
        let words = self.policy(class).overflow;
        match words.words() {
            [Overflow::Conflate] => true,
            [.., last] => last.word().starts_with("drop_"),
            [] => false,
        }
    }

    /// The first word that finds enough room, with its victims.
    pub(super) fn victims_for(&mut self, message: &Message) -> Option<(Overflow, Vec<usize>)> {
        let class = message.class;
        let twin = self.twin(message);
        let short = match twin {
            Some(at) => {
                let bytes = self.bytes_short_of_twin(at, message);
                Short { slot: false, quota: false, share: false, bytes }
            }
            None => {
                let nothing = Short { slot: false, quota: false, share: false, bytes: 0 };
                let short = self.is_short_of(message).unwrap_or(nothing);
                // A type with waiters has no free slot.
                Short { slot: short.slot || self.is_waiting(class), ..short }
            }
        };
        let twin = twin.map(|at| self.queue[at].id);
        let list = self.policy(class).overflow;
        for &word in list.words() {
            let candidates = match word {
                Overflow::DropOldest | Overflow::DropAll => self.own(class, twin),
                Overflow::Conflate if list.words().len() == 1 => self.own(class, twin),
                Overflow::DropRandom => self.own_as_reported(class, twin),
                Overflow::EvictLower if short.quota => {
                    self.note("eviction does not help against a spent max");
                    continue;
                }
                Overflow::EvictLower if short.share => {
                    self.note("eviction does not help against a spent share");
                    continue;
                }
                Overflow::EvictLower => self.lower(class),
                _ => continue,
            };
            let Some(candidates) = self.own_key_first(candidates, message, short.share) else {
                self.note("none of its own type and key");
                continue;
            };
            match self.enough(&candidates, short) {
                Some(_) if word == Overflow::DropAll => {
                    self.note("all of its type");
                    return Some((word, self.own(class, twin)));
                }
                Some(victims) => return Some((word, victims)),
                None if !candidates.is_empty() => self.note("victims that would not be enough"),
                None => {}
            }
        }
        None
    }

    /// If its key's share is used up, a message of that key goes first. `None`: the key has none.
    fn own_key_first(&self, candidates: Vec<usize>, message: &Message, share: bool) -> Option<Vec<usize>> {
        if !share {
            return Some(candidates);
        }
        let is_of_key =
            |id: &usize| self.queue.iter().any(|queued| queued.id == *id && queued.key == message.key);
        let first = candidates.iter().copied().find(is_of_key)?;
        let rest = candidates.into_iter().filter(|id| *id != first);
        Some(std::iter::once(first).chain(rest).collect())
    }

    /// As many of these, in this order, as are needed, or none.
    fn enough(&self, candidates: &[usize], short: Short) -> Option<Vec<usize>> {
        let needed = usize::from(short.slot || short.quota || short.share);
        let mut victims = Vec::new();
        let mut freed = 0;
        for &id in candidates.iter().take(VICTIMS_MAX) {
            if victims.len() >= needed && freed >= short.bytes {
                break;
            }
            victims.push(id);
            freed += self.queue.iter().find(|queued| queued.id == id).map_or(0, |queued| queued.weight);
        }
        (victims.len() >= needed && freed >= short.bytes).then_some(victims)
    }

    /// The type's own messages, oldest first.
    pub(super) fn own(&self, class: usize, but: Option<usize>) -> Vec<usize> {
        let own = self.queue.iter().filter(|queued| queued.class == class && Some(queued.id) != but);
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|queued| queued.place);
        own.into_iter().map(|queued| queued.id).collect()
    }

    /// The type's own messages. Those that the runtime reports as dropped come first, in its order.
    fn own_as_reported(&mut self, class: usize, but: Option<usize>) -> Vec<usize> {
        self.note("a random word");
        let mut own = self.own(class, but);
        let rank = |id: usize| self.reported.iter().position(|letter| *letter == (id, "dropped"));
        own.sort_by_key(|&id| rank(id).unwrap_or(usize::MAX));
        own
    }

    /// The messages that may be evicted for this type, lowest lane first. In a lane, the newest
    /// messages of each type are compared, and the one sent last goes first.
    fn lower(&self, class: usize) -> Vec<usize> {
        let mut lower = Vec::new();
        for lane in 0..self.lane(class) {
            let droppable =
                (0..CLASSES).filter(|&class| self.lane(class) == lane && self.is_droppable(class));
            let mut types: Vec<_> = droppable.map(|class| self.own(class, None)).collect();
            while let Some(newest) = types.iter_mut().max_by_key(|own| own.last().copied())
                && let Some(newest) = newest.pop()
            {
                lower.push(newest);
            }
        }
        lower
    }

    // --- the line ---

    /// Whether a sender of this type waits for room. One that waits only for its key does not
    /// count.
    pub(super) fn is_waiting(&self, class: usize) -> bool {
        self.line.iter().any(|waiter| waiter.class == class && !self.is_held_back(waiter))
    }

    fn is_held_back(&self, waiter: &Waiter) -> bool {
        waiter.message.as_ref().is_some_and(|message| self.is_key_full(message.class, message.key))
    }

    pub(super) fn join(&mut self, message: Message, mode: Mode) {
        if mode == Mode::Try || self.line.len() >= WAITING_MAX {
            return self.refuse(&message, "refused_full", "full");
        }
        let Message { id, class, deadline, .. } = message;
        self.line.push(Waiter { id, class, deadline, message: Some(message) });
    }

    fn has_room(&self, waiter: &Waiter) -> bool {
        match &waiter.message {
            Some(message) => self.is_short_of(message).is_none(),
            None => self.is_short(waiter.class, 0).is_none(),
        }
    }

    /// Gives room to the waiter of the highest lane that may have it, and in a lane to the oldest.
    /// Of a type, only the first waiter whose key has room counts.
    pub(super) fn grant(&mut self) {
        loop {
            let mut best: Option<usize> = None;
            let mut passed: Option<usize> = None;
            for (at, waiter) in self.line.iter().enumerate() {
                let is_before = |before: &Waiter| before.class == waiter.class && !self.is_held_back(before);
                let is_head = !self.line[..at].iter().any(is_before);
                if is_head && self.line[..at].iter().any(|before| before.class == waiter.class) {
                    passed = passed.or(Some(at));
                }
                let lane = self.lane(waiter.class);
                let is_better = best.is_none_or(|best| lane > self.lane(self.line[best].class));
                if is_head && is_better && self.has_room(waiter) {
                    best = Some(at);
                }
            }
            let Some(at) = best else { return };
            if passed == Some(at) {
                self.note("let in past one whose key keeps it waiting");
            }
            let Waiter { id, class, message, .. } = self.line.remove(at);
            let Some(message) = message else {
                self.note("a reservation that waited");
                self.promise(Promised { id, class });
                continue;
            };
            self.accepted(&message, "waited");
            match self.twin(&message) {
                Some(twin) if self.queue[twin].id > message.id => {
                    self.note("a waiter whose value is old");
                    self.end_of(&message, "conflated", Outcome::Err("conflated"));
                }
                Some(twin) => self.take_over(twin, message),
                None => self.push(message),
            }
        }
    }
}
