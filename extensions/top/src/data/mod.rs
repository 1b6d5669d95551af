//! What two snapshots say together. All of it is pure: snapshots go in, a [`Frame`] comes out.
//!
//! ```text
//!   Snapshot ──► Watch ──► Frame ──► screen, table, JSON
//!                  │         ├ rates       per second, from two snapshots
//!                  │         ├ tree        actors below their parents
//!                  │         ├ edges       which turns wait for which actors (`observe::RecentWaits`)
//!                  │         └ bottleneck  at the end of these chains, as a sentence
//!                  └ the last minute of each actor, the last 1024 decisions
//! ```

pub(crate) mod bottleneck;
pub(crate) mod order;
pub(crate) mod rates;
pub(crate) mod tree;
pub(crate) mod watch;

pub(crate) use watch::{Decision, Frame, Watch};

#[cfg(test)]
pub(crate) mod tests {
    use actors_core::observe::{Snapshot, WaitSnapshot};
    use serde_json::{Value, json};

    /// An actor of a snapshot. `counts` are the columns of its one message type, `Work`.
    pub(crate) fn actor(name: &str, parent: Option<&str>, depth: usize, counts: Value) -> Value {
        json!({
            "name": name, "type_name": format!("Type of {name}"), "parent": parent, "restarts": 0,
            "reading": {
                "depth": depth, "capacity": 64, "waiting": 0, "permits": 0, "bytes": 0, "depth_peak": depth,
                "workers": 1, "workers_busy": 1, "stalled_ms": 0.0, "level": "calm", "oldest_age_ms": 1.5,
                "drain_rate": 0.0, "arrival_rate": 0.0, "arrival_peak": 0.0, "busy_longest_ms": 0.0,
                "tokens": null, "jobs": 0, "jobs_max": 64
            },
            "messages": { "Work": counts }
        })
    }

    /// A snapshot of these actors.
    pub(crate) fn snapshot(uptime_ms: f64, actors: &[Value]) -> Snapshot {
        read(json!({ "system": "shop", "uptime_ms": uptime_ms, "actors": actors }))
    }

    pub(crate) fn wait(actor: &str, waits_for: &str, what: &str, turn_ms: Option<f64>) -> WaitSnapshot {
        let wait =
            json!({ "actor": actor, "worker": 0, "waits_for": waits_for, "what": what, "turn_ms": turn_ms });
        serde_json::from_value(wait).unwrap()
    }

    pub(crate) fn read(json: Value) -> Snapshot {
        serde_json::from_value(json).unwrap()
    }
}
