//! F1: a panic in a turn drops what the turn holds. A waker or a drop that panics meanwhile could
//! abort the process, so each test runs in a process of its own.

use actors_core::mailbox::{Class, Item, channel};
use actors_core::policy::{Overflow, Policy, Settings};
use actors_core::prelude::*;
use actors_tests::{alone, poll_with, run, run_other_tasks};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// A waker that panics when it is woken, and when the last of its clones is dropped.
struct Mine;

impl Wake for Mine {
    fn wake(self: Arc<Self>) {
        resume_unwind(Box::new("woken"));
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        resume_unwind(Box::new("the waker was dropped"));
    }
}

fn mine() -> Waker {
    Arc::new(Mine).into()
}

/// Drops a waker whose drop may panic.
fn discard(waker: Waker) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(waker)));
}

/// An answer that panics when it is dropped, if its flag is set.
struct Answer(bool);

impl Drop for Answer {
    fn drop(&mut self) {
        if self.0 {
            resume_unwind(Box::new("the answer was dropped"));
        }
    }
}

#[derive(Default)]
struct Field {
    held: Vec<ReplyTo<Answer>>,
}

#[actor(local, capacity = 1, reserve = 0, max_waiting = 8)]
impl Field {
    #[message]
    async fn fall(&mut self) {
        tokio::task::yield_now().await;
        resume_unwind(Box::new("on purpose"));
    }

    /// Panics while it holds the reply to an asker whose waker panics.
    #[message]
    async fn owe(&mut self, reply: ReplyTo<u32>) {
        let _reply = reply;
        tokio::task::yield_now().await;
        resume_unwind(Box::new("on purpose"));
    }

    #[message]
    async fn question(&mut self) -> u32 {
        tokio::task::yield_now().await;
        resume_unwind(Box::new("on purpose"));
    }

    #[message(overflow = block)]
    fn answer(&mut self) -> Answer {
        Answer(true)
    }

    #[message(overflow = block)]
    fn later(&mut self, reply: ReplyTo<Answer>) {
        self.held.push(reply);
    }

    #[message(overflow = block)]
    async fn wait(&mut self) {
        std::future::pending::<()>().await;
    }

    /// Holds a pending wait of each kind, polled with a waker that panics, and then panics itself.
    #[message]
    async fn hold(&mut self, idle: FieldHandle, busy: FieldHandle, how: u32) {
        let system = System::new("letters");
        let mut letters = system.dead_letters();
        let policy = Policy::tell().overflow(&[Overflow::Block]);
        let settings = Settings::new().capacity(1).reserve(0);
        let (sender, _receiver) = channel(settings, vec![Class::new("thing", policy)]).unwrap();
        sender.try_send(Thing).unwrap();
        let waker = mine();
        let mut asked = idle.later();
        let mut answered = idle.answer();
        let (mut in_line, mut tell) = (busy.answer(), busy.wait());
        let mut reserve = busy.reserve::<FieldWait>();
        let mut sending = sender.send(Thing);
        let mut closed = busy.closed().into_future();
        let mut next = Box::pin(letters.next());
        let pending = match how {
            0 => poll_with(&mut asked, &waker).is_pending(),
            1 => poll_with(&mut in_line, &waker).is_pending(),
            2 => poll_with(&mut tell, &waker).is_pending(),
            3 => poll_with(&mut reserve, &waker).is_pending(),
            4 => poll_with(&mut sending, &waker).is_pending(),
            5 => poll_with(&mut closed, &waker).is_pending(),
            6 => poll_with(&mut next, &waker).is_pending(),
            // The ask has its answer, which is dropped with it.
            _ => poll_with(&mut answered, Waker::noop()).is_pending(),
        };
        assert!(pending, "{how}");
        discard(waker);
        run_other_tasks().await;
        resume_unwind(Box::new("on purpose"));
    }
}

struct Thing;
impl Item for Thing {}

#[test]
fn f1_an_asker_s_waker_that_panics_is_woken_by_a_turn_that_panics() {
    alone!("f1_an_asker_s_waker_that_panics_is_woken_by_a_turn_that_panics", || {
        run(async |system| {
            for how in 0..3 {
                let field: FieldHandle = system.spawn(Field::default());
                let (mut owed, mut question) = (field.owe(), field.question());
                let (mut fall, waker) = (field.fall().ask(), mine());
                let is_pending = match how {
                    0 => poll_with(&mut owed, &waker).is_pending(),
                    1 => poll_with(&mut question, &waker).is_pending(),
                    _ => poll_with(&mut fall, &waker).is_pending(),
                };
                assert!(is_pending);
                run_other_tasks().await;
                let reason = match how {
                    0 => owed.await.unwrap_err().reason(),
                    1 => question.await.unwrap_err().reason(),
                    _ => fall.await.unwrap_err().reason(),
                };
                discard(waker);
                assert_eq!(reason, Reason::Panicked);
                assert_eq!(field.closed().await, StopReason::Panicked);
                assert!(field.ledger().is_balanced());
            }
        });
    });
}

#[test]
fn f1_what_a_turn_that_panics_holds_may_panic_when_it_is_dropped() {
    alone!("f1_what_a_turn_that_panics_holds_may_panic_when_it_is_dropped", || {
        run(async |system| {
            for how in 0..8 {
                let (idle, busy) = (system.spawn(Field::default()), system.spawn(Field::default()));
                busy.wait().await.unwrap();
                run_other_tasks().await;
                busy.wait().await.unwrap();
                let field: FieldHandle = system.spawn(Field::default());
                let asked = field.hold(idle.clone(), busy.clone(), how).ask().await;
                assert_eq!(asked.unwrap_err().reason(), Reason::Panicked, "{how}");
                assert_eq!(field.closed().await, StopReason::Panicked);
                for actor in [&field, &idle, &busy] {
                    assert!(actor.ledger().is_balanced(), "{how}");
                }
                busy.kill();
            }
        });
    });
}
