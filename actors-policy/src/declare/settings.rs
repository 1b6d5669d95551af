//! How much a mailbox holds, and which lane may have a slot.

use super::pressure::{Pressure, Workers, effective};
use crate::{Action, InvalidPolicy, Priority, Rate, Schedule, fields, wording};
use std::time::Duration;

/// The largest capacity: 2^24 slots. Slot numbers are 32 bits wide, and a queue of sixteen million
/// messages belongs in a database.
pub const CAPACITY_MAX: usize = 1 << 24;

/// The largest `max_bytes`: 2^32 - 2. Each message keeps its weight in 32 bits, and a queue of four
/// gigabytes belongs in a database.
pub const MAX_BYTES_MAX: usize = u32::MAX as usize - 1;

/// The default number of timers, pipes and watches of an actor at a time. They are tasks of the
/// runtime; a design that needs more than a thousand probably leaks them.
const JOBS: u32 = 1024;

/// The largest `jobs`: 2^16. All jobs of an actor end together with it, in one go.
pub const JOBS_MAX: usize = 1 << 16;

/// What an actor declares about its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub(crate) capacity: usize,
    pub(crate) max_waiting: Option<usize>,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) reserve: Option<usize>,
    pub(crate) schedule: Schedule,
    pub(crate) workers: Workers,
    pub(crate) pressure: Option<Pressure>,
    seed: Option<u64>,
    pub(crate) jobs: u32,
    pub(crate) rate: Option<Rate>,
    pub(crate) burst: Option<usize>,
}

impl Settings {
    /// 256 slots, as many waiters, an eighth in reserve, no bound on bytes, strict priorities, one
    /// worker, 1,024 jobs, no actions against pressure.
    pub const fn new() -> Self {
        Settings {
            capacity: 256,
            max_waiting: None,
            max_bytes: None,
            reserve: None,
            schedule: Schedule::Strict,
            workers: Workers::ONE,
            pressure: None,
            seed: None,
            jobs: JOBS,
            rate: None,
            burst: None,
        }
    }

