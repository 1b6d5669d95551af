//! A handle to an actor in another place: a loop-back outlet over a channel, on whose other side
//! the actor lives.

use actors_core::outlet::{Call, Handed, Handing, Outlet, Returned};
use actors_core::prelude::*;
use actors_tests::{SECOND, poll, run, run_other_tasks};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

#[derive(Default)]
struct Till {
    total: u64,
}

#[actor(capacity = 4, reserve = 0)]
impl Till {
    #[message(overflow = block)]
    fn pay(&mut self, cents: u64) {
        self.total += cents;
    }

    #[message]
    fn total(&mut self) -> u64 {
        self.total
    }

    #[message(timeout = "3s")]
    async fn slow(&mut self, seconds: u64) -> u64 {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        seconds
    }
}

type Mail = <Till as Actor>::Mail;

/// A message on the wire, and its deadline.
type Packet = (Mail, Option<Instant>);

/// Sends into a bounded channel.
struct Wire(mpsc::Sender<Packet>);

impl Outlet<Till> for Wire {
    fn send(&self, mail: Mail, call: Call) -> Handing<Till> {
        let wire = self.0.clone();
        Box::pin(async move {
            let far = || Instant::now() + Duration::from_secs(1_000_000);
            match tokio::time::timeout_at(call.deadline.unwrap_or_else(far), wire.reserve()).await {
                Ok(Ok(room)) => {
                    room.send((mail, call.deadline));
                    Ok(Admission::Queued)
                }
                Ok(Err(_)) => Err(Returned::new(mail, Reason::Closed)),
                Err(_) => Err(Returned::new(mail, Reason::TimedOut)),
            }
        })
    }

    fn try_send(&self, mail: Mail, call: Call) -> Handed<Till> {
        self.0.try_send((mail, call.deadline)).map(|()| Admission::Queued).map_err(|error| match error {
            TrySendError::Full((mail, _)) => Returned::new(mail, Reason::Full).retry_after(SECOND),
            TrySendError::Closed((mail, _)) => Returned::new(mail, Reason::Closed),
        })
    }
}

/// A handle whose actor is behind a channel of one packet; its other end.
fn remote(system: &System) -> (TillHandle, mpsc::Receiver<Packet>) {
    let (wire, packets) = mpsc::channel(1);
    (system.outlet("till", Wire(wire)).unwrap(), packets)
}

/// The other side: takes packets off the wire, and delivers them to a local actor.
fn serve(mut packets: mpsc::Receiver<Packet>, till: TillHandle) {
    tokio::spawn(async move {
        while let Some((mail, deadline)) = packets.recv().await {
            let _ = till.deliver(mail, deadline).await;
        }
    });
}

#[test]
fn the_generated_handle_tells_and_asks_through_an_outlet() {
    run(async |system| {
        let (till, packets) = remote(&system);
        serve(packets, system.spawn(Till::default()));
        for _ in 0..10 {
            assert_eq!(till.pay(5).await.unwrap(), Admission::Queued);
        }
        till.pay(5).ask().await.unwrap();
        assert_eq!(till.total().await.unwrap(), 55);
        assert_eq!(till.recipient::<till_messages::Total>().ask(till_messages::Total {}).await.unwrap(), 55);
        let found: TillHandle = system.find("till").unwrap();
        assert_eq!(found.total().await.unwrap(), 55);
        let ledger = till.ledger();
        assert!(ledger.is_balanced());
        assert_eq!((ledger.total().offered, ledger.total().handled), (14, 14));
    });
}

#[test]
fn a_full_wire_refuses_with_the_message_and_a_time_to_try_again() {
    run(async |system| {
        let (till, mut packets) = remote(&system);
        till.pay(1).try_send().unwrap();
        let refused = till.pay(2).try_send().unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after()), (Reason::Full, Some(SECOND)));
        assert_eq!(refused.into_message().cents, 2);
        let mut waiting = till.pay(3);
        assert!(poll(&mut waiting).is_pending());
        assert_eq!(till.ledger().total().in_service, 1);
        packets.recv().await.unwrap();
        assert_eq!(waiting.await.unwrap(), Admission::Queued);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.handled, total.refused(Reason::Full)), (3, 2, 1));
        assert!(total.is_balanced());
    });
}

