//! Lost messages: the reply to the asker, the dead letter, and the log line.
//!
//! ```text
//!   drop_lost ──► report_loss ──► note_loss: the log line, within a second (L4)
//!       │              └────────► report: a dead letter, if the reason has one
//!       └──► send_lost: the asker gets the reason; then the message is dropped
//! ```
//!
//! The ledger has counted the message before it comes here.

use super::{Cell, Packed};
use crate::actor::{Actor, Mail};
use crate::clock::{self, Tick};
use crate::drops;
use crate::error::Reason;
use crate::mailbox::{ClassId, Effects, Ledger, Lost, has_letter};
use crate::observe::losses::{LossLog, Lossy};
use crate::observe::{Loss, trace};
use crate::panics::ignored;
use std::sync::{Arc, Weak};
use std::time::Duration;

impl<A: Actor> Cell<A> {
    /// Drops a message that was accepted and then lost: reports it, and answers its asker.
    pub(crate) fn drop_lost(self: &Arc<Self>, lost: Lost<Packed<A>>) {
        let Lost { item, class, stamp, reason } = lost;
        self.report_loss(class, stamp, reason, || item.0.envelope().describe());
        self.answer_and_drop(item, reason);
    }

    /// Drops a message that was refused when its sender had gone: reports it, because the sender
    /// does not get it back (O10), and answers its asker.
    pub(crate) fn drop_refused(self: &Arc<Self>, refused: Lost<Packed<A>>) {
        let Lost { item, class, stamp, reason } = refused;
        self.report(class, stamp, reason, || item.0.envelope().describe());
        self.answer_and_drop(item, reason);
    }

    fn answer_and_drop(self: &Arc<Self>, mut item: Packed<A>, reason: Reason) {
        // The asker's waker and the message's `Drop` are foreign code.
        ignored(|| item.0.envelope_mut().send_lost(reason));
        // The message may hold a handle whose drop loses further messages.
        drops::bounded(move || drop(item));
    }

    /// Drops a message that was lost instead of being enqueued.
    pub(crate) fn drop_rejected(self: &Arc<Self>, class: ClassId, item: Packed<A>, reason: Reason) {
        self.drop_lost(Lost { item, class, stamp: Tick::ZERO, reason });
    }

    /// Reports a loss: a log line and, if the reason has one, a dead letter. A `stamp` of zero
    /// means that the message was never queued.
    pub(crate) fn report_loss(
        self: &Arc<Self>,
        class: ClassId,
        stamp: Tick,
        reason: Reason,
        text: impl FnOnce() -> Option<String>,
    ) {
        // A loss without a dead letter is in the log too.
        self.note_loss();
        if has_letter(reason) {
            self.report(class, stamp, reason, text);
        }
    }

    /// Makes sure that a log line covers a refusal or loss that the ledger has counted, within
    /// about a second (L4).
    #[inline]
    pub(crate) fn note_loss(self: &Arc<Self>) {
        if LossLog::is_wanted(self.losses.get().map(|log| &**log), self.system.log()) {
            self.arm_losses();
        }
    }

    #[cold]
    fn arm_losses(self: &Arc<Self>) {
        if self.losses.get_or_init(Box::default).arm(clock::now()) {
            let this: Weak<Self> = Arc::downgrade(self);
            self.system.reporter().expect(this, &self.rt);
        }
    }

    /// Reports a message that no caller gets back: a dead letter and a log line.
    pub(crate) fn report(
        self: &Arc<Self>,
        class: ClassId,
        stamp: Tick,
        reason: Reason,
        text: impl FnOnce() -> Option<String>,
    ) {
        self.note_loss();
        let class = self.mailbox.class(class);
        let age = || {
            if stamp == Tick::ZERO { Duration::ZERO } else { clock::now().since(stamp) }
        };
        let loss = Loss { actor: self.name(), message: class.name, priority: class.policy.priority, reason };
        self.system.letters().post(&loss, age, text);
    }

    /// Writes the log line of the refusals and losses since the last one, if there were any.
    pub(crate) fn log_losses(self: &Arc<Self>) {
        if let Some((log, since)) = self.disarm_losses() {
            self.write_losses(log, since, &self.ledger());
        }
    }

    fn disarm_losses(&self) -> Option<(&LossLog, Tick)> {
        let log = self.losses.get()?;
        Some((log, log.disarm()?))
    }

    #[cold]
    fn write_losses(&self, log: &LossLog, since: Tick, ledger: &Ledger) {
        let over = clock::now().since(since);
        let classes = (0..self.mailbox.types()).map(ClassId::new);
        let policies = classes.map(|class| &self.mailbox.class(class).policy);
        if let Some(summary) = log.summary(ledger, policies, over) {
            trace::losses(self.system.log(), self.name(), &summary);
        }
    }
}

impl<A: Actor> Drop for Cell<A> {
    /// Writes the log line of refusals after the actor's end. The last handle is gone, so the
    /// reporter can no longer do it.
    fn drop(&mut self) {
        let Some((log, since)) = self.disarm_losses() else { return };
        let mut ledger = self.mailbox.ledger(&mut Effects::new());
        ledger.add_shed(self.refused_by_gate());
        self.write_losses(log, since, &ledger);
    }
}

impl<A: Actor> Lossy for Cell<A> {
    fn report_losses(self: Arc<Self>) {
        self.log_losses();
    }
}
