//! The phases, and what is printed after each.

use crate::pool::{Kind, USEFUL};
use actors_core::{Ledger, Reason};
use hdrhistogram::Histogram;
use std::time::Duration;

/// A part of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) length: Duration,
    /// Jobs per second.
    pub(crate) rate: f64,
    /// Calls that the downstream takes at once, and how long each takes.
    pub(crate) at_once: usize,
    pub(crate) takes: Duration,
}

impl Phase {
    /// The four phases with traffic, at full length or shortened.
    pub(crate) fn all(is_quick: bool) -> [Phase; 4] {
        let phase = |name, [full, quick]: [u64; 2], rate, at_once, takes| Phase {
            name,
            length: Duration::from_millis(if is_quick { quick } else { full }),
            rate,
            at_once,
            takes: Duration::from_millis(takes),
        };
        [
            phase("calm", [3_000, 1_000], 40.0, 100, 5),
            phase("rush hour", [9_000, 3_500], 500.0, 100, 5),
            phase("rush hour, and downstream is slow", [15_000, 6_000], 500.0, 2, 6),
            phase("calm again", [3_000, 3_000], 40.0, 100, 5),
        ]
    }

    pub(crate) fn announce(&self) {
        let Phase { name, rate, at_once, takes, .. } = self;
        println!("\n── {name}: {rate} jobs/s; downstream takes {takes:?} a call, {at_once} at once");
    }
}

/// The outcome of one kind of job in one phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) offered: u64,
    pub(crate) handled: u64,
    pub(crate) shed: u64,
    /// Refused because the mailbox was full, or dropped from it.
    pub(crate) lost: u64,
}

impl Account {
    /// The difference between the ledgers at the beginning and at the end.
    pub(crate) fn between(kind: Kind, then: &Ledger, now: &Ledger) -> Account {
        let [then, now] = [then, now].map(|ledger| kind.row(ledger));
        let shed = now.refused(Reason::Shed) - then.refused(Reason::Shed);
        let lost = (now.refused_total() + now.dropped) - (then.refused_total() + then.dropped) - shed;
        Account { offered: now.offered - then.offered, handled: now.handled - then.handled, shed, lost }
    }

    /// The share of offered messages that was shed.
    pub(crate) fn shed_share(&self) -> f64 {
        self.shed as f64 / self.offered.max(1) as f64
    }
}

/// Prints the outcome of a phase's jobs. `times` are those of the jobs done in it, in microseconds.
pub(crate) fn print(accounts: &[Account; 4], times: &[Histogram<u64>; 4], length: Duration) {
    println!("           job        offered  handled     shed     lost   p50 ms   p99 ms");
    for kind in Kind::ALL {
        let Account { offered, handled, shed, lost } = accounts[kind as usize];
        let times = &times[kind as usize];
        let ms = |quantile| match times.is_empty() {
            true => "-".to_owned(),
            false => format!("{:.0}", times.value_at_quantile(quantile) as f64 / 1000.0),
        };
        println!(
            "           {:<9} {offered:>8} {handled:>8} {shed:>8} {lost:>8} {:>8} {:>8}",
            format!("{kind:?}"),
            ms(0.5),
            ms(0.99)
        );
    }
    let orders = &times[Kind::Order as usize];
    let useful = orders.count_between(0, u64::try_from(USEFUL.as_micros()).unwrap_or(u64::MAX));
    println!(
        "           orders done within {USEFUL:?}: {:.0}/s of {:.0}/s",
        useful as f64 / length.as_secs_f64(),
        accounts[Kind::Order as usize].offered as f64 / length.as_secs_f64()
    );
}
