//! The stage of a seat: the place where the turns of `async fn`s run.
//!
//! ```text
//!   seat ── begin ──► stage ┌ the future of the turn ┐ ── end ──► seat
//!                           └ which owns the seat    ┘
//! ```
//!
//! The future of a turn lies in a box that belongs to the seat, and owns the seat while it runs. So
//! a poll needs nothing but the stage, and a turn can change hands. A sender begins a turn and
//! polls it once; if it has to wait, the stage goes through the cell to the actor's task
//! ([`Suspended`]), and the mailbox enters the turn as a claim of one:
//!
//! ```text
//!   sender          mailbox                      cell       the actor's task
//!   take_seat ────► seat away, in service
//!   begin, poll
//!   pending ───────────────────────────────────► stage
//!   suspend ──────► claim of one, flag, wake ─────────────► Take::Suspended, takes the stage,
//!                                                           polls on with its own waker
//! ```
//!
//! **Invariants.**
//! - A stage lies in its seat, or its future owns the seat. There is no third place: a future that
//!   is dropped, or through which a panic unwinds, leaves the seat to the cell ([`TurnSeat`]).
//! - The first poll of a sender gets a waker of the stage's own. It wakes the actor's task, so it
//!   is valid for as long as the handler keeps it, whichever thread polls later.
//!
//! **Price.** An allocation per instance, made with its first such turn, and another with the first
//! turn that a sender begins. A virtual call per poll.

use super::{Cell, Seat, TurnSeat};
use crate::actor::Actor;
use crate::clock::Tick;
use crate::mailbox::ClassId;
use crate::observe::ObservedTurn;
use crate::wakers;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The turns of one instance, with the type of their future erased.
trait Turns<A: Actor>: Send {
    /// Begins a turn. There is none.
    fn begin(self: Pin<&mut Self>, seat: TurnSeat<A>, mail: A::Mail);

    /// Polls the turn. Ready with the seat.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TurnSeat<A>>;

    /// Polls it with a waker of the stage's own.
    fn poll_elsewhere(self: Pin<&mut Self>, cell: &Arc<Cell<A>>) -> Poll<TurnSeat<A>>;

    /// Drops the future, if there is one.
    fn clear(self: Pin<&mut Self>);
}

pin_project! {
    /// The function that makes the future of a turn, and the place of the future.
    struct Typed<F, M> {
        // A future that has returned holds nothing, and stays until the next one.
        #[pin]
        turn: Option<F>,
        make: M,
        // Wakes the actor's task. Made with the first turn that a sender begins.
        waker: Option<Waker>,
    }
}

impl<A, F, M> Turns<A> for Typed<F, M>
where
    A: Actor,
    F: Future<Output = TurnSeat<A>> + Send,
    M: Fn(TurnSeat<A>, A::Mail) -> F + Send,
{
    #[inline]
    fn begin(self: Pin<&mut Self>, seat: TurnSeat<A>, mail: A::Mail) {
        let mut this = self.project();
        let turn = (this.make)(seat, mail);
        this.turn.set(Some(turn));
    }

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TurnSeat<A>> {
        let Some(running) = self.project().turn.as_pin_mut() else {
            unreachable!("only a turn that has begun and not ended is polled")
        };
        running.poll(cx)
    }

    #[inline]
    fn poll_elsewhere(self: Pin<&mut Self>, cell: &Arc<Cell<A>>) -> Poll<TurnSeat<A>> {
        let this = self.project();
        let waker = this.waker.get_or_insert_with(|| waker_of(cell));
        let Some(running) = this.turn.as_pin_mut() else { unreachable!("it has just begun") };
        running.poll(&mut Context::from_waker(waker))
    }

    fn clear(self: Pin<&mut Self>) {
        self.project().turn.set(None);
    }
}

/// Where the turns of `async fn`s run.
pub(crate) struct Stage<A: Actor> {
    turns: Pin<Box<dyn Turns<A>>>,
}

