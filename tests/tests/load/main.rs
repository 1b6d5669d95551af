//! What the supervisor does about load, pools of workers, and what the log says of both.

mod live;
mod log;
mod observe;
mod pools;
mod pressure;
mod spans;
mod subscriber;
