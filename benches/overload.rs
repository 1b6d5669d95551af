//! **Question.** How does a service behave that is asked for more than it can do? How much does it
//! answer in time, how soon does a refused ask know, what do urgent asks notice, how soon does it
//! cope and recover, and how much memory does the backlog take?
//!
//! **Method.** An open loop. The generator is a thread of its own without a runtime. It sends at
//! intended times, spaced evenly, and makes up for delays of up to a quarter of the deadline; later
//! sends are left out, and the tables show the load that was sent. The service has a runtime with
//! one worker thread, and its turns spin on the CPU for 10 or 100 µs. Each ask has a deadline of 20
//! turns, at least 2 ms. *Goodput* is the rate of answers within the deadline, counted from the
//! intended time, and so are latencies. *Capacity* is measured first, as the best of ten windows of
//! a closed loop with 32 asks at a time. Each cell is a second after 0.3 s of warm-up, with a new
//! service. Memory is measured in processes of its own. The hand-written service puts the deadline
//! into its messages and skips asks that are too late. A cell is repeated where other processes
//! disturbed it. `cargo bench -p benches --bench overload`, under six minutes; with `-- goodput`,
//! `urgent`, `step`, `pulse` or `blocked` only these; with `-- --quick` a fifth of the time and no
//! charts. `goodput` writes the charts `charts/overload-*.svg`.

use benches::overload::{contestants, program};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know that it runs. A cell is told what to do.
    let is_test = !args.iter().any(|arg| arg == "--bench" || arg == "cell");
    args.retain(|arg| arg != "--bench");
    args.extend(is_test.then(|| "--quick".to_owned()));
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts");
    program::main(&contestants::ALL, &args, Some(charts))
}
