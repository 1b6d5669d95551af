//! Load: the supervisor's actions, pools of workers, and the log lines about both.

mod live;
mod log;
mod meter;
mod observe;
mod overdue;
mod pools;
mod pressure;
mod reconfigure;
mod recorder;
mod spans;
mod subscriber;
mod traces;
mod traces_on_threads;
