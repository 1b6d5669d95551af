//! The cells that count allocations: `counted cell WORKLOAD CONTESTANT SIZE`. A separate program,
//! because counting makes every allocation slower and would distort the times of contestants that
//! allocate.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(2).collect();
    peers::cell::main(&args, Some(HEAP))
}
