//! What a message type declares about itself.

use super::overflow::{Overflow, OverflowList};
use super::ramp::Ramp;
use super::rate::Rate;
use crate::word::words;
use crate::{InvalidPolicy, fields, wording};
use std::time::Duration;

words! {
    /// The lane of a message type. Higher lanes go first, with a bound on how long lower ones wait
    /// (S2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    #[non_exhaustive]
    pub enum Priority of "priority", each called "priority", planned &[];
    /// Work that may wait.
    Low = "low",
    /// The default.
    #[default]
    Normal = "normal",
    /// Work that goes before the rest.
    High = "high",
    /// Work a mailbox always has room for: half of the reserve is its own.
    Urgent = "urgent",
}

impl Priority {
    /// Number of lanes; for arrays inside this workspace.
    #[doc(hidden)]
    pub const COUNT: usize = 4;
    /// Lowest first.
    pub const ALL: &[Priority] = &[Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// 0 for `Low` to 3 for `Urgent`.
    #[inline]
    pub const fn lane(self) -> usize {
        self as usize
    }
}

/// What a message type declares: its lane, what happens when there is no room, how long it is worth
/// anything.
///
/// ```
/// # mod actors_core { pub use actors_policy::*; pub mod policy { pub use actors_policy::*; } }
/// use actors_core::{Priority, policy::{Overflow, Policy}};
/// use std::time::Duration;
///
/// const VIEWS: Policy =
///     Policy::tell().priority(Priority::Low).overflow(&[Overflow::DropOldest]).ttl(Duration::from_secs(5));
/// assert!(VIEWS.check().is_ok());
/// assert!(VIEWS.overflow(&[Overflow::Block, Overflow::Reject]).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The lane, or the lowest one that a send may choose.
    pub priority: Priority,
    /// The highest lane that a send may choose (S9).
    pub highest: Priority,
    /// What happens when there is no room.
    pub overflow: OverflowList,
    /// Slots that messages of this type may hold at once; `None`: as many as there are (B2).
    pub max: Option<usize>,
    /// Slots that messages of one key may hold at once where several workers keep the order of
    /// keys; `None`: a quarter of the capacity, at least one (S8). No effect with one worker.
    pub max_per_key: Option<usize>,
    /// Age at which it is worthless.
    pub ttl: Option<Duration>,
    /// Default deadline of an ask, and of a blocked send inside a turn.
    pub timeout: Duration,
    /// Which of its queued messages goes first.
    pub order: Order,
    /// The fill from which `drop_random` begins before there is no room.
    pub early: Option<Ramp>,
    /// How many messages are admitted in a time (T7).
    pub rate: Option<Rate>,
    /// How many messages may be admitted at once under the rate; `None`: those of a tenth of a
    /// second, at least one.
    pub burst: Option<usize>,
    /// Whether its messages take no token of the actor's rate. Only `high` and `urgent` types may
    /// be exempt.
    pub exempt: bool,
    /// Whether a message says how many tokens it costs (`Message::cost`); otherwise each costs one.
    pub costed: bool,
    /// Whether slots and turns are shared between the values that `Message::hash_key` feeds.
    pub fair: bool,
    /// Whether the type has a conflation key.
    pub keyed: bool,
    /// Whether the turn of an `async fn` is dropped at its next await when its asker has gone away
    /// (T8). It belongs to the code of the handler, and cannot be changed where the actor starts.
    pub cancels: bool,
}

words! {
    /// Which of a type's queued messages goes first.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Order of "order", each called "order", planned &[];
    /// The oldest.
    #[default]
    Fifo = "fifo",
    /// The oldest, or the newest while the mailbox has not been empty for 100 ms. Under a lasting
    /// overload the actor then serves the newest messages while their senders still wait, instead
    /// of all of them too late. The oldest wait longer, perhaps for ever, so give the type a `ttl`
    /// or its asks deadlines. Other types in the lane lose nothing: the type's turns come as often
    /// as before.
    ///
    /// Ben Maurer: Fail at Scale (ACM Queue 13, 8, 2015), "adaptive LIFO"; the interval is CoDel's
    /// (RFC 8289, section 3.2).
    LifoUnderPressure = "lifo_under_pressure",
}

