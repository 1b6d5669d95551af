//! How much a mailbox holds, and which lane may have a slot.

use super::Priority;

/// The largest capacity: 2^24 slots. Slot numbers are 32 bits wide, and a mailbox of sixteen million messages is a
/// database; ask for one.
pub const CAPACITY_MAX: usize = 1 << 24;

/// What an actor declares about its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    capacity: usize,
    max_waiting: Option<usize>,
    reserve: Option<usize>,
}

impl Settings {
    /// 256 slots, as many waiters, an eighth in reserve.
    pub const fn new() -> Self {
        Settings { capacity: 256, max_waiting: None, reserve: None }
    }

    /// Slots in the mailbox.
    #[must_use]
    pub const fn capacity(mut self, slots: usize) -> Self {
        self.capacity = slots;
        self
    }

    /// Senders that may wait in line; the capacity by default.
    #[must_use]
    pub const fn max_waiting(mut self, senders: usize) -> Self {
        self.max_waiting = Some(senders);
        self
    }

    /// Slots that only `high` and `urgent` may take; an eighth of the capacity, rounded up, by default.
    #[must_use]
    pub const fn reserve(mut self, slots: usize) -> Self {
        self.reserve = Some(slots);
        self
    }

    /// Checks the numbers and works out what was left to default.
    ///
    /// # Errors
    /// A sentence that says which number cannot be, and what would.
    pub fn limits(&self) -> Result<Limits, String> {
        let capacity = self.capacity;
        if capacity == 0 {
            return Err("a capacity of 0 would hold no message; write at least 1".into());
        }
        if capacity > CAPACITY_MAX {
            return Err(format!("a capacity of {capacity} is above the limit of {CAPACITY_MAX} (2^24)"));
        }
        let max_waiting = self.max_waiting.unwrap_or(capacity);
        if max_waiting > CAPACITY_MAX {
            return Err(format!("max_waiting = {max_waiting} is above the limit of {CAPACITY_MAX} (2^24)"));
        }
        // An eighth, but always leaving the lower lanes at least one slot (B5).
        let reserve = self.reserve.unwrap_or_else(|| capacity.div_ceil(8).min(capacity - 1));
        if reserve >= capacity {
            return Err(format!(
                "a reserve of {reserve} leaves `low` and `normal` no slot of {capacity}; write at most {}",
                capacity - 1
            ));
        }
        Ok(Limits { capacity, max_waiting, reserve })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

/// Checked bounds of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) capacity: usize,
    pub(crate) max_waiting: usize,
    pub(crate) reserve: usize,
}

impl Limits {
    /// A lane may take a slot while fewer than this many are taken (B1, B5): `low` and `normal` only while more than the
    /// reserve is free, `high` only while more than half of it is, `urgent` while anything is.
    pub fn room(&self, lane: Priority) -> usize {
        let kept = match lane {
            Priority::Low | Priority::Normal => self.reserve,
            Priority::High => self.reserve / 2,
            Priority::Urgent => 0,
        };
        self.capacity - kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b5_the_reserve_is_an_eighth_rounded_up_and_leaves_one_slot() {
        for (capacity, reserve) in [(1, 0), (2, 1), (8, 1), (9, 2), (256, 32), (1024, 128)] {
            assert_eq!(Settings::new().capacity(capacity).limits().unwrap().reserve, reserve, "{capacity}");
        }
    }

    #[test]
    fn b5_each_lane_stops_at_its_own_mark() {
        let limits = Settings::new().capacity(16).reserve(5).limits().unwrap();
        let marks = Priority::ALL.map(|lane| limits.room(lane));
        assert_eq!(marks, [11, 11, 14, 16]);
    }

    #[test]
    fn impossible_numbers_are_refused_with_a_sentence() {
        for (settings, word) in [
            (Settings::new().capacity(0), "at least 1"),
            (Settings::new().capacity(usize::MAX), "2^24"),
            (Settings::new().max_waiting(usize::MAX), "2^24"),
            (Settings::new().capacity(4).reserve(4), "at most 3"),
        ] {
            let why = settings.limits().unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
