//! The actor under test, by hand: its message types differ in nothing but the policies that a program gives them.

use actors_core::{
    Actor, AnyParcel, Class, Context, Handle, Handler, Mail, Message, Parcel, Policy, Settings, Typed,
};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

pub(crate) enum Order {
    End,
    Panic,
}

/// Every turn ends when it is told to.
pub(crate) struct Obedient {
    pub(crate) turns: Arc<Mutex<Vec<usize>>>,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// So many turns wait for no order.
    pub(crate) at_once: Arc<AtomicUsize>,
}

impl Obedient {
    async fn turn(&mut self, id: usize) {
        self.turns.lock().unwrap().push(id);
        let is_free = self.at_once.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if is_free.is_ok() {
            return;
        }
        match self.orders.recv().await {
            // Without the hook's line on stderr.
            Some(Order::Panic) => std::panic::resume_unwind(Box::new("on purpose")),
            Some(Order::End) | None => {}
        }
    }
}

/// A message of the type of this number.
pub(crate) struct Note<const CLASS: usize> {
    pub(crate) id: usize,
    pub(crate) key: u8,
    pub(crate) weight: usize,
}

impl<const CLASS: usize> Message for Note<CLASS> {
    type Reply = ();
    const NAME: &'static str = ["Note0", "Note1", "Note2", "Note3", "Note4"][CLASS];
    const POLICY: Policy = Policy::tell();

    fn key_hash(&self, state: &RandomState) -> u64 {
        state.hash_one(self.key)
    }

    fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> usize {
        self.weight
    }

    /// So that dead letters say which.
    fn describe(&self) -> Option<String> {
        Some(self.id.to_string())
    }
}

macro_rules! classes {
    ($($variant:ident = $class:literal),*) => {
        pub(crate) enum Post {
            $($variant(Parcel<Note<$class>>)),*
        }

        impl Mail<Obedient> for Post {
            const CLASSES: &'static [Class] = &[$(Class::of::<Note<$class>>()),*];

            fn class(&self) -> usize {
                match self {
                    $(Post::$variant(_) => $class),*
                }
            }

            fn parcel(&self) -> &dyn AnyParcel {
                match self {
                    $(Post::$variant(parcel) => parcel),*
                }
            }

            fn parcel_mut(&mut self) -> &mut dyn AnyParcel {
                match self {
                    $(Post::$variant(parcel) => parcel),*
                }
            }

            fn deliver_now(self, _: &mut Obedient, _: &mut Context<Obedient>) -> Option<Self> {
                Some(self)
            }

            async fn deliver(self, actor: &mut Obedient, ctx: &mut Context<Obedient>) {
                match self {
                    $(Post::$variant(parcel) => {
                        let (note, answer) = parcel.open();
                        actor.turn(note.id).await;
                        answer.send(ctx, ());
                    }),*
                }
            }
        }

        $(impl Handler<Note<$class>> for Obedient {
            const CLASS: usize = $class;

            fn pack(parcel: Parcel<Note<$class>>) -> Post {
                Post::$variant(parcel)
            }

            fn unpack(mail: Post) -> Option<Parcel<Note<$class>>> {
                match mail {
                    Post::$variant(parcel) => Some(parcel),
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

/// Evaluates an expression that needs the type's number as a constant.
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
