//! loom models of the reply slot: an asker and a sender, in every order of their steps.
//!
//! `mailbox/loom.rs` says where the models run. An asker is a task on its own thread that sleeps
//! until its waker is called. If the waker is never called, the model reports a deadlock.
//!
//! | model | threads | interleavings |
//! |---|---|---|
//! | an asker waits, changes its task, takes the answer with or without a lock, goes away, loses its message, or is woken | 2 | all |
//! | a turn waits for its asker to go away; or answers while its asker begins to wait (T8) | 2 | all |
//! | a worker that retires checks for owed replies while one is dropped | 2 | all |
//! | two answers through one slot, one after the other | 3 | up to 3 preemptions: all take a hundred times as long |
//!
//! **What they catch.** Each of these changes fails the named models:
//! - `poll` stores the waker without checking again for an answer: *waits*, *changes its task*,
//!   *dropped*, *used again*;
//! - `poll` keeps a stored waker even if it is another task's: *changes its task*;
//! - the sender does not wake: every model in which the asker waits;
//! - the sender releases the slot only after the wake-up: *alone with the slot*;
//! - a `ReplySender` that is dropped sends nothing: *dropped*;
//! - `poll_abandoned` stores the turn's waker without checking again whether the slot is closed, or
//!   `abandon` does not wake the turn: *hears that its asker has gone*;
//! - `poll_abandoned` drops the asker's waker, or `send` does not wake it: *answers an asker*;
//! - a worker stores its waker in another critical section than the one that reads the count:
//!   *woken when it owes none*.
//!
//! `recycle` keeps a slot only if it has no other owner. No model fails without that check, because
//! a sender never reads the slot again: it is a precaution.

use super::{OpenReplies, ReplySender, ReplyTo, Slot};
use crate::error::Reason;
use crate::sync;
use loom::future::block_on;
use loom::model::{Builder, model};
use loom::thread::{self, Thread};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

#[derive(Debug)]
struct Answer {
    number: u32,
    /// Shared by all answers and the test, to count those that are alive.
    _alive: Arc<()>,
}

fn answer(number: u32, alive: &Arc<()>) -> Answer {
    Answer { number, _alive: alive.clone() }
}

/// Returns whether every answer was dropped.
fn is_clean(alive: &Arc<()>) -> bool {
    Arc::strong_count(alive) == 1
}

/// Polls the slot once, with a waker that does nothing.
fn poll_once(slot: &Slot<Answer>) -> Poll<Result<Answer, Reason>> {
    slot.poll(&mut Context::from_waker(Waker::noop()))
}

fn wait(slot: &Slot<Answer>) -> Result<Answer, Reason> {
    block_on(poll_fn(|cx| slot.poll(cx)))
}

#[test]
fn an_asker_that_waits_gets_the_answer() {
    model(|| {
        let alive = Arc::new(());
        let slot = Slot::new();
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        assert_eq!(wait(&slot).unwrap().number, 7);
        assert!(actor.join().unwrap());
        assert!(poll_once(&slot).is_pending(), "a slot is ready once");
        assert!(is_clean(&alive));
    });
}

#[test]
fn an_asker_that_changes_its_task_is_woken_where_it_polled_last() {
    model(|| {
        let alive = Arc::new(());
        let slot = Slot::new();
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        let answer = match poll_once(&slot) {
            Poll::Ready(answer) => answer,
            Poll::Pending => wait(&slot),
        };
        assert_eq!(answer.unwrap().number, 7);
        assert!(actor.join().unwrap());
        assert!(is_clean(&alive));
    });
}

#[test]
fn an_asker_whose_message_was_dropped_gets_closed() {
    model(|| {
        let slot: sync::Arc<Slot<Answer>> = Slot::new();
        let sender = ReplySender::new(slot.clone());
        let actor = thread::spawn(move || drop(sender));
        assert_eq!(wait(&slot).err(), Some(Reason::Closed));
        actor.join().unwrap();
    });
}

#[test]
fn an_asker_that_goes_away_leaves_nothing_behind() {
    model(|| {
        let alive = Arc::new(());
        let slot = Slot::new();
        let (reply, answer) =
            (ReplyTo::new(Some(ReplySender::new(slot.clone())), || None), answer(7, &alive));
        let actor = thread::spawn(move || reply.send(answer).map_err(|answer| answer.number));
        let was_ready = poll_once(&slot).is_ready();
        slot.abandon();
        drop(slot);
        let sent = actor.join().unwrap();
        assert!(sent == Ok(()) || (sent == Err(7) && !was_ready));
        assert!(is_clean(&alive));
    });
}

