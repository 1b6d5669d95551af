//! A handle to an actor in another place: a loop-back outlet over a channel, on whose other side
//! the actor lives.

use actors_core::outlet::{Call, Handed, Handing, Outlet, Returned};
use actors_core::prelude::*;
use actors_tests::{HOUR, SECOND, letters, losses, paused, poll, run, run_other_tasks};
use std::sync::{Arc, OnceLock};
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

    /// Asks a porter. Returns why that failed.
    #[message]
    async fn call(&mut self, porter: PorterHandle) -> Option<Reason> {
        porter.idle().ask().await.err().map(|error| error.reason())
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

/// A panic of the outlet loses the message as `panicked`, with the panic's text in the letter.
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
        let mut lost = system.dead_letters();
        assert_eq!(till.pay(1).try_send().map_err(|error| error.reason()), Ok(Admission::Dropped));
        assert_eq!(till.total().await.unwrap_err().reason(), Reason::Panicked);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.panicked), (2, 2));
        assert!(total.is_balanced());
        let lost: Vec<_> = letters(&mut lost).into_iter().map(|letter| letter.payload.unwrap()).collect();
        assert_eq!(lost, ["on purpose", "on purpose"]);
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

/// Holds every message for ever, and a token with it.
struct Stuck(Arc<()>);

impl Outlet<Till> for Stuck {
    fn send(&self, mail: Mail, _: Call) -> Handing<Till> {
        let token = self.0.clone();
        Box::pin(async move {
            let _held = (mail, token);
            std::future::pending().await
        })
    }

    fn try_send(&self, mail: Mail, _: Call) -> Handed<Till> {
        Err(Returned::new(mail, Reason::Full))
    }
}

/// A stop closes the handle at the call, and ends the actor once the outlet has decided about every
/// message that it holds: the system's sum has none in service.
#[test]
fn f4_a_stop_waits_for_the_messages_that_the_outlet_holds() {
    run(async |system| {
        let (till, mut packets) = remote(&system);
        till.pay(1).try_send().unwrap();
        let waiting = [2, 3].map(|cents| tokio::spawn(till.pay(cents).owned()));
        run_other_tasks().await;
        let stop = till.stop();
        run_other_tasks().await;
        assert!(!till.is_closed());
        assert_eq!(till.pay(4).await.unwrap_err().reason(), Reason::Closed);
        packets.recv().await.unwrap();
        run_other_tasks().await;
        assert!(!till.is_closed() && till.ledger().total().in_service == 1);
        packets.recv().await.unwrap();
        for sent in waiting {
            assert_eq!(sent.await.unwrap().unwrap(), Admission::Queued);
        }
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        let total = system.shutdown(SECOND).await.total;
        assert_eq!((total.offered, total.handled, total.in_service), (4, 3, 0));
        assert!(total.is_balanced());
    });
}

/// A send that goes away with the last handle ends the actor, and counts `cancelled` in the sum.
#[test]
fn f6_a_send_that_is_dropped_with_the_last_handle_is_not_in_service_for_ever() {
    run(async |system| {
        let till: TillHandle = system.outlet("till", Stuck(Arc::default())).unwrap();
        let mut waiting = till.pay(2).owned();
        assert!(poll(&mut waiting).is_pending());
        drop(till);
        drop(waiting);
        assert!(system.find::<TillHandle>("till").is_none());
        let total = system.shutdown(SECOND).await.total;
        assert_eq!((total.offered, total.cancelled, total.in_service), (1, 1, 0));
    });
}

