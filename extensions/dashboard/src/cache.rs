//! An answer that is made at most a few times a second, however many clients ask.

use axum::http::StatusCode;
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How old an answer may be: a quarter of a second is now for a person, and it bounds the work of
/// large systems to four snapshots a second.
const FRESH: Duration = Duration::from_millis(250);

/// The latest answer. Clients that ask while one is being made wait for it.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    latest: Mutex<Option<(Instant, Bytes)>>,
}

impl Cache {
    /// Returns the answer, made anew if it is too old, on a thread where it may take its time.
    ///
    /// # Errors
    /// 500 if it cannot be made.
    pub(crate) async fn get<E: Send + 'static>(
        &self,
        make: impl FnOnce() -> Result<Vec<u8>, E> + Send + 'static,
    ) -> Result<Bytes, StatusCode> {
        let mut latest = self.latest.lock().await;
        if let Some((at, bytes)) = &*latest
            && at.elapsed() < FRESH
        {
            return Ok(bytes.clone());
        }
        let made = tokio::task::spawn_blocking(make).await;
        let bytes = made.ok().and_then(Result::ok).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let bytes = Bytes::from(bytes);
        *latest = Some((Instant::now(), bytes.clone()));
        Ok(bytes)
    }
}
