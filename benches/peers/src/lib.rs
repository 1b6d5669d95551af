//! The cost of a message: this runtime, actors written by hand over five channels, and other
//! frameworks, with the same message, handler and bound. `benches/README.md` describes the
//! measurements.

pub mod cell;
pub mod chart;
pub mod contestant;
pub mod contestants;
pub mod driver;
pub mod figures;
pub mod machine;
pub mod overload;
pub mod process;
pub mod table;
pub mod workload;
