//! How a message entered a mailbox.

/// How a message got in, or what became of it instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Admission {
    /// There was room.
    Queued,
    /// It waited in line, then got a slot.
    Waited,
    /// It took over the place of an older message of the same key.
    Conflated,
    /// It is in, and another message was given up for it.
    Displaced,
    /// It was itself dropped, as its policy says.
    Dropped,
    /// It went to durable storage and will come back.
    Spilled,
}
