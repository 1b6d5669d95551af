//! The supervisor: it samples mailboxes under load, decides and acts, off every message's way (P1
//! to P7, F2).
//!
//! ```text
//!   mailbox ── requests a sample ──► sampler ──► policy: (state, sample, now) → plan ──► act ──► gate, soft limit, workers
//!                                   every 10 ms        │
//!                                                      └──► the log of decisions
//! ```
//!
//! It publishes parameters: a threshold that senders compare, the soft limit of `block` types, and
//! the number of workers. If the supervisor ends, the declared policy applies (P6).
//!
//! **Price.** A mailbox that declares pressure, or a variable number of workers, is sampled every
//! 10 ms while it holds messages. A sample takes its lock for less than a microsecond. Other
//! mailboxes are never sampled; `Handle::reading` shows for them, too, how long a turn has been
//! running.

mod act;
mod sampler;

pub(crate) use sampler::sampling;