/// A kill ends the actor at once. What the outlet holds is lost as `closed`, its senders are told,
/// and its futures are dropped; what it has taken over is still answered.
#[test]
fn f4_a_kill_loses_what_the_outlet_holds_and_tells_the_senders() {
    run(async |system| {
        let token = Arc::new(());
        let till: TillHandle = system.outlet("till", Stuck(token.clone())).unwrap();
        let mut lost = system.dead_letters();
        let told = tokio::spawn(till.pay(1).owned());
        let asked = tokio::spawn(till.total().owned());
        run_other_tasks().await;
        assert_eq!(Arc::strong_count(&token), 4);
        let begun = Instant::now();
        let _stop = till.stop();
        till.kill();
        assert_eq!(till.closed().await, StopReason::Killed);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.undelivered, total.in_service), (2, 2, 0));
        assert_eq!(losses(&mut lost), [("Pay", Reason::Closed), ("Total", Reason::Closed)]);
        assert_eq!(told.await.unwrap().unwrap(), Admission::Dropped);
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!((error.reason(), error.stop_reason()), (Reason::Closed, Some(StopReason::Killed)));
        assert_eq!((begun.elapsed(), Arc::strong_count(&token)), (Duration::ZERO, 1));
        assert_eq!(till.ledger().total().undelivered, 2);
        let sum = system.shutdown(SECOND).await.total;
        assert_eq!((sum.undelivered, sum.in_service), (2, 0));
    });
}

/// A stop kills an actor whose outlet does not decide within the stop's limit.
#[test]
fn f4_a_stop_gives_up_on_an_outlet_that_does_not_decide() {
    run(async |system| {
        let till: TillHandle = system.outlet("till", Stuck(Arc::default())).unwrap();
        let asked = tokio::spawn(till.total().owned());
        run_other_tasks().await;
        let begun = Instant::now();
        assert_eq!(till.stop().within(2 * SECOND).await.reason().unwrap(), StopReason::Killed);
        assert_eq!(asked.await.unwrap().unwrap_err().reason(), Reason::Closed);
        assert_eq!(begun.elapsed(), 2 * SECOND);
    });
}

/// A kill while the outlet decides counts the message once, as lost, whatever the outlet says then.
#[test]
fn f5_a_message_whose_outlet_kills_the_actor_has_one_outcome() {
    /// Kills its own actor, then takes a message over or gives it back.
    struct Killer(Arc<OnceLock<WeakHandle<Till>>>);
    impl Killer {
        fn decide(&self, mail: Mail) -> Handed<Till> {
            self.0.get().and_then(WeakHandle::upgrade).unwrap().kill();
            match mail {
                Mail::Pay(_) => Ok(Admission::Queued),
                mail => Err(Returned::new(mail, Reason::Full)),
            }
        }
    }
    impl Outlet<Till> for Killer {
        fn send(&self, mail: Mail, _: Call) -> Handing<Till> {
            let decided = self.decide(mail);
            Box::pin(async { decided })
        }
        fn try_send(&self, mail: Mail, _: Call) -> Handed<Till> {
            self.decide(mail)
        }
    }
    run(async |system| {
        for round in 0..4 {
            let own = Arc::default();
            let till: TillHandle = system.outlet("till", Killer(Arc::clone(&own))).unwrap();
            own.set(till.downgrade()).unwrap();
            match round {
                0 => assert_eq!(till.pay(1).try_send().unwrap(), Admission::Dropped),
                1 => assert_eq!(till.pay(1).await.unwrap(), Admission::Dropped),
                2 => assert_eq!(till.total().tell().try_send().unwrap_err().reason(), Reason::Closed),
                _ => assert_eq!(till.total().await.unwrap_err().reason(), Reason::Closed),
            }
            let total = till.ledger().total();
            assert_eq!((total.offered, total.undelivered, total.in_service), (1, 1, 0), "{round}");
            assert!(till.is_closed() && total.is_balanced());
        }
    });
}

/// The end of the runtime ends the actor with that reason, and tells the senders that wait.
#[test]
fn l3_an_actor_elsewhere_ends_with_its_runtime_and_says_so() {
    let (here, there) = (paused(), paused());
    let system = there.block_on(async { System::new("doomed") });
    let till: TillHandle = there.block_on(async { system.outlet("till", Stuck(Arc::default())) }).unwrap();
    let (mut told, mut asked) = (till.pay(1), till.total());
    assert!(poll(&mut told).is_pending() && poll(&mut asked).is_pending());
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(till.closed().await, StopReason::RuntimeGone);
            assert_eq!(told.await.unwrap(), Admission::Dropped);
            let error = asked.await.unwrap_err();
            assert_eq!(error.stop_reason(), Some(StopReason::RuntimeGone));
            assert_eq!(till.pay(2).try_send().unwrap_err().reason(), Reason::Closed);
        };
        tokio::time::timeout(HOUR, all).await.expect("a call waits for ever");
    });
    let total = till.ledger().total();
    assert_eq!((total.undelivered, total.in_service), (2, 0));
    assert!(total.is_balanced());
}

