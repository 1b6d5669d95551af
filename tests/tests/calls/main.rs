//! What a caller sees: handles and macros, calls and their deadlines, configuration, and the errors
//! of bad input.

pub mod api;
mod bad_input;
mod cancel;
mod config;
mod donated;
mod errors;
mod extremes;
mod generic;
mod outlet;
mod peers;
mod retry;
mod time;
mod words;
