//! `workers`, `keep_alive`, `pressure`: read, said to an actor's settings, and checked against each other.

use super::read::{PRESSURE, below, duration, named, unread, words};
use super::written::Written;
use super::{ActorConfig, Mistakes, PressureConfig};
use crate::policy::{Action, Pressure, Settings};
use actors_policy::wording;
use std::ops::RangeInclusive;

/// A number, or a range in text.
pub(super) fn workers(text: &str) -> Result<RangeInclusive<usize>, String> {
    // Both are at most a thousand.
    wording::workers(text).map(|(least, most)| least as usize..=most as usize)
}

/// The words of `pressure`; `path` is where they stand.
pub(super) fn pressure(path: &str, written: Written, mistakes: &mut Mistakes) -> PressureConfig {
    let mut config = PressureConfig::default();
    for (word, value) in words(path, written, PRESSURE, mistakes) {
        let path = below(path, &word);
        match word.as_str() {
            "high" => config.high = mistakes.sound(&path, wording::fill(&word, value.number())),
            "low" => config.low = mistakes.sound(&path, wording::fill(&word, value.number())),
            "target" => config.target = mistakes.sound(&path, duration(&word, &value)),
            "dwell" => config.dwell = mistakes.sound(&path, duration(&word, &value)),
            "respond" => config.respond = Some(respond(&path, &value, mistakes)),
            _ => mistakes.add(&path, &unread(&word)),
        }
    }
    config
}

/// One action, or a list that is taken in order. An empty one has a use here: it takes away what is declared.
fn respond(path: &str, written: &Written, mistakes: &mut Mistakes) -> Vec<Action> {
    let words = match written {
        Written::List(list) => &list[..],
        one => std::slice::from_ref(one),
    };
    let (mut list, mut variants) = (Vec::new(), Vec::new());
    for word in words {
        let Some(variant) = mistakes.sound(path, wording::action(word.word(), &variants)) else { continue };
        list.extend(mistakes.sound(path, named(&[Action::Spawn, Action::Shed, Action::Block], variant)));
        variants.push(variant);
    }
    list
}

impl PressureConfig {
    /// All that there is to say.
    fn of(pressure: &Pressure) -> Self {
        PressureConfig {
            high: Some(pressure.high_fill()),
            low: Some(pressure.low_fill()),
            target: Some(pressure.target_sojourn()),
            dwell: Some(pressure.dwell_time()),
            respond: Some(pressure.actions().collect()),
        }
    }

    fn has(&self, action: Action) -> bool {
        self.respond.as_ref().is_some_and(|actions| actions.contains(&action))
    }

    /// What is not said here is what was said `before`.
    fn or(self, before: PressureConfig) -> Self {
        PressureConfig {
            high: self.high.or(before.high),
            low: self.low.or(before.low),
            target: self.target.or(before.target),
            dwell: self.dwell.or(before.dwell),
            respond: self.respond.or(before.respond),
        }
    }

    /// Instead of what is declared.
    fn over(&self, declared: Pressure) -> Pressure {
        let mut pressure = self.high.map_or(declared, |fill| declared.high(fill));
        pressure = self.low.map_or(pressure, |fill| pressure.low(fill));
        pressure = self.target.map_or(pressure, |time| pressure.target(time));
        pressure = self.dwell.map_or(pressure, |time| pressure.dwell(time));
        self.respond.as_ref().map_or(pressure, |actions| pressure.respond(actions))
    }
}

/// What configuration has said to a builder about workers and pressure.
#[derive(Clone, Debug, Default)]
pub(super) struct PoolSaid {
    said: ActorConfig,
    /// The pressure as configuration left it where none was declared.
    left: Option<Pressure>,
}

