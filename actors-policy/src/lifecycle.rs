//! The life of one worker of an actor as a pure state machine (F1, F2, F8). It is what the worker's
//! task in `actors-core` executes: nothing else decides what follows an event.
//!
//! ```text
//!              ┌─────────────────────── Elapsed ───────────────────────┐
//!              ▼                                                       │
//!   ──► Starting ── Started ──► Running ── Stop ──► Draining           │
//!          │                      │                    │               │
//!          ├────── Failed ────────┼────────────────────┤               │
//!          ▼                      │ SiblingFailed      │               │
//!      Renewing ── Judged(After) ─┴──► Replacing ── Disposed ──► BackingOff until t
//!          │                                           │               │
//!          └─ Judged(no more), Drained, Kill           │ Drained       │ Drained, Retire, Kill
//!                     ▼                                ▼               ▼
//!                   Ending ◄───── Kill, Retire ────────┘             Ended
//!                     └── Disposed ──► Ended
//! ```
//!
//! An *instance* ends with its failure. The *worker* continues with another instance while its
//! restarts last, and the queue stays. [`Lifecycle::on`] takes an event and the time, and returns
//! the next life together with the [`Actions`] to execute, in order. Most actions lead to the next
//! event: see [`Action`]. The machine decides nothing about restarts: [`Action::Judge`] asks the
//! caller for the verdict of [`Failures`](crate::Failures), which comes back as [`Event::Judged`].
//!
//! It does not close admission either. Stops and kills close it where they are called; the worker
//! learns of them as events.
//!
//! Invariants, tested over all reachable lives and events:
//! 1. `Ended` is final and causes no action.
//! 2. A life that was told to stop stays told, also after a restart.
//! 3. Only a judged failure, or the failure of a sibling, leads to another instance.
//! 4. Every way to `Ended` executes exactly one [`Action::Finish`].
//! 5. The last of the actions leads to the next event, except after `Ended`: a worker that executes
//!    them never waits for nothing.
//!
//! Price: a life is 32 bytes and `Copy`; no allocation. It is consulted when an instance starts,
//! fails or ends, never per message.

use crate::{Revival, StopReason, Tick};
use std::time::Duration;

/// The life of a worker: how far it has come, and whether it was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// How far it has come.
    pub state: State,
    /// Why it was told to stop, if it was. It outlives restarts: a draining worker whose instance
    /// fails continues to drain.
    pub stopping: Option<StopReason>,
}

/// How far a life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// An instance is being made, or its `#[started]` runs.
    Starting,
    /// The instance handles messages.
    Running,
    /// The instance handles what is queued; nothing is admitted.
    Draining,
    /// The instance has failed in this way; the verdict on its restart follows.
    Renewing(StopReason),
    /// The instance is being disposed of. Another one follows after this delay.
    Replacing(Duration),
    /// There is no instance; the next one is made at this time.
    BackingOff(Tick),
    /// The instance is being disposed of, and no other one follows.
    Ending(StopReason),
    /// The worker has ended.
    Ended(StopReason),
}

/// Something that happened to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The worker's task began, with an instance or without.
    Begun {
        /// Whether there is an instance. A worker that joins a pool later has none.
        has_instance: bool,
    },
    /// `#[started]` succeeded, or the actor has none.
    Started,
    /// The instance failed: a panic, a failed start, a child that failed too often, or `stop`
    /// inside a `permanent` instance.
    Failed(StopReason),
    /// The verdict that [`Action::Judge`] asked for.
    Judged(Revival),
    /// A sibling failed, and the parent's strategy renews this instance too. It is not a failure of
    /// its own.
    SiblingFailed,
    /// The time of [`State::BackingOff`] has come.
    Elapsed,
    /// Admission was closed: the worker drains. The first reason counts.
    Stop(StopReason),
    /// Admission is closed, and nothing is queued any more.
    Drained,
    /// The worker is told to end without further turns.
    Kill(StopReason),
    /// The pool has a worker too many, and this idle one has left it.
    Retire,
    /// The instance was disposed of.
    Disposed,
    /// The worker's task was dropped, because its runtime has ended.
    Abandoned,
}

