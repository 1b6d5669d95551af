//! What the mailbox decides about messages outside, one critical section at a time (O8).

use super::memory::{Memory, Mood};
use super::{FETCH_MAX, Leaving, Store, Stored};
use crate::clock::{self, Tick};
use crate::error::{Admission, Reason};
use crate::mailbox::enter::entry::InLine;
use crate::mailbox::enter::outcome::Permit;
use crate::mailbox::{
    Class, ClassId, Effects, FastPath, Fetched, Item, Ledger, Mailbox, Message, Offer, Outcome, SeatAttempt,
    SeatUse, Take, Taker, Verdict, WhenFull, WorkerId,
};
use crate::panics::caught;
use crate::policy::{Overflow, Policy, Priority, Settings};
use crate::seed::{Purpose, Seed};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A message: its type, its sender, and its number with that sender and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Thing {
    class: usize,
    from: usize,
    number: u64,
}

impl Item for Thing {
    fn class(&self) -> usize {
        self.class
    }
}

fn thing(number: u64) -> Thing {
    Thing { class: 0, from: 0, number }
}

#[derive(Debug, PartialEq, Eq)]
enum Sent {
    In(Admission),
    Refused(Reason),
    InLine,
}

/// A mailbox with a store of which the test is sender, consumer and fetching task.
struct Rig {
    mailbox: Mailbox<Thing, ()>,
    store: Memory<Thing>,
    taker: RefCell<Taker<Thing, ()>>,
    effects: RefCell<Effects<Thing>>,
    lines: RefCell<Vec<InLine<Message>>>,
    lost: RefCell<Vec<(Thing, Reason)>>,
    wants_fetch: RefCell<bool>,
}

/// One type whose messages spill and then follow `list`; one of the same lane that waits in line;
/// and an urgent one.
fn rig(capacity: usize, list: &[Overflow]) -> Rig {
    let limits = Settings::new().capacity(capacity).reserve(0).max_waiting(8).limits().unwrap();
    let classes = vec![
        Class::new("spilling", Policy::tell().overflow(list)),
        Class::new("waiting", Policy::tell().overflow(&[Overflow::Block])),
        Class::new("urgent", Policy::tell().priority(Priority::Urgent).overflow(&[Overflow::Reject])),
    ];
    let mailbox = Mailbox::new(limits, classes.into(), Some(()), clock::now, Seed::new(1));
    let store = Memory::new(usize::MAX);
    let shared: Arc<dyn Store<Thing>> = Arc::new(store.clone());
    let mut effects = Effects::new();
    mailbox.visit(&mut effects, |section| section.attach_store(shared, [ClassId::new(0)]));
    Rig {
        mailbox,
        store,
        taker: RefCell::new(Taker::new(WorkerId::ONLY)),
        effects: RefCell::new(effects),
        lines: RefCell::default(),
        lost: RefCell::default(),
        wants_fetch: RefCell::default(),
    }
}

