//! Credit, framed sockets and Reactive Streams: in paused time, except where a socket is real.

mod credit;
mod ends;
mod framed;
mod lingering;
mod reactive;
mod sockets;
mod threads;
mod wakers;
mod wire;

use actors_core::prelude::*;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};

/// An actor that records what it handles.
#[derive(Clone, Default)]
pub(crate) struct Mill {
    pub(crate) ground: Arc<Mutex<Vec<u64>>>,
}

#[actor(vis = pub(crate), capacity = 8, reserve = 0)]
impl Mill {
    #[message]
    fn grind(&mut self, sack: u64) {
        self.ground.lock().unwrap().push(sack);
    }

    #[message(overflow = block, weight = bytes)]
    fn heavy(&mut self, bytes: u64) {
        self.ground.lock().unwrap().push(bytes);
    }

    #[message(timeout = "1h")]
    fn double(&mut self, sack: u64) -> u64 {
        self.ground.lock().unwrap().push(sack);
        assert_ne!(sack, 13, "this mill fears thirteen");
        sack * 2
    }
}

impl Mill {
    pub(crate) fn spawn(system: &System) -> (MillHandle, Mill) {
        let mill = Mill::default();
        (system.spawn(mill.clone()), mill)
    }

    pub(crate) fn ground(&self) -> Vec<u64> {
        self.ground.lock().unwrap().clone()
    }
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

/// Lets the other tasks of this thread run until they wait, without moving the clock: more yields
/// than the longest chain of wake-ups has steps.
pub(crate) async fn run_other_tasks() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// Counts wake-ups.
#[derive(Default)]
pub(crate) struct Wakes(AtomicU32);

impl Wakes {
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Numbers that are the same in every run: xorshift64.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
