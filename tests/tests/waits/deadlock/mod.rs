//! D1: a wait fails if it could only end after its own sender's turn. It fails in the poll that
//! closes the cycle, and no other wait does. For random graphs see `deadlock_random.rs`.

mod cycles;
mod driven_futures;
mod no_cycle;
mod refusals;
mod threads;

use actors_core::prelude::*;
use actors_core::{ActorName, testing};
use actors_tests::{SECOND, on_threads, poll, run, run_other_tasks};
use futures_util::FutureExt;
use futures_util::future::join;
use service_messages as m;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The work of a turn.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Service {
    /// The work of `#[started]`, which ends before the actor takes messages.
    opening: Option<Job>,
    later: Option<oneshot::Receiver<u32>>,
}

#[actor(capacity = 4, reserve = 0)]
impl Service {
    #[started]
    async fn started(&mut self) {
        if let Some(opening) = self.opening.take() {
            opening.await;
        }
    }

    /// Runs a job as its turn.
    #[message(overflow = block)]
    async fn run(&mut self, job: Job) {
        job.await;
    }

    #[message(overflow = block)]
    fn note(&mut self) {}

    /// Moves the reply to a task, which answers after a signal.
    #[message(overflow = block)]
    async fn later(&mut self, reply: ReplyTo<u32>) {
        let answer = self.later.take().unwrap();
        tokio::spawn(async move { reply.send(answer.await.unwrap()) });
    }

    /// Like `later`, with another job for the rest of the turn.
    #[message(overflow = block)]
    async fn later_and(&mut self, reply: ReplyTo<u32>, rest: Job) {
        let answer = self.later.take().unwrap();
        tokio::spawn(async move { reply.send(answer.await.unwrap()) });
        rest.await;
    }

    /// Blocks its thread.
    #[message]
    fn block(&mut self, on: ServiceHandle) -> Result<(), AskError> {
        tokio::task::block_in_place(|| on.note().ask().blocking())
    }
}

fn service(system: &System, name: &str, capacity: usize) -> ServiceHandle {
    system.instance(Service::default()).name(name).capacity(capacity).max_waiting(4).spawn().unwrap()
}

fn services<const N: usize>(system: &System, names: [&str; N]) -> [ServiceHandle; N] {
    names.map(|name| service(system, name, 4))
}

fn job(turn: impl Future<Output = ()> + Send + 'static) -> Job {
    Box::pin(turn)
}

/// Begins a turn of this service, and returns its output.
fn begin<T: Send + 'static>(
    service: &ServiceHandle,
    turn: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let (tell, told) = oneshot::channel();
    let service = service.clone();
    tokio::spawn(async move {
        let job = job(async move { drop(tell.send(turn.await)) });
        service.run(job).ask().await.unwrap();
        told.await.unwrap()
    })
}

async fn inside<T: Send + 'static>(
    service: &ServiceHandle,
    turn: impl Future<Output = T> + Send + 'static,
) -> T {
    begin(service, turn).await.unwrap()
}

/// The work of a turn that asks this service.
fn asks(service: &ServiceHandle) -> impl Future<Output = Result<(), AskError>> + Send + 'static {
    service.note().ask().owned()
}

/// The work of a turn that sends to this service, and waits in line if it must.
fn send(
    service: &ServiceHandle,
) -> impl Future<Output = Result<Admission, SendError<m::Note>>> + Send + 'static {
    service.note().owned()
}

/// Runs a future after so many seconds.
async fn after<T>(seconds: u32, then: impl Future<Output = T>) -> T {
    sleeps(seconds).await;
    then.await
}

fn sleeps(seconds: u32) -> impl Future<Output = ()> + Send {
    tokio::time::sleep(SECOND * seconds)
}

/// The error of a send or of an ask.
trait Told {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>);
}

impl Told for AskError {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>) {
        (self.reason(), self.retry_after(), self.cycle())
    }
}

impl<M> Told for SendError<M> {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>) {
        (self.reason(), self.retry_after(), self.cycle())
    }
}

/// Returns the names around the cycle.
#[track_caller]
fn cycle_names<T, E: Told>(result: &Result<T, E>) -> Vec<String> {
    let Err(error) = result else { panic!("it closes a cycle") };
    let (reason, retry_after, cycle) = error.words();
    assert_eq!((reason, retry_after), (Reason::WouldDeadlock, None));
    cycle.unwrap().iter().map(ToString::to_string).collect()
}

/// Polls a future once, with the waker of the current task. Returns whether it is ready.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
}

/// Returns how many waits for this service closed a cycle.
fn refused(service: &ServiceHandle) -> u64 {
    let ledger = service.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    ledger.total().refused(Reason::WouldDeadlock)
}
