//! D1 and P2: deadlocks in pools, and where the supervisor makes senders wait.

use actors_core::prelude::*;
use actors_core::{
    observe::{DecisionKind, Level},
    policy::{Action, Pressure},
    testing,
};
use actors_tests::SECOND;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

/// Asks its partner, or its own pool, during its turns.
struct Asker {
    partner: Arc<OnceLock<PartnerHandle>>,
    gate: Arc<Semaphore>,
}

#[actor(capacity = 16, reserve = 0)]
impl Asker {
    /// The outcome of an ask of its own pool.
    #[message]
    async fn own(&mut self, ctx: &mut Context<Self>) -> Option<Reason> {
        let own: AskerHandle = ctx.handle();
        own.pong().ask().await.err().map(|why| why.reason())
    }

    /// The outcome of an ask of the partner, which asks back.
    #[message]
    async fn round(&mut self) -> Option<Vec<String>> {
        let _turn = self.gate.acquire().await;
        let why = self.partner.get()?.ping().ask().await.err()?;
        Some(why.cycle()?.iter().map(ToString::to_string).collect())
    }

    /// Like `own`, but waits for the gate first.
    #[message]
    async fn own_after_gate(&mut self, ctx: &mut Context<Self>) -> Option<Reason> {
        let _turn = self.gate.acquire().await;
        let own: AskerHandle = ctx.handle();
        own.pong().ask().await.err().map(|why| why.reason())
    }

    #[message]
    fn pong(&mut self) {}
}

struct Partner {
    asker: AskerHandle,
}

#[actor(capacity = 16, reserve = 0)]
impl Partner {
    #[message]
    async fn ping(&mut self) {
        // The outcome does not matter.
        let _ = self.asker.pong().ask().await;
    }
}

struct Pair {
    asker: AskerHandle,
    partner: PartnerHandle,
    gate: Arc<Semaphore>,
}

fn pair(system: &System, least: usize, most: usize, pressure: Pressure) -> Pair {
    let (partner, gate) = (Arc::new(OnceLock::new()), Arc::new(Semaphore::new(100)));
    let (shared, open) = (partner.clone(), gate.clone());
    let asker: AskerHandle = system
        .actor(move || Asker { partner: shared.clone(), gate: open.clone() })
        .name("asker")
        .workers(least..=most)
        .pressure(pressure)
        .spawn()
        .unwrap();
    let handle: PartnerHandle =
        system.instance(Partner { asker: asker.clone() }).name("partner").spawn().unwrap();
    partner.set(handle.clone()).unwrap();
    Pair { asker, partner: handle, gate }
}

#[test]
fn d1_a_worker_may_ask_its_own_pool_while_another_one_is_free() {
    testing::run(async |system| {
        let pair = pair(&system, 2, 2, Pressure::new());
        assert_eq!(pair.asker.own().await.unwrap(), None);
        assert_eq!(pair.asker.ledger().total().refused(Reason::WouldDeadlock), 0);
    });
}

#[test]
fn d1_of_a_pool_s_workers_the_last_one_that_would_wait_for_the_pool_is_told() {
    testing::run(async |system| {
        let pair = pair(&system, 3, 3, Pressure::new());
        let began = Instant::now();
        let held = testing::hold(&pair.asker);
        let asks: Vec<_> = (0..3).map(|_| tokio::spawn(pair.asker.own().owned())).collect();
        sleep(SECOND).await;
        held.release();
        let mut told = Vec::new();
        for ask in asks {
            told.push(ask.await.unwrap().unwrap());
        }
        told.sort();
        assert_eq!(told, [None, None, Some(Reason::WouldDeadlock)]);
        assert_eq!(began.elapsed().as_secs(), 1, "no wait lasted until its deadline");
        assert!(pair.asker.ledger().is_balanced());
    });
}

