//! T5: paused time, and no timers while nothing happens.

use super::*;

#[test]
fn t5_hours_of_waiting_pass_at_once_in_paused_time() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let before = Instant::now();
        assert_eq!(desk.rest(5 * HOUR).timeout(6 * HOUR).await.unwrap(), 100);
        assert_eq!(before.elapsed(), 5 * HOUR);
    });
}

#[test]
fn t5_nothing_ticks_while_all_is_calm() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let (other, _) = desk_with_line(&system).await;
        let letters = system.dead_letters();
        drop(desk.watch());
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(other.question(1).await.unwrap(), 1);
        testing::quiet(&system).await;
        tokio::time::sleep(40 * SECOND).await;
        let parks = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
        let before = parks();
        tokio::time::sleep(10 * HOUR).await;
        let ticks = parks() - before;
        // tokio's timer wheel wakes a few times during a long sleep.
        assert!(ticks <= 12, "woke up {ticks} times in ten calm hours");
        drop(letters);
    });
}

/// Starts a desk that has had waiters, time-outs and expired messages.
async fn desk_with_line(system: &System) -> (DeskHandle, Inner) {
    let (desk, inner) = desk(system);
    let held = testing::hold(&desk);
    desk.brief(0).await.unwrap();
    desk.brief(1).await.unwrap();
    assert!(desk.brief(2).timeout(SECOND).await.is_err());
    assert!(desk.question(3).timeout(SECOND).await.is_err());
    advance(10 * SECOND).await;
    held.release();
    testing::quiet(system).await;
    (desk, inner)
}

#[test]
fn t5_a_policy_changed_at_start_is_kept_to_as_well() {
    run(async |system| {
        let builder = system.instance(Desk::default());
        let builder = builder.policy::<m::Lasting>(|policy| policy.ttl(SECOND));
        let builder =
            builder.policy::<m::Question>(|policy| policy.timeout(2 * SECOND).overflow(&[Overflow::Reject]));
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 2 * SECOND);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0; 0]);
    });
}
