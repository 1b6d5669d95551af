//! The open loop: jobs are sent by the clock, whatever the pool does. A loop that waits for its
//! answers slows down with the pool, and can never overload it.

use crate::pool::{JobsHandle, Kind};
use actors_core::Reason;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of twenty jobs: 20 % orders, 15 % imports, 30 % thumbnails, 35 % reports, well mixed.
const MIX: [Kind; 20] = {
    use Kind::{Import as I, Order as O, Report as R, Thumbnail as T};
    [R, T, O, R, I, T, R, O, T, R, I, T, R, O, T, R, I, O, T, R]
};

/// The sender's own counts, which are compared with the ledger.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    offered: [AtomicU64; 4],
    shed: [AtomicU64; 4],
}

impl Sent {
    fn note(&self, kind: Kind, refused: Option<Reason>) {
        // Read after every sender has ended.
        self.offered[kind as usize].fetch_add(1, Ordering::Relaxed);
        if refused == Some(Reason::Shed) {
            self.shed[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn offered(&self, kind: Kind) -> u64 {
        self.offered[kind as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn shed(&self, kind: Kind) -> u64 {
        self.shed[kind as usize].load(Ordering::Relaxed)
    }
}

/// Sends `rate` jobs per second for the time `length`.
pub(crate) async fn drive(jobs: &JobsHandle, sent: &Arc<Sent>, rate: f64, length: Duration) {
    let began = Instant::now();
    let total = (rate * length.as_secs_f64()) as usize;
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut count = 0;
    while count < total {
        ticks.tick().await;
        // The first job is due at once.
        let due = (began.elapsed().as_secs_f64() * rate) as usize + 1;
        while count < due.min(total) {
            let intended = began + Duration::from_secs_f64(count as f64 / rate);
            send(jobs, sent, MIX[count % MIX.len()], intended);
            count += 1;
        }
    }
}

fn send(jobs: &JobsHandle, sent: &Arc<Sent>, kind: Kind, due: Instant) {
    let refused = match kind {
        Kind::Order => jobs.order(due).try_send().err().map(|error| error.reason()),
        Kind::Thumbnail => jobs.thumbnail(due).try_send().err().map(|error| error.reason()),
        Kind::Report => jobs.report(due).try_send().err().map(|error| error.reason()),
        Kind::Import => {
            // An import waits in line, so it needs a task of its own. `max_waiting` bounds the
            // line, and so the number of these tasks.
            let (jobs, sent) = (jobs.clone(), sent.clone());
            tokio::spawn(async move {
                let refused = jobs.import(due).await.err().map(|error| error.reason());
                sent.note(kind, refused);
            });
            return;
        }
    };
    sent.note(kind, refused);
}
