//! What every contestant can do, and how it is started. The workloads are written once, against this trait, and
//! compiled for each contestant: nobody is called through a pointer.

use crate::workload::Workload;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Slots of every mailbox that has a bound.
pub const CAPACITY: usize = 1024;

/// Workers of the runtime.
pub const WORKERS: usize = 2;

/// What the work runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rig {
    /// A tokio runtime with two workers.
    Workers,
    /// One thread: instructions are counted where no thread waits for another by spinning.
    Single,
}

/// What an actor keeps: how many messages it has handled, and their sum, so that nothing is optimised away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Book {
    /// Ticks, questions and hops handled.
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

/// Keeps an actor in a turn: it says that the turn has begun, and ends it when the other side is dropped.
#[derive(Debug)]
pub struct Hold {
    /// Told when the turn has begun.
    pub began: oneshot::Sender<()>,
    /// The turn lasts until this resolves.
    pub end: oneshot::Receiver<()>,
}

impl Hold {
    /// What the actor does with it.
    pub async fn keep(self) {
        let _ = self.began.send(());
        let _ = self.end.await;
    }
}

/// Whom an actor plays ping-pong with, and whom it tells when the last hop is done.
#[derive(Debug)]
pub struct Meeting<C> {
    /// The other one.
    pub peer: C,
    /// Told at the end, by whichever of the two it comes to.
    pub done: Option<oneshot::Sender<()>>,
}

impl<C> Meeting<C> {
    /// What an actor does with a hop: to its peer if there are any left, else to whoever waits for the end.
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

/// Something to be known about a contestant's figures.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    /// It cannot do this workload, and why.
    Lacks(Workload, &'static str),
    /// It does this workload in a way of its own.
    On(Workload, &'static str),
    /// Something about all of its figures.
    All(&'static str),
}

/// An actor by its handle.
pub trait Contestant: Clone + Send + Sync + 'static {
    /// As it is named in tables and on the command line.
    const NAME: &'static str;
    /// Whose version its figures depend on.
    const CRATE: &'static str;
    /// What is to be known about its figures.
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

    /// Starts an actor; as soon as this resolves, messages can be sent to it.
    fn start() -> impl Future<Output = Self> + Send;

    /// Sends a message, waiting for room where there is a bound; says whether it was sent.
    fn tell(&self, a: u64, b: u64) -> impl Future<Output = bool> + Send;

    /// Sends a message without waiting; says whether it was sent.
    fn try_tell(&self, a: u64, b: u64) -> bool;

    /// Asks, and awaits the answer.
    fn ask(&self, a: u64, b: u64) -> impl Future<Output = Option<u64>> + Send;

    /// Asks how many it has handled. The question itself does not count.
    fn count(&self) -> impl Future<Output = Option<u64>> + Send;

    /// Sends what keeps it in a turn.
    fn hold(&self, hold: Hold) -> impl Future<Output = bool> + Send;

    /// Tells it whom it plays with.
    fn meet(&self, meeting: Meeting<Self>) -> impl Future<Output = bool> + Send;

    /// Begins a game of so many hops.
    fn hop(&self, left: u64) -> impl Future<Output = bool> + Send;
}
