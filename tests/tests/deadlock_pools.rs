//! Deadlocks where several workers share a mailbox, and where a supervisor makes senders wait (D1, P2).

use actors_core::prelude::*;
use actors_core::{Action, Level, Pressure, What, testing};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// Asks its partner, or itself, from within its turns.
struct Asker {
    partner: Arc<OnceLock<PartnerHandle>>,
    gate: Arc<Semaphore>,
}

#[actor(capacity = 16, reserve = 0)]
impl Asker {
    /// What became of an ask of oneself: of any worker of one's own pool.
    #[message]
    async fn own(&mut self, ctx: &mut Context<Self>) -> Option<Reason> {
        let own: AskerHandle = ctx.handle();
        own.pong().ask().await.err().map(|why| why.reason())
    }

    /// What became of an ask of the partner, who asks back.
    #[message]
    async fn round(&mut self) -> Option<Vec<String>> {
        let _turn = self.gate.acquire().await;
        let why = self.partner.get()?.ping().ask().await.err()?;
        Some(why.cycle()?.iter().map(ToString::to_string).collect())
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
        // Whatever becomes of it.
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
        assert_eq!(began.elapsed().as_secs(), 1, "nobody waited for a deadline");
        assert!(pair.asker.ledger().is_balanced());
    });
}

#[test]
fn d1_a_pool_is_part_of_a_cycle_only_when_every_worker_is() {
    testing::run(async |system| {
        let pair = pair(&system, 2, 2, Pressure::new());
        // One worker asks the partner, who asks the pool: the other one answers.
        assert_eq!(pair.asker.round().await.unwrap(), None);
        // Both do: the partner handles one at a time, and the second worker waits in its queue.
        let began = Instant::now();
        let held = (testing::hold(&pair.partner), testing::hold(&pair.asker));
        let asks: Vec<_> = (0..2).map(|_| tokio::spawn(pair.asker.round().owned())).collect();
        sleep(SECOND).await;
        held.1.release();
        sleep(SECOND).await;
        held.0.release();
        for ask in asks {
            // Whoever was told was the partner: it asked a pool of which every worker waits for it.
            assert_eq!(ask.await.unwrap().unwrap(), None);
        }
        assert_eq!(began.elapsed().as_secs(), 2, "nobody waited for a deadline");
        assert_eq!(pair.asker.ledger().total().refused(Reason::WouldDeadlock), 1);
    });
}

/// The only worker waits for a message that its pool has accepted; the stop comes after that.
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
        // The one worker there is asks itself, and another one comes: nobody is told that it cannot be.
        let began = Instant::now();
        assert_eq!(pair.asker.own().await.unwrap(), None);
        assert!(began.elapsed() < 5 * SECOND, "{:?} {:?}", began.elapsed(), system.decisions());
        assert_eq!(pair.asker.ledger().total().refused(Reason::WouldDeadlock), 0);
        assert!(pair.gate.available_permits() == 100);
    });
}

/// Sends to its peer, and waits until it may.
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
        // It is its own peer: whoever waits for a slot there in its turn waits for ever.
        let own: SenderHandle = system.instance(sender).name("own").pressure(pressure).spawn().unwrap();
        peer.set(own.clone()).unwrap();
        // Fourteen of sixteen slots are taken: senders wait from eight on.
        let held = testing::hold(&own);
        let first = tokio::spawn(own.send().owned());
        sleep(SECOND / 100).await;
        for _ in 0..13 {
            own.note().await.unwrap();
        }
        sleep(2 * SECOND).await;
        assert!(own.reading().level > Level::Calm);
        let squeezed = system.decisions().into_iter().any(|decision| {
            matches!(&decision.event, actors_core::Event::Pressure(change) if matches!(change.what, What::SqueezeBegan { .. }))
        });
        assert!(squeezed && own.note().try_send().is_err(), "{:?}", system.decisions());
        let began = Instant::now();
        held.release();
        assert_eq!(first.await.unwrap().unwrap(), None, "there was a slot");
        assert!(began.elapsed() < SECOND);
        gate.close();
        testing::quiet(&system).await;
        assert_eq!(own.ledger().total().refused(Reason::WouldDeadlock), 0);
    });
}