#[test]
fn d1_a_pool_is_part_of_a_cycle_only_when_every_worker_is() {
    testing::run(async |system| {
        let pair = pair(&system, 2, 2, Pressure::new());
        // One worker asks the partner, which asks the pool: the other worker answers.
        assert_eq!(pair.asker.round().await.unwrap(), None);
        // Both workers ask the partner: it handles one ask at a time, and the second one waits in
        // its queue.
        let began = Instant::now();
        let held = (testing::hold(&pair.partner), testing::hold(&pair.asker));
        let asks: Vec<_> = (0..2).map(|_| tokio::spawn(pair.asker.round().owned())).collect();
        sleep(SECOND).await;
        held.1.release();
        sleep(SECOND).await;
        held.0.release();
        for ask in asks {
            // The refused ask is the partner's: it asked a pool in which every worker waits for it.
            assert_eq!(ask.await.unwrap().unwrap(), None);
        }
        assert_eq!(began.elapsed().as_secs(), 2, "no wait lasted until its deadline");
        assert_eq!(pair.asker.ledger().total().refused(Reason::WouldDeadlock), 1);
    });
}

/// The only worker waits for a message that its pool has accepted before the stop.
#[test]
fn d1_a_pool_that_drains_still_grows_for_what_its_turns_wait_for() {
    testing::run(async |system| {
        let pair = pair(&system, 1, 2, Pressure::new().respond(&[Action::Spawn]));
        let asked = tokio::spawn(pair.asker.own().owned());
        sleep(Duration::from_millis(1)).await;
        let (stop, begun) = (pair.asker.stop(), Instant::now());
        assert_eq!(asked.await.unwrap().unwrap(), None);
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
        assert_eq!(pair.asker.ledger().total().undelivered, 0);
    });
}

#[test]
fn d1_a_pool_that_may_still_grow_is_not_stuck() {
    testing::run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Spawn]);
        let pair = pair(&system, 1, 4, pressure);
        // The only worker asks its own pool, which may grow: the ask is not refused.
        let began = Instant::now();
        assert_eq!(pair.asker.own().await.unwrap(), None);
        assert!(began.elapsed() < 5 * SECOND, "{:?} {:?}", began.elapsed(), system.decisions());
        assert_eq!(pair.asker.ledger().total().refused(Reason::WouldDeadlock), 0);
        assert!(pair.gate.available_permits() == 100);
    });
}

/// Asks its own pool, also at the start of an instance.
struct Introvert {
    /// The outcomes of the asks at the start.
    starts: mpsc::UnboundedSender<Option<Reason>>,
    is_first: bool,
    /// Whether an instance starts although its ask was refused.
    is_lenient: bool,
}

#[actor(capacity = 16, reserve = 0)]
impl Introvert {
    #[started]
    async fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), String> {
        if self.is_first {
            return Ok(());
        }
        let own: IntrovertHandle = ctx.handle();
        let refused = own.pong().ask().await.err().map(|why| why.reason());
        let _ = self.starts.send(refused);
        match refused {
            Some(why) if !self.is_lenient => Err(format!("{why:?}")),
            _ => Ok(()),
        }
    }

    #[message]
    async fn own(&mut self, ctx: &mut Context<Self>) -> Option<Vec<String>> {
        let own: IntrovertHandle = ctx.handle();
        let why = own.pong().ask().await.err()?;
        Some(why.cycle()?.iter().map(ToString::to_string).collect())
    }

    #[message]
    fn pong(&mut self) {}
}

type Starts = mpsc::UnboundedReceiver<Option<Reason>>;

fn introvert(system: &System, most: usize, is_lenient: bool) -> (IntrovertHandle, Starts) {
    let (starts, seen) = mpsc::unbounded_channel();
    let made = AtomicUsize::new(0);
    let make = move || {
        let is_first = made.fetch_add(1, Ordering::Relaxed) == 0;
        Introvert { starts: starts.clone(), is_first, is_lenient }
    };
    let pressure = Pressure::new().respond(&[Action::Spawn]);
    let actor = system.actor(make).name("introvert").workers(1..=most).pressure(pressure);
    (actor.spawn().unwrap(), seen)
}

#[test]
fn d1_a_pool_whose_newcomers_ask_it_too_grows_to_its_most_and_then_one_is_told() {
    testing::run(async |system| {
        let (own, mut starts) = introvert(&system, 4, true);
        let began = Instant::now();
        assert_eq!(own.own().await.unwrap(), None, "the refused actor has answered the others");
        assert!(began.elapsed() < 5 * SECOND, "{:?} {:?}", began.elapsed(), system.decisions());
        testing::quiet(&system).await;
        let mut told: Vec<_> = std::iter::from_fn(|| starts.try_recv().ok()).collect();
        told.sort();
        assert_eq!(told, [None, None, Some(Reason::WouldDeadlock)], "{:?}", system.decisions());
        assert!(own.ledger().is_balanced());
    });
}

