//! The life of one worker of an actor as a pure state machine (F1, F2, F8).
//!
//! ```text
//!              ┌────────────────────── Elapsed: MakeInstance ─────────────────────┐
//!              ▼                                                                  │
//!   ──► Starting ── Started ──► Running ── Stop ──► Draining ── Drained ──► Ended │
//!          │                      │                    │                          │
//!          └────── Failed ────────┴────────────────────┘                          │
//!                     │                                                           │
//!                     ▼                                                           │
//!                 Renewing ── Judged(After) ──► BackingOff until t ───────────────┘
//!                     └────── Judged(no more) ──► Ended
//!
//!   from everywhere but Ended:  Kill ──► Killed ── Disposed ──► Ended
//! ```
//!
//! An *instance* ends with its failure. The *worker* continues with another instance while its
//! restarts last, and the queue stays. [`Lifecycle::on`] takes an event and the time, and returns
//! the next life together with the [`Actions`] to execute, in order. It decides nothing about
//! restarts: [`Action::Judge`] asks the caller for the verdict of [`Failures`](crate::Failures),
//! which comes back as [`Event::Judged`].
//!
//! Invariants, tested over all reachable lives and events:
//! 1. `Ended` is final and causes no action.
//! 2. A life that was told to stop never admits a message again, also after a restart.
//! 3. Only a judged failure, or the failure of a sibling, leads to another instance.
//! 4. Every way to `Ended` executes exactly one [`Action::Finish`].
//!
//! Price: a life is 32 bytes and `Copy`; no allocation. It is consulted when an instance starts,
//! fails or ends, never per message.

use crate::{Revival, StopReason, Tick};

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
    /// There is no instance; the next one is made at this time.
    BackingOff(Tick),
    /// The instance is being disposed of, without further turns.
    Killed(StopReason),
    /// The worker has ended.
    Ended(StopReason),
}

/// Something that happened to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
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
    /// The worker is told to stop: it drains.
    Stop(StopReason),
    /// Nothing is queued, in line or reserved any more, and admission is closed.
    Drained,
    /// The worker is told to end without further turns.
    Kill(StopReason),
    /// The pool has a worker too many, and this one is idle.
    Retire,
    /// The instance was disposed of.
    Disposed,
}

/// Something to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the factory for an instance, and start it.
    MakeInstance,
    /// Close admission.
    Close,
    /// Return claimed messages whose turn has not begun to the front of their lanes.
    GiveBack,
    /// Ask for the verdict on this failure, report it, and return it as [`Event::Judged`].
    Judge(StopReason),
    /// Run `#[stopped]` with this reason, and drop the instance.
    Dispose(StopReason),
    /// Wake the worker at this time with [`Event::Elapsed`].
    Wake(Tick),
    /// End all workers of the actor, because it failed for good.
    GiveUp(StopReason),
    /// Record the end of the worker.
    Finish(StopReason),
}

/// Up to three actions, in the order in which they are executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions([Option<Action>; Actions::MOST]);

impl Actions {
    /// The longest list: give up, dispose, finish.
    const MOST: usize = 3;

