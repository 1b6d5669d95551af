//! Models of the mailbox, checked by loom: a few threads, every order in which their steps under
//! locks and on atomics can fall, and every value that a relaxed load may see.
//!
//! ```text
//! RUSTFLAGS="--cfg actors_loom" cargo test -p actors-core --release --lib loom -- --test-threads=1
//! ```
//!
//! They run in about half a minute and are a step of the gate. `LOOM_MAX_PREEMPTIONS=4` searches
//! further (minutes); `LOOM_LOG=trace` shows the steps of a failure. loom replaces locks and
//! atomics through [`crate::sync`]; the rest of the mailbox is the code that runs everywhere.
//!
//! A consumer and a sender in line are tasks on threads of their own. They sleep until their waker
//! is called, and once spuriously. A task that sleeps for ever is a deadlock, which loom reports.
//! After every model the books balance, nothing is queued, and the only seat has seen every turn.
//!
//! **Bounds.** With two threads, every interleaving is tried, except in *continues its claim*. With
//! three there would be millions, so a thread is preempted at most as often as the table says:
//! nearly all races ever found need no more than two. All models have been run once with one more.
//!
//! | model | threads beside the consumer | messages | preemptions |
//! |---|---|---|---|
//! | every message once, in its sender's order | two senders | 2 + 2, 4 slots | 3 |
//! | the same, in line | two senders | 2 + 1, 1 slot | 2 |
//! | a push, a close, a kill wakes a sleeper | one | 2; 1 | all |
//! | the first in line gives up | the waiter, a second sender | 3, 1 slot | 3 |
//! | a heavy one gives up | the waiter, a light sender; the consumer comes later | 3, 2 bytes | all |
//! | a permit comes back | its holder, a sender | 1, 1 slot | 3 |
//! | a taken seat and the queue | a donor (2 turns), a sender | 2 | 3 |
//! | a taken seat and the end: stop and kill, each also after a panic | a donor, a closer | 0 | 3 |
//! | a taken seat and a consumer that has gone | a donor | 0 | all |
//! | a suspended turn is taken over and woken | a donor, what it waits for | 0 | 3 |
//! | a suspended turn and the queue | a donor, a sender | 2 | 3 |
//! | a suspended turn and the end: stop and kill, with a consumer that goes | a donor, a closer | 0 | 3 |
//! | a notice and a claim that frees the slot; a notice and a kill | a sender | 3, 1 slot | all |
//! | a notice and a later claim | a sender | 3, 2 slots, claim of 2 | 3 |
//! | a slot freed by progress, while the turn runs | a sender | 4, 2 slots, claim of 2 | all |
//! | slots freed one after the other | two senders | 6, 3 slots, claim of 3 | 2 |
//! | the consumer continues its claim | a sender | 5, 2 slots, claim of 2 | 3 |
//! | the books are read | a reader | 3, claim of 3 | all |
//! | a claimed message is withdrawn | its sender | 2, claim of 2 | all |
//!
//! **Mutations.** Each of these changes was made as a trial, and failed the models that are named:
//! - a push wakes no task: *every message*, *in line*, *first in line*, *push*, *a permit*, *seat
//!   and queue*, *continues*; an offer on the long way wakes none: *in line*, *first in line*, *a
//!   permit*, *continues*; a close or a kill wakes none: *close*, *seat and end*;
//! - the woken flag is not cleared when the consumer comes, or the mailbox keeps the old waker:
//!   nearly all models in which the consumer sleeps;
//! - a waiter that is let in is not woken: all models with a line;
//! - a slot that a turn frees is not handed over; a sender that joins the line sets no flag, or
//!   does not read the progress afterwards; a suspended turn does not read the flags; one or both
//!   of the fences between the two are missing: *freed by progress*, most of them also *one after
//!   the other*;
//! - a turn that begins while a sender waits does not interrupt the next one: *one after the
//!   other*;
//! - a waiter that leaves hands nothing over: *a heavy one*; a permit that comes back does not, or
//!   does not wake the consumer: *a permit*;
//! - a seat that returns wakes no task for what was queued: *seat and queue*; for the end: *seat
//!   and end*; it returns into a mailbox whose consumer has gone: *has gone*;
//! - progress is published without `Release`: *the books*; the beginning of a turn is not entered:
//!   nearly all;
//! - a withdrawn message is not marked, or the consumer is not interrupted: *withdrawn*;
//! - a suspended turn wakes no task: *is taken over*, *suspended and the queue*;
//! - a notice stays when the lock is taken: *a notice and a claim*, *a notice and a kill*; it is
//!   not read once more: *a later claim*.
//!
//! **Not covered.** When a consumer with short turns wakes the waiters that it let in (a claim of
//! 32 is too large for a model); lockstep (the same); the wait for a seat (`wait_for_seat` waits
//! for a hint, and looks again under the lock); lanes and conflation (all under the lock); held
//! mailboxes. Three things may be left out without a model failing: the consumer's wake-up when a
//! waiter gives up (the next waiter comes behind a queued message, for which the consumer was
//! woken), the call of a consumer that must end by a returning seat where it was called before
//! (they differ in held mailboxes), and the hand-over when claimed messages go back (the next claim
//! hands over too).

