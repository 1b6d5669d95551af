//! Samples of dead letters: a bounded choice of the newest.
//!
//! A flood of one kind would push everything else out of a plain ring. So where there is no room,
//! the oldest letter of the most frequent kind makes room; a kind is an actor, a message type and a
//! reason.

use actors_core::observe::DeadLetter;
use actors_core::{ActorName, Reason};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use tokio::time::Instant;

/// Letters that are kept: a screen or two, in at most 128 kilobytes of text.
const KEPT: usize = 128;

/// A dead letter with its number and the time at which it was found.
#[derive(Clone, Debug)]
struct Kept {
    serial: u64,
    at: Instant,
    letter: DeadLetter,
}

/// The samples.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    kept: VecDeque<Kept>,
    serial: u64,
    missed: u64,
}

/// A letter as a client sees it.
#[derive(Debug, Serialize)]
pub(crate) struct LetterLine {
    serial: u64,
    actor: ActorName,
    message: &'static str,
    priority: &'static str,
    reason: &'static str,
    /// The age of the message when it was lost.
    age_ms: f64,
    /// How long ago that was, at most.
    lost_ms_ago: f64,
    text: Option<String>,
}

/// All samples, as a client sees them.
#[derive(Debug, Serialize)]
pub(crate) struct LetterLines {
    /// Letters since the dashboard began to collect, those without room here included.
    pub(crate) total: u64,
    /// Letters that came too fast to be looked at; they are not in `total`.
    pub(crate) missed: u64,
    pub(crate) letters: Vec<LetterLine>,
}

type Kind<'a> = (&'a ActorName, &'static str, Reason);

fn kind(kept: &Kept) -> Kind<'_> {
    (&kept.letter.actor, kept.letter.message, kept.letter.reason)
}

impl Letters {
    pub(crate) fn add(&mut self, letter: DeadLetter, at: Instant) {
        self.missed += letter.missed;
        self.serial += 1;
        self.kept.push_back(Kept { serial: self.serial, at, letter });
        if self.kept.len() > KEPT {
            let place = self.most_frequent();
            self.kept.remove(place);
        }
    }

    /// The number of the newest letter.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// The oldest letter of the most frequent kind; of the kinds that are equally frequent, the one
    /// with the oldest letter.
    fn most_frequent(&self) -> usize {
        let mut kinds = HashMap::<Kind<'_>, usize>::new();
        self.kept.iter().for_each(|kept| *kinds.entry(kind(kept)).or_default() += 1);
        let most = kinds.values().max().copied().unwrap_or_default();
        self.kept.iter().position(|kept| kinds[&kind(kept)] == most).unwrap_or_default()
    }

    /// The letters after the one with this number, oldest first.
    pub(crate) fn since(&self, serial: u64, now: Instant) -> LetterLines {
        let line = |kept: &Kept| LetterLine {
            serial: kept.serial,
            actor: kept.letter.actor.clone(),
            message: kept.letter.message,
            priority: kept.letter.priority.word(),
            reason: kept.letter.reason.word(),
            age_ms: crate::frame::ms(kept.letter.age),
            lost_ms_ago: crate::frame::ms(now.duration_since(kept.at)),
            text: kept.letter.payload.clone(),
        };
        let letters = self.kept.iter().filter(|kept| kept.serial > serial).map(line).collect();
        LetterLines { total: self.serial, missed: self.missed, letters }
    }
}

#[cfg(test)]
mod tests;