/// The outlet is dropped with the actor's end, also where a handle is kept.
#[test]
fn f6_an_outlet_is_dropped_with_the_actor_s_end() {
    run(async |system| {
        let token = Arc::new(());
        let till: TillHandle = system.outlet("till", Stuck(token.clone())).unwrap();
        assert_eq!(Arc::strong_count(&token), 2);
        till.stop().await;
        assert_eq!(Arc::strong_count(&token), 1);
        assert_eq!(till.total().await.unwrap_err().reason(), Reason::Closed);
    });
}

/// An outlet that gives nothing back has lost the value: the message counts `dropped`.
#[test]
fn a_value_that_the_outlet_has_lost_counts_as_dropped() {
    struct Sieve;
    impl Outlet<Till> for Sieve {
        fn send(&self, mail: Mail, call: Call) -> Handing<Till> {
            let handed = self.try_send(mail, call);
            Box::pin(async { handed })
        }
        fn try_send(&self, mail: Mail, _: Call) -> Handed<Till> {
            let mut returned = Returned::new(mail, Reason::Full);
            returned.mail = None;
            Err(returned)
        }
    }
    run(async |system| {
        let till: TillHandle = system.outlet("till", Sieve).unwrap();
        let mut lost = system.dead_letters();
        assert_eq!(till.pay(1).try_send().unwrap(), Admission::Dropped);
        assert_eq!(till.total().await.unwrap_err().reason(), Reason::Full);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.dropped, total.refused(Reason::Full)), (2, 2, 0));
        assert!(total.is_balanced());
        assert_eq!(losses(&mut lost), [("Pay", Reason::Dropped), ("Total", Reason::Dropped)]);
    });
}

/// Fills a local mailbox, whose actor is held.
async fn full_till(system: &System) -> (TillHandle, actors_core::testing::Held<Till>) {
    let till: TillHandle = system.spawn(Till::default());
    let held = actors_core::testing::hold(&till);
    for _ in 0..4 {
        till.pay(1).try_send().unwrap();
    }
    (till, held)
}

/// A delivery that waits in line gives its message back at its deadline, to the millisecond.
#[test]
fn t2_a_delivery_in_line_keeps_its_deadline() {
    run(async |system| {
        let (outside, mut packets) = remote(&system);
        outside.pay(7).try_send().unwrap();
        let (mail, _) = packets.recv().await.unwrap();
        let (till, held) = full_till(&system).await;
        let begun = Instant::now();
        let late = till.deliver(mail, Some(begun + 2 * SECOND)).await.unwrap_err();
        assert_eq!((late.reason, begun.elapsed()), (Reason::TimedOut, 2 * SECOND));
        assert!(matches!(late.mail, Some(Mail::Pay(_))));
        let total = till.ledger().total();
        assert_eq!((total.refused(Reason::TimedOut), total.waiting, total.queued), (1, 0, 4));
        // Within its deadline it is let in.
        let waiting = till.deliver(late.mail.unwrap(), Some(begun + HOUR));
        let waiting = tokio::spawn(waiting);
        run_other_tasks().await;
        held.release();
        assert!(matches!(waiting.await.unwrap(), Ok(Admission::Waited)));
        actors_core::testing::quiet(&system).await;
        assert!(till.ledger().is_balanced() && till.ledger().total().handled == 5);
    });
}

/// A delivery that waits in line is lost when its type's ttl is over.
#[test]
fn t1_a_delivery_in_line_expires_with_its_ttl() {
    run(async |system| {
        let (outside, mut packets) = remote(&system);
        outside.pay(7).try_send().unwrap();
        let (mail, _) = packets.recv().await.unwrap();
        let (till, _held) = full_till(&system).await;
        till.adjust::<till_messages::Pay>(|policy| policy.ttl(3 * SECOND)).unwrap();
        let begun = Instant::now();
        let late = till.deliver(mail, Some(begun + 10 * SECOND)).await.unwrap_err();
        assert_eq!((late.reason, begun.elapsed()), (Reason::Expired, 3 * SECOND));
        assert!(till.ledger().is_balanced());
    });
}

