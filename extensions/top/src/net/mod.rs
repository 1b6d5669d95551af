//! The way to a dashboard: its address, one request at a time, and polls that survive an outage.

mod address;
mod client;
mod poll;

pub(crate) use address::Address;
pub(crate) use client::{Client, Failure, Limits, Token};
pub(crate) use poll::{Poller, Update};

#[cfg(test)]
pub(crate) use client::Why;

// The fake dashboard of the tests that run the program.
#[cfg(test)]
#[path = "../../tests/top/server.rs"]
mod server;
