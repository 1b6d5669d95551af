//! B: what a mailbox holds, who gets in, and that nothing grows beside it.

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::prelude::*;
use actors_core::{Overflow, Policy, Settings, testing};
use actors_tests::{HOUR, finishes, poll, poll_with, run};
use futures_util::StreamExt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
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

    /// Notes how many are queued while this turn runs.
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

    /// Sets timers until no more are allowed.
    #[message]
    fn arm(&mut self, ctx: &mut Context<Self>) -> (usize, Option<Reason>) {
        for armed in 0..100_000 {
            if let Err(refused) = ctx.send_after(HOUR, desk_messages::Normal) {
                return (armed, Some(refused.reason()));
            }
        }
        (100_000, None)
    }

    /// Starts pipes that never end until no more are allowed.
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

/// Sends until it is refused, and says how many got in.
fn fill<'a, M: Message>(send: impl Fn() -> actors_core::Tell<'a, Desk, M>) -> usize
where
    Desk: Handler<M>,
{
    for sent in 0..100_000 {
        if let Err(refused) = send().try_send() {
            assert_eq!(refused.reason(), Reason::Full);
            return sent;
        }
    }
    panic!("a mailbox without a bound")
}

fn desk(system: &System, capacity: usize) -> DeskHandle {
    let builder = system.instance(Desk::default()).capacity(capacity);
    builder.reserve(capacity / 4).spawn().unwrap()
}

// --- B1 ------------------------------------------------------------------------------------------------------------

#[test]
fn b1_a_mailbox_never_holds_more_than_its_capacity() {
    run(async |system| {
        for capacity in [1, 2, 3, 7, 8, 16, 100, 1000] {
            let desk = desk(&system, capacity);
            let held = testing::hold(&desk);
            assert_eq!(fill(|| desk.urgent()), capacity);
            assert_eq!(fill(|| desk.normal()), 0);
            let reading = desk.reading();
            assert_eq!((reading.depth, reading.capacity), (capacity, capacity));
            held.release();
        }
    });
}

#[test]
fn b1_the_bound_holds_while_the_actor_stops() {
    run(async |system| {
        let desk = desk(&system, 16);
        let held = testing::hold(&desk);
        fill(|| desk.urgent());
        let mut line: Vec<_> = (0..5).map(|_| desk.urgent()).collect();
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        let stop = desk.stop();
        let reading = desk.reading();
        assert_eq!((reading.depth, reading.waiting), (16, 0));
        assert_eq!(desk.urgent().try_send().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.reading().depth, 16);
        held.release();
        assert!(stop.await.reason().is_ok());
        assert_eq!(desk.ledger().of::<desk_messages::Urgent>().handled, 16);
    });
}

#[test]
fn b1_a_claimed_message_keeps_its_slot_until_its_turn_begins() {
    run(async |system| {
        let desk = desk(&system, 16);
        // Short turns: from here on many are claimed at a time.
        for _ in 0..600 {
            desk.normal().await.unwrap();
        }
        testing::quiet(&system).await;
        let held = testing::hold(&desk);
        assert_eq!(fill(|| desk.look()), 12);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(desk.depths().await.unwrap(), (0..12).rev().collect::<Vec<_>>());
    });
}

#[test]
fn b1_a_slot_is_free_as_soon_as_the_turn_begins() {
    run(async |system| {
        let desk = desk(&system, 1);
        let resting = tokio::spawn(desk.rest(HOUR).owned());
        testing_yield().await;
        resting.await.unwrap().unwrap();
        testing_yield().await;
        assert_eq!(desk.ledger().of::<desk_messages::Rest>().in_service, 1);
        assert_eq!(fill(|| desk.normal()), 1);
    });
}

