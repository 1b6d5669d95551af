//! Sockets: frames that a codec decodes become messages, and answers become frames.
//!
//! ```text
//!   peer ──► socket ──► 8 KiB ──► codec ──► message ──► slot ──► mailbox           deliver
//!   peer ──► socket ──► 8 KiB ──► codec ──► message ──► slot ──► ask ┐
//!        ◄── socket ◄── codec ◄── replies, in order, at most 32 ◄────┘              serve
//! ```
//!
//! The socket is anything that implements `AsyncRead` (and `AsyncWrite`), the codec anything that
//! implements `Decoder` (and `Encoder`) of `tokio_util`.
//!
//! # Invariants
//!
//! - A frame is decoded only when the mailbox has granted a slot for it (C1). While the mailbox is
//!   full, nothing is read: the kernel's buffer fills, and the peer's TCP window closes (C3).
//! - What is read without a slot is bounded: 8 KiB, and an unfinished frame up to `max_frame`.
//! - A connection without bytes to decode holds no slot. So a thousand idle connections leave the
//!   mailbox free.
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
//! | the peer does not read | – | stops reading; `Write` if the connection breaks |
//! | a conversion, codec or socket panics | `Panicked`, or `Frame` | the same |
//!
//! A socket that is dropped with unread bytes is reset by most kernels. [`serve`] shuts its writing
//! direction down first, so the farewell goes out before.

mod deliver;
mod end;
mod frames;
mod limited;
mod serve;

pub use deliver::{Deliver, deliver};
pub use end::{Delivered, End, Served};
pub use limited::{FrameError, MAX_FRAME};
pub use serve::{IN_FLIGHT, Serve, serve};