/// Something to execute.
///
/// | the action | leads to |
/// |---|---|
/// | `MakeInstance` | nothing; or to `Failed`, `Drained` or `Kill`, and the actions after it are left out |
/// | `Start` | `Started`, `Failed` or `Kill` |
/// | `Serve` | `Failed`, `SiblingFailed`, `Drained`, `Kill` or `Retire` |
/// | `Judge` | `Judged`, `Drained` or `Kill` |
/// | `Dispose` | `Disposed` |
/// | `Wake` | `Elapsed`, `Stop`, `Drained`, `Kill` or `Retire` |
/// | any other | nothing |
///
/// Before any of these events the worker may find that admission was closed: then [`Event::Stop`]
/// comes first, and its own actions are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the factory for an instance.
    MakeInstance,
    /// Run `#[started]`, if the actor has it.
    Start,
    /// Run turns until the instance takes no more.
    Serve,
    /// Return claimed messages whose turn has not begun to the front of their lanes.
    GiveBack,
    /// Ask for the verdict on this failure, and report it.
    Judge(StopReason),
    /// End all workers of the actor, because it failed for good.
    GiveUp(StopReason),
    /// Take no more messages. Unless other workers continue, what is queued is lost.
    Close(StopReason),
    /// Run `#[stopped]` with this reason, and drop the instance.
    Dispose(StopReason),
    /// Drop the instance, without its hooks.
    Discard,
    /// Wait until this time.
    Wake(Tick),
    /// Record the end of the worker.
    Finish(StopReason),
}

/// Up to three actions, in the order in which they are executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions([Option<Action>; Actions::MOST]);

impl Actions {
    /// The longest list: give up, close, dispose.
    const MOST: usize = 3;

    fn of(list: &[Action]) -> Actions {
        debug_assert!(list.len() <= Actions::MOST, "{list:?}");
        let mut actions = Actions::default();
        actions.0.iter_mut().zip(list).for_each(|(place, action)| *place = Some(*action));
        actions
    }
}

impl IntoIterator for Actions {
    type Item = Action;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Action>, { Actions::MOST }>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

impl Lifecycle {
    /// The life of a new worker, which begins with [`Event::Begun`].
    pub const fn new() -> Self {
        Lifecycle { state: State::Starting, stopping: None }
    }

    /// The life of an actor in another place, which never has an instance here.
    pub const fn without_instance() -> Self {
        Lifecycle { state: State::BackingOff(Tick::NEVER), stopping: None }
    }

    /// Whether the worker takes messages for turns.
    pub const fn hands_out(&self) -> bool {
        matches!(self.state, State::Running | State::Draining)
    }