/// Lets everybody else run, without moving the clock.
async fn testing_yield() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_the_bound_holds_at_every_observation_under_eight_senders() {
    let system = System::new("flood");
    let desk: DeskHandle = desk(&system, 16);
    let senders: Vec<_> = (0..8)
        .map(|at| {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..4000 {
                    match (n + at) % 4 {
                        0 => desk.low().await.map(drop).unwrap(),
                        1 => desk.normal().await.map(drop).unwrap(),
                        2 => desk.trifle().await.map(drop).unwrap(),
                        _ => desk.urgent().await.map(drop).unwrap(),
                    }
                }
            })
        })
        .collect();
    while !senders.iter().all(|sender| sender.is_finished()) {
        let reading = desk.reading();
        assert!(reading.depth <= 16, "{reading:?}");
        assert!(reading.waiting <= 16, "{reading:?}");
        let ledger = desk.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        assert!(ledger.total().queued <= 16, "{ledger}");
        tokio::task::yield_now().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(desk.stop().await.reason().is_ok());
    let total = desk.ledger().total();
    assert_eq!((total.offered, total.handled + total.dropped), (32_000, 32_000));
    assert_eq!(desk.ledger().of::<desk_messages::Trifle>().dropped, total.dropped);
}

// --- B3 ------------------------------------------------------------------------------------------------------------

#[test]
fn b3_one_waiter_too_many_is_refused_full() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(3);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.normal());
        let mut line = [desk.normal(), desk.normal(), desk.normal()];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        let refused = desk.normal().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        // One line for all types together.
        assert_eq!(desk.low().await.unwrap_err().reason(), Reason::Full);
        assert_eq!(desk.reading().waiting, 3);
        assert_eq!(desk.ledger().of::<desk_messages::Normal>().refused(Reason::Full), 2);
        held.release();
        for send in line {
            assert_eq!(send.await.unwrap(), Admission::Waited);
        }
    });
}

#[test]
fn b3_a_waiter_that_leaves_makes_place_for_another() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(1);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.normal());
        for _ in 0..100 {
            let mut waiter = desk.normal();
            assert!(poll(&mut waiter).is_pending());
            assert_eq!(desk.reading().waiting, 1);
        }
        assert_eq!(desk.reading().waiting, 0);
        held.release();
        assert_eq!(desk.ledger().of::<desk_messages::Normal>().cancelled, 100);
    });
}

#[test]
fn b3_where_nobody_may_wait_a_blocking_type_is_refused_at_once() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(0);
        let desk: DeskHandle = builder.spawn().unwrap();
        let _held = testing::hold(&desk);
        fill(|| desk.normal());
        assert_eq!(desk.normal().await.unwrap_err().reason(), Reason::Full);
    });
}

#[test]
fn b3_timers_are_bounded() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        assert_eq!(desk.arm().await.unwrap(), (1024, Some(Reason::TooManyJobs)));
        assert_eq!(desk.lay().await.unwrap(), (0, Some(Reason::TooManyJobs)));
    });
}

#[test]
fn b3_pipes_are_bounded() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        assert_eq!(desk.lay().await.unwrap(), (1024, Some(Reason::TooManyJobs)));
        assert_eq!(desk.arm().await.unwrap(), (0, Some(Reason::TooManyJobs)));
    });
}

#[test]
fn b3_dead_letters_are_bounded_and_a_subscriber_is_told_what_it_missed() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let mut lost = system.dead_letters();
        let _held = testing::hold(&desk);
        for _ in 0..12 + 5000 {
            desk.trifle().await.unwrap();
        }
        let letters: Vec<_> = std::iter::from_fn(|| lost.try_next()).collect();
        assert!(letters.len() <= 1024, "{}", letters.len());
        let missed: u64 = letters.iter().map(|letter| letter.missed).sum();
        assert_eq!(letters.len() as u64 + missed, 5000);
        assert_eq!(lost.missed(), missed);
    });
}

#[test]
fn b3_subscribers_are_bounded_and_one_too_many_gets_an_ended_stream() {
    run(async |system| {
        let listeners: Vec<_> = (0..64).map(|_| system.dead_letters()).collect();
        assert!(system.dead_letters().next().await.is_none());
        drop(listeners);
        let mut again = system.dead_letters();
        let mut next = Box::pin(StreamExt::next(&mut again));
        assert!(poll(&mut next).is_pending());
    });
}