#[test]
fn an_asker_takes_an_answer_without_a_lock_or_with_one_and_never_misses_it() {
    model(|| {
        let alive = Arc::new(());
        let mut slot = Slot::new();
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        let answer = block_on(poll_fn(|cx| match Slot::take_alone(&mut slot) {
            Some(answer) => Poll::Ready(answer),
            None => slot.poll(cx),
        }));
        assert_eq!(answer.unwrap().number, 7);
        assert!(actor.join().unwrap());
        assert!(is_clean(&alive));
    });
}

#[test]
fn a_slot_that_is_used_again_belongs_to_its_new_asker() {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(|| {
        let alive = Arc::new(());
        let answer_on = |slot: &sync::Arc<Slot<Answer>>, number| {
            let (sender, answer) = (ReplySender::new(slot.clone()), answer(number, &alive));
            thread::spawn(move || assert!(sender.send(Ok(answer))))
        };
        let slot = Slot::new();
        let first = answer_on(&slot, 1);
        assert_eq!(wait(&slot).unwrap().number, 1);
        Slot::recycle(slot);
        let slot = Slot::new();
        let second = answer_on(&slot, 2);
        assert_eq!(wait(&slot).unwrap().number, 2);
        Slot::recycle(slot);
        first.join().unwrap();
        second.join().unwrap();
        assert!(is_clean(&alive));
    });
}

#[test]
fn a_turn_that_waits_hears_that_its_asker_has_gone() {
    model(|| {
        let slot: sync::Arc<Slot<Answer>> = Slot::new();
        let sender = ReplySender::new(slot.clone());
        let turn = thread::spawn(move || block_on(poll_fn(|cx| sender.poll_abandoned(cx))));
        let _ = poll_once(&slot);
        slot.abandon();
        turn.join().unwrap();
    });
}

#[test]
fn a_turn_that_watches_its_asker_answers_an_asker_that_begins_to_wait() {
    model(|| {
        let alive = Arc::new(());
        let slot = Slot::new();
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let turn = thread::spawn(move || {
            let is_gone = sender.poll_abandoned(&Context::from_waker(Waker::noop()));
            assert!(is_gone.is_pending());
            assert!(sender.send(Ok(answer)));
        });
        assert_eq!(wait(&slot).unwrap().number, 7);
        turn.join().unwrap();
        drop(slot);
        assert!(is_clean(&alive));
    });
}

/// A waker that only unparks its thread, so that every wake-up comes from this waker.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn an_asker_that_is_woken_finds_itself_alone_with_the_slot() {
    model(|| {
        let alive = Arc::new(());
        let mut slot = Slot::new();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        assert!(slot.poll(&mut Context::from_waker(&waker)).is_pending());
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        thread::park();
        assert_eq!(Slot::take_alone(&mut slot).unwrap().unwrap().number, 7);
        assert!(poll_once(&slot).is_pending(), "it is empty, for the next ask");
        assert!(actor.join().unwrap());
    });
}

/// A waker that only counts its calls.
struct Counter(sync::atomic::AtomicU32);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_worker_that_owes_replies_is_woken_when_it_owes_none() {
    model(|| {
        let owed = OpenReplies::none();
        let slot: sync::Arc<Slot<Answer>> = Slot::new();
        let reply = ReplyTo::new(Some(ReplySender::new(slot.clone())), || Some(owed.add()));
        let counter = Arc::new(Counter(sync::atomic::AtomicU32::new(0)));
        let actor = thread::spawn(move || drop(reply));
        let waker = Waker::from(counter.clone());
        let must_stay = owed.wake_when_none(&Context::from_waker(&waker));
        actor.join().unwrap();
        let wakes = counter.0.load(sync::atomic::Ordering::Relaxed);
        assert_eq!(wakes, u32::from(must_stay), "it is woken if and only if it had to stay");
        assert!(!owed.wake_when_none(&Context::from_waker(&waker)));
        assert_eq!(poll_once(&slot).map(|result| result.err()), Poll::Ready(Some(Reason::Unanswered)));
    });
}
