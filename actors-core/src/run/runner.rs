//! What the loop carries, and what happens if the loop itself is dropped.

use crate::actor::cell::{Cell, Envelope, Seat, Stage};
use crate::actor::{Actor, Mail};
use crate::clock::Tick;
use crate::current::{self, worker};
use crate::drops;
use crate::error::{Reason, StartError, StopReason};
use crate::mailbox::{Effects, Take, Taker};
use crate::observe::trace;
use crate::panics::{caught, ignored};
use crate::turn::{self, Now, TurnSeat};
use crate::wait;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

type Fx<A> = Effects<Envelope<A>>;

/// The actor's loop's own state. Dropped before [`Runner::end`], the runtime has ended beneath the actor: then everybody
/// who waits is told, and nothing else of the user's runs.
pub(super) struct Runner<A: Actor> {
    pub(super) cell: Arc<Cell<A>>,
    taker: Taker<Envelope<A>, Box<Seat<A>>>,
    fx: Fx<A>,
    /// Of a turn that is suspended.
    tag: TurnTag,
    /// A panic went through the state: it is not touched again (F1).
    pub(super) is_poisoned: bool,
    /// Why the latest instance did not start.
    pub(super) failed: Option<StartError>,
    /// Its number among the workers.
    worker: u32,
    is_over: bool,
}

/// What must be known of a message beside the message while it has its turn.
#[derive(Clone, Copy)]
struct TurnTag {
    class: usize,
    stamp: Tick,
    deadline: Tick,
    /// In a poll before it has begun to wait for somebody (D1).
    has_waited: bool,
}

impl TurnTag {
    const NONE: TurnTag = TurnTag { class: 0, stamp: Tick::ZERO, deadline: Tick::NEVER, has_waited: false };
}

impl<A: Actor> Runner<A> {
    pub(super) fn new(cell: Arc<Cell<A>>, worker: u32, seat: Option<Box<Seat<A>>>) -> Self {
        let (mut taker, fx) = (Taker::new(worker.into()), Effects::new());
        taker.seat = seat;
        let tag = TurnTag::NONE;
        Runner { cell, taker, fx, tag, is_poisoned: false, failed: None, worker, is_over: false }
    }

    pub(super) fn worker(&self) -> u32 {
        self.worker
    }

    pub(super) fn give_seat(&mut self, seat: Box<Seat<A>>) {
        self.taker.seat = Some(seat);
    }

