//! The check: viewers that read everything, viewers that read nothing before the end, and a
//! generator. It fails unless
//!
//! - each fast viewer saw versions in order, and the last one,
//! - each slow viewer saw versions in order, and the last one, once it reads,
//! - at most one update waited for each viewer, also for the slow ones while they did not read,
//! - every ledger balances.

use crate::cli::Cli;
use crate::http;
use crate::score;
use crate::service::Service;
use crate::watcher::Watcher;
use actors_core::prelude::*;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Scores a second: some 200 versions, so that the buffers of the slow viewers are full in a
/// second.
const RATE: u32 = 1000;
/// How long viewers may need for the last version, after the last score.
const CATCH_UP_MAX: Duration = Duration::from_secs(20);
/// Samples of the mailboxes.
const SAMPLES: u32 = 40;

/// The command of the check to its viewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Only fast viewers read.
    Running,
    /// Every viewer reads until this version.
    Until(u64),
}

/// Runs the check. Returns whether everything held.
pub(crate) async fn run(cli: &Cli, fast: u16) -> Result<bool, BoxError> {
    let slow = cli.slow;
    let length = Duration::from_secs(cli.seconds);
    // The slow ones are not to be closed before they read.
    let service = Service::open(length + CATCH_UP_MAX, fast + slow)?;
    let listener = http::listen(cli.listen)?;
    let at = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listener, service.clone(), async move {
        let _ = stopped.await;
    }));
    let (phase, _) = watch::channel(Phase::Running);
    let mut viewers = JoinSet::new();
    for n in 0..fast + slow {
        let is_slow = n >= fast;
        let label = format!("{}-{n}", if is_slow { "slow" } else { "fast" });
        let watcher = Watcher::connect(at, &label).await?;
        viewers.spawn(view(watcher, is_slow, phase.subscribe()));
    }
    let rate = cli.rate.unwrap_or(RATE);
    println!("{fast} viewers that read, {slow} that do not, {rate} scores a second, {} s", cli.seconds);
    let generator = tokio::spawn(score::generate(service.board.clone(), rate));
    let is_bounded = watch_mailboxes(&service, length, slow).await?;
    generator.abort();
    // It has ended when this returns: the score below is the last one.
    let _ = generator.await;
    post(at).await?;
    let is_in_order = finish(&service, &phase, viewers).await?;
    let is_shown = show(&service, slow).await?;
    // Each viewer notices that its client has gone, and frees its place.
    drop(timeout(CATCH_UP_MAX, service.places.acquire_many(u32::from(fast + slow))).await??);
    let _ = stop.send(());
    server.await??;
    let books = service.close().await;
    println!("{books}");
    let checks = [
        ("each viewer saw versions in order, and the last one", is_in_order),
        ("the slow ones missed updates, and nothing else was lost", is_shown),
        ("at most one update waited for each viewer", is_bounded),
        ("the ledgers balance", books.is_balanced()),
    ];
    for (what, holds) in checks {
        println!("{}: {what}", if holds { "yes" } else { "NO" });
    }
    Ok(checks.iter().all(|(_, holds)| *holds))
}

/// One viewer. Returns whether it saw versions in order, and the last one.
async fn view(
    mut watcher: Watcher,
    is_slow: bool,
    mut phase: watch::Receiver<Phase>,
) -> Result<bool, BoxError> {
    let last = loop {
        let now = *phase.borrow_and_update();
        if let Phase::Until(last) = now {
            break last;
        }
        tokio::select! {
            changed = phase.changed() => changed?,
            seen = watcher.next(), if !is_slow => {
                seen?.ok_or("the connection ended early")?;
            }
        }
    };
    timeout(CATCH_UP_MAX, watcher.until(last)).await??;
    Ok(watcher.is_in_order && watcher.last == Some(last))
}

/// Tells the viewers which version is the last one, and waits for them.
async fn finish(
    service: &Service,
    phase: &watch::Sender<Phase>,
    mut viewers: JoinSet<Result<bool, BoxError>>,
) -> Result<bool, BoxError> {
    // The last score has been answered, so its `publish` is ahead of this in the mailbox.
    let version = service.board.shown().await?.number;
    phase.send_replace(Phase::Until(version));
    println!("{version} versions");
    let mut all = true;
    while let Some(viewer) = viewers.join_next().await {
        match viewer? {
            Ok(is_in_order) => all &= is_in_order,
            Err(error) => {
                println!("a viewer failed: {error}");
                all = false;
            }
        }
    }
    Ok(all)
}

/// Prints what became of the updates of both kinds of viewers. Returns whether it is as declared:
/// whatever was not written was conflated.
async fn show(service: &Service, slow: u16) -> Result<bool, BoxError> {
    let rows = service.board.viewers().await?;
    let (mut is_declared, mut missed) = (true, 0);
    for kind in ["fast", "slow"] {
        let of_kind = rows.iter().filter(|row| row.label.starts_with(kind)).map(|row| row.updates);
        let (mut offered, mut written, mut conflated, mut left) = (0, 0, 0, 0);
        for row in of_kind {
            (offered, written, conflated) =
                (offered + row.offered, written + row.handled, conflated + row.conflated);
            // A client has the last version a moment before the turn that wrote it ends.
            left += row.queued + row.in_service;
        }
        println!("{kind}: {offered} updates, {written} written, {conflated} conflated");
        is_declared &= offered == written + conflated + left;
        missed = conflated;
    }
    Ok(is_declared && (slow == 0 || missed > 0))
}

/// Sends one score over HTTP, as a client would: the last one of the check.
async fn post(at: SocketAddr) -> Result<(), BoxError> {
    let response = crate::watcher::request(at, "POST /scores", r#"{"player": "Emmy", "points": 7}"#).await?;
    if response.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(response.into()) }
}

/// Lets the time pass. Returns whether no viewer ever had more than one update that waits, and
/// whether the check saw that: at the end, one waits for each slow viewer.
async fn watch_mailboxes(service: &Service, length: Duration, slow: u16) -> Result<bool, BoxError> {
    let began = Instant::now();
    let (mut most, mut waiting) = (0, 0);
    for sample in 1..=SAMPLES {
        sleep_until(began + length * sample / SAMPLES).await;
        let rows = service.board.viewers().await?;
        most = rows.iter().map(|row| row.updates.queued).max().unwrap_or(0).max(most);
        waiting = rows.iter().filter(|row| row.label.starts_with("slow") && row.updates.queued > 0).count();
    }
    println!(
        "waiting updates of one viewer: {most} at most; at the end, {waiting} of {slow} slow viewers have one"
    );
    Ok(most <= 1 && waiting == usize::from(slow))
}
