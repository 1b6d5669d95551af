//! Pull for actors: sources that send only what a mailbox has slots for, whatever is between them.
//!
//! `Handle::attach` and `Handle::sink` of `actors-core` pull from a stream in the same process, one
//! slot at a time. This crate carries the same promise further: a permit of the mailbox becomes
//! credit for a producer behind a channel, a closed window of a socket, or the `request(n)` of
//! Reactive Streams. In each case the backlog stays where the items come from.
//!
//! | module | what it has |
//! |---|---|
//! | [`credit`] | slots as `request(n)`, for producers behind a channel, a process or a socket |
//! | [`framed`] | frames of a socket as messages, and answers as frames, in order |
//! | [`reactive`] | Reactive Streams: actors, streams and sinks as publishers and subscribers |
//!
//! # Which one
//!
//! | the source | use |
//! |---|---|
//! | is a `Stream` of this process | `Handle::attach` of `actors-core` |
//! | is a socket whose protocol has a codec | [`framed::deliver`], or [`framed::serve`] with replies |
//! | is code that can be told how much to send: a broker's consumer, another process | [`credit`] |
//! | or the target speaks Reactive Streams, or an actor is in the middle of a pipeline | [`reactive`] |
//!
//! # Example
//!
//! A socket whose peer is slowed down by the actor behind it:
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_streams::framed;
//! use tokio::io::AsyncWriteExt;
//! use tokio_util::codec::LinesCodec;
//!
//! struct Journal { lines: Vec<String> }
//!
//! #[actor(local, capacity = 4, reserve = 0)]
//! impl Journal {
//!     #[message]
//!     fn line(&mut self, text: String) { self.lines.push(text); }
//!
//!     #[message(overflow = block)]
//!     fn count(&mut self) -> usize { self.lines.len() }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let journal = System::new("journal").spawn(Journal { lines: Vec::new() });
//! let (mut peer, socket) = tokio::io::duplex(1024); // or a TcpStream
//! let bridge = framed::deliver(&journal, socket, LinesCodec::new(), |text| JournalLine { text });
//! let bridge = tokio::spawn(bridge);
//! for _ in 0..1000 {
//!     peer.write_all(b"one more line\n").await.unwrap(); // waits while the journal is behind
//! }
//! drop(peer);
//! assert_eq!(bridge.await.unwrap().frames, 1000);
//! assert_eq!(journal.count().await.unwrap(), 1000);
//! # }
//! ```
//!
//! # Panics of foreign code
//!
//! A stream, sink, codec, socket, conversion or subscriber that panics ends its own connection or
//! subscription: the report or the outcome has the text of the [`Panicked`]. No lock is held while
//! such code runs.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `tck` | no | `reactive::tck`: the rules of Reactive Streams as checks; for dev-dependencies |

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod credit;
pub mod framed;
pub mod reactive;

mod panics;
mod wake;

pub use panics::Panicked;
