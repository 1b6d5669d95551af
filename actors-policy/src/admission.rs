//! How a message entered a mailbox.

/// How a message entered a mailbox, or what became of it instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Admission {
    /// There was room.
    Queued,
    /// It waited in line, then got a slot.
    Waited,
    /// It replaced an older message of the same key.
    Conflated,
    /// It is queued, and another message was dropped for it.
    Displaced,
    /// It was itself dropped, as its policy says.
    Dropped,
    /// It went to durable storage, and will return from there.
    Spilled,
}
