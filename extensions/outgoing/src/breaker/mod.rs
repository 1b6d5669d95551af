//! A circuit breaker: calls of a target that keeps failing are refused at once, until a few trials
//! succeed.
//!
//! Waiting for a target that is down costs the caller its tasks, its memory and its own deadline,
//! and keeps the target from recovering. An open breaker refuses in the time of one lock, and the
//! error says when to retry: not before the next trial.
//!
//! | state | calls | ends |
//! |---|---|---|
//! | closed | all are made | when the failure rate of the window, or a run of failures, is too high |
//! | open | none is made, also of those that still wait for a slot | after the open time, which doubles while trials fail |
//! | half-open | `trials` are made | when all of them succeed, or one fails |
//!
//! [`law`] decides, and has no clock. [`Breaker`] gives it the time and a lock, and runs the calls.
//! Clones of a breaker share its state: use one per target.
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_outgoing::breaker::{Breaker, Settings};
//! # struct Bank;
//! # #[actor(local)]
//! # impl Bank { #[message] fn charge(&mut self, cents: u64) -> u64 { cents } }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let bank = System::new("bank").spawn(Bank);
//! let breaker = Breaker::new("bank", Settings::default());
//! assert_eq!(breaker.call(bank.charge(990)).await?, 990);
//! # Ok(())
//! # }
//! ```
//!
//! # Ends of a call
//!
//! A call that returns is judged ([`outcome`](crate::outcome)). A call that panics is a failure. A
//! call that is dropped is ignored, also by a time limit outside of the breaker; in half-open it
//! gives its trial back.
//!
//! # Pausing a source
//!
//! [`Breaker::admitted`] waits until a call may be made, so that a source takes no item that could
//! not be passed on. The admission comes first: a state alone may change before the item is taken,
//! and half-open admits a few calls only.
//!
//! ```
//! use actors_outgoing::breaker::{Breaker, Settings, State};
//! use actors_outgoing::outcome::Outcome;
//! # async fn pay(_: &str) -> Outcome { Outcome::Success }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let bank = Breaker::new("bank", Settings::default().in_a_row(1).trials(1));
//! # bank.admit().unwrap().finish(Outcome::Failure);
//! let mut queue = vec!["a payment", "another payment"];
//! while !queue.is_empty() {
//!     let pass = bank.admitted().await;     // at once, while the breaker is closed
//!     let Some(payment) = queue.pop() else { break };
//!     pass.finish(pay(payment).await);
//! }
//! # assert_eq!((bank.state(), bank.counts().refused), (State::Closed, 0));
//! # }
//! ```
//!
//! [`Breaker::changes`] only tells when the state changes, for logs and probes.
//!
//! # Why own code
//!
//! `failsafe` lets any number of calls through while it is half-open, `recloser` takes no notice of
//! calls that are dropped, and the refusals of neither say when to retry; the laws of overload are
//! what this project is for.

mod changes;
pub mod law;
mod settings;
mod window;

pub use changes::Changes;
pub use law::{Counts, State};
pub use settings::Settings;

use crate::clock::{Clock, rng_of_os};
use crate::error::{NotCalled, Part};
use crate::foreign;
use crate::guards::{Guards, calls};
use crate::outcome::Outcome;
use actors_core::policy::{Rng, Tick};
use law::{Law, Ticket};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep_until;

/// A circuit breaker around the calls of one target. Clones share its state.
#[derive(Clone)]
pub struct Breaker {
    shared: Arc<Shared>,
}

struct Shared {
    name: Arc<str>,
    clock: Clock,
    /// Held for one decision. Wakers and judges run without it.
    law: Mutex<(Law, Rng)>,
    /// The number of [`Law::news`]. Only [`Breaker::publish`] writes it. Its waiters have guarded
    /// wakers.
    news: watch::Sender<u64>,
}

impl Breaker {
    /// Creates a closed breaker for the target of this name, which its errors have.
    pub fn new(target: impl Into<Arc<str>>, settings: Settings) -> Self {
        let law = Mutex::new((Law::new(settings), rng_of_os()));
        let news = watch::Sender::new(0);
        let shared = Shared { name: target.into(), clock: Clock::new(), law, news };
        Breaker { shared: Arc::new(shared) }
    }

