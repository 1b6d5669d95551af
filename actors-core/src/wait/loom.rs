//! Every interleaving of threads whose waits close a cycle together: run by `--cfg actors_loom`,
//! see [`crate::sync`].
//!
//! | model | threads | what must hold |
//! |---|---|---|
//! | two turns ask each other | 2 | exactly one is told, and the graph is empty in the end |
//! | three turns in a ring | 3, at most 3 preemptions | at least one is refused, which frees the others |
//! | a turn asks while another one gives up | 2 | no turn is refused unless both waits stood at once |
//!
//! **What they catch.** Searching before publishing (both wait for ever); deciding without the
//! arbiter (both are told); refusing on a suspicion that is not checked again (told, although the
//! other wait had ended before this one began).

use super::{Deadlock, InLine, Live, Node, Plan, Wait, Waiter, Waits, What, WorkerSet, begin};
use crate::clock::Tick;
use crate::error::ActorName;
use loom::model::Builder;
use loom::thread;
use std::sync::Arc;
use std::task::Waker;

struct Actor {
    id: usize,
    name: ActorName,
    waits: Arc<Waits>,
}

impl Node for Actor {
    fn id(&self) -> usize {
        self.id
    }

    fn name(&self) -> &ActorName {
        &self.name
    }

    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn worker_set(&self) -> WorkerSet {
        WorkerSet { workers: vec![0], leaving: Vec::new(), may_grow: false }
    }

    fn is_killed(&self) -> bool {
        false
    }

    fn has_started(&self) -> bool {
        true
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn is_stuck_in_line(&self, _: InLine) -> Option<u64> {
        Some(0)
    }

    fn admit(self: Arc<Self>, _: InLine) -> bool {
        false
    }
}

/// An answer that never comes.
struct Never;

impl Live for Never {
    fn is_awaited(&self) -> bool {
        true
    }
}

fn actors<const N: usize>() -> [Arc<Actor>; N] {
    let waits = Arc::new(Waits::new(Deadlock::On));
    // Ids in different shards.
    std::array::from_fn(|n| {
        let name = ActorName::new(&n.to_string());
        Arc::new(Actor { id: (n + 1) * 64, name, waits: waits.clone() })
    })
}

/// The wait, unless the turn is told that it closes a cycle.
fn ask(from: &Arc<Actor>, to: &Arc<Actor>) -> Option<Wait> {
    let from = Waiter { actor: from.id, worker: 0 };
    let what = What::Answer(Arc::new(Never));
    let plan = Plan { from, to: to.clone(), what, until: Tick::NEVER, outlives_kill: false };
    begin(plan, Waker::noop()).ok()
}

fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}

#[test]
fn d1_of_two_turns_that_ask_each_other_exactly_one_is_told() {
    check(None, || {
        let [a, b] = actors();
        let (c, d) = (a.clone(), b.clone());
        let other = thread::spawn(move || ask(&d, &c));
        let own = ask(&a, &b);
        let other = other.join().unwrap();
        assert_eq!(u32::from(own.is_some()) + u32::from(other.is_some()), 1);
        drop((own, other));
        assert!(ask(&a, &b).is_some(), "nothing is left behind");
    });
}

#[test]
fn d1_of_three_turns_in_a_ring_one_is_told_at_least() {
    check(Some(2), || {
        let [a, b, c] = actors();
        let ring = [(a.clone(), b.clone()), (b, c.clone())];
        let others = ring.map(|(from, to)| thread::spawn(move || ask(&from, &to)));
        let own = ask(&c, &a);
        let waits: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).chain([own]).collect();
        let told = waits.iter().filter(|wait| wait.is_none()).count();
        assert_eq!(told, 1, "one of the ring, and then it is broken");
    });
}

#[test]
fn d1_a_wait_that_ended_before_another_one_began_refuses_nobody() {
    check(None, || {
        let [a, b] = actors();
        let first = ask(&a, &b);
        assert!(first.is_some());
        // The turn of `a` gives up, ends, and only then `b` asks.
        let (c, d) = (a.clone(), b.clone());
        let (gone, has_gone) = loom::sync::mpsc::channel();
        let other = thread::spawn(move || {
            has_gone.recv().unwrap();
            ask(&d, &c)
        });
        drop(first);
        gone.send(()).unwrap();
        // The next turn of `a` has nothing to do with it.
        assert!(other.join().unwrap().is_some());
    });
}
