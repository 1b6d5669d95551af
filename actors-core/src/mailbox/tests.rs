//! How the way in and the way out work together: the age of a turn.

use crate::clock::{self, Span};
use crate::mailbox::effects::Effects;
use crate::mailbox::enter::fast_path::FastPath;
use crate::mailbox::enter::outcome::WhenFull;
use crate::mailbox::ids::{ClassId, WorkerId};
use crate::mailbox::item::{Class, Item};
use crate::mailbox::section::Mailbox;
use crate::mailbox::take::seat::{SeatAttempt, SeatUse};
use crate::mailbox::take::taker::{Take, Taker};
use crate::policy::{Policy, Settings};
use crate::seed::Seed;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::time::advance;

#[derive(Debug)]
struct Thing;
impl Item for Thing {}

const THING: ClassId = ClassId::new(0);
const LONG: Duration = Duration::from_secs(40);

fn mailbox() -> Mailbox<Thing, ()> {
    let limits = Settings::new().capacity(4).limits().unwrap();
    let classes = vec![Class::new("thing", Policy::tell())];
    let mailbox = Mailbox::new(limits, classes.into(), None, clock::now, Seed::new(1));
    mailbox.install((), true);
    mailbox
}

fn push(mailbox: &Mailbox<Thing, ()>) {
    let FastPath::Slot(mut slot) = mailbox.try_fast_path(THING, WhenFull::Refuse) else {
        panic!("the mailbox has room")
    };
    let _ = slot.fill(|| Thing);
}

/// Lets the consumer come once. Returns how long the turn that it begins has run.
async fn come(taker: &mut Taker<Thing, ()>, mailbox: &Mailbox<Thing, ()>) -> Option<Duration> {
    let mut effects = Effects::new();
    let take = poll_fn(|cx| Poll::Ready(taker.poll_take(mailbox, cx, &mut effects))).await;
    assert!(matches!(take, Poll::Pending | Poll::Ready(Take::Turn)), "{take:?}");
    mailbox.visit(&mut effects, |section| section.turn(clock::now()))
}

fn paused(test: impl Future<Output = ()>) {
    let builder = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    builder.unwrap().block_on(test);
}

#[test]
fn f3_a_turn_s_age_counts_from_its_claim_where_the_consumer_came_late() {
    paused(async {
        let (mailbox, mut taker) = (mailbox(), Taker::new(WorkerId::ONLY));
        push(&mailbox);
        advance(LONG).await;
        assert_eq!(come(&mut taker, &mailbox).await, Some(Duration::ZERO));
    });
}

#[test]
fn f3_a_turn_s_age_counts_from_its_claim_where_a_sender_had_the_seat_for_long() {
    paused(async {
        let (mailbox, mut taker) = (mailbox(), Taker::new(WorkerId::ONLY));
        assert_eq!(come(&mut taker, &mailbox).await, None);
        let SeatAttempt::Taken { seat, .. } = mailbox.take_seat(THING, false) else {
            panic!("the seat is here")
        };
        push(&mailbox);
        advance(LONG).await;
        assert!(mailbox.return_seat(THING, seat, SeatUse::Handled(Span::NONE)).is_ok());
        assert_eq!(come(&mut taker, &mailbox).await, Some(Duration::ZERO));
    });
}
