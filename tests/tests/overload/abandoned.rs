//! T8: the turn of an `async fn` whose asker has gone away is dropped at its next await, where its
//! message type says `cancel = on_abandon`.

use actors_core::observe::{Meter, TurnTimes};
use actors_core::prelude::*;
use actors_core::send::Ask;
use actors_tests::{
    Gate, MS, Record, losses, on_threads, panic_quietly, paused, pending, poll, row, run, run_other_tasks,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Notes when it is dropped, and panics then if it is told to.
struct Local {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        if self.panics {
            panic_quietly("a local panics in its drop");
        }
    }
}

/// A query that a struct declares: two actors could share it.
#[derive(Debug, Message)]
#[message(reply = u32, cancel = on_abandon)]
struct Query(Gate);

#[derive(Default)]
struct Archive {
    seen: Record<&'static str>,
    drops: Arc<AtomicUsize>,
}

#[actor(local, capacity = 8)]
impl Archive {
    /// Waits at the gate twice.
    #[message(cancel = on_abandon)]
    async fn search(&mut self, gate: Gate, panics: bool) -> &'static str {
        self.seen.write("begun");
        let _local = Local { drops: self.drops.clone(), panics };
        gate.pass().await;
        self.seen.write("half");
        gate.pass().await;
        self.seen.write("done");
        "found"
    }

    /// Like `search`, without the word.
    #[message]
    async fn store(&mut self, gate: Gate) -> &'static str {
        gate.pass().await;
        self.seen.write("stored");
        "stored"
    }

    #[message(cancel = on_abandon)]
    async fn note(&mut self, gate: Gate) {
        gate.pass().await;
        self.seen.write("noted");
    }

    #[handler]
    async fn query(&mut self, query: Query) -> u32 {
        query.0.pass().await;
        self.seen.write("queried");
        7
    }

    #[message]
    fn ping(&mut self) -> u32 {
        1
    }
}

/// Starts an actor with an ask whose turn waits at the gate.
async fn searching(system: &System, panics: bool) -> (ArchiveHandle, ArchiveParts, Gate, Asked) {
    let archive = Archive::default();
    let parts = ArchiveParts { seen: archive.seen.clone(), drops: archive.drops.clone() };
    let archive = system.spawn(archive);
    let gate = Gate::default();
    let asked = pending(archive.search(gate.clone(), panics).owned());
    run_other_tasks().await;
    assert_eq!(parts.seen.read(), ["begun"]);
    (archive, parts, gate, asked)
}

struct ArchiveParts {
    seen: Record<&'static str>,
    drops: Arc<AtomicUsize>,
}

type Asked = Ask<'static, Archive, ArchiveSearch>;

#[test]
fn t8_a_turn_whose_asker_is_dropped_ends_at_its_await_and_leaves_the_state_usable() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (archive, parts, gate, asked) = searching(&system, false).await;
        drop(asked);
        run_other_tasks().await;
        assert_eq!(parts.drops.load(Ordering::SeqCst), 1, "the turn's locals are dropped");
        let search = row::<ArchiveSearch>(&archive);
        assert_eq!((search.offered, search.handled, search.cancelled, search.in_service), (1, 0, 1, 0));
        assert_eq!(losses(&mut letters), [("Search", Reason::Cancelled)]);
        // The gate opens too late, and the same instance answers.
        gate.open(2);
        assert_eq!(archive.ping().await.unwrap(), 1);
        assert_eq!(parts.seen.read(), ["begun"]);
        let other = Gate::default();
        other.open(2);
        assert_eq!(archive.search(other, false).await.unwrap(), "found");
        assert_eq!(parts.seen.read(), ["begun", "begun", "half", "done"]);
    });
}

#[test]
fn t8_a_turn_whose_asker_has_timed_out_ends_at_its_await() {
    run(async |system| {
        let archive = system.spawn(Archive::default());
        let gate = Gate::default();
        let error = archive.search(gate.clone(), false).timeout(20 * MS).await.unwrap_err();
        assert_eq!(error.reason(), Reason::TimedOut);
        // The next message does not wait for the gate.
        assert_eq!(archive.ping().await.unwrap(), 1);
        assert_eq!(row::<ArchiveSearch>(&archive).cancelled, 1);
    });
}

#[test]
fn t8_the_asker_is_asked_after_each_await() {
    run(async |system| {
        let (archive, parts, gate, asked) = searching(&system, false).await;
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(parts.seen.read(), ["begun", "half"]);
        drop(asked);
        run_other_tasks().await;
        assert_eq!(parts.drops.load(Ordering::SeqCst), 1);
        assert_eq!(row::<ArchiveSearch>(&archive).cancelled, 1);
    });
}

#[test]
fn t8_a_turn_whose_asker_waits_runs_to_its_end() {
    run(async |system| {
        let (archive, parts, gate, asked) = searching(&system, false).await;
        gate.open(2);
        assert_eq!(asked.await.unwrap(), "found");
        assert_eq!(parts.seen.read(), ["begun", "half", "done"]);
        let search = row::<ArchiveSearch>(&archive);
        assert_eq!((search.handled, search.cancelled), (1, 0));
    });
}

#[test]
fn t8_a_turn_that_no_sender_waits_for_runs_to_its_end() {
    run(async |system| {
        let archive = Archive::default();
        let seen = archive.seen.clone();
        let archive = system.spawn(archive);
        let gate = Gate::default();
        archive.search(gate.clone(), false).tell().await.unwrap();
        archive.note(gate.clone()).await.unwrap();
        run_other_tasks().await;
        gate.open(3);
        run_other_tasks().await;
        assert_eq!(seen.read(), ["begun", "half", "done", "noted"]);
        // A tell that is asked has an asker.
        let asked = pending(archive.note(gate.clone()).ask());
        run_other_tasks().await;
        drop(asked);
        assert_eq!(archive.ping().await.unwrap(), 1);
        assert_eq!(row::<ArchiveNote>(&archive).cancelled, 1);
    });
}

