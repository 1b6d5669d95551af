//! The service that one writes by hand: a tokio task, two channels, a oneshot and a deadline per
//! ask.

use crate::overload::{Contestant, Outcome, Retrying, Service, Urgent, Waiting, insist, spin};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// A message, with the address of an answer if it is an ask.
struct Request(Option<Reply>);

/// What an ask brings along.
struct Reply {
    /// The service skips the ask after its deadline.
    until: Instant,
    answer: oneshot::Sender<u64>,
}

/// The senders of the service.
pub(super) struct Hand {
    high: mpsc::Sender<Request>,
    low: mpsc::Sender<Request>,
    /// Asks that were sent.
    asked: AtomicU64,
}

impl Hand {
    async fn send(&self, deadline: Duration) -> Outcome {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let reply = Reply { until: Instant::now() + deadline, answer };
        match self.high.try_send(Request(Some(reply))) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Outcome::Refused,
            Err(mpsc::error::TrySendError::Closed(_)) => return Outcome::Lost,
        }
        match timeout(deadline, answered).await {
            Ok(Ok(_)) => Outcome::Answered,
            // The service skipped it, or the timer came first.
            Ok(Err(_)) | Err(_) => Outcome::TimedOut,
        }
    }
}

impl Contestant for Hand {
    const NAME: &'static str = "by hand: tokio mpsc";
    const IN_RUNTIME: bool = true;

    fn start(service: &Service) -> Self {
        let (high, mut urgent) = mpsc::channel(service.slots);
        let (low, mut others) = mpsc::channel(service.slots);
        let work = service.work;
        service.runtime.spawn(async move {
            // A biased select: polls the high channel first.
            while let Some(request) = poll_fn(|cx| match urgent.poll_recv(cx) {
                Poll::Pending => others.poll_recv(cx),
                ready => ready,
            })
            .await
            {
                serve(request, work);
            }
        });
        Hand { high, low, asked: AtomicU64::new(0) }
    }

    async fn ask(&self, deadline: Duration) -> Outcome {
        self.send(deadline).await
    }
}

fn serve(Request(reply): Request, work: Duration) {
    match reply {
        None => spin(work),
        Some(reply) if Instant::now() >= reply.until => {}
        Some(reply) => {
            spin(work);
            // The asker may have gone away.
            let _ = reply.answer.send(1);
        }
    }
}

impl Urgent for Hand {
    async fn urgent(&self, deadline: Duration) -> Outcome {
        self.send(deadline).await
    }

    fn flood(&self) {
        // A full channel drops the newest message: it has no way to drop the oldest one.
        let _ = self.low.try_send(Request(None));
    }
}

impl Waiting for Hand {
    async fn wait(&self) -> Outcome {
        match self.high.send(Request(None)).await {
            Ok(()) => Outcome::Answered,
            Err(_) => Outcome::Lost,
        }
    }
}

impl Retrying for Hand {
    const HOW: &'static str = "at once, no budget";

    async fn request(&self, deadline: Duration) -> Outcome {
        insist(|| self.send(deadline)).await
    }

    fn attempts(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}
