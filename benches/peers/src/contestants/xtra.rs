//! xtra, with a bounded mailbox.

use crate::contestant::{Book, CAPACITY, Contestant, Hold, Meeting, Note};
use crate::workload::Workload;
use std::pin::pin;
use std::task::{Context as Cx, Poll, Waker};
use xtra::prelude::*;

/// Counts its messages.
#[derive(xtra::Actor, Default)]
pub struct Counter {
    book: Book,
    meeting: Option<Meeting<Xtra>>,
}

struct Tick(u64, u64);
struct Question(u64, u64);
struct Count;
struct Hop(u64, u64);

impl Handler<Tick> for Counter {
    type Return = ();

    async fn handle(&mut self, Tick(a, b): Tick, _: &mut Context<Self>) {
        self.book.enter(a, b);
    }
}

impl Handler<Question> for Counter {
    type Return = u64;

    async fn handle(&mut self, Question(a, b): Question, _: &mut Context<Self>) -> u64 {
        self.book.enter(a, b)
    }
}

impl Handler<Count> for Counter {
    type Return = u64;

    async fn handle(&mut self, _: Count, _: &mut Context<Self>) -> u64 {
        self.book.count
    }
}

impl Handler<Hold> for Counter {
    type Return = ();

    async fn handle(&mut self, hold: Hold, _: &mut Context<Self>) {
        hold.keep().await;
    }
}

impl Handler<Meeting<Xtra>> for Counter {
    type Return = ();

    async fn handle(&mut self, meeting: Meeting<Xtra>, _: &mut Context<Self>) {
        self.meeting = Some(meeting);
    }
}

impl Handler<Hop> for Counter {
    type Return = ();

    async fn handle(&mut self, Hop(left, b): Hop, _: &mut Context<Self>) {
        self.book.enter(left, b);
        if let Some(peer) = Meeting::next(&mut self.meeting, left) {
            let _ = peer.0.send(Hop(left - 1, b)).priority(1).detach().await;
        }
    }
}

/// The handle.
#[derive(Clone)]
pub struct Xtra(Address<Counter>);

impl Contestant for Xtra {
    const NAME: &'static str = "xtra";
    const CRATE: &'static str = "xtra";
    const NOTES: &'static [Note] = &[
        Note::All(
            "Messages of one priority are handled in no order (a binary heap): so messages have a priority of 1 or \
             more, for the question that ends a measurement to come after them with priority 0.",
        ),
        Note::On(Workload::TrySend, "It has no `try_send`: this is a detached send, polled once."),
        Note::Lacks(
            Workload::Refused,
            "it has no `try_send`, and a send given up leaves its place in line to be cleared by the actor",
        ),
        Note::On(Workload::PingPong, "The handlers await a detached send, for want of a `try_send`."),
    ];

    async fn start() -> Self {
        Self(xtra::spawn_tokio(Counter::default(), Mailbox::bounded(CAPACITY)))
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        self.0.send(Tick(a, b)).priority(1).detach().await.is_ok()
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        let sent = pin!(self.0.send(Tick(a, b)).priority(1).detach());
        matches!(sent.poll(&mut Cx::from_waker(Waker::noop())), Poll::Ready(Ok(_)))
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        self.0.send(Question(a, b)).priority(1).await.ok()
    }

    async fn count(&self) -> Option<u64> {
        self.0.send(Count).await.ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        self.0.send(hold).priority(2).detach().await.is_ok()
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        self.0.send(meeting).priority(2).detach().await.is_ok()
    }

    async fn hop(&self, left: u64) -> bool {
        self.0.send(Hop(left, 1)).priority(1).detach().await.is_ok()
    }
}