    /// Whether the worker has ended.
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Returns the life after `event`, and what to execute.
    #[must_use]
    pub fn on(self, event: Event, now: Tick) -> (Lifecycle, Actions) {
        use Action::{
            Close, Discard, Dispose, Finish, GiveBack, GiveUp, Judge, MakeInstance, Serve, Start, Wake,
        };
        use State::{BackingOff, Draining, Ended, Ending, Renewing, Replacing, Running, Starting};
        let to = |state, actions: &[Action]| (Lifecycle { state, ..self }, Actions::of(actions));
        let ends = |why| to(Ending(why), &[Close(why), Dispose(why)]);
        let drained = self.stopping.unwrap_or(StopReason::Stopped);
        match (self.state, event) {
            (Ended(_), _) => to(self.state, &[]),
            (_, Event::Abandoned) => {
                let why = StopReason::RuntimeGone;
                to(Ended(why), &[Close(why), Discard, Finish(why)])
            }
            (Ending(why), Event::Disposed) => to(Ended(why), &[Finish(why)]),
            (Ending(_), _) => to(self.state, &[]),
            (_, Event::Stop(why)) => self.stop(why, now),

            (Starting, Event::Begun { has_instance: true }) => to(Starting, &[Start]),
            (Starting, Event::Begun { has_instance: false }) => to(Starting, &[MakeInstance, Start]),
            (Starting, Event::Started) => to(self.serving(), &[Serve]),
            (Starting | Running | Draining, Event::Failed(why)) => to(Renewing(why), &[GiveBack, Judge(why)]),
            (Starting | Running | Draining, Event::SiblingFailed) => {
                to(Replacing(Duration::ZERO), &[GiveBack, Dispose(StopReason::Restarted)])
            }
            (Starting | Running | Draining, Event::Drained) => ends(drained),
            (Starting | Running | Draining, Event::Kill(why)) => ends(why),
            // It has left the pool: the queue is for the others.
            (Running | Draining, Event::Retire) => {
                to(Ending(StopReason::Retired), &[Dispose(StopReason::Retired)])
            }

            (Renewing(_), Event::Judged(Revival::After(delay))) => {
                to(Replacing(delay), &[Dispose(StopReason::Restarted)])
            }
            (Renewing(why), Event::Judged(Revival::Never | Revival::TooOften(_))) => {
                to(Ending(why), &[GiveUp(why), Close(why), Dispose(why)])
            }
            // No verdict is needed without a message for another instance. The failure came first,
            // so it is the reason.
            (Renewing(why), Event::Drained | Event::Kill(_)) => ends(why),

            (Replacing(delay), Event::Disposed) => {
                let until = now.after(delay);
                to(BackingOff(until), &[Wake(until)])
            }
            (Replacing(_), Event::Kill(why)) => to(Ending(why), &[Close(why)]),

            (BackingOff(until), Event::Elapsed) if until <= now => to(Starting, &[MakeInstance, Start]),
            (BackingOff(until), Event::Elapsed) => to(self.state, &[Wake(until)]),
            (BackingOff(_), Event::Drained) => to(Ended(drained), &[Close(drained), Finish(drained)]),
            (BackingOff(_), Event::Kill(why)) => to(Ended(why), &[Close(why), Finish(why)]),
            (BackingOff(_), Event::Retire) => to(Ended(StopReason::Retired), &[Finish(StopReason::Retired)]),
            _ => to(self.state, &[]),
        }
    }

    /// The state of an instance that has started.
    const fn serving(&self) -> State {
        if self.stopping.is_some() { State::Draining } else { State::Running }
    }

    /// The first reason to stop is the one that counts.
    fn stop(self, why: StopReason, now: Tick) -> (Lifecycle, Actions) {
        if self.stopping.is_some() {
            return (self, Actions::default());
        }
        // What is queued still wants an instance, and need not wait for it.
        let (state, actions) = match self.state {
            State::Running => (State::Draining, Actions::default()),
            State::Replacing(_) => (State::Replacing(Duration::ZERO), Actions::default()),
            State::BackingOff(_) => (State::BackingOff(now), Actions::of(&[Action::Wake(now)])),
            state => (state, Actions::default()),
        };
        (Lifecycle { state, stopping: Some(why) }, actions)
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Lifecycle::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spent;

    const SECOND: Duration = Duration::from_secs(1);
    const SPENT: Spent = Spent { failures: 2, within: SECOND, limit: 1 };

    fn at(seconds: u64) -> Tick {
        Tick::from_nanos(seconds * 1_000_000_000)
    }

    fn life(state: State, stopping: Option<StopReason>) -> Lifecycle {
        Lifecycle { state, stopping }
    }

    const EVENTS: [Event; 19] = [
        Event::Begun { has_instance: true },
        Event::Begun { has_instance: false },
        Event::Started,
        Event::Failed(StopReason::Panicked),
        Event::Failed(StopReason::StartFailed),
        Event::Failed(StopReason::ChildFailed),
        Event::Judged(Revival::After(Duration::ZERO)),
        Event::Judged(Revival::After(SECOND)),
        Event::Judged(Revival::Never),
        Event::Judged(Revival::TooOften(SPENT)),
        Event::SiblingFailed,
        Event::Elapsed,
        Event::Stop(StopReason::Stopped),
        Event::Stop(StopReason::Unreferenced),
        Event::Drained,
        Event::Kill(StopReason::Killed),
        Event::Retire,
        Event::Disposed,
        Event::Abandoned,
    ];

    /// A state, why it was told to stop, an event; then the same after it, and the actions.
    type Row<'a> = (State, Option<StopReason>, Event, State, Option<StopReason>, &'a [Action]);

