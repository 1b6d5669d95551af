//! The memory of the process over time, from `/proc`. Without `/proc` the figures are unknown.

use super::progress;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

/// The measured memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// The peak, in KiB.
    pub(super) peak: Option<u64>,
    /// Means of the first, middle and last third, in KiB.
    pub(super) thirds: [Option<u64>; 3],
}

/// Samples ten times a second until it is stopped. It keeps sums instead of samples, so that the
/// measurement itself does not grow.
#[derive(Debug)]
pub(super) struct Watch {
    task: JoinHandle<Memory>,
    stop: oneshot::Sender<()>,
}

impl Watch {
    pub(super) fn start(length: Duration) -> Watch {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(watch(length, stopped));
        Watch { task, stop }
    }

    pub(super) async fn stop(self) -> Result<Memory, JoinError> {
        // Fails if the task has already ended.
        let _ = self.stop.send(());
        self.task.await
    }
}

async fn watch(length: Duration, mut stopped: oneshot::Receiver<()>) -> Memory {
    let bar = progress("storm", length);
    let begin = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let mut sums = [(0, 0); 3];
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            _ = ticks.tick() => {}
        }
        let elapsed = begin.elapsed();
        bar.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        let third = elapsed.as_secs_f64() * 3.0 / length.as_secs_f64();
        if let Some(rss) = kib("VmRSS:")
            && let Some((sum, samples)) = sums.get_mut(third as usize)
        {
            *sum += rss;
            *samples += 1;
        }
    }
    bar.finish_and_clear();
    Memory { peak: kib("VmHWM:"), thirds: sums.map(|(sum, samples): (u64, u64)| sum.checked_div(samples)) }
}

/// Reads a line of the process's status.
fn kib(head: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(head))?;
    line.split_whitespace().next()?.parse().ok()
}