impl Rig {
    fn visit<R>(&self, visit: impl FnOnce(&mut super::super::Section<'_, Thing, ()>) -> R) -> R {
        let mut effects = self.effects.borrow_mut();
        let result = self.mailbox.visit(&mut effects, visit);
        self.apply(&mut effects);
        drop(effects);
        self.check();
        result
    }

    fn apply(&self, effects: &mut Effects<Thing>) {
        loop {
            let _ = effects.wake();
            *self.wants_fetch.borrow_mut() |= effects.take_fetch_request();
            self.lost.borrow_mut().extend(effects.lost.take().map(|lost| (lost.item, lost.reason)));
            if !effects.take_unfinished() {
                return;
            }
            self.mailbox.visit(effects, |section| section.resume());
        }
    }

    fn ledger(&self) -> Ledger {
        self.mailbox.ledger(&mut Effects::new())
    }

    /// What holds after every critical section: bounds and books.
    fn check(&self) {
        let ledger = self.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        let limits = self.mailbox.limits().capacity;
        let mut effects = self.effects.borrow_mut();
        let depth = self.mailbox.visit(&mut effects, |section| section.depth(clock::now()));
        assert!(depth.queued + depth.permits <= limits);
        assert_eq!(depth.stored as u64, ledger.total().stored);
        assert_eq!(depth.waiting as u64, ledger.total().waiting, "no reservations are in line here");
    }

    fn begin(&self, item: Thing, when_full: WhenFull) -> Result<Sent, Leaving<Thing>> {
        let class = ClassId::new(item.class);
        match self.mailbox.try_fast_path(class, when_full) {
            FastPath::Slot(mut slot) => {
                slot.fill_until(|| item, Tick::ZERO, Tick::NEVER);
                return Ok(Sent::In(Admission::Queued));
            }
            FastPath::Refused(reason, _) => return Ok(Sent::Refused(reason)),
            FastPath::LongWay => {}
        }
        let tag = self.mailbox.tag(ClassId::new(item.class()), &item, Tick::ZERO, Tick::NEVER).unwrap();
        match self.visit(|section| section.offer_or_store(item, tag, when_full)) {
            Verdict::Decided(offer) => Ok(self.offered(offer)),
            Verdict::Elsewhere(leaving) => Err(leaving),
        }
    }

    fn offered(&self, offer: Offer<Message, Thing>) -> Sent {
        match offer {
            Offer::Granted(_, admission) => Sent::In(admission),
            Offer::Refused(_, reason, _) => Sent::Refused(reason),
            Offer::InLine(line) => {
                self.lines.borrow_mut().push(line);
                Sent::InLine
            }
        }
    }

    fn put(&self, leaving: Leaving<Thing>, when_full: WhenFull) -> Sent {
        let class = leaving.message.tag.class;
        let mut message = Some(leaving.message);
        match (caught(|| leaving.store.put(&mut message)), message) {
            (_, Some(message)) => {
                let offer = self.visit(|section| section.put_refused(message, when_full));
                self.offered(offer)
            }
            (Ok(()), None) => {
                self.visit(|section| section.put_done(class));
                Sent::In(Admission::Spilled)
            }
            (Err(_), None) => {
                self.visit(|section| section.put_lost(class));
                Sent::Refused(Reason::Panicked)
            }
        }
    }

    fn send(&self, item: Thing, when_full: WhenFull) -> Sent {
        self.begin(item, when_full).unwrap_or_else(|leaving| self.put(leaving, when_full))
    }

    fn fill(&self, count: u64) {
        (0..count).for_each(|number| {
            let sent = self.send(thing(number), WhenFull::Refuse);
            assert!(matches!(sent, Sent::In(_)), "{sent:?}");
        });
    }

    /// One look of the consumer.
    fn take(&self) -> Option<Thing> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taker = self.taker.borrow_mut();
        let mut effects = self.effects.borrow_mut();
        let taken = taker.poll_take(&self.mailbox, &mut cx, &mut effects);
        self.apply(&mut effects);
        drop(effects);
        let item = match taken {
            Poll::Ready(Take::Turn) => {
                let item = taker.current().and_then(|taken| taken.item.take());
                self.mailbox.end_turn(WorkerId::ONLY);
                item
            }
            _ => None,
        };
        drop(taker);
        self.check();
        item
    }