#[test]
fn deadlines_cover_the_wire_and_the_other_side() {
    run(async |system| {
        let (till, packets) = remote(&system);
        till.pay(1).try_send().unwrap();
        // No room on the wire.
        let began = Instant::now();
        let late = till.pay(2).timeout(2 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), late.into_message().cents), (Reason::TimedOut, 2));
        assert_eq!(till.total().timeout(2 * SECOND).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(began.elapsed(), 4 * SECOND);
        serve(packets, system.spawn(Till::default()));
        run_other_tasks().await;
        // The handler takes longer than the asker waits, by its declared timeout.
        let began = Instant::now();
        assert_eq!(till.slow(10).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(began.elapsed(), 3 * SECOND);
        assert_eq!(till.slow(1).timeout(20 * SECOND).await.unwrap(), 1);
        let total = till.ledger().total();
        assert_eq!((total.refused(Reason::TimedOut), total.handled), (2, 3));
        assert!(total.is_balanced());
    });
}

#[test]
fn a_sender_that_goes_away_leaves_nothing_behind_and_an_answer_that_cannot_come_is_told() {
    run(async |system| {
        let (till, mut packets) = remote(&system);
        till.pay(1).try_send().unwrap();
        let mut waiting = till.pay(2);
        assert!(poll(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(till.ledger().total().cancelled, 1);
        packets.recv().await.unwrap();
        let mut asked = till.total();
        assert!(poll(&mut asked).is_pending());
        // The other side loses the message.
        drop(packets);
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(till.pay(3).await.unwrap_err().reason(), Reason::Closed);
        assert!(till.ledger().is_balanced());
    });
}

#[test]
fn an_outlet_that_panics_loses_its_message_and_nothing_else() {
    struct Broken;
    impl Outlet<Till> for Broken {
        fn send(&self, _: Mail, _: Call) -> Handing<Till> {
            Box::pin(async { std::panic::resume_unwind(Box::new("on purpose")) })
        }
        fn try_send(&self, _: Mail, _: Call) -> Handed<Till> {
            std::panic::resume_unwind(Box::new("on purpose"))
        }
    }
    run(async |system| {
        let till: TillHandle = system.outlet("till", Broken).unwrap();
        assert_eq!(till.pay(1).try_send().map_err(|error| error.reason()), Ok(Admission::Dropped));
        assert_eq!(till.total().await.unwrap_err().reason(), Reason::Panicked);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.panicked), (2, 2));
        assert!(total.is_balanced());
    });
}

#[test]
fn it_ends_with_a_stop_with_its_last_handle_and_with_its_system() {
    run(async |system| {
        let (till, _packets) = remote(&system);
        till.stop().await;
        assert_eq!(till.closed().await, StopReason::Stopped);
        assert_eq!(till.pay(1).try_send().unwrap_err().reason(), Reason::Closed);
        let (second, _packets) = remote(&system);
        let weak = second.downgrade();
        drop(second);
        run_other_tasks().await;
        assert!(weak.upgrade().is_none() && system.find::<TillHandle>("till").is_none());
        let (third, _packets) = remote(&system);
        third.ready().await.unwrap();
        let report = system.shutdown(SECOND).await;
        assert!(report.unfinished.is_empty() && report.killed.is_empty(), "{report}");
        assert!(third.is_closed());
    });
}

#[test]
fn a_delivery_to_a_handle_of_an_actor_elsewhere_is_refused_and_queued_nowhere() {
    run(async |system| {
        let (till, mut packets) = remote(&system);
        till.pay(7).try_send().unwrap();
        let (mail, _) = packets.recv().await.unwrap();
        let refused = till.deliver(mail, None).await.unwrap_err();
        assert!(refused.reason == Reason::Closed && refused.mail.is_some());
        let total = till.ledger().total();
        assert_eq!((total.offered, total.handled, total.refused(Reason::Closed)), (2, 1, 1));
        assert_eq!(till.reading().depth, 0);
        actors_core::testing::quiet(&system).await;
    });
}

#[test]
fn pressure_and_workers_are_those_of_the_other_side_and_a_taken_name_is_an_error() {
    struct Pool;
    #[actor(local, workers = 1..=8, pressure(target = "20ms", respond = [spawn, shed]))]
    impl Pool {
        #[message]
        fn work(&mut self) {}
    }
    struct Nowhere;
    impl Outlet<Pool> for Nowhere {
        fn send(&self, mail: <Pool as Actor>::Mail, _: Call) -> Handing<Pool> {
            Box::pin(async { Err(Returned::new(mail, Reason::Closed)) })
        }
        fn try_send(&self, mail: <Pool as Actor>::Mail, _: Call) -> Handed<Pool> {
            Err(Returned::new(mail, Reason::Closed))
        }
    }
    run(async |system| {
        let pool: PoolHandle = system.outlet("pool", Nowhere).unwrap();
        assert_eq!(pool.work().await.unwrap_err().reason(), Reason::Closed);
        let again = system.outlet::<Pool, PoolHandle>("pool", Nowhere).unwrap_err();
        assert!(again.to_string().contains("pool"), "{again}");
        assert!(!pool.is_closed() && system.find::<PoolHandle>("pool").is_some());
    });
}
