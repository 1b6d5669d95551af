//! The mailbox alone, as a channel: many senders, one receiver.
//!
//! ```
//! # tokio_test();
//! # fn tokio_test() { tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run()) }
//! # async fn run() {
//! use actors_core::mailbox::{Class, Item, channel};
//! use actors_core::{Admission, Priority, policy::{Overflow, Policy, Settings}};
//!
//! enum Work { Job(u32), Stop }
//! impl Item for Work {
//!     fn class(&self) -> usize { matches!(self, Work::Stop).into() }
//! }
//! let classes = vec![
//!     Class::new("job", Policy::tell().overflow(&[Overflow::DropOldest])),
//!     Class::new("stop", Policy::tell().priority(Priority::Urgent)),
//! ];
//! let (tx, mut rx) = channel(Settings::new().capacity(3).reserve(1), classes).unwrap();
//! for n in 0..2 {
//!     assert_eq!(tx.try_send(Work::Job(n)).unwrap(), Admission::Queued);
//! }
//! assert_eq!(tx.send(Work::Job(2)).await.unwrap(), Admission::Displaced); // job 0 made room
//! tx.send(Work::Stop).await.unwrap();                                     // the reserve is for such
//! assert!(matches!(rx.recv().await, Some(Work::Stop)));
//! assert!(matches!(rx.recv().await, Some(Work::Job(1))));
//! assert!(rx.ledger().is_balanced());
//! # }
//! ```

use super::{
    Class, ClassId, Effects, Entered, Entry, FastPath, Item, Mailbox, Message, Offer, Outcome, Section, Take,
    Taker, Wake, WhenFull, WorkerId,
};
use crate::clock::{self, Tick};
use crate::error::{About, Admission, AskError, Life, Reason, SendError};
use crate::mailbox::Ledger;
use crate::panics::ignored;
use crate::policy::{InvalidPolicy, Overflow, Settings};
use crate::seed::{self, Seed};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::wakers::{Relayed, discard, wake};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

struct Shared<T> {
    mailbox: Mailbox<T, ()>,
    senders: AtomicUsize,
    /// What errors say about the channel.
    life: Arc<Life>,
}

impl<T: Item> Shared<T> {
    fn why(&self, class: ClassId, reason: Reason) -> AskError {
        AskError::new(&self.life, About::class(class.index()), reason)
    }

    fn visit<R>(&self, visit: impl FnOnce(&mut Section<'_, T, ()>) -> R) -> R {
        let mut effects = Effects::new();
        let result = self.mailbox.visit(&mut effects, visit);
        self.apply(&mut effects);
        result
    }

    /// Wakes tasks, and drops what was lost. The ledger has counted it, and `Admission` has told
    /// the sender.
    fn apply(&self, effects: &mut Effects<T>) {
        loop {
            let _ = effects.wake();
            for lost in effects.lost.take() {
                // A message's `Drop` is user code.
                ignored(|| drop(lost.item));
            }
            if !effects.take_unfinished() {
                return;
            }
            self.mailbox.visit(effects, |section| section.resume());
        }
    }
}

/// A channel with one mailbox's bounds and one policy per class; [`Item::class`] picks the class of
/// a value.
///
/// Alone, a mailbox has no timers: a sender whose message's ttl passes while it waits in line is
/// let in and its message then skipped, counted `expired`.
///
/// # Errors
/// The first setting or policy that cannot be.
pub fn channel<T: Item>(
    settings: Settings,
    classes: Vec<Class>,
) -> Result<(Sender<T>, Receiver<T>), InvalidPolicy> {
    let limits = settings.limits()?;
    if classes.is_empty() || classes.len() > usize::from(u16::MAX) {
        return Err(InvalidPolicy::new("classes", "a mailbox has between 1 and 65,535 classes"));
    }
    if limits.workers.is_pool() || limits.pressure.is_some() {
        let why = "a channel has one receiver and no supervisor: leave workers and pressure out";
        return Err(InvalidPolicy::new("workers", why));
    }
    for class in &classes {
        let of_class = |error: InvalidPolicy| {
            InvalidPolicy::new(error.word().to_owned(), format!("{}: {error}", class.name))
        };
        class.policy.check().map_err(of_class)?;
        if class.policy.rate.is_some() && class.policy.overflow.last_resort() == Overflow::Block {
            let why = "a channel has no runtime that lets senders in as tokens come: end the list in `reject` or a drop";
            return Err(of_class(InvalidPolicy::new("rate", why)));
        }
    }
    let life = Life::of_channel(classes.iter().map(Class::name));
    let seed = settings.declared_seed().map_or_else(seed::from_os, Seed::new);
    let mailbox = Mailbox::new(limits, classes.into(), Some(()), clock::now, seed);
    let shared = Arc::new(Shared { mailbox, senders: AtomicUsize::new(1), life });
    let receiver = Receiver {
        shared: shared.clone(),
        taker: Taker::new(WorkerId::ONLY),
        effects: Effects::new(),
        relayed: Relayed::default(),
    };
    Ok((Sender { shared }, receiver))
}

/// Sends. Cheap to clone; when the last one is dropped, the receiver gets what is queued and then
/// `None`.
pub struct Sender<T: Item> {
    shared: Arc<Shared<T>>,
}

impl<T: Item> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Sender { shared: self.shared.clone() }
    }
}