    /// Timers, pipes and watches that may be under way at a time (B3); 1,024 by default, at most
    /// 65,536. With 0 the actor has none.
    #[must_use]
    pub const fn jobs(mut self, jobs: usize) -> Self {
        // A number that does not fit is above the limit, and the check refuses it.
        self.jobs = if jobs > JOBS_MAX { u32::MAX } else { jobs as u32 };
        self
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

    /// Slots that only `high` and `urgent` may take; an eighth of the capacity, rounded up, by
    /// default.
    #[must_use]
    pub const fn reserve(mut self, slots: usize) -> Self {
        self.reserve = Some(slots);
        self
    }

    /// Bound on the summed weight of queued messages (B2); none by default, and then no message is
    /// weighed.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// How lanes share turns (S2).
    #[must_use]
    pub const fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Instances of the actor that share the mailbox, at least and at most (S4).
    #[must_use]
    pub const fn workers(mut self, least: usize, most: usize) -> Self {
        self.workers = Workers::new(least, most, self.workers.keep_alive());
        self
    }

    /// Sets how long an idle worker above the least number is kept; 10 seconds by default.
    #[must_use]
    pub const fn keep_alive(mut self, time: Duration) -> Self {
        self.workers = Workers::new(self.workers.least(), self.workers.most(), time);
        self
    }

    /// Sets when the mailbox is under pressure, and the actions that follow. None by default; but
    /// an elastic pool grows.
    #[must_use]
    pub const fn pressure(mut self, pressure: Pressure) -> Self {
        self.pressure = Some(pressure);
        self
    }

    /// Sets how many messages of all types together are admitted in a time (T7), apart from those
    /// of types that are [`exempt`](crate::Policy::exempt).
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Sets how many messages may be admitted at once under the actor's rate.
    #[must_use]
    pub const fn burst(mut self, messages: usize) -> Self {
        self.burst = Some(messages);
        self
    }

    #[doc(hidden)]
    pub const fn declared_capacity(&self) -> usize {
        self.capacity
    }

    #[doc(hidden)]
    pub fn declared_workers(&self) -> Workers {
        self.workers
    }

    #[doc(hidden)]
    pub fn declared_pressure(&self) -> Option<Pressure> {
        self.pressure
    }

    /// The seed of everything random in the mailbox: `drop_random` (O5), the spread of
    /// `retry_after` (P7), the hashes of keys. By default it is derived from the system's seed and
    /// the actor's name; a channel's is random.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    #[doc(hidden)]
    pub fn declared_seed(&self) -> Option<u64> {
        self.seed
    }

    /// The settings from which these limits follow. What equals its default is taken for it, so
    /// that it follows a change of what it depends on.
    #[doc(hidden)]
    pub fn of(limits: &Limits) -> Settings {
        let Limits { capacity, max_waiting, max_bytes, reserve, schedule, workers, pressure, .. } = *limits;
        let mut settings = Settings {
            capacity,
            max_waiting: Some(max_waiting).filter(|senders| *senders != capacity),
            max_bytes,
            reserve: Some(reserve).filter(|slots| *slots != default_reserve(capacity)),
            schedule,
            workers,
            pressure: None,
            seed: None,
            jobs: limits.jobs,
            rate: limits.rate,
            burst: limits.burst,
        };
        settings.pressure = pressure.filter(|_| effective(&settings) != pressure);
        settings
    }

    /// Checks that the burst goes with the rate.
    ///
    /// # Errors
    /// What to write instead.
    #[doc(hidden)]
    pub fn check_rate(&self) -> Result<(), InvalidPolicy> {
        Rate::check_burst(self.rate, self.burst)
    }

    /// Checks the numbers and works out the defaults.
    ///
    /// # Errors
    ///
    /// The first word that is not allowed, and what to write instead.
    pub fn limits(&self) -> Result<Limits, InvalidPolicy> {
        fields::check(fields::ACTOR, self)?;
        let capacity = self.capacity;
        let max_waiting = self.max_waiting.unwrap_or(capacity);
        let reserve = self.reserve.unwrap_or_else(|| default_reserve(capacity));
        wording::reserve_fits(reserve, capacity)?;
        self.check_rate()?;
        self.workers.check()?;
        let pressure = effective(self);
        pressure.map_or(Ok(()), |pressure| pressure.check())?;
        let workers = (self.workers.least(), self.workers.most());
        if pressure.is_some_and(|pressure| pressure.has(Action::Spawn)) {
            wording::spawn_fits(workers)?;
        }
        wording::schedule_fits(self.schedule, workers)?;
        Ok(Limits {
            capacity,
            max_waiting,
            max_bytes: self.max_bytes,
            reserve,
            schedule: self.schedule,
            workers: self.workers,
            pressure,
            rate: self.rate,
            burst: self.burst,
            jobs: self.jobs,
        })
    }
}

/// An eighth, but always leaving the lower lanes at least one slot (B5).
fn default_reserve(capacity: usize) -> usize {
    capacity.div_ceil(8).min(capacity - 1)
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

/// Checked bounds of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    #[doc(hidden)]
    pub capacity: usize,
    #[doc(hidden)]
    pub max_waiting: usize,
    #[doc(hidden)]
    pub max_bytes: Option<usize>,
    #[doc(hidden)]
    pub reserve: usize,
    #[doc(hidden)]
    pub schedule: Schedule,
    #[doc(hidden)]
    pub workers: Workers,
    #[doc(hidden)]
    pub pressure: Option<Pressure>,
    #[doc(hidden)]
    pub rate: Option<Rate>,
    #[doc(hidden)]
    pub burst: Option<usize>,
    jobs: u32,
}

impl Limits {
    #[doc(hidden)]
    #[inline]
    pub fn jobs(&self) -> usize {
        self.jobs as usize
    }

