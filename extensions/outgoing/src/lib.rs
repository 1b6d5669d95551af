//! What a service puts around its outgoing calls, so that a slow or broken target does not become
//! the service's own overload.
//!
//! A mailbox protects an actor from its callers. This crate protects callers from their target:
//! another actor, or a service on the network. Each part wraps any future with a `Result`, which
//! the calls of typed handles are too.
//!
//! | module | what it has |
//! |---|---|
//! | [`breaker`] | refuses calls while their target keeps failing |
//! | [`limit`] | limits the calls in flight: a fixed number, or one that follows the target's times |
//! | [`retry`] | tries calls again, within a budget |
//! | [`outcome`] | what a result says about the target, for each [`Reason`](actors_core::Reason) |
//! | [`error`] | why a call has no result; each error is a [`Refusal`](actors_core::Refusal) |
//!
//! The decisions are pure and public: [`breaker::law`], [`limit::gradient`], and the budget
//! [`RetryBudget`](actors_core::policy::RetryBudget) of the runtime.
//!
//! # Order
//!
//! [`Outgoing`] combines the parts in the one order that works:
//!
//! ```text
//!   retry ──► breaker ──► limit ──► time limit ──► call
//! ```
//!
//! - **Retry is outside of the breaker.** Each attempt is judged, and an open breaker ends them:
//!   its refusal says when to come back, and a wait that outlasts the deadline is not begun.
//!   Inside, the breaker would see one failure where the target saw four calls.
//! - **The breaker is outside of the limit.** An open breaker refuses without a slot or a wait in
//!   line. A refusal by the limit is not a failure of the target.
//! - **The limit is outside of the time limit.** The time of a call is then the target's alone: a
//!   full limit is not mistaken for a slow target, and a line does not use up the call's time. The
//!   deadline of the whole, [`Outgoing::within`], covers the line, all attempts and the waits
//!   between them.
//!
//! # Example
//!
//! A shop that pays through a bank. The bank's errors become answers with `Retry-After` by way of
//! `actors-http`.
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::refusal::Refused;
//! use actors_outgoing::Outgoing;
//! use actors_outgoing::breaker::{self, Breaker};
//! use actors_outgoing::limit::{Limit, gradient};
//! use actors_outgoing::retry::Retry;
//! use std::time::Duration;
//!
//! struct Bank { sum: u64 }
//!
//! #[actor]
//! impl Bank {
//!     #[message]
//!     async fn charge(&mut self, cents: u64) -> u64 { self.sum += cents; self.sum }
//! }
//!
//! /// One for the whole process: clones share breaker, limit and budget.
//! fn to_bank() -> Outgoing {
//!     Outgoing::new("bank")
//!         .timeout(Duration::from_millis(500))
//!         .within(Duration::from_secs(2))
//!         .limit(Limit::adaptive("bank", gradient::Settings::default()))
//!         .breaker(Breaker::new("bank", breaker::Settings::default()))
//!         .retry(Retry::new(2))
//! }
//!
//! async fn pay(to_bank: &Outgoing, bank: &BankHandle) -> Result<String, Refused> {
//!     let sum = to_bank.call(|| bank.charge(990)).await?;
//!     Ok(format!("{sum} cents"))
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() {
//!     let to_bank = to_bank();
//!     let bank = System::new("bank").spawn(Bank { sum: 0 });
//!     assert_eq!(pay(&to_bank, &bank).await.unwrap(), "990 cents");
//!
//!     bank.kill();
//!     let mut refused = pay(&to_bank, &bank).await.unwrap_err();
//!     assert_eq!((refused.reason(), refused.retry_after()), (Reason::Closed, None));
//!     // After twenty calls the breaker knows, and refuses without asking.
//!     while refused.reason() == Reason::Closed {
//!         refused = pay(&to_bank, &bank).await.unwrap_err();
//!     }
//!     assert_eq!((refused.reason(), refused.status().as_u16()), (Reason::Shed, 503));
//!     assert!(refused.retry_after() > Some(Duration::from_secs(3)));
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod breaker;
pub mod error;
pub mod limit;
pub mod outcome;
pub mod retry;

mod clock;
mod foreign;
mod guards;
mod outgoing;

pub use outgoing::Outgoing;
