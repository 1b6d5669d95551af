//! Models of the slot: an asker and whoever answers, in every order in which their steps can fall. For where the models run see
//! `mailbox/loom.rs`.
//!
//! An asker is a task on a thread of its own that sleeps until its waker is called: where nobody calls it, the model ends in a
//! deadlock and says so.
//!
//! | model | threads | interleavings |
//! |---|---|---|
//! | an asker waits, changes its task, goes away, is dropped untold, or is woken | 2 | all |
//! | a worker that is to go looks whether it owes replies while one is dropped | 2 | all |
//! | two answers through one slot, one after the other | 3 | up to 3 interruptions: all take a hundred times as long |
//!
//! **They bite.** Each of these changes, made for a try, fails the models that are named:
//! - the waker is left without looking again whether the answer is there by now: *waits*, *changes its task*, *untold*, *used
//!   again*;
//! - a waker that is there already is kept, whosever it is: *changes its task*;
//! - who tells wakes nobody: all in which somebody waits;
//! - who tells gives the slot up only after the wake-up: *alone with the slot*;
//! - a `ReplySender` that is dropped tells nothing: *dropped is told so*.
//! - a worker that owes replies leaves its waker in another critical section than it counts them: *woken when it owes none*.
//!
//! That a slot is kept for the next asker only if nobody else has it fails no model when left out: who has told never looks at the
//! slot again. It is a precaution.

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
    /// Held by all answers there are, and by the test.
    _alive: Arc<()>,
}

fn answer(number: u32, alive: &Arc<()>) -> Answer {
    Answer { number, _alive: alive.clone() }
}

/// Every answer was dropped.
fn is_clean(alive: &Arc<()>) -> bool {
    Arc::strong_count(alive) == 1
}

/// Polls it once, on behalf of nobody.
fn glance(slot: &Slot<Answer>) -> Poll<Result<Answer, Reason>> {
    slot.poll(&mut Context::from_waker(Waker::noop()))
}

fn wait(slot: &Slot<Answer>) -> Result<Answer, Reason> {
    block_on(poll_fn(|cx| slot.poll(cx)))
}

#[test]
fn an_asker_that_waits_is_told_the_answer() {
    model(|| {
        let alive = Arc::new(());
        let slot = Slot::new();
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        assert_eq!(wait(&slot).unwrap().number, 7);
        assert!(actor.join().unwrap());
        assert!(glance(&slot).is_pending(), "it is told once");
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
        let answer = match glance(&slot) {
            Poll::Ready(answer) => answer,
            Poll::Pending => wait(&slot),
        };
        assert_eq!(answer.unwrap().number, 7);
        assert!(actor.join().unwrap());
        assert!(is_clean(&alive));
    });
}

#[test]
fn an_asker_whose_message_was_dropped_is_told_so() {
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
        let told = glance(&slot).is_ready();
        slot.abandon();
        drop(slot);
        let sent = actor.join().unwrap();
        assert!(sent == Ok(()) || (sent == Err(7) && !told));
        assert!(is_clean(&alive));
    });
}

#[test]
fn a_slot_that_is_used_again_belongs_to_its_new_asker() {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(|| {
        let alive = Arc::new(());
        let tell = |slot: &sync::Arc<Slot<Answer>>, number| {
            let (sender, answer) = (ReplySender::new(slot.clone()), answer(number, &alive));
            thread::spawn(move || assert!(sender.send(Ok(answer))))
        };
        let slot = Slot::new();
        let first = tell(&slot, 1);
        assert_eq!(wait(&slot).unwrap().number, 1);
        Slot::recycle(slot);
        let slot = Slot::new();
        let second = tell(&slot, 2);
        assert_eq!(wait(&slot).unwrap().number, 2);
        Slot::recycle(slot);
        first.join().unwrap();
        second.join().unwrap();
        assert!(is_clean(&alive));
    });
}

/// A waker that is nothing but this, so that nobody is woken who was not called.
struct Call(Thread);

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn an_asker_that_is_woken_finds_itself_alone_with_the_slot() {
    model(|| {
        let alive = Arc::new(());
        let mut slot = Slot::new();
        let waker = Waker::from(Arc::new(Call(thread::current())));
        assert!(slot.poll(&mut Context::from_waker(&waker)).is_pending());
        let (sender, answer) = (ReplySender::new(slot.clone()), answer(7, &alive));
        let actor = thread::spawn(move || sender.send(Ok(answer)));
        thread::park();
        assert!(glance(&slot).is_ready());
        assert!(sync::Arc::get_mut(&mut slot).is_some());
        assert!(actor.join().unwrap());
    });
}

/// Counts what is called, and nothing else.
struct Bell(sync::atomic::AtomicU32);

impl Wake for Bell {
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
        let bell = Arc::new(Bell(sync::atomic::AtomicU32::new(0)));
        let actor = thread::spawn(move || drop(reply));
        let waker = Waker::from(bell.clone());
        let must_stay = owed.wake_when_none(&Context::from_waker(&waker));
        actor.join().unwrap();
        let rings = bell.0.load(sync::atomic::Ordering::Relaxed);
        assert_eq!(rings, u32::from(must_stay), "it is woken if and only if it was told to stay");
        assert!(!owed.wake_when_none(&Context::from_waker(&waker)));
        assert_eq!(glance(&slot).map(|told| told.err()), Poll::Ready(Some(Reason::Unanswered)));
    });
}
