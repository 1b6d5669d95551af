//! The families of a page, in their order: the samples of a metric stand together, whatever system
//! they come from.

use crate::buckets::Buckets;
use crate::exporter::{Scraped, Targets};
use crate::gather::{OTHERS, Row};
use crate::gauges::{GAUGES, Head, Number};
use crate::times::OfMessage;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt;

/// A label and its value.
type Label<'a> = (&'static str, &'a str);

const LIVE: Head = Head::new("actors_live", "Actors that have not ended.");
const MESSAGE: Head =
    Head::new("actors_message", "The priority of a message type, the highest one if a send may choose.");
const OFFERED: Head = Head::new("actors_messages_offered", "Messages that were sent to actors of the type.");
const OUTCOMES: Head = Head::new(
    "actors_messages",
    "What became of messages: handled, a reason to refuse or lose them, or undelivered at an actor's end.",
);
const DECISIONS: Head = Head::new("actors_decisions", "Decisions of the runtime, by kind.");
const EVERY: Head =
    Head::new("actors_turn_sample_every", "One turn in so many is sampled for the histograms.");
const TARGET: Head =
    Head::seconds("actors_queue_target", "The p99 of the queue time that is still acceptable.");
const QUEUED: Head = Head::seconds(
    "actors_queue",
    "Queue time of sampled turns, one in actors_turn_sample_every: the counts are those of samples.",
);
const HANDLED: Head = Head::seconds(
    "actors_handling",
    "Handling time of sampled turns, awaits included, one in actors_turn_sample_every.",
);
const POLLED: Head = Head::seconds(
    "actors_handling_polled",
    "Part of the handling time of sampled turns in which the turn was running, not waiting.",
);

/// Writes every family.
pub(crate) fn encode(
    mut encoder: DescriptorEncoder<'_>,
    systems: &[Scraped<'_>],
    is_by_type: bool,
    targets: &Targets,
) -> fmt::Result {
    gauges(&mut encoder, systems, is_by_type)?;
    live(&mut encoder, systems)?;
    priorities(&mut encoder, systems)?;
    offered(&mut encoder, systems)?;
    outcomes(&mut encoder, systems)?;
    decisions(&mut encoder, systems)?;
    sampling(&mut encoder, systems)?;
    queue_targets(&mut encoder, systems, targets)?;
    histogram(&mut encoder, systems, &QUEUED, |times| &times.queued)?;
    histogram(&mut encoder, systems, &HANDLED, |times| &times.handled)?;
    polled(&mut encoder, systems)
}

fn family<'e>(
    encoder: &'e mut DescriptorEncoder<'_>,
    head: &Head,
    kind: MetricType,
) -> Result<MetricEncoder<'e>, fmt::Error> {
    encoder.encode_descriptor(head.name, head.help, head.unit, kind)
}

fn gauge(family: &mut MetricEncoder<'_>, labels: &[Label<'_>], number: Number) -> fmt::Result {
    family.encode_family(&labels)?.encode_gauge(&number)
}

fn counter(family: &mut MetricEncoder<'_>, labels: &[Label<'_>], count: u64) -> fmt::Result {
    family.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, f64>(&count, None)
}

fn gauges(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>], is_by_type: bool) -> fmt::Result {
    for (at, column) in GAUGES.iter().enumerate() {
        let mut family = family(encoder, &column.head, MetricType::Gauge)?;
        for Scraped { system, gathered, .. } in systems {
            for Row { actor, type_name, numbers } in &gathered.rows {
                let actor = actor.as_ref().map_or(OTHERS, |name| name.as_str());
                let labels = [("system", *system), ("type", type_name), ("actor", actor)];
                gauge(&mut family, &labels[..if is_by_type { 2 } else { 3 }], numbers[at])?;
            }
        }
    }
    Ok(())
}