    /// Does what the fetching task would, `most` times, if one was begun. Returns what followed
    /// last.
    fn fetch(&self, most: usize) -> Option<Fetched> {
        if !std::mem::take(&mut *self.wants_fetch.borrow_mut()) {
            return None;
        }
        let mut last = None;
        for _ in 0..most {
            let Some(fetch) = self.visit(|section| section.next_fetch()) else { return last };
            let mut taking = fetch.store.take(fetch.class, fetch.max);
            let polled = caught(|| taking.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            let taken = match polled {
                Ok(Poll::Ready(Ok(taken))) => taken,
                _ => Vec::new(),
            };
            let is_complete = taken.len() == fetch.max;
            self.visit(|section| section.bring_back(taken.into_iter()));
            last = Some(match is_complete {
                true => Fetched::Next,
                false => self.visit(|section| section.fetch_failed()),
            });
        }
        *self.wants_fetch.borrow_mut() = true;
        last
    }

    /// Takes and fetches until nothing comes.
    fn drain(&self) -> Vec<Thing> {
        let mut all = Vec::new();
        let mut idle = 0;
        while idle < 3 {
            match self.take() {
                Some(item) => {
                    all.push(item);
                    idle = 0;
                }
                None => idle += 1,
            }
            self.fetch(1);
        }
        all
    }
}

fn numbers(things: &[Thing]) -> Vec<u64> {
    things.iter().map(|thing| thing.number).collect()
}

/// What has no room goes to the store, comes back when there is room, and in the order in which it
/// was sent.
#[test]
fn o8_messages_without_room_are_stored_and_come_back_in_order() {
    let rig = rig(4, &[Overflow::Reject]);
    rig.fill(100);
    assert_eq!(rig.ledger().total().stored, 96);
    assert_eq!(rig.store.len(), 96);
    assert_eq!(numbers(&rig.drain()), (0..100).collect::<Vec<_>>());
    assert_eq!(rig.ledger().total().handled, 100);
    assert_eq!(rig.ledger().total().stored, 0);
}

/// While a message of a type is outside, every way in declines newcomers of the type although there
/// is room: the fast path, a donated turn, a reservation, a promised slot and the long way.
#[test]
fn o8_no_way_in_passes_a_stored_message() {
    let rig = rig(4, &[Overflow::Reject]);
    let class = ClassId::new(0);
    let permit: Offer<Permit, Thing> = rig.visit(|section| section.reserve(class, WhenFull::Refuse));
    assert!(matches!(permit, Offer::Granted(..)));
    rig.fill(4);
    assert_eq!(rig.ledger().total().stored, 1);
    // The store is slow, so the mailbox runs empty.
    while rig.take().is_some() {}
    assert_eq!(rig.ledger().total().queued, 0);
    let is_long =
        |class| matches!(rig.mailbox.try_fast_path(ClassId::new(class), WhenFull::Refuse), FastPath::LongWay);
    assert!(is_long(0), "the fast path declines");
    assert!(!is_long(1), "other types are not affected");
    assert!(matches!(rig.mailbox.take_seat(class, false), SeatAttempt::Unavailable), "no turn is donated");
    let permit: Offer<Permit, Thing> = rig.visit(|section| section.reserve(class, WhenFull::Refuse));
    assert!(matches!(permit, Offer::Refused((), Reason::Full, _)), "no slot is promised: {permit:?}");
    assert_eq!(rig.send(thing(4), WhenFull::Refuse), Sent::In(Admission::Spilled));
    // A slot that was promised before is no way past it either.
    let tag = rig.mailbox.tag(ClassId::new(thing(5).class()), &thing(5), Tick::ZERO, Tick::NEVER).unwrap();
    let Verdict::Elsewhere(leaving) = rig.visit(|section| section.redeem_or_store(thing(5), tag)) else {
        panic!("it passed a stored message")
    };
    assert_eq!(rig.put(leaving, WhenFull::Refuse), Sent::In(Admission::Spilled));
    // Neither for a message that may not be stored.
    let tag = rig.mailbox.tag(ClassId::new(thing(9).class()), &thing(9), Tick::ZERO, Tick::NEVER).unwrap();
    let offer = rig.visit(|section| section.offer(thing(9), tag, WhenFull::Wait));
    assert_eq!(rig.offered(offer), Sent::Refused(Reason::Full));
    assert_eq!(numbers(&rig.drain()), [3, 4, 5]);
    // Nothing is outside any more: all ways are open again.
    assert!(!is_long(0));
    match rig.mailbox.take_seat(class, false) {
        SeatAttempt::Taken { seat, .. } => {
            assert!(rig.mailbox.return_seat(class, seat, SeatUse::Unused).is_ok());
        }
        // Turns of this type are not known to be short.
        SeatAttempt::Unavailable | SeatAttempt::Busy | SeatAttempt::Crowded(_) => {}
    }
    let permit: Offer<Permit, Thing> = rig.visit(|section| section.reserve(class, WhenFull::Refuse));
    assert!(matches!(permit, Offer::Granted(..)));
}

/// A message on its way to the store is outside already: a newcomer cannot pass it there.
#[test]
fn o8_a_message_on_its_way_to_the_store_is_not_passed() {
    let rig = rig(2, &[Overflow::Reject]);
    rig.fill(2);
    let Err(slow) = rig.begin(thing(2), WhenFull::Refuse) else { panic!("there is no room") };
    assert_eq!(numbers(&rig.drain()), [0, 1]);
    let other = Thing { class: 0, from: 1, number: 0 };
    assert_eq!(rig.send(other, WhenFull::Refuse), Sent::In(Admission::Spilled));
    assert_eq!(rig.put(slow, WhenFull::Refuse), Sent::In(Admission::Spilled));
    assert_eq!(rig.drain().len(), 2);
    assert_eq!(rig.send(thing(3), WhenFull::Refuse), Sent::In(Admission::Queued));
}

/// A fetch asks for no more than there is room for, and for 32 at most; what finds no room any more
/// when it comes back waits, and no more is fetched meanwhile.
#[test]
fn o8_a_fetch_is_bounded_by_the_room_and_by_32() {
    let rig = rig(100, &[Overflow::Reject]);
    rig.fill(300);
    while rig.take().is_some() {}
    rig.fetch(1);
    assert_eq!(rig.store.most(), FETCH_MAX);
    assert_eq!(rig.ledger().total().queued, FETCH_MAX as u64);
    // Another type takes the room while the store is at work.
    let fetch = rig.visit(|section| section.next_fetch()).unwrap();
    let mut taking = fetch.store.take(fetch.class, fetch.max);
    let Poll::Ready(Ok(taken)) = taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the store is well")
    };
    let mut number = 0;
    let mut other = || {
        number += 1;
        rig.send(Thing { class: 1, from: 0, number }, WhenFull::Refuse)
    };
    while other() == Sent::In(Admission::Queued) {}
    rig.visit(|section| section.bring_back(taken.into_iter()));
    assert_eq!(rig.ledger().total().queued, 100);
    assert_eq!(rig.ledger().total().stored, 200 - FETCH_MAX as u64, "32 of them are back, without a slot");
    assert!(rig.visit(|section| section.next_fetch()).is_none(), "no more is fetched");
    let takes = rig.store.takes();
    // They get the next slots, before any newcomer.
    assert!(rig.take().is_some());
    assert_eq!(rig.store.takes(), takes);
    let spilled: Vec<_> = rig.drain().into_iter().filter(|thing| thing.class == 0).collect();
    assert!(numbers(&spilled).is_sorted(), "{spilled:?}");
}

