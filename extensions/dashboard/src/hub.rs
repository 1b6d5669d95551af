//! The one task that samples the system, and what it publishes.
//!
//! ```text
//!   system ──► sampler, once a second ──► watch (the latest only) ──► stream ──► browser
//!                     │                        └────────────────────► stream ──► browser
//!                     └─► samples of dead letters, waits that were seen
//! ```
//!
//! However many clients there are, the system is read once a second, and a frame is written once.
//! All streams share its bytes. A client that does not read keeps the one frame that it is being
//! sent, and continues with the latest.
//!
//! The task runs while a stream is open or a client has asked for collected data in the last
//! minute. Otherwise there is no task and no subscription to dead letters, and the system pays
//! nothing.

use crate::boundaries::{self, Boundaries, Subject};
use crate::detail;
use crate::frame::{self, Surroundings};
use crate::letters::{LetterLines, Letters};
use crate::sample::Sample;
use crate::source::{self, MessageTimes, Times};
use crate::waits::Seen;
use crate::window::Window;
use actors_core::System;
use actors_core::observe::{DeadLetters, RecentWaits, WaitEdge};
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};

/// The time between two samples: what a person reads. At 10,000 actors a sample takes some
/// milliseconds, so the sampler uses about a hundredth of a core.
const PERIOD: Duration = Duration::from_secs(1);
/// The time for which the sampler runs on after the last client: a page that is loaded again, or a
/// script that asks every few seconds, finds its history.
const LINGER: Duration = Duration::from_secs(60);
/// Streams at once: each page has one. A hundred are more people than watch one process; their
/// buffers are some ten megabytes at worst.
pub(crate) const STREAMS_MAX: usize = 100;
/// Dead letters that are looked at between two samples: as many as a subscriber may be behind.
const LETTERS_MAX: usize = 1024;

/// The latest sample and what was made of it.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) serial: u64,
    /// The event with the frame, as it is sent.
    pub(crate) event: Bytes,
    pub(crate) times: Vec<MessageTimes>,
    pub(crate) seen: Arc<Seen>,
    before: Option<Arc<Sample>>,
    now: Arc<Sample>,
}

impl Published {
    pub(crate) fn window(&self) -> Window<'_> {
        Window { before: self.before.as_deref(), now: &self.now }
    }
}

/// What streams and routes share.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) system: System,
    allows_changes: bool,
    /// When the dashboard was made.
    began: Instant,
    began_ms: u64,
    latest: watch::Sender<Option<Arc<Published>>>,
    streams: Arc<Semaphore>,
    run: Mutex<Run>,
    letters: Mutex<Letters>,
    seen: Mutex<Arc<Seen>>,
}

#[derive(Debug)]
struct Run {
    is_running: bool,
    /// The sampler runs until then, without a stream.
    until: Instant,
}

/// A stream's place among the hundred. The sampler runs while it is held, and for a while after.
#[derive(Debug)]
pub(crate) struct Place {
    hub: Arc<Hub>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.hub.run).until = Instant::now() + LINGER;
    }
}

