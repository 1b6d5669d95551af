//! Lifetimes: instances and their restarts, children, jobs, failures, and hostile user code.

mod chains;
mod family;
mod faults;
mod hostile;
mod job_log;
mod jobs;
mod lifecycle;
mod reentry;
mod restart;
mod runtimes;
mod seed;
mod surroundings;
mod unwinding;
