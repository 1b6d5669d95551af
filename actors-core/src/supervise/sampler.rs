//! The task that samples mailboxes under load (P1).
//!
//! ```text
//!   a message is queued in a supervised mailbox ── request ──► on the list ── sampled every 10 ms ──► at rest: off the list
//! ```
//!
//! One task per system samples the mailboxes on its list, one after the other. It is never on a
//! message's way: it takes a mailbox's lock for the time of a sample, and writes a few numbers that
//! senders compare. While the list is empty, it sleeps without a timer.
//!
//! **Invariant.** Dropping a [`Supervised`] restores its declared policy (P6). So if the task ends,
//! by a panic or with its runtime, no mailbox keeps what the supervisor changed. The next mailbox
//! that requests a sample starts a new task.

use crate::clock::{self, Tick};
use crate::env::{SampleRequests, Subject, SubjectState};
use crate::observe::trace;
use crate::panics::{caught, ignored};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The interval between two samples of a mailbox.
///
/// A sample holds the mailbox's lock for less than a microsecond. At 100 samples a second, a
/// threshold settles within half a second. (DAGOR uses windows of a second or 2,000 requests, for a
/// network of services.)
const SAMPLE_EVERY: Duration = Duration::from_millis(10);
/// The pause after a sample that panicked. A defect that persists then logs at most one line a
/// second.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The number of times the pause doubles, to about a minute. A persistent defect then costs little,
/// and supervision soon resumes after a transient one.
const PAUSE_DOUBLINGS: u32 = 6;

/// A mailbox on the task's list.
struct Supervised {
    subject: Weak<dyn Subject>,
    state: SubjectState,
    /// Consecutive samples that panicked.
    failures: u32,
    /// The time of the next sample after one that panicked.
    resumes: Tick,
    /// The mailbox is at rest, and requests a sample when it needs one.
    is_released: bool,
}

impl Supervised {
    fn new(subject: Weak<dyn Subject>) -> Option<Self> {
        let found = subject.upgrade()?;
        match caught(|| found.initial_state()) {
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

    /// Samples the mailbox. Returns whether it stays on the list.
    fn sample(&mut self, now: Tick) -> bool {
        let Some(subject) = self.subject.upgrade() else { return false };
        if now < self.resumes {
            return true;
        }
        // A defect in the decisions about one actor suspends the supervision of that actor only.
        match caught(|| subject.clone().sample(&mut self.state, now)) {
            Ok(stays) => {
                self.failures = 0;
                self.is_released = !stays;
                stays
            }
            Err(text) => self.fail(subject, now, &text),
        }
    }

    /// Restores the declared policy after a sample panicked. Supervision starts again after a
    /// pause.
    fn fail(&mut self, subject: Arc<dyn Subject>, now: Tick, text: &str) -> bool {
        let pause = PAUSE_FIRST.saturating_mul(1 << self.failures.min(PAUSE_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.resumes = now.after(pause);
        trace::sample_failed(subject.log(), subject.name(), text, pause);
        ignored(|| subject.clone().reset());
        match caught(|| subject.initial_state()) {
            Ok(Some(state)) => {
                self.state = state;
                true
            }
            _ => false,
        }
    }
}

impl Drop for Supervised {
    /// Restores the declared policy (P6), unless the mailbox is at rest. Its next message requests
    /// a sample again.
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

async fn sample_all(requests: Arc<SampleRequests>) {
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

/// Makes the task that samples the mailboxes on a system's watchlist.
pub(crate) fn sampling(requests: Arc<SampleRequests>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(sample_all(requests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ActorName;
    use crate::observe::LogLevels;
    use crate::policy::{Action, Pressure, Settings};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A subject whose first `fails` samples panic.
    struct Faulty {
        name: ActorName,
        log: LogLevels,
        fails: u32,
        samples: AtomicU32,
        resets: AtomicU32,
        rearms: AtomicU32,
    }

    impl Subject for Faulty {
        fn initial_state(&self) -> Option<SubjectState> {
            let limits = Settings::new().limits().ok()?;
            Some(SubjectState::new(Pressure::new().respond(&[Action::Shed]), limits))
        }

        fn sample(self: Arc<Self>, _: &mut SubjectState, _: Tick) -> bool {
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

        fn log(&self) -> &LogLevels {
            &self.log
        }

        fn name(&self) -> &ActorName {
            &self.name
        }
    }

    fn faulty(fails: u32) -> Arc<Faulty> {
        let zero = || AtomicU32::new(0);
        let name = ActorName::new("faulty");
        Arc::new(Faulty {
            name,
            log: LogLevels::default(),
            fails,
            samples: zero(),
            resets: zero(),
            rearms: zero(),
        })
    }

    fn supervised(subject: &Arc<Faulty>) -> Supervised {
        let weak: Weak<Faulty> = Arc::downgrade(subject);
        Supervised::new(weak).unwrap()
    }

    #[test]
    fn p6_after_a_sample_that_panicked_supervision_resumes_after_pauses_that_double() {
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
        assert_eq!(subject.rearms.load(Ordering::Relaxed), 0, "it stays on the list");
    }

    #[test]
    fn p6_a_mailbox_whose_supervisor_is_gone_requests_a_sample_again() {
        let subject = faulty(0);
        drop(supervised(&subject));
        let counts = [&subject.resets, &subject.rearms].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counts, [1, 1]);
    }
}
