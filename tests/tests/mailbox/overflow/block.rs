//! O1: `block`. The sender waits in line until there is room.

use super::*;

#[test]
fn o1_the_sender_waits_in_line_until_there_is_room() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            assert_eq!(store.blocked(n).await.unwrap(), Admission::Queued);
        }
        let mut waiting = pending(store.blocked(4));
        tokio::time::advance(23 * HOUR).await;
        // Outside of a turn a send has no default deadline.
        assert!(poll(&mut waiting).is_pending());
        held.release();
        assert_eq!(waiting.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_a_line_is_first_come_first_served() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let line: Vec<_> = (4..8).map(|n| pending(store.blocked(n))).collect();
        held.release();
        testing::quiet(&system).await;
        drop(line);
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn o1_lines_of_one_lane_are_merged_by_arrival() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        let (mut a, mut b) = (store.blocked(4), store.also_blocked(5));
        let (mut c, mut d) = (store.blocked(6), store.also_blocked(7));
        assert!(poll(&mut a).is_pending() && poll(&mut b).is_pending());
        assert!(poll(&mut c).is_pending() && poll(&mut d).is_pending());
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn o1_a_freed_slot_goes_to_the_highest_priority_that_waits() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let (mut early, mut late) = (store.blocked(4), store.pressing(5));
        assert!(poll(&mut early).is_pending() && poll(&mut late).is_pending());
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        // The first turn frees the first slot; the pressing message gets it and is next.
        assert_eq!(order, [0, 5, 1, 2, 3, 4]);
    });
}

#[test]
fn o1_no_slot_is_idle_while_a_sender_waits_for_it() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut waiting = pending(store.blocked(3));
        held.release();
        run_other_tasks().await;
        // The turn has begun, which frees its slot; the waiter takes it.
        assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(Admission::Waited))));
        assert_eq!(store.reading().depth, 4);
    });
}

#[test]
fn o1_a_withdrawn_message_s_slot_goes_to_the_line_at_once() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let asked = pending(store.reject_asked(0));
        for n in 1..4 {
            store.blocked(n).await.unwrap();
        }
        let mut waiting = pending(store.blocked(4));
        drop(asked);
        assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(Admission::Waited))));
    });
}

#[test]
fn o1_try_send_passes_no_waiter() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut line = [store.blocked(3), store.blocked(4)];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        held.release();
        run_other_tasks().await;
        // One slot became free and went to the line. No other send takes it, whatever its type.
        assert_eq!(store.blocked(9).try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(store.rejected(9).try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(store.also_blocked(9).try_send().unwrap_err().reason(), Reason::Full);
        assert!(poll(&mut line[0]).is_ready());
        assert!(poll(&mut line[1]).is_pending());
    });
}

#[test]
fn o1_a_sender_that_was_let_in_is_woken_before_a_turn_that_waits_for_it() {
    run(async |system| {
        let gate = Arc::new(Notify::new());
        struct Door {
            gate: Arc<Notify>,
        }
        #[actor(local, capacity = 8, reserve = 0)]
        impl Door {
            #[message]
            fn short(&mut self) {}

            #[message]
            async fn waits(&mut self) {
                self.gate.notified().await;
            }
        }
        let door = system.spawn(Door { gate: gate.clone() });
        // From here on the actor knows that its turns are short.
        for _ in 0..3000 {
            door.short().await.unwrap();
        }
        for short in 0..8 {
            testing::quiet(&system).await;
            let held = testing::hold(&door);
            for _ in 0..short {
                door.short().await.unwrap();
            }
            for _ in short..8 {
                door.waits().await.unwrap();
            }
            let (sender, gate) = (door.clone(), gate.clone());
            let sender = tokio::spawn(async move {
                sender.short().await.unwrap();
                for _ in short..8 {
                    gate.notify_one();
                    run_other_tasks().await;
                }
            });
            run_other_tasks().await;
            assert_eq!(door.reading().waiting, 1);
            let before = tokio::time::Instant::now();
            held.release();
            sender.await.unwrap();
            assert_eq!(before.elapsed(), Duration::ZERO);
        }
    });
}

#[test]
fn o1_a_waiter_that_goes_away_leaves_its_place_to_the_next() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let mut line: Vec<_> = (4..8).map(|n| pending(store.blocked(n))).collect();
        drop(line.remove(0));
        drop(line.remove(1));
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [0, 1, 2, 3, 5, 7]);
        assert_eq!(row::<m::Blocked>(&store).cancelled, 2);
    });
}

#[test]
fn o1_an_ask_cancelled_after_it_was_let_in_passes_its_slot_on() {
    run(async |system| {
        let log = Log::default();
        let builder = system.instance(Store { log: log.clone() });
        let builder = builder.policy::<m::RejectAsked>(|policy| policy.overflow(&[Overflow::Block]));
        let store: StoreHandle = builder.spawn().unwrap();
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut asked = store.reject_asked(3);
        let mut next = store.blocked(4);
        assert!(poll(&mut asked).is_pending() && poll(&mut next).is_pending());
        held.release();
        run_other_tasks().await;
        assert_eq!(store.reading().waiting, 1);
        // The ask has a slot, but has not been polled since.
        drop(asked);
        assert_eq!(store.reading().waiting, 0);
        assert!(matches!(poll(&mut next), Poll::Ready(Ok(Admission::Waited))));
        assert_eq!(row::<m::RejectAsked>(&store).cancelled, 1);
    });
}
