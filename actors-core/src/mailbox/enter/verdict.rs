//! What senders and watchers are told.

use crate::error::{Admission, Reason};
use crate::mailbox::store::slots::{Place, Tag};
use std::time::Duration;

/// Whether a sender would wait in line. One that is put in line has left no waker yet: it is cloned when the lock is free, and
/// [`look_first`](super::Mailbox::look_first) leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    Try,
    Wait,
}

/// What became of an offer.
#[derive(Debug)]
pub(crate) enum Verdict {
    In(Place, Admission),
    InLine(u32),
    /// The message is still the caller's.
    Refused(Reason, Option<Duration>),
    /// The message was lost; its value is still with the caller, to be reported and dropped.
    Lost(Reason),
}

/// How a waiter stands when its sender looks.
#[derive(Debug)]
pub(crate) enum Standby<T> {
    Waiting,
    In(Place),
    /// It has its permit.
    Promised,
    /// The message, if it had one already.
    Out(Option<T>, Reason),
}

/// How a wait ended that its sender gave up.
#[derive(Debug)]
pub(crate) enum Left<T> {
    /// The message is back, if it had one already, counted under the reason given.
    Back(Option<T>, Tag),
    /// It had got in just before.
    In(Place),
    /// It had got its permit just before.
    Promised,
    /// It had been refused just before, for this reason: its sender has not been told.
    Out(Option<T>, Tag, Reason),
}

/// What became of the wish to take an admitted message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// It is out.
    Out,
    /// It is marked, and the consumer drops it when it looks; but it may have looked already, and be about to begin its turn.
    Claimed,
    /// Its turn has begun.
    Begun,
}