impl<T: Item> Drop for Sender<T> {
    fn drop(&mut self) {
        // AcqRel: what other senders did is done before the channel closes.
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.visit(|section| section.close());
        }
    }
}

impl<T: Item> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T: Item> Sender<T> {
    /// Sends as the class's policy says; waits in line where that says `block`. Nothing happens
    /// before the first poll.
    ///
    /// # Cancel safety
    /// Cancel safe; see [`Sending`].
    pub fn send(&self, value: T) -> Sending<'_, T> {
        Sending { shared: &self.shared, entry: Entry::Fresh(value) }
    }

    /// Sends without ever waiting: where the policy says `block`, a full mailbox refuses with
    /// [`Reason::Full`].
    ///
    /// # Errors
    /// [`Reason::Full`] or [`Reason::Closed`], with the value.
    pub fn try_send(&self, value: T) -> Result<Admission, SendError<T>> {
        let entered = match offer(&self.shared, value, WhenFull::Refuse) {
            Offer::Granted(place, admission) => Ok((place, admission)),
            Offer::Refused(value, reason, retry_after) => Err((value, reason, retry_after)),
            Offer::InLine(_) => unreachable!("`WhenFull::Refuse` never joins the line"),
        };
        settle(&self.shared, entered)
    }
}

/// Offers a value. A notice and the fast path first; then as its class's policy says.
fn offer<T: Item>(shared: &Shared<T>, value: T, when_full: WhenFull) -> Offer<Message, T> {
    let (mailbox, class) = (&shared.mailbox, ClassId::new(value.class()));
    if let Some(retry_after) = mailbox.refuse_at_once(class, when_full) {
        return Offer::Refused(value, Reason::Full, retry_after.get());
    }
    match mailbox.try_fast_path(class, when_full) {
        FastPath::Slot(mut slot) => {
            let (place, next) = slot.fill_until(|| value, Tick::ZERO, Tick::NEVER);
            drop(slot);
            if let Wake::Task(waker) = next {
                wake(waker);
            }
            return Offer::Granted(place, Admission::Queued);
        }
        FastPath::Refused(reason, retry_after) => {
            return Offer::Refused(value, reason, retry_after.get());
        }
        FastPath::LongWay => {}
    }
    match mailbox.tag(class, &value, Tick::ZERO, Tick::NEVER) {
        Ok(tag) => shared.visit(|section| section.offer(value, tag, when_full)),
        Err(reason) => {
            mailbox.offer_lost(class, reason);
            Offer::Refused(value, reason, None)
        }
    }
}

/// Converts an outcome to what the sender is told. A value that its class's policy drops is no
/// error.
fn settle<T: Item>(shared: &Shared<T>, entered: Entered<Message, T>) -> Result<Admission, SendError<T>> {
    match entered {
        Ok((_, admission)) => Ok(admission),
        Err((value, Reason::Dropped, _)) => {
            discard(value);
            Ok(Admission::Dropped)
        }
        Err((value, reason, retry_after)) => {
            let why = shared.why(ClassId::new(value.class()), reason).retry(retry_after);
            Err(SendError::new(value, why))
        }
    }
}

