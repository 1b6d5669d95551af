//! B: what a mailbox holds, which messages it accepts, and that nothing else grows.

mod capacity;
mod control;
mod foreign_code;
mod limits;
mod reserve;

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::prelude::*;
use actors_core::{
    policy::{Overflow, Policy, Settings},
    testing,
};
use actors_tests::{
    HOUR, Hook, HookWaker, fill, finishes, letters, pending, poll, poll_with, run, run_other_tasks,
};
use futures_util::StreamExt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

/// One message per lane.
#[derive(Default)]
struct Desk {
    depths: Vec<usize>,
}

#[actor(capacity = 16, reserve = 4)]
impl Desk {
    #[message(priority = low)]
    fn low(&mut self) {}

    #[message(priority = low, overflow = drop_oldest)]
    fn trifle(&mut self) {}

    #[message]
    fn normal(&mut self) {}

    #[message(priority = high)]
    fn high(&mut self) {}

    #[message(priority = urgent)]
    fn urgent(&mut self) {}

    /// Records the depth of the queue during this turn.
    #[message]
    fn look(&mut self, ctx: &mut Context<Self>) {
        self.depths.push(ctx.reading().depth);
    }

    #[message]
    fn depths(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.depths)
    }

    #[message(priority = urgent)]
    async fn rest(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Sets timers until the actor refuses one.
    #[message]
    fn arm(&mut self, ctx: &mut Context<Self>) -> (usize, Option<Reason>) {
        for armed in 0..100_000 {
            if let Err(refused) = ctx.send_after(HOUR, desk_messages::Normal) {
                return (armed, Some(refused.reason()));
            }
        }
        (100_000, None)
    }

    /// Starts pipes that never end until the actor refuses one.
    #[message]
    fn lay(&mut self, ctx: &mut Context<Self>) -> (usize, Option<Reason>) {
        for laid in 0..100_000 {
            if let Err(refused) = ctx.pipe(std::future::pending(), |()| desk_messages::Normal) {
                return (laid, Some(refused.reason()));
            }
        }
        (100_000, None)
    }
}

fn desk(system: &System, capacity: usize) -> DeskHandle {
    let builder = system.instance(Desk::default()).capacity(capacity);
    builder.reserve(capacity / 4).spawn().unwrap()
}
