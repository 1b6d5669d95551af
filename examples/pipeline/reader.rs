//! The source: lines of a file, read as fast as the parser has slots.

use crate::parser::ParserHandle;
use crate::parser::parser_messages::Line;
use actors_core::BoxError;
use actors_streams::framed::{self, End};
use tokio::io::AsyncRead;
use tokio_util::codec::LinesCodec;

/// The longest line, in bytes: many times what an event takes.
const LINE_MAX: usize = 4096;

/// Sends every line to the parser, each when there is a slot for it. Returns their number.
///
/// That is all there is to back-pressure: a full mailbox has no slot, so nothing is read.
pub(crate) async fn read(source: impl AsyncRead + Unpin, parser: &ParserHandle) -> Result<u64, BoxError> {
    let lines = LinesCodec::new_with_max_length(LINE_MAX);
    let report = framed::deliver(parser, source, lines, |text| Line { text }).await;
    match report.end {
        End::PeerClosed => Ok(report.frames),
        end => Err(format!("after {} lines: {end}", report.frames).into()),
    }
}
