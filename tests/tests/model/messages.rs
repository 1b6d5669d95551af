//! The actor under test, without macros: its message types differ only in the policies that a
//! program gives them.

use super::program::Bid;
use actors_core::{
    Actor, Context, Handle, Handler, Message,
    by_hand::{AnyEnvelope, Envelope, Mail, Typed},
    mailbox::Class,
    policy::{Policy, Settings},
};
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// The state that all instances of the actor share with the program.
#[derive(Default)]
pub(crate) struct Desk {
    /// The messages in the order of their turns, each with the number of its instance.
    pub(crate) turns: Mutex<Vec<(usize, usize)>>,
    /// The channels on which suspended turns get their endings, by message.
    pub(crate) suspended: Mutex<BTreeMap<usize, oneshot::Sender<Bid>>>,
    /// The endings of the next turns, which end at once.
    pub(crate) script: Mutex<VecDeque<Bid>>,
    /// How many of the next instances cannot be made.
    pub(crate) fail_starts: AtomicUsize,
    /// The instances asked for, and the instances made.
    pub(crate) attempts: AtomicUsize,
    instances: AtomicUsize,
}

impl Desk {
    pub(crate) fn make(self: &Arc<Self>) -> Obedient {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let fails = self.fail_starts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if fails.is_ok() {
            panic_with("it cannot be made".to_owned());
        }
        Obedient { desk: self.clone(), instance: self.instances.fetch_add(1, Ordering::Relaxed) }
    }

    fn has_script(&self) -> bool {
        !self.script.lock().unwrap().is_empty()
    }
}

/// Panics without the hook's line on stderr.
fn panic_with(text: String) -> ! {
    std::panic::resume_unwind(Box::new(text))
}

/// Each turn ends when the program says so.
pub(crate) struct Obedient {
    desk: Arc<Desk>,
    instance: usize,
}

impl Obedient {
    /// The ending of the turn, if it ends at once.
    fn begin(&self, id: usize) -> Option<Bid> {
        self.desk.turns.lock().unwrap().push((id, self.instance));
        self.desk.script.lock().unwrap().pop_front()
    }

    async fn turn(&mut self, id: usize, ctx: &mut Context<Obedient>) {
        let bid = match self.begin(id) {
            Some(bid) => bid,
            None => {
                let (bid, told) = oneshot::channel();
                self.desk.suspended.lock().unwrap().insert(id, bid);
                told.await.unwrap_or(Bid::End)
            }
        };
        Obedient::obey(id, bid, ctx);
    }

    fn obey(id: usize, bid: Bid, ctx: &mut Context<Obedient>) {
        match bid {
            Bid::End => {}
            // The dead letter has this text.
            Bid::Panic => panic_with(id.to_string()),
            Bid::Stop => ctx.stop(),
            Bid::Fall => {
                ctx.stop();
                panic_with(id.to_string());
            }
        }
    }
}

/// A message of the type with this number.
pub(crate) struct Note<const CLASS: usize> {
    pub(crate) id: usize,
    pub(crate) key: u8,
    pub(crate) weight: usize,
}

impl<const CLASS: usize> Message for Note<CLASS> {
    type Reply = ();
    const NAME: &'static str = ["Note0", "Note1", "Note2", "Note3", "Note4"][CLASS];
    const POLICY: Policy = Policy::tell();

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }

    fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> usize {
        self.weight
    }

    /// The text that a dead letter shows.
    fn describe(&self) -> Option<String> {
        Some(self.id.to_string())
    }
}

macro_rules! classes {
    ($($variant:ident = $class:literal),*) => {
        pub(crate) enum Post {
            $($variant(Envelope<Note<$class>>)),*
        }

        impl Mail<Obedient> for Post {
            const CLASSES: &'static [Class] = &[$(Class::of::<Note<$class>>()),*];

            fn class(&self) -> usize {
                match self {
                    $(Post::$variant(_) => $class),*
                }
            }

            fn envelope(&self) -> &dyn AnyEnvelope {
                match self {
                    $(Post::$variant(envelope) => envelope),*
                }
            }

            fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope {
                match self {
                    $(Post::$variant(envelope) => envelope),*
                }
            }

            /// Some types run as a plain `fn` when their turns end at once.
            fn deliver_now(self, actor: &mut Obedient, ctx: &mut Context<Obedient>) -> Option<Self> {
                if self.class() % 2 == 0 || !actor.desk.has_script() {
                    return Some(self);
                }
                match self {
                    $(Post::$variant(envelope) => {
                        let (note, answer) = envelope.open();
                        let bid = actor.begin(note.id);
                        Obedient::obey(note.id, bid.unwrap_or(Bid::End), ctx);
                        answer.send(ctx, ());
                    }),*
                }
                None
            }

            async fn deliver(self, actor: &mut Obedient, ctx: &mut Context<Obedient>) {
                match self {
                    $(Post::$variant(envelope) => {
                        let (note, answer) = envelope.open();
                        actor.turn(note.id, ctx).await;
                        answer.send(ctx, ());
                    }),*
                }
            }
        }

        $(impl Handler<Note<$class>> for Obedient {
            const CLASS: usize = $class;

            fn pack(envelope: Envelope<Note<$class>>) -> Post {
                Post::$variant(envelope)
            }

            fn unpack(mail: Post) -> Option<Envelope<Note<$class>>> {
                match mail {
                    Post::$variant(envelope) => Some(envelope),
                    _ => None,
                }
            }
        })*
    };
}

classes!(N0 = 0, N1 = 1, N2 = 2, N3 = 3, N4 = 4);

impl Actor for Obedient {
    type Mail = Post;
    const NAME: &'static str = "Obedient";
    const SETTINGS: Settings = Settings::new()
        .capacity(super::program::CAPACITY)
        .reserve(super::program::RESERVE)
        .max_waiting(super::program::WAITING_MAX);
}

impl Typed<Handle<Obedient>> for Obedient {}

/// Evaluates an expression with the type's number as a constant.
macro_rules! by_class {
    ($number:expr, $class:ident => $value:expr) => {
        match $number {
            0 => {
                const $class: usize = 0;
                $value
            }
            1 => {
                const $class: usize = 1;
                $value
            }
            2 => {
                const $class: usize = 2;
                $value
            }
            3 => {
                const $class: usize = 3;
                $value
            }
            _ => {
                const $class: usize = 4;
                $value
            }
        }
    };
}
pub(crate) use by_class;