/// A delivery that goes away in line tells the asker on the other side, and has a dead letter.
#[test]
fn f5_a_delivery_that_is_dropped_in_line_tells_the_asker() {
    run(async |system| {
        let (outside, mut packets) = remote(&system);
        for is_closed in [false, true] {
            let asked = tokio::spawn(outside.total().owned());
            let (mail, _) = packets.recv().await.unwrap();
            let (till, _held) = full_till(&system).await;
            till.adjust::<till_messages::Total>(|policy| {
                policy.overflow(&[actors_core::policy::Overflow::Block])
            })
            .unwrap();
            let mut lost = system.dead_letters();
            let mut waiting = till.deliver(mail, None);
            assert!(poll(&mut waiting).is_pending());
            if is_closed {
                // It is refused, and does not know yet.
                till.stop();
            }
            drop(waiting);
            let reason = if is_closed { Reason::Closed } else { Reason::Cancelled };
            assert_eq!(losses(&mut lost), [("Total", reason)]);
            assert_eq!(asked.await.unwrap().unwrap_err().reason(), reason);
            assert!(till.ledger().is_balanced());
        }
    });
}

/// Brings messages to actors inside its turns.
struct Porter;

#[actor(local)]
impl Porter {
    /// Returns why the delivery failed, and how long it took.
    #[message(timeout = "5s")]
    async fn bring(&mut self, to: Handle<Till>, mail: Mail) -> (Option<Reason>, Duration) {
        let begun = Instant::now();
        let failed = to.deliver(mail, None).await.err();
        (failed.map(|returned| returned.reason), begun.elapsed())
    }

    /// Like `bring`, a second later.
    #[message]
    async fn bring_later(&mut self, to: Handle<Till>, mail: Mail) -> (Option<Reason>, Duration) {
        tokio::time::sleep(SECOND).await;
        self.bring(to, mail).await
    }

    #[message]
    fn idle(&mut self) {}
}

/// A delivery inside a turn waits no longer than that turn's caller.
#[test]
fn t2_a_delivery_inside_a_turn_inherits_the_turn_s_deadline() {
    run(async |system| {
        let (outside, mut packets) = remote(&system);
        outside.pay(7).try_send().unwrap();
        let (mail, _) = packets.recv().await.unwrap();
        let (till, _held) = full_till(&system).await;
        let porter: PorterHandle = system.spawn(Porter);
        let brought = tokio::spawn(porter.bring(Handle::clone(&till), mail).owned());
        assert_eq!(brought.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        run_other_tasks().await;
        assert_eq!(till.ledger().total().refused(Reason::TimedOut), 1);
        assert_eq!(till.reading().waiting, 0);
    });
}

/// A delivery inside a turn is a wait of that turn: one that closes a cycle has its message back at
/// once.
#[test]
fn d1_a_delivery_inside_a_turn_that_closes_a_cycle_is_told() {
    run(async |system| {
        let (outside, mut packets) = remote(&system);
        outside.pay(7).try_send().unwrap();
        let (mail, _) = packets.recv().await.unwrap();
        let (till, porter): (TillHandle, PorterHandle) =
            (system.spawn(Till::default()), system.spawn(Porter));
        let brought = tokio::spawn(porter.bring_later(Handle::clone(&till), mail).owned());
        run_other_tasks().await;
        let called = tokio::spawn(till.call(porter.clone()).owned());
        run_other_tasks().await;
        for _ in 0..4 {
            till.pay(1).try_send().unwrap();
        }
        assert_eq!(brought.await.unwrap().unwrap(), (Some(Reason::WouldDeadlock), Duration::ZERO));
        assert_eq!(called.await.unwrap().unwrap(), None);
        assert_eq!(till.ledger().total().refused(Reason::WouldDeadlock), 1);
        actors_core::testing::quiet(&system).await;
        assert!(till.ledger().is_balanced());
    });
}
