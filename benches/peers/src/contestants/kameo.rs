//! kameo, with a bounded mailbox.

use crate::contestant::{Book, CAPACITY, Contestant, Hold, Meeting, Note};
use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

/// Counts its messages.
#[derive(kameo::Actor, Default)]
pub struct Counter {
    book: Book,
    meeting: Option<Meeting<Kameo>>,
}

struct Tick(u64, u64);
struct Question(u64, u64);
struct Count;
struct Hop(u64, u64);

impl Message<Tick> for Counter {
    type Reply = ();

    async fn handle(&mut self, Tick(a, b): Tick, _: &mut Context<Self, ()>) {
        self.book.enter(a, b);
    }
}

impl Message<Question> for Counter {
    type Reply = u64;

    async fn handle(&mut self, Question(a, b): Question, _: &mut Context<Self, u64>) -> u64 {
        self.book.enter(a, b)
    }
}

impl Message<Count> for Counter {
    type Reply = u64;

    async fn handle(&mut self, _: Count, _: &mut Context<Self, u64>) -> u64 {
        self.book.count
    }
}

impl Message<Hold> for Counter {
    type Reply = ();

    async fn handle(&mut self, hold: Hold, _: &mut Context<Self, ()>) {
        hold.keep().await;
    }
}

impl Message<Meeting<Kameo>> for Counter {
    type Reply = ();

    async fn handle(&mut self, meeting: Meeting<Kameo>, _: &mut Context<Self, ()>) {
        self.meeting = Some(meeting);
    }
}

impl Message<Hop> for Counter {
    type Reply = ();

    async fn handle(&mut self, Hop(left, b): Hop, _: &mut Context<Self, ()>) {
        self.book.enter(left, b);
        if let Some(peer) = Meeting::next(&mut self.meeting, left) {
            let _ = peer.0.tell(Hop(left - 1, b)).try_send();
        }
    }
}

/// The handle.
#[derive(Clone)]
pub struct Kameo(ActorRef<Counter>);

impl Contestant for Kameo {
    const NAME: &'static str = "kameo";
    const CRATE: &'static str = "kameo";
    const NOTES: &'static [Note] = &[Note::All(
        "`tell(…).await` and `ask(…).await` as documented: each awaits a boxed \
         future; `.send().await` would save that box.",
    )];

    async fn start() -> Self {
        Self(Counter::spawn_with_mailbox(Counter::default(), mailbox::bounded(CAPACITY)))
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        self.0.tell(Tick(a, b)).await.is_ok()
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        self.0.tell(Tick(a, b)).try_send().is_ok()
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        self.0.ask(Question(a, b)).await.ok()
    }

    async fn count(&self) -> Option<u64> {
        self.0.ask(Count).await.ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        self.0.tell(hold).await.is_ok()
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        self.0.tell(meeting).await.is_ok()
    }

    async fn hop(&self, left: u64) -> bool {
        self.0.tell(Hop(left, 1)).await.is_ok()
    }
}
