//! What others hold of an actor.

use super::cell::Cell;
use super::counted::Counted;
use super::ending::{Closed, Ready, Stop};
use super::message::Message;
use super::recipient::Recipient;
use super::{Actor, Handler};
use crate::error::{ActorName, PolicyError, StopReason};
use crate::mailbox::{ClassId, Ledger};
use crate::observe::{PressureSignal, Reading};
use crate::policy::Policy;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How long a `stop` lets an actor drain before it kills it, unless [`Stop::within`] says
/// otherwise: 30 seconds, the default deadline of an ask, so that every waiting asker can still be
/// answered.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);

/// A way to an actor; cheap to clone. The actor lives while one exists: with the last one gone it
/// handles what it has and ends (F6).
///
/// `#[actor]` generates a handle with a method per message that derefs to this one. A generated
/// method of the same name as one of these shadows it; `Handle::stop(&shop)` still reaches the
/// runtime's.
pub struct Handle<A: Actor> {
    cell: Counted<A>,
}

impl<A: Actor> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Handle::new(Arc::clone(&self.cell))
    }
}

impl<A: Actor> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("actor", self.cell.name()).finish_non_exhaustive()
    }
}

impl<A: Actor> Handle<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Handle { cell: Counted::add(cell) }
    }

    /// Another handle to an actor that still has one; `None` where the last one is gone.
    pub(crate) fn another(cell: Arc<Cell<A>>) -> Option<Self> {
        Counted::try_add(cell).map(|cell| Handle { cell })
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<A>> {
        &self.cell
    }

    /// The actor's name.
    pub fn name(&self) -> &ActorName {
        self.cell.name()
    }

    /// The policy of message type `M` in this actor's mailbox, as it is now.
    pub fn policy<M: Message>(&self) -> Policy
    where
        A: Handler<M>,
    {
        self.cell.mailbox.policy(ClassId::new(A::CLASS))
    }

    /// Changes the policy of message type `M` while the actor runs: `overflow`, `max`, `early`,
    /// `ttl` and `timeout`. It holds from the next send on; what is queued keeps its ttl, and who
    /// is in line stays there. A new `max` below what is queued takes nothing away. Costs O(queued
    /// messages of that lane) where the new list needs an order that the old one did not.
    ///
    /// Only what `change` changes is applied, so two changes at the same time do not undo each
    /// other. If both change the same word, the later one holds.
    ///
    /// ```
    /// # use actors_core::prelude::*;
    /// # use actors_core::policy::Overflow;
    /// # struct Shop;
    /// # #[actor(local)]
    /// # impl Shop { #[message] fn viewed(&mut self) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let shop = System::new("shop").spawn(Shop);
    /// // An incident: views must not make anybody wait any more.
    /// shop.adjust::<ShopViewed>(|policy| policy.overflow(&[Overflow::DropOldest]).max(64)).unwrap();
    /// # assert_eq!(shop.policy::<ShopViewed>().max, Some(64));
    /// # }
    /// ```
    ///
    /// # Errors
    /// A sentence: the policy makes no sense, or a part differs that cannot change (priority,
    /// order, conflation). Then nothing has changed.
    pub fn adjust<M: Message>(&self, change: impl FnOnce(Policy) -> Policy) -> Result<(), PolicyError>
    where
        A: Handler<M>,
    {
        self.cell.adjust(ClassId::new(A::CLASS), change).map_err(|why| PolicyError {
            actor: self.name().clone(),
            message: M::NAME,
            why,
        })
    }

    /// A way to whatever handles `M`: the actor's type is erased. Allocates, and so does each use
    /// of it.
    pub fn recipient<M: Message>(&self) -> Recipient<M>
    where
        A: Handler<M>,
    {
        Recipient::new(self.clone())
    }

    /// A handle that does not keep the actor alive.
    pub fn downgrade(&self) -> WeakHandle<A> {
        WeakHandle::new(&self.cell)
    }

    /// The mailbox's numbers now. Costs its lock once; sends nothing to the actor.
    pub fn reading(&self) -> Reading {
        self.cell.reading()
    }

    /// Readings as they change, ten a second at most, and the last one at the actor's end. Without
    /// receivers nothing is measured. The receiver's `changed` does not end with the actor while a
    /// handle is kept: look at [`Reading::workers`], which is 0 then.
    pub fn watch(&self) -> watch::Receiver<Reading> {
        self.cell.watch()
    }

    /// Tells when to slow down, before anything is refused (P11): the state changes when the
    /// mailbox is filled to its `high` mark, when it is emptied to its `low` mark, and with the
    /// supervisor's level. The marks are those of the declared `pressure`, or 0.8 and 0.5. At the
    /// actor's end the state is not high, so that a producer continues and learns of the end.
    ///
    /// ```
    /// # use actors_core::prelude::*;
    /// # struct Shop;
    /// # #[actor(local)] impl Shop { #[message] fn viewed(&mut self) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let shop = System::new("shop").spawn(Shop);
    /// let mut pressure = shop.pressure();
    /// for _ in 0..1000 {
    ///     pressure.low().await;
    ///     shop.viewed().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pressure(&self) -> PressureSignal {
        self.cell.pressure()
    }

    /// What became of every message offered so far (L1). Works after the actor's end too (L2).
    pub fn ledger(&self) -> Ledger {
        self.cell.ledger()
    }

    /// Sets the number of workers, limited to the declared range (S4), and returns the number
    /// that applies while the actor lives. Excess workers end when they are idle, and lose no
    /// message. Where the supervisor may `spawn`, it continues from this number, and ends idle
    /// workers after their `keep_alive`.
    pub fn resize(&self, workers: usize) -> usize {
        let workers = self.cell.resize(workers);
        if self.cell.mailbox.request_sample() {
            // Without a message the supervisor would not sample the resized pool.
            self.cell.request_sample();
        }
        workers
    }

    /// Resolves when `#[started]` has succeeded; at once where there is none.
    ///
    /// # Errors
    /// A [`StartError`](crate::spawn::StartError): the start failed for good, the actor has ended,
    /// or, inside a turn, the actor could only start after that turn ends (D3). In the last case it
    /// starts all the same.
    pub fn ready(&self) -> Ready<A> {
        Ready::new(self.cell.clone())
    }

    /// Stops the actor: admission closes with this call, what is queued is handled, then the actor
    /// ends. After 30 seconds, or what [`Stop::within`] says, it is killed. Awaiting the result
    /// waits for the end; dropping it changes nothing.
    pub fn stop(&self) -> Stop<A> {
        Stop::new(self.cell.clone(), StopReason::Stopped)
    }

    /// Ends the actor now: a turn that is suspended is dropped at its await, one that is on a
    /// thread ends, and everything queued is lost as [`Reason::Closed`](crate::Reason::Closed).
    pub fn kill(&self) {
        self.cell.kill();
    }

    /// Whether the actor has ended.
    pub fn is_closed(&self) -> bool {
        self.cell.ended().is_some()
    }

    /// Resolves when the actor has ended, with the reason. Does not keep it alive.
    ///
    /// Inside a turn this is a wait like an ask, but it cannot fail (D3). If it closes a cycle,
    /// another wait of the cycle fails with
    /// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), for example an ask in a turn of
    /// that actor. If no wait of the cycle can fail, for example in a turn of the actor itself, the
    /// wait continues, and the log names the cycle. It ends when one of the turns is cut off.
    pub fn closed(&self) -> Closed<A> {
        Closed::new(self.cell.clone())
    }
}

/// A way to an actor that does not keep it alive.
pub struct WeakHandle<A: Actor> {
    cell: Weak<Cell<A>>,
}

impl<A: Actor> Clone for WeakHandle<A> {
    fn clone(&self) -> Self {
        WeakHandle { cell: self.cell.clone() }
    }
}

impl<A: Actor> fmt::Debug for WeakHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakHandle").finish_non_exhaustive()
    }
}

impl<A: Actor> WeakHandle<A> {
    pub(crate) fn new(cell: &Arc<Cell<A>>) -> Self {
        WeakHandle { cell: Arc::downgrade(cell) }
    }

    /// A handle, while some other one still exists.
    pub fn upgrade(&self) -> Option<Handle<A>> {
        Handle::another(self.cell.upgrade()?)
    }
}