impl<A: Actor> Stage<A> {
    /// Begins the turn of `mail` on the stage of `seat`. `make` makes its future, always the same
    /// way.
    #[inline]
    pub(crate) fn begin<F, M>(mut seat: Box<Seat<A>>, mail: A::Mail, make: M) -> Self
    where
        F: Future<Output = TurnSeat<A>> + Send + 'static,
        M: Fn(TurnSeat<A>, A::Mail) -> F + Send + 'static,
    {
        let mut stage = match seat.stage.take() {
            Some(stage) => stage,
            None => Stage::new(make),
        };
        stage.turns.as_mut().begin(TurnSeat::new(seat), mail);
        stage
    }

    #[cold]
    fn new<F, M>(make: M) -> Self
    where
        F: Future<Output = TurnSeat<A>> + Send + 'static,
        M: Fn(TurnSeat<A>, A::Mail) -> F + Send + 'static,
    {
        Stage { turns: Box::pin(Typed { turn: None::<F>, make, waker: None }) }
    }

    /// Polls the turn that has begun. Foreign code: it may panic.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TurnSeat<A>> {
        self.turns.as_mut().poll(cx)
    }

    /// Polls it for the actor's task, which is somewhere else: what it waits for wakes that task.
    #[inline]
    pub(crate) fn poll_elsewhere(&mut self, cell: &Arc<Cell<A>>) -> Poll<TurnSeat<A>> {
        self.turns.as_mut().poll_elsewhere(cell)
    }

    /// Puts the stage back into the seat, because the turn has ended.
    #[inline]
    pub(crate) fn end(self, seat: TurnSeat<A>) -> Option<Box<Seat<A>>> {
        let mut seat = seat.into_seat();
        if let Some(seat) = &mut seat {
            seat.stage = Some(self);
        }
        seat
    }

    /// Drops the turn, if one has begun; the cell keeps its seat. Foreign code: it may panic.
    pub(crate) fn clear(&mut self) {
        self.turns.as_mut().clear();
    }
}

#[cold]
fn waker_of<A: Actor>(cell: &Arc<Cell<A>>) -> Waker {
    let cell: Weak<Cell<A>> = Arc::downgrade(cell);
    wakers::calling(move || {
        if let Some(cell) = cell.upgrade() {
            cell.wake_turn();
        }
    })
}

/// A turn that a sender has begun and that has to wait, on its way to the actor's task.
pub(crate) struct Suspended<A: Actor> {
    pub(crate) stage: Stage<A>,
    pub(crate) class: ClassId,
    /// Until when a caller waits for it.
    pub(crate) deadline: Tick,
    /// It has entered the wait graph (D1).
    pub(crate) has_waited: bool,
    /// If the meter samples it (L6), or it has a span (L7).
    pub(crate) observed: Option<Box<ObservedTurn>>,
}

impl<A: Actor> Cell<A> {
    /// Gives a turn that has to wait to the actor's task. `took`: how long it counts as a turn of
    /// its type, if it counts.
    ///
    /// # Errors
    /// The turn, if the actor has ended meanwhile. It is counted as lost.
    pub(crate) fn suspend(
        self: &Arc<Self>,
        turn: Box<Suspended<A>>,
        took: Option<Duration>,
    ) -> Result<(), Option<Box<Suspended<A>>>> {
        let class = turn.class;
        // Before the mailbox says that it is here.
        let old = self.suspended.lock().replace(turn);
        debug_assert!(old.is_none(), "there is one seat");
        match self.mailbox.suspend(class, took) {
            Some(next) => {
                self.wake(next);
                self.system.watch_turns(&self.rt);
                Ok(())
            }
            None => Err(self.take_suspended()),
        }
    }

    /// Takes the turn that a sender has left, where the mailbox says that there is one.
    pub(crate) fn take_suspended(&self) -> Option<Box<Suspended<A>>> {
        self.suspended.lock().take()
    }

    /// Wakes the actor's task for the turn that it polls, or is about to take over.
    fn wake_turn(self: &Arc<Self>) {
        let next = self.mailbox.wake_turn();
        self.wake(next);
    }
}