use super::{
    Class, ClassId, Effects, Entry, FastPath, InLine, Item, Mailbox, Message, Offer, Place, Row, SeatAttempt,
    SeatUse, Take, Taker, Wake, WhenFull, Withdrawal, WorkerId,
};
use crate::clock::{self, Span, Tick};
use crate::error::{Admission, Reason};
use crate::policy::{Overflow, Policy, Settings};
use crate::seed::Seed;
use loom::future::block_on;
use loom::model::Builder;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread::{self, JoinHandle};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// Tries interleavings in which threads are interrupted at most so many times; where no number is
/// given, all there are. `LOOM_MAX_PREEMPTIONS` bounds every model anew.
fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    // How much is claimed at once depends on this clock.
    clock::freeze_cpu_clock();
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.check(model);
}

/// A message: its sender and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job(char, u32);

impl Item for Job {
    /// Only asked for where bytes are bounded.
    fn weight(&self) -> usize {
        if self.0 == 'h' { 2 } else { 1 }
    }
}

/// The seat counts turns. It can be neither copied nor made anew.
#[derive(Debug)]
struct Seat {
    turns: u32,
}

impl super::Seated for Seat {}

type Desk = Mailbox<Job, Seat>;

fn mailbox(capacity: usize) -> Arc<Desk> {
    with(Settings::new().capacity(capacity))
}

fn with(settings: Settings) -> Arc<Desk> {
    let limits = settings.max_waiting(4).reserve(0).limits().unwrap();
    let classes = vec![Class::new("job", Policy::tell().overflow(&[Overflow::Block]))];
    Arc::new(Mailbox::new(limits, classes.into(), Some(Seat { turns: 0 }), clock::now, Seed::new(1)))
}

/// Runs `work` with the mailbox in a thread of its own.
fn beside<R: 'static>(mailbox: &Arc<Desk>, work: impl FnOnce(&Desk) -> R + 'static) -> JoinHandle<R> {
    let mailbox = mailbox.clone();
    thread::spawn(move || work(&mailbox))
}

fn apply(effects: &mut Effects<Job>) {
    let _ = effects.wake();
    effects.lost.take().for_each(drop);
}

/// Offers a message as senders do.
fn enter(mailbox: &Desk, job: Job) -> Offer<Message, Job> {
    match mailbox.try_fast_path(ClassId::new(0), WhenFull::Wait) {
        FastPath::Slot(mut slot) => {
            let (place, wake) = slot.fill_until(|| job, Tick::ZERO, Tick::NEVER);
            drop(slot);
            call(wake);
            return Offer::Granted(place, Admission::Queued);
        }
        FastPath::Refused(..) => unreachable!("it waits"),
        FastPath::LongWay => {}
    }
    let tag = mailbox.tag(ClassId::new(job.class()), &job, Tick::ZERO, Tick::NEVER).unwrap();
    let mut effects = Effects::new();
    let offer = mailbox.visit(&mut effects, |section| section.offer(job, tag, WhenFull::Wait));
    apply(&mut effects);
    offer
}

/// Offers a message; its place in line, where it has to wait.
fn offer(mailbox: &Desk, job: Job) -> Option<InLine<Message>> {
    match enter(mailbox, job) {
        Offer::Granted(..) => None,
        Offer::InLine(line) => Some(line),
        Offer::Refused(..) => unreachable!("it waits"),
    }
}

fn call(wake: Wake) {
    if let Wake::Task(waker) = wake {
        waker.wake();
    }
}

/// Sends, and waits in line where it must.
fn send(mailbox: &Desk, job: Job) {
    let mut entry = Entry::Fresh(job);
    let entered = block_on(poll_fn(|cx| entry.poll(mailbox, cx, |job| enter(mailbox, job))));
    assert!(matches!(entered, Some(Ok(_))), "it is never refused");
}

/// A consumer like the actor's loop.
struct Consumer {
    mailbox: Arc<Desk>,
    taker: Taker<Job, Seat>,
    effects: Effects<Job>,
    left: Left,
}

/// Where a sender leaves a turn that has to wait, as in the cell of an actor.
#[derive(Clone, Default)]
struct Left(Arc<Mutex<Option<Seat>>>);

impl Left {
    fn put(&self, seat: Seat) {
        assert!(self.0.lock().unwrap().replace(seat).is_none(), "there is one seat");
    }

    fn take(&self) -> Option<Seat> {
        self.0.lock().unwrap().take()
    }
}