    /// Every life that some events lead to, at a time at which every delay is over, with each step
    /// on the way.
    fn steps() -> Vec<(Lifecycle, Event, Lifecycle, Vec<Action>)> {
        let starts = [Lifecycle::new(), Lifecycle::without_instance()];
        let (mut seen, mut open, mut steps) = (starts.to_vec(), starts.to_vec(), Vec::new());
        while let Some(before) = open.pop() {
            for event in EVENTS {
                let (after, actions) = before.on(event, at(10));
                steps.push((before, event, after, actions.into_iter().collect()));
                if !seen.contains(&after) {
                    seen.push(after);
                    open.push(after);
                }
            }
        }
        steps
    }

    /// Each event of a life leads to the state and the actions that the table names.
    #[test]
    fn f2_each_event_leads_to_the_next_state_and_its_actions() {
        use Action::{
            Close, Discard, Dispose, Finish, GiveBack, GiveUp, Judge, MakeInstance, Serve, Start, Wake,
        };
        use Event::{
            Abandoned, Begun, Disposed, Drained, Elapsed, Failed, Judged, Kill, Retire, SiblingFailed,
            Started, Stop,
        };
        use State::{BackingOff, Draining, Ended, Ending, Renewing, Replacing, Running, Starting};
        use StopReason::{Panicked, Restarted, Retired, RuntimeGone, StartFailed, Stopped, Unreferenced};
        let (stopped, dropped) = (Some(Stopped), Some(Unreferenced));
        let (killed, zero) = (StopReason::Killed, Duration::ZERO);
        let give_up = Judged(Revival::Never);
        let table: &[Row<'_>] = &[
            (Starting, None, Begun { has_instance: true }, Starting, None, &[Start]),
            (Starting, None, Begun { has_instance: false }, Starting, None, &[MakeInstance, Start]),
            (Starting, None, Started, Running, None, &[Serve]),
            (Starting, stopped, Started, Draining, stopped, &[Serve]),
            (Starting, None, Stop(Stopped), Starting, stopped, &[]),
            (
                Starting,
                None,
                Failed(StartFailed),
                Renewing(StartFailed),
                None,
                &[GiveBack, Judge(StartFailed)],
            ),
            // Another worker of the pool has handled the messages meanwhile.
            (
                Starting,
                dropped,
                Drained,
                Ending(Unreferenced),
                dropped,
                &[Close(Unreferenced), Dispose(Unreferenced)],
            ),
            (Starting, None, Kill(killed), Ending(killed), None, &[Close(killed), Dispose(killed)]),
            (Running, None, Stop(Unreferenced), Draining, dropped, &[]),
            (Running, None, Failed(Panicked), Renewing(Panicked), None, &[GiveBack, Judge(Panicked)]),
            (Running, None, SiblingFailed, Replacing(zero), None, &[GiveBack, Dispose(Restarted)]),
            (Running, None, Retire, Ending(Retired), None, &[Dispose(Retired)]),
            (Running, None, Kill(killed), Ending(killed), None, &[Close(killed), Dispose(killed)]),
            (Draining, stopped, Stop(Unreferenced), Draining, stopped, &[]),
            (Draining, stopped, Drained, Ending(Stopped), stopped, &[Close(Stopped), Dispose(Stopped)]),
            (Draining, stopped, Failed(Panicked), Renewing(Panicked), stopped, &[GiveBack, Judge(Panicked)]),
            (Draining, stopped, SiblingFailed, Replacing(zero), stopped, &[GiveBack, Dispose(Restarted)]),
            (Draining, stopped, Retire, Ending(Retired), stopped, &[Dispose(Retired)]),
            (
                Renewing(Panicked),
                None,
                Judged(Revival::After(SECOND)),
                Replacing(SECOND),
                None,
                &[Dispose(Restarted)],
            ),
            (
                Renewing(Panicked),
                None,
                give_up,
                Ending(Panicked),
                None,
                &[GiveUp(Panicked), Close(Panicked), Dispose(Panicked)],
            ),
            // A stop after the failure does not shorten a delay that the verdict requires.
            (Renewing(Panicked), None, Stop(Stopped), Renewing(Panicked), stopped, &[]),
            (
                Renewing(Panicked),
                stopped,
                Drained,
                Ending(Panicked),
                stopped,
                &[Close(Panicked), Dispose(Panicked)],
            ),
            (
                Renewing(Panicked),
                None,
                Kill(killed),
                Ending(Panicked),
                None,
                &[Close(Panicked), Dispose(Panicked)],
            ),
            (Replacing(SECOND), None, Disposed, BackingOff(at(6)), None, &[Wake(at(6))]),
            (Replacing(SECOND), None, Stop(Stopped), Replacing(zero), stopped, &[]),
            (Replacing(SECOND), stopped, Stop(Unreferenced), Replacing(SECOND), stopped, &[]),
            (Replacing(SECOND), None, Kill(killed), Ending(killed), None, &[Close(killed)]),
            (BackingOff(at(6)), None, Elapsed, BackingOff(at(6)), None, &[Wake(at(6))]),
            (BackingOff(at(5)), None, Elapsed, Starting, None, &[MakeInstance, Start]),
            (BackingOff(at(6)), None, Stop(Stopped), BackingOff(at(5)), stopped, &[Wake(at(5))]),
            (BackingOff(at(6)), stopped, Stop(Unreferenced), BackingOff(at(6)), stopped, &[]),
            (
                BackingOff(at(6)),
                dropped,
                Drained,
                Ended(Unreferenced),
                dropped,
                &[Close(Unreferenced), Finish(Unreferenced)],
            ),
            (BackingOff(at(6)), None, Retire, Ended(Retired), None, &[Finish(Retired)]),
            (BackingOff(at(6)), None, Kill(killed), Ended(killed), None, &[Close(killed), Finish(killed)]),
            (Ending(killed), None, Stop(Stopped), Ending(killed), None, &[]),
            (Ending(Stopped), stopped, Kill(killed), Ending(Stopped), stopped, &[]),
            (Ending(killed), None, Disposed, Ended(killed), None, &[Finish(killed)]),
            (
                Ending(killed),
                None,
                Abandoned,
                Ended(RuntimeGone),
                None,
                &[Close(RuntimeGone), Discard, Finish(RuntimeGone)],
            ),
            (
                Running,
                None,
                Abandoned,
                Ended(RuntimeGone),
                None,
                &[Close(RuntimeGone), Discard, Finish(RuntimeGone)],
            ),
            (Ended(killed), None, Started, Ended(killed), None, &[]),
            (Ended(killed), None, Abandoned, Ended(killed), None, &[]),
        ];
        for (state, stopping, event, next, then_stopping, actions) in table.iter().copied() {
            let (after, executed) = life(state, stopping).on(event, at(5));
            assert_eq!(after, life(next, then_stopping), "{state:?} {event:?}");
            assert_eq!(executed.into_iter().collect::<Vec<_>>(), actions, "{state:?} {event:?}");
        }
    }

