//! Deadlocks: which turn waits for which, and the errors of cycles.

mod deadlock;
mod deadlock_off;
mod deadlock_pools;
mod deadlock_random;
mod waits;
