//! What comes in, and a generator of it.

use crate::board::BoardHandle;
use actors_core::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// A name must fit into a line of the page. It is also part of each update and of the board's
/// memory.
const NAME_CHARS_MAX: usize = 24;
/// More in one score is a mistake. Sums of it never overflow: that takes 2^44 scores.
const POINTS_MAX: u64 = 1_000_000;
/// Ticks of the generator a second: five times the resolution of a timer, a millisecond.
const TICKS: u32 = 200;

/// The name of a player: 1 to 24 characters, none of which is a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Player(Arc<str>);

impl Player {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(name: &str) -> Option<Player> {
        let is_short = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        (is_short && !name.chars().any(char::is_control)).then(|| Player(name.into()))
    }
}

/// A score as a client sends it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ScoreBody {
    pub(crate) player: String,
    pub(crate) points: u64,
}

impl ScoreBody {
    /// Checks a score at the edge, so that the board never sees a bad one.
    pub(crate) fn check(&self) -> Result<(Player, u64), &'static str> {
        let player = Player::new(&self.player).ok_or("player: 1 to 24 characters")?;
        if !(1..=POINTS_MAX).contains(&self.points) {
            return Err("points: 1 to 1000000");
        }
        Ok((player, self.points))
    }
}

const NAMES: [&str; 12] = [
    "Ada", "Alan", "Barbara", "Dennis", "Donald", "Edsger", "Frances", "Grace", "Hedy", "John", "Ken",
    "Margaret",
];

/// Makes up scores at this rate until it is dropped or the board has ended.
pub(crate) async fn generate(board: BoardHandle, rate: u32) {
    if rate == 0 {
        return std::future::pending().await;
    }
    let ticks = rate.min(TICKS);
    let mut timer = interval(Duration::from_secs(1) / ticks);
    // A generator that was late would otherwise make a burst of what it has missed.
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let random = RandomState::new();
    for tick in 0_u64.. {
        timer.tick().await;
        // What is due by the end of this tick, and was not by the end of the one before.
        let due = |tick: u64| tick * u64::from(rate) / u64::from(ticks);
        for n in due(tick)..due(tick + 1) {
            let random = random.hash_one((tick, n));
            let name = NAMES[(random % NAMES.len() as u64) as usize];
            let Some(player) = Player::new(name) else { continue };
            // A full mailbox makes the generator wait; a closed one ends it.
            if board.scored(player, 1 + (random >> 32) % 100).tell().await.is_err_and(is_closed) {
                return;
            }
        }
    }
}

fn is_closed<M>(error: SendError<M>) -> bool {
    error.reason() == Reason::Closed
}