/// A store that refuses, or panics with the message still in its caller's hands, is as good as
/// none: the next word of the list applies.
#[test]
fn o8_the_next_word_applies_where_the_store_refuses() {
    for mood in [Mood::Ill, Mood::Panics] {
        for (list, what) in [
            (&[Overflow::Reject][..], Sent::Refused(Reason::Full)),
            (&[Overflow::DropNewest], Sent::Refused(Reason::Dropped)),
            (&[Overflow::DropOldest], Sent::In(Admission::Displaced)),
            (&[Overflow::Block], Sent::InLine),
        ] {
            let rig = rig(2, list);
            rig.fill(2);
            rig.store.set_put(mood);
            assert_eq!(rig.send(thing(2), WhenFull::Wait), what, "{mood:?} {list:?}");
            assert_eq!(rig.ledger().total().stored, 0);
            rig.store.set_put(Mood::Well);
            assert!(rig.drain().len() >= 2);
            assert_eq!(
                rig.send(thing(3), WhenFull::Refuse),
                Sent::In(Admission::Queued),
                "{mood:?} {list:?}"
            );
        }
    }
}

/// While others of its type are stored, a message that the store refuses does not pass them: words
/// that would make room for it in the mailbox do not help it.
#[test]
fn o8_a_refused_message_does_not_pass_stored_ones() {
    for (list, what) in [
        (&[Overflow::DropOldest][..], Sent::Refused(Reason::Dropped)),
        (&[Overflow::DropOldest, Overflow::Reject], Sent::Refused(Reason::Full)),
        (&[Overflow::Block], Sent::InLine),
    ] {
        let rig = rig(2, list);
        rig.store.set_mark(3);
        rig.fill(5);
        assert_eq!(rig.send(thing(5), WhenFull::Wait), what, "{list:?}");
        let waits = what == Sent::InLine;
        if waits {
            // From here on the line is behind the store, and newcomers are behind the line.
            rig.store.set_mark(100);
            assert_eq!(rig.send(thing(6), WhenFull::Wait), Sent::InLine);
            assert_eq!(rig.send(thing(7), WhenFull::Refuse), Sent::Refused(Reason::Full));
        }
        let end = if waits { 7 } else { 5 };
        assert_eq!(numbers(&rig.drain()), (0..end).collect::<Vec<_>>(), "{list:?}");
        for mut line in std::mem::take(&mut *rig.lines.borrow_mut()) {
            let outcome = line.poll(&rig.mailbox, &mut Context::from_waker(Waker::noop()));
            assert!(matches!(outcome, Poll::Ready(Outcome::Granted(_))), "{outcome:?}");
        }
    }
}