    /// An end is final, can be reached from every state, and is recorded once.
    #[test]
    fn f1_an_end_is_final_is_reached_from_everywhere_and_is_recorded_once() {
        for (before, event, after, actions) in steps() {
            let finishes = actions.iter().filter(|action| matches!(action, Action::Finish(_))).count();
            assert_eq!(
                finishes,
                usize::from(after.has_ended() && !before.has_ended()),
                "{before:?} {event:?}"
            );
            if before.has_ended() {
                assert!(after == before && actions.is_empty(), "{before:?} {event:?}");
            }
            let (killed, _) = before.on(Event::Kill(StopReason::Killed), at(10));
            let (ended, _) = killed.on(Event::Disposed, at(10));
            assert!(ended.has_ended(), "{before:?}");
            assert!(before.on(Event::Abandoned, at(10)).0.has_ended(), "{before:?}");
        }
    }

    /// A worker that was told to stop drains from then on, with the first reason, whatever fails.
    #[test]
    fn f1_what_was_told_to_stop_drains_for_that_reason_whatever_fails() {
        for (before, event, after, _) in steps() {
            if before.stopping.is_some() {
                assert_eq!(after.stopping, before.stopping, "{before:?} {event:?}");
                assert_ne!(after.state, State::Running, "{before:?} {event:?}");
            }
        }
    }

