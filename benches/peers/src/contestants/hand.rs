//! The hand-written actor: a tokio task, an enum, and a channel. Five channels, one actor.

use crate::contestant::{Book, CAPACITY, Contestant, Hold, Meeting, Note};
use crate::workload::Workload;
use std::sync::Once;
use tokio::sync::{mpsc, oneshot};

/// A channel for the hand-written actor.
pub trait Channel: Sized + 'static {
    /// The name of the actor over it.
    const NAME: &'static str;
    /// Its crate.
    const CRATE: &'static str;
    /// Remarks on its figures.
    const NOTES: &'static [Note] = &[];
    /// The sending half.
    type Tx: Clone + Send + Sync + 'static;

    /// Creates a channel, and starts the actor behind it with the usual loop for this channel.
    fn start() -> Self::Tx;
    /// Sends, waiting for room.
    fn send(tx: &Self::Tx, message: Message<Self>) -> impl Future<Output = bool> + Send;
    /// Sends if there is room.
    fn try_send(tx: &Self::Tx, message: Message<Self>) -> bool;
}

/// The messages of the actor.
pub enum Message<K: Channel> {
    /// A message to be counted.
    Tick(u64, u64),
    /// A message to be counted, with an answer.
    Ask(u64, u64, oneshot::Sender<u64>),
    /// A request for the count.
    Count(oneshot::Sender<u64>),
    /// A turn that lasts.
    Hold(Hold),
    /// Its opponent.
    Meet(Meeting<Hand<K>>),
    /// A hop of the game.
    Hop(u64, u64),
}

/// The actor itself.
pub struct Actor<K: Channel> {
    book: Book,
    meeting: Option<Meeting<Hand<K>>>,
}

impl<K: Channel> Actor<K> {
    fn new() -> Self {
        Self { book: Book::default(), meeting: None }
    }

    /// Handles a message, except a turn that lasts, which the loop awaits.
    #[inline]
    fn handle(&mut self, message: Message<K>) -> Option<Hold> {
        match message {
            Message::Tick(a, b) => {
                self.book.enter(a, b);
            }
            Message::Ask(a, b, reply) => {
                let _ = reply.send(self.book.enter(a, b));
            }
            Message::Count(reply) => {
                let _ = reply.send(self.book.count);
            }
            Message::Hold(hold) => return Some(hold),
            Message::Meet(meeting) => self.meeting = Some(meeting),
            Message::Hop(left, b) => {
                self.book.enter(left, b);
                if let Some(peer) = Meeting::next(&mut self.meeting, left) {
                    K::try_send(&peer.0, Message::Hop(left - 1, b));
                }
            }
        }
        None
    }
}

/// The handle of an actor over this channel.
pub struct Hand<K: Channel>(K::Tx);

impl<K: Channel> Clone for Hand<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Channel> Contestant for Hand<K> {
    const NAME: &'static str = K::NAME;
    const CRATE: &'static str = K::CRATE;
    const NOTES: &'static [Note] = K::NOTES;

    async fn start() -> Self {
        Self(K::start())
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        K::send(&self.0, Message::Tick(a, b)).await
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        K::try_send(&self.0, Message::Tick(a, b))
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        K::send(&self.0, Message::Ask(a, b, reply)).await;
        answer.await.ok()
    }

    async fn count(&self) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        K::send(&self.0, Message::Count(reply)).await;
        answer.await.ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        K::send(&self.0, Message::Hold(hold)).await
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        K::send(&self.0, Message::Meet(meeting)).await
    }

    async fn hop(&self, left: u64) -> bool {
        K::send(&self.0, Message::Hop(left, 1)).await
    }
}

