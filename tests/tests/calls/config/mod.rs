//! Configuration: each word overrides a declared value, each mistake gets the attribute's own
//! error, and the actor behaves as configured.

mod formats;
mod mistakes;
mod overrides;

use actors_core::config::{ActorConfig, MessageConfig, PressureConfig};
use actors_core::prelude::*;
use actors_core::{
    System,
    policy::{Action, Order, Overflow, OverflowList, Ramp, Schedule, WORKERS_MAX},
    spawn::{SpawnBuilder, SpawnError},
    testing,
};
use actors_tests::{SECOND, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

#[derive(Default)]
struct Shop {
    seen: u32,
}

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self) {
        self.seen += 1;
    }

    #[message(overflow = [conflate, drop_oldest], key = sku)]
    fn priced(&mut self, sku: u32) {
        self.seen += sku;
    }

    #[message(overflow = drop_random(from = 0.5), max = 9, order = lifo_under_pressure, timeout = "4s")]
    fn count(&self) -> u32 {
        self.seen
    }
}

/// Declares each word about workers and pressure.
struct Pool;

#[actor(workers = 2..=4, keep_alive = "1m", pressure(high = 0.9, low = 0.6, target = "50ms", respond = [spawn, shed]))]
impl Pool {
    #[message]
    fn viewed(&mut self) {}
}

/// Declares no `pressure`: the default answer to it applies.
struct Growing;

#[actor(workers = 1..=3)]
impl Growing {
    #[message]
    fn viewed(&mut self) {}
}

/// Two messages with the same name, from two modules.
struct Twins;

mod inner {
    #[derive(Debug, actors_core::Message)]
    pub(crate) struct Ping;
}

#[derive(Debug, Message)]
struct Ping;

#[actor]
impl Twins {
    #[handler]
    fn outer(&mut self, ping: Ping) {
        let Ping = ping;
    }

    #[handler]
    fn inner(&mut self, ping: inner::Ping) {
        let inner::Ping = ping;
    }
}

fn read(config: Value) -> ActorConfig {
    serde_json::from_value(config).unwrap()
}

/// The errors of a mistaken configuration, one per line.
fn mistakes(config: &Value) -> Vec<String> {
    let error = serde_json::from_value::<ActorConfig>(config.clone());
    let text = error.expect_err(&config.to_string()).to_string();
    text.lines().map(str::to_owned).collect()
}

/// A builder of a shop.
fn shop(system: &System) -> SpawnBuilder<Shop, fn() -> Shop> {
    system.actor(Shop::default as fn() -> Shop)
}

fn refusal(builder: SpawnBuilder<Shop, fn() -> Shop>) -> String {
    match builder.spawn() {
        Err(error @ SpawnError::Settings(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The attribute's errors: the sentences in a file of `ui/fail`.
fn sentences(file: &str) -> BTreeSet<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail").join(file).with_extension("stderr");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter_map(|line| line.strip_prefix("error: ")).map(str::to_owned).collect()
}