/// A store that panics with a message in its hands loses that message and nothing else.
#[test]
fn o8_a_store_that_panics_loses_at_most_its_message() {
    let rig = rig(2, &[Overflow::Reject]);
    rig.fill(3);
    rig.store.set_put(Mood::PanicsLate);
    assert_eq!(rig.send(thing(3), WhenFull::Refuse), Sent::Refused(Reason::Panicked));
    assert_eq!(rig.ledger().total().panicked, 1);
    rig.store.set_put(Mood::Well);
    rig.store.set_take(Mood::Panics);
    assert_eq!(numbers(&rig.drain()), [0, 1]);
    assert_eq!(rig.ledger().total().stored, 1, "it is asked for again later");
    rig.store.set_take(Mood::Well);
    assert_eq!(numbers(&rig.drain()), [2]);
}

/// A stopped mailbox hands out what is stored before it ends.
#[test]
fn o8_a_drain_includes_what_is_stored() {
    let rig = rig(2, &[Overflow::Reject]);
    rig.fill(10);
    rig.visit(|section| section.close());
    assert_eq!(rig.send(thing(10), WhenFull::Refuse), Sent::Refused(Reason::Closed));
    assert!(!rig.mailbox.is_drained());
    assert_eq!(numbers(&rig.drain()), (0..10).collect::<Vec<_>>());
    assert!(rig.mailbox.is_drained());
}

/// A drain does not wait for a store that fails: what is left stays there, and counts `stored`.
#[test]
fn o8_a_drain_gives_up_a_store_that_fails() {
    let rig = rig(2, &[Overflow::Reject]);
    rig.fill(10);
    rig.store.set_take(Mood::Ill);
    rig.visit(|section| section.close());
    assert_eq!(rig.drain().len(), 2);
    assert!(rig.mailbox.is_drained());
    rig.visit(|section| section.end());
    assert_eq!((rig.ledger().total().stored, rig.store.len()), (8, 8));
}

