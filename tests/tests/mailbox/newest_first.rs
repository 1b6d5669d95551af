//! `order = lifo_under_pressure`: the newest first, while the mailbox has not been empty for 100
//! ms.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Record, SECOND, run};
use clinic_messages as m;
use std::time::Duration;

type Log = Record<u32>;

#[derive(Default)]
struct Clinic {
    log: Log,
}

#[actor(capacity = 64, reserve = 0)]
impl Clinic {
    #[message(order = lifo_under_pressure)]
    fn patient(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message]
    fn letter(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(order = lifo_under_pressure, ttl = "10s")]
    fn expiring(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(order = lifo_under_pressure, overflow = drop_oldest, max = 3)]
    fn few(&mut self, n: u32) {
        self.log.write(n);
    }
}

fn clinic(system: &System) -> (Log, ClinicHandle) {
    let log = Log::default();
    (log.clone(), system.spawn(Clinic { log }))
}

const INTERVAL: Duration = Duration::from_millis(100);

#[test]
fn s1_within_the_interval_the_oldest_goes_first() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        for n in 0..5 {
            clinic.patient(n).await.unwrap();
        }
        tokio::time::sleep(INTERVAL - Duration::from_millis(1)).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn s1_under_pressure_the_newest_goes_first() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        for n in 0..5 {
            clinic.patient(n).await.unwrap();
        }
        tokio::time::sleep(INTERVAL).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [4, 3, 2, 1, 0]);
    });
}

#[test]
fn s1_types_that_did_not_declare_it_keep_their_turns_and_their_order() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        for n in 0..4 {
            clinic.patient(n).await.unwrap();
            clinic.letter(100 + n).await.unwrap();
        }
        tokio::time::sleep(SECOND).await;
        held.release();
        testing::quiet(&system).await;
        // Every second turn is a letter's, as without pressure.
        assert_eq!(log.read(), [3, 100, 2, 101, 1, 102, 0, 103]);
    });
}

#[test]
fn s1_once_the_mailbox_was_empty_the_interval_begins_anew() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        for round in 0..3 {
            let held = testing::hold(&clinic);
            tokio::time::sleep(SECOND).await;
            for n in 0..3 {
                clinic.patient(10 * round + n).await.unwrap();
            }
            held.release();
            testing::quiet(&system).await;
        }
        assert_eq!(log.read(), [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    });
}

#[test]
fn t1_a_message_that_waited_too_long_is_not_handled_late() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        for n in 0..3 {
            clinic.expiring(n).await.unwrap();
        }
        tokio::time::sleep(6 * SECOND).await;
        for n in 3..5 {
            clinic.expiring(n).await.unwrap();
        }
        tokio::time::sleep(6 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [4, 3]);
        assert_eq!(clinic.ledger().of::<m::Expiring>().expired, 3);
    });
}

#[test]
fn o4_the_oldest_is_given_up_whatever_goes_first() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        for n in 0..3 {
            clinic.few(n).await.unwrap();
        }
        tokio::time::sleep(SECOND).await;
        assert_eq!(clinic.few(3).await.unwrap(), Admission::Displaced);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [3, 2, 1]);
    });
}

#[test]
fn t3_an_ask_in_the_middle_of_the_reordered_queue_can_still_be_withdrawn() {
    run(async |system| {
        let (log, clinic) = clinic(&system);
        let held = testing::hold(&clinic);
        let mut asks: Vec<_> = (0..4).map(|n| Box::pin(clinic.patient(n).ask())).collect();
        for ask in &mut asks {
            assert!(actors_tests::poll(ask).is_pending());
        }
        tokio::time::sleep(SECOND).await;
        drop(asks.remove(2));
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [3, 1, 0]);
        assert_eq!(clinic.ledger().of::<m::Patient>().cancelled, 1);
    });
}
