//! This runtime, three times: an `async fn`, a plain `fn`, and a plain `fn` that no sender ever
//! runs.

use crate::contestant::{Book, Contestant, Hold, Meeting, Note};
use crate::workload::Workload;
use actors_core::System;
use std::sync::OnceLock;

/// Remarks on this runtime's figures.
const NOTES: &[Note] = &[
    Note::On(Workload::Ask1, "Each ask of this runtime has a deadline of 30 s; no other contestant's has."),
    Note::On(Workload::Ask64, "Each ask of this runtime has a deadline of 30 s; no other contestant's has."),
    Note::On(Workload::PingPong, AWAITED),
    Note::On(Workload::InstrTell, FROZEN),
    Note::On(Workload::InstrAsk, FROZEN),
];

/// What an `async fn` does where a `fn` cannot.
const AWAITED: &str = "Our `async fn`s await their send, as one does in an `async fn`; all others but xtra's try it.";

/// Stops the clock that claims are measured by, so that instruction counts do not vary.
const FROZEN: &str = "We size batches by how long turns take, and callgrind makes them take some fifty times as long; so the \
                      clock that they are timed by stands still.";

/// The system of the actors. It lasts as long as the process.
fn system() -> &'static System {
    static SYSTEM: OnceLock<System> = OnceLock::new();
    SYSTEM.get_or_init(|| System::new("peers"))
}

/// An actor of this runtime, in a module of its own. `$fn` is the beginning of its handlers, `fn`
/// or `async fn`, and `$send` is how they send; what follows is added to the words of `#[actor]`.
macro_rules! ours {
    ($module:ident, $name:literal, [$($fn:tt)+], [$($send:tt)+] $(, $($word:tt)+)?) => {
        /// The actor, and its handle as a contestant.
        pub mod $module {
            use super::*;
            use actors_core::prelude::*;

            /// Counts its messages.
            #[derive(Default)]
            pub struct Counter {
                book: Book,
                meeting: Option<Meeting<Ours>>,
            }

            #[actor(capacity = 1024, vis = pub $(, $($word)+)?)]
            impl Counter {
                /// A message to be counted.
                #[message(overflow = block)]
                $($fn)+ tick(&mut self, a: u64, b: u64) {
                    self.book.enter(a, b);
                }

                /// A message to be counted, with an answer.
                #[message(overflow = block)]
                $($fn)+ question(&mut self, a: u64, b: u64) -> u64 {
                    self.book.enter(a, b)
                }

                /// A request for the count.
                #[message(overflow = block)]
                $($fn)+ count(&mut self) -> u64 {
                    self.book.count
                }

                /// A turn that lasts.
                #[message(overflow = block)]
                async fn hold(&mut self, hold: Hold) {
                    hold.keep().await;
                }

                /// Its opponent.
                #[message(overflow = block)]
                $($fn)+ meet(&mut self, meeting: Meeting<Ours>) {
                    self.meeting = Some(meeting);
                }

                /// A hop of the game.
                #[message(overflow = block)]
                $($fn)+ hop(&mut self, left: u64, b: u64) {
                    self.book.enter(left, b);
                    if let Some(peer) = Meeting::next(&mut self.meeting, left) {
                        let _ = peer.0.hop(left - 1, b)$($send)+;
                    }
                }
            }

            /// The handle.
            #[derive(Clone)]
            pub struct Ours(CounterHandle);

            impl Contestant for Ours {
                const NAME: &'static str = $name;
                const CRATE: &'static str = "actors-core";
                const NOTES: &'static [Note] = super::NOTES;

                async fn start() -> Self {
                    Self(system().spawn(Counter::default()))
                }

                async fn tell(&self, a: u64, b: u64) -> bool {
                    self.0.tick(a, b).await.is_ok()
                }

                fn try_tell(&self, a: u64, b: u64) -> bool {
                    self.0.tick(a, b).try_send().is_ok()
                }

                async fn ask(&self, a: u64, b: u64) -> Option<u64> {
                    self.0.question(a, b).await.ok()
                }

                async fn count(&self) -> Option<u64> {
                    self.0.count().await.ok()
                }

                async fn hold(&self, hold: Hold) -> bool {
                    self.0.hold(hold).await.is_ok()
                }

                async fn meet(&self, meeting: Meeting<Self>) -> bool {
                    self.0.meet(meeting).await.is_ok()
                }

                async fn hop(&self, left: u64) -> bool {
                    self.0.hop(left, 1).await.is_ok()
                }
            }
        }
    };
}

ours!(asynchronous, "actors: async fn", [async fn], [.await]);
ours!(plain, "actors: fn", [fn], [.try_send()]);
ours!(never, "actors: fn (inline = never)", [fn], [.try_send()], inline = never);
