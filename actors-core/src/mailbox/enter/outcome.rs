//! What a sender asks for, and what it is told.

use crate::error::{Admission, Reason};
use crate::mailbox::enter::entry::InLine;
use crate::mailbox::store::slots::Place;
use crate::mailbox::store::waiters::{Note, Outcome, Wanted};
use std::time::Duration;

/// What a sender does where its policy would have it wait in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// It gets its message back.
    Refuse,
    Wait,
}

/// What an entry is about: a slot for a [`Message`], or a [`Permit`].
pub(crate) trait Want {
    /// What it is granted.
    type Granted;
    /// What the sender gets back where it is refused.
    type Back<T>;

    /// Reads the note of a waiter of this kind.
    fn outcome<T>(note: Note<T>) -> Outcome<Self::Granted, Self::Back<T>>;

    /// What a waiter of this kind gets back when it gives up.
    fn back<T>(wanted: Wanted<T>) -> Self::Back<T>;
}

/// A message that wants a slot.
#[derive(Debug)]
pub(crate) enum Message {}

/// A slot that is promised to a message which is yet to come.
#[derive(Debug)]
pub(crate) enum Permit {}

impl Want for Message {
    type Granted = Place;
    type Back<T> = T;

    fn outcome<T>(note: Note<T>) -> Outcome<Place, T> {
        match note {
            Note::Message(outcome) => outcome,
            Note::Permit(_) => unreachable!("`InLine<Message>` is made only where a message joins the line"),
        }
    }

    fn back<T>(wanted: Wanted<T>) -> T {
        match wanted {
            Wanted::Message(item) => item,
            Wanted::Permit => unreachable!("`InLine<Message>` is made only where a message joins the line"),
        }
    }
}

impl Want for Permit {
    type Granted = ();
    type Back<T> = ();

    fn outcome<T>(note: Note<T>) -> Outcome<(), ()> {
        match note {
            Note::Permit(outcome) => outcome,
            Note::Message(_) => {
                unreachable!("`InLine<Permit>` is made only where a reservation joins the line")
            }
        }
    }

    fn back<T>(_: Wanted<T>) {}
}

/// What became of an entry when it was offered.
#[derive(Debug)]
pub(crate) enum Offer<W: Want, T> {
    Granted(W::Granted, Admission),
    InLine(InLine<W>),
    /// Refused, or lost by its policy or by a panic, as the reason says. The ledger has counted it.
    Refused(W::Back<T>, Reason, Option<Duration>),
}

/// What became of the request to take an admitted message back.
#[derive(Debug)]
pub(crate) enum Withdrawal<T> {
    Out(T),
    /// The consumer has claimed it, and may be about to begin its turn.
    Claimed,
    /// Its turn has begun, or it was lost before.
    Begun,
}
