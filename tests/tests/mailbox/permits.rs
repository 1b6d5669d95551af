//! Permits: a slot first, the message later.

use actors_core::prelude::*;
use actors_core::{send::Permit, testing};
use actors_tests::{HOUR, Record, SECOND, pending, poll, run, run_other_tasks};
use std::task::Poll;
use std::time::Duration;
use yard_messages as m;

type Log = Record<u32>;

#[derive(Default)]
struct Yard {
    log: Log,
}

#[actor(capacity = 3, reserve = 0, max_waiting = 2)]
impl Yard {
    #[message]
    fn cart(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(overflow = reject)]
    fn question(&mut self, n: u32) -> u32 {
        self.log.write(n);
        n + 1
    }

    #[message(overflow = drop_oldest, max = 1)]
    fn single(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(overflow = conflate, key = key)]
    fn latest(&mut self, key: u8, n: u32) {
        let _ = key;
        self.log.write(n);
    }

    #[message(ttl = "10s")]
    fn expiring(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(priority = high)]
    fn high(&mut self, n: u32) {
        self.log.write(n);
    }
}

fn yard(system: &System) -> (Log, YardHandle) {
    let log = Log::default();
    (log.clone(), system.spawn(Yard { log }))
}

#[test]
fn b1_permits_and_messages_together_are_never_more_than_the_capacity() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        let first = yard.reserve::<m::Cart>().await.unwrap();
        let second = yard.try_reserve::<m::Question>().unwrap();
        yard.cart(1).await.unwrap();
        let reading = yard.reading();
        assert_eq!((reading.depth, reading.permits), (1, 2));
        assert_eq!(yard.question(1).tell().try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(yard.try_reserve::<m::Cart>().unwrap_err().reason(), Reason::Full);
        first.send(m::Cart { n: 2 }).unwrap();
        let reading = yard.reading();
        assert_eq!((reading.depth, reading.permits), (2, 1));
        drop(second);
        let reading = yard.reading();
        assert_eq!((reading.depth, reading.permits), (2, 0));
    });
}

#[test]
fn b1_a_reservation_takes_no_message_s_slot() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        yard.latest(1, 1).await.unwrap();
        yard.latest(2, 2).await.unwrap();
        yard.cart(3).await.unwrap();
        // For a message, its policy would drop the oldest; a reservation waits.
        let _permit = pending(yard.reserve::<m::Latest>());
        assert_eq!(yard.ledger().total().dropped, 0);
        assert_eq!(yard.reading().waiting, 1);
        assert_eq!(yard.ledger().total().waiting, 0, "nothing was offered yet");
    });
}

#[test]
fn b2_a_permit_counts_against_the_max_of_its_type() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        let permit = yard.try_reserve::<m::Single>().unwrap();
        assert_eq!(yard.try_reserve::<m::Single>().unwrap_err().reason(), Reason::Full);
        // Its type has nothing queued, so the new message is dropped.
        assert_eq!(yard.single(1).await.unwrap(), Admission::Dropped);
        permit.send(m::Single { n: 2 }).unwrap();
        assert_eq!(yard.single(3).await.unwrap(), Admission::Displaced);
    });
}

#[test]
fn o1_a_permit_that_is_not_used_goes_to_the_next_in_line() {
    run(async |system| {
        let (log, yard) = yard(&system);
        let held = testing::hold(&yard);
        let permits: Vec<_> = (0..3).map(|_| yard.try_reserve::<m::Cart>().unwrap()).collect();
        let mut waits = pending(yard.cart(1));
        let mut reserves = pending(yard.reserve::<m::Cart>());
        assert_eq!(yard.reading().waiting, 2);
        let mut permits = permits.into_iter();
        drop(permits.next());
        assert!(matches!(poll(&mut waits), Poll::Ready(Ok(Admission::Waited))));
        assert!(poll(&mut reserves).is_pending());
        drop(permits.next());
        let Poll::Ready(Ok(permit)) = poll(&mut reserves) else { panic!("it is its turn") };
        permit.send(m::Cart { n: 2 }).unwrap();
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1, 2]);
    });
}