#[test]
fn b3_a_mailbox_watched_again_and_again_has_one_watching_task() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        desk.normal().await.unwrap();
        testing::quiet(&system).await;
        let before = tasks();
        for _ in 0..100 {
            drop(desk.watch());
        }
        let _kept = desk.watch();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(tasks() <= before + 1, "{} tasks watch one mailbox", tasks() - before);
    });
}

// --- B4 ------------------------------------------------------------------------------------------------------------

#[test]
fn b4_stop_passes_a_full_mailbox_and_a_full_line() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(2);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.urgent());
        let mut line = [desk.urgent(), desk.urgent()];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        let stop = desk.stop();
        // It holds from the call on, behind nobody.
        for send in line {
            assert_eq!(send.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(desk.urgent().await.unwrap_err().reason(), Reason::Closed);
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn b4_kill_waits_behind_nothing_that_is_queued() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        desk.rest(HOUR).await.unwrap();
        testing_yield().await;
        fill(|| desk.urgent());
        let before = tokio::time::Instant::now();
        desk.kill();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(desk.ledger().of::<desk_messages::Urgent>().handled, 0);
    });
}

#[test]
fn b4_control_takes_no_slot_and_cannot_pile_up() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.normal().await.unwrap();
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        drop(desk.stop());
        testing_yield().await;
        let before = tasks();
        for _ in 0..1000 {
            drop(desk.stop());
        }
        testing_yield().await;
        assert_eq!(desk.reading().depth, 1);
        assert!(tasks() <= before + 1, "{} tasks for one stop", tasks() - before + 1);
        held.release();
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(desk.ledger().total().handled, 1);
    });
}

// --- B5 ------------------------------------------------------------------------------------------------------------

/// Declares no reserve.
struct Plain;

#[actor]
impl Plain {
    #[message]
    fn normal(&mut self) {}
}

#[test]
fn b5_the_default_reserve_is_an_eighth_rounded_up_and_leaves_a_slot() {
    run(async |system| {
        for (capacity, reserve) in [(1, 0), (2, 1), (7, 1), (8, 1), (9, 2), (16, 2), (17, 3), (256, 32)] {
            let plain: PlainHandle = system.instance(Plain).capacity(capacity).spawn().unwrap();
            let _held = testing::hold(&plain);
            let room = (0..).take_while(|_| plain.normal().try_send().is_ok()).count();
            assert_eq!(room, capacity - reserve, "of {capacity}");
        }
    });
}

#[test]
fn b5_low_and_normal_leave_the_reserve_and_high_leaves_half_of_it() {
    run(async |system| {
        for (capacity, reserve) in [(16, 4), (16, 5), (8, 1), (100, 99), (10, 0)] {
            for lane in ["low", "normal"] {
                let builder = system.instance(Desk::default()).capacity(capacity);
                let desk: DeskHandle = builder.reserve(reserve).spawn().unwrap();
                let _held = testing::hold(&desk);
                let first = match lane {
                    "low" => fill(|| desk.low()),
                    _ => fill(|| desk.normal()),
                };
                assert_eq!(first, capacity - reserve);
                assert_eq!(fill(|| desk.low()) + fill(|| desk.normal()), 0);
                assert_eq!(fill(|| desk.high()), reserve - reserve / 2);
                assert_eq!(fill(|| desk.urgent()), reserve / 2);
            }
        }
    });
}

#[test]
fn b5_a_flood_of_the_rest_never_refuses_urgent() {
    run(async |system| {
        let desk = desk(&system, 16);
        let _held = testing::hold(&desk);
        let mut line = Vec::new();
        for n in 0..40 {
            fill(|| desk.low());
            fill(|| desk.high());
            fill(|| desk.normal());
            desk.trifle().await.unwrap();
            if n < 12 {
                let mut waiter = desk.high();
                assert!(poll(&mut waiter).is_pending());
                line.push(waiter);
            }
        }
        for _ in 0..2 {
            assert_eq!(desk.urgent().await.unwrap(), Admission::Queued);
        }
        assert_eq!(fill(|| desk.urgent()), 0);
    });
}