    /// Only a judged failure, or the failure of a sibling, leads to another instance.
    #[test]
    fn f2_only_a_judged_failure_or_a_siblings_leads_to_another_instance() {
        for (before, event, after, actions) in steps() {
            if matches!(after.state, State::Replacing(_)) && !matches!(before.state, State::Replacing(_)) {
                let is_cause = matches!(event, Event::Judged(Revival::After(_)) | Event::SiblingFailed);
                assert!(is_cause, "{before:?} {event:?}");
            }
            if matches!(after.state, State::BackingOff(_)) && !matches!(before.state, State::BackingOff(_)) {
                assert!(matches!(before.state, State::Replacing(_)), "{before:?} {event:?}");
            }
            if actions.contains(&Action::MakeInstance) {
                let is_cause = match before.state {
                    State::BackingOff(_) => event == Event::Elapsed,
                    state => state == State::Starting && event == Event::Begun { has_instance: false },
                };
                assert!(is_cause, "{before:?} {event:?}");
            }
        }
    }

    /// The events to which an action may lead, as the documentation of [`Action`] lists them.
    fn events_of(action: Action) -> Vec<Event> {
        use StopReason::{Killed, Panicked, StartFailed};
        let over = [Event::Drained, Event::Kill(Killed)];
        let more: &[Event] = match action {
            Action::MakeInstance => &[Event::Failed(StartFailed)],
            Action::Start => &[Event::Started, Event::Failed(StartFailed)],
            Action::Serve => &[Event::Failed(Panicked), Event::SiblingFailed, Event::Retire],
            Action::Judge(_) => &[
                Event::Judged(Revival::After(Duration::ZERO)),
                Event::Judged(Revival::After(SECOND)),
                Event::Judged(Revival::Never),
                Event::Judged(Revival::TooOften(SPENT)),
            ],
            Action::Wake(_) => &[Event::Elapsed, Event::Retire, Event::Stop(StopReason::Stopped)],
            Action::Dispose(_) => return vec![Event::Disposed],
            Action::GiveBack | Action::GiveUp(_) | Action::Close(_) | Action::Discard | Action::Finish(_) => {
                return Vec::new();
            }
        };
        more.iter().copied().chain(over).collect()
    }

    /// A worker that executes the actions always has a next event to wait for, until it has ended.
    #[test]
    fn f1_a_worker_never_waits_for_nothing_before_it_has_ended() {
        let begin = |has_instance| Lifecycle::new().on(Event::Begun { has_instance }, at(1));
        let mut open = vec![begin(true), begin(false)];
        let mut seen = open.clone();
        while let Some((life, actions)) = open.pop() {
            let actions: Vec<Action> = actions.into_iter().collect();
            let last = actions.last().copied();
            assert_eq!(
                last.is_none_or(|last| events_of(last).is_empty()),
                life.has_ended(),
                "{life:?} {actions:?}"
            );
            for event in actions.into_iter().flat_map(events_of) {
                // A stop may be noticed first.
                for life in [life, life.on(Event::Stop(StopReason::Unreferenced), at(10)).0] {
                    if life.stopping.is_some() && matches!(event, Event::Stop(_)) {
                        continue;
                    }
                    let next = life.on(event, at(10));
                    if !seen.contains(&next) {
                        seen.push(next);
                        open.push(next);
                    }
                }
            }
        }
        assert!(seen.iter().any(|(life, _)| life.has_ended()));
    }

    /// A worker's life stays small, because every actor's task holds one.
    #[test]
    fn f1_a_life_is_at_most_32_bytes() {
        assert!(size_of::<Lifecycle>() <= 32, "{} bytes", size_of::<Lifecycle>());
    }
}