#[test]
fn o1_no_send_passes_a_sender_that_waits_for_a_permit_of_its_type() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let held = testing::hold(&yard);
        for n in 0..3 {
            yard.cart(n).await.unwrap();
        }
        let reserves = pending(yard.reserve::<m::Question>());
        assert_eq!(yard.question(1).await.unwrap_err().reason(), Reason::Full);
        held.release();
        let permit = reserves.await.unwrap();
        assert_eq!(permit.ask(m::Question { n: 5 }).await.unwrap(), 6);
    });
}

#[test]
fn s1_order_counts_from_the_send() {
    run(async |system| {
        let (log, yard) = yard(&system);
        let held = testing::hold(&yard);
        let permit = yard.reserve::<m::Cart>().await.unwrap();
        yard.cart(1).await.unwrap();
        permit.send(m::Cart { n: 2 }).unwrap();
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1, 2]);
    });
}

#[test]
fn t1_age_counts_from_the_send() {
    run(async |system| {
        let (log, yard) = yard(&system);
        let held = testing::hold(&yard);
        let permit = yard.reserve::<m::Expiring>().await.unwrap();
        tokio::time::sleep(HOUR).await;
        permit.send(m::Expiring { n: 1 }).unwrap();
        tokio::time::sleep(9 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1]);
    });
}

#[test]
fn t2_waiting_for_a_permit_can_have_an_end() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        for n in 0..3 {
            yard.cart(n).await.unwrap();
        }
        let began = tokio::time::Instant::now();
        let late = yard.reserve::<m::Cart>().timeout(SECOND).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        assert!(late.retry_after().is_some());
        assert_eq!(began.elapsed(), SECOND);
        assert_eq!(yard.reading().waiting, 0);
    });
}

#[test]
fn t2_inside_a_turn_a_reservation_waits_no_longer_than_its_caller() {
    struct Porter {
        yard: YardHandle,
    }
    #[actor(local)]
    impl Porter {
        #[message]
        async fn carry(&mut self) -> Option<Reason> {
            self.yard.reserve::<m::Cart>().await.err().map(|error| error.reason())
        }
    }
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        for n in 0..3 {
            yard.cart(n).await.unwrap();
        }
        let porter = system.spawn(Porter { yard: yard.clone() });
        let began = tokio::time::Instant::now();
        let _ = porter.carry().timeout(2 * SECOND).await;
        run_other_tasks().await;
        assert_eq!(yard.reading().waiting, 0);
        assert!(began.elapsed() <= 2 * SECOND + Duration::from_millis(2));
    });
}

#[test]
fn b3_the_line_for_permits_is_bounded_too() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let _held = testing::hold(&yard);
        for n in 0..3 {
            yard.cart(n).await.unwrap();
        }
        let mut waits = [yard.reserve::<m::Cart>(), yard.reserve::<m::Cart>()];
        assert!(waits.iter_mut().all(|wait| poll(wait).is_pending()));
        assert_eq!(yard.reserve::<m::Cart>().await.unwrap_err().reason(), Reason::Full);
        assert_eq!(yard.cart(9).await.unwrap_err().reason(), Reason::Full);
        drop(waits);
        assert_eq!(yard.reading().waiting, 0);
    });
}

#[test]
fn a_reservation_that_is_dropped_leaves_nothing_behind() {
    run(async |system| {
        let (_, yard) = yard(&system);
        let held = testing::hold(&yard);
        let permits: Vec<_> = (0..3).map(|_| yard.try_reserve::<m::Cart>().unwrap()).collect();
        // Dropped in line, and after it got a slot that it has not seen yet.
        let waits = pending(yard.reserve::<m::Cart>());
        let given = pending(yard.reserve::<m::Cart>());
        drop(waits);
        assert_eq!(yard.reading().waiting, 1);
        drop(permits);
        assert_eq!(yard.reading().permits, 1);
        drop(given);
        let reading = yard.reading();
        assert_eq!((reading.permits, reading.waiting, reading.depth), (0, 0, 0));
        // An ask with a permit that is never polled returns the permit.
        drop(yard.try_reserve::<m::Question>().unwrap().ask(m::Question { n: 1 }));
        assert_eq!(yard.reading().permits, 0);
        drop(held);
        for n in 0..3 {
            yard.cart(n).try_send().unwrap();
        }
    });
}