/// At the end, what is back in memory is lost as `closed`, and what is in the store stays there.
/// What the store hands out, refuses or has taken over after the end is accounted for as well.
#[test]
fn o8_the_end_keeps_what_is_stored_and_reports_what_is_back() {
    let rig = rig(4, &[Overflow::Reject]);
    rig.fill(50);
    let Err(late) = rig.begin(thing(50), WhenFull::Refuse) else { panic!("there is no room") };
    let Err(refused) = rig.begin(thing(51), WhenFull::Refuse) else { panic!("there is no room") };
    while rig.take().is_some() {}
    let fetch = rig.visit(|section| section.next_fetch()).unwrap();
    let mut taking = fetch.store.take(fetch.class, fetch.max);
    let Poll::Ready(Ok(taken)) = taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the store is well")
    };
    let out = taken.len() as u64;
    rig.visit(|section| section.kill());
    rig.visit(|section| section.end());
    assert_eq!(rig.ledger().total().stored, 48);
    rig.visit(|section| section.bring_back(taken.into_iter()));
    assert_eq!(rig.ledger().total().stored, 48 - out);
    assert_eq!(rig.ledger().total().undelivered, out);
    assert!(rig.lost.borrow_mut().iter().all(|(_, reason)| *reason == Reason::Closed));
    assert_eq!(rig.lost.borrow_mut().len() as u64, out);
    assert_eq!(rig.put(late, WhenFull::Refuse), Sent::In(Admission::Spilled));
    rig.store.set_put(Mood::Ill);
    assert_eq!(rig.put(refused, WhenFull::Refuse), Sent::Refused(Reason::Closed));
    assert_eq!(rig.ledger().total().stored, rig.store.len() as u64);
    assert!(rig.visit(|section| section.next_fetch()).is_none());
}

/// What is back without a slot is lost at the end, as much of it in one visit as B7 allows.
#[test]
fn o8_the_end_loses_what_is_back_without_a_slot() {
    let rig = rig(100, &[Overflow::Reject]);
    rig.fill(200);
    while rig.take().is_some() {}
    let fetch = rig.visit(|section| section.next_fetch()).unwrap();
    let mut taking = fetch.store.take(fetch.class, fetch.max);
    let Poll::Ready(Ok(taken)) = taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the store is well")
    };
    (0..100).for_each(|number| _ = rig.send(Thing { class: 1, from: 0, number }, WhenFull::Refuse));
    rig.visit(|section| section.bring_back(taken.into_iter()));
    assert_eq!(rig.ledger().total().stored, 100);
    rig.visit(|section| section.end());
    assert_eq!(rig.ledger().rows()[0].undelivered, FETCH_MAX as u64);
    assert_eq!(rig.ledger().rows()[0].stored, rig.store.len() as u64);
    assert_eq!(rig.lost.borrow().len(), 100 + FETCH_MAX);
}

/// A sender in line behind stored messages is let in before them neither by a cycle that only the
/// soft limit closes, nor reported as stuck while the store may still free its way.
#[test]
fn o8_a_cycle_lets_no_sender_pass_stored_messages() {
    let rig = rig(4, &[Overflow::Block]);
    rig.store.set_mark(1);
    rig.visit(|section| section.set_soft_limit(Some(2)));
    rig.fill(3);
    assert_eq!(rig.send(thing(3), WhenFull::Wait), Sent::InLine);
    let waiter = rig.lines.borrow()[0].waiter();
    let ticket = rig.mailbox.ticket(waiter).unwrap();
    assert!(!rig.visit(|section| section.admit_waiter(waiter, ticket)), "there is a slot, but not for it");
    assert!(rig.mailbox.is_stuck_in_line(waiter, ticket).is_some());
    assert!(rig.take().is_some());
    assert!(rig.mailbox.is_stuck_in_line(waiter, ticket).is_none(), "a fetch is under way");
    assert_eq!(numbers(&rig.drain()), [1, 2, 3]);
}

/// What a store has from an earlier run counts as offered when it comes out.
#[test]
fn o8_messages_that_the_books_do_not_know_count_as_offered() {
    let rig = rig(4, &[Overflow::Reject]);
    let tag = rig.mailbox.tag(ClassId::new(thing(0).class()), &thing(0), Tick::ZERO, Tick::NEVER).unwrap();
    rig.visit(|section| section.bring_back([Stored { item: thing(0), tag }].into_iter()));
    assert_eq!(rig.ledger().total().offered, 1);
    assert_eq!(rig.drain(), [thing(0)]);
}

