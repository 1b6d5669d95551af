//! Sockets: frames that a codec decodes become messages, and answers become frames.
//!
//! ```text
//!   peer ──► socket ──► codec ──► message ──► slot ──► mailbox           deliver
//!   peer ──► socket ──► codec ──► message ──► slot ──► ask ┐
//!        ◄── socket ◄── codec ◄── replies, in order, at most 32 ◄────┘    serve
//! ```
//!
//! The socket is anything that implements `AsyncRead` (and `AsyncWrite`), the codec anything that
//! implements `Decoder` (and `Encoder`) of `tokio_util`.
//!
//! # Invariants
//!
//! - One frame is decoded ahead, and waits for its slot (C1). While the mailbox is full, nothing
//!   more is read: the kernel's buffer fills, and the peer's TCP window closes (C3).
//! - What is read without a slot is bounded: that frame, and the codec's buffer. The buffer has 8
//!   KiB at first. A larger frame makes it grow, to twice `max_frame` at most.
//! - A connection without a whole frame holds no slot, and no token of a rate. So a thousand idle
//!   connections leave the mailbox free.
//! - A peer that is gone is noticed by the next read or write. While a frame waits for its slot,
//!   nothing is read.
//! - Each frame that was decoded is in the mailbox, or in the report.
//! - The end of one side ends the other (C4). The report says which side it was.
//!
//! # Ends
//!
//! | what happens | [`deliver`] | [`serve`] |
//! |---|---|---|
//! | the peer closes, or half-closes | drops the socket: `PeerClosed` | writes the replies that are owed, shuts down: `PeerClosed` |
//! | the peer stops within a frame | the codec's error: `Frame` | the same, after the replies that are owed |
//! | a frame is too large or broken | `Frame` | `Frame`, after the replies that are owed and the farewell |
//! | the actor closes | drops the socket: `Refused` | the requests in flight end with an error each, then the farewell: `Refused` |
//! | `until` resolves | sends the frame that was read, drops the socket: `Stopped` | writes the replies that are owed and the farewell: `Stopped` |
//! | the peer does not read | – | stops reading; `Write` if the connection breaks |
//! | a conversion, codec or socket panics | `Panicked`, or `Frame` | the same |
//!
//! Most kernels reset a socket that is dropped with unread bytes, and a peer may lose the last
//! replies by that. So [`serve`] shuts its writing direction down first. Then it reads and discards
//! what the peer still sends, until the peer closes: 1 MiB and 2 seconds at most, by tokio's clock.
//! A peer that sends more, or closes later, may lose its last replies.

mod deliver;
mod end;
mod frames;
mod limited;
mod linger;
mod serve;
mod stop;

pub use deliver::{Deliver, deliver};
pub use end::{Delivered, End, Served};
pub use limited::{FrameError, MAX_FRAME};
pub use serve::{IN_FLIGHT, Serve, serve};
