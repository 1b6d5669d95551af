//! The course of an actor's life, which its cell and the errors about it share.
//!
//! An error holds an [`Arc`] of a [`Life`], and reads name, message type and cause of the end when
//! it is shown. So a refusal costs one atomic increment, and an error stays true: an actor that was
//! draining when it refused may have been killed since.

use super::{ActorName, ShortTime, Spent, StartError, StopReason};
use crate::sync::{Guard, Lock};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Characters of a failure's text that are kept: an error is a line, not a report.
const TEXT_MAX: usize = 256;

/// How far an actor's life has come, as handles see it. Stages only move forward.
///
/// Its workers publish it: what follows an event is decided by the `Lifecycle` of each worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LifeStage {
    Starting,
    Running,
    Ended(StopReason),
}

/// The part of an actor's life that changes.
#[derive(Debug)]
pub(crate) struct LifeState {
    pub(crate) stage: LifeStage,
    /// Why it was told to stop. Workers read it when they find that the mailbox is closed, so it is
    /// written before the mailbox is closed. So is `killed`.
    pub(crate) why: Option<StopReason>,
    /// Why it was told to end without further turns: [`StopReason::Killed`], or its failure.
    pub(crate) killed: Option<StopReason>,
    /// Whether a child failed too often, so that the instance must fail. The reason for a request
    /// of another instance, until the worker takes it.
    pub(crate) has_failed_child: bool,
    /// What is known of most actors only at their end. Made with the first of it.
    story: Option<Box<Story>>,
}

/// How an actor's life went.
#[derive(Debug, Default)]
struct Story {
    /// Why it did not start.
    failed: Option<StartError>,
    /// More about `why` than the reason says.
    detail: Option<Detail>,
    /// The latest failure of an instance, as the end of a sentence.
    last_failure: Option<Arc<str>>,
}

/// More about an end than its [`StopReason`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Its restarts were used up.
    Spent(Spent),
    /// The whole system was told to stop.
    Shutdown,
    /// Its parent ended, or the instance of its parent that started it.
    Parent,
    /// It was told to stop, and had not drained within this time.
    DrainedTooLong(Duration),
}

/// The source of the names of message types.
enum Names {
    /// The table that an actor's macros or its author declared.
    Declared(fn(usize) -> &'static str),
    /// The classes of a channel.
    Listed(Box<[&'static str]>),
}

/// An actor's name, the names of its message types, and the course of its life. It lives at least
/// as long as any error about the actor.
pub(crate) struct Life {
    /// `None` for a channel.
    name: Option<ActorName>,
    names: Names,
    state: Lock<LifeState>,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Life {
    pub(crate) fn new(name: ActorName, stage: LifeStage, message: fn(usize) -> &'static str) -> Arc<Self> {
        Life::with(Some(name), Names::Declared(message), stage)
    }

    /// Creates the life of a channel: it has no name, and no cause for being closed.
    pub(crate) fn of_channel(names: impl Iterator<Item = &'static str>) -> Arc<Self> {
        Life::with(None, Names::Listed(names.collect()), LifeStage::Running)
    }

    fn with(name: Option<ActorName>, names: Names, stage: LifeStage) -> Arc<Self> {
        let state = LifeState { stage, why: None, killed: None, has_failed_child: false, story: None };
        Arc::new(Life { name, names, state: Lock::new(state) })
    }

    pub(crate) fn lock(&self) -> Guard<'_, LifeState> {
        self.state.lock()
    }

    pub(crate) fn name(&self) -> Option<&ActorName> {
        self.name.as_ref()
    }

    pub(crate) fn message(&self, class: usize) -> &'static str {
        match &self.names {
            Names::Declared(name) => name(class),
            Names::Listed(names) => names.get(class).copied().unwrap_or("?"),
        }
    }

    /// Returns why it has ended, or was told to end.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        self.lock().stop_reason()
    }

    /// Records why the actor is about to end, unless it is already ending.
    pub(crate) fn explain(&self, detail: Detail) {
        let mut state = self.lock();
        if state.stop_reason().is_none() {
            state.set_detail(detail);
        }
    }

    /// Keeps the text of the latest failure of an instance, cut to 256 characters: `` `Charge`
    /// panicked: no such card ``.
    pub(crate) fn note_failure(&self, text: &str) {
        let kept: String = text.chars().take(TEXT_MAX).collect();
        self.lock().story().last_failure = Some(kept.into());
    }

    /// Writes ` is closed` and the cause.
    pub(super) fn write_closed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else { return f.write_str("the channel is closed") };
        // Copied out, because a formatter's target is foreign code and must not run under the lock.
        let (why, detail, failure) = {
            let state = self.lock();
            let story = state.story.as_deref();
            let failure = story.and_then(|story| story.last_failure.clone());
            (state.stop_reason(), story.and_then(|story| story.detail), failure)
        };
        write!(f, "`{name}` is closed")?;
        let Some(why) = why else { return Ok(()) };
        match (why, detail) {
            (StopReason::Stopped, Some(Detail::Shutdown)) => f.write_str(": its system was shut down"),
            (StopReason::Killed, Some(Detail::Shutdown)) => {
                f.write_str(": its system was shut down, and it was killed before it had drained")
            }
            (StopReason::Stopped | StopReason::Killed, Some(Detail::Parent)) => {
                f.write_str(": its parent ended")
            }
            (StopReason::Killed, Some(Detail::DrainedTooLong(limit))) => {
                write!(f, ": it was stopped and had not drained within {}", ShortTime(limit))
            }
            (StopReason::Panicked | StopReason::StartFailed | StopReason::ChildFailed, detail) => {
                let last = match detail {
                    Some(Detail::Spent(spent)) => {
                        write!(f, ": stopped after {spent}")?;
                        ", the last one: "
                    }
                    _ => ": ",
                };
                match failure {
                    Some(failure) => write!(f, "{last}{failure}"),
                    None => write!(f, "{last}{why}"),
                }
            }
            _ => write!(f, ": {why}"),
        }
    }
}

impl LifeState {
    fn story(&mut self) -> &mut Story {
        self.story.get_or_insert_default()
    }

    pub(crate) fn set_detail(&mut self, detail: Detail) {
        self.story().detail = Some(detail);
    }

    /// Records why it did not start.
    pub(crate) fn set_failed(&mut self, failed: StartError) {
        self.story().failed = Some(failed);
    }

    /// Returns why it did not start, if it did not.
    pub(crate) fn failed(&self) -> Option<&StartError> {
        self.story.as_ref()?.failed.as_ref()
    }

    fn stop_reason(&self) -> Option<StopReason> {
        match self.stage {
            LifeStage::Ended(why) => Some(why),
            _ => self.requested(),
        }
    }

    /// Returns why it was told to end, if it was.
    pub(crate) fn requested(&self) -> Option<StopReason> {
        self.killed.or(self.why)
    }

    /// Records why it is about to be killed. The first reason counts: returns whether it is this
    /// one.
    pub(crate) fn kill_for(&mut self, why: StopReason) -> bool {
        let is_first = self.killed.is_none() && !matches!(self.stage, LifeStage::Ended(_));
        if is_first {
            self.killed = Some(why);
        }
        is_first
    }
}
