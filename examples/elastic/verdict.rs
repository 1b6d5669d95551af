//! Checks the promises.

use crate::Run;
use crate::drive::Sent;
use crate::pool::Kind;
use actors_core::{Ledger, Reason, observe::DecisionKind};

/// The indices of two phases.
const RUSH: usize = 1;
const SLOW: usize = 2;

/// Prints every promise, and whether it was kept. Returns `true` when all were.
pub(crate) fn print(run: &Run, sent: &Sent, ledger: &Ledger, is_at_rest: bool) -> bool {
    let slow = &run.accounts[SLOW];
    let shed = |kind: Kind| slow[kind as usize].shed_share();
    let percent = |kind| format!("{:.0} %", shed(kind) * 100.0);
    let most = run.most_workers(RUSH);
    let is_counted = Kind::ALL.into_iter().all(|kind| {
        let row = kind.row(ledger);
        row.offered == sent.offered(kind) && row.refused(Reason::Shed) == sent.shed(kind)
    });
    let promises = [
        (most >= 3, format!("it grew with demand: {most} workers in the rush hour (at least 3)")),
        (
            shed(Kind::Report) > shed(Kind::Thumbnail) && shed(Kind::Thumbnail) >= shed(Kind::Order),
            format!(
                "shed, lowest priority first: {} of reports, {} of thumbnails, {} of orders",
                percent(Kind::Report),
                percent(Kind::Thumbnail),
                percent(Kind::Order)
            ),
        ),
        (slow[Kind::Import as usize].shed == 0, "imports, which may only wait, were never shed".to_owned()),
        (!run.is_shedding(), "shedding has ended".to_owned()),
        (is_at_rest, "calm, empty, and back to one worker without any traffic".to_owned()),
        (ledger.is_balanced(), "the ledger balances".to_owned()),
        (is_counted, "and agrees with the senders' own count of what was offered and shed".to_owned()),
    ];
    // Not a promise: a trial measures a tenth of a second, and may have another result on a busy
    // machine.
    let is_taken_back = run.decided(SLOW, |what| matches!(what, DecisionKind::WorkersTakenBack { .. }));
    let seen = if is_taken_back { "ok" } else { "unseen" };
    println!("{seen:<6} more workers did not help a slow downstream, and were taken back");
    for (is_kept, promise) in &promises {
        println!("{:<6} {promise}", if *is_kept { "ok" } else { "MISSED" });
    }
    promises.iter().all(|(is_kept, _)| *is_kept)
}

impl Run {
    /// When a phase began and ended, in seconds.
    fn span(&self, phase: usize) -> std::ops::Range<f64> {
        self.phases[phase].0..self.phases[phase + 1].0
    }

    fn most_workers(&self, phase: usize) -> usize {
        let span = self.span(phase);
        let samples = self.seen.samples.iter().filter(|sample| span.contains(&sample.at));
        samples.map(|sample| sample.workers).max().unwrap_or(0)
    }

    /// Whether a decision of this kind was made in a phase.
    fn decided(&self, phase: usize, is_it: impl Fn(&DecisionKind) -> bool) -> bool {
        let span = self.span(phase);
        self.decided_kinds().any(|(at, what)| span.contains(&at) && is_it(what))
    }

    fn is_shedding(&self) -> bool {
        let last = self
            .decided_kinds()
            .filter(|(_, what)| matches!(what, DecisionKind::SheddingBegan | DecisionKind::SheddingEnded))
            .last();
        last.is_some_and(|(_, what)| *what == DecisionKind::SheddingBegan)
    }

    fn decided_kinds(&self) -> impl Iterator<Item = (f64, &DecisionKind)> {
        self.seen.decisions.iter().map(|(at, decision)| (*at, &decision.kind))
    }
}
