//! An actor that takes streams and makes them.

use actors_core::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What a mill has ground, shared with its test.
#[derive(Debug, Default)]
pub(crate) struct Ground {
    pub(crate) sacks: Mutex<Vec<Vec<u8>>>,
    /// Notified with each sack.
    pub(crate) changed: Notify,
}

/// The capacity of a mill.
pub(crate) const MILL_SLOTS: usize = 8;

/// An actor for streams.
#[derive(Default)]
pub(crate) struct Mill {
    ground: Arc<Ground>,
    /// The pages that were made.
    produced: Arc<AtomicU64>,
}

#[actor(vis = pub(crate), capacity = 8, reserve = 0)]
impl Mill {
    #[message(overflow = block)]
    fn grind(&mut self, sack: Vec<u8>) {
        self.ground.sacks.lock().unwrap().push(sack);
        self.ground.changed.notify_one();
    }

    #[message]
    fn page(&mut self, at: u64) -> Option<Vec<u8>> {
        self.produced.fetch_add(1, Ordering::Relaxed);
        let mut page = vec![0; 1024];
        page[..8].copy_from_slice(&at.to_be_bytes());
        Some(page)
    }

    #[message]
    fn echo(&mut self, text: Vec<u8>) -> Vec<u8> {
        text
    }

    #[message]
    fn ground(&mut self) -> Arc<Ground> {
        self.ground.clone()
    }

    #[message]
    fn produced(&mut self) -> Arc<AtomicU64> {
        self.produced.clone()
    }
}
