//! The screen: the state that keys and answers change, and how it is drawn.
//!
//! ```text
//!   keys ──────┐                    ┌──► draw: header, table, panes, footer
//!   answers ───┼──► live ──► App ───┤
//!   signals ───┘                    └──► panes: the lines of each pane
//! ```
//!
//! `App` and `panes` are pure; `live` has the threads, `terminal` the modes of the terminal.

mod app;
mod draw;
mod keys;
mod live;
mod panes;
mod terminal;

pub(crate) use draw::summary;
pub(crate) use live::{Ended, run};
pub(crate) use panes::{bottleneck, wait};
