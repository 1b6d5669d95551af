//! The public API as a user writes it: each item, compiled and run.

mod calls;
mod context;
mod observation;
mod references;
mod start_and_stop;
mod test_tools;
mod without_macros;

use actors_core::prelude::*;
use actors_core::{
    AskError,
    by_hand::{AnyEnvelope, Envelope, Mail, Typed},
    mailbox::Class,
    observe::DeadLetter,
    policy::{Overflow, Policy},
    send::Job,
    spawn::StartError,
    system::ShutdownReport,
    testing,
};
use actors_tests::{HOUR, MS, SECOND, pending, poll, run};
use futures_util::future::{Either, FutureExt, join, join_all, select, select_all};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// The receipt of a payment.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    card: u64,
    cents: u64,
}

/// The error of a card that was declined.
#[derive(Clone, Debug, PartialEq)]
pub struct Declined;

/// The answer to `report`.
#[derive(Debug, PartialEq)]
pub struct Report {
    views: u64,
}

/// The actor that the documentation shows.
#[derive(Default)]
pub struct Shop {
    views: u64,
    prices: HashMap<u32, u64>,
    is_open: bool,
    refuses_to_open: bool,
}

#[actor(capacity = 1024, max_waiting = 64, reserve = 16, schedule = strict, vis = pub)]
impl Shop {
    /// Payments are never lost: when the mailbox is full the caller waits in line.
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, card: u64, cents: u64) -> Result<Receipt, Declined> {
        tokio::time::sleep(10 * MS).await;
        self.helper();
        if cents > 1000 {
            return Err(Declined);
        }
        Ok(Receipt { card, cents })
    }

    /// Page views are worth losing, oldest first, and worth nothing after five seconds.
    #[message(priority = low, overflow = drop_oldest, max = 256, ttl = "5s")]
    async fn viewed(&mut self, page: String) {
        self.views += page.len() as u64;
    }

    /// Only the newest price of each product counts.
    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32, cents: u64) {
        self.prices.insert(sku, cents);
    }

    /// A message type that several actors share is a struct of its own.
    #[handler]
    async fn stock(&mut self, ask: GetStock, ctx: &mut Context<Self>) -> u32 {
        assert_eq!(ctx.name().as_str(), "shop");
        ask.sku * 2
    }

    /// Answers later, from a task, while the actor handles other messages.
    #[message(overflow = reject)]
    fn report(&mut self, reply: ReplyTo<Report>) {
        assert!(reply.is_wanted());
        let views = self.views;
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            let _ = reply.send(Report { views });
        });
    }

    #[message]
    fn price_of(&self, sku: u32) -> Option<u64> {
        self.prices.get(&sku).copied()
    }

    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        assert_eq!(ctx.system().name().as_str(), "test");
        tokio::time::sleep(SECOND).await;
        if self.refuses_to_open {
            return Err("the lock is jammed".into());
        }
        self.is_open = true;
        Ok(())
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        assert!(self.is_open || why == StopReason::StartFailed);
    }

    fn helper(&self) -> u64 {
        self.views
    }
}

/// Asks for the number of pieces of one product.
#[derive(Debug, Message)]
#[message(reply = u32, priority = urgent, overflow = reject)]
pub struct GetStock {
    /// The product.
    pub sku: u32,
}

fn shop(system: &System) -> ShopHandle {
    system.instance(Shop::default()).name("shop").spawn().unwrap()
}

#[derive(Default)]
struct Worker {
    seen: Vec<String>,
    jobs: Vec<Job>,
}

impl Worker {
    fn kept(&mut self, job: Result<Job, SendError<impl Sized>>) {
        self.jobs.push(job.unwrap());
    }
}

#[actor]
impl Worker {
    #[message]
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }

    #[message]
    fn word(&mut self, word: String) {
        self.seen.push(word);
    }

    #[message]
    fn looks_around(&mut self, ctx: &mut Context<Self>) -> (String, String, usize) {
        let me: WorkerHandle = ctx.handle();
        me.word("to myself".into()).try_send().unwrap();
        let reading = ctx.reading();
        let (name, system) = (ctx.name().to_string(), ctx.system().name().to_string());
        (name, system, reading.depth)
    }

    #[message]
    fn after(&mut self, delay: Duration, ctx: &mut Context<Self>) {
        let word = worker_messages::Word { word: "after".into() };
        let job = ctx.send_after(delay, word);
        self.kept(job);
    }

    #[message]
    fn every(&mut self, period: Duration, ctx: &mut Context<Self>) {
        let word = worker_messages::Word { word: "every".into() };
        let job = ctx.send_every(period, word);
        self.kept(job);
    }

    #[message]
    fn pipes(&mut self, ctx: &mut Context<Self>) {
        let slow = async {
            tokio::time::sleep(10 * SECOND).await;
            42
        };
        let job = ctx.pipe(slow, |n| worker_messages::Word { word: format!("piped {n}") });
        self.kept(job);
    }

    #[message]
    fn watches(&mut self, other: WorkerHandle, ctx: &mut Context<Self>) {
        let job = ctx.watch(&other, |why| worker_messages::Word { word: format!("{why:?}") });
        self.kept(job);
    }

    #[message]
    fn cancel_all(&mut self) -> bool {
        self.jobs.iter().for_each(Job::cancel);
        !self.jobs.is_empty()
    }

    #[message]
    fn all_done(&mut self) -> bool {
        self.jobs.drain(..).all(|job| job.is_finished())
    }

    #[message]
    fn leaves(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
