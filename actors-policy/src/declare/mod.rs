//! What actors and messages declare: the words of the attributes as values, checked once at the
//! start.

mod overflow;
mod policy;
mod pressure;
mod ramp;
mod rate;
mod schedule;
mod settings;

pub use overflow::{Overflow, OverflowList};
pub use policy::{Inline, Order, Policy, Priority};
pub use pressure::{Action, Pressure, WORKERS_MAX, Workers};
pub use ramp::Ramp;
pub use rate::Rate;
pub use schedule::Schedule;
pub use settings::{CAPACITY_MAX, JOBS_MAX, Limits, MAX_BYTES_MAX, Settings};
