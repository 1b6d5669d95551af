//! F7: timers, pipes and watches: their owners, what ends them, and what happens to their messages.

mod ending;
mod limits;
mod owners;
mod panics;
mod replies;
mod ticks;

use actors_core::prelude::*;
use actors_core::{
    observe::{DeadLetters, Row},
    testing,
};
use actors_tests::{Gate, HOUR, MS, Record, SECOND, losses, paused, run, run_other_tasks};
use clerk_messages as m;
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

/// The state that the instances of an actor share.
#[derive(Clone, Debug, Default)]
struct Desk {
    /// The number of instances made so far.
    made: Arc<AtomicU32>,
    /// The handled messages.
    seen: Record<u32>,
    /// The reasons why instances stopped.
    stopped: Record<StopReason>,
    gate: Gate,
    /// The period of a timer that each instance starts.
    ticks: Option<Duration>,
}

impl Desk {
    fn seen(&self) -> Vec<u32> {
        self.seen.read()
    }

    fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    fn clerk(&self) -> Clerk {
        self.made.fetch_add(1, Ordering::Relaxed);
        Clerk { desk: self.clone(), owed: Vec::new() }
    }

    fn factory(&self) -> impl Fn() -> Clerk + Send + Sync + 'static {
        let desk = self.clone();
        move || desk.clerk()
    }
}

struct Clerk {
    desk: Desk,
    owed: Vec<ReplyTo<u32>>,
}

/// Panics with this number when it is dropped.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(format!("bomb {}", self.0));
    }
}

/// A future that panics when it is dropped.
struct Beside(Pin<Box<tokio::time::Sleep>>, #[expect(dead_code, reason = "it is only dropped")] Bomb);

impl Future for Beside {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// A message that panics when it is dropped.
#[derive(Message)]
struct Armed(#[expect(dead_code, reason = "it is only dropped")] Bomb);

/// A message whose clone panics from the second one on.
#[derive(Debug, Message)]
#[message(overflow = block)]
struct Fragile(u32);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("clone of {}", self.0)
    }
}

#[actor]
impl Clerk {
    #[started]
    fn open(&mut self, ctx: &mut Context<Self>) {
        if let Some(period) = self.desk.ticks {
            ctx.send_every(period, m::Due { n: 0 }).unwrap();
        }
    }

    #[message(overflow = block)]
    fn due(&mut self, n: u32) {
        self.desk.seen.write(n);
    }

    /// Like `due`, but refused when the mailbox is full.
    #[message(overflow = reject)]
    fn strict(&mut self, n: u32) {
        self.desk.seen.write(n);
    }

    #[handler]
    fn fragile(&mut self, fragile: Fragile) {
        self.desk.seen.write(fragile.0);
    }

    #[message]
    async fn later(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.send_after(after, m::Due { n }).unwrap();
        tokio::task::yield_now().await;
    }

    #[message]
    fn later_strict(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.send_after(after, m::Strict { n }).unwrap();
    }

    #[message]
    fn every(&mut self, period: Duration, ctx: &mut Context<Self>) {
        ctx.send_every(period, m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn every_fragile(&mut self, period: Duration, ctx: &mut Context<Self>) {
        ctx.send_every(period, Fragile(3)).unwrap();
    }

    #[message]
    fn pipe(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.pipe(tokio::time::sleep(after), move |()| m::Due { n }).unwrap();
    }

    #[message]
    fn pipe_fails(&mut self, after: Duration, ctx: &mut Context<Self>) {
        let future = async move {
            tokio::time::sleep(after).await;
            panic!("the pipe bursts");
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn then_fails(&mut self, ctx: &mut Context<Self>) {
        ctx.pipe(tokio::time::sleep(SECOND), |()| -> m::Due { panic!("no message comes of it") }).unwrap();
    }

    #[message]
    fn bomb_in_pipe(&mut self, ctx: &mut Context<Self>) {
        let bomb = Bomb(4);
        let future = async move {
            let _bomb = &bomb;
            pending::<()>().await;
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn bomb_in_pipe_that_ends(&mut self, ctx: &mut Context<Self>) {
        ctx.pipe(Beside(Box::pin(tokio::time::sleep(SECOND)), Bomb(6)), |()| m::Due { n: 6 }).unwrap();
    }

    #[message]
    fn cancels_a_bomb(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(SECOND, Armed(Bomb(7))).unwrap().cancel();
    }

    #[handler]
    fn armed(&mut self, armed: Armed) {
        std::mem::forget(armed);
    }

    #[message]
    fn later_bomb(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(HOUR, Armed(Bomb(8))).unwrap();
    }

    #[message(shadows)]
    fn watch(&mut self, other: ClerkHandle, fails: bool, ctx: &mut Context<Self>) {
        let then = move |why| {
            assert!(!fails, "the watch fails");
            m::Due { n: if why == StopReason::Stopped { 7 } else { 8 } }
        };
        ctx.watch(&other, then).unwrap();
    }

    #[message]
    fn holds(&mut self, what: Arc<()>, ctx: &mut Context<Self>) {
        let future = async move {
            let _what = &what;
            pending::<()>().await;
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn cancels(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(SECOND, m::Due { n: 1 }).unwrap().cancel();
        ctx.pipe(pending::<()>(), |()| m::Due { n: 1 }).unwrap().cancel();
        ctx.send_every(SECOND, m::Due { n: 1 }).unwrap().cancel();
    }

    #[message]
    async fn hold(&mut self) {
        self.desk.gate.pass().await;
    }

    #[message]
    fn fails(&mut self) -> u32 {
        panic!("on purpose")
    }

    #[message]
    fn owe(&mut self, reply: ReplyTo<u32>) {
        self.owed.push(reply);
    }

    #[message]
    async fn owe_a_while(&mut self, reply: ReplyTo<u32>) {
        self.owed.push(reply);
        // Keeps this worker busy, so that another one takes the next message.
        tokio::time::sleep(MS).await;
    }

    #[message]
    async fn pay(&mut self) -> usize {
        let paid = self.owed.drain(..).filter_map(|reply| reply.send(7).ok()).count();
        // Keeps this worker busy, so that another one takes the next message.
        tokio::time::sleep(MS).await;
        paid
    }

    #[message]
    fn owe_in_a_task(&mut self, reply: ReplyTo<u32>) {
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            let _ = reply.send(9);
        });
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        self.desk.stopped.write(why);
    }
}

fn due(clerk: &ClerkHandle) -> Row {
    clerk.ledger().of::<m::Due>()
}

/// The reason, the message type and the age in seconds of each letter.
fn told(letters: &mut DeadLetters) -> Vec<(Reason, &'static str, u64)> {
    actors_tests::letters(letters)
        .into_iter()
        .map(|letter| (letter.reason, letter.message, letter.age.as_secs()))
        .collect()
}