    /// Takes the actor's state, and makes the task known as the one to wake.
    pub(super) async fn take_seat(&mut self) {
        std::future::poll_fn(|cx| {
            self.taker.take_seat(&self.cell.mailbox, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Runs turns, one after the other, until there will be none any more. `turn` is where the turn of an `async fn` lies, and
    /// `serve` makes one.
    pub(super) fn poll_turns<F: Future<Output = TurnSeat<A>>>(
        &mut self,
        cx: &mut Context<'_>,
        turn: Pin<&mut Option<F>>,
        serve: impl Fn(TurnSeat<A>, A::Mail) -> F,
    ) -> Poll<StopReason> {
        if self.cell.may_donate {
            worker::note(&self.cell.rt);
        }
        let polled = self.poll_on(cx, turn, serve);
        if polled.is_pending() {
            self.taker.rest();
        }
        polled
    }

    fn poll_on<F: Future<Output = TurnSeat<A>>>(
        &mut self,
        cx: &mut Context<'_>,
        mut turn: Pin<&mut Option<F>>,
        serve: impl Fn(TurnSeat<A>, A::Mail) -> F,
    ) -> Poll<StopReason> {
        let cell = self.cell.clone();
        let _span = cell.span.enter();
        let inside = current::enter_some();
        let worker = self.worker;
        let scope = |deadline| current::Turn::new(cell.id(), worker, deadline);
        if turn.is_some() {
            if cell.mailbox.is_killed() {
                return Poll::Ready(self.cut(turn));
            }
            inside.turn(scope(self.tag.deadline));
            if let Some(end) = ready!(self.poll_async(cx, turn.as_mut(), false)) {
                return Poll::Ready(end);
            }
        }
        loop {
            match ready!(self.poll_take(cx, &inside)) {
                Take::Turn => {}
                Take::Finished => return Poll::Ready(self.why_finished()),
                Take::Poisoned => {
                    self.is_poisoned = true;
                    return Poll::Ready(StopReason::Panicked);
                }
                Take::Renew => return Poll::Ready(StopReason::Restarted),
                Take::Retire => return Poll::Ready(StopReason::Retired),
            }
            let (Some(seat), Some(taken)) = self.taker.turn_parts() else {
                return Poll::Ready(self.why_finished());
            };
            inside.turn(scope(taken.deadline));
            seat.ctx.begin_turn(taken.deadline);
            // The message is moved once, to where it is handled.
            let mail = match &taken.item {
                Some(item) if item.0.waits() => taken.item.take().map(|item| item.0),
                Some(_) => None,
                None => return Poll::Ready(self.why_finished()),
            };
            if let Some(mail) = mail {
                let Some(seat) = self.taker.seat.take() else { return Poll::Ready(self.why_finished()) };
                turn.set(Some(serve(TurnSeat::new(seat), mail)));
                if let Some(end) = ready!(self.poll_async(cx, turn.as_mut(), true)) {
                    return Poll::Ready(end);
                }
                continue;
            }
            match turn::now(seat, &mut taken.item) {
                Now::Done => {
                    self.end_waits(current::has_waited());
                    cell.mailbox.end_turn(self.worker.into());
                }
                Now::Later(mail) => {
                    let Some(seat) = self.taker.seat.take() else { return Poll::Ready(self.why_finished()) };
                    turn.set(Some(serve(TurnSeat::new(seat), mail)));
                    if let Some(end) = ready!(self.poll_async(cx, turn.as_mut(), true)) {
                        return Poll::Ready(end);
                    }
                }
                Now::Panicked(text) => {
                    let tag = self.running();
                    return Poll::Ready(self.panicked(&tag, text));
                }
            }
        }
    }

    /// Polls the turn of an `async fn`. When it is suspended for the first time, what else was claimed goes back. Ready with a
    /// reason where it was the last turn.
    fn poll_async<F: Future<Output = TurnSeat<A>>>(
        &mut self,
        cx: &mut Context<'_>,
        mut turn: Pin<&mut Option<F>>,
        is_first: bool,
    ) -> Poll<Option<StopReason>> {
        let Some(running) = turn.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        match caught(|| running.poll(cx)) {
            Ok(Poll::Ready(seat)) => {
                self.taker.seat = seat.into_seat();
                turn.set(None);
                self.end_waits(current::has_waited() || (!is_first && self.tag.has_waited));
                self.cell.mailbox.end_turn(self.worker.into());
                Poll::Ready(None)
            }
            Ok(Poll::Pending) => {
                let has_waited = current::has_waited();
                if is_first {
                    self.tag = self.running();
                    self.taker.put_back(&self.cell.mailbox, &mut self.fx);
                    self.cell.apply(&mut self.fx);
                }
                self.tag.has_waited |= has_waited;
                // Killed during this very poll: nobody would come again.
                if self.cell.mailbox.is_killed() { Poll::Ready(Some(self.cut(turn))) } else { Poll::Pending }
            }
            Err(text) => {
                let tag = if is_first { self.running() } else { self.tag };
                ignored(|| turn.set(None));
                self.end_waits(current::has_waited() || tag.has_waited);
                self.taker.seat = self.cell.take_left(self.worker);
                Poll::Ready(Some(self.panicked(&tag, text)))
            }
        }
    }

    /// The suspended turn is dropped where it is: the actor was killed (F4).
    fn cut<F>(&mut self, mut turn: Pin<&mut Option<F>>) -> StopReason {
        // Its locals are dropped here; their `Drop` is user code.
        let dropped = caught(|| turn.set(None));
        self.taker.seat = self.cell.take_left(self.worker);
        let tag = self.tag;
        self.end_waits(tag.has_waited);
        if let Err(text) = dropped {
            return self.panicked(&tag, text);
        }
        self.fail_turn(Reason::Closed);
        self.cell.report_loss(tag.class, tag.stamp, Reason::Closed, || None);
        StopReason::Killed
    }

    /// The turn is over: what it has kept of half-polled asks is no wait of the next one (D1).
    #[inline]
    fn end_waits(&self, has_waited: bool) {
        if has_waited {
            let turn = current::Turn::new(self.cell.id(), self.worker, Tick::NEVER);
            wait::over(self.cell.system.waits(), turn.waiter());
        }
    }

    /// A panic went through the state (F1).
    fn panicked(&mut self, tag: &TurnTag, text: String) -> StopReason {
        self.fail_turn(Reason::Panicked);
        self.is_poisoned = true;
        self.cell.note_panic(tag.class, &text);
        self.cell.report_loss(tag.class, tag.stamp, Reason::Panicked, || Some(text));
        StopReason::Panicked
    }

    /// Why there will be no more turns.
    pub(super) fn why_finished(&self) -> StopReason {
        let said = self.cell.life.lock().why;
        match self.cell.mailbox.is_killed() {
            true => said.unwrap_or(StopReason::Killed),
            false => said.unwrap_or(StopReason::Stopped),
        }
    }

    /// Of the message whose turn it is, as long as nothing else was claimed since.
    fn running(&mut self) -> TurnTag {
        self.taker.current().map_or(TurnTag::NONE, |taken| TurnTag {
            class: taken.class.index(),
            stamp: taken.stamp,
            deadline: taken.deadline,
            has_waited: false,
        })
    }

    /// The next turn, with everything that follows from looking for it.
    #[inline]
    fn poll_take(&mut self, cx: &mut Context<'_>, inside: &current::Inside) -> Poll<Take> {
        let taken = self.taker.poll_take(&self.cell.mailbox, cx, &mut self.fx);
        // Wake-ups may wait only for another turn of this instance: not while the task parks, and not while an instance ends (O1).
        if !self.fx.is_empty()
            && (!self.fx.lost.is_empty()
                || self.taker.should_wake(&self.fx, !matches!(taken, Poll::Ready(Take::Turn))))
        {
            inside.pause();
            self.cell.apply(&mut self.fx);
        }
        taken
    }

    pub(super) fn seat(&mut self) -> Option<&mut Seat<A>> {
        self.taker.seat.as_deref_mut()
    }

    /// Whether a job that the instance started has panicked (F7).
    pub(super) fn has_failed_job(&mut self) -> bool {
        self.seat().is_some_and(|seat| seat.ctx.has_failed())
    }

    fn fail_turn(&mut self, reason: Reason) {
        self.cell.mailbox.visit(&mut self.fx, |section| section.fail_turn(self.worker.into(), reason));
        self.cell.apply(&mut self.fx);
    }

    /// What was claimed and has not begun goes back.
    pub(super) fn give_back(&mut self) {
        self.taker.put_back(&self.cell.mailbox, &mut self.fx);
        self.cell.apply(&mut self.fx);
    }

    /// Another instance is about to be made: who wanted one until now has it.
    pub(super) fn forget_renewal(&mut self) {
        self.cell.mailbox.forget_renewal(self.worker.into());
        if !self.cell.mailbox.limits().workers.is_pool() {
            self.cell.life.lock().has_failed_child = false;
        }
    }

    /// Another instance is about to have its first turn.
    pub(super) fn begin_anew(&mut self) {
        self.cell.mailbox.visit(&mut self.fx, |section| section.begin_anew());
        self.cell.apply(&mut self.fx);
    }

    /// Nothing more is taken: who waits or is queued is told, unless other workers are still at it.
    pub(super) fn close(&mut self) {
        self.taker.put_back(&self.cell.mailbox, &mut self.fx);
        // A turn that is still open here was dropped with the loop.
        if let Some(class) = self
            .cell
            .mailbox
            .visit(&mut self.fx, |section| section.fail_turn(self.worker.into(), Reason::Closed))
        {
            self.cell.report_loss(class.index(), Tick::ZERO, Reason::Closed, || None);
        }
        if !self.cell.mailbox.limits().workers.is_pool() || self.cell.mailbox.is_killed() {
            let left = self.cell.mailbox.visit(&mut self.fx, |section| section.end());
            if left.is_some() {
                self.taker.seat = left;
            }
        }
        self.cell.apply(&mut self.fx);
    }

    /// This worker goes. `true` when it was the last one: then the actor has come to its end.
    pub(super) fn leave(&mut self) -> bool {
        let is_last =
            self.cell.mailbox.visit(&mut self.fx, |section| section.remove_worker(self.worker.into()));
        if is_last {
            self.cell.mailbox.visit(&mut self.fx, |section| section.end());
        }
        self.is_over = !is_last;
        self.cell.apply(&mut self.fx);
        if !is_last {
            self.cell.review_waits();
        }
        is_last
    }

    pub(super) fn take_out(&mut self) -> Option<Box<Seat<A>>> {
        self.taker.seat.take().or_else(|| self.cell.take_left(self.worker))
    }

    /// The last word.
    pub(super) fn end(&mut self, why: StopReason) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        // Wakers are foreign code.
        ignored(|| self.cell.timers.clear());
        self.cell.drop_factory();
        // Before the books are added up.
        self.cell.end_jobs(why);
        self.cell.log_losses();
        let total = self.cell.ledger().total();
        trace::stopped(&self.cell.name, why, &total);
        self.cell.system.registry().remove(self.cell.clone(), &total);
        if self.cell.is_departing() {
            self.cell.system.departing().remove(self.cell.id());
        }
        if let Some(siblings) = &self.cell.parent {
            siblings.remove(self.cell.id());
        }
        self.cell.advance(Stage::Ended(why));
    }
}

impl<A: Actor> Drop for Runner<A> {
    /// The runtime has ended, or has dropped the loop. The state may hold the last handle of another actor, which then ends in the
    /// same way, and so on: see [`drops`].
    fn drop(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let mut rest = Runner::new(self.cell.clone(), self.worker, None);
        std::mem::swap(&mut rest.taker, &mut self.taker);
        std::mem::swap(&mut rest.fx, &mut self.fx);
        // So that its own drop does not come back here.
        rest.is_over = true;
        drops::bounded(move || rest.abandon());
    }
}

impl<A: Actor> Runner<A> {
    /// The loop was dropped.
    fn abandon(mut self) {
        self.close();
        let seat = self.take_out();
        ignored(|| drop(seat));
        if self.leave() {
            self.end(StopReason::RuntimeGone);
        }
    }
}