/// What comes back does not pass senders of other types that were in line before it.
#[test]
fn o8_what_comes_back_is_behind_the_lines() {
    let rig = rig(100, &[Overflow::Reject]);
    rig.fill(200);
    while rig.take().is_some() {}
    let fetch = rig.visit(|section| section.next_fetch()).unwrap();
    let mut taking = fetch.store.take(fetch.class, fetch.max);
    let Poll::Ready(Ok(taken)) = taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the store is well")
    };
    (0..104).for_each(|number| _ = rig.send(Thing { class: 1, from: 0, number }, WhenFull::Wait));
    rig.visit(|section| section.bring_back(taken.into_iter()));
    let total = || rig.ledger().total();
    assert_eq!((total().queued, total().waiting, total().stored), (100, 4, 100));
    for turn in 1..=8 {
        assert!(rig.take().is_some());
        let expected = if turn <= 4 { (4 - turn, 100) } else { (0, 104 - turn) };
        assert_eq!((total().waiting, total().stored), expected, "turn {turn}");
    }
}

/// A random program: what it has under way, and what it has seen.
struct Program {
    rig: Rig,
    next: [[u64; 3]; 3],
    seen: [[Option<u64>; 3]; 3],
    /// Senders whose last send is under way.
    busy: [bool; 3],
    leaving: VecDeque<(usize, WhenFull, Leaving<Thing>)>,
    lines: VecDeque<(usize, InLine<Message>)>,
    /// What the store has handed out, and how much it was asked for.
    out: Option<(Vec<Stored<Thing>>, usize)>,
    permits: usize,
    handled: u64,
}

impl Program {
    fn sent(&mut self, from: usize, sent: &Sent) {
        self.busy[from] = *sent == Sent::InLine;
        if let Some(line) = self.rig.lines.borrow_mut().pop() {
            self.lines.push_back((from, line));
        }
    }

    fn decided(&mut self, from: usize, when_full: WhenFull, decided: Result<Sent, Leaving<Thing>>) {
        match decided {
            Ok(sent) => self.sent(from, &sent),
            Err(message) => {
                self.busy[from] = true;
                self.leaving.push_back((from, when_full, message));
            }
        }
    }

    fn item(&mut self, class: usize, from: usize) -> Thing {
        let number = self.next[class][from];
        self.next[class][from] += 1;
        Thing { class, from, number }
    }

    fn redeem(&mut self, from: usize) {
        self.permits -= 1;
        let item = self.item(0, from);
        let tag = self.rig.mailbox.tag(ClassId::new(item.class()), &item, Tick::ZERO, Tick::NEVER).unwrap();
        let decided = match self.rig.visit(|section| section.redeem_or_store(item, tag)) {
            Verdict::Decided(offer) => Ok(self.rig.offered(offer)),
            Verdict::Elsewhere(leaving) => Err(leaving),
        };
        self.decided(from, WhenFull::Refuse, decided);
    }

    fn put(&mut self, at: usize) {
        if let Some((from, when_full, message)) = self.leaving.remove(at) {
            let sent = self.rig.put(message, when_full);
            self.sent(from, &sent);
        }
    }

    fn poll_line(&mut self) {
        let Some((from, mut line)) = self.lines.pop_front() else { return };
        match line.poll(&self.rig.mailbox, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(_) => self.busy[from] = false,
            Poll::Pending => self.lines.push_back((from, line)),
        }
    }

