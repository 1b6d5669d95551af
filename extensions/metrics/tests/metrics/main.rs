//! The pages of an exporter, in paused time, and the files that depend on their names.

mod files;
mod gauges;
mod limits;
mod page;
mod totals;

use actors_core::prelude::*;
use actors_metrics::{Exporter, Format};
use std::collections::BTreeMap;
use std::time::Duration;

/// An actor with an important and an unimportant message, and one that takes time.
pub(crate) struct Shop;

#[actor(vis = pub(crate), capacity = 8, reserve = 0)]
impl Shop {
    #[message(priority = high, overflow = reject)]
    async fn charge(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn viewed(&mut self) {}

    #[message]
    fn fail(&mut self) {
        panic!("as the test wants it");
    }
}

/// The samples of a page by series, labels in the order of the page.
pub(crate) type Samples = BTreeMap<String, f64>;

/// Reads a page, and checks what holds for each: the samples of a family stand together behind its
/// help text and its type, no series comes twice, and every value is a number.
pub(crate) fn samples(page: &str, format: Format) -> Samples {
    let (mut found, mut families) = (Samples::new(), Vec::new());
    let (mut family, mut kind) = ("", "");
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !families.contains(&name), "{line}");
            families.push(name);
            family = name;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            kind = rest.strip_prefix(family).unwrap().trim_start();
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            assert_eq!(rest, format!("{family} seconds"));
        } else if line != "# EOF" {
            let (series, number) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let suffixes: &[&str] = match (kind, format) {
                ("counter", Format::OpenMetrics) => &["_total"],
                ("info", _) => &["_info"],
                ("histogram", _) => &["_sum", "_count", "_bucket"],
                _ => &[""],
            };
            assert!(suffixes.iter().any(|suffix| name == format!("{family}{suffix}")), "{line} in {family}");
            let before = found.insert(series.to_owned(), number.parse().unwrap());
            assert_eq!(before, None, "twice: {series}");
        }
    }
    assert_eq!(page.ends_with("\n# EOF\n"), format == Format::OpenMetrics);
    found
}

/// The samples of the page in OpenMetrics.
pub(crate) fn scrape(exporter: &Exporter) -> Samples {
    samples(&exporter.text(), Format::OpenMetrics)
}

/// The value of a series of the system `test`, with the labels after the one of the system.
#[track_caller]
pub(crate) fn value(samples: &Samples, name: &str, labels: &str) -> f64 {
    let series = format!("{name}{{system=\"test\",{labels}}}");
    *samples.get(&series).unwrap_or_else(|| panic!("{series} is not in {samples:#?}"))
}

/// The names of the samples of a page, without labels.
pub(crate) fn names(samples: &Samples) -> Vec<&str> {
    let mut names: Vec<_> = samples.keys().map(|series| series.split('{').next().unwrap()).collect();
    names.dedup();
    names
}