/// Default deadline of an ask. Longer than any healthy handler takes, short enough that a stalled
/// one is noticed while the person who waits is still there.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Policy {
    /// The default of a one-way message: `normal`, `block`.
    pub const fn tell() -> Self {
        Policy {
            priority: Priority::Normal,
            highest: Priority::Normal,
            overflow: OverflowList::new(&[Overflow::Block]),
            max: None,
            max_per_key: None,
            ttl: None,
            timeout: TIMEOUT,
            order: Order::Fifo,
            early: None,
            rate: None,
            burst: None,
            exempt: false,
            costed: false,
            fair: false,
            keyed: false,
            cancels: false,
        }
    }

    /// The default of a message that has a reply: `normal`, `reject`.
    pub const fn ask() -> Self {
        Policy { overflow: OverflowList::new(&[Overflow::Reject]), ..Policy::tell() }
    }

    /// Sets the lane.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        (self.priority, self.highest) = (priority, priority);
        self
    }

    /// Lets a send choose a lane from its [`priority`](Policy::priority) up to this one (S9).
    #[must_use]
    pub const fn up_to(mut self, highest: Priority) -> Self {
        self.highest = highest;
        self
    }

    /// Whether a send may choose its lane.
    pub fn has_range(&self) -> bool {
        self.priority < self.highest
    }

    /// Sets what happens when there is no room: words tried in order.
    #[must_use]
    pub const fn overflow(mut self, list: &[Overflow]) -> Self {
        self.overflow = OverflowList::new(list);
        self
    }

    /// Sets how many slots messages of this type may hold at once.
    #[must_use]
    pub const fn max(mut self, slots: usize) -> Self {
        self.max = Some(slots);
        self
    }

    /// Sets how many slots messages of one key may hold at once in a pool (S8): those of all types
    /// with this key count, of the type's own lane and of higher ones. Needs a key; no effect with
    /// one worker.
    #[must_use]
    pub const fn max_per_key(mut self, slots: usize) -> Self {
        self.max_per_key = Some(slots);
        self
    }

    /// Sets the age at which a message is worthless, counted from the first poll of its send.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the default deadline of an ask.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets which of its queued messages goes first.
    #[must_use]
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Lets `drop_random` begin early, at the fill `from` (0 to 1); see [`Ramp`].
    #[must_use]
    pub const fn early(mut self, from: f64) -> Self {
        self.early = Some(Ramp::from(from));
        self
    }

    /// Sets how many messages are admitted in a time.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Sets how many messages may be admitted at once under the rate.
    #[must_use]
    pub const fn burst(mut self, messages: usize) -> Self {
        self.burst = Some(messages);
        self
    }

    /// Shares slots and turns between the values that `Message::hash_key` feeds (S7).
    #[must_use]
    pub const fn fair(mut self) -> Self {
        self.fair = true;
        self
    }

    /// Exempts its messages from the actor's rate.
    #[must_use]
    pub const fn exempt(mut self) -> Self {
        self.exempt = true;
        self
    }

    /// Says that a message tells how many tokens it costs (`Message::cost`).
    #[must_use]
    pub const fn costed(mut self) -> Self {
        self.costed = true;
        self
    }

    /// Says that the message has a conflation key (`Message::hash_key` and `Message::same_key`).
    #[must_use]
    pub const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    /// Drops the turn of an `async fn` at its next await when its asker has gone away (T8).
    #[must_use]
    pub const fn cancel_on_abandon(mut self) -> Self {
        self.cancels = true;
        self
    }

    /// Checks that the policy makes sense.
    ///
    /// # Errors
    /// The first word that cannot be, and what to write instead.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        fields::check(fields::MESSAGE, self)?;
        if self.max_per_key.is_some() && !self.keyed {
            return Err(InvalidPolicy::new(
                "max_per_key",
                "`max_per_key` counts the messages of one key: give the type a key, or leave it out",
            ));
        }
        Rate::check_burst(self.rate, self.burst)?;
        wording::priorities_fit((self.priority, self.highest))?;
        if self.exempt {
            wording::exempt_fits(self.priority)?;
        }
        self.check_combinations()?;
        if let Some(ramp) = self.early {
            if !self.overflow.has(Overflow::DropRandom) {
                return Err(InvalidPolicy::new(
                    "overflow",
                    "only `drop_random` begins early; put it into the overflow list",
                ));
            }
            ramp.check()?;
        }
        self.overflow.check(self.keyed)
    }

    /// Checks words that exclude each other.
    fn check_combinations(&self) -> Result<(), InvalidPolicy> {
        let refuse = |word: &'static str, why: &'static str| Err(InvalidPolicy::new(word, why));
        if self.has_range() && self.overflow.has(Overflow::Conflate) {
            let why = "a message that is conflated takes the place of an older one: write one priority, or leave out `conflate`";
            return refuse("priority", why);
        }
        if self.fair && self.keyed {
            return refuse("fair_by", wording::FAIR_AND_KEYED);
        }
        if self.fair && self.order != Order::Fifo {
            let why = "under `fair_by` the oldest message of each value goes first: leave out `order`, or `fair_by`";
            return refuse("order", why);
        }
        if self.fair && self.overflow.has(Overflow::DropAll) {
            let why = "under `fair_by`, `drop_all` would give up the messages of all values for one: write `drop_oldest`";
            return refuse("overflow", why);
        }
        Ok(())
    }

    /// Returns this policy with what differs between `before` and `wanted`: two changes of one
    /// policy that are made at the same time do not undo each other.
    #[doc(hidden)]
    #[must_use]
    pub fn changed(&self, before: &Policy, wanted: &Policy) -> Policy {
        fn pick<T: PartialEq>(now: T, before: T, wanted: T) -> T {
            if before == wanted { now } else { wanted }
        }
        // Every field by its name, so that a new one cannot be forgotten.
        let Policy {
            priority,
            highest,
            overflow,
            max,
            max_per_key,
            ttl,
            timeout,
            order,
            early,
            rate,
            burst,
            exempt,
            costed,
            fair,
            keyed,
            cancels,
        } = *self;
        Policy {
            priority: pick(priority, before.priority, wanted.priority),
            highest: pick(highest, before.highest, wanted.highest),
            overflow: pick(overflow, before.overflow, wanted.overflow),
            max: pick(max, before.max, wanted.max),
            max_per_key: pick(max_per_key, before.max_per_key, wanted.max_per_key),
            ttl: pick(ttl, before.ttl, wanted.ttl),
            timeout: pick(timeout, before.timeout, wanted.timeout),
            order: pick(order, before.order, wanted.order),
            early: pick(early, before.early, wanted.early),
            rate: pick(rate, before.rate, wanted.rate),
            burst: pick(burst, before.burst, wanted.burst),
            keyed: pick(keyed, before.keyed, wanted.keyed),
            exempt: pick(exempt, before.exempt, wanted.exempt),
            costed: pick(costed, before.costed, wanted.costed),
            fair: pick(fair, before.fair, wanted.fair),
            cancels: pick(cancels, before.cancels, wanted.cancels),
        }
    }

    /// Checks that a running actor may change from this policy to `wanted`. Words that the
    /// bookkeeping of queued messages depends on cannot change: see
    /// [`Reach::Running`](fields::Reach::Running).
    ///
    /// # Errors
    /// The first word that cannot change.
    #[doc(hidden)]
    pub fn check_change(&self, wanted: &Policy) -> Result<(), InvalidPolicy> {
        let fixed = fields::MESSAGE.iter().filter(|field| field.reach != fields::Reach::Running);
        let changed = fixed.into_iter().find(|field| (field.get)(self) != (field.get)(wanted));
        let conflates = |policy: &Policy| policy.overflow.has(Overflow::Conflate);
        let of_code = |policy: &Policy| {
            [
                ("key", policy.keyed),
                ("fair_by", policy.fair),
                ("cost", policy.costed),
                ("exempt", policy.exempt),
                ("cancel", policy.cancels),
            ]
        };
        let code = of_code(self).into_iter().zip(of_code(wanted)).find(|(now, wanted)| now != wanted);
        Err(match (changed, code) {
            (Some(field), _) => InvalidPolicy::fixed(field.word),
            (None, Some(((word, _), _))) => {
                let what = format_args!("`{word}` belongs to the code of the message, and it");
                InvalidPolicy::cannot_change(word, what)
            }
            (None, None) if conflates(self) != conflates(wanted) => {
                InvalidPolicy::cannot_change("overflow", "whether messages are conflated")
            }
            (None, None) => return Ok(()),
        })
    }
}

words! {
    /// Whether senders may run the turns of an idle actor themselves (S6).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum Inline of "inline", each called "inline", planned &[];
    /// Short turns of plain functions.
    #[default]
    Auto = "auto",
    /// No turns.
    Never = "never",
}