#[test]
fn t8_without_the_word_a_turn_runs_to_its_end() {
    run(async |system| {
        let archive = Archive::default();
        let seen = archive.seen.clone();
        let archive = system.spawn(archive);
        let gate = Gate::default();
        let asked = pending(archive.store(gate.clone()));
        run_other_tasks().await;
        drop(asked);
        run_other_tasks().await;
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(seen.read(), ["stored"]);
        assert_eq!(row::<ArchiveStore>(&archive).handled, 1);
    });
}

#[test]
fn t8_a_struct_declares_the_word_for_every_actor_that_handles_it() {
    run(async |system| {
        let archive = Archive::default();
        let seen = archive.seen.clone();
        let archive = system.spawn(archive);
        let gate = Gate::default();
        let asked = pending(archive.query(Query(gate.clone())));
        run_other_tasks().await;
        drop(asked);
        assert_eq!(archive.ping().await.unwrap(), 1);
        gate.open(2);
        assert_eq!(archive.query(Query(gate)).await.unwrap(), 7);
        assert_eq!(seen.read(), ["queried"]);
        assert_eq!(row::<Query>(&archive).cancelled, 1);
    });
}

#[test]
fn t8_a_panic_in_the_drop_of_a_cancelled_turn_is_a_panic_of_the_turn() {
    run(async |system| {
        let (archive, parts, _gate, asked) = searching(&system, true).await;
        drop(asked);
        run_other_tasks().await;
        assert_eq!(parts.drops.load(Ordering::SeqCst), 1);
        // Its state is not used again, and the actor has no factory (F1).
        assert_eq!(archive.closed().await, StopReason::Panicked);
        let search = row::<ArchiveSearch>(&archive);
        assert_eq!((search.panicked, search.cancelled), (1, 0));
    });
}

#[test]
fn t8_a_worker_of_a_pool_takes_the_next_message_when_its_turn_is_cancelled() {
    run(async |system| {
        let drops = Arc::new(AtomicUsize::new(0));
        let seen = Record::default();
        let (of_all, all_seen) = (drops.clone(), seen.clone());
        let make = move || Archive { seen: all_seen.clone(), drops: of_all.clone() };
        let archive: ArchiveHandle = system.actor(make).workers(2..=2).spawn().unwrap();
        archive.ready().await.unwrap();
        let gate = Gate::default();
        let asked: Vec<_> = (0..2).map(|_| pending(archive.search(gate.clone(), false))).collect();
        run_other_tasks().await;
        assert_eq!(seen.read(), ["begun", "begun"]);
        let mut ping = pending(archive.ping());
        drop(asked);
        run_other_tasks().await;
        assert!(poll(&mut ping).is_ready(), "both workers are free");
        assert_eq!(drops.load(Ordering::SeqCst), 2);
        assert_eq!(row::<ArchiveSearch>(&archive).cancelled, 2);
    });
}

/// An inner actor is asked by an outer one: giving up outside gives up inside.
#[derive(Default)]
struct Front {
    archive: Option<ArchiveHandle>,
}

#[actor(local)]
impl Front {
    #[message(cancel = on_abandon)]
    async fn search(&mut self, gate: Gate) -> &'static str {
        let Some(archive) = &self.archive else { return "nowhere" };
        archive.search(gate, false).await.unwrap_or("nothing")
    }
}

#[test]
fn t8_a_cancelled_turn_cancels_what_it_has_asked_for() {
    run(async |system| {
        let archive = system.spawn(Archive::default());
        let front = system.spawn(Front { archive: Some(archive.clone()) });
        let asked = pending(front.search(Gate::default()));
        run_other_tasks().await;
        drop(asked);
        run_other_tasks().await;
        assert_eq!(row::<FrontSearch>(&front).cancelled, 1);
        assert_eq!(row::<ArchiveSearch>(&archive).cancelled, 1);
    });
}

/// On threads a sender begins the turn, and the actor's task ends it (S6).
#[test]
fn t8_a_turn_that_its_sender_has_begun_is_cancelled_too() {
    on_threads(2, async |system| {
        for _ in 0..50 {
            let archive = Archive::default();
            let seen = archive.seen.clone();
            let archive = system.spawn(archive);
            let mut asked = archive.search(Gate::default(), false);
            // The first message of a fresh actor is always tried.
            assert!(futures_util::poll!(&mut asked).is_pending());
            assert_eq!(seen.read(), ["begun"]);
            drop(asked);
            assert_eq!(archive.ping().await.unwrap(), 1);
            assert_eq!(row::<ArchiveSearch>(&archive).cancelled, 1);
        }
    });
}

/// The outcomes that a meter was told.
#[derive(Clone, Debug, Default)]
struct Outcomes(Record<Option<Reason>>);

impl Meter for Outcomes {
    fn turn(&self, turn: &TurnTimes<'_>) {
        self.0.write(turn.failed);
    }
}

#[test]
fn l6_a_meter_hears_of_a_cancelled_turn() {
    paused().block_on(async {
        let outcomes = Outcomes::default();
        let system = System::builder("metered").meter(outcomes.clone(), 1).build();
        let archive = system.spawn(Archive::default());
        let asked = pending(archive.search(Gate::default(), false));
        run_other_tasks().await;
        drop(asked);
        assert_eq!(archive.ping().await.unwrap(), 1);
        assert_eq!(outcomes.0.read(), [Some(Reason::Cancelled), None]);
    });
}
