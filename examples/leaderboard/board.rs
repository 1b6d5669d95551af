//! The board: it keeps the scores, and tells every viewer about each new version.
//!
//! A version is not a score. The first score after a version queues `publish`, which goes behind
//! the scores that wait already; the next ones find it queued, and are conflated with it. So a
//! single score is shown at once, and under load one version has many scores, without a timer.

use crate::score::Player;
use crate::viewer::{Viewer, ViewerHandle};
use actors_core::observe::Row;
use actors_core::prelude::*;
use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Players on the board: about 2 MB of memory. One more is refused until the board is a new one.
pub(crate) const PLAYERS_MAX: usize = 10_000;
/// Lines of a version, as many as a page shows without scrolling.
const TOP: usize = 10;

/// One version of the board, as every viewer gets it. Written as JSON once, however many viewers
/// there are: clones share the text.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) text: Utf8Bytes,
}

#[derive(Serialize)]
struct VersionBody<'a> {
    version: u64,
    players: usize,
    top: Vec<(&'a str, u64)>,
}

/// The board already has as many players as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoardFull;

/// A viewer and what became of its updates.
#[derive(Clone, Debug)]
pub(crate) struct ViewerRow {
    pub(crate) label: Arc<str>,
    pub(crate) updates: Row,
}

/// The board, and the parent of the viewers.
#[derive(Debug, Default)]
pub(crate) struct Board {
    sums: HashMap<Player, u64>,
    /// The same, the best first.
    order: BTreeSet<(Reverse<u64>, Player)>,
    version: u64,
    viewers: Vec<(Arc<str>, ViewerHandle)>,
}

impl Board {
    fn render(&self) -> Version {
        let top = self.order.iter().take(TOP).map(|(Reverse(sum), player)| (player.as_str(), *sum)).collect();
        let body = VersionBody { version: self.version, players: self.sums.len(), top };
        // Strings and numbers always have a JSON form.
        let text = serde_json::to_string(&body).unwrap_or_default();
        Version { number: self.version, text: text.into() }
    }

    /// Tells every viewer. None of them can hold this up: an update never waits for room.
    fn tell_viewers(&mut self) {
        self.version += 1;
        let version = self.render();
        // What cannot be sent is an update to a viewer that has ended.
        self.viewers.retain(|(_, viewer)| viewer.update(0, version.clone()).try_send().is_ok());
    }
}

// The board's turns take microseconds, so a thousand queued scores are milliseconds of work.
#[actor(vis = pub(crate), capacity = 1024)]
impl Board {
    /// Adds points to a player. Returns the player's sum. Scores never take the last of the
    /// 896 slots outside the reserve: with `publish` refused, each score would be a version of its
    /// own, just when many come in.
    #[message(overflow = block, max = 800, timeout = "2s")]
    fn scored(&mut self, player: Player, points: u64, ctx: &mut Context<Self>) -> Result<u64, BoardFull> {
        if self.sums.len() >= PLAYERS_MAX && !self.sums.contains_key(&player) {
            return Err(BoardFull);
        }
        let sum = self.sums.entry(player.clone()).or_default();
        self.order.remove(&(Reverse(*sum), player.clone()));
        *sum += points;
        let sum = *sum;
        self.order.insert((Reverse(sum), player));
        let board: BoardHandle = ctx.handle();
        match board.publish(0).try_send() {
            Ok(Admission::Queued | Admission::Conflated) => {}
            // The mailbox has no room for it, or the board is closing.
            _ => self.tell_viewers(),
        }
        Ok(sum)
    }

    /// Shows what has changed. At most one is queued.
    #[message(overflow = conflate, key = board)]
    fn publish(&mut self, board: u32) {
        let _ = board;
        self.tell_viewers();
    }

    /// Starts a viewer, which gets the current version at once.
    #[message(overflow = reject, timeout = "2s")]
    fn join(&mut self, label: Arc<str>, viewer: Viewer, ctx: &mut Context<Self>) {
        // Viewers that have left since the last version.
        self.viewers.retain(|(_, viewer)| !viewer.is_closed());
        let viewer: ViewerHandle = ctx.spawn(viewer);
        if viewer.update(0, self.render()).try_send().is_ok() {
            self.viewers.push((label, viewer));
        }
    }

    /// Returns the current version.
    #[message(overflow = reject, timeout = "2s")]
    fn shown(&self) -> Version {
        self.render()
    }

    /// Returns the viewers, in the order in which they came.
    #[message(overflow = reject, timeout = "2s")]
    fn viewers(&self) -> Vec<ViewerRow> {
        let rows = self.viewers.iter().map(|(label, viewer)| {
            let updates = viewer.ledger().of::<crate::viewer::viewer_messages::Update>();
            ViewerRow { label: label.clone(), updates }
        });
        rows.collect()
    }
}