fn live(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &LIVE, MetricType::Gauge)?;
    for Scraped { system, gathered, .. } in systems {
        for (type_name, of_type) in &gathered.types {
            gauge(&mut family, &[("system", system), ("type", type_name)], Number::Whole(of_type.live))?;
        }
    }
    Ok(())
}

fn priorities(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &MESSAGE, MetricType::Info)?;
    for Scraped { system, known, .. } in systems {
        for ((type_name, message), priority) in known.all() {
            let of_type = [("system", *system), ("type", type_name)];
            family.encode_info(&(of_type, [("message", message), ("priority", priority.word())]))?;
        }
    }
    Ok(())
}

fn offered(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &OFFERED, MetricType::Counter)?;
    for Scraped { system, gathered, .. } in systems {
        for totals in &gathered.totals {
            for row in &totals.rows {
                let labels = [("system", *system), ("type", totals.type_name), ("message", row.message)];
                counter(&mut family, &labels, row.offered)?;
            }
        }
    }
    Ok(())
}

/// Writes zeros too: a counter that appears with its first refusals has risen from nothing, and
/// `increase` does not see them.
fn outcomes(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &OUTCOMES, MetricType::Counter)?;
    for Scraped { system, gathered, .. } in systems {
        for totals in &gathered.totals {
            for row in &totals.rows {
                let [of_system, of_type] = [("system", *system), ("type", totals.type_name)];
                for (outcome, count) in row.outcomes() {
                    let labels = [of_system, of_type, ("message", row.message), ("outcome", outcome)];
                    counter(&mut family, &labels, count)?;
                }
            }
        }
    }
    Ok(())
}

fn decisions(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &DECISIONS, MetricType::Counter)?;
    for Scraped { system, gathered, .. } in systems {
        for (kind, count) in &gathered.decisions {
            counter(&mut family, &[("system", system), ("kind", kind)], *count)?;
        }
    }
    Ok(())
}

fn sampling(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &EVERY, MetricType::Gauge)?;
    for Scraped { system, times, .. } in systems {
        if let Some(every) = times.every {
            gauge(&mut family, &[("system", system)], Number::Whole(every.into()))?;
        }
    }
    Ok(())
}

fn queue_targets(
    encoder: &mut DescriptorEncoder<'_>,
    systems: &[Scraped<'_>],
    targets: &Targets,
) -> fmt::Result {
    let mut family = family(encoder, &TARGET, MetricType::Gauge)?;
    for Scraped { system, times, .. } in systems {
        let mut last = None;
        // Sorted by type, so each type comes once.
        for (type_name, _) in times.of_messages.keys() {
            if last.replace(type_name) != Some(type_name) {
                let target = targets.of(type_name).into();
                gauge(&mut family, &[("system", system), ("type", type_name)], target)?;
            }
        }
    }
    Ok(())
}

fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    systems: &[Scraped<'_>],
    head: &Head,
    of: fn(&OfMessage) -> &Buckets,
) -> fmt::Result {
    let mut family = family(encoder, head, MetricType::Histogram)?;
    for Scraped { system, times, .. } in systems {
        for ((type_name, message), times) in &times.of_messages {
            let labels: &[Label<'_>] = &[("system", system), ("type", type_name), ("message", message)];
            let buckets = of(times);
            let (sum, count, classic) = (buckets.sum(), buckets.count(), buckets.classic());
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &classic, None)?;
        }
    }
    Ok(())
}

fn polled(encoder: &mut DescriptorEncoder<'_>, systems: &[Scraped<'_>]) -> fmt::Result {
    let mut family = family(encoder, &POLLED, MetricType::Counter)?;
    for Scraped { system, times, .. } in systems {
        for ((type_name, message), times) in &times.of_messages {
            let labels: &[Label<'_>] = &[("system", system), ("type", type_name), ("message", message)];
            let polled = times.polled.as_secs_f64();
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, f64, f64>(&polled, None)?;
        }
    }
    Ok(())
}