impl PoolSaid {
    /// Says to the settings what `config` says.
    pub(super) fn say(&mut self, config: &ActorConfig, settings: &mut Settings) {
        if let Some(workers) = &config.workers {
            *settings = settings.workers(*workers.start(), *workers.end());
        }
        if let Some(time) = config.keep_alive {
            *settings = settings.keep_alive(time);
        }
        // An empty table says nothing.
        if let Some(pressure) = config.pressure.as_ref().filter(|said| **said != PressureConfig::default()) {
            let declared = pressure_of(settings);
            let said = pressure.over(declared.unwrap_or_default());
            self.left = (self.left == declared).then_some(said);
            *settings = settings.pressure(said);
        }
        let said = &mut self.said;
        said.schedule = config.schedule.or(said.schedule);
        said.workers = config.workers.clone().or(said.workers.take());
        said.keep_alive = config.keep_alive.or(said.keep_alive);
        said.pressure = match (said.pressure.take(), &config.pressure) {
            (Some(before), Some(now)) => Some(now.clone().or(before)),
            (before, now) => now.clone().or(before),
        };
    }

    /// Whatever does not fit, and was not said otherwise afterwards.
    pub(super) fn check(&self, settings: &Settings, mistakes: &mut Mistakes) {
        let mut said = self.said.clone();
        said.schedule = said.schedule.filter(|schedule| settings.schedule(*schedule) == *settings);
        // Who says afterwards that there are always so many does not mean the rest.
        let may_go = said.workers.as_ref().is_some_and(|workers| workers.start() < workers.end());
        said.keep_alive = said.keep_alive.filter(|time| !may_go && settings.keep_alive(*time) == *settings);
        said.check_pool(&ActorConfig::of_pool(settings), mistakes);
        let says_what = said.pressure.is_some_and(|pressure| pressure.respond.is_some());
        if let Some(left) = self.left
            && settings.declared_pressure() == Some(left)
            && left.actions().next().is_none()
            && !says_what
        {
            let workers = settings.declared_workers();
            let workers = (workers.least() as u64, workers.most() as u64);
            mistakes.add("pressure", &wording::no_response(Some(workers)));
        }
    }
}

impl ActorConfig {
    /// What there is to say about workers and pressure of such an actor.
    pub(super) fn of_pool(settings: &Settings) -> Self {
        let workers = settings.declared_workers();
        let (least, most) = (workers.least(), workers.most());
        ActorConfig {
            workers: Some(least..=most),
            keep_alive: (least < most).then(|| workers.keep_alive()),
            pressure: pressure_of(settings).as_ref().map(PressureConfig::of),
            ..ActorConfig::default()
        }
    }

    /// What is said here must fit to the `whole`, as far as that is known.
    pub(super) fn check_pool(&self, whole: &ActorConfig, mistakes: &mut Mistakes) {
        let nothing = PressureConfig::default();
        let said = self.pressure.as_ref().unwrap_or(&nothing);
        let all = whole.pressure.as_ref().unwrap_or(&nothing);
        if let (Some(low), Some(high), Some(_)) = (all.low, all.high, said.low.or(said.high)) {
            let path = if said.low.is_some() { "pressure.low" } else { "pressure.high" };
            mistakes.sound(path, wording::fills_fit(Some(low), Some(high)));
        }
        let Some(range) = &whole.workers else { return };
        let workers = (*range.start() as u64, *range.end() as u64);
        if self.keep_alive.is_some() {
            mistakes.sound("keep_alive", wording::keep_alive_fits(workers));
        }
        if let Some(schedule) = self.schedule {
            mistakes.sound("schedule", wording::schedule_fits(&format!("{schedule:?}"), workers));
        }
        if said.has(Action::Spawn) && all.has(Action::Spawn) {
            mistakes.sound("pressure.respond", wording::spawn_fits(workers));
        }
    }
}

/// What is declared about pressure, or holds where nothing is.
fn pressure_of(settings: &Settings) -> Option<Pressure> {
    let workers = settings.declared_workers();
    let by_default = || Settings::new().workers(workers.least(), workers.most()).limits().ok()?.pressure;
    settings.declared_pressure().or_else(by_default)
}
