//! The alert rules, the dashboard and the page for operators name metrics that exist, and each
//! other.

use crate::{Shop, names, samples};
use actors_core::Priority;
use actors_core::observe::DecisionKind;
use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::{Exporter, Format};
use serde_json::Value;
use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../alerts.yml");
const ALERTS_TEST: &str = include_str!("../../alerts.test.yml");
const DASHBOARD: &str = include_str!("../../grafana.json");
const OPERATIONS: &str = include_str!("../../../../docs/guide/operations.md");
const GUIDE: &str = include_str!("../../../../docs/guide/metrics.md");

/// Every metric that a system with histograms exports, in the text format, whose names queries use.
fn exported() -> BTreeSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let system = System::builder("test").histograms(1).build();
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        shop.viewed().ask().await.unwrap();
        testing::quiet(&system).await;
        let page = Exporter::new(&system).page(Format::Text);
        names(&samples(&page, Format::Text)).into_iter().map(str::to_owned).collect()
    })
}

/// The words of a text that are names of metrics of this package.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("actors_")).map(str::to_owned).collect()
}

/// The names behind `- alert: ` or `- alertname: `.
fn alerts(text: &str, key: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(key));
    lines.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn every_metric_that_alerts_and_dashboard_name_is_exported() {
    let exported = exported();
    for (file, text) in
        [("alerts.yml", ALERTS), ("alerts.test.yml", ALERTS_TEST), ("grafana.json", DASHBOARD)]
    {
        let named = named(text);
        assert!(named.len() > 5, "{file} names {named:?}");
        let unknown: Vec<_> = named.difference(&exported).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}, which no exporter has");
    }
}

/// The words that a query compares a label with.
fn compared(text: &str, label: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for operator in ["=", "=~", "!="] {
        for rest in text.split(&format!("{label}{operator}\"")).skip(1) {
            words.extend(rest.split('"').next().unwrap().split('|').map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_word_that_alerts_and_dashboard_compare_with_is_one_of_the_runtime() {
    let text = format!("{ALERTS}{}", DASHBOARD.replace("\\\"", "\""));
    let kinds: BTreeSet<_> = DecisionKind::WORDS.iter().map(|word| word.to_string()).collect();
    let priorities: BTreeSet<_> = Priority::ALL.iter().map(|priority| priority.word().to_owned()).collect();
    let reasons = Reason::ALL.iter().map(|reason| reason.word());
    let outcomes = reasons.chain(["handled", "shed_queued", "undelivered"]).map(str::to_owned).collect();
    for (label, known, at_least) in
        [("kind", kinds, 3), ("priority", priorities, 2), ("outcome", outcomes, 9)]
    {
        let compared = compared(&text, label);
        assert!(compared.len() >= at_least, "{label}: only {compared:?}");
        assert!(compared.is_subset(&known), "{label}: {compared:?} are not all among {known:?}");
    }
}

#[test]
fn every_metric_has_a_row_in_the_guide_and_no_other_one() {
    let family = |name: &str| {
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        histogram.unwrap_or(name).to_owned()
    };
    let exported: BTreeSet<_> = exported().iter().map(|name| family(name)).collect();
    let rows = GUIDE.lines().filter(|line| line.starts_with("| `actors_"));
    let listed: BTreeSet<_> = rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect();
    assert_eq!(listed, exported);
}

#[test]
fn every_alert_has_a_section_for_operators_and_no_other_one() {
    let declared = alerts(ALERTS, "- alert: ");
    let (_, part) = OPERATIONS.split_once("\n## Alerts\n").expect("the page has the alerts");
    let part = part.split("\n## ").next().unwrap();
    let sections: Vec<_> = part.split("\n### ").skip(1).collect();
    let headings: BTreeSet<_> = sections.iter().map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(declared, headings);
    for section in sections {
        let name = section.lines().next().unwrap();
        for piece in ["**Meaning.**", "**First steps.**", "\n1. ", "\n2. ", "\n3. ", "**Likely causes.**"] {
            assert!(section.contains(piece), "{name} lacks {piece:?}");
        }
        let anchor = format!("runbook: docs/guide/operations.md#{}\n", name.to_lowercase());
        assert!(ALERTS.contains(&anchor), "the rule of {name} lacks {anchor}");
    }
}

#[test]
fn every_alert_is_tested_to_fire_and_to_stay_quiet() {
    let declared = alerts(ALERTS, "- alert: ");
    assert_eq!(alerts(ALERTS_TEST, "- alertname: "), declared);
    // Quiet: the healthy series, in which no alert fires at all, and the cases without alerts.
    assert!(ALERTS_TEST.contains("exp_samples: [{ labels: '{}', value: 0 }]"));
    for alert in declared {
        let start = format!("- alertname: {alert}\n");
        let cases = ALERTS_TEST.split(&start).skip(1);
        let fires = cases.filter(|case| {
            let case = case.split("- alertname: ").next().unwrap();
            case.contains("- exp_labels: ")
        });
        assert!(fires.count() > 0, "no test has {alert} fire");
    }
}

/// Every object in a JSON value.
fn objects<'a>(value: &'a Value, found: &mut Vec<&'a serde_json::Map<String, Value>>) {
    match value {
        Value::Object(object) => {
            found.push(object);
            object.values().for_each(|value| objects(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| objects(value, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_has_variables_and_no_data_source_of_its_own() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert_eq!(dashboard["id"], Value::Null, "the id is that of one installation");
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let variables: Vec<_> = variables.map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["datasource", "job", "system", "type", "actor"]);
    let mut found = Vec::new();
    objects(&dashboard, &mut found);
    let sources: Vec<_> = found.iter().filter_map(|object| object.get("datasource")).collect();
    assert!(sources.len() > 10);
    for source in sources {
        assert_eq!(source["uid"], "${datasource}", "{source}");
    }
    let queries: Vec<_> = found.iter().filter_map(|object| object.get("expr")?.as_str()).collect();
    assert!(queries.len() > 10);
    for query in queries {
        assert!(query.contains("{job=~\"$job\",system=~\"$system\""), "{query} ignores the variables");
        // What else a query may have wrong, promtool finds: see `.ci/alerts`.
        for variable in query.split('$').skip(1) {
            let name: String = variable.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            assert!(variables.contains(&name.as_str()) || name == "__rate_interval", "{name} in {query}");
        }
    }
}

#[test]
fn panels_of_the_dashboard_do_not_overlap() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let (mut taken, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(ids.insert(panel["id"].as_u64()), "two panels have the id {}", panel["id"]);
        assert!(at("x") + at("w") <= 24, "{} is wider than the grid", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} covers another panel", panel["title"]);
            }
        }
    }
}
