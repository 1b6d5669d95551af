//! The mailbox alone, as a channel: a telemetry pipe under more load than its uplink can carry.
//!
//! ```text
//!   sensors ──► Gauge    conflate by name      only the newest reading counts
//!   services ─► Trace    drop_random, early    a fair sample is as good as all of it
//!   audit ────► Entry    block                 never lost: its writer waits
//!   operator ─► Flush    urgent                next, whatever is queued
//! ```
//!
//! No actors and no macros: a type with a class per variant, a policy per class, one receiver.
//! `cargo run --release --example channel`

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::{
    Admission, BoxError, Priority,
    policy::{InvalidPolicy, Overflow, Policy, Settings},
};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// What goes through the pipe.
enum Telemetry {
    Gauge { name: &'static str, value: u64 },
    Trace { span: u64 },
    Entry { line: String },
    Flush,
}

const GAUGE: usize = 0;
const TRACE: usize = 1;
const ENTRY: usize = 2;
const FLUSH: usize = 3;

impl Item for Telemetry {
    fn class(&self) -> usize {
        match self {
            Telemetry::Gauge { .. } => GAUGE,
            Telemetry::Trace { .. } => TRACE,
            Telemetry::Entry { .. } => ENTRY,
            Telemetry::Flush => FLUSH,
        }
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        if let Telemetry::Gauge { name, .. } = self {
            name.hash(state);
        }
    }

    fn same_key(&self, other: &Self) -> bool {
        matches!((self, other), (Telemetry::Gauge { name: a, .. }, Telemetry::Gauge { name: b, .. }) if a == b)
    }

    fn weight(&self) -> usize {
        match self {
            Telemetry::Entry { line } => line.len(),
            Telemetry::Gauge { .. } | Telemetry::Trace { .. } | Telemetry::Flush => 16,
        }
    }
}

fn pipe() -> Result<(Sender<Telemetry>, Receiver<Telemetry>), InvalidPolicy> {
    let settings = Settings::new().capacity(64).max_bytes(2048).seed(7);
    // In the order of the class numbers.
    let classes = vec![
        // Three names never fill the slots that are kept for `high`, so the newest value of each
        // always enters.
        Class::new(
            "Gauge",
            Policy::tell().priority(Priority::High).keyed().overflow(&[Overflow::Conflate, Overflow::Reject]),
        ),
        Class::new(
            "Trace",
            Policy::tell().priority(Priority::Low).overflow(&[Overflow::DropRandom]).early(0.5).max(32),
        ),
        Class::new("Entry", Policy::tell().overflow(&[Overflow::EvictLower, Overflow::Block])),
        Class::new("Flush", Policy::tell().priority(Priority::Urgent)),
    ];
    channel(settings, classes)
}

const TICK: Duration = Duration::from_millis(1);

/// The messages that arrived.
#[derive(Default)]
struct Uplink {
    gauges: BTreeMap<&'static str, u64>,
    traces: u64,
    entries: u64,
    flushes: u64,
    bytes: usize,
}

impl Uplink {
    fn carry(&mut self, item: &Telemetry) {
        self.bytes += item.weight();
        match item {
            Telemetry::Gauge { name, value } => {
                self.gauges.insert(name, *value);
            }
            Telemetry::Trace { span } => self.traces += u64::from(*span > 0),
            Telemetry::Entry { .. } => self.entries += 1,
            Telemetry::Flush => self.flushes += 1,
        }
    }
}

/// Rounds of a millisecond, in each of which every writer writes.
const ROUNDS: u64 = 200;

async fn sensors(tx: Sender<Telemetry>) -> Result<(), BoxError> {
    for value in 1..=10 * ROUNDS {
        for name in ["cpu", "memory", "disk"] {
            tx.try_send(Telemetry::Gauge { name, value })?;
        }
        if value % 10 == 0 {
            tokio::time::sleep(TICK).await;
        }
    }
    Ok(())
}

async fn services(tx: Sender<Telemetry>) -> Result<(), BoxError> {
    for span in 1..=50 * ROUNDS {
        // No sender waits for a trace: without room, this trace or another one is dropped.
        tx.send(Telemetry::Trace { span }).await?;
        if span % 50 == 0 {
            tokio::time::sleep(TICK).await;
        }
    }
    Ok(())
}

async fn audit(tx: Sender<Telemetry>) -> Result<u64, BoxError> {
    let mut waited = 0;
    for n in 0..3 * ROUNDS {
        let line = format!("user {n} signed in, opened three pages, and signed out again");
        waited += u64::from(tx.send(Telemetry::Entry { line }).await? == Admission::Waited);
        // In bursts: a burst first evicts traces, and then waits.
        if n % 60 == 0 {
            tokio::time::sleep(20 * TICK).await;
        }
    }
    Ok(waited)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let (tx, mut rx) = pipe()?;
    let writers = (
        tokio::spawn(sensors(tx.clone())),
        tokio::spawn(services(tx.clone())),
        tokio::spawn(audit(tx.clone())),
    );
    let operator = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(5 * TICK).await;
            // Half of the reserve is for urgent messages like this one, and no flood takes it.
            tx.send(Telemetry::Flush).await?;
        }
        Ok::<_, BoxError>(())
    });

    // An uplink that carries a packet now and then. The channel ends with its last sender.
    let mut uplink = Uplink::default();
    let mut packet = Vec::new();
    while rx.recv_many(&mut packet, 8).await > 0 {
        packet.drain(..).for_each(|item| uplink.carry(&item));
        tokio::time::sleep(TICK).await;
    }

    let waited = writers.2.await??;
    writers.0.await??;
    writers.1.await??;
    operator.await??;
    println!("{}", rx.ledger());
    println!("the newest of every gauge arrived: {:?}", uplink.gauges);
    println!("{} traces arrived, a sample of {}", uplink.traces, 50 * ROUNDS);
    println!("{} entries arrived, all of them; {waited} times their writer waited", uplink.entries);
    println!("{} flushes, {} bytes in all", uplink.flushes, uplink.bytes);

    assert!(rx.ledger().is_balanced());
    assert!(uplink.gauges.values().all(|value| *value == 10 * ROUNDS));
    assert_eq!((uplink.entries, uplink.flushes), (3 * ROUNDS, 10));
    Ok(())
}
