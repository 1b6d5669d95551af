//! At most one tick of a timer is queued.

use super::*;

#[test]
fn f7_at_most_one_tick_of_a_timer_is_queued_and_missed_ones_are_not_made_up_for() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.every(100 * MS).await.unwrap();
        run_other_tasks().await;
        clerk.hold().await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            assert!(clerk.reading().depth <= 1, "{} ticks are queued", clerk.reading().depth);
        }
        assert!(desk.seen().is_empty());
        desk.gate.open(1);
        run_other_tasks().await;
        assert_eq!(desk.seen().len(), 1, "ticks at once after 100 periods without a turn");
        tokio::time::sleep(SECOND + 50 * MS).await;
        assert!((10..=11).contains(&(desk.seen().len() - 1)), "{}", desk.seen().len());
    });
}

#[test]
fn f7_a_tick_that_waits_in_line_is_the_only_one() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.instance(desk.clerk()).capacity(2).reserve(0).spawn().unwrap();
        clerk.every(100 * MS).await.unwrap();
        run_other_tasks().await;
        clerk.hold().await.unwrap();
        run_other_tasks().await;
        clerk.strict(1).await.unwrap();
        clerk.strict(2).await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            let reading = clerk.reading();
            assert!(reading.waiting <= 1 && reading.depth == 2, "{reading:?}");
        }
        desk.gate.open(1);
        run_other_tasks().await;
        assert_eq!(desk.seen(), [1, 2, 0], "one tick after 100 periods without room");
    });
}

#[test]
fn f7_in_a_pool_at_most_one_tick_of_each_timer_is_queued() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(3..=3).spawn().unwrap();
        clerk.every(100 * MS).await.unwrap();
        clerk.every(100 * MS).await.unwrap();
        run_other_tasks().await;
        for _ in 0..3 {
            clerk.hold().await.unwrap();
        }
        run_other_tasks().await;
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            assert!(clerk.reading().depth <= 2, "{} ticks are queued", clerk.reading().depth);
        }
        desk.gate.open(3);
        run_other_tasks().await;
        assert_eq!(desk.seen().len(), 2);
    });
}

/// Starts an instance with a timer, with a turn and then a message whose turn fails. One tick comes
/// after `before` messages of other senders. The mailbox holds `capacity` messages, the failing one
/// included.
async fn tick_at_a_failure(system: &System, capacity: usize, before: usize) -> (ClerkHandle, Desk) {
    let desk = Desk::default();
    let builder = system.actor(desk.factory()).capacity(capacity).max_waiting(4).reserve(0);
    let clerk: ClerkHandle = builder.spawn().unwrap();
    clerk.every(SECOND).await.unwrap();
    run_other_tasks().await;
    clerk.hold().await.unwrap();
    run_other_tasks().await;
    clerk.fails().tell().await.unwrap();
    for _ in 0..before {
        tokio::spawn(clerk.due(9).owned());
    }
    tokio::time::sleep(2 * SECOND).await;
    let reading = clerk.reading();
    assert_eq!((reading.depth, reading.waiting), (capacity, before + 2 - capacity));
    desk.gate.open(1);
    (clerk, desk)
}

#[test]
fn f7_a_tick_that_is_queued_when_its_instance_ends_is_handled_by_the_next_one() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 2, 0).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![0], 0));
        assert_eq!(losses(&mut letters), [("Fails", Reason::Panicked)]);
    });
}

/// The failing turn begins, which lets the tick in, and ends before the timer's job is polled.
#[test]
fn f7_a_tick_that_is_let_in_by_the_turn_that_fails_counts_cancelled() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 1, 0).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![], 0));
        assert_eq!(losses(&mut letters), [("Fails", Reason::Panicked), ("Due", Reason::Cancelled)]);
        assert_eq!(due(&clerk).cancelled, 1);
    });
}

#[test]
fn f7_a_tick_that_waits_in_line_when_its_instance_ends_counts_cancelled() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 1, 1).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![9], 0));
        assert_eq!(losses(&mut letters), [("Fails", Reason::Panicked), ("Due", Reason::Cancelled)]);
        assert_eq!(due(&clerk).cancelled, 1);
    });
}