    fn of(list: &[Action]) -> Actions {
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
    /// The life of a new worker, whose first instance is being made.
    pub const fn new() -> Self {
        Lifecycle { state: State::Starting, stopping: None }
    }

    /// Whether messages are admitted.
    pub const fn admits(&self) -> bool {
        self.stopping.is_none() && !matches!(self.state, State::Killed(_) | State::Ended(_))
    }

    /// Whether the worker takes messages for turns.
    pub const fn hands_out(&self) -> bool {
        matches!(self.state, State::Running | State::Draining)
    }

    /// Returns the life after `event`, and what to execute.
    #[must_use]
    pub fn on(self, event: Event, now: Tick) -> (Lifecycle, Actions) {
        let goes_on = |state, actions: &[Action]| (Lifecycle { state, ..self }, Actions::of(actions));
        let ends =
            |why, actions: &[Action]| (Lifecycle { state: State::Ended(why), ..self }, Actions::of(actions));
        match (self.state, event) {
            (State::Ended(_), _) => goes_on(self.state, &[]),
            (State::Killed(why), Event::Disposed) => ends(why, &[Action::Finish(why)]),
            (State::Killed(_), _) => goes_on(self.state, &[]),
            (State::BackingOff(_), Event::Kill(why)) => ends(why, &[Action::Close, Action::Finish(why)]),
            (_, Event::Kill(why)) => goes_on(State::Killed(why), &[Action::Close, Action::Dispose(why)]),
            (_, Event::Stop(why)) => self.stop(why, now),
            (State::Starting, Event::Started) => goes_on(self.serving(), &[]),
            (State::Starting | State::Running | State::Draining, Event::Failed(why)) => {
                goes_on(State::Renewing(why), &[Action::GiveBack, Action::Judge(why)])
            }
            (State::Renewing(why), Event::Drained) => {
                // Nothing is left for another instance, so its restart is not counted.
                goes_on(State::Killed(why), &[Action::Dispose(why)])
            }
            (State::Renewing(_), Event::Judged(Revival::After(delay))) => {
                let until = now.after(delay);
                goes_on(
                    State::BackingOff(until),
                    &[Action::Dispose(StopReason::Restarted), Action::Wake(until)],
                )
            }
            (State::Renewing(why), Event::Judged(Revival::Never | Revival::TooOften(_))) => {
                goes_on(State::Killed(why), &[Action::GiveUp(why), Action::Dispose(why)])
            }
            (State::Starting | State::Running | State::Draining, Event::SiblingFailed) => {
                let actions = [Action::GiveBack, Action::Dispose(StopReason::Restarted), Action::Wake(now)];
                goes_on(State::BackingOff(now), &actions)
            }
            (State::BackingOff(until), Event::Elapsed) if until <= now => {
                goes_on(State::Starting, &[Action::MakeInstance])
            }
            (State::BackingOff(_), Event::Drained) => {
                let why = self.stopping.unwrap_or(StopReason::Stopped);
                ends(why, &[Action::Finish(why)])
            }
            (State::BackingOff(_), Event::Retire) => {
                ends(StopReason::Retired, &[Action::Finish(StopReason::Retired)])
            }
            (State::Running, Event::Retire) => {
                goes_on(State::Killed(StopReason::Retired), &[Action::Dispose(StopReason::Retired)])
            }
            (State::Draining, Event::Drained) => {
                let why = self.stopping.unwrap_or(StopReason::Stopped);
                goes_on(State::Killed(why), &[Action::Dispose(why)])
            }
            _ => goes_on(self.state, &[]),
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
        let stopping = Some(why);
        match self.state {
            State::Running => (Lifecycle { state: State::Draining, stopping }, Actions::of(&[Action::Close])),
            // What is queued still wants an instance, and need not wait for it.
            State::BackingOff(_) => {
                let life = Lifecycle { state: State::BackingOff(now), stopping };
                (life, Actions::of(&[Action::Close, Action::Wake(now)]))
            }
            state => (Lifecycle { state, stopping }, Actions::of(&[Action::Close])),
        }
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
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);
    const SPENT: Spent = Spent { failures: 2, within: SECOND, limit: 1 };

    fn at(seconds: u64) -> Tick {
        Tick::from_nanos(seconds * 1_000_000_000)
    }

    fn life(state: State, stopping: Option<StopReason>) -> Lifecycle {
        Lifecycle { state, stopping }
    }

    const EVENTS: [Event; 16] = [
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
    ];

    /// A state, why it was told to stop, an event; then the same after it, and the actions.
    type Row<'a> = (State, Option<StopReason>, Event, State, Option<StopReason>, &'a [Action]);

    /// Every life that some events lead to, at a time at which every delay is over, with each step
    /// on the way.
    fn steps() -> Vec<(Lifecycle, Event, Lifecycle, Vec<Action>)> {
        let (mut seen, mut open, mut steps) = (vec![Lifecycle::new()], vec![Lifecycle::new()], Vec::new());
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

    #[test]
    fn f2_each_event_leads_to_the_next_state_and_its_actions() {
        use Action::{Close, Dispose, Finish, GiveBack, GiveUp, Judge, MakeInstance, Wake};
        use Event::{Disposed, Drained, Elapsed, Failed, Judged, Kill, Retire, SiblingFailed, Started, Stop};
        use State::{BackingOff, Draining, Ended, Killed, Renewing, Running, Starting};
        use StopReason::{Panicked, Restarted, Retired, Stopped, Unreferenced};
        let stopped = Some(Stopped);
        let killed = StopReason::Killed;
        let table: &[Row<'_>] = &[
            (Starting, None, Started, Running, None, &[]),
            (Starting, stopped, Started, Draining, stopped, &[]),
            (Starting, None, Stop(Stopped), Starting, stopped, &[Close]),
            (
                Starting,
                None,
                Failed(StopReason::StartFailed),
                Renewing(StopReason::StartFailed),
                None,
                &[GiveBack, Judge(StopReason::StartFailed)],
            ),
            (Running, None, Stop(Unreferenced), Draining, Some(Unreferenced), &[Close]),
            (Running, None, Failed(Panicked), Renewing(Panicked), None, &[GiveBack, Judge(Panicked)]),
            (
                Running,
                None,
                SiblingFailed,
                BackingOff(at(5)),
                None,
                &[GiveBack, Dispose(Restarted), Wake(at(5))],
            ),
            (Running, None, Retire, Killed(Retired), None, &[Dispose(Retired)]),
            (Running, None, Kill(killed), Killed(killed), None, &[Close, Dispose(killed)]),
            (Draining, stopped, Stop(Unreferenced), Draining, stopped, &[]),
            (Draining, stopped, Drained, Killed(Stopped), stopped, &[Dispose(Stopped)]),
            (Draining, stopped, Failed(Panicked), Renewing(Panicked), stopped, &[GiveBack, Judge(Panicked)]),
            (
                Renewing(Panicked),
                None,
                Judged(Revival::After(SECOND)),
                BackingOff(at(6)),
                None,
                &[Dispose(Restarted), Wake(at(6))],
            ),
            (
                Renewing(Panicked),
                None,
                Judged(Revival::Never),
                Killed(Panicked),
                None,
                &[GiveUp(Panicked), Dispose(Panicked)],
            ),
            (Renewing(Panicked), stopped, Drained, Killed(Panicked), stopped, &[Dispose(Panicked)]),
            (BackingOff(at(6)), None, Elapsed, BackingOff(at(6)), None, &[]),
            (BackingOff(at(5)), None, Elapsed, Starting, None, &[MakeInstance]),
            (BackingOff(at(6)), None, Stop(Stopped), BackingOff(at(5)), stopped, &[Close, Wake(at(5))]),
            (BackingOff(at(6)), stopped, Drained, Ended(Stopped), stopped, &[Finish(Stopped)]),
            (BackingOff(at(6)), None, Retire, Ended(Retired), None, &[Finish(Retired)]),
            (BackingOff(at(6)), None, Kill(killed), Ended(killed), None, &[Close, Finish(killed)]),
            (Killed(killed), None, Stop(Stopped), Killed(killed), None, &[]),
            (Killed(killed), None, Disposed, Ended(killed), None, &[Finish(killed)]),
            (Ended(killed), None, Started, Ended(killed), None, &[]),
        ];
        for (state, stopping, event, next, then_stopping, actions) in table.iter().copied() {
            let (after, executed) = life(state, stopping).on(event, at(5));
            assert_eq!(after, life(next, then_stopping), "{state:?} {event:?}");
            assert_eq!(executed.into_iter().collect::<Vec<_>>(), actions, "{state:?} {event:?}");
        }
    }

    #[test]
    fn f1_an_end_is_final_is_reached_from_everywhere_and_is_recorded_once() {
        for (before, event, after, actions) in steps() {
            let is_end = |life: Lifecycle| matches!(life.state, State::Ended(_));
            let finishes = actions.iter().filter(|action| matches!(action, Action::Finish(_))).count();
            assert_eq!(finishes, usize::from(is_end(after) && !is_end(before)), "{before:?} {event:?}");
            if is_end(before) {
                assert!(after == before && actions.is_empty(), "{before:?} {event:?}");
            }
            let (killed, _) = before.on(Event::Kill(StopReason::Killed), at(10));
            let (ended, _) = killed.on(Event::Disposed, at(10));
            assert!(is_end(ended), "{before:?}");
        }
    }

    #[test]
    fn f1_what_was_told_to_stop_admits_nothing_again_whatever_fails() {
        for (before, event, after, _) in steps() {
            assert!(before.admits() || !after.admits(), "{before:?} {event:?}");
        }
    }

    #[test]
    fn f2_only_a_judged_failure_or_a_siblings_leads_to_another_instance() {
        for (before, event, after, actions) in steps() {
            if matches!(after.state, State::BackingOff(_)) && !matches!(before.state, State::BackingOff(_)) {
                let is_cause = matches!(event, Event::Judged(Revival::After(_)) | Event::SiblingFailed);
                assert!(is_cause, "{before:?} {event:?}");
            }
            if actions.contains(&Action::MakeInstance) {
                assert!(
                    matches!(before.state, State::BackingOff(_)) && event == Event::Elapsed,
                    "{before:?} {event:?}"
                );
            }
        }
    }
}
