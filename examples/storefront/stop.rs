//! The signal to stop.

/// Resolves with ctrl-c or SIGTERM.
#[cfg(unix)]
pub(crate) fn signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves with ctrl-c.
#[cfg(not(unix))]
pub(crate) fn signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // Without a signal handler, only ending the process stops the server.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