    /// The fetching task begins a fetch, or ends one.
    fn fetch(&mut self) {
        if let Some((taken, asked)) = self.out.take() {
            let is_complete = taken.len() == asked;
            self.rig.visit(|section| section.bring_back(taken.into_iter()));
            if !is_complete {
                self.rig.visit(|section| section.fetch_failed());
            }
            *self.rig.wants_fetch.borrow_mut() = true;
        } else if std::mem::take(&mut *self.rig.wants_fetch.borrow_mut())
            && let Some(fetch) = self.rig.visit(|section| section.next_fetch())
        {
            let mut taking = fetch.store.take(fetch.class, fetch.max);
            let polled = caught(|| taking.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            let taken = if let Ok(Poll::Ready(Ok(taken))) = polled { taken } else { Vec::new() };
            self.out = Some((taken, fetch.max));
        }
    }

    fn see(&mut self, thing: Thing) {
        self.handled += 1;
        let last = self.seen[thing.class][thing.from].replace(thing.number);
        assert!(last.is_none_or(|last| last < thing.number), "{thing:?} after {last:?}");
    }
}

/// Runs one random program, and then everything that it has left.
fn random_run(seed: u64, list: &[Overflow]) {
    let mut rng = Seed::new(seed).stream(Purpose::Mailbox);
    let mut program = Program {
        rig: rig(1 + rng.below(6), list),
        next: [[0; 3]; 3],
        seen: [[None; 3]; 3],
        busy: [false; 3],
        leaving: VecDeque::new(),
        lines: VecDeque::new(),
        out: None,
        permits: 0,
        handled: 0,
    };
    for _ in 0..300 {
        let from = rng.below(3);
        match rng.below(14) {
            0..=4 if !program.busy[from] => {
                let class = if rng.below(4) == 0 { 1 + rng.below(2) } else { 0 };
                let when_full = if rng.below(2) == 0 { WhenFull::Wait } else { WhenFull::Refuse };
                let item = program.item(class, from);
                let decided = program.rig.begin(item, when_full);
                program.decided(from, when_full, decided);
            }
            5 | 6 if !program.leaving.is_empty() => program.put(rng.below(program.leaving.len())),
            7 | 8 => program.fetch(),
            9 => {
                let moods = [Mood::Well, Mood::Well, Mood::Ill, Mood::Panics];
                program.rig.store.set_mark(if rng.below(2) == 0 { rng.below(8) } else { usize::MAX });
                program.rig.store.set_put(moods[rng.below(4)]);
                program.rig.store.set_take(moods[rng.below(4)]);
            }
            10 => program.poll_line(),
            11 if program.permits > 0 && !program.busy[from] => match rng.below(2) {
                0 => program.redeem(from),
                _ => {
                    program.permits -= 1;
                    program.rig.visit(|section| section.give_back(ClassId::new(0)));
                }
            },
            11 => {
                let offer: Offer<Permit, Thing> =
                    program.rig.visit(|section| section.reserve(ClassId::new(0), WhenFull::Refuse));
                program.permits += usize::from(matches!(offer, Offer::Granted(..)));
            }
            _ => {
                let taken = program.rig.take();
                taken.into_iter().for_each(|thing| program.see(thing));
            }
        }
    }
    program.rig.store.set_mark(usize::MAX);
    program.rig.store.set_put(Mood::Well);
    program.rig.store.set_take(Mood::Well);
    while !program.leaving.is_empty() {
        program.put(0);
    }
    for _ in 0..program.permits {
        program.rig.visit(|section| section.give_back(ClassId::new(0)));
    }
    if program.out.is_some() {
        program.fetch();
    }
    for thing in program.rig.drain() {
        program.see(thing);
    }
    let total = program.rig.ledger().total();
    let left = (total.stored, total.queued, total.waiting, program.rig.store.len());
    assert_eq!((left, total.handled), ((0, 0, 0, 0), program.handled), "{total:?}");
}

/// In random programs of senders, a consumer, a fetching task and a moody store, order per sender
/// and type, the books and the capacity hold at every step, and everything that is stored or in
/// line gets its turn.
#[test]
fn o8_order_and_books_hold_in_random_programs() {
    for seed in 0..60 {
        for list in [Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest, Overflow::Block] {
            let run = std::panic::catch_unwind(|| random_run(seed, &[list]));
            assert!(run.is_ok(), "seed {seed}, {list}");
        }
    }
}