#[test]
fn d1_a_pool_whose_supervisor_rests_is_stuck_and_a_wait_that_began_before_is_told() {
    testing::run(async |system| {
        let (own, mut starts) = introvert(&system, 2, false);
        let began = Instant::now();
        // The new worker's ask is refused, so it does not start. It does not help, and is taken
        // back.
        let told = own.own().await.unwrap();
        assert_eq!(told, Some(vec!["introvert".to_string()]));
        // A trial is judged after ten seconds at most.
        assert!(began.elapsed() < 11 * SECOND, "{:?} {:?}", began.elapsed(), system.decisions());
        assert_eq!(starts.try_recv().unwrap(), Some(Reason::WouldDeadlock));
        assert!(own.ledger().is_balanced());
    });
}

#[test]
fn d1_a_pool_that_loses_the_worker_that_was_free_is_stuck_and_a_wait_that_began_before_is_told() {
    testing::run(async |system| {
        let pair = pair(&system, 1, 2, Pressure::new());
        assert_eq!(pair.asker.resize(2), 2);
        // One worker is in a turn. The other one is free, but must not take the message that the
        // first one waits for.
        let held = pair.gate.acquire_many(100).await.unwrap();
        let first = tokio::spawn(pair.asker.own_after_gate().owned());
        sleep(SECOND).await;
        let hold = testing::hold(&pair.asker);
        drop(held);
        sleep(SECOND).await;
        assert!(!first.is_finished());
        let began = Instant::now();
        assert_eq!(pair.asker.resize(1), 1);
        assert_eq!(first.await.unwrap().unwrap(), Some(Reason::WouldDeadlock));
        assert_eq!(began.elapsed().as_secs(), 0);
        hold.release();
        testing::quiet(&system).await;
        assert!(pair.asker.ledger().is_balanced());
    });
}

/// Sends to its peer, and waits for a slot.
struct Sender {
    peer: Arc<OnceLock<SenderHandle>>,
    gate: Arc<Semaphore>,
}

#[actor(capacity = 16, reserve = 0)]
impl Sender {
    #[message]
    async fn send(&mut self) -> Option<Reason> {
        let sent = self.peer.get()?.note().timeout(20 * SECOND).await;
        sent.err().map(|why| why.reason())
    }

    #[message(overflow = block)]
    async fn note(&mut self) {
        let _pass = self.gate.acquire().await;
    }
}

#[test]
fn p2_a_wait_that_only_the_supervisor_made_closes_no_cycle() {
    testing::run(async |system| {
        let (peer, gate) = (Arc::new(OnceLock::new()), Arc::new(Semaphore::new(0)));
        let sender = Sender { peer: peer.clone(), gate: gate.clone() };
        let pressure = Pressure::new().respond(&[Action::Block]);
        // It is its own peer: a turn that waits for a slot there would wait for ever.
        let own: SenderHandle = system.instance(sender).name("own").pressure(pressure).spawn().unwrap();
        peer.set(own.clone()).unwrap();
        // Fourteen of sixteen slots are taken. The soft limit makes senders wait from eight on.
        let held = testing::hold(&own);
        let first = tokio::spawn(own.send().owned());
        sleep(SECOND / 100).await;
        for _ in 0..13 {
            own.note().await.unwrap();
        }
        sleep(2 * SECOND).await;
        assert!(own.reading().level > Level::Calm);
        let is_limited = system
            .decisions()
            .into_iter()
            .any(|decision| matches!(decision.kind, DecisionKind::SoftLimitBegan { .. }));
        assert!(is_limited && own.note().try_send().is_err(), "{:?}", system.decisions());
        let began = Instant::now();
        held.release();
        assert_eq!(first.await.unwrap().unwrap(), None, "there was a slot");
        assert!(began.elapsed() < SECOND);
        gate.close();
        testing::quiet(&system).await;
        assert_eq!(own.ledger().total().refused(Reason::WouldDeadlock), 0);
    });
}
