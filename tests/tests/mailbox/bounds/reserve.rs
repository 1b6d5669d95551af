//! B5: the slots that are reserved for higher priorities.

use super::*;

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
                let waiter = pending(desk.high());
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
        let mut waiter = pending(desk.normal());
        for _ in 0..4 {
            assert_eq!(desk.urgent().await.unwrap(), Admission::Queued);
            assert!(poll(&mut waiter).is_pending());
        }
        held.release();
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}
