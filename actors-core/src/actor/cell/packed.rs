//! The contents of an actor's mailbox: packed messages and, between turns, the seat.

use super::Stage;
use crate::actor::context::Context;
use crate::actor::{Actor, Mail};
use crate::mailbox::{Item, Seated};
use std::hash::Hasher;
use std::task::Context as TaskContext;

/// A message in the enum of its actor, as the mailbox moves it.
pub(crate) struct Packed<A: Actor>(pub(crate) A::Mail);

impl<A: Actor> Item for Packed<A> {
    fn class(&self) -> usize {
        self.0.class()
    }

    fn hash_key<H: Hasher>(&self, mut state: &mut H) {
        self.0.envelope().hash_key(&mut state);
    }

    fn weight(&self) -> usize {
        self.0.envelope().weight()
    }

    fn cost(&self) -> usize {
        self.0.envelope().cost()
    }

    fn same_key(&self, other: &Self) -> bool {
        self.0.envelope().same_key(other.0.envelope())
    }
}

/// An actor's state and context. Its owner has the right to run a turn.
pub(crate) struct Seat<A: Actor> {
    pub(crate) actor: A,
    pub(crate) ctx: Context<A>,
    /// Where the turns of `async fn`s run. Made with the first; away while one runs.
    pub(crate) stage: Option<Stage<A>>,
}

impl<A: Actor> Seat<A> {
    pub(crate) fn new(actor: A, ctx: Context<A>) -> Box<Self> {
        Box::new(Seat { actor, ctx, stage: None })
    }
}

impl<A: Actor> Seated for Box<Seat<A>> {
    fn must_stay(&self, cx: &TaskContext<'_>) -> bool {
        self.ctx.must_stay(cx)
    }
}