/// A send under way.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, the value was not sent: it leaves the line, and where
/// it was let in meanwhile it is withdrawn, both counted `cancelled`. Only a value that was
/// received by then stays sent.
#[must_use = "nothing is sent before it is awaited"]
pub struct Sending<'a, T: Item> {
    shared: &'a Shared<T>,
    entry: Entry<T, Message>,
}

// No field is pinned: a value may move between polls.
impl<T: Item> Unpin for Sending<'_, T> {}

impl<T: Item> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

impl<T: Item> Future for Sending<'_, T> {
    type Output = Result<Admission, SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Sending { shared, entry } = &mut *self;
        let entered = ready!(entry.poll(&shared.mailbox, cx, |value| offer(shared, value, WhenFull::Wait)));
        match entered {
            Some(entered) => Poll::Ready(settle(shared, entered)),
            None => panic!("a send was polled after it had completed"),
        }
    }
}

impl<T: Item> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        let Some(line) = self.entry.take_line() else { return };
        match self.shared.visit(|section| section.give_up(line, Reason::Cancelled)) {
            Ok((value, _)) | Err((Outcome::Refused(value, _), _)) => discard(value),
            Err((Outcome::Granted(place), _)) => {
                self.shared.visit(|section| section.withdraw(place, Reason::Cancelled));
            }
        }
    }
}

/// Receives. Dropping it closes the channel; what was queued counts `undelivered`.
pub struct Receiver<T: Item> {
    shared: Arc<Shared<T>>,
    taker: Taker<T, ()>,
    effects: Effects<T>,
    /// The polling task may have any waker.
    relayed: Relayed,
}

impl<T: Item> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T: Item> Receiver<T> {
    /// The next value, by lane and age; `None` when the channel is closed and empty. A value
    /// received counts `handled`.
    ///
    /// One poll may be pending although values are queued: a receiver that keeps up with its
    /// senders lets a batch come together.
    ///
    /// # Cancel safety
    /// Cancel safe; see [`Recv`].
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv { receiver: self }
    }

    /// Up to `max` values at once, added to `into`; 0 when the channel is closed and empty, or when
    /// `max` is 0.
    ///
    /// May return fewer than there are.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped while it is pending, no value was taken: it waits for the first one
    /// only.
    pub async fn recv_many(&mut self, into: &mut Vec<T>, max: usize) -> usize {
        if max == 0 {
            return 0;
        }
        let Some(first) = self.recv().await else { return 0 };
        into.push(first);
        let mut taken = 1;
        while taken < max {
            let more = poll_fn(|cx| Poll::Ready(self.poll_recv(cx))).await;
            let Poll::Ready(Some(value)) = more else { break };
            into.push(value);
            taken += 1;
        }
        taken
    }

    /// Polls for the next value.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let cx = &mut Context::from_waker(self.relayed.waker(cx.waker()));
        let taken = self.taker.poll_take(&self.shared.mailbox, cx, &mut self.effects);
        self.shared.apply(&mut self.effects);
        taken.map(|take| match take {
            Take::Turn => {
                self.shared.mailbox.end_turn(WorkerId::ONLY);
                self.taker.current().and_then(|taken| taken.item.take())
            }
            Take::Finished | Take::Poisoned | Take::Restart | Take::Retire | Take::Suspended => None,
        })
    }

    /// Closes the channel: senders are refused, what is queued can still be received.
    pub fn close(&mut self) {
        self.shared.mailbox.visit(&mut self.effects, |section| section.close());
        self.shared.apply(&mut self.effects);
    }

    /// What became of every value offered so far.
    pub fn ledger(&self) -> Ledger {
        let mut effects = Effects::new();
        let ledger = self.shared.mailbox.ledger(&mut effects);
        self.shared.apply(&mut effects);
        ledger
    }
}

impl<T: Item> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.taker.put_back(&self.shared.mailbox, &mut self.effects);
        self.shared.mailbox.visit(&mut self.effects, |section| section.end());
        self.shared.apply(&mut self.effects);
    }
}

/// A receive under way.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, no value was taken.
#[must_use = "nothing is received before it is awaited"]
#[derive(Debug)]
pub struct Recv<'a, T: Item> {
    receiver: &'a mut Receiver<T>,
}

impl<T: Item> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll_recv(cx)
    }
}
