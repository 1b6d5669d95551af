//! The kit that the tests share. The tests themselves are in `tests/`, in a folder per test binary.
//!
//! | module | what it has |
//! |---|---|
//! | [`time`] | paused time: [`run`], [`paused`], and the spans [`MS`], [`SECOND`], [`HOUR`] |
//! | [`tasks`] | one poll at a time: [`poll`], [`pending`], [`run_other_tasks`] |
//! | [`threads`](mod@threads) | multi-thread runtimes: [`on_threads`], [`threads()`](threads::threads), [`meet_workers`] |
//! | [`process`] | tests that could hang, abort or overflow the stack: [`finishes`], [`alone!`] |
//! | [`record`] | what an actor's turns write for the test: [`Record`] |
//! | [`books`] | ledgers: [`row`], [`balanced`] |
//! | [`letters`](mod@letters) | dead letters that have arrived: [`letters()`](letters::letters), [`losses`] |
//! | [`gate`] | turns that wait until the test lets them go on: [`Gate`] |
//! | [`full`] | mailboxes without a free slot: [`fill`] |
//! | [`hooks`] | user code that a test chooses: [`Hook`], [`HookWaker`] |
//! | [`panics`] | panics that the panic hook does not print: [`panic_quietly`] |
//! | [`random`] | numbers that are the same in every run: [`Rng`] |

#[cfg(doctest)]
mod documents;

/// The runtime under another path, for blocks that say `crate = path`.
pub use actors_core as runtime;

pub mod books;
pub mod full;
pub mod gate;
pub mod hooks;
pub mod letters;
pub mod panics;
pub mod process;
pub mod random;
pub mod record;
pub mod tasks;
pub mod threads;
pub mod time;

pub use books::{balanced, row};
pub use full::fill;
pub use gate::Gate;
pub use hooks::{Hook, HookWaker};
pub use letters::{letters, losses};
pub use panics::panic_quietly;
pub use process::{alone_as, finishes};
pub use random::Rng;
pub use record::Record;
pub use tasks::{pending, poll, poll_with, run_other_tasks};
pub use threads::{meet_workers, on_threads, threads};
pub use time::{HOUR, MS, SECOND, paused, run};
