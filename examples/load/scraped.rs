//! The pages of `/metrics` as a series of samples.

use actors_core::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// What an actor did between two pages, and how full it was at the second one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// In seconds since the load began.
    pub(crate) at: f64,
    pub(crate) depth: f64,
    pub(crate) waiting: f64,
    /// Messages a second: offered, handled, and not handled.
    pub(crate) offered: f64,
    pub(crate) handled: f64,
    pub(crate) lost: f64,
}

/// The counters of a page, and the gauges.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    depth: f64,
    waiting: f64,
    offered: f64,
    handled: f64,
    lost: f64,
}

/// Reads every page in a directory, in the order of the milliseconds that name them. A page that
/// the server did not give in time is empty, and left out.
pub(crate) fn read(directory: &Path, actor: &str) -> Result<Vec<Sample>, BoxError> {
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let at = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u32>().ok());
        let text = std::fs::read_to_string(&path)?;
        if let (Some(at), false) = (at, text.is_empty()) {
            pages.insert(at, page(&text, actor));
        }
    }
    let pages: Vec<_> = pages.into_iter().collect();
    let samples = pages.windows(2).map(|pair| {
        let [(from, before), (at, now)] = [pair[0], pair[1]];
        let rate = |now: f64, before: f64| (now - before) * 1000.0 / f64::from(at - from);
        Sample {
            at: f64::from(at) / 1000.0,
            depth: now.depth,
            waiting: now.waiting,
            offered: rate(now.offered, before.offered),
            handled: rate(now.handled, before.handled),
            lost: rate(now.lost, before.lost),
        }
    });
    let samples: Vec<_> = samples.collect();
    if samples.is_empty() { Err("fewer than two pages were kept".into()) } else { Ok(samples) }
}

/// The gauges are those of the actor. The counters are those of its type, of which the load
/// examples have one actor.
fn page(text: &str, actor: &str) -> Page {
    let label = format!("actor=\"{actor}\"");
    let mut page = Page::default();
    let Some(of_actor) = text.lines().find(|line| line.contains(&label)) else { return page };
    let type_name = of_actor.split("type=\"").nth(1).and_then(|rest| rest.split('"').next());
    let type_label = format!("type=\"{}\"", type_name.unwrap_or_default());
    let is_other = |line: &str| line.contains("actor=") && !line.contains(&label);
    for line in text.lines().filter(|line| line.contains(&type_label) && !is_other(line)) {
        let (Some(name), Some(number)) = (line.split('{').next(), line.rsplit(' ').next()) else { continue };
        let Ok(number) = number.parse::<f64>() else { continue };
        match name {
            "actors_mailbox_depth" => page.depth = number,
            "actors_mailbox_waiting" => page.waiting = number,
            "actors_messages_offered_total" => page.offered += number,
            "actors_messages_total" if line.contains("outcome=\"handled\"") => page.handled += number,
            "actors_messages_total" => page.lost += number,
            _ => {}
        }
    }
    page
}
