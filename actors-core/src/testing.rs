//! Tools for tests of your actors: paused time, a fixed seed, held actors, probes.
//!
//! They need the feature `testing`, so that tokio's `test-util` never reaches production.
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_core::testing;
//! use std::time::Duration;
//!
//! struct Door { opened: u32 }
//! #[actor(local, capacity = 2, reserve = 0)]
//! impl Door {
//!     #[message(overflow = drop_oldest, ttl = "5s")]
//!     fn knock(&mut self) { self.opened += 1; }
//! }
//!
//! testing::run(async |system| {
//!     let door = system.spawn(Door { opened: 0 });
//!     let held = testing::hold(&door);                    // shape the queue before a turn runs
//!     for _ in 0..3 { door.knock().await.unwrap(); }
//!     assert_eq!(door.ledger().total().dropped, 1);
//!     tokio::time::advance(Duration::from_secs(6)).await; // paused time
//!     held.release();
//!     testing::quiet(&system).await;                      // until every actor is idle
//!     assert_eq!(door.ledger().total().expired, 2);
//! });
//! ```

use crate::actor::cell::Cell;
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::actor::message::{AnyEnvelope, Envelope, Message};
use crate::actor::recipient::Recipient;
use crate::actor::{Actor, Handler, Mail, Typed};
use crate::env::System;
use crate::mailbox::Class;
use crate::sync::Lock;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The number of times [`quiet`] yields to other tasks before it checks whether all actors are
/// idle.
const YIELDS: usize = 32;
/// The time, on tokio's clock, after which [`quiet`] gives up.
const QUIET_MAX: Duration = Duration::from_secs(3600);
/// The divisor of the time waited that gives the time until [`quiet`] looks again: 64 returns at
/// most 2 % late, and looks a few hundred times in simulated minutes.
const QUIET_SHARE: u32 = 64;
/// The number of messages that a [`Probe`] keeps.
const MESSAGES_KEPT: usize = 65_536;

/// The environment variable with the seed of [`run`], a number.
pub const SEED_VARIABLE: &str = "ACTORS_SEED";
/// The seed of [`run`] if the environment variable is not set.
const SEED: u64 = 1;

/// Returns the seed that [`run`] uses: `ACTORS_SEED`, or a fixed one.
///
/// # Panics
/// If `ACTORS_SEED` is not a number from 0 to 2^64 - 1.
pub fn seed() -> u64 {
    match std::env::var(SEED_VARIABLE) {
        Err(_) => SEED,
        Ok(text) => text.parse().unwrap_or_else(|_| {
            panic!("{SEED_VARIABLE}={text}: write a number from 0 to 18446744073709551615")
        }),
    }
}

/// Prints the seed of a test that panics.
struct PrintSeed(u64);

impl Drop for PrintSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!("the test failed with seed {seed}; {SEED_VARIABLE}={seed} repeats it");
        }
    }
}

/// Runs a test in its own system, on one thread and in paused time. Then it shuts the system down.
///
/// The clock moves only when every task waits for it, or by `tokio::time::advance`.
///
/// The system's seed is fixed, so every run of the test is the same. `ACTORS_SEED=7 cargo test`
/// uses another seed. A test that fails prints its seed.
///
/// # Panics
/// If the test panics, or if a ledger does not balance at the end.
pub fn run(test: impl AsyncFnOnce(System)) {
    run_with_seed(seed(), test);
}

/// Runs a test like [`run`], but ignores `ACTORS_SEED` and uses `seed`. For tests of many seeds.
///
/// # Panics
/// Like [`run`].
pub fn run_with_seed(seed: u64, test: impl AsyncFnOnce(System)) {
    let _print = PrintSeed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime for the test: {error}"));
    runtime.block_on(async {
        let system = System::builder("test").seed(seed).build();
        test(system.clone()).await;
        let report = system.shutdown(Duration::from_secs(60)).await;
        assert!(report.total.is_balanced(), "the ledgers do not balance: {:?}", report.total);
    });
}

/// Waits until every actor of the system is idle: no message queued that it may take, and no turn
/// in progress. Timers, pipes and the test's own tasks do not count.
///
/// It looks again after a millisecond at first, then after a 64th of the time that it has waited.
/// So it returns that much later than the system became idle, at most.
///
/// # Cancel safety
/// Cancel safe. Dropping it while it is pending changes nothing.
///
/// # Panics
/// After an hour on tokio's clock.
pub async fn quiet(system: &System) {
    let began = tokio::time::Instant::now();
    loop {
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        if system.is_quiet() {
            return;
        }
        let waited = began.elapsed();
        assert!(waited < QUIET_MAX, "not quiet after an hour: {:#?}", system.snapshot());
        // Lets paused time advance to the next timer that a turn waits for.
        tokio::time::sleep(Duration::from_millis(1).max(waited / QUIET_SHARE)).await;
    }
}

/// Ends the system's supervisor for good, to test that the declared policy applies without it (P6).
pub fn kill_supervisor(system: &System) {
    system.watchlist().disable();
}

