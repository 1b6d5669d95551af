//! T: how long messages stay valid, and how long senders wait.

mod calm;
mod cancelled;
mod clocks;
mod deadlines;
mod doomed;
mod ttl;
mod workers;

use actors_core::prelude::*;
use actors_core::{policy::Overflow, send::Ask, testing};
use actors_tests::{HOUR, MS, Record, SECOND, alone, paused, pending, poll, row, run, run_other_tasks};
use desk_messages as m;
use std::time::Duration;
use tokio::time::{Instant, advance};

/// The outcome and the duration of each ask inside a turn.
type Inner = Record<(Result<u32, Reason>, Duration)>;
type Asks = Record<Ask<'static, Desk, m::Question>>;

#[derive(Default)]
struct Desk {
    seen: Vec<u32>,
    inner: Inner,
    asks: Asks,
}

#[actor(capacity = 2, reserve = 0)]
impl Desk {
    #[message(ttl = "5s")]
    fn brief(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(ttl = "5s")]
    async fn brief_question(&mut self, rest: Duration) -> u32 {
        tokio::time::sleep(rest).await;
        7
    }

    #[message]
    fn lasting(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(overflow = block, timeout = "20s")]
    fn question(&mut self, n: u32) -> u32 {
        self.seen.push(n);
        n
    }

    #[message(overflow = block)]
    fn plain_question(&mut self, n: u32) -> u32 {
        n
    }

    #[message(overflow = block)]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        self.seen.push(100);
        100
    }

    /// Asks another desk inside this turn.
    #[message(overflow = block)]
    async fn forward(&mut self, to: DeskHandle, own: Option<Duration>) -> u32 {
        let before = Instant::now();
        let ask = to.question(5);
        let answer = match own {
            Some(own) => ask.timeout(own).await,
            None => ask.await,
        };
        let answer = answer.map_err(|error| error.reason());
        self.inner.write((answer, before.elapsed()));
        1
    }

    /// Sends to another desk inside this turn, and waits for room.
    #[message(overflow = block, timeout = "7s")]
    async fn push(&mut self, to: DeskHandle) -> u32 {
        let before = Instant::now();
        let sent = to.lasting(5).await;
        let sent = sent.map(|_| 0).map_err(|error| error.reason());
        self.inner.write((sent, before.elapsed()));
        1
    }

    #[message]
    async fn left(&mut self, ctx: &mut Context<Self>) -> (Option<Duration>, Option<Duration>) {
        let before = ctx.remaining();
        tokio::time::sleep(SECOND).await;
        assert_eq!(ctx.deadline().map(|end| end - Instant::now()), ctx.remaining());
        (before, ctx.remaining())
    }

    #[message]
    fn left_told(&mut self, ctx: &mut Context<Self>) {
        assert_eq!((ctx.deadline(), ctx.remaining()), (None, None));
        self.seen.push(1);
    }

    /// Drops the asks that the test has stored here.
    #[message]
    fn forget(&mut self) {
        self.asks.take();
    }

    #[message(overflow = block)]
    fn seen(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.seen)
    }
}

fn desk(system: &System) -> (DeskHandle, Inner) {
    let inner = Inner::default();
    let desk = Desk { inner: inner.clone(), ..Desk::default() };
    (system.spawn(desk), inner)
}
