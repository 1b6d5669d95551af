//! F: panics, stop and kill, and the end of an actor.

mod handles;
mod panics;
mod replies;
mod stop_and_kill;

use actors_core::prelude::*;
use actors_core::{AskError, testing};
use actors_tests::{HOUR, Record, SECOND, letters, losses, pending, poll, row, run, run_other_tasks};
use desk_messages as m;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What happened to the actor, in words.
type Diary = Record<String>;

struct Desk {
    diary: Diary,
    pending: Vec<ReplyTo<u32>>,
}

/// Writes a word when it is dropped.
struct Guard(Diary, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.write(self.1.to_owned());
    }
}

impl Desk {
    fn write(&self, word: impl Into<String>) {
        self.diary.write(word.into());
    }
}

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn work(&mut self, n: u32) {
        self.write(format!("work {n}"));
    }

    #[message(overflow = block)]
    fn question(&mut self, n: u32) -> u32 {
        self.write(format!("question {n}"));
        n
    }

    #[message]
    fn fails(&mut self) {
        panic!("a plain panic");
    }

    #[message]
    fn fails_asked(&mut self, with: u32) -> u32 {
        self.write("fails");
        panic!("number {with}");
    }

    #[message]
    async fn fails_later(&mut self) -> u32 {
        tokio::time::sleep(SECOND).await;
        panic!("a late panic");
    }

    #[message]
    fn fails_oddly(&mut self) -> u32 {
        std::panic::panic_any(7_u64)
    }

    #[message]
    async fn rest(&mut self, time: Duration) -> u32 {
        let _guard = Guard(self.diary.clone(), "rest is over");
        tokio::time::sleep(time).await;
        self.write("rested");
        1
    }

    #[message]
    fn later(&mut self, reply: ReplyTo<u32>) {
        self.pending.push(reply);
    }

    #[message]
    fn drop_pending(&mut self) {
        self.pending.clear();
    }

    #[message]
    fn fails_with_reply(&mut self, _reply: ReplyTo<u32>) {
        panic!("with the reply in hand");
    }

    #[message]
    fn kills_itself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.handle::<DeskHandle>().kill();
        self.write("killed itself");
        9
    }

    #[message]
    async fn kills_itself_and_waits(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.handle::<DeskHandle>().kill();
        self.write("killed itself");
        tokio::task::yield_now().await;
        self.write("went on");
        9
    }

    #[message]
    async fn awaits_its_own_stop(&mut self, ctx: &mut Context<Self>) -> Result<StopReason, AskError> {
        let me: DeskHandle = ctx.handle();
        me.stop().await.reason().map_err(Clone::clone)
    }

    #[message]
    fn stops(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
        self.write("said stop");
    }

    #[message]
    fn arms(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        assert!(ctx.send_after(after, m::Work { n }).is_ok());
    }

    #[message]
    fn ticks(&mut self, every: Duration, ctx: &mut Context<Self>) {
        assert!(ctx.send_every(every, m::Work { n: 0 }).is_ok());
    }

    #[message]
    fn pipes(&mut self, after: Duration, ctx: &mut Context<Self>) {
        let piped = ctx.pipe(tokio::time::sleep(after), |()| m::Work { n: 0 });
        assert!(piped.is_ok());
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        self.write(format!("stopped: {why:?}"));
    }
}

fn desk(system: &System) -> (DeskHandle, Diary) {
    let diary = Diary::default();
    let desk = Desk { diary: diary.clone(), pending: Vec::new() };
    (system.spawn(desk), diary)
}

/// Counts its turns, with a small mailbox.
struct Counter {
    handled: Arc<AtomicU32>,
}

#[actor(capacity = 8, max_waiting = 64)]
impl Counter {
    #[message]
    fn count(&mut self, n: u32) {
        let _ = n;
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    #[message(overflow = block)]
    fn ask_count(&mut self, n: u32) -> u32 {
        self.handled.fetch_add(1, Ordering::Relaxed);
        n
    }

    #[message(overflow = block)]
    async fn ask_count_later(&mut self, n: u32) -> u32 {
        tokio::task::yield_now().await;
        self.handled.fetch_add(1, Ordering::Relaxed);
        n
    }
}
