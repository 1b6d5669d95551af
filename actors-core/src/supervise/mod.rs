//! The supervisor: it observes, decides and acts, and is never on a message's way (P1 to P7, F2).
//!
//! ```text
//!   mailbox ── rings ──► sampler (a look every 10 ms) ──► policy: (state, sight, now) → plan ──► act ──► gate, room, workers
//!                                                                   │
//!                                                                   └──► log: every decision, as a value and a sentence
//! ```
//!
//! What it moves are parameters: a threshold that senders compare, the room that `block` types have, the number of workers. The
//! declared policy is what holds without it (P6). Parents and children are in `tree`.
//!
//! **Price.** A mailbox that declares pressure, or workers whose number may change, is looked at every 10 ms while anything is in it:
//! its lock for less than a microsecond. A mailbox that declares nothing is never looked at; `Handle::reading` says of
//! it, too, how long it has been stuck.

mod act;
mod sampler;

pub(crate) use sampler::sampling;
