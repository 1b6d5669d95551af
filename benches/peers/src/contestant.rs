//! The interface of every contestant. The workloads are written once, against this trait, and
//! compiled for each contestant, so that no call goes through a pointer.

use crate::workload::Workload;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Slots of every mailbox that has a bound.
pub const CAPACITY: usize = 1024;

/// Workers of the runtime.
pub const WORKERS: usize = 2;

/// The runtime of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rig {
    /// A tokio runtime with two workers.
    Workers,
    /// One thread. Instructions are counted where no thread spins for another one.
    Single,
}

/// The state of an actor: how many messages it has handled, and their sum, so that nothing is
/// optimised away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Book {
    /// Ticks, asks and hops handled.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

impl Book {
    /// Handles a message.
    #[inline]
    pub fn enter(&mut self, a: u64, b: u64) -> u64 {
        self.count += 1;
        self.sum = self.sum.wrapping_add(a ^ b);
        self.sum
    }
}

/// Holds an actor in a turn: it reports that the turn has begun, and ends it when the other side is
/// dropped.
#[derive(Debug)]
pub struct Hold {
    /// Notified when the turn has begun.
    pub began: oneshot::Sender<()>,
    /// The turn lasts until this resolves.
    pub end: oneshot::Receiver<()>,
}

impl Hold {
    /// The turn that the actor runs.
    pub async fn keep(self) {
        let _ = self.began.send(());
        let _ = self.end.await;
    }
}

/// The opponent of an actor in ping-pong, and a notification for the last hop.
#[derive(Debug)]
pub struct Meeting<C> {
    /// The other actor.
    pub peer: C,
    /// Notified by the actor that gets the last hop.
    pub done: Option<oneshot::Sender<()>>,
}

impl<C> Meeting<C> {
    /// Sends a hop to the opponent if any are left, else notifies the end.
    #[inline]
    pub fn next(meeting: &mut Option<Self>, left: u64) -> Option<&C> {
        let meeting = meeting.as_mut()?;
        if left > 0 {
            return Some(&meeting.peer);
        }
        if let Some(done) = meeting.done.take() {
            let _ = done.send(());
        }
        None
    }
}

/// A remark on a contestant's figures.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    /// It cannot do this workload, for this reason.
    Lacks(Workload, &'static str),
    /// It does this workload in a different way.
    On(Workload, &'static str),
    /// A remark on all of its figures.
    All(&'static str),
}

/// The handle of an actor.
pub trait Contestant: Clone + Send + Sync + 'static {
    /// Its name in tables and on the command line.
    const NAME: &'static str;
    /// The crate whose version its figures depend on.
    const CRATE: &'static str;
    /// Remarks on its figures.
    const NOTES: &'static [Note];

    /// Runs the work as a task of the rig, as most senders are, on whatever its actors need.
    fn run<F>(rig: Rig, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let runtime = match rig {
            Rig::Workers => Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build(),
            Rig::Single => Builder::new_current_thread().enable_all().build(),
        };
        let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
        runtime.block_on(async { Self::task(work).await.unwrap_or_else(|error| panic!("{error}")) })
    }

    /// Starts a task that sends.
    fn task<F>(work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(work)
    }

    /// Starts an actor. Once this resolves, messages can be sent to it.
    fn start() -> impl Future<Output = Self> + Send;

    /// Sends a message, waiting for room where there is a bound. Returns whether it was sent.
    fn tell(&self, a: u64, b: u64) -> impl Future<Output = bool> + Send;

    /// Sends a message without waiting. Returns whether it was sent.
    fn try_tell(&self, a: u64, b: u64) -> bool;

    /// Asks, and awaits the answer.
    fn ask(&self, a: u64, b: u64) -> impl Future<Output = Option<u64>> + Send;

    /// Asks how many messages it has handled. This ask does not count.
    fn count(&self) -> impl Future<Output = Option<u64>> + Send;

    /// Sends the message that holds it in a turn.
    fn hold(&self, hold: Hold) -> impl Future<Output = bool> + Send;

    /// Sets its opponent.
    fn meet(&self, meeting: Meeting<Self>) -> impl Future<Output = bool> + Send;

    /// Begins a game of this many hops.
    fn hop(&self, left: u64) -> impl Future<Output = bool> + Send;
}
