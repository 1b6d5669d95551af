//! `workers`, `keep_alive`, `pressure`: reads them, applies them to an actor's settings, and checks
//! them against each other.

use super::by_word::ByWord;
use super::{ActorConfig, Mistakes, PressureConfig};
use crate::policy::{Action, Pressure, Settings};
use actors_policy::{fields, wording};

impl PressureConfig {
    /// Returns the configuration that sets all of this.
    fn of(pressure: &Pressure) -> Self {
        let mut config = PressureConfig::default();
        for field in fields::PRESSURE {
            (field.get)(pressure).into_iter().for_each(|value| config.set(field.word, value));
        }
        config
    }

    fn has(&self, action: Action) -> bool {
        self.respond.as_ref().is_some_and(|actions| actions.contains(&action))
    }

    /// Returns this configuration, completed by the one `before`.
    fn or(mut self, before: &PressureConfig) -> Self {
        for field in
            fields::PRESSURE.iter().filter(|field| self.get(field.word).is_none()).collect::<Vec<_>>()
        {
            before.get(field.word).into_iter().for_each(|value| self.set(field.word, value));
        }
        self
    }

    /// Returns the declaration changed by this configuration.
    fn over(&self, declared: Pressure) -> Pressure {
        let said = fields::PRESSURE.iter().filter_map(|field| Some((field, self.get(field.word)?)));
        said.fold(declared, |pressure, (field, value)| (field.set)(pressure, value))
    }
}

/// What configuration has set on a builder about workers and pressure.
#[derive(Clone, Debug, Default)]
pub(super) struct PoolOverrides {
    said: ActorConfig,
    /// The pressure that configuration set where none was declared.
    left: Option<Pressure>,
}

impl PoolOverrides {
    /// Applies `config` to the settings.
    pub(super) fn say(&mut self, config: &ActorConfig, settings: &mut Settings) {
        // An empty table sets nothing.
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
            (Some(before), Some(now)) => Some(now.clone().or(&before)),
            (before, now) => now.clone().or(before),
        };
    }

    /// Reports what does not fit and was not overridden later.
    pub(super) fn check(&self, settings: &Settings, mistakes: &mut Mistakes) {
        let mut said = self.said.clone();
        said.schedule = said.schedule.filter(|schedule| settings.schedule(*schedule) == *settings);
        // A later fixed number of workers overrides the rest.
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
            let workers = (workers.least(), workers.most());
            mistakes.add("pressure", wording::no_response(Some(workers)).why());
        }
    }
}

impl ActorConfig {
    /// Returns what is configurable about workers and pressure of such an actor.
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

    /// Checks these words against the `whole`, as far as it is known.
    pub(super) fn check_pool(&self, whole: &ActorConfig, mistakes: &mut Mistakes) {
        let nothing = PressureConfig::default();
        let said = self.pressure.as_ref().unwrap_or(&nothing);
        let all = whole.pressure.as_ref().unwrap_or(&nothing);
        if let (Some(low), Some(high), Some(_)) = (all.low, all.high, said.low.or(said.high)) {
            let path = if said.low.is_some() { "pressure.low" } else { "pressure.high" };
            mistakes.ok_or_report(path, wording::fills_fit(Some(low), Some(high)));
        }
        let Some(range) = &whole.workers else { return };
        let workers = (*range.start(), *range.end());
        if self.keep_alive.is_some() {
            mistakes.ok_or_report("keep_alive", wording::keep_alive_fits(workers));
        }
        if let Some(schedule) = self.schedule {
            mistakes.ok_or_report("schedule", wording::schedule_fits(schedule, workers));
        }
        if said.has(Action::Spawn) && all.has(Action::Spawn) {
            mistakes.ok_or_report("pressure.respond", wording::spawn_fits(workers));
        }
    }
}

/// Returns the declared pressure, or the one that applies without a declaration.
fn pressure_of(settings: &Settings) -> Option<Pressure> {
    let workers = settings.declared_workers();
    let by_default = || Settings::new().workers(workers.least(), workers.most()).limits().ok()?.pressure;
    settings.declared_pressure().or_else(by_default)
}
