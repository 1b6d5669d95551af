//! The task that looks at the deadlines of a system, and the entries that threads keep.

use super::{Board, Entry, REST, SHARE};
use crate::clock::{self, Tick};
use crate::sync::Arc;
use crate::tasks;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Entries that a thread keeps: more waits than this rarely end on one thread before the next ones
/// begin.
const KEPT_MAX: usize = 64;
/// The longest time between two looks. When the second in a row finds no wait, the task ends: not
/// at once, so that it is not started again and again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest rest between two looks, whatever has made a look long.
const REST_MAX: Duration = Duration::from_millis(100);

thread_local! {
    static KEPT: RefCell<Vec<Arc<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// The deadlines of the waits for a system's actors.
#[derive(Debug)]
pub(crate) struct Deadlines {
    shared: Arc<Shared>,
    /// Tells its entries from those of other systems, also of systems that are gone.
    number: u64,
}

#[derive(Debug)]
struct Shared {
    board: Board,
    hurry: Notify,
}

impl Default for Deadlines {
    fn default() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let shared = Arc::new(Shared { board: Board::new(), hurry: Notify::new() });
        Deadlines { shared, number: NUMBERS.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Deadlines {
    /// Begins a wait that ends at `at`, by waking `waker`, or at once if that has passed. `rt` is
    /// the multi-thread runtime of the system.
    #[inline]
    pub(crate) fn arm(&self, at: Tick, waker: &Waker, rt: &runtime::Handle) -> Arc<Entry> {
        let entry = self.take_kept().unwrap_or_else(|| self.add(rt));
        self.arm_again(&entry, at, waker, rt);
        entry
    }

    /// Sets the deadline of a wait anew.
    #[inline]
    pub(crate) fn arm_again(&self, entry: &Entry, at: Tick, waker: &Waker, rt: &runtime::Handle) {
        if self.shared.board.arm(entry, at, waker) {
            self.arm_soon(entry, at, rt);
        }
    }

    #[cold]
    fn arm_soon(&self, entry: &Entry, at: Tick, rt: &runtime::Handle) {
        if at <= clock::now() {
            entry.end_now();
        } else if self.shared.board.bring_forward(at) {
            self.hurry(rt);
        }
    }

    /// Ends a wait. The thread keeps the entry for its next one.
    #[inline]
    pub(crate) fn disarm(&self, entry: Arc<Entry>) {
        entry.disarm();
        let mut left = Some(entry);
        // While a thread ends, it keeps nothing.
        let _ = KEPT.try_with(|kept| self.keep(&mut kept.borrow_mut(), &mut left));
        if let Some(entry) = left {
            entry.forget();
        }
    }

    /// Keeps the entry, perhaps in the place of another system's, which is left instead.
    #[inline]
    fn keep(&self, kept: &mut Vec<Arc<Entry>>, entry: &mut Option<Arc<Entry>>) {
        if kept.len() < KEPT_MAX {
            kept.extend(entry.take());
        } else if let Some(place) = kept.iter_mut().find(|other| other.owner != self.number)
            && let Some(entry) = entry
        {
            std::mem::swap(place, entry);
        }
    }

    #[inline]
    fn take_kept(&self) -> Option<Arc<Entry>> {
        let take = |kept: &RefCell<Vec<Arc<Entry>>>| {
            let mut kept = kept.borrow_mut();
            let at = kept.iter().rposition(|entry| entry.owner == self.number)?;
            Some(kept.swap_remove(at))
        };
        KEPT.try_with(take).ok().flatten()
    }

    #[cold]
    fn add(&self, rt: &runtime::Handle) -> Arc<Entry> {
        let entry = Arc::new(Entry::new(self.number));
        if self.shared.board.add(entry.clone(), clock::now) {
            self.hurry(rt);
        }
        entry
    }

    /// Wakes the task, or starts it.
    #[cold]
    fn hurry(&self, rt: &runtime::Handle) {
        let mut list = self.shared.board.list.lock();
        if list.is_over {
            return;
        }
        let must_start = !std::mem::replace(&mut list.has_task, true);
        drop(list);
        match must_start {
            // A runtime that has ended drops the task here.
            true => {
                let task = Task { shared: self.shared.clone(), is_done: false };
                drop(tasks::spawn(rt, format_args!("actors: deadlines"), watch(task)));
            }
            false => self.shared.hurry.notify_one(),
        }
        // On a worker, the task that was woken last waits in a place of its own, from which no
        // other worker takes it, however long this worker is blocked. Another one takes that place.
        drop(rt.spawn(std::future::ready(())));
    }

    /// Wakes all waits: the runtime has ended, and they must look for it. A wait that begins from
    /// here on finds it without being woken.
    pub(crate) fn wake_all(&self) {
        self.shared.board.wake_all();
    }
}

#[cfg(all(test, not(actors_loom)))]
impl Deadlines {
    pub(super) fn entries(&self) -> usize {
        self.shared.board.list.lock().entries.len()
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        self.shared.board.list.lock().is_over = true;
        self.shared.hurry.notify_one();
    }
}

/// The task, which knows whether its runtime has dropped it.
struct Task {
    shared: Arc<Shared>,
    is_done: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.shared.board.task_is_gone(self.is_done);
    }
}

async fn watch(mut task: Task) {
    let shared = task.shared.clone();
    let Shared { board, hurry } = &*shared;
    let mut was_idle = false;
    loop {
        let began = clock::now();
        board.begin_look();
        let (mut soonest, mut rest) = (Tick::NEVER, Some(0));
        while let Some(from) = rest {
            rest = board.look(from, began, &mut soonest);
            tokio::task::coop::consume_budget().await;
        }
        let ended = clock::now();
        let earliest = ended.after((ended.since(began) * SHARE).clamp(REST, REST_MAX));
        let is_idle = soonest == Tick::NEVER;
        if is_idle && was_idle && board.may_end() {
            task.is_done = true;
            return;
        }
        was_idle = is_idle;
        board.plan(soonest.min(ended.after(LOOK_EVERY)));
        // Until the time that is planned, which a wait may bring forward meanwhile.
        while let Some(at) = clock::instant(board.next().max(earliest)) {
            if board.list.lock().is_over {
                return;
            }
            if timeout_at(at, hurry.notified()).await.is_err() {
                break;
            }
        }
    }
}
