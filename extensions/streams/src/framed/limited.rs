//! A codec with a limit for frames, whose panics are errors.

use crate::panics::{Panicked, caught};
use bytes::BytesMut;
use std::io;
use tokio_util::codec::{Decoder, Encoder};

/// The default limit of a frame, 8 MiB: that of `tokio_util::codec::LengthDelimitedCodec`.
pub const MAX_FRAME: usize = 8 << 20;

/// Why no frame can be read or written any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError<E> {
    /// The socket has failed.
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    /// More bytes than the limit have arrived, and the codec finds no whole frame in them.
    #[error("a frame has more than {limit} bytes, which is the limit")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The codec refuses the bytes or the frame.
    #[error("the codec failed: {0}")]
    Codec(E),
    /// The codec or the socket has panicked.
    #[error("the codec or the socket failed: {0}")]
    Panicked(Panicked),
}

/// Keeps the bytes of an unfinished frame below a limit, and turns panics of a codec into errors.
#[derive(Debug)]
pub(super) struct Limited<C> {
    codec: C,
    limit: usize,
}

impl<C> Limited<C> {
    pub(super) fn new(codec: C) -> Self {
        Limited { codec, limit: MAX_FRAME }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }
}

/// What a decoder finds in the bytes that have arrived.
type Decoded<C> = Result<Option<<C as Decoder>::Item>, <C as Decoder>::Error>;

impl<C: Decoder> Limited<C> {
    fn call(
        &mut self,
        bytes: &mut BytesMut,
        decode: fn(&mut C, &mut BytesMut) -> Decoded<C>,
    ) -> Result<Option<C::Item>, FrameError<C::Error>> {
        let decoded = caught(|| decode(&mut self.codec, bytes)).map_err(FrameError::Panicked)?;
        let frame = decoded.map_err(FrameError::Codec)?;
        if frame.is_none() && bytes.len() > self.limit {
            return Err(FrameError::TooLarge { limit: self.limit });
        }
        Ok(frame)
    }
}

impl<C: Decoder> Decoder for Limited<C> {
    type Item = C::Item;
    type Error = FrameError<C::Error>;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<C::Item>, Self::Error> {
        self.call(bytes, C::decode)
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> Result<Option<C::Item>, Self::Error> {
        self.call(bytes, C::decode_eof)
    }
}

impl<F, C: Encoder<F>> Encoder<F> for Limited<C> {
    type Error = FrameError<C::Error>;

    fn encode(&mut self, frame: F, bytes: &mut BytesMut) -> Result<(), Self::Error> {
        let encoded = caught(|| self.codec.encode(frame, bytes)).map_err(FrameError::Panicked)?;
        encoded.map_err(FrameError::Codec)
    }
}
