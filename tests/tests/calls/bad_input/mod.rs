//! Mistakes that a program can make. Each is a clear error or has a defined outcome; none hangs,
//! and none loses a message without a trace.

mod no_runtime;
mod panics;
mod runtime_ends;
mod settings;
mod times;

use actors_core::prelude::*;
use actors_core::{
    policy::{InvalidPolicy, Overflow},
    spawn::SpawnError,
    testing,
};
use actors_tests::{
    HOUR, Hook, Record, SECOND, finishes, letters, panic_quietly, paused, pending, poll, run, run_other_tasks,
};
use desk_messages as m;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

/// Returns the text of a panic.
fn text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&'static str>().unwrap()).to_owned(),
    }
}

/// A key or a payload with a hook in each trait method.
struct Odd {
    key: u32,
    on_hash: Hook,
    on_eq: Hook,
    on_debug: Hook,
    on_drop: Hook,
}

impl Hash for Odd {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.on_hash.call();
        self.key.hash(state);
    }
}

impl PartialEq for Odd {
    fn eq(&self, other: &Self) -> bool {
        self.on_eq.call();
        other.on_eq.call();
        self.key == other.key
    }
}

impl Eq for Odd {}

impl std::fmt::Debug for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.on_debug.call();
        write!(f, "odd {}", self.key)
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.on_drop.call();
    }
}

fn odd(key: u32) -> Odd {
    Odd {
        key,
        on_hash: Hook::default(),
        on_eq: Hook::default(),
        on_debug: Hook::default(),
        on_drop: Hook::default(),
    }
}

struct Desk;

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn work(&mut self, n: u32) {
        let _ = n;
    }

    #[message(overflow = block)]
    fn question(&mut self, n: u32) -> u32 {
        n
    }

    #[message]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message(overflow = conflate, key = key)]
    fn keyed(&mut self, key: Odd) {
        drop(key);
    }

    #[message(overflow = drop_oldest, ttl = "5s")]
    fn cargo(&mut self, cargo: Odd) {
        drop(cargo);
    }

    #[message(overflow = block)]
    fn cargo_asked(&mut self, cargo: Odd) -> Odd {
        cargo
    }

    #[message]
    fn bomb(&mut self, bomb: Arc<dyn Fn() + Send + Sync>) -> u32 {
        bomb();
        1
    }

    #[message]
    fn ticks(&mut self, every: Duration, ctx: &mut Context<Self>) -> bool {
        ctx.send_every(every, m::Work { n: 0 }).is_ok()
    }

    #[message]
    fn arms(&mut self, after: Duration, ctx: &mut Context<Self>) -> bool {
        ctx.send_after(after, m::Work { n: 0 }).is_ok()
    }
}