    /// The words that differ in `wanted`, and cannot change while the mailbox lives.
    #[doc(hidden)]
    pub fn check_change(&self, wanted: &Limits) -> Vec<InvalidPolicy> {
        let (now, wanted) = (Settings::of(self), Settings::of(wanted));
        let fixed = fields::ACTOR.iter().filter(|field| field.reach == fields::Reach::Start);
        let changed = fixed.filter(|field| (field.get)(&now) != (field.get)(&wanted));
        let mut mistakes: Vec<_> = changed.map(|field| InvalidPolicy::fixed(field.word)).collect();
        if now.workers.is_pool() != wanted.workers.is_pool() {
            let why = "an actor with one worker cannot become a pool while it runs, nor a pool an actor with one \
                       worker: set it when the actor is started";
            mistakes.push(InvalidPolicy::new("workers", why));
        }
        mistakes
    }

    /// A lane may take a slot while fewer than this many are taken (B1, B5): `low` and `normal`
    /// only while more than the reserve is free, `high` only while more than half of it is,
    /// `urgent` while anything is.
    #[inline]
    pub fn room(&self, lane: Priority) -> usize {
        let kept = match lane {
            Priority::Low | Priority::Normal => self.reserve,
            Priority::High => self.reserve / 2,
            Priority::Urgent => 0,
        };
        self.capacity - kept
    }

    /// How many slots messages of one key may hold where nothing is declared (S8): a quarter, so
    /// that four busy keys together are needed to fill the mailbox, and at least one.
    #[inline]
    pub fn per_key(&self) -> usize {
        (self.capacity / 4).max(1)
    }

    /// The bytes up to which a lane may fill the mailbox. Where there are types above `normal`
    /// (`has_high_lanes`), the same share of the bytes is reserved as of the slots, so that a flood
    /// of heavy low-priority messages cannot make the mailbox refuse an urgent message (B5).
    #[inline]
    pub fn room_bytes(&self, lane: Priority, has_heirs: bool) -> usize {
        let max = self.max_bytes.unwrap_or(usize::MAX);
        let kept = if has_heirs { self.capacity - self.room(lane) } else { 0 };
        // In 128 bits: 2^32 bytes times 2^24 slots.
        max - (max as u128 * kept as u128 / self.capacity as u128) as usize
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
        let marks = std::array::from_fn::<_, 4, _>(|lane| limits.room(Priority::ALL[lane]));
        assert_eq!(marks, [11, 11, 14, 16]);
    }

    #[test]
    fn b5_of_the_bytes_the_same_share_is_kept_back() {
        let limits = Settings::new().capacity(16).reserve(4).max_bytes(1000).limits().unwrap();
        let marks = std::array::from_fn(|lane| limits.room_bytes(Priority::ALL[lane], true));
        assert_eq!(marks, [750, 750, 875, 1000]);
        assert_eq!(limits.room_bytes(Priority::Low, false), 1000);
        let none = Settings::new().limits().unwrap();
        assert_eq!(none.room_bytes(Priority::Urgent, true), usize::MAX);
    }

    #[test]
    fn impossible_numbers_are_refused_with_a_sentence() {
        for (settings, word) in [
            (Settings::new().capacity(0), "at least 1"),
            (Settings::new().capacity(usize::MAX), "2^24"),
            (Settings::new().max_waiting(usize::MAX), "2^24"),
            (Settings::new().capacity(4).reserve(4), "at most 3"),
            (Settings::new().max_bytes(0), "leave it out"),
            (Settings::new().max_bytes(usize::MAX), "4 GiB"),
            (Settings::new().jobs(JOBS_MAX + 1), "2^16"),
            (Settings::new().jobs(usize::MAX), "2^16"),
            (Settings::new().workers(0, 4), "at least"),
            (Settings::new().pressure(Pressure::new().high(2.0)), "up to 1"),
            (Settings::new().pressure(Pressure::new().respond(&[Action::Spawn])), "1..=4"),
            (Settings::new().workers(1, 2).schedule(Schedule::WeightedByTime), "weighted"),
        ] {
            let why = settings.limits().unwrap_err();
            assert!(why.why().contains(word), "{why}");
        }
    }
}
