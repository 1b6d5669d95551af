//! Cells as processes; the memory of this one, how long its threads waited for a core, and how far
//! the cores are from each other.

use std::env;
use std::fs;
use std::hint::spin_loop;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Round trips between two looks at the clock.
const TRIPS: u32 = 100;

/// How long round trips are measured: a hundred thousand of them.
const PROBED: Duration = Duration::from_millis(20);

/// Runs a cell in a process of its own, and returns what it printed.
///
/// # Errors
/// Why it could not run, or that it failed.
pub(super) fn cell(args: &[String]) -> Result<String, String> {
    let program =
        env::current_exe().map_err(|error| format!("the path of this program is unknown: {error}"))?;
    let mut command = Command::new(program);
    command.arg("cell").args(args).stdin(Stdio::null()).stderr(Stdio::inherit());
    let ended = command.output().map_err(|error| error.to_string())?;
    match ended.status.success() {
        true => Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned()),
        false => Err(ended.status.to_string()),
    }
}

/// The memory of this process in KiB: the resident set, and its peak. 0 where the operating system
/// does not say.
pub(super) fn memory() -> [u64; 2] {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmRSS:", "VmHWM:"].map(|key| {
        let value = status.lines().find_map(|line| line.strip_prefix(key));
        value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    })
}

/// The time that the threads of this process were runnable and had no core, since their starts. 0
/// where the operating system does not say.
pub(super) fn waited() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let waited = threads.flatten().filter_map(|thread| {
        // The fields are: time on a core, time waiting for one, both in nanoseconds; turns.
        let schedstat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        schedstat.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum())
}

/// The mean time in which a cache line goes to another thread and back. A virtual machine may move
/// its cores: then it changes by a factor between two cells, and with it all that threads share.
pub(super) fn round_trip() -> Duration {
    let (ball, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let back = || {
        while !is_over.load(Ordering::Relaxed) {
            let at = ball.load(Ordering::Acquire);
            if at % 2 == 1 {
                ball.store(at + 1, Ordering::Release);
            }
            spin_loop();
        }
    };
    let there = || {
        let at = ball.load(Ordering::Acquire) + 1;
        ball.store(at, Ordering::Release);
        while ball.load(Ordering::Acquire) == at {
            spin_loop();
        }
    };
    thread::scope(|scope| {
        scope.spawn(back);
        let (began, mut trips) = (Instant::now(), 0);
        while began.elapsed() < PROBED {
            (0..TRIPS).for_each(|_| there());
            trips += TRIPS;
        }
        let mean = began.elapsed() / trips;
        is_over.store(true, Ordering::Relaxed);
        mean
    })
}
