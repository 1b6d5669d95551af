//! What the loop carries, and what happens if the loop itself is dropped.

use crate::actor::Actor;
use crate::actor::cell::{Cell, Post, Seat, Stage};
use crate::clock::Tick;
use crate::error::{Reason, StopReason};
use crate::mailbox::{Claimed, Effects, Take, Taker};
use crate::observe::trace;
use crate::panics::ignored;
use crate::turn::{self, Now, current, worker};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

type Fx<A> = Effects<Post<A>>;

/// The actor's loop's own state. Dropped before [`Runner::end`], the runtime has ended beneath the actor: then everybody
/// who waits is told, and nothing else of the user's runs.
pub(super) struct Runner<A: Actor> {
    pub(super) cell: Arc<Cell<A>>,
    taker: Taker<Post<A>, Box<Seat<A>>>,
    fx: Fx<A>,
    /// A panic went through the state: it is not touched again (F1).
    pub(super) is_tainted: bool,
    is_over: bool,
}

/// What must be known of a message beside the message while it has its turn.
#[derive(Clone, Copy)]
pub(super) struct TurnTag {
    pub(super) class: usize,
    pub(super) stamp: Tick,
    pub(super) deadline: Tick,
}

/// What the loop has to do that `poll_turns` cannot.
pub(super) enum Next<A: Actor> {
    /// The turn of an `async fn`.
    Async(A::Mail, TurnTag),
    /// A plain turn panicked, with this text.
    Panicked(String, TurnTag),
    /// There will be no more turns.
    Finished,
    /// A panic went through the state while a sender ran a turn.
    Tainted,
}

/// What a turn may use of the runner beside the seat.
pub(super) struct Lent<'a, A: Actor> {
    pub(super) cell: &'a Arc<Cell<A>>,
    rest: Option<(Claimed<'a, Post<A>>, &'a mut Fx<A>)>,
}

impl<'a, A: Actor> Lent<'a, A> {
    /// For the last hook, which no kill cuts off.
    pub(super) fn deaf(cell: &'a Arc<Cell<A>>) -> Self {
        Lent { cell, rest: None }
    }
}

impl<A: Actor> turn::Runner for Lent<'_, A> {
    fn within<T>(&self, poll: impl FnOnce() -> T) -> T {
        let _inside = self.cell.span.enter();
        poll()
    }

    fn is_killed(&self) -> bool {
        self.rest.is_some() && self.cell.mailbox.is_killed()
    }

    fn suspended(&mut self) {
        if let Some((claimed, fx)) = &mut self.rest {
            claimed.put_back(&self.cell.mailbox, fx);
            self.cell.apply(fx);
        }
    }
}

impl<A: Actor> Runner<A> {
    pub(super) fn new(cell: Arc<Cell<A>>) -> Self {
        Runner { cell, taker: Taker::new(), fx: Effects::new(), is_tainted: false, is_over: false }
    }

    /// Takes the actor's state, and makes the task known as the one to wake.
    pub(super) async fn take_seat(&mut self) {
        std::future::poll_fn(|cx| {
            self.taker.take_seat(&self.cell.mailbox, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Runs plain turns, one after the other, until there is something else to do.
    pub(super) fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<Next<A>> {
        let id = self.cell.id();
        if self.cell.may_donate {
            worker::note();
        }
        let cell = self.cell.clone();
        let _inside = cell.span.enter();
        loop {
            match ready!(self.poll_take(cx)) {
                Take::Turn => {}
                Take::Finished => return Poll::Ready(Next::Finished),
                Take::Tainted => {
                    self.is_tainted = true;
                    return Poll::Ready(Next::Tainted);
                }
            }
            let (Some(seat), Some(taken)) = self.taker.turn_parts() else {
                return Poll::Ready(Next::Finished);
            };
            let Some(item) = taken.item.take() else { return Poll::Ready(Next::Finished) };
            let tag = TurnTag { class: taken.class.into(), stamp: taken.stamp, deadline: taken.deadline };
            match turn::now(seat, item, current::Turn { cell: id, deadline: tag.deadline, timeout: None }) {
                Now::Done => self.cell.mailbox.end_turn(),
                Now::Later(mail) => return Poll::Ready(Next::Async(mail, tag)),
                Now::Panicked(text) => return Poll::Ready(Next::Panicked(text, tag)),
            }
        }
    }

    /// The next turn, with everything that follows from looking for it.
    #[inline]
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Take> {
        let taken = self.taker.poll_take(&self.cell.mailbox, cx, &mut self.fx);
        if !self.fx.is_empty()
            && (!self.fx.lost.is_empty() || self.taker.should_wake(&self.fx, taken.is_pending()))
        {
            self.cell.apply(&mut self.fx);
        }
        taken
    }

    /// The seat, and the rest.
    pub(super) fn split(&mut self) -> (Option<&mut Seat<A>>, Lent<'_, A>) {
        let (seat, claimed) = self.taker.split();
        (seat.map(|seat| &mut **seat), Lent { cell: &self.cell, rest: Some((claimed, &mut self.fx)) })
    }

    pub(super) fn conclude(&mut self, reason: Reason) {
        self.cell.mailbox.conclude_turn(reason, &mut self.fx);
        self.cell.apply(&mut self.fx);
    }

    /// Nothing more is taken: who waits or is queued is told.
    pub(super) fn close(&mut self) {
        self.taker.put_back(&self.cell.mailbox, &mut self.fx);
        // A turn that is still open here was dropped with the loop.
        if let Some(class) = self.cell.mailbox.conclude_turn(Reason::Closed, &mut self.fx) {
            self.cell.mourn(class, Tick::ZERO, Reason::Closed, || None);
        }
        let left = self.cell.mailbox.end(&mut self.fx);
        if left.is_some() {
            self.taker.seat = left;
        }
        self.cell.apply(&mut self.fx);
    }

    pub(super) fn take_out(&mut self) -> Option<Box<Seat<A>>> {
        self.taker.seat.take()
    }

    /// The last word.
    pub(super) fn end(mut self, why: StopReason) {
        self.finish(why);
    }

    fn finish(&mut self, why: StopReason) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        // Wakers are foreign code.
        ignored(|| self.cell.timers.clear());
        let total = self.cell.ledger().total();
        trace::stopped(&self.cell.name, why, &total);
        self.cell.system.retire(&self.cell.name, self.cell.id(), &total);
        self.cell.advance(Stage::Ended(why));
    }
}

impl<A: Actor> Drop for Runner<A> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.close();
        let seat = self.take_out();
        ignored(|| drop(seat));
        self.finish(StopReason::RuntimeGone);
    }
}
