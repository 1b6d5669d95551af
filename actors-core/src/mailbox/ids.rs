//! Numbers that name things in a mailbox, each of a type of its own.

/// Defines a number that names something: `Copy`, and no larger than the number.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($raw:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub(crate) struct $name($raw);

        impl $name {
            #[inline(always)]
            pub(crate) const fn new(index: usize) -> Self {
                $name(index as $raw)
            }

            #[inline(always)]
            pub(crate) const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A message type of one mailbox: its index among the classes. A mailbox has at most 65,535
    /// classes.
    ClassId(u16)
}
id! {
    /// A slot of the arena. A capacity is at most 2^24, so slots stay below it.
    SlotId(u32)
}
id! {
    /// A value between which a message type shares its slots. Numbers are used again.
    ValueId(u32)
}
id! {
    /// A sender in line, until it has collected its outcome. Numbers are used again.
    WaiterId(u32)
}
id! {
    /// A worker of a pool. Numbers of workers that have gone are used again.
    WorkerId(u32)
}

impl WorkerId {
    /// The consumer of a mailbox without a pool.
    pub(crate) const ONLY: WorkerId = WorkerId(0);
}

impl From<u32> for WorkerId {
    fn from(number: u32) -> Self {
        WorkerId(number)
    }
}

impl From<WorkerId> for u32 {
    fn from(worker: WorkerId) -> u32 {
        worker.0
    }
}

impl From<u32> for WaiterId {
    fn from(number: u32) -> Self {
        WaiterId(number)
    }
}

impl From<WaiterId> for u32 {
    fn from(waiter: WaiterId) -> u32 {
        waiter.0
    }
}

/// A series of ticks that let senders in as tokens of their rates come. There is one at a time, and
/// an older one ends at its next tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticks(u32);

impl Ticks {
    /// The series after this one.
    pub(super) fn next(self) -> Ticks {
        Ticks(self.0.wrapping_add(1))
    }
}
