//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin overload`: the cells of the
//! bench `overload` for other frameworks. `goodput`, `step`, `pulse` and `blocked` select
//! scenarios; `--quick` takes a fifth of the time.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    benches::overload::program::main(&peers::overload::ALL, &args, None)
}
