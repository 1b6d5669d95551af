//! `cargo run --release --manifest-path benches/peers/Cargo.toml`: the whole table, and the machine
//! it was measured on.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("cell") => peers::cell::main(&args[1..], None),
        _ => peers::driver::main(&args),
    }
}
