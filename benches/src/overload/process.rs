//! Cells as processes; the memory of this one, and how long its threads waited for a core.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

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