/// What the locks guard stays whole when a thread panics: each is changed by one statement.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(crate) fn new(system: System, allows_changes: bool) -> Arc<Hub> {
        let began_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Arc::new(Hub {
            system,
            allows_changes,
            began: Instant::now(),
            began_ms: u64::try_from(began_ms).unwrap_or_default(),
            latest: watch::Sender::new(None),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            run: Mutex::new(Run { is_running: false, until: Instant::now() }),
            letters: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Takes a place for a stream; `None` while all are taken.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<(Place, watch::Receiver<Option<Arc<Published>>>)> {
        let permit = self.streams.clone().try_acquire_owned().ok()?;
        let place = Place { hub: self.clone(), _permit: permit };
        self.collect();
        let mut latest = self.latest.subscribe();
        latest.mark_changed();
        Some((place, latest))
    }

    /// Lets the sampler run for the next minute at least.
    pub(crate) fn collect(self: &Arc<Self>) {
        let must_start = {
            let mut run = locked(&self.run);
            run.until = Instant::now() + LINGER;
            !std::mem::replace(&mut run.is_running, true)
        };
        if must_start {
            tokio::spawn(Sampler::new(self.clone()).run());
        }
    }

    /// Whether a stream is open, or a client has asked for collected data a short time ago.
    fn is_watched(&self, run: &Run) -> bool {
        self.streams.available_permits() < STREAMS_MAX || Instant::now() < run.until
    }

    /// Ends the sampler if nothing needs it: the next client then starts another one.
    fn ends_if_idle(&self) -> bool {
        let mut run = locked(&self.run);
        run.is_running = self.is_watched(&run);
        !run.is_running
    }

    /// Whether the sampler runs.
    #[cfg(test)]
    pub(crate) fn is_running(&self) -> bool {
        locked(&self.run).is_running
    }

    /// The samples of dead letters after the one with this number.
    pub(crate) fn letters(&self, since: u64) -> LetterLines {
        locked(&self.letters).since(since, Instant::now())
    }

    /// The four questions, from the configuration of now and the waits seen so far.
    pub(crate) fn boundaries(&self) -> Boundaries {
        let seen = locked(&self.seen).clone();
        let mut actors = Vec::new();
        self.system.visit(&mut |view| actors.push((view.name.clone(), view.type_name)));
        let configured: Vec<_> = actors
            .iter()
            .filter_map(|(name, type_name)| Some((name, *type_name, self.system.effective(name.as_str())?)))
            .collect();
        let subjects: Vec<_> =
            configured.iter().map(|(name, type_name, config)| Subject { name, type_name, config }).collect();
        boundaries::of_all(&subjects, &seen)
    }

    /// The JSON about one actor.
    pub(crate) fn detail(&self, published: &Published, name: &str) -> String {
        detail::json(&self.system, published, name)
    }
}

/// The state of the task.
struct Sampler {
    hub: Arc<Hub>,
    serial: u64,
    letters: DeadLetters,
    recent: RecentWaits,
    times: Times,
    before: Option<Arc<Sample>>,
    /// It has said that it ends, so another one may run by now.
    has_left: bool,
}

impl Drop for Sampler {
    /// A sample panicked, or the runtime or the system ends: the next client starts another task.
    fn drop(&mut self) {
        if !self.has_left {
            locked(&self.hub.run).is_running = false;
        }
    }
}

impl Sampler {
    fn new(hub: Arc<Hub>) -> Sampler {
        let letters = hub.system.dead_letters();
        let (recent, times) = (RecentWaits::default(), Times::default());
        Sampler { hub, serial: 0, letters, recent, times, before: None, has_left: false }
    }

    async fn run(mut self) {
        let token = self.hub.system.token();
        let mut ticks = tokio::time::interval(PERIOD);
        // A late sample is not followed by more samples that catch up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                _ = ticks.tick() => {}
            }
            let is_watched = self.hub.is_watched(&locked(&self.hub.run));
            if is_watched {
                // On a thread of its own: 10,000 actors take longer than a turn of the runtime may.
                let Ok(sampler) = tokio::task::spawn_blocking(move || self.sampled()).await else { return };
                self = sampler;
                continue;
            }
            // Nothing is kept for later clients. A client that enters from here on finds no frame,
            // and either this task or the next one makes one.
            self.hub.latest.send_replace(None);
            if self.hub.ends_if_idle() {
                self.has_left = true;
                break;
            }
        }
    }

    /// Takes a sample and publishes it.
    fn sampled(mut self) -> Sampler {
        self.take_letters();
        let hub = &self.hub;
        let now = Arc::new(Sample::take(&hub.system));
        let before = self.before.replace(now.clone());
        let edges = self.recent.add(&now.waits);
        let seen = {
            let mut seen = locked(&hub.seen);
            if seen.lacks(&now.waits) {
                Arc::make_mut(&mut seen).add(&now.waits);
            }
            seen.clone()
        };
        self.serial += 1;
        let times = self.times.add(&hub.system);
        let window = Window { before: before.as_deref(), now: &now };
        let event = self.event(window, &edges, &times);
        let published = Published { serial: self.serial, event, times, seen, before, now };
        // The one before is dropped here, or by the stream that still uses it.
        drop(hub.latest.send_replace(Some(Arc::new(published))));
        self
    }

    fn event(&self, window: Window<'_>, edges: &[WaitEdge], times: &[MessageTimes]) -> Bytes {
        let hub = &self.hub;
        let around = Surroundings {
            system: &hub.system,
            serial: self.serial,
            began_ms: hub.began_ms,
            at: window.now.at.duration_since(hub.began),
            edges,
            times,
            letters: locked(&hub.letters).serial(),
            decisions: source::last_decision(&hub.system),
            allows_changes: hub.allows_changes,
        };
        Bytes::from(frame::event("frame", self.serial, &frame::json(window, &around)))
    }

    /// Takes the letters since the last sample.
    fn take_letters(&mut self) {
        let now = Instant::now();
        for _ in 0..LETTERS_MAX {
            let Some(letter) = self.letters.try_next() else { break };
            locked(&self.hub.letters).add(letter, now);
        }
    }
}

#[cfg(test)]
mod tests;