/// `$recv` is what the loop awaits, with `$rx` as its receiver, which some channels need as `mut`.
/// It matches `Some` or `Ok`.
macro_rules! channel {
    ($(#[$doc:meta])* $kind:ident, $name:literal, $krate:literal, $tx:ty, $new:expr,
     [$($rx:tt)+] $some:ident($recv:expr), |$stx:ident, $message:ident| $send:expr, $try_send:expr) => {
        $(#[$doc])*
        pub struct $kind;

        impl Channel for $kind {
            const NAME: &'static str = $name;
            const CRATE: &'static str = $krate;
            type Tx = $tx;

            fn start() -> Self::Tx {
                let (tx, $($rx)+) = $new;
                tokio::spawn(async move {
                    let mut actor = Actor::new();
                    while let $some(message) = $recv.await {
                        if let Some(hold) = actor.handle(message) {
                            hold.keep().await;
                        }
                    }
                });
                tx
            }

            #[inline]
            async fn send($stx: &Self::Tx, $message: Message<Self>) -> bool {
                $send.await.is_ok()
            }

            #[inline]
            fn try_send($stx: &Self::Tx, $message: Message<Self>) -> bool {
                $try_send
            }
        }
    };
}

channel!(
    /// The baseline of every ratio.
    Tokio, "by hand: tokio mpsc", "tokio", mpsc::Sender<Message<Self>>, mpsc::channel(CAPACITY),
    [mut rx] Some(rx.recv()), |tx, message| tx.send(message), tx.try_send(message).is_ok()
);

channel!(
    /// Made for actors: many producers, one consumer.
    Tachyonix, "by hand: tachyonix", "tachyonix", tachyonix::Sender<Message<Self>>, tachyonix::channel(CAPACITY),
    [mut rx] Ok(rx.recv()), |tx, message| tx.send(message), tx.try_send(message).is_ok()
);

channel!(
    /// Lock-free; spins before it waits.
    Crossfire, "by hand: crossfire", "crossfire", crossfire::MAsyncTx<crossfire::mpsc::Array<Message<Self>>>, crossfire(),
    [rx] Ok(rx.recv()), |tx, message| tx.send(message), tx.try_send(message).is_ok()
);

channel!(
    /// Hands messages over directly to a receiver that waits.
    Kanal, "by hand: kanal", "kanal", kanal::AsyncSender<Message<Self>>, kanal::bounded_async(CAPACITY),
    [rx] Ok(rx.recv()), |tx, message| tx.send(message), matches!(tx.try_send(message), Ok(true))
);

channel!(
    /// Sync and async at the same time.
    Flume, "by hand: flume", "flume", flume::Sender<Message<Self>>, flume::bounded(CAPACITY),
    [rx] Ok(rx.recv_async()), |tx, message| tx.send_async(message), tx.try_send(message).is_ok()
);

/// Its documentation recommends this detection for machines with one core.
fn crossfire<T: Send + Unpin + 'static>()
-> (crossfire::MAsyncTx<crossfire::mpsc::Array<T>>, crossfire::AsyncRx<crossfire::mpsc::Array<T>>) {
    static DETECTED: Once = Once::new();
    DETECTED.call_once(crossfire::detect_backoff_cfg);
    crossfire::mpsc::bounded_async(CAPACITY)
}

/// tokio's channel, of which the actor takes up to 64 messages at once.
pub struct TokioMany;

impl Channel for TokioMany {
    const NAME: &'static str = "by hand: tokio recv_many";
    const CRATE: &'static str = "tokio";
    const NOTES: &'static [Note] = &[Note::On(
        Workload::Refused,
        "Its buffer of 64 is room beside the 1024 slots; what is refused costs the same.",
    )];
    type Tx = mpsc::Sender<Message<Self>>;

    fn start() -> Self::Tx {
        let (tx, mut rx) = mpsc::channel(CAPACITY);
        tokio::spawn(async move {
            let mut actor = Actor::new();
            let mut buffer = Vec::with_capacity(64);
            while rx.recv_many(&mut buffer, 64).await > 0 {
                for message in buffer.drain(..) {
                    if let Some(hold) = actor.handle(message) {
                        hold.keep().await;
                    }
                }
            }
        });
        tx
    }

    #[inline]
    async fn send(tx: &Self::Tx, message: Message<Self>) -> bool {
        tx.send(message).await.is_ok()
    }

    #[inline]
    fn try_send(tx: &Self::Tx, message: Message<Self>) -> bool {
        tx.try_send(message).is_ok()
    }
}
