//! B1: the capacity.

use super::*;

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
        let _line: Vec<_> = (0..5).map(|_| pending(desk.urgent())).collect();
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
        // After so many short turns, the actor claims many messages at a time.
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
        run_other_tasks().await;
        resting.await.unwrap().unwrap();
        run_other_tasks().await;
        assert_eq!(desk.ledger().of::<desk_messages::Rest>().in_service, 1);
        assert_eq!(fill(|| desk.normal()), 1);
    });
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
