//! The words of overload where they meet each other, and the rest of the runtime.

mod ends;
mod lanes;
mod programs;
mod tokens;
mod values;
