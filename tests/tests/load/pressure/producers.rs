//! P11: producers are told when the fill passes a mark, before anything is refused.

use super::*;
use actors_tests::{poll, run_other_tasks};
use std::pin::pin;

#[derive(Default)]
struct Shelf {
    handled: u32,
}

#[actor(capacity = 100, reserve = 0)]
impl Shelf {
    #[message(overflow = reject)]
    fn put(&mut self) {
        self.handled += 1;
    }

    #[message(overflow = reject)]
    async fn slow(&mut self) {
        sleep(10 * MS).await;
        self.handled += 1;
    }

    #[message(overflow = reject, ttl = "100ms")]
    fn brief(&mut self) {}

    #[message]
    fn handled(&mut self) -> u32 {
        self.handled
    }
}

fn shelf(system: &System) -> ShelfHandle {
    system.spawn(Shelf::default())
}

#[test]
fn p11_the_state_changes_at_the_high_mark_and_at_the_low_one_and_not_in_between() {
    run(async |system| {
        let shelf = shelf(&system);
        let mut pressure = shelf.pressure();
        assert!(!pressure.state().is_high);
        for n in 1..=79 {
            shelf.slow().try_send().unwrap();
            assert!(!pressure.has_changed(), "{n}");
        }
        shelf.slow().try_send().unwrap();
        assert!(pressure.has_changed());
        let state = pressure.changed().await;
        assert_eq!((state.is_high, state.fill, state.level), (true, 0.8, Level::Calm));
        for _ in 81..=90 {
            shelf.slow().try_send().unwrap();
        }
        assert!(!pressure.has_changed());
        let before = Instant::now();
        let state = pressure.changed().await;
        assert!(!state.is_high && state.fill <= 0.5 && state.fill > 0.45, "{state:?}");
        assert!(before.elapsed() >= 390 * MS && before.elapsed() <= 450 * MS, "{:?}", before.elapsed());
        assert_eq!(shelf.ledger().total().refused_total(), 0);
    });
}

#[test]
fn p11_a_producer_that_waits_for_the_low_mark_is_never_refused() {
    run(async |system| {
        let shelf = shelf(&system);
        let mut pressure = shelf.pressure();
        for _ in 0..1000 {
            pressure.low().await;
            shelf.put().try_send().unwrap();
            assert!(shelf.reading().depth <= 80);
        }
        testing::quiet(&system).await;
        assert_eq!(shelf.handled().await.unwrap(), 1000);
    });
}

#[test]
fn p11_a_pool_and_messages_that_expire_pass_the_low_mark_too() {
    run(async |system| {
        let shelf: ShelfHandle = system.actor(Shelf::default).workers(4..=4).spawn().unwrap();
        let mut pressure = shelf.pressure();
        (0..80).for_each(|_| drop(shelf.put().try_send()));
        assert!(pressure.state().is_high);
        assert!(!pressure.low().await.is_high);
        testing::quiet(&system).await;
        let held = testing::hold(&shelf);
        let mut asks: Vec<_> = (0..80).map(|_| shelf.put().ask().timeout(SECOND).owned()).collect();
        asks.iter_mut().for_each(|ask| _ = actors_tests::pending(ask));
        assert!(pressure.state().is_high);
        asks.truncate(51);
        assert!(pressure.state().is_high);
        asks.truncate(50);
        assert!(!pressure.state().is_high, "the visit that withdraws a message passes the mark");
        drop(asks);
        held.release();
    });
    run(async |system| {
        let shelf = shelf(&system);
        let held = testing::hold(&shelf);
        let mut pressure = shelf.pressure();
        for _ in 0..80 {
            shelf.brief().try_send().unwrap();
        }
        sleep(SECOND).await;
        held.release();
        assert!(!pressure.low().await.is_high);
        assert_eq!(shelf.ledger().total().expired, 80);
    });
}

#[test]
fn p11_permits_fill_the_mailbox_too_and_the_marks_are_those_that_are_declared() {
    run(async |system| {
        let shelf: ShelfHandle = system
            .instance(Shelf::default())
            .capacity(10)
            .pressure(Pressure::new().high(0.4).low(0.1).respond(&[Action::Block]))
            .spawn()
            .unwrap();
        let pressure = shelf.pressure();
        let mut permits = Vec::new();
        for _ in 0..4 {
            assert!(!pressure.state().is_high);
            permits.push(shelf.reserve::<shelf_messages::Put>().await.unwrap());
        }
        assert!(pressure.state().is_high);
        permits.truncate(2);
        run_other_tasks().await;
        assert!(pressure.state().is_high, "between the marks");
        permits.truncate(1);
        assert!(!pressure.state().is_high);
    });
}

#[test]
fn p11_at_the_actor_s_end_a_waiting_producer_continues_and_learns_of_it() {
    run(async |system| {
        let shelf = shelf(&system);
        let held = testing::hold(&shelf);
        let mut pressure = shelf.pressure();
        (0..80).for_each(|_| drop(shelf.put().try_send()));
        let mut low = pin!(pressure.low());
        assert!(poll(&mut low).is_pending());
        shelf.kill();
        drop(held);
        assert!(!low.await.is_high);
        assert_eq!(shelf.put().await.unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn p11_without_a_producer_nothing_is_compared_and_the_next_one_is_told_again() {
    run(async |system| {
        let shelf = shelf(&system);
        drop(shelf.pressure());
        let held = testing::hold(&shelf);
        (0..80).for_each(|_| drop(shelf.put().try_send()));
        assert!(shelf.pressure().state().is_high);
        held.release();
        testing::quiet(&system).await;
        assert!(!shelf.pressure().state().is_high);
    });
}

#[test]
fn p11_the_level_of_the_supervisor_is_part_of_the_state() {
    run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Shed]);
        let shelf: ShelfHandle = system.instance(Shelf::default()).pressure(pressure).spawn().unwrap();
        let mut state = shelf.pressure();
        let _held = testing::hold(&shelf);
        (0..90).for_each(|_| drop(shelf.put().try_send()));
        let mut now = state.state();
        while now.level != Level::Elevated {
            now = state.changed().await;
        }
        assert!(now.is_high);
    });
}