#[test]
fn b5_a_waiter_of_a_lower_lane_never_gets_a_slot_of_the_reserve() {
    run(async |system| {
        let desk = desk(&system, 16);
        let held = testing::hold(&desk);
        fill(|| desk.normal());
        let mut waiter = desk.normal();
        assert!(poll(&mut waiter).is_pending());
        for _ in 0..4 {
            assert_eq!(desk.urgent().await.unwrap(), Admission::Queued);
            assert!(poll(&mut waiter).is_pending());
        }
        held.release();
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}

// --- B6 ------------------------------------------------------------------------------------------------------------

type Hook = Option<Arc<dyn Fn() + Send + Sync>>;

/// A value whose key and end are as unpleasant as a test wants them.
struct Noisy {
    class: usize,
    key: u32,
    value: u32,
    on_hash: Hook,
    on_eq: Hook,
    on_drop: Hook,
}

impl Noisy {
    const PRICE: usize = 0;
    const VIEW: usize = 1;
    const WORK: usize = 2;

    fn new(class: usize, key: u32, value: u32) -> Self {
        Noisy { class, key, value, on_hash: None, on_eq: None, on_drop: None }
    }
}

fn hook(hook: impl Fn() + Send + Sync + 'static) -> Hook {
    Some(Arc::new(hook))
}

fn call(hook: &Hook) {
    if let Some(hook) = hook {
        hook();
    }
}

impl Item for Noisy {
    fn class(&self) -> usize {
        self.class
    }

    fn key_hash(&self, state: &RandomState) -> u64 {
        call(&self.on_hash);
        state.hash_one(self.key)
    }

    fn same_key(&self, other: &Self) -> bool {
        call(&self.on_eq);
        call(&other.on_eq);
        self.key == other.key
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            call(&self.on_drop);
        }
    }
}

fn noisy(capacity: usize) -> (Sender<Noisy>, Receiver<Noisy>) {
    let classes = vec![
        Class::new("price", Policy::tell().keyed().overflow(&[Overflow::Conflate, Overflow::Block])),
        Class::new("view", Policy::tell().overflow(&[Overflow::DropOldest])),
        Class::new("work", Policy::tell()),
    ];
    channel(Settings::new().capacity(capacity).max_waiting(8).reserve(0), classes).unwrap()
}

/// The mailbox still does everything it should: the sign that nothing was left half-done.
fn works(tx: &Sender<Noisy>, rx: &mut Receiver<Noisy>) {
    assert!(rx.ledger().is_balanced(), "{}", rx.ledger());
    while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
    let capacity = 4;
    for n in 0..capacity {
        tx.try_send(Noisy::new(Noisy::PRICE, n, 1)).unwrap();
    }
    for n in 0..capacity {
        let admission = tx.try_send(Noisy::new(Noisy::PRICE, n, 2)).unwrap();
        assert_eq!(admission, Admission::Conflated);
    }
    let full = tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap_err();
    assert_eq!(full.reason(), Reason::Full);
    for n in 0..capacity {
        match poll(&mut rx.recv()) {
            Poll::Ready(Some(got)) => assert_eq!((got.key, got.value), (n, 2)),
            _ => panic!("a message was lost"),
        }
    }
    let ledger = rx.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!((ledger.total().queued, ledger.total().waiting), (0, 0));
}

#[test]
fn b6_a_panic_in_a_key_s_hash_gives_the_message_back_and_harms_nothing() {
    let (tx, mut rx) = noisy(4);
    let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
    bad.on_hash = hook(|| panic!("hash"));
    let refused = tx.try_send(bad).unwrap_err();
    assert_eq!(refused.reason(), Reason::Panicked);
    assert_eq!(refused.into_message().value, 9);
    assert_eq!(rx.ledger().rows()[Noisy::PRICE].panicked, 1);
    works(&tx, &mut rx);
}

#[test]
fn b6_a_panic_in_a_key_s_eq_gives_the_newcomer_back_and_leaves_the_queued_one() {
    let (tx, mut rx) = noisy(4);
    tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
    let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
    bad.on_eq = hook(|| panic!("eq"));
    let refused = tx.try_send(bad).unwrap_err();
    assert_eq!(refused.reason(), Reason::Panicked);
    assert_eq!(refused.into_message().value, 9);
    let Poll::Ready(Some(first)) = poll(&mut rx.recv()) else { panic!("the queued one is gone") };
    assert_eq!(first.value, 1);
    works(&tx, &mut rx);
}

#[test]
fn b6_a_panic_in_eq_while_a_waiter_is_let_in_harms_only_that_waiter() {
    let (tx, mut rx) = noisy(2);
    tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap();
    tx.try_send(Noisy::new(Noisy::WORK, 0, 1)).unwrap();
    let is_armed = Arc::new(AtomicUsize::new(0));
    let armed = is_armed.clone();
    let mut bad = Noisy::new(Noisy::PRICE, 7, 70);
    bad.on_eq = hook(move || assert_eq!(armed.load(Ordering::Relaxed), 0, "eq"));
    let mut first = tx.send(Noisy::new(Noisy::PRICE, 7, 60));
    let mut bad = tx.send(bad);
    let mut next = tx.send(Noisy::new(Noisy::PRICE, 8, 80));
    assert!(poll(&mut first).is_pending() && poll(&mut bad).is_pending() && poll(&mut next).is_pending());
    is_armed.store(1, Ordering::Relaxed);
    assert!(poll(&mut rx.recv()).is_ready());
    assert!(poll(&mut rx.recv()).is_ready());
    assert!(matches!(poll(&mut first), Poll::Ready(Ok(Admission::Waited))));
    match poll(&mut bad) {
        Poll::Ready(Err(refused)) => {
            assert_eq!(refused.reason(), Reason::Panicked);
            drop(refused.into_message());
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(poll(&mut next), Poll::Ready(Ok(Admission::Waited))));
    drop((first, bad, next));
    assert!(rx.ledger().is_balanced(), "{}", rx.ledger());
    let rest: Vec<_> = std::iter::from_fn(|| match poll(&mut rx.recv()) {
        Poll::Ready(got) => got.map(|got| got.value),
        Poll::Pending => None,
    })
    .collect();
    assert_eq!(rest, [60, 80]);
}

#[test]
fn b6_an_eq_that_uses_its_own_mailbox_is_told_so_and_waits_for_nobody() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
        let inner = tx.clone();
        let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
        bad.on_eq = hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        let refused = tx.try_send(bad).unwrap_err();
        assert_eq!(refused.reason(), Reason::Panicked);
        drop(refused);
        works(&tx, &mut rx);
    });
}

