//! Declarations and pure decisions. No tokio, no atomics, no locks; `now` is an argument.
//!
//! ```text
//!   declared words  ──►  Policy, Settings  ──checked──►  Limits      (once, at start)
//!   queue depth     ──►  Limits::room      ──►  may this lane have a slot?
//!   backlogs        ──►  Strict, Weighted  ──►  which lane is next, for how many turns?
//!   fill            ──►  Ramp              ──►  how probable is an early drop?
//!   backlog, rate   ──►  retry_after       ──►  when to try again
//!   sends, retries  ──►  RetryBudget       ──►  may one more refused send be tried again?
//!   samples         ──►  Controller        ──►  workers, shedding, soft limit
//! ```
//!
//! The code is in the crate `actors-policy`, which has no dependency that could make it impure.
//! This module is its public part.

pub(crate) use actors_policy::lifecycle;
#[doc(inline)]
pub use actors_policy::{
    Action, Backlog, CAPACITY_MAX, InvalidPolicy, JOBS_MAX, Limits, MAX_BYTES_MAX, Order, Overflow,
    OverflowList, Policy, Pressure, Ramp, Rate, RetryBudget, Rng, Schedule, Settings, Strategy, Strict,
    TURNS_MAX, Tick, WORKERS_MAX, Weighted, WeightedByTime, Workers, retry_after,
};
pub(crate) use actors_policy::{
    Arrivals, Cause, Controller, Decided, DecisionKind, Donation, DrainRate, Failures, Fault, GUESS_FIRST,
    Lanes, Level, Limiter, Outlook, Plan, Priority, Restart, Revival, Sample, ShortTurns, Sojourn, Threshold,
    TurnTime, WhileBusy, expected_wait, soft_limit, spread, spread_span, wait_span,
};
