//! Metrics of actors for Prometheus, read at scrape time.
//!
//! ```text
//!   System::visit ────────► gather ──► one row per named actor, one sum per type ──┐
//!   System::totals ───────► counters by type, message and outcome ────────────────┼──► families ──► page
//!   System::histograms ───► buckets ──► sampled queue and handling times ──────────┘
//! ```
//!
//! The runtime counts all of this anyway. So an exporter records nothing: between scrapes it costs
//! nothing, and a scrape is never older than its request.
//!
//! - **Counters never fall.** They are those of [`System::totals`], by type: live and ended actors
//!   together. Counters of one actor would vanish with it.
//! - **Gauges are those of live actors**, by name. Names are any text, and there may be millions.
//!   So a limited number of them become labels; all other actors of a type are one sum.
//! - **No series comes twice**, whatever types, actors and systems are called.
//! - **A scrape is bounded.** Its text is limited by the number of labels, its allocations by the
//!   number of types and named actors. It takes one mailbox's lock at a time, and never waits.
//!
//! The alternative, a registry that actors update with each message, would cost every message, and
//! the names of ended actors would stay in it.
//!
//! # Example
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_metrics::Exporter;
//!
//! struct Shop;
//!
//! #[actor(local, capacity = 64)]
//! impl Shop {
//!     #[message]
//!     fn viewed(&mut self) {}
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let system = System::builder("store").histograms(64).build();
//! let shop = system.instance(Shop).name("shop").spawn().unwrap();
//! shop.viewed().ask().await.unwrap();
//!
//! let page = Exporter::new(&system).text();
//! assert!(page.contains("actors_mailbox_capacity{system=\"store\",type=\"Shop\",actor=\"shop\"} 64\n"));
//! # }
//! ```
//!
//! With metrics of your own, the exporter is a collector in your registry:
//!
//! ```
//! # use actors_core::System;
//! # use actors_metrics::Exporter;
//! use prometheus_client::registry::Registry;
//!
//! # let system = System::new("store");
//! let mut registry = Registry::default();
//! registry.register_collector(Box::new(Exporter::new(&system)));
//! ```
//!
//! A prefix or labels of the registry become part of every metric here. The alert rules and the
//! dashboard of this package expect the names without a prefix.
//!
//! [`System::totals`]: actors_core::System::totals

#![cfg_attr(docsrs, feature(doc_cfg))]

mod buckets;
mod exporter;
mod families;
mod format;
mod gather;
mod gauges;
mod known;
mod times;

pub use exporter::Exporter;
pub use format::Format;
