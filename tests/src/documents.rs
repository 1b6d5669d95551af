//! Compiles and runs every program in the documents.

#[doc = include_str!("../../README.md")]
mod readme {}

#[doc = include_str!("../../docs/guide/getting-started.md")]
mod getting_started {}

#[doc = include_str!("../../docs/guide/overflow.md")]
mod overflow {}

#[doc = include_str!("../../docs/guide/priorities.md")]
mod priorities {}

#[doc = include_str!("../../docs/guide/supervision.md")]
mod supervision {}

#[doc = include_str!("../../docs/guide/pools.md")]
mod pools {}

#[doc = include_str!("../../docs/guide/testing.md")]
mod testing {}

#[doc = include_str!("../../docs/guide/configuration.md")]
mod configuration {}

#[doc = include_str!("../../docs/guide/http.md")]
mod http {}

#[doc = include_str!("../../docs/guide/streams.md")]
mod streams {}

#[doc = include_str!("../../docs/guide/metrics.md")]
mod metrics {}

#[doc = include_str!("../../docs/guide/outgoing.md")]
mod outgoing {}

#[doc = include_str!("../../docs/guide/dashboard.md")]
mod dashboard {}

#[doc = include_str!("../../docs/guide/cookbook.md")]
mod cookbook {}
