//! Actors with a store for what has no room (O8).

use super::super::Packed;
use crate::actor::handle::Handle;
use crate::env::System;
use crate::error::{Admission, Reason, StopReason};
use crate::mailbox::memory::{Memory, Mood};
use crate::mailbox::{ClassId, Row};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

#[derive(Clone)]
struct Desk {
    seen: Arc<Mutex<Vec<(u64, u64)>>>,
    gate: Arc<Semaphore>,
}

#[actors_macros::actor(crate = crate, capacity = 4, reserve = 0)]
impl Desk {
    #[message(overflow = reject)]
    fn note(&mut self, from: u64, number: u64) {
        self.seen.lock().unwrap().push((from, number));
    }

    #[message(overflow = block)]
    async fn pass(&mut self) {
        let gate = self.gate.clone();
        if let Ok(permit) = gate.acquire().await {
            permit.forget();
        }
    }
}

type Mail = Memory<Packed<Desk>>;

struct Rig {
    desk: DeskHandle,
    store: Mail,
    state: Desk,
    system: System,
}

fn rig() -> Rig {
    let state = Desk { seen: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
    let system = System::new("spill");
    let desk: DeskHandle = system.spawn(state.clone());
    let store = Memory::new(usize::MAX);
    attach(&desk, &store);
    Rig { desk, store, state, system }
}

fn attach(desk: &Handle<Desk>, store: &Mail) {
    desk.cell().visit(|section| section.attach_store(Arc::new(store.clone()), [ClassId::new(0)]));
}

impl Rig {
    /// Begins a turn that lasts until `go`, and then sends this many notes.
    async fn fill(&self, count: u64) {
        self.desk.pass().await.unwrap();
        tokio::task::yield_now().await;
        for number in 0..count {
            let what = if number < 4 { Admission::Queued } else { Admission::Spilled };
            assert_eq!(self.desk.note(0, number).try_send().unwrap(), what, "note {number}");
        }
    }

    fn go(&self) {
        self.state.gate.add_permits(1);
    }

    fn seen(&self) -> Vec<u64> {
        self.state.seen.lock().unwrap().iter().map(|(_, number)| *number).collect()
    }

    fn note(&self) -> Row {
        let ledger = self.desk.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        ledger.rows()[0]
    }
}

/// Runs a test in paused time.
fn run(test: impl Future<Output = ()>) {
    paused().block_on(test);
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn up_to(end: u64) -> Vec<u64> {
    (0..end).collect()
}

/// A tell that has no room resolves as `Spilled`; it is counted and shown while it is stored, and
/// handled in order.
#[test]
fn o8_a_sender_learns_that_its_message_is_stored() {
    run(async {
        let rig = rig();
        rig.fill(100).await;
        assert_eq!(rig.desk.note(0, 100).await.unwrap(), Admission::Spilled);
        assert_eq!((rig.note().stored, rig.desk.reading().stored), (97, 97));
        assert_eq!(rig.desk.reading().depth, 4);
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(101));
        assert_eq!((rig.note().stored, rig.note().handled, rig.desk.reading().stored), (0, 101, 0));
        assert!(rig.store.most() <= 4, "no more is fetched than there is room for");
        assert_eq!(rig.desk.note(0, 101).try_send().unwrap(), Admission::Queued);
    });
}

/// A store that does not answer delays neither the actor's turns nor messages of other types.
#[test]
fn o8_a_slow_store_delays_no_turn() {
    run(async {
        let rig = rig();
        rig.fill(10).await;
        rig.store.set_take(Mood::Slow);
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(4));
        for _ in 0..20 {
            rig.go();
            assert!(rig.desk.pass().await.is_ok());
        }
        sleep(MS).await;
        assert_eq!(rig.desk.ledger().rows()[1].handled, 21);
        assert_eq!(rig.desk.note(0, 10).try_send().unwrap(), Admission::Spilled, "it goes behind the others");
        rig.store.set_take(Mood::Well);
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(11));
    });
}

/// A store that fails or panics is asked again, and nothing is lost.
#[test]
fn o8_a_store_that_fails_is_asked_again() {
    run(async {
        for mood in [Mood::Ill, Mood::Panics] {
            let rig = rig();
            rig.fill(10).await;
            rig.store.set_take(mood);
            rig.go();
            sleep(MS * 5_000).await;
            assert_eq!(rig.seen(), up_to(4));
            assert!((5..20).contains(&rig.store.takes()), "asked {} times in 5 s", rig.store.takes());
            assert_eq!(rig.note().stored, 6);
            rig.store.set_take(Mood::Well);
            sleep(MS * 1_001).await;
            assert_eq!(rig.seen(), up_to(10));
        }
    });
}

/// What the store refuses follows the rest of the list, and its sender has the message back.
#[test]
fn o8_a_sender_gets_back_what_the_store_refuses() {
    run(async {
        let rig = rig();
        rig.store.set_mark(2);
        rig.fill(6).await;
        let refused = rig.desk.note(7, 6).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        assert_eq!(refused.into_message().from, 7);
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(6));
    });
}

/// A store that panics with a message in its hands loses it, with a dead letter.
#[test]
fn o8_a_message_that_a_store_loses_has_a_dead_letter() {
    run(async {
        let rig = rig();
        rig.fill(5).await;
        rig.store.set_put(Mood::PanicsLate);
        let letters = rig.system.dead_letters();
        assert_eq!(rig.desk.note(0, 5).await.unwrap(), Admission::Dropped);
        assert_eq!(rig.note().panicked, 1);
        let mut letters = std::pin::pin!(letters);
        let next = std::future::poll_fn(|cx| futures_core::Stream::poll_next(letters.as_mut(), cx)).await;
        assert!(next.is_some_and(|letter| letter.reason == Reason::Panicked));
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(5));
    });
}

