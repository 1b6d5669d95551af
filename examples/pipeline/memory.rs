//! The memory of this process, from `/proc`. Elsewhere it is unknown.

/// The resident memory now, in KiB.
pub(crate) fn resident() -> Option<u64> {
    kib("VmRSS:")
}

/// Its peak since the process began, in KiB.
pub(crate) fn peak() -> Option<u64> {
    kib("VmHWM:")
}

fn kib(head: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(head))?;
    line.split_whitespace().next()?.parse().ok()
}