#[test]
fn f4_stop_and_kill_revoke_permits() {
    run(async |system| {
        for kill in [false, true] {
            let (log, yard) = yard(&system);
            let held = testing::hold(&yard);
            let permit = yard.reserve::<m::Cart>().await.unwrap();
            let asks = yard.reserve::<m::Question>().await.unwrap();
            yard.cart(1).await.unwrap();
            let mut waits = pending(yard.reserve::<m::Cart>());
            match kill {
                true => yard.kill(),
                false => drop(yard.stop()),
            }
            assert_eq!(yard.reading().permits, 0);
            let Poll::Ready(Err(closed)) = poll(&mut waits) else { panic!("it is told") };
            assert_eq!(closed.reason(), Reason::Closed);
            let closed = permit.send(m::Cart { n: 2 }).unwrap_err();
            assert_eq!((closed.reason(), closed.into_message().n), (Reason::Closed, 2));
            assert_eq!(asks.ask(m::Question { n: 3 }).await.unwrap_err().reason(), Reason::Closed);
            drop(held);
            yard.closed().await;
            assert_eq!(log.read().len(), usize::from(!kill));
            assert!(yard.ledger().is_balanced());
        }
    });
}

#[test]
fn f6_a_permit_keeps_its_actor_alive() {
    run(async |system| {
        let (log, yard) = yard(&system);
        let permit: Permit<Yard, m::Cart> = yard.reserve().await.unwrap();
        let weak = yard.downgrade();
        drop(yard);
        run_other_tasks().await;
        assert!(weak.upgrade().is_some());
        permit.send(m::Cart { n: 1 }).unwrap();
        run_other_tasks().await;
        assert!(weak.upgrade().is_none());
        assert_eq!(log.read(), [1]);
    });
}

#[test]
fn o7_a_message_that_needs_no_slot_gives_its_permit_back() {
    run(async |system| {
        let (log, yard) = yard(&system);
        let held = testing::hold(&yard);
        yard.latest(1, 1).await.unwrap();
        let permit = yard.reserve::<m::Latest>().await.unwrap();
        yard.cart(2).await.unwrap();
        let mut waits = pending(yard.cart(3));
        assert_eq!(permit.send(m::Latest { key: 1, n: 4 }).unwrap(), Admission::Conflated);
        assert!(matches!(poll(&mut waits), Poll::Ready(Ok(Admission::Waited))));
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [4, 2, 3]);
    });
}

#[test]
fn b5_a_permit_s_slot_is_certain_whatever_has_come_since() {
    run(async |system| {
        let yard: YardHandle = system.instance(Yard::default()).capacity(4).reserve(2).spawn().unwrap();
        let _held = testing::hold(&yard);
        let permit = yard.reserve::<m::Cart>().await.unwrap();
        yard.cart(1).await.unwrap();
        // `low` and `normal` have all that they may; `high` takes its part of the reserve.
        yard.high(2).await.unwrap();
        assert_eq!(yard.high(3).try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(permit.send(m::Cart { n: 4 }).unwrap(), Admission::Queued);
        assert_eq!(yard.reading().depth, 3);
    });
}

#[test]
fn b2_a_permit_promises_a_slot_and_no_bytes() {
    struct Cellar;
    #[actor(local, capacity = 4, reserve = 0, max_bytes = 10)]
    impl Cellar {
        #[message(weight = litres)]
        fn barrel(&mut self, litres: u64) {
            let _ = litres;
        }
    }
    run(async |system| {
        let cellar = system.spawn(Cellar);
        let _held = testing::hold(&cellar);
        let permit = cellar.reserve::<CellarBarrel>().await.unwrap();
        cellar.barrel(8).await.unwrap();
        let refused = permit.send(CellarBarrel { litres: 3 }).unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after().is_some()), (Reason::Full, true));
        assert_eq!(cellar.reading().permits, 0, "another message has its slot now");
    });
}