/// A message that its sender may withdraw is not stored, and does not pass what is.
#[test]
fn o8_asks_are_not_stored() {
    run(async {
        let rig = rig();
        rig.fill(6).await;
        let refused = rig.desk.note(0, 6).ask().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        rig.store.set_take(Mood::Slow);
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.desk.reading().depth, 0);
        assert_eq!(rig.desk.note(0, 7).ask().await.unwrap_err().reason(), Reason::Full);
        rig.store.set_take(Mood::Well);
        sleep(MS).await;
        rig.desk.note(0, 8).ask().await.unwrap();
        assert_eq!(rig.seen(), [0, 1, 2, 3, 4, 5, 8]);
    });
}

/// A slot that was promised before others were stored does not let its message pass them.
#[test]
fn o8_a_permit_does_not_pass_stored_messages() {
    run(async {
        let rig = rig();
        rig.desk.pass().await.unwrap();
        tokio::task::yield_now().await;
        let permit = rig.desk.reserve::<desk_messages::Note>().await.unwrap();
        for number in 0..6 {
            assert!(rig.desk.note(0, number).try_send().is_ok());
        }
        let note = desk_messages::Note { from: 0, number: 6 };
        assert_eq!(permit.send(note).unwrap(), Admission::Spilled);
        rig.go();
        sleep(MS).await;
        assert_eq!(rig.seen(), up_to(7));
        assert_eq!(rig.desk.reading().permits, 0);
    });
}

/// `stop` handles what is stored before the actor ends, and so does the drop of the last handle.
#[test]
fn o8_stop_and_the_last_handle_s_drop_handle_what_is_stored() {
    run(async {
        for stops in [true, false] {
            let rig = rig();
            rig.fill(50).await;
            rig.go();
            let weak = rig.desk.downgrade();
            if stops {
                assert_eq!(rig.desk.stop().await.reason().unwrap(), StopReason::Stopped);
                assert_eq!((rig.note().handled, rig.note().stored), (50, 0));
            }
            let Rig { desk, state, .. } = rig;
            drop(desk);
            sleep(MS).await;
            assert!(weak.upgrade().is_none());
            assert_eq!(state.seen.lock().unwrap().len(), 50, "stops: {stops}");
        }
    });
}

/// A stop does not wait for a store that fails. What is left stays there, and counts `stored`.
#[test]
fn o8_a_stop_leaves_what_a_failing_store_has() {
    run(async {
        let rig = rig();
        rig.fill(50).await;
        rig.store.set_take(Mood::Ill);
        rig.go();
        assert_eq!(rig.desk.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!((rig.note().handled, rig.note().stored, rig.store.len()), (4, 46, 46));
    });
}

/// A kill and the end of the runtime leave in the store what is there.
#[test]
fn o8_kill_and_the_runtime_s_end_leave_what_is_stored() {
    for kills in [true, false] {
        let rt = paused();
        let rig = rt.block_on(async {
            let rig = rig();
            rig.fill(50).await;
            if kills {
                rig.desk.kill();
                assert_eq!(rig.desk.closed().await, StopReason::Killed);
            }
            rig
        });
        drop(rt);
        assert_eq!(
            (rig.note().undelivered, rig.note().stored, rig.store.len()),
            (4, 46, 46),
            "kills: {kills}"
        );
        assert_eq!(rig.desk.note(0, 50).try_send().unwrap_err().reason(), Reason::Closed);
    }
}

/// A store that never answers keeps no actor alive.
#[test]
fn o8_a_store_that_never_answers_keeps_no_actor_alive() {
    run(async {
        let rig = rig();
        rig.fill(10).await;
        rig.store.set_take(Mood::Slow);
        rig.go();
        sleep(MS).await;
        let cell = Arc::downgrade(rig.desk.cell());
        rig.desk.kill();
        rig.desk.closed().await;
        drop(rig.desk);
        sleep(MS).await;
        assert!(cell.upgrade().is_none());
    });
}

/// With senders on several threads, a store and a fetching task, order per sender holds and nothing
/// is lost.
#[test]
fn o8_order_per_sender_holds_on_several_threads() {
    const SENDERS: u64 = 4;
    const EACH: u64 = 2_000;
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    rt.block_on(async {
        let rig = rig();
        let senders: Vec<_> = (0..SENDERS)
            .map(|from| {
                let desk = rig.desk.clone();
                tokio::spawn(async move {
                    for number in 0..EACH {
                        // Awaited sends may be donated turns.
                        let sent = match number % 3 {
                            0 => desk.note(from, number).await,
                            _ => desk.note(from, number).try_send(),
                        };
                        assert!(matches!(sent, Ok(Admission::Queued | Admission::Spilled)), "{sent:?}");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(rig.desk.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!((rig.note().handled, rig.note().stored), (SENDERS * EACH, 0));
        let mut last = BTreeMap::new();
        for (from, number) in &*rig.state.seen.lock().unwrap() {
            let expected = last.insert(*from, *number).map_or(0, |last| last + 1);
            assert_eq!(*number, expected, "sender {from}");
        }
    });
}
