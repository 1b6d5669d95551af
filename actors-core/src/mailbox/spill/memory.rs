//! A store for tests: it keeps messages in memory, and refuses, fails, panics and waits as it is
//! told.

use super::{Store, StoreFailed, Stored, Taking};
use crate::mailbox::ids::ClassId;
use crate::sync::assert_unlocked;
use crate::wakers::{cloned, wake};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// What the store does when it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Refuses, or fails.
    Ill,
    /// Panics before it has touched anything.
    Panics,
    /// Panics after it has taken the message away.
    PanicsLate,
    /// Hands nothing out until its mood changes.
    Slow,
}

#[derive(Debug)]
struct State<T> {
    kept: BTreeMap<ClassId, VecDeque<Stored<T>>>,
    put: Mood,
    take: Mood,
    /// More than this are refused.
    mark: usize,
    /// The most messages that were ever asked for at once.
    most: usize,
    takes: usize,
    waiting: Vec<Waker>,
}

/// Cheap to clone: all clones are one store.
#[derive(Debug)]
pub(crate) struct Memory<T>(Arc<Mutex<State<T>>>);

impl<T> Clone for Memory<T> {
    fn clone(&self) -> Self {
        Memory(self.0.clone())
    }
}

impl<T> Memory<T> {
    pub(crate) fn new(mark: usize) -> Self {
        let (put, take) = (Mood::Well, Mood::Well);
        let kept = BTreeMap::new();
        Memory(Arc::new(Mutex::new(State { kept, put, take, mark, most: 0, takes: 0, waiting: Vec::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_put(&self, mood: Mood) {
        self.state().put = mood;
    }

    pub(crate) fn set_take(&self, mood: Mood) {
        let wakers = {
            let mut state = self.state();
            state.take = mood;
            std::mem::take(&mut state.waiting)
        };
        wakers.into_iter().for_each(wake);
    }

    pub(crate) fn set_mark(&self, mark: usize) {
        self.state().mark = mark;
    }

    /// How many messages it has.
    pub(crate) fn len(&self) -> usize {
        self.state().kept.values().map(VecDeque::len).sum()
    }

    /// The most messages that were ever asked for at once.
    pub(crate) fn most(&self) -> usize {
        self.state().most
    }

    /// How often it was asked for messages.
    pub(crate) fn takes(&self) -> usize {
        self.state().takes
    }
}

impl<T: Send + 'static> Store<T> for Memory<T> {
    fn put(&self, message: &mut Option<Stored<T>>) {
        assert_unlocked();
        let (mood, is_full) = {
            let state = self.state();
            (state.put, state.kept.values().map(VecDeque::len).sum::<usize>() >= state.mark)
        };
        match mood {
            Mood::Ill => {}
            Mood::Panics => panic_quietly(),
            Mood::PanicsLate => {
                *message = None;
                panic_quietly()
            }
            _ if is_full => {}
            Mood::Well | Mood::Slow => {
                if let Some(taken) = message.take() {
                    self.state().kept.entry(taken.tag.class).or_default().push_back(taken);
                }
            }
        }
    }

    fn take(&self, class: ClassId, max: usize) -> Taking<T> {
        assert_unlocked();
        let this = self.clone();
        {
            let mut state = this.state();
            (state.takes, state.most) = (state.takes + 1, state.most.max(max));
        }
        Box::pin(poll_fn(move |cx| {
            assert_unlocked();
            let mut state = this.state();
            match state.take {
                Mood::Slow => {
                    state.waiting.push(cloned(cx.waker()));
                    Poll::Pending
                }
                Mood::Ill => Poll::Ready(Err(StoreFailed)),
                Mood::Panics | Mood::PanicsLate => {
                    drop(state);
                    panic_quietly()
                }
                Mood::Well => {
                    let kept = state.kept.entry(class).or_default();
                    let count = max.min(kept.len());
                    Poll::Ready(Ok(kept.drain(..count).collect()))
                }
            }
        }))
    }
}

/// Panics without a word of the panic hook.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("the store panics"))
}
