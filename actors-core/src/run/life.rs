//! Consults the worker's life, and executes what it says.
//!
//! ```text
//!   event ──► Runner::on ──► Lifecycle (actors-policy) ──► actions ──► Runner::execute ──► the next event
//!                                                                          └─► Next: what takes time
//! ```
//!
//! [`Lifecycle`](crate::policy::lifecycle::Lifecycle) decides what follows an event; nothing else
//! does. Whatever happens to a worker elsewhere is an input. A closed or killed mailbox, requests
//! for another instance, a failed child and a failed job become events here.
//!
//! **Invariant.** A life that was told to stop has a mailbox that is closed. The other way round
//! the life may lag: it learns of a stop with the next event.
//!
//! **Price.** It runs when an instance starts, fails or ends, never per message.

use super::runner::Runner;
use super::turns::End;
use crate::actor::Actor;
use crate::clock::{self, Tick};
use crate::error::StopReason;
use crate::policy::lifecycle::{Action, Actions, Event};
use std::time::Duration;

/// What follows the actions that were executed.
#[derive(Debug)]
pub(super) enum Next {
    /// The next event.
    Event(Event),
    /// Run `#[started]`.
    Start,
    /// Run turns.
    Serve,
    /// Dispose of the instance, for this reason.
    Dispose(StopReason),
    /// Wait until this time.
    Wake(Tick),
    /// Nothing: the worker has ended.
    Nothing,
}

impl<A: Actor> Runner<A> {
    /// Tells the worker's life what has happened. Returns what to execute.
    pub(super) fn on(&mut self, event: Event) -> Actions {
        let now = clock::now();
        if self.life.stopping.is_none() && !self.cell.mailbox.is_open() && !matches!(event, Event::Stop(_)) {
            (self.life, _) = self.life.on(Event::Stop(self.why_finished()), now);
        }
        let (life, actions) = self.life.on(event, now);
        self.life = life;
        debug_assert!(life.stopping.is_none() || !self.cell.mailbox.is_open(), "{life:?}: admission is open");
        actions
    }

    /// Executes actions, up to the first that leads to an event or takes time.
    pub(super) fn execute(&mut self, actions: Actions) -> Next {
        for action in actions {
            match action {
                Action::MakeInstance => {
                    if let Some(event) = self.make_instance() {
                        return Next::Event(event);
                    }
                }
                Action::GiveBack => self.put_back(),
                Action::Judge(why) => return Next::Event(self.judge(why)),
                Action::GiveUp(why) => self.cell.give_up(why),
                Action::Close(why) => self.close(why),
                Action::Discard => self.discard(),
                Action::Finish(why) => self.finish(why),
                Action::Start => return Next::Start,
                Action::Serve => return Next::Serve,
                Action::Dispose(why) => return Next::Dispose(why),
                Action::Wake(until) => return Next::Wake(until),
            }
        }
        debug_assert!(self.life.has_ended(), "{:?} waits for nothing", self.life);
        Next::Nothing
    }

    /// Returns the event of a worker whose task begins.
    pub(super) fn begun(&mut self) -> Event {
        // A single worker without its seat has lent it to a sender, and gets it back.
        let has_instance = !self.cell.mailbox.is_pool() || self.seat().is_some();
        Event::Begun { has_instance }
    }

    /// Returns the event if there is nothing to be handled by another turn or instance.
    pub(super) fn over(&self) -> Option<Event> {
        if self.cell.mailbox.is_killed() {
            return Some(Event::Kill(self.why_finished()));
        }
        self.cell.mailbox.is_drained().then_some(Event::Drained)
    }

    /// Returns the event that ends a wait before the next instance early.
    pub(super) fn interruption(&mut self) -> Option<Event> {
        let stop = || {
            let is_new = self.life.stopping.is_none() && !self.cell.mailbox.is_open();
            is_new.then(|| Event::Stop(self.why_finished()))
        };
        let retire = || self.cell.mailbox.retire_surplus(self.worker()).then_some(Event::Retire);
        self.over().or_else(stop).or_else(retire)
    }

    /// Returns the event of an instance that takes no more turns.
    pub(super) fn served(&mut self, end: End) -> Event {
        match end {
            End::Panicked => Event::Failed(StopReason::Panicked),
            End::Over => self.over().unwrap_or(Event::Drained),
            End::Replaced => self.replaced(),
            End::Retired => Event::Retire,
        }
    }

    /// Returns why another instance was requested. A request alone comes of a sibling's failure.
    fn replaced(&mut self) -> Event {
        let has_failed_child = std::mem::take(&mut self.cell.life.lock().has_failed_child);
        if has_failed_child {
            return Event::Failed(StopReason::ChildFailed);
        }
        if self.has_failed_job() {
            return Event::Failed(StopReason::Panicked);
        }
        if let Some(over) = self.over() {
            return over;
        }
        // Only an instance of a `permanent` actor stops itself: another actor closes admission.
        if self.seat().is_some_and(|seat| seat.ctx.stops_itself()) {
            return Event::Failed(StopReason::Stopped);
        }
        self.replaces = Some((StopReason::Restarted, Duration::ZERO));
        Event::SiblingFailed
    }
}