#[test]
fn b6_an_eq_may_use_another_mailbox() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let (other_tx, mut other_rx) = noisy(4);
        tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
        let mut talkative = Noisy::new(Noisy::PRICE, 1, 9);
        let to_other = other_tx.clone();
        talkative.on_eq = hook(move || drop(to_other.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        assert_eq!(tx.try_send(talkative).unwrap(), Admission::Conflated);
        assert_eq!(other_rx.ledger().total().offered, 1);
        works(&other_tx, &mut other_rx);
        works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_hash_may_use_its_own_mailbox_because_no_lock_is_held() {
    finishes(|| {
        let (tx, mut rx) = noisy(8);
        let inner = tx.clone();
        let mut talkative = Noisy::new(Noisy::PRICE, 1, 9);
        talkative.on_hash = hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        tx.try_send(talkative).unwrap();
        assert_eq!(rx.ledger().total().queued, 2);
        drop(tx);
        while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
        assert!(rx.ledger().is_balanced());
    });
}

#[test]
fn b6_a_drop_that_panics_or_sends_runs_after_the_update() {
    finishes(|| {
        for is_panicking in [true, false] {
            let (tx, mut rx) = noisy(4);
            let inner = tx.clone();
            let victim = move |class, key| {
                let inner = inner.clone();
                let mut victim = Noisy::new(class, key, 0);
                victim.on_drop = hook(move || {
                    assert!(!is_panicking, "drop");
                    drop(inner.try_send(Noisy::new(Noisy::VIEW, 0, 1)));
                });
                victim
            };
            // Given up by `drop_oldest`, replaced by `conflate`.
            tx.try_send(victim(Noisy::VIEW, 0)).unwrap();
            tx.try_send(victim(Noisy::PRICE, 1)).unwrap();
            tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
            for _ in 0..4 {
                tx.try_send(Noisy::new(Noisy::VIEW, 0, 2)).unwrap();
            }
            let ledger = rx.ledger();
            assert!(ledger.is_balanced(), "{ledger}");
            assert_eq!(ledger.rows()[Noisy::PRICE].conflated, 1);
            assert!(ledger.rows()[Noisy::VIEW].dropped > 0);
            works(&tx, &mut rx);
        }
    });
}

#[test]
fn b6_values_left_at_the_end_may_panic_in_drop_one_by_one() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = noisy(4);
    for n in 0..4 {
        let drops = drops.clone();
        let mut value = Noisy::new(Noisy::WORK, n, n);
        value.on_drop = hook(move || {
            drops.fetch_add(1, Ordering::Relaxed);
            panic!("drop");
        });
        tx.try_send(value).unwrap();
    }
    drop(rx);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    let closed = tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap_err();
    assert_eq!(closed.reason(), Reason::Closed);
}

/// A waker that does something when it wakes, and when it goes.
struct Alarm {
    on_wake: Hook,
    on_drop: Hook,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        call(&self.on_wake);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        call(&self.on_drop);
    }
}

