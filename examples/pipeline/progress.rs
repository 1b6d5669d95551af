//! How far the writer is, and how long each third has taken.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Shared by the writer and the report. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// The rows that are expected; 0 if that is not known.
    expected: u64,
    written: u64,
    began: Instant,
    /// When each third was written.
    thirds: Vec<Duration>,
    /// The first error of the database.
    error: Option<String>,
}

impl Progress {
    pub(crate) fn of(expected: u64) -> Self {
        let (thirds, began) = (Vec::new(), Instant::now());
        Progress { state: Arc::new(Mutex::new(State { expected, written: 0, began, thirds, error: None })) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn written(&self, rows: u64) {
        let mut state = self.state();
        state.written += rows;
        while state.thirds.len() < 3
            && state.expected > 0
            && state.written * 3 >= state.expected * (state.thirds.len() as u64 + 1)
        {
            let elapsed = state.began.elapsed();
            state.thirds.push(elapsed);
        }
    }

    pub(crate) fn failed(&self, error: &dyn fmt::Display) {
        self.state().error.get_or_insert_with(|| error.to_string());
    }

    pub(crate) fn error(&self) -> Option<String> {
        self.state().error.clone()
    }

    /// The rows that are written.
    pub(crate) fn rows(&self) -> u64 {
        self.state().written
    }

    /// The length of each third that is written.
    pub(crate) fn thirds(&self) -> Vec<Duration> {
        let ends = self.state().thirds.clone();
        let begins = std::iter::once(Duration::ZERO).chain(ends.iter().copied());
        ends.iter().zip(begins).map(|(end, begin)| *end - begin).collect()
    }
}
