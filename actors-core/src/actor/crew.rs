//! What an actor is to those who ask who waits for whom (D1).

use super::Actor;
use super::cell::Cell;
use crate::error::ActorName;
use crate::wait::{Crew, InLine, Node};

impl<A: Actor> Node for Cell<A> {
    fn id(&self) -> usize {
        Cell::id(self)
    }

    fn name(&self) -> &ActorName {
        &self.name
    }

    /// One task runs all turns. Workers of a pool: how many there are, and whether another one may come; which one runs a turn
    /// says `worker` in [`Turn`](crate::turn::current::Turn).
    fn crew(&self) -> Crew {
        Crew { workers: 1, may_grow: false }
    }

    fn is_killed(&self) -> bool {
        self.mailbox.is_killed()
    }

    fn is_stuck_in_line(&self, place: InLine) -> bool {
        self.mailbox.is_stuck_in_line(place.waiter, place.ticket)
    }
}
