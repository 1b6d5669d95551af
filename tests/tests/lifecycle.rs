//! Lifetimes at their edges: handles that are asked for in vain, instances that end, shutdown's report.

use actors_core::prelude::*;
use actors_core::{Restart, testing};
use actors_tests::{HOUR, SECOND, alone, others, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

struct Lamp;

#[actor(local)]
impl Lamp {
    #[message]
    async fn wait(&mut self) {
        tokio::time::sleep(HOUR).await;
    }

    #[message]
    fn work(&mut self) -> u32 {
        7
    }
}

// --- F6 ------------------------------------------------------------------------------------------------------------

#[test]
fn f6_a_weak_handle_that_is_upgraded_in_vain_changes_nothing() {
    run(async |system| {
        let lamp: LampHandle = system.instance(Lamp).name("lamp").spawn().unwrap();
        lamp.wait().await.unwrap();
        let (weak, closed) = (lamp.downgrade(), lamp.closed());
        drop(lamp);
        // The turn runs on for an hour, and the actor with it.
        for _ in 0..4 {
            assert!(weak.upgrade().is_none());
            assert!(system.find::<LampHandle>("lamp").is_none());
        }
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn f6_an_actor_that_is_found_while_it_is_started_loses_no_handle() {
    alone("f6_an_actor_that_is_found_while_it_is_started_loses_no_handle", || {
        let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let system = rt.block_on(async { System::new("race") });
        let is_over = Arc::new(AtomicBool::new(false));
        let finders: Vec<_> = (0..2)
            .map(|_| {
                let (system, is_over) = (system.clone(), is_over.clone());
                std::thread::spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        // Found or not, the handle is given back at once.
                        drop(system.find::<LampHandle>("lamp"));
                    }
                })
            })
            .collect();
        for _ in 0..3000 {
            // The name may still be taken by the actor of the round before, which a finder held for a moment.
            let Ok(lamp) = system.instance(Lamp).name("lamp").spawn::<LampHandle>() else { continue };
            drop(lamp.clone());
            lamp.work().tell().try_send().expect("the actor is open: there is a handle");
            let closed = lamp.closed();
            drop(lamp);
            assert_eq!(rt.block_on(async { closed.await }), StopReason::Unreferenced);
        }
        is_over.store(true, Ordering::Relaxed);
        finders.into_iter().for_each(|finder| finder.join().unwrap());
    });
}

// --- O1, F2: what follows when an instance ends ------------------------------------------------------------------------

/// What instances of [`Lodger`] do at their end.
#[derive(Clone)]
struct Manner {
    rests: Duration,
    /// Whether a turn panics, or the instance stops itself.
    panics: bool,
}

struct Lodger(Manner);

#[actor(local, capacity = 4, reserve = 0)]
impl Lodger {
    #[message]
    fn step(&mut self, is_last: bool, ctx: &mut Context<Self>) {
        match (is_last, self.0.panics) {
            (false, _) => {}
            (true, false) => ctx.stop(),
            (true, true) => std::panic::resume_unwind(Box::new("a fuse")),
        }
    }

    #[message(overflow = reject)]
    fn ask(&mut self) -> u32 {
        1
    }

    #[stopped]
    async fn rest(&mut self) {
        tokio::time::sleep(self.0.rests).await;
    }
}

fn lodger(system: &System, restart: Restart, manner: Manner) -> LodgerHandle {
    system.actor(move || Lodger(manner.clone())).restart(restart).spawn().unwrap()
}

#[test]
fn o1_a_sender_that_was_let_in_is_woken_before_its_instance_ends() {
    alone("o1_a_sender_that_was_let_in_is_woken_before_its_instance_ends", || {
        // Turns that take no time at all are known to be short, and wake-ups of senders wait for more of them.
        actors_core::__private::freeze_cpu_clock();
        for panics in [false, true] {
            run(async |system| {
                let manner = Manner { rests: 20 * SECOND, panics };
                let lodger = lodger(&system, Restart::permanent(), manner);
                for _ in 0..20 {
                    let held = testing::hold(&lodger);
                    (0..4).for_each(|_| assert!(lodger.step(false).try_send().is_ok()));
                    held.release();
                    testing::quiet(&system).await;
                }
                let held = testing::hold(&lodger);
                for n in 0..4 {
                    lodger.step(n == 1).try_send().unwrap();
                }
                let sent: Vec<_> = (0..2).map(|_| tokio::spawn(lodger.step(false).owned())).collect();
                others().await;
                assert_eq!(lodger.reading().waiting, 2);
                held.release();
                let began = Instant::now();
                for sent in sent {
                    assert_eq!(sent.await.unwrap().unwrap(), Admission::Waited);
                }
                assert_eq!(began.elapsed(), Duration::ZERO, "a sender slept through the instance's end");
            });
        }
    });
}

#[test]
fn f2_a_draining_actor_in_its_pause_ends_with_the_last_message_that_is_withdrawn() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(9, 24 * HOUR).backoff(HOUR, HOUR);
        let lodger = lodger(&system, restart, Manner { rests: Duration::ZERO, panics: true });
        let held = testing::hold(&lodger);
        (0..2).for_each(|_| assert!(lodger.step(true).try_send().is_ok()));
        let asked = tokio::spawn(lodger.ask().owned());
        others().await;
        let stop = lodger.stop().within(24 * HOUR);
        held.release();
        // Both failures are over; the second one is followed by a pause of an hour, with the ask still queued.
        others().await;
        assert_eq!((lodger.ledger().total().panicked, lodger.reading().depth), (2, 1));
        asked.abort();
        let began = Instant::now();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}