fn alarm(on_wake: Hook, on_drop: Hook) -> Waker {
    Waker::from(Arc::new(Alarm { on_wake, on_drop }))
}

#[test]
fn b6_a_waker_that_panics_keeps_nobody_else_from_being_woken() {
    let (tx, mut rx) = noisy(4);
    for n in 0..4 {
        tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
    }
    let woken = Arc::new(AtomicUsize::new(0));
    let mut first = tx.send(Noisy::new(Noisy::WORK, 4, 4));
    let mut second = tx.send(Noisy::new(Noisy::WORK, 5, 5));
    let panics = alarm(hook(|| panic!("wake")), None);
    let counts = woken.clone();
    let wakes = alarm(hook(move || _ = counts.fetch_add(1, Ordering::Relaxed)), None);
    assert!(poll_with(&mut first, &panics).is_pending());
    assert!(poll_with(&mut second, &wakes).is_pending());
    rx.close();
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    for send in [&mut first, &mut second] {
        match poll(send) {
            Poll::Ready(Err(refused)) => assert_eq!(refused.reason(), Reason::Closed),
            other => panic!("{other:?}"),
        }
    }
    assert!(rx.ledger().is_balanced());
}

#[test]
fn b6_a_waker_may_use_the_mailbox_while_it_wakes() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let inner = tx.clone();
        let sends = alarm(hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))), None);
        assert!(poll_with(&mut rx.recv(), &sends).is_pending());
        tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap();
        assert_eq!(rx.ledger().total().queued, 2);
        drop(sends);
        while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
        works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_sender_s_waker_may_use_the_mailbox_when_it_is_replaced() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        for n in 0..4 {
            tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
        }
        let inner = tx.clone();
        let mut waiting = tx.send(Noisy::new(Noisy::WORK, 4, 4));
        let old = alarm(None, hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))));
        assert!(poll_with(&mut waiting, &old).is_pending());
        drop(old);
        assert!(poll(&mut waiting).is_pending());
        drop(waiting);
        works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_sender_s_waker_may_use_the_mailbox_when_its_send_is_cancelled() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        for n in 0..4 {
            tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
        }
        let inner = tx.clone();
        let mut waiting = tx.send(Noisy::new(Noisy::WORK, 4, 4));
        let old = alarm(None, hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))));
        assert!(poll_with(&mut waiting, &old).is_pending());
        drop(old);
        drop(waiting);
        works(&tx, &mut rx);
    });
}

#[test]
fn b6_the_receiver_s_waker_may_use_the_mailbox_when_it_is_replaced() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let inner = tx.clone();
        let old = alarm(None, hook(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))));
        assert!(poll_with(&mut rx.recv(), &old).is_pending());
        drop(old);
        let _ = poll(&mut rx.recv());
        works(&tx, &mut rx);
    });
}
