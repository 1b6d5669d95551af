//! Reports turns that run for too long (F3).
//!
//! ```text
//!   a turn is suspended, or a sample is requested ── no task yet? ──► the task: every 10 s all actors; no turn runs: it ends
//! ```
//!
//! Neither a message nor a turn reads a clock or starts a timer for this. One task per system looks
//! at the turns that run. It is started by the first suspension of an `async` turn and by the
//! supervisor, and ends when it finds no running turn, so an idle system has no timer. A plain `fn`
//! that hangs is found as long as the task runs for any of these.
//!
//! **Price.** A fence and a load per turn that is suspended. While turns run, a short lock of each
//! mailbox that was ever used, every ten seconds.

use super::{AnyActor, Inner, System};
use crate::clock::{self, Tick};
use crate::mailbox::RunningClass;
use crate::tasks;
use std::collections::HashMap;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::time::Duration;
use tokio::runtime;

/// The age at which a turn is reported. It is the default deadline of an ask, after which a caller
/// has given up too.
const REPORTED_AFTER: Duration = Duration::from_secs(30);
/// The time between two looks: a turn is reported when it is 30 to 40 s old.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// Actors that are looked at before other tasks get their turn: some ten microseconds.
const PER_YIELD: usize = 64;

/// Whether the task of a system runs.
#[derive(Debug, Default)]
pub(crate) struct TurnWatch {
    has_task: AtomicBool,
}

/// A turn that a look has found.
struct Seen {
    turn: RunningClass,
    /// When it was found first.
    since: Tick,
    is_reported: bool,
}

/// By actor and worker.
type SeenTurns = HashMap<(usize, u32), Seen>;

impl System {
    /// Makes sure that the turns of this system are looked at. Called when a turn is suspended for
    /// the first time, and with the first message of a supervised mailbox.
    #[inline]
    pub(crate) fn watch_turns(&self, rt: &runtime::Handle) {
        // Either the last look of a task that ends finds the caller's turn, or this finds no task.
        fence(Ordering::SeqCst);
        if !self.inner.turn_watch.has_task.load(Ordering::Relaxed) {
            self.start_turn_watch(rt);
        }
    }

    #[cold]
    fn start_turn_watch(&self, rt: &runtime::Handle) {
        if !self.inner.turn_watch.has_task.swap(true, Ordering::AcqRel) {
            let check = check(std::sync::Arc::downgrade(&self.inner));
            tasks::spawn(rt, format_args!("actors: long turns"), check);
        }
    }
}

async fn check(inner: Weak<Inner>) {
    let mut seen = SeenTurns::new();
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let Some(inner) = inner.upgrade() else { return };
        let system = System { inner };
        seen = look(&system, seen).await;
        if seen.is_empty() {
            let has_task = &system.inner.turn_watch.has_task;
            has_task.store(false, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            seen = look(&system, seen).await;
            if seen.is_empty() || has_task.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}

/// Looks at all turns that run, and reports those that are overdue. `before` is what the previous
/// look has found.
async fn look(system: &System, before: SeenTurns) -> SeenTurns {
    let (now, mut running, mut seen) = (clock::now(), Vec::new(), SeenTurns::new());
    for (at, (_, actor)) in system.registry().actors().into_iter().enumerate() {
        if at % PER_YIELD == PER_YIELD - 1 {
            tokio::task::yield_now().await;
        }
        actor.clone().running(&mut running);
        for turn in running.iter().copied() {
            let key = (actor.id(), turn.worker.into());
            let is_same = |seen: &&Seen| (seen.turn.serial, seen.turn.class) == (turn.serial, turn.class);
            let (since, was_reported) =
                before.get(&key).filter(is_same).map_or((now, false), |seen| (seen.since, seen.is_reported));
            let is_reported = was_reported || report(&actor, &turn, now.since(turn.began.unwrap_or(since)));
            seen.insert(key, Seen { turn, since, is_reported });
        }
    }
    seen
}

/// Reports a turn that is overdue. Returns whether it is.
fn report(actor: &std::sync::Arc<dyn AnyActor>, turn: &RunningClass, age: Duration) -> bool {
    let is_overdue = age >= REPORTED_AFTER;
    if is_overdue {
        actor.clone().report_overdue(turn, age);
    }
    is_overdue
}
