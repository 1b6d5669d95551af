//! S2 in hard cases: the bound on waiting holds through conflation, eviction and put-backs, and
//! with short handlers, whose messages are claimed in batches.

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::prelude::*;
use actors_core::{
    policy::{Overflow, Policy, Settings},
    spawn::SpawnError,
};
use actors_tests::threads;
use std::hash::Hasher;
use std::task::{Context as TaskContext, Poll, Waker};

const TURNS_MAX: u32 = 32;
/// Higher turns after which a test gives up on a lane.
const NEVER: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    High,
    Keyed,
    Oldest(u32),
    Low(u32),
    Urgent,
}

impl Item for Work {
    fn class(&self) -> usize {
        match self {
            Work::High => 0,
            Work::Keyed => 1,
            Work::Oldest(_) => 2,
            Work::Low(_) => 3,
            Work::Urgent => 4,
        }
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        state.write_u8(1);
    }

    fn same_key(&self, _: &Self) -> bool {
        true
    }
}

fn mailbox(capacity: usize) -> (Sender<Work>, Receiver<Work>) {
    let low = Policy::tell().priority(Priority::Low);
    let classes = vec![
        Class::new("high", Policy::tell().priority(Priority::High)),
        Class::new("keyed", low.keyed().overflow(&[Overflow::Conflate])),
        Class::new("oldest", low.overflow(&[Overflow::DropOldest])),
        Class::new("low", low),
        Class::new("urgent", Policy::tell().priority(Priority::Urgent)),
    ];
    let (tx, mut rx) = channel(Settings::new().capacity(capacity).reserve(0), classes).unwrap();
    // Until the consumer knows that its turns are short.
    for _ in 0..200 {
        let burst = capacity.min(64);
        (0..burst).for_each(|_| push(&tx, Work::High));
        (0..burst).for_each(|_| _ = next(&mut rx));
    }
    (tx, rx)
}

fn push(tx: &Sender<Work>, work: Work) {
    assert!(tx.try_send(work).is_ok());
}

fn next(rx: &mut Receiver<Work>) -> Work {
    let mut cx = TaskContext::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(Some(work)) = rx.poll_recv(&mut cx) {
            return work;
        }
    }
}

/// The number of higher turns before the first work for which `is_it` is true. Calls `after` after
/// each of them.
fn waits(rx: &mut Receiver<Work>, is_it: impl Fn(Work) -> bool, mut after: impl FnMut(u32)) -> u32 {
    let mut higher = 0;
    while higher < NEVER {
        match next(rx) {
            work if is_it(work) => return higher,
            Work::High | Work::Urgent => {
                higher += 1;
                after(higher);
            }
            _ => {}
        }
    }
    higher
}

#[test]
fn s2_a_conflating_message_waits_no_longer_than_another() {
    for depth in [1, 5, 20, 100] {
        for low in [Work::Keyed, Work::Oldest(0), Work::Low(0)] {
            let (tx, mut rx) = mailbox(256);
            (0..depth).for_each(|_| push(&tx, Work::High));
            tx.try_send(low).unwrap();
            let waited = waits(&mut rx, |work| work == low, |_| push(&tx, Work::High));
            assert!(waited <= TURNS_MAX, "{low:?} waited for {waited} turns behind {depth}");
        }
    }
}

#[test]
fn s2_a_type_that_gives_up_its_oldest_goes_on_waiting() {
    let (tx, mut rx) = mailbox(8);
    tx.try_send(Work::Oldest(0)).unwrap();
    (0..7).for_each(|_| push(&tx, Work::High));
    let waited = waits(
        &mut rx,
        |work| matches!(work, Work::Oldest(_)),
        |higher| {
            let _ = tx.try_send(Work::High);
            if higher % 8 == 0 {
                tx.try_send(Work::Oldest(higher)).unwrap();
            }
        },
    );
    assert!(waited <= TURNS_MAX, "waited for {waited} turns");
}

#[test]
fn s2_a_claimed_message_that_goes_back_has_been_waiting_all_along() {
    for first in (1..40).step_by(6) {
        for second in (0..40).step_by(6) {
            let (tx, mut rx) = mailbox(4096);
            (0..200).for_each(|_| push(&tx, Work::High));
            for _ in 0..first {
                next(&mut rx);
            }
            tx.try_send(Work::Low(0)).unwrap();
            let waited = waits(
                &mut rx,
                |work| work == Work::Low(0),
                |higher| {
                    if higher == second {
                        tx.try_send(Work::Low(1)).unwrap();
                        tx.try_send(Work::Urgent).unwrap();
                    }
                },
            );
            assert!(waited <= TURNS_MAX, "waited for {waited} turns after {first} and {second}");
        }
    }
}

struct Idle;

#[actor(local)]
impl Idle {
    #[message]
    fn poke(&mut self) {}
}

#[test]
fn a_runtime_without_timers_is_refused_with_what_to_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let refused = System::new("timeless").instance(Idle).spawn::<IdleHandle>();
        assert!(matches!(refused, Err(SpawnError::NoTimers)), "{refused:?}");
        assert!(refused.unwrap_err().to_string().contains("enable_time"));
    });
}

#[test]
#[should_panic(expected = "cannot become an ask")]
fn a_tell_that_was_polled_does_not_become_an_ask() {
    actors_core::testing::run(async |system| {
        let idle = system.instance(Idle).capacity(1).spawn::<IdleHandle>().unwrap();
        let _held = actors_core::testing::hold(&idle);
        idle.poke().await.unwrap();
        let mut second = idle.poke();
        let mut cx = TaskContext::from_waker(Waker::noop());
        assert!(std::pin::Pin::new(&mut second).poll(&mut cx).is_pending());
        drop(second.ask());
    });
}

#[test]
fn f5_an_actor_that_can_be_found_can_be_talked_to() {
    let runtime = threads(2);
    runtime.block_on(async {
        let system = System::new("race");
        for round in 0..300 {
            let name = format!("idle-{round}");
            let (theirs, sought) = (system.clone(), name.clone());
            let finder = tokio::task::spawn_blocking(move || {
                loop {
                    if let Some(idle) = theirs.find::<IdleHandle>(&sought) {
                        return idle.poke().ask().timeout(std::time::Duration::from_secs(60)).blocking();
                    }
                    std::hint::spin_loop();
                }
            });
            let idle = system.instance(Idle).name(&name).detached().spawn::<IdleHandle>().unwrap();
            assert!(finder.await.unwrap().is_ok());
            idle.kill();
        }
    });
}