impl Consumer {
    fn new(mailbox: &Arc<Desk>) -> Self {
        Consumer {
            mailbox: mailbox.clone(),
            taker: Taker::new(WorkerId::ONLY),
            effects: Effects::new(),
            left: Left::default(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Take> {
        let taken = self.taker.poll_take(&self.mailbox, cx, &mut self.effects);
        if !self.effects.is_empty()
            && (!self.effects.lost.is_empty() || self.taker.should_wake(&self.effects, taken.is_pending()))
        {
            apply(&mut self.effects);
        }
        taken
    }

    /// A consumer that has found nothing to do.
    fn asleep(mailbox: &Arc<Desk>) -> Self {
        let mut consumer = Consumer::new(mailbox);
        assert!(consumer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        consumer
    }

    /// A consumer whose turns are known to be short enough for claims of four, and that sleeps.
    fn warm(mailbox: &Arc<Desk>) -> Self {
        let mut consumer = Consumer::new(mailbox);
        for n in [0, 2] {
            (n..n + 2).for_each(|n| assert!(offer(mailbox, Job('w', n)).is_none()));
            (n..n + 2).for_each(|n| assert_eq!(consumer.turn(), Some(Job('w', n))));
        }
        assert!(consumer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        consumer
    }

    /// Suspends the running turn.
    fn suspend(&mut self) {
        self.taker.put_back(&self.mailbox, &mut self.effects);
        apply(&mut self.effects);
    }

    /// Polls until nothing is left. Returns how many turns the seat has seen, and how many messages
    /// are queued.
    fn finish(&mut self) -> (u32, usize) {
        // A consumer in lockstep yields once before it looks again.
        while self.taker.seat.is_some() {
            assert!(self.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let mut effects = Effects::new();
        let queued = self.mailbox.visit(&mut effects, |section| section.depth(clock::now())).queued;
        let mut inner = self.mailbox.lock();
        let seat = inner.consumers.one().and_then(|one| one.seat.as_ref());
        (seat.expect("it is in the mailbox").turns, queued)
    }

    /// Ends the loop like `Runner::close`. Returns the seat, unless a sender has it.
    fn end(&mut self) -> Option<Seat> {
        self.taker.put_back(&self.mailbox, &mut self.effects);
        let (was_left, seat) = self.mailbox.visit(&mut self.effects, |section| {
            section.fail_turn(WorkerId::ONLY, Reason::Closed);
            (section.take_suspension(), section.end())
        });
        apply(&mut self.effects);
        assert!(!was_left || seat.is_none(), "a suspended turn has the seat");
        if was_left { self.left.take() } else { seat.or_else(|| self.taker.seat.take()) }
    }

    /// Takes over a turn that has to wait, and runs it to its end once `has_come`. Returns whether
    /// there was one before the consumer must end.
    fn take_over(&mut self, has_come: &AtomicBool) -> bool {
        let mut turn = None;
        block_on(poll_fn(|cx| {
            if turn.is_none() {
                match ready!(self.poll(cx)) {
                    Take::Suspended => turn = self.left.take(),
                    _ => return Poll::Ready(()),
                }
                assert!(turn.is_some(), "what the mailbox says is here is here");
            }
            if has_come.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        }));
        let Some(seat) = turn else { return false };
        self.taker.seat = Some(seat);
        self.mailbox.end_turn(WorkerId::ONLY);
        true
    }

    /// Begins the next turn. Returns its message.
    fn begin(&mut self) -> Option<Job> {
        match block_on(poll_fn(|cx| self.poll(cx))) {
            Take::Turn => self.message(),
            Take::Finished | Take::Poisoned | Take::Restart | Take::Retire | Take::Suspended => None,
        }
    }

    /// The message of the turn that has begun.
    fn message(&mut self) -> Option<Job> {
        let (Some(seat), Some(taken)) = self.taker.turn_parts() else { unreachable!() };
        seat.turns += 1;
        taken.item.take()
    }

    /// Runs the next turn from its beginning to its end.
    fn turn(&mut self) -> Option<Job> {
        let job = self.begin();
        self.mailbox.end_turn(WorkerId::ONLY);
        job
    }
}

fn close(mailbox: &Desk, kills: bool) {
    let mut effects = Effects::new();
    match kills {
        true => mailbox.visit(&mut effects, |section| section.kill()),
        false => mailbox.visit(&mut effects, |section| section.close()),
    };
    apply(&mut effects);
}

/// Gives up in line. Returns whether the message came back.
fn leave(mailbox: &Desk, line: InLine<Message>) -> bool {
    let mut effects = Effects::new();
    let left = mailbox.visit(&mut effects, |section| section.give_up(line, Reason::Cancelled));
    apply(&mut effects);
    left.is_ok()
}

/// Runs a turn of its own, if it may; it panics unless it `ends_well`. Returns whether it ran, and
/// the seat if the mailbox does not take it back.
fn donate(mailbox: &Desk, ends_well: bool) -> (bool, Option<Seat>) {
    let SeatAttempt::Taken { mut seat, .. } = mailbox.take_seat(ClassId::new(0), false) else {
        return (false, None);
    };
    seat.turns += 1;
    let used = if ends_well { SeatUse::Handled(Span::of(Duration::ZERO)) } else { SeatUse::Panicked };
    match mailbox.return_seat(ClassId::new(0), seat, used) {
        Ok(wake) => {
            call(wake);
            (true, None)
        }
        Err(seat) => (true, Some(seat)),
    }
}

/// Begins a turn of its own, if it may, and leaves it to the consumer, because it has to wait.
/// Returns whether it began, and the seat if the consumer has ended meanwhile.
fn suspend(mailbox: &Desk, left: &Left) -> (bool, Option<Seat>) {
    let SeatAttempt::Taken { mut seat, .. } = mailbox.take_seat(ClassId::new(0), false) else {
        return (false, None);
    };
    seat.turns += 1;
    left.put(seat);
    match mailbox.suspend(ClassId::new(0), None) {
        Some(wake) => {
            call(wake);
            (true, None)
        }
        None => (true, left.take()),
    }
}

fn place(mailbox: &Desk, job: Job) -> Place {
    let tag = mailbox.tag(ClassId::new(job.class()), &job, Tick::ZERO, Tick::NEVER).unwrap();
    let mut effects = Effects::new();
    let offer = mailbox.visit(&mut effects, |section| section.offer(job, tag, WhenFull::Refuse));
    apply(&mut effects);
    let Offer::Granted(place, _) = offer else { panic!("there is room") };
    place
}

fn withdraw(mailbox: &Desk, place: Place) -> bool {
    let mut effects = Effects::new();
    let withdrawn = mailbox.visit(&mut effects, |section| section.withdraw(place, Reason::Cancelled));
    apply(&mut effects);
    !matches!(withdrawn, Withdrawal::Begun)
}

fn row(mailbox: &Desk) -> Row {
    let mut effects = Effects::new();
    let ledger = mailbox.ledger(&mut effects);
    apply(&mut effects);
    let row = ledger.rows()[0];
    assert!(row.is_balanced(), "{row:?}");
    row
}

// --- push and take ---

fn of(jobs: &[Job], sender: char) -> Vec<u32> {
    jobs.iter().filter(|job| job.0 == sender).map(|job| job.1).collect()
}

fn two_producers(capacity: usize, each: [u32; 2]) {
    let mailbox = mailbox(capacity);
    let mut consumer = Consumer::new(&mailbox);
    let producers = [('a', each[0]), ('b', each[1])].map(|(name, count)| {
        beside(&mailbox, move |mailbox| (0..count).for_each(|n| send(mailbox, Job(name, n))))
    });
    let all = each[0] + each[1];
    let jobs: Vec<_> = (0..all).filter_map(|_| consumer.turn()).collect();
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    let [a, b] = each.map(|count| (0..count).collect::<Vec<_>>());
    assert_eq!((of(&jobs, 'a'), of(&jobs, 'b')), (a, b));
    assert_eq!(consumer.finish(), (all, 0));
    assert_eq!(row(&mailbox).handled, u64::from(all));
}

#[test]
fn every_message_is_handed_out_once_and_in_its_sender_s_order() {
    check(Some(3), || two_producers(4, [2, 2]));
}

#[test]
fn the_same_where_senders_wait_in_line() {
    check(Some(2), || two_producers(1, [2, 1]));
}

#[test]
fn whoever_pushes_wakes_a_consumer_that_sleeps() {
    check(None, || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::new(&mailbox);
        let producer = beside(&mailbox, |mailbox| (0..2).for_each(|n| send(mailbox, Job('a', n))));
        assert_eq!((consumer.turn(), consumer.turn()), (Some(Job('a', 0)), Some(Job('a', 1))));
        producer.join().unwrap();
        assert_eq!(consumer.finish(), (2, 0));
    });
}

#[test]
fn whoever_closes_or_kills_wakes_a_consumer_that_sleeps() {
    for kills in [false, true] {
        check(None, move || {
            let mailbox = mailbox(4);
            let mut consumer = Consumer::new(&mailbox);
            let closer = beside(&mailbox, move |mailbox| {
                send(mailbox, Job('a', 0));
                close(mailbox, kills);
            });
            let mut turns = 0;
            while consumer.turn().is_some() {
                turns += 1;
            }
            closer.join().unwrap();
            assert!(turns == 1 || kills);
            assert_eq!(consumer.end().map(|seat| seat.turns), Some(turns));
            let row = row(&mailbox);
            assert_eq!((row.handled, row.undelivered), (turns.into(), (1 - turns).into()));
        });
    }
}

// --- the line ---

#[test]
fn a_slot_goes_to_the_next_in_line_when_the_first_gives_up() {
    check(Some(3), || {
        let mailbox = mailbox(1);
        let mut consumer = Consumer::new(&mailbox);
        assert!(offer(&mailbox, Job('x', 0)).is_none());
        let Some(first) = offer(&mailbox, Job('a', 0)) else { panic!("there is no room") };
        let leaver = beside(&mailbox, move |mailbox| leave(mailbox, first));
        let second = beside(&mailbox, move |mailbox| send(mailbox, Job('b', 0)));
        let mut jobs = Vec::new();
        while !jobs.contains(&Job('b', 0)) {
            jobs.extend(consumer.turn());
        }
        let left = leaver.join().unwrap();
        second.join().unwrap();
        let expected: &[_] =
            if left { &[Job('x', 0), Job('b', 0)] } else { &[Job('x', 0), Job('a', 0), Job('b', 0)] };
        assert_eq!(jobs, expected);
        assert_eq!(consumer.finish(), (jobs.len() as u32, 0));
        let row = row(&mailbox);
        assert_eq!((row.handled, row.cancelled), (jobs.len() as u64, left.into()));
    });
}

#[test]
fn who_needs_less_than_the_first_in_line_gets_in_when_that_one_gives_up() {
    check(None, || {
        let mailbox = with(Settings::new().capacity(4).max_bytes(2));
        assert!(offer(&mailbox, Job('x', 0)).is_none());
        let Some(heavy) = offer(&mailbox, Job('h', 0)) else { panic!("it is too heavy") };
        let leaver = beside(&mailbox, move |mailbox| leave(mailbox, heavy));
        let light = beside(&mailbox, |mailbox| send(mailbox, Job('b', 0)));
        // The consumer starts when both are done.
        light.join().unwrap();
        assert!(leaver.join().unwrap());
        let mut consumer = Consumer::new(&mailbox);
        assert_eq!((consumer.turn(), consumer.turn()), (Some(Job('x', 0)), Some(Job('b', 0))));
        assert_eq!(consumer.finish(), (2, 0));
    });
}

#[test]
fn a_permit_given_back_lets_the_next_in_and_wakes_the_consumer() {
    check(Some(3), || {
        let mailbox = mailbox(1);
        let mut consumer = Consumer::asleep(&mailbox);
        let reserve =
            mailbox.visit(&mut Effects::new(), |section| section.reserve(ClassId::new(0), WhenFull::Refuse));
        assert!(matches!(reserve, Offer::Granted((), _)));
        let giver = beside(&mailbox, |mailbox| {
            let mut effects = Effects::new();
            mailbox.visit(&mut effects, |section| section.give_back(ClassId::new(0)));
            apply(&mut effects);
        });
        let sender = beside(&mailbox, |mailbox| send(mailbox, Job('b', 0)));
        assert_eq!(consumer.turn(), Some(Job('b', 0)));
        giver.join().unwrap();
        sender.join().unwrap();
        assert_eq!(consumer.finish(), (1, 0));
    });
}

// --- the seat ---

#[test]
fn a_lent_seat_comes_back_to_what_was_queued_meanwhile() {
    check(Some(3), || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::asleep(&mailbox);
        let donor = beside(&mailbox, move |mailbox| (0..2).filter(|_| donate(mailbox, true).0).count());
        let producer = beside(&mailbox, move |mailbox| (0..2).for_each(|n| send(mailbox, Job('a', n))));
        assert_eq!((consumer.turn(), consumer.turn()), (Some(Job('a', 0)), Some(Job('a', 1))));
        producer.join().unwrap();
        let donated = donor.join().unwrap() as u32;
        assert_eq!(consumer.finish(), (2 + donated, 0));
        assert_eq!(row(&mailbox).handled, u64::from(2 + donated));
    });
}

#[test]
fn a_lent_seat_comes_back_to_a_consumer_that_is_to_end() {
    for (kills, ends_well) in [(false, true), (true, true), (false, false), (true, false)] {
        check(Some(3), move || {
            let mailbox = mailbox(4);
            let mut consumer = Consumer::asleep(&mailbox);
            let donor = beside(&mailbox, move |mailbox| donate(mailbox, ends_well));
            let closer = beside(&mailbox, move |mailbox| close(mailbox, kills));
            assert_eq!(consumer.turn(), None);
            let seat = consumer.end();
            closer.join().unwrap();
            let (donated, left) = donor.join().unwrap();
            assert!(left.is_none(), "a consumer that is told to end waits for the seat");
            assert_eq!(seat.map(|seat| seat.turns), Some(donated.into()));
            assert_eq!(row(&mailbox).offered, u64::from(donated));
        });
    }
}

#[test]
fn a_lent_seat_is_left_to_its_borrower_when_the_consumer_has_gone() {
    check(None, || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::asleep(&mailbox);
        let donor = beside(&mailbox, move |mailbox| donate(mailbox, true));
        // As if the runtime had ended beneath it.
        let seat = consumer.end();
        let (donated, left) = donor.join().unwrap();
        let seats: Vec<_> = seat.into_iter().chain(left).map(|seat| seat.turns).collect();
        assert_eq!(seats, [u32::from(donated)]);
        assert_eq!(row(&mailbox).handled, u64::from(donated));
    });
}

/// The waker of the first poll is the only one: what the turn waits for comes before the turn is in
/// the mailbox, or before the consumer has it, or later.
#[test]
fn a_turn_that_has_to_wait_is_taken_over_and_woken() {
    check(Some(3), || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::asleep(&mailbox);
        let (left, has_come) = (consumer.left.clone(), Arc::new(AtomicBool::new(false)));
        let comes = has_come.clone();
        let event = beside(&mailbox, move |mailbox| {
            comes.store(true, Ordering::Release);
            call(mailbox.wake_turn());
        });
        let donor = beside(&mailbox, move |mailbox| suspend(mailbox, &left).0);
        assert!(consumer.take_over(&has_come));
        event.join().unwrap();
        assert!(donor.join().unwrap());
        assert_eq!(consumer.finish(), (1, 0));
        assert_eq!(row(&mailbox).handled, 1);
    });
}

#[test]
fn a_turn_that_has_to_wait_comes_before_what_is_queued_after_it() {
    check(Some(3), || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::asleep(&mailbox);
        let left = consumer.left.clone();
        let donor = beside(&mailbox, move |mailbox| {
            let begun = suspend(mailbox, &left).0;
            send(mailbox, Job('a', begun.into()));
        });
        let producer = beside(&mailbox, |mailbox| send(mailbox, Job('b', 0)));
        let (mut taken_over, mut jobs) = (0, Vec::new());
        while jobs.len() < 2 {
            match block_on(poll_fn(|cx| consumer.poll(cx))) {
                Take::Suspended => {
                    consumer.taker.seat = consumer.left.take();
                    taken_over += 1;
                }
                _ => jobs.push(consumer.message().expect("it is open")),
            }
            mailbox.end_turn(WorkerId::ONLY);
        }
        let a = jobs.iter().find(|job| job.0 == 'a').unwrap();
        assert_eq!(a.1, taken_over, "it came before the message that was sent after it");
        producer.join().unwrap();
        donor.join().unwrap();
        assert_eq!(consumer.finish(), (2 + taken_over, 0));
        assert_eq!(row(&mailbox).handled, u64::from(2 + taken_over));
    });
}

#[test]
fn a_turn_that_has_to_wait_has_one_owner_when_the_consumer_ends() {
    for kills in [false, true] {
        check(Some(3), move || {
            let mailbox = mailbox(4);
            let mut consumer = Consumer::asleep(&mailbox);
            let left = consumer.left.clone();
            let donor = beside(&mailbox, move |mailbox| suspend(mailbox, &left));
            let closer = beside(&mailbox, move |mailbox| close(mailbox, kills));
            // As if the runtime had ended beneath it.
            let seat = consumer.end();
            closer.join().unwrap();
            let (begun, kept) = donor.join().unwrap();
            let seats: Vec<_> = seat.into_iter().chain(kept).map(|seat| seat.turns).collect();
            assert_eq!(seats, [u32::from(begun)]);
            assert!(consumer.left.take().is_none());
            let row = row(&mailbox);
            assert_eq!((row.offered, row.handled), (u64::from(begun), 0));
        });
    }
}

// --- refusals without the lock ---

/// Refuses without the lock, if a notice says so.
fn refuse(mailbox: &Desk) -> bool {
    mailbox.refuse_at_once(ClassId::new(0), WhenFull::Refuse).is_some()
}

/// A full mailbox of one slot, whose consumer is in a turn that is known to run; a notice hangs.
fn posted(mailbox: &Arc<Desk>) -> Consumer {
    let mut consumer = Consumer::new(mailbox);
    place(mailbox, Job('a', 0));
    assert_eq!(consumer.begin(), Some(Job('a', 0)));
    place(mailbox, Job('a', 1));
    assert!(!refuse(mailbox), "no notice yet");
    let class = ClassId::new(0);
    assert!(matches!(mailbox.try_fast_path(class, WhenFull::Refuse), FastPath::Refused(Reason::Full, _)));
    consumer
}

/// A refusal without the lock is right at some instant between its beginning and its end: it does
/// not come after a turn, of which the sender knows, has made room.
#[test]
fn a_notice_refuses_only_while_there_is_no_room() {
    check(None, || {
        let mailbox = mailbox(1);
        let mut consumer = posted(&mailbox);
        let has_room = Arc::new(AtomicBool::new(false));
        let knows = has_room.clone();
        let sender = beside(&mailbox, move |mailbox| {
            let had_room = knows.load(Ordering::Acquire);
            let refused = refuse(mailbox);
            assert!(!(had_room && refused), "there was room all the time");
            u64::from(refused)
        });
        mailbox.end_turn(WorkerId::ONLY);
        // Another claim: its progress is the same number as before.
        assert_eq!(consumer.turn(), Some(Job('a', 1)));
        has_room.store(true, Ordering::Release);
        let refused = sender.join().unwrap();
        let row = row(&mailbox);
        assert_eq!((row.handled, row.refused(Reason::Full)), (2, 1 + refused));
    });
}

/// The progress of a later claim may have the value that an old notice is about. Room that a turn
/// has made without the lock, and of which the sender knows, stays all the while.
#[test]
fn a_notice_is_not_taken_for_one_of_a_later_claim() {
    check(Some(3), || {
        let mailbox = mailbox(2);
        let mut consumer = Consumer::warm(&mailbox);
        for n in 0..2 {
            place(&mailbox, Job('a', n));
        }
        assert_eq!(consumer.turn(), Some(Job('a', 0)));
        place(&mailbox, Job('a', 2));
        // Posted here, because the first refusals post none.
        let mut locked = mailbox.lock();
        locked.core.settle_books(&mailbox.signals);
        mailbox.post(&mut locked.core, ClassId::new(0), Span::of(Duration::ZERO), 32);
        locked.has_posted();
        drop(locked);
        let has_room = Arc::new(AtomicBool::new(false));
        let knows = has_room.clone();
        let sender = beside(&mailbox, move |mailbox| {
            let had_room = knows.load(Ordering::Acquire);
            assert!(!(had_room && refuse(mailbox)), "there was room all the time");
        });
        assert_eq!(consumer.turn(), Some(Job('a', 1)));
        has_room.store(true, Ordering::Release);
        assert_eq!(consumer.turn(), Some(Job('a', 2)));
        sender.join().unwrap();
        row(&mailbox);
    });
}

/// The same where room is made under the lock.
#[test]
fn a_notice_is_down_once_a_message_was_withdrawn() {
    check(None, || {
        let mailbox = mailbox(1);
        let mut consumer = posted(&mailbox);
        let has_room = Arc::new(AtomicBool::new(false));
        let knows = has_room.clone();
        let sender = beside(&mailbox, move |mailbox| {
            let had_room = knows.load(Ordering::Acquire);
            assert!(!(had_room && refuse(mailbox)), "there was room all the time");
        });
        close(&mailbox, true);
        has_room.store(true, Ordering::Release);
        sender.join().unwrap();
        mailbox.end_turn(WorkerId::ONLY);
        consumer.end();
        row(&mailbox);
    });
}

/// A notice about doomed asks is about the backlog of the moment: it does not outlast a turn of
/// which the sender knows that it has begun, and what it refuses is in the books.
#[test]
fn an_ask_is_doomed_by_a_notice_only_while_the_backlog_stays() {
    check(None, || {
        let mailbox = mailbox(2);
        let mut consumer = Consumer::new(&mailbox);
        place(&mailbox, Job('a', 0));
        assert_eq!(consumer.begin(), Some(Job('a', 0)));
        place(&mailbox, Job('a', 1));
        // Posted here, because no turn was measured.
        let mut locked = mailbox.lock();
        locked.core.settle_books(&mailbox.signals);
        mailbox.post_doom(&mut locked.core, ClassId::new(0), Tick::from_nanos(100));
        locked.has_posted();
        drop(locked);
        let has_begun = Arc::new(AtomicBool::new(false));
        let knows = has_begun.clone();
        let sender = beside(&mailbox, move |mailbox| {
            let had_begun = knows.load(Ordering::Acquire);
            let ask = |deadline| mailbox.refuse_doomed_at_once(ClassId::new(0), Tick::from_nanos(deadline));
            let refused = ask(50).is_some();
            assert!(!(had_begun && refused), "the backlog was shorter all the time");
            assert!(ask(100).is_none(), "it would be answered in time");
            u64::from(refused)
        });
        mailbox.end_turn(WorkerId::ONLY);
        assert_eq!(consumer.turn(), Some(Job('a', 1)));
        has_begun.store(true, Ordering::Release);
        let refused = sender.join().unwrap();
        let row = row(&mailbox);
        assert_eq!((row.handled, row.refused(Reason::Doomed)), (2, refused));
    });
}

// --- progress ---

#[test]
fn a_slot_that_a_turn_frees_by_its_number_goes_to_whoever_joins_the_line_meanwhile() {
    check(None, || {
        let mailbox = mailbox(2);
        let mut consumer = Consumer::warm(&mailbox);
        (0..2).for_each(|n| assert!(offer(&mailbox, Job('x', n)).is_none()));
        assert_eq!(consumer.turn(), Some(Job('x', 0)));
        assert!(offer(&mailbox, Job('x', 2)).is_none());
        // x1 is claimed, x2 queued: there is no room until x1's turn begins.
        let sender = beside(&mailbox, move |mailbox| send(mailbox, Job('a', 0)));
        assert_eq!(consumer.begin(), Some(Job('x', 1)));
        consumer.suspend();
        // It stays suspended until the sender has its slot.
        sender.join().unwrap();
        mailbox.end_turn(WorkerId::ONLY);
        assert_eq!((consumer.turn(), consumer.turn()), (Some(Job('x', 2)), Some(Job('a', 0))));
    });
}

#[test]
fn slots_that_turns_free_one_after_the_other_go_to_all_who_wait() {
    check(Some(2), || {
        let mailbox = mailbox(3);
        let mut consumer = Consumer::warm(&mailbox);
        (0..3).for_each(|n| assert!(offer(&mailbox, Job('x', n)).is_none()));
        assert_eq!(consumer.turn(), Some(Job('x', 0)));
        assert!(offer(&mailbox, Job('x', 3)).is_none());
        // x1 and x2 are claimed.
        let senders = ['a', 'b'].map(|name| beside(&mailbox, move |mailbox| send(mailbox, Job(name, 0))));
        assert_eq!((consumer.turn(), consumer.begin()), (Some(Job('x', 1)), Some(Job('x', 2))));
        consumer.suspend();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        mailbox.end_turn(WorkerId::ONLY);
        let jobs: Vec<_> = (0..3).filter_map(|_| consumer.turn()).collect();
        assert_eq!((of(&jobs, 'x'), of(&jobs, 'a'), of(&jobs, 'b')), (vec![3], vec![0], vec![0]));
    });
}

#[test]
fn whoever_waits_while_the_consumer_goes_on_with_its_claim_gets_in() {
    check(Some(3), || {
        let mailbox = mailbox(2);
        let mut consumer = Consumer::warm(&mailbox);
        (0..2).for_each(|n| assert!(offer(&mailbox, Job('x', n)).is_none()));
        let sender = beside(&mailbox, move |mailbox| (0..3).for_each(|n| send(mailbox, Job('a', n))));
        let jobs: Vec<_> = (0..5).filter_map(|_| consumer.turn()).collect();
        sender.join().unwrap();
        assert_eq!((of(&jobs, 'x'), of(&jobs, 'a')), (vec![0, 1], vec![0, 1, 2]));
        assert_eq!(consumer.finish().1, 0);
    });
}

#[test]
fn the_books_balance_whenever_they_are_read() {
    check(None, || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::warm(&mailbox);
        let before = row(&mailbox).handled;
        (0..3).for_each(|n| assert!(offer(&mailbox, Job('x', n)).is_none()));
        let done = Arc::new(AtomicU64::new(0));
        let seen = done.clone();
        let reader = beside(&mailbox, move |mailbox| {
            let (first, second) = (row(mailbox), row(mailbox));
            assert!(first.handled <= second.handled && first.queued >= second.queued);
            assert!(
                second.handled - before <= seen.load(Ordering::Relaxed),
                "who sees a turn ended sees what it did"
            );
        });
        for n in 0..3 {
            assert_eq!(consumer.begin(), Some(Job('x', n)));
            done.store(u64::from(n) + 1, Ordering::Relaxed);
            mailbox.end_turn(WorkerId::ONLY);
        }
        reader.join().unwrap();
        assert_eq!(row(&mailbox).handled, before + 3);
    });
}

#[test]
fn a_message_that_is_withdrawn_after_it_was_claimed_is_dropped_or_has_its_turn() {
    check(None, || {
        let mailbox = mailbox(4);
        let mut consumer = Consumer::warm(&mailbox);
        assert!(offer(&mailbox, Job('x', 0)).is_none());
        let place = place(&mailbox, Job('a', 0));
        assert_eq!(consumer.turn(), Some(Job('x', 0)));
        let is_gone = Arc::new(AtomicBool::new(false));
        let seen = is_gone.clone();
        let sender = beside(&mailbox, move |mailbox| {
            let withdrawn = withdraw(mailbox, place);
            is_gone.store(true, Ordering::Release);
            withdrawn
        });
        let is_late = seen.load(Ordering::Acquire);
        let ran = consumer.poll(&mut Context::from_waker(Waker::noop())).is_ready();
        mailbox.end_turn(WorkerId::ONLY);
        let withdrawn = sender.join().unwrap();
        assert_eq!(consumer.finish().1, 0);
        // Both, where the consumer had looked already; then it counts as handled.
        assert!(ran || withdrawn);
        assert!(!(ran && is_late), "it had been withdrawn before the consumer looked");
        assert_eq!(row(&mailbox).cancelled, u64::from(!ran));
    });
}
