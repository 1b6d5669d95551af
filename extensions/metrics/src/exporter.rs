//! The exporter: which systems it reads, its limits, and its pages.

use crate::families;
use crate::format::Format;
use crate::gather::{Gathered, Limits};
use crate::known::Known;
use crate::times::Times;
use actors_core::System;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many actors of a system have series of their own, unless [`Exporter::actors_max`] says
/// otherwise. An actor has seventeen gauges, so a system has at most 8,500 of these series.
/// Prometheus keeps each one in memory while it is scraped.
const ACTORS_MAX: usize = 500;
/// How many of one type. Fifty lines are more than a panel can show. A type with more actors is
/// rather one of sessions or connections, and must not take the room of the rest.
const ACTORS_OF_TYPE_MAX: usize = 50;
/// The p99 of the queue time above which an alert fires, unless it is set. A second is long for a
/// waiting caller, and short for work in the background.
const QUEUE_TARGET: Duration = Duration::from_secs(1);
/// The length of the label of a system, in bytes, as for the names of actors.
const SYSTEM_MAX: usize = 128;

/// Exports the numbers of one or more systems.
///
/// It is a [`Collector`] for a registry that has other metrics too. Without one, [`page`] and
/// [`text`] return all its metrics as a whole page. Clones are cheap, and share what they have
/// found out about message types.
///
/// Each scrape reads the systems anew, and visits every actor. Scrapes that run at once do not wait
/// for each other: none holds a lock but that of one mailbox at a time.
///
/// [`page`]: Exporter::page
/// [`text`]: Exporter::text
#[derive(Clone)]
pub struct Exporter {
    systems: Vec<Source>,
    limits: Limits,
    targets: Targets,
}

#[derive(Clone)]
struct Source {
    /// The system's name, or one that no other system of the exporter has.
    label: String,
    system: System,
    known: Arc<Known>,
}

/// The greatest acceptable p99 of the queue time, by type.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    usual: Duration,
    of_types: BTreeMap<String, Duration>,
}

impl Targets {
    pub(crate) fn of(&self, type_name: &str) -> Duration {
        self.of_types.get(type_name).copied().unwrap_or(self.usual)
    }
}

/// What is written of one system.
pub(crate) struct Scraped<'a> {
    pub(crate) system: &'a str,
    pub(crate) gathered: Gathered,
    pub(crate) times: Times,
    pub(crate) known: &'a Known,
}

impl Exporter {
    /// Creates an exporter of a system. It does not keep the system's actors alive.
    pub fn new(system: &System) -> Exporter {
        let limits = Limits { actors: ACTORS_MAX, of_type: ACTORS_OF_TYPE_MAX, is_by_type: false };
        let targets = Targets { usual: QUEUE_TARGET, of_types: BTreeMap::new() };
        Exporter { systems: Vec::new(), limits, targets }.also(system)
    }

    /// Adds another system. Its series differ in the label `system`: its name or, if another system
    /// of the exporter has that name, the name and a number: `shop (2)`.
    ///
    /// A registry takes one exporter. With a second one, its page would have each metric twice.
    #[must_use]
    pub fn also(mut self, system: &System) -> Exporter {
        let name = system.name().as_str();
        let name = &name[..name.floor_char_boundary(SYSTEM_MAX)];
        let is_free = |label: &str| self.systems.iter().all(|source| source.label != label);
        let numbered = (2..=self.systems.len() + 2).map(|number| format!("{name} ({number})"));
        let label = std::iter::once(name.to_owned()).chain(numbered).find(|label| is_free(label));
        self.systems.push(Source {
            // One label more than there are systems was tried, so one is free.
            label: label.unwrap_or_default(),
            system: system.clone(),
            known: Arc::default(),
        });
        self
    }

    /// Sets how many actors of a system have series of their own; 500 by default. The rest is
    /// summed by type, with the label `actor="(others)"`.
    #[must_use]
    pub fn actors_max(mut self, actors: usize) -> Exporter {
        self.limits.actors = actors;
        self
    }

    /// Sets how many actors of one type have series of their own; 50 by default.
    #[must_use]
    pub fn actors_of_type_max(mut self, actors: usize) -> Exporter {
        self.limits.of_type = actors;
        self
    }

    /// Labels gauges by type only: one series per type, without the label `actor`.
    #[must_use]
    pub fn by_type(mut self) -> Exporter {
        self.limits.is_by_type = true;
        self
    }

    /// Sets the greatest acceptable p99 of the queue time, for the alert
    /// `ActorQueueTimeOverTarget`; 1 s by default.
    #[must_use]
    pub fn queue_target(mut self, target: Duration) -> Exporter {
        self.targets.usual = target;
        self
    }

    /// Sets the target of one type of actors, by the name of the type.
    #[must_use]
    pub fn queue_target_of(mut self, type_name: impl Into<String>, target: Duration) -> Exporter {
        self.targets.of_types.insert(type_name.into(), target);
        self
    }

    /// Reads the systems, and returns a page in OpenMetrics, the format for Prometheus.
    pub fn text(&self) -> String {
        self.page(Format::OpenMetrics)
    }

    /// Reads the systems, and returns a page in a format.
    pub fn page(&self, format: Format) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut page = String::new();
        // Writing to a string cannot fail, and neither can writing a number or a label.
        let _ = match format {
            Format::OpenMetrics => text::encode(&mut page, &registry),
            Format::Text => prometheus_text::encode(&mut page, &registry),
        };
        page
    }
}

impl Collector for Exporter {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let read = self.systems.iter().map(|Source { label, system, known }| {
            let gathered = Gathered::of(system, &self.limits);
            known.learn(system, &gathered);
            Scraped { system: label, gathered, times: Times::of(system), known }
        });
        families::encode(encoder, &read.collect::<Vec<_>>(), self.limits.is_by_type, &self.targets)
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let systems: Vec<_> = self.systems.iter().map(|source| &source.label).collect();
        let mut debug = f.debug_struct("Exporter");
        debug.field("systems", &systems).field("limits", &self.limits).finish_non_exhaustive()
    }
}
