//! Polls a dashboard, and goes on after an outage.

use super::{Client, Failure};
use crate::data::Decision;
use actors_core::observe::Snapshot;
use std::time::Duration;

/// The first wait after a failure: a service that restarts is back in seconds.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest wait: a person looks at the screen until it is back. One program with one connection
/// each time is not a load, so the waits have no random part.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// What a poll found.
#[derive(Debug)]
pub(crate) enum Update {
    /// An answer. The decisions are those since the poll before.
    Fresh { snapshot: Box<Snapshot>, decisions: Vec<Decision> },
    /// None, and when the next poll is.
    Broken { failure: Failure, retry: Duration },
}

/// Asks for the next snapshot and for the decisions that are new.
#[derive(Debug)]
pub(crate) struct Poller {
    client: Client,
    every: Duration,
    /// The last decision that was read, and the uptime at that time.
    serial: u64,
    uptime: Duration,
    failures: u32,
}

impl Poller {
    pub(crate) fn new(client: Client, every: Duration) -> Poller {
        Poller { client, every, serial: 0, uptime: Duration::ZERO, failures: 0 }
    }

    /// Polls once. Returns what was found, and how long to wait before the next poll.
    pub(crate) fn step(&mut self) -> (Update, Duration) {
        match self.poll() {
            Ok(update) => {
                self.failures = 0;
                (update, self.every)
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                let retry = retry(self.failures, self.every);
                (Update::Broken { failure, retry }, retry)
            }
        }
    }

    fn poll(&mut self) -> Result<Update, Failure> {
        let snapshot = Box::new(self.client.snapshot()?);
        if snapshot.uptime < self.uptime {
            // Another run of the system counts its decisions from 1.
            self.serial = 0;
        }
        self.uptime = snapshot.uptime;
        let decisions = self.client.decisions(self.serial)?;
        self.serial = decisions.iter().map(|decision| decision.serial).fold(self.serial, u64::max);
        Ok(Update::Fresh { snapshot, decisions })
    }
}

/// Returns the wait after so many failures in a row: it doubles, and is never shorter than the
/// usual pace.
fn retry(failures: u32, every: Duration) -> Duration {
    let doubled = RETRY_MIN.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(RETRY_MAX).max(every)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::client::tests::client;
    use crate::net::server::{Answer, Server};
    use serde_json::json;

    const EVERY: Duration = Duration::from_millis(500);

    fn answer(request: &str, uptime_ms: u64, serial: u64) -> Answer {
        let body = if request.starts_with("GET /snapshot.json") {
            json!({ "system": "shop", "uptime_ms": uptime_ms, "actors": [] }).to_string()
        } else {
            json!([{ "serial": serial, "age_ms": 1, "actor": "a", "sentence": "s" }]).to_string()
        };
        Answer::json(&body)
    }

    #[test]
    fn the_wait_doubles_up_to_a_limit() {
        let waits = [1, 2, 3, 5, 6, 7, 40, u32::MAX].map(|failures| retry(failures, EVERY).as_secs());
        assert_eq!(waits, [1, 2, 4, 16, 30, 30, 30, 30]);
        assert_eq!(retry(1, Duration::from_secs(60)).as_secs(), 60);
    }

    #[test]
    fn polls_go_on_after_an_outage_at_the_usual_pace() {
        let server = Server::start(|request, nth| match nth {
            0 => Answer::raw(""),
            1 => Answer::status(503),
            _ => answer(request, 1000, 1),
        });
        let mut poller = Poller::new(client(&server, None), EVERY);
        let waits = [1, 2, 3].map(|_| poller.step());
        assert!(matches!(waits[0].0, Update::Broken { .. }) && matches!(waits[1].0, Update::Broken { .. }));
        assert!(matches!(waits[2].0, Update::Fresh { .. }));
        assert_eq!(waits.map(|(_, wait)| wait), [RETRY_MIN, RETRY_MIN * 2, EVERY]);
    }

    #[test]
    fn only_new_decisions_are_asked_for_and_all_of_another_run() {
        let server = Server::start(|request, nth| match nth {
            0..2 => answer(request, 5000, 9),
            2..4 => answer(request, 6000, 11),
            _ => answer(request, 100, 1),
        });
        let mut poller = Poller::new(client(&server, None), EVERY);
        for _ in 0..3 {
            assert!(matches!(poller.step().0, Update::Fresh { .. }));
        }
        let paths: Vec<_> = server.requests().into_iter().skip(1).step_by(2).collect();
        for (request, since) in paths.iter().zip([0, 9, 0]) {
            assert!(request.starts_with(&format!("GET /decisions.json?since={since} ")), "{request}");
        }
    }
}
