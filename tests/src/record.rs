//! What the turns of an actor write, for the test to read.

use std::sync::{Arc, Mutex, PoisonError};

/// A list that an actor writes and a test reads. The actor holds one clone, the test another.
#[derive(Debug)]
pub struct Record<T>(Arc<Mutex<Vec<T>>>);

impl<T> Record<T> {
    /// Adds an entry.
    pub fn write(&self, entry: impl Into<T>) {
        self.entries(|entries| entries.push(entry.into()));
    }

    /// Returns a copy of the entries, oldest first.
    #[must_use]
    pub fn read(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.entries(|entries| entries.clone())
    }

    /// Removes and returns the entries, oldest first.
    pub fn take(&self) -> Vec<T> {
        self.entries(std::mem::take)
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries(|entries| entries.len())
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entries<R>(&self, with: impl FnOnce(&mut Vec<T>) -> R) -> R {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Record(self.0.clone())
    }
}

impl<T> Default for Record<T> {
    fn default() -> Self {
        Record(Arc::default())
    }
}