/// Returns the greatest number of messages and waiting senders that one critical section of an
/// actor's mailbox has touched. It is bounded, whatever the mailbox holds (B7).
pub fn most_work<A: Actor>(handle: &Handle<A>) -> usize {
    handle.cell().mailbox.most_work()
}

/// Returns whether this thread holds a lock of the runtime. Always `false` in a release build.
///
/// Foreign code such as wakers and a message's `Drop`, `Debug` or `Hash` never sees `true` (B6), so
/// it may use the actor that calls it. Tests can assert this.
pub fn holds_lock() -> bool {
    crate::sync::holds_lock()
}

/// A guard that keeps an actor from taking turns. Messages are still admitted, lost and expired.
#[must_use = "the actor takes turns again when it is dropped"]
pub struct Held<A: Actor> {
    cell: Arc<Cell<A>>,
}

impl<A: Actor> fmt::Debug for Held<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("actor", self.cell.name()).finish()
    }
}

/// Keeps an actor from taking its next turn. A turn in progress continues.
pub fn hold<A: Actor>(handle: &Handle<A>) -> Held<A> {
    let held = Held { cell: handle.cell().clone() };
    held.set(true);
    held
}

impl<A: Actor> Held<A> {
    /// Lets the actor take turns again.
    pub fn release(self) {}

    fn set(&self, is_held: bool) {
        self.cell.visit(|section| section.hold(is_held));
    }
}

impl<A: Actor> Drop for Held<A> {
    fn drop(&mut self) {
        self.set(false);
    }
}

type Record<M> = Arc<Lock<VecDeque<M>>>;
type Replies<M> = Box<dyn FnMut(&M) -> <M as Message>::Reply + Send>;

/// The actor behind a [`Probe`].
pub struct ProbeActor<M: Message> {
    received: Record<M>,
    reply: Replies<M>,
}

impl<M: Message> fmt::Debug for ProbeActor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeActor").finish_non_exhaustive()
    }
}

/// The messages of a [`ProbeActor`]: one type.
#[derive(Debug)]
pub struct ProbeMail<M: Message>(Envelope<M>);

impl<M: Message> Actor for ProbeActor<M> {
    type Mail = ProbeMail<M>;
    const NAME: &'static str = "Probe";
}

impl<M: Message> Typed<Handle<ProbeActor<M>>> for ProbeActor<M> {}

impl<M: Message> Mail<ProbeActor<M>> for ProbeMail<M> {
    const CLASSES: &'static [Class] = &[Class::of::<M>()];

    fn class(&self) -> usize {
        0
    }

    fn envelope(&self) -> &dyn AnyEnvelope {
        &self.0
    }

    fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope {
        &mut self.0
    }

    fn deliver_now(self, actor: &mut ProbeActor<M>, ctx: &mut Context<ProbeActor<M>>) -> Option<Self> {
        let (message, answer) = self.0.open();
        let reply = (actor.reply)(&message);
        let mut received = actor.received.lock();
        let oldest = if received.len() >= MESSAGES_KEPT { received.pop_front() } else { None };
        received.push_back(message);
        drop(received);
        // Its `Drop` is foreign code: it runs after the lock is released.
        drop(oldest);
        answer.send(ctx, reply);
        None
    }

    async fn deliver(self, actor: &mut ProbeActor<M>, ctx: &mut Context<ProbeActor<M>>) {
        self.deliver_now(actor, ctx);
    }
}

impl<M: Message> Handler<M> for ProbeActor<M> {
    const CLASS: usize = 0;

    fn pack(envelope: Envelope<M>) -> ProbeMail<M> {
        ProbeMail(envelope)
    }

    fn unpack(mail: ProbeMail<M>) -> Option<Envelope<M>> {
        Some(mail.0)
    }
}

/// A stand-in for an actor that handles `M`: it records messages and answers with a given function.
#[derive(Debug)]
pub struct Probe<M: Message> {
    handle: Handle<ProbeActor<M>>,
    received: Record<M>,
}

/// Starts a [`Probe`] that answers with the result of `reply`, and keeps the last 65,536 messages.
pub fn probe<M: Message>(system: &System, reply: impl FnMut(&M) -> M::Reply + Send + 'static) -> Probe<M> {
    let received = Record::default();
    let handle = system.spawn(ProbeActor { received: received.clone(), reply: Box::new(reply) });
    Probe { handle, received }
}

impl<M: Message> Probe<M> {
    /// Returns a recipient to use in place of the real actor.
    pub fn recipient(&self) -> Recipient<M> {
        self.handle.recipient()
    }

    /// Returns a handle to the probe's actor.
    pub fn handle(&self) -> &Handle<ProbeActor<M>> {
        &self.handle
    }

    /// Takes the messages that it has received since the last call, oldest first.
    pub fn received(&self) -> Vec<M> {
        self.received.lock().drain(..).collect()
    }
}
