//! ractor, whose mailboxes have no bound.

use crate::contestant::{Book, Contestant, Hold, Meeting, Note};
use crate::workload::Workload;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

/// The messages of the actor.
pub enum Message {
    /// A message to be counted.
    Tick(u64, u64),
    /// A message to be counted, with an answer.
    Question(u64, u64, RpcReplyPort<u64>),
    /// A request for the count.
    Count(RpcReplyPort<u64>),
    /// A turn that lasts.
    Hold(Hold),
    /// Its opponent.
    Meet(Meeting<Ractor>),
    /// A hop of the game.
    Hop(u64, u64),
}

/// Counts its messages.
pub struct Counter;

impl Actor for Counter {
    type Msg = Message;
    type State = (Book, Option<Meeting<Ractor>>);
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok((Book::default(), None))
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        (book, meeting): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tick(a, b) => {
                book.enter(a, b);
            }
            Message::Question(a, b, reply) => reply.send(book.enter(a, b))?,
            Message::Count(reply) => reply.send(book.count)?,
            Message::Hold(hold) => hold.keep().await,
            Message::Meet(met) => *meeting = Some(met),
            Message::Hop(left, b) => {
                book.enter(left, b);
                if let Some(peer) = Meeting::next(meeting, left) {
                    peer.0.cast(Message::Hop(left - 1, b))?;
                }
            }
        }
        Ok(())
    }
}

/// The handle.
#[derive(Clone)]
pub struct Ractor(ActorRef<Message>);

impl Contestant for Ractor {
    const NAME: &'static str = "ractor";
    const CRATE: &'static str = "ractor";
    const NOTES: &'static [Note] = &[
        Note::All("Its mailboxes have no bound: no sender waits for room, and the backlog takes memory."),
        Note::Lacks(Workload::Refused, "its mailboxes have no bound, so nothing is refused"),
        Note::On(Workload::Spawn, "`spawn` waits until `pre_start` has run."),
    ];

    async fn start() -> Self {
        let spawned = Counter::spawn(None, Counter, ()).await;
        Self(spawned.unwrap_or_else(|error| panic!("{error}")).0)
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        self.try_tell(a, b)
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        self.0.cast(Message::Tick(a, b)).is_ok()
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        self.0.call(|reply| Message::Question(a, b, reply), None).await.ok()?.success_or(()).ok()
    }

    async fn count(&self) -> Option<u64> {
        self.0.call(Message::Count, None).await.ok()?.success_or(()).ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        self.0.cast(Message::Hold(hold)).is_ok()
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        self.0.cast(Message::Meet(meeting)).is_ok()
    }

    async fn hop(&self, left: u64) -> bool {
        self.0.cast(Message::Hop(left, 1)).is_ok()
    }
}
