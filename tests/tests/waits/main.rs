//! Which turn waits for which, and what becomes of a cycle.

mod deadlock;
mod deadlock_off;
mod deadlock_pools;
mod deadlock_random;
mod waits;
