//! What a message costs: this runtime, actors written by hand over five channels, and other frameworks, with the
//! same message, the same handler and the same bound. `benches/README.md` says what is measured and how.

pub mod cell;
pub mod chart;
pub mod contestant;
pub mod contestants;
pub mod driver;
pub mod figures;
pub mod machine;
pub mod process;
pub mod table;
pub mod workload;