    /// Sets the seed of the spread of open times, of all clones. For tests that must be repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.shared.law.lock().1 = Rng::new(seed);
        self
    }

    /// Admits one call, for work that is not a single future, such as a streamed answer.
    ///
    /// # Errors
    /// If the breaker is open, or half-open with all trials in flight.
    pub fn admit(&self) -> Result<Pass, NotCalled> {
        let now = self.shared.clock.now();
        let admitted = self.decide(|law, random| law.admit(now, random));
        admitted.map(|ticket| self.pass(ticket)).map_err(|after| self.not_called(after))
    }

    /// Waits until a call is admitted. A source takes its next item after that.
    ///
    /// Waiters have no order. Each change of the state, and each trial that gives its place back,
    /// wakes all of them: keep their number small, such as one per source.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it holds no admission.
    pub async fn admitted(&self) -> Pass {
        let mut news = self.shared.news.subscribe();
        loop {
            // Before the question: news after that end the wait below.
            news.mark_unchanged();
            let now = self.shared.clock.now();
            let (ticket, again) =
                self.decide(|law, random| (law.admit_if_possible(now, random), law.ask_again_at()));
            if let Some(ticket) = ticket {
                return self.pass(ticket);
            }
            self.wait(&mut news, again).await;
        }
    }

    /// Returns the name of the target.
    pub fn target(&self) -> &str {
        &self.shared.name
    }

    /// Returns the state now.
    pub fn state(&self) -> State {
        self.shared.law.lock().0.state(self.shared.clock.now())
    }

    /// Returns what became of the calls.
    pub fn counts(&self) -> Counts {
        self.shared.law.lock().0.counts()
    }

    /// Returns a subscription to changes of the state.
    pub fn changes(&self) -> Changes {
        Changes::new(self.clone(), self.shared.news.subscribe())
    }

    /// Returns the state now, and when it ends by itself.
    fn outlook(&self) -> (State, Option<Tick>) {
        let now = self.shared.clock.now();
        let law = self.shared.law.lock();
        let state = law.0.state(now);
        (state, law.0.open_until().filter(|_| state == State::Open))
    }

    /// Waits for news, or until an instant.
    async fn wait(&self, news: &mut watch::Receiver<u64>, until: Option<Tick>) {
        let time_is_over = async {
            match until {
                Some(until) => sleep_until(self.shared.clock.instant(until)).await,
                None => std::future::pending().await,
            }
        };
        foreign::guarded(async {
            tokio::select! {
                // The breaker holds the sender: never an error.
                _ = news.changed() => {}
                () = time_is_over => {}
            }
        })
        .await;
    }

    fn pass(&self, ticket: Ticket) -> Pass {
        Pass { breaker: self.clone(), ticket: Some(ticket), is_polled: false }
    }

    fn not_called(&self, after: Duration) -> NotCalled {
        NotCalled::new(&self.shared.name, Part::Breaker, Some(after))
    }

    async fn guards(&self) -> Result<Guards, NotCalled> {
        Ok(Guards { pass: Some(self.admit()?), slot: None })
    }

    fn report(&self, ticket: Ticket, outcome: Outcome) {
        let now = self.shared.clock.now();
        self.decide(|law, random| law.report(ticket, outcome, now, random));
    }

    fn decide<R>(&self, decision: impl FnOnce(&mut Law, u64) -> R) -> R {
        let (result, has_changed) = {
            let mut guard = self.shared.law.lock();
            let (law, rng) = &mut *guard;
            let before = law.news();
            let result = decision(law, rng.next_u64());
            (result, law.news() != before)
        };
        if has_changed {
            self.publish();
        }
        result
    }

    /// Tells subscribers. The value is read inside the channel's own lock, so that of two changes
    /// the later one is told last.
    fn publish(&self) {
        self.shared.news.send_if_modified(|told| {
            let news = self.shared.law.lock().0.news();
            std::mem::replace(told, news) != news
        });
    }
}

calls!(Breaker);

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, counts) = (self.state(), self.counts());
        f.debug_struct("Breaker")
            .field("target", &self.shared.name)
            .field("state", &state)
            .field("counts", &counts)
            .finish()
    }
}

/// A call that a breaker has admitted. Dropped without [`finish`](Pass::finish), it is ignored, and
/// gives its trial back.
#[must_use = "dropped at once, the call is ignored"]
pub struct Pass {
    breaker: Breaker,
    /// Taken by the report.
    ticket: Option<Ticket>,
    is_polled: bool,
}

impl Pass {
    /// Begins the call, after a wait on the caller's side, such as one in a line: the call is
    /// measured from now on. Without it, the call is measured from its admission.
    ///
    /// # Errors
    /// If the breaker has opened since the admission, and admits no call now. Drop the pass then.
    pub fn start(&mut self) -> Result<(), NotCalled> {
        let Some(ticket) = &mut self.ticket else { return Ok(()) };
        let now = self.breaker.shared.clock.now();
        let started = self.breaker.decide(|law, random| law.start(ticket, now, random));
        started.map_err(|after| self.breaker.not_called(after))
    }

    /// Reports what the call says about the target.
    ///
    /// The breaker closes when its trials have finished. A stream that may last longer than
    /// [`Settings::trial_max`] calls this with its first item: a trial that has not ended by then
    /// counts as failed.
    pub fn finish(mut self, outcome: Outcome) {
        self.report(outcome);
    }

    /// Whether the call is being polled: if it ends now, it panicked.
    pub(crate) fn set_polled(&mut self, is_polled: bool) {
        self.is_polled = is_polled;
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.report(ticket, outcome);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.report(if self.is_polled { Outcome::Failure } else { Outcome::Ignored });
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("target", &self.breaker.shared.name).finish_non_exhaustive()
    }
}
