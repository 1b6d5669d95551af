//! The source: lines of a file, read as fast as the parser has slots.

use crate::parser::ParserHandle;
use crate::parser::parser_messages::Line;
use actors_core::BoxError;
use actors_streams::framed::{self, End};
use tokio::io::AsyncRead;
use tokio_util::codec::LinesCodec;

/// The longest line, in bytes: many times what an event takes.
const LINE_MAX: usize = 4096;

/// What was read of a source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// The lines that the parser has taken.
    pub(crate) lines: u64,
    /// Whether `stop` resolved before the end of the source.
    pub(crate) is_stopped: bool,
}

/// Sends every line to the parser, each when there is a slot for it, until the end of the source,
/// or until `stop` resolves.
///
/// That is all that back-pressure takes: a full mailbox has no slot, so nothing is read.
pub(crate) async fn read(
    source: impl AsyncRead + Unpin,
    parser: &ParserHandle,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Read, BoxError> {
    let lines = LinesCodec::new_with_max_length(LINE_MAX);
    let report = framed::deliver(parser, source, lines, |text| Line { text }).until(stop).await;
    match report.end {
        End::PeerClosed => Ok(Read { lines: report.frames, is_stopped: false }),
        End::Stopped => Ok(Read { lines: report.frames, is_stopped: true }),
        end => Err(format!("after {} lines: {end}", report.frames).into()),
    }
}
