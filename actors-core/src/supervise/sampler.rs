//! Looking at mailboxes under load, and nothing else (P1).
//!
//! ```text
//!   a message is queued in a supervised mailbox ── rings ──► on the list ── a look every 10 ms ──► at rest: off the list
//! ```
//!
//! One task a system samples at all mailboxes on its list, one after the other. It is never on a message's way: it takes a mailbox's
//! lock for the time of a reading, and writes the few numbers that senders compare. While the list is empty it sleeps
//! without a timer. If it should end, by a panic of ours or with its runtime, everything it has moved goes back to where it was
//! declared (P6), and the next mailbox that rings finds a new one.

use crate::clock::{self, Tick};
use crate::env::{SampleRequests, State, Subject};
use crate::observe::trace;
use crate::panics::{caught, ignored};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often a mailbox on the list is looked at. A look takes a mailbox's lock for less than a microsecond; a hundred a second let a
/// threshold settle in half a second (DAGOR's own windows are of a second or 2000 requests, for a network of services).
const SAMPLE_EVERY: Duration = Duration::from_millis(10);
/// The pause after a look that failed: long enough that a defect that stays is a line a second at most.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The pause doubles this often, to about a minute: a defect that stays costs next to nothing, one that goes is over soon after.
const PAUSE_DOUBLINGS: u32 = 6;

/// A mailbox on the list.
struct Supervised {
    subject: Weak<dyn Subject>,
    state: State,
    /// Looks that failed, one after the other.
    failures: u32,
    /// When the next look is, after one that failed.
    resumes: Tick,
    /// It needs no samples any more, and rings when it does.
    is_released: bool,
}

impl Supervised {
    fn new(subject: Weak<dyn Subject>) -> Option<Self> {
        let found = subject.upgrade()?;
        match caught(|| found.state()) {
            Ok(state) => Some(Supervised {
                state: state?,
                subject,
                failures: 0,
                resumes: Tick::ZERO,
                is_released: false,
            }),
            Err(_) => {
                found.rearm();
                None
            }
        }
    }

    /// Whether it stays on the list.
    fn sample(&mut self, now: Tick) -> bool {
        let Some(subject) = self.subject.upgrade() else { return false };
        if now < self.resumes {
            return true;
        }
        // A defect in one actor's decisions costs that actor its supervisor for a while, and no other actor anything.
        match caught(|| subject.clone().sample(&mut self.state, now)) {
            Ok(goes_on) => {
                self.failures = 0;
                self.is_released = !goes_on;
                goes_on
            }
            Err(text) => self.fail(subject, now, &text),
        }
    }

    /// A look failed: what was declared holds, and supervision begins anew after a pause.
    fn fail(&mut self, subject: Arc<dyn Subject>, now: Tick, text: &str) -> bool {
        let pause = PAUSE_FIRST.saturating_mul(1 << self.failures.min(PAUSE_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.resumes = now.after(pause);
        trace::look_failed(subject.name(), text, pause);
        ignored(|| subject.clone().reset());
        match caught(|| subject.state()) {
            Ok(Some(state)) => {
                self.state = state;
                true
            }
            _ => false,
        }
    }
}

impl Drop for Supervised {
    /// What was moved goes back (P6), and the next message finds another supervisor.
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        if let Some(subject) = self.subject.upgrade() {
            ignored(|| subject.clone().reset());
            ignored(|| subject.rearm());
        }
    }
}

async fn sample(requests: Arc<SampleRequests>) {
    let mut list: Vec<Supervised> = Vec::new();
    loop {
        list.extend(requests.take().into_iter().filter_map(Supervised::new));
        if list.is_empty() {
            requests.added().await;
            continue;
        }
        tokio::time::sleep(SAMPLE_EVERY).await;
        let now = clock::now();
        list.retain_mut(|supervised| supervised.sample(now));
        if list.is_empty() {
            list.shrink_to_fit();
        }
    }
}

/// The task that samples the mailboxes on a system's watchlist.
pub(crate) fn sampling(requests: Arc<SampleRequests>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(sample(requests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ActorName;
    use crate::policy::{Action, Pressure, Workers};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Looks fail until `fails` of them have.
    struct Faulty {
        name: ActorName,
        fails: u32,
        samples: AtomicU32,
        resets: AtomicU32,
        rearms: AtomicU32,
    }

    impl Subject for Faulty {
        fn state(&self) -> Option<State> {
            Some(State::new(Pressure::new().respond(&[Action::Shed]), Workers::ONE))
        }

        fn sample(self: Arc<Self>, _: &mut State, _: Tick) -> bool {
            let before = self.samples.fetch_add(1, Ordering::Relaxed);
            assert!(before >= self.fails, "a defect");
            true
        }

        fn reset(self: Arc<Self>) {
            self.resets.fetch_add(1, Ordering::Relaxed);
        }

        fn rearm(&self) {
            self.rearms.fetch_add(1, Ordering::Relaxed);
        }

        fn name(&self) -> &ActorName {
            &self.name
        }
    }

    fn faulty(fails: u32) -> Arc<Faulty> {
        let zero = || AtomicU32::new(0);
        let name = ActorName::new("faulty");
        Arc::new(Faulty { name, fails, samples: zero(), resets: zero(), rearms: zero() })
    }

    fn supervised(subject: &Arc<Faulty>) -> Supervised {
        let weak: Weak<Faulty> = Arc::downgrade(subject);
        Supervised::new(weak).unwrap()
    }

    #[test]
    fn p6_after_a_look_that_failed_supervision_begins_anew_with_pauses_that_double() {
        let subject = faulty(3);
        let mut supervised = supervised(&subject);
        let mut at = Vec::new();
        for ms in (0..20_000).step_by(10) {
            let before = subject.samples.load(Ordering::Relaxed);
            assert!(supervised.sample(Tick::ZERO.after(Duration::from_millis(ms))), "it stays on the list");
            if subject.samples.load(Ordering::Relaxed) > before {
                at.push(ms);
            }
        }
        assert_eq!(at[..5], [0, 1000, 3000, 7000, 7010]);
        assert_eq!(subject.resets.load(Ordering::Relaxed), 3);
        assert_eq!(subject.rearms.load(Ordering::Relaxed), 0, "it is looked at");
    }

    #[test]
    fn p6_a_mailbox_whose_supervisor_is_gone_rings_again_whatever_is_queued() {
        let subject = faulty(0);
        drop(supervised(&subject));
        let counts = [&subject.resets, &subject.rearms].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counts, [1, 1]);
    }
}
