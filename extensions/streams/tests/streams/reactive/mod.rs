//! Reactive Streams: the published rules by section, and what the adapters promise in addition.

mod adapters;
mod ends;
#[cfg(feature = "tck")]
mod section_1;
#[cfg(feature = "tck")]
mod section_2;
#[cfg(feature = "tck")]
mod section_3;
#[cfg(feature = "tck")]
mod section_4;
#[cfg(feature = "tck")]
mod under_test;
