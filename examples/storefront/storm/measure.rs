//! Measures the capacity: the charges per second that the shop answers when it always has one to
//! do.

use super::progress;
use crate::db::DbFile;
use crate::service::Service;
use crate::shop::ShopHandle;
use actors_core::prelude::*;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Enough callers that the shop is never idle, and few enough that none is refused: the mailbox has
/// room for 96 charges.
const CALLERS: usize = 64;
/// The time until the file's pages are cached.
const WARM_UP: Duration = Duration::from_millis(500);
const LENGTH: Duration = Duration::from_secs(4);

/// Returns charges per second, from a closed loop against a shop of its own.
pub(super) async fn capacity(file: &DbFile) -> Result<f64, BoxError> {
    let service = Service::open(file).await?;
    let bar = progress("measuring", WARM_UP + LENGTH);
    let begin = Instant::now() + WARM_UP;
    let mut callers = JoinSet::new();
    for card in 1..=CALLERS as u64 {
        callers.spawn(caller(service.shop.clone(), card, begin));
    }
    let mut answered = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            Some(count) = callers.join_next() => answered += count??,
            _ = ticks.tick() => bar.inc(100),
            else => break,
        }
        if callers.is_empty() {
            break;
        }
    }
    bar.finish_and_clear();
    let books = service.close().await;
    if !books.is_balanced() {
        return Err(format!("the books of the measurement do not balance\n{books}").into());
    }
    Ok(f64::from(answered) / LENGTH.as_secs_f64())
}

/// Sends one charge after the other, and counts those that were answered within the measured time.
async fn caller(shop: ShopHandle, card: u64, begin: Instant) -> Result<u32, AskError> {
    let end = begin + LENGTH;
    let mut answered = 0;
    while Instant::now() < end {
        let _receipt = shop.charge(card, 990).await?;
        answered += u32::from((begin..end).contains(&Instant::now()));
    }
    Ok(answered)
}
