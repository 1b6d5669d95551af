//! F: panics, stopping, and the end.

use actors_core::prelude::*;
use actors_core::{AskError, DeadLetter, DeadLetters, Row, testing};
use actors_tests::{HOUR, SECOND, others, poll, run};
use desk_messages as m;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What the actor went through, in words.
type Diary = Arc<Mutex<Vec<String>>>;

struct Desk {
    diary: Diary,
    pending: Vec<ReplyTo<u32>>,
}

/// Writes a word when it is dropped.
struct Guard(Diary, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1.to_owned());
    }
}

impl Desk {
    fn write(&self, word: impl Into<String>) {
        self.diary.lock().unwrap().push(word.into());
    }
}

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn work(&mut self, n: u32) {
        self.write(format!("work {n}"));
    }

    #[message(overflow = block)]
    fn question(&mut self, n: u32) -> u32 {
        self.write(format!("question {n}"));
        n
    }

    #[message]
    fn fails(&mut self) {
        panic!("a plain panic");
    }

    #[message]
    fn fails_asked(&mut self, with: u32) -> u32 {
        self.write("fails");
        panic!("number {with}");
    }

    #[message]
    async fn fails_later(&mut self) -> u32 {
        tokio::time::sleep(SECOND).await;
        panic!("a late panic");
    }

    #[message]
    fn fails_oddly(&mut self) -> u32 {
        std::panic::panic_any(7_u64)
    }

    #[message]
    async fn rest(&mut self, time: Duration) -> u32 {
        let _guard = Guard(self.diary.clone(), "rest is over");
        tokio::time::sleep(time).await;
        self.write("rested");
        1
    }

    #[message]
    fn later(&mut self, reply: ReplyTo<u32>) {
        self.pending.push(reply);
    }

    #[message]
    fn drop_pending(&mut self) {
        self.pending.clear();
    }

    #[message]
    fn fails_with_reply(&mut self, _reply: ReplyTo<u32>) {
        panic!("with the reply in hand");
    }

    #[message]
    fn kills_itself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.handle::<DeskHandle>().kill();
        self.write("killed itself");
        9
    }

    #[message]
    async fn kills_itself_and_waits(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.handle::<DeskHandle>().kill();
        self.write("killed itself");
        tokio::task::yield_now().await;
        self.write("went on");
        9
    }

    #[message]
    async fn awaits_its_own_stop(&mut self, ctx: &mut Context<Self>) -> Result<StopReason, AskError> {
        let me: DeskHandle = ctx.handle();
        me.stop().await.reason().map_err(Clone::clone)
    }

    #[message]
    fn stops(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
        self.write("said stop");
    }

    #[message]
    fn arms(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        assert!(ctx.send_after(after, m::Work { n }).is_ok());
    }

    #[message]
    fn ticks(&mut self, every: Duration, ctx: &mut Context<Self>) {
        assert!(ctx.send_every(every, m::Work { n: 0 }).is_ok());
    }

    #[message]
    fn pipes(&mut self, after: Duration, ctx: &mut Context<Self>) {
        let piped = ctx.pipe(tokio::time::sleep(after), |()| m::Work { n: 0 });
        assert!(piped.is_ok());
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        self.write(format!("stopped: {why:?}"));
    }
}

fn desk(system: &System) -> (DeskHandle, Diary) {
    let diary = Diary::default();
    let desk = Desk { diary: diary.clone(), pending: Vec::new() };
    (system.spawn(desk), diary)
}

fn read(diary: &Diary) -> Vec<String> {
    std::mem::take(&mut diary.lock().unwrap())
}

fn row<M: Message>(desk: &DeskHandle) -> Row {
    desk.ledger().of::<M>()
}

fn letters(lost: &mut DeadLetters) -> Vec<DeadLetter> {
    std::iter::from_fn(|| lost.try_next()).collect()
}

// --- F1 ------------------------------------------------------------------------------------------------------------

#[test]
fn f1_a_panic_is_caught_and_its_asker_is_told() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.fails_asked(5).await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        let row = row::<m::FailsAsked>(&desk);
        assert_eq!((row.offered, row.panicked, row.handled), (1, 1, 0));
    });
}

#[test]
fn f1_an_async_handler_s_panic_is_the_same() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.fails_later().await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(row::<m::FailsLater>(&desk).panicked, 1);
    });
}

#[test]
fn f1_the_dead_letter_has_the_panic_s_text() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (plain, _) = desk(&system);
        plain.fails().await.unwrap();
        let (asked, _) = desk(&system);
        drop(asked.fails_asked(5).await);
        let (odd, _) = desk(&system);
        drop(odd.fails_oddly().await);
        let found: Vec<_> = letters(&mut lost)
            .into_iter()
            .map(|letter| (letter.message, letter.reason, letter.payload.unwrap()))
            .collect();
        let expected = [
            ("Fails", "a plain panic"),
            ("FailsAsked", "number 5"),
            ("FailsOddly", "a panic without a text"),
        ];
        let expected = expected.map(|(message, text)| (message, Reason::Panicked, text.to_owned()));
        assert_eq!(found, expected);
    });
}

#[test]
fn f1_without_restarts_the_actor_stops_and_its_queue_is_told() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&desk);
        desk.fails().await.unwrap();
        let mut asks = [desk.question(1), desk.question(2), desk.question(3)];
        let mut waiter = desk.work(4);
        assert!(asks.iter_mut().all(|ask| poll(ask).is_pending()));
        assert!(poll(&mut waiter).is_pending());
        held.release();
        let before = Instant::now();
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
        }
        // The line moved up when the turn began, and was lost with the rest.
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let total = desk.ledger().total();
        assert_eq!((total.panicked, total.undelivered, total.handled), (1, 4, 0));
        assert_eq!(letters(&mut lost).len(), 5);
        assert_eq!(read(&diary), Vec::<String>::new());
    });
}

#[test]
fn f1_a_state_that_a_panic_went_through_is_not_used_again() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        drop(desk.fails_asked(1).await);
        desk.closed().await;
        assert_eq!(read(&diary), ["fails"], "neither retried nor `#[stopped]`");
    });
}

#[test]
fn f1_other_actors_and_the_system_go_on() {
    run(async |system| {
        let (bad, _) = desk(&system);
        let (good, _) = desk(&system);
        drop(bad.fails_asked(1).await);
        assert_eq!(good.question(1).await.unwrap(), 1);
        assert_eq!(bad.question(1).await.unwrap_err().reason(), Reason::Closed);
        let (new, _) = desk(&system);
        assert_eq!(new.question(2).await.unwrap(), 2);
    });
}

#[test]
fn f1_an_error_that_a_handler_returns_is_an_answer_and_no_fault() {
    run(async |system| {
        struct Strict;
        #[actor(local)]
        impl Strict {
            #[message]
            fn even(&mut self, n: u32) -> Result<u32, String> {
                n.is_multiple_of(2).then_some(n).ok_or_else(|| format!("{n} is odd"))
            }
        }
        let strict = system.spawn(Strict);
        strict.even(3).tell().await.unwrap();
        assert_eq!(strict.even(3).await.unwrap(), Err("3 is odd".to_owned()));
        assert_eq!(strict.even(4).await.unwrap(), Ok(4));
        assert_eq!(strict.ledger().total().handled, 3);
    });
}

// --- F4 ------------------------------------------------------------------------------------------------------------

#[test]
fn f4_stop_closes_admission_with_the_call_and_handles_the_rest() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..4 {
            desk.work(n).await.unwrap();
        }
        let mut waiter = desk.work(4);
        assert!(poll(&mut waiter).is_pending());
        let stop = desk.stop();
        let refused = desk.work(5).await.unwrap_err();
        assert_eq!((refused.reason(), refused.into_message().n), (Reason::Closed, 5));
        assert_eq!(desk.question(6).await.unwrap_err().reason(), Reason::Closed);
        let sent_away = waiter.await.unwrap_err();
        assert_eq!((sent_away.reason(), sent_away.into_message().n), (Reason::Closed, 4));
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(read(&diary), ["work 0", "work 1", "work 2", "work 3", "stopped: Stopped"]);
        assert_eq!(row::<m::Work>(&desk).refused(Reason::Closed), 2);
    });
}

#[test]
fn f4_stop_needs_nobody_to_await_it() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.work(1).await.unwrap();
        drop(desk.stop());
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(read(&diary), ["work 1", "stopped: Stopped"]);
    });
}

#[test]
fn f4_stop_kills_at_its_deadline() {
    run(async |system| {
        for (within, after) in [(None, 30 * SECOND), (Some(5 * SECOND), 5 * SECOND), (Some(HOUR), HOUR)] {
            let (desk, diary) = desk(&system);
            desk.rest(20 * HOUR).tell().await.unwrap();
            desk.work(1).await.unwrap();
            others().await;
            let before = Instant::now();
            let stop = desk.stop();
            let ending = match within {
                Some(limit) => stop.within(limit).await,
                None => stop.await,
            };
            assert_eq!(ending.reason().unwrap(), StopReason::Killed);
            assert_eq!(before.elapsed(), after);
            assert_eq!(read(&diary), ["rest is over", "stopped: Killed"]);
            assert_eq!(desk.ledger().total().undelivered, 2);
        }
    });
}

#[test]
fn f4_stop_waits_for_a_long_turn_that_ends_in_time() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut asked = desk.rest(29 * SECOND);
        assert!(poll(&mut asked).is_pending());
        others().await;
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(asked.await.unwrap(), 1);
    });
}

#[test]
fn f4_kill_drops_a_suspended_turn_at_its_await() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (desk, diary) = desk(&system);
        let mut asked = desk.rest(HOUR);
        assert!(poll(&mut asked).is_pending());
        others().await;
        let before = Instant::now();
        desk.kill();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(read(&diary), ["rest is over", "stopped: Killed"]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.undelivered, row.handled, row.in_service), (1, 0, 0));
        let found: Vec<_> = letters(&mut lost).iter().map(|letter| (letter.message, letter.reason)).collect();
        assert_eq!(found, [("Rest", Reason::Closed)]);
    });
}

#[test]
fn f4_kill_lets_a_turn_that_is_on_a_thread_end() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        let mut asked = desk.kills_itself();
        assert!(poll(&mut asked).is_pending());
        desk.work(1).await.unwrap();
        held.release();
        assert_eq!(asked.await.unwrap(), 9);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(read(&diary), ["killed itself", "stopped: Killed"]);
        assert_eq!(row::<m::KillsItself>(&desk).handled, 1);
        assert_eq!(row::<m::Work>(&desk).undelivered, 1);
    });
}

#[test]
fn f4_a_turn_that_was_killed_while_it_ran_ends_at_its_next_await() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let asked = desk.kills_itself_and_waits().await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(read(&diary), ["killed itself", "stopped: Killed"]);
    });
}

#[test]
fn f4_a_turn_that_was_killed_while_suspended_is_not_polled_again() {
    run(async |system| {
        struct Waits {
            gate: Arc<Notify>,
            went_on: Arc<AtomicU32>,
        }
        #[actor(local)]
        impl Waits {
            #[message]
            async fn wait(&mut self) -> u32 {
                self.gate.notified().await;
                self.went_on.fetch_add(1, Ordering::Relaxed)
            }
        }
        let (gate, went_on) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
        let waits = system.spawn(Waits { gate: gate.clone(), went_on: went_on.clone() });
        let mut asked = waits.wait();
        assert!(poll(&mut asked).is_pending());
        others().await;
        // What it waits for comes too late by one line.
        waits.kill();
        gate.notify_one();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(waits.closed().await, StopReason::Killed);
        assert_eq!(went_on.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn f4_kill_ends_what_is_queued_and_whoever_waits() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (desk, diary) = desk(&system);
        let _held = testing::hold(&desk);
        let mut asked = desk.question(0);
        assert!(poll(&mut asked).is_pending());
        for n in 1..4 {
            desk.work(n).await.unwrap();
        }
        let mut waiter = desk.work(4);
        assert!(poll(&mut waiter).is_pending());
        desk.kill();
        assert_eq!(waiter.await.unwrap_err().into_message().n, 4);
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(read(&diary), ["stopped: Killed"]);
        assert_eq!(row::<m::Work>(&desk).undelivered, 3);
        assert_eq!(row::<m::Question>(&desk).undelivered, 1);
        let found = letters(&mut lost);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|letter| letter.reason == Reason::Closed));
    });
}

#[test]
fn f4_kill_hastens_a_stop_and_nothing_revives_the_dead() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.rest(HOUR).tell().await.unwrap();
        others().await;
        let stop = desk.stop();
        desk.kill();
        desk.kill();
        drop(desk.stop());
        let before = Instant::now();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Killed);
        desk.kill();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert!(desk.is_closed());
        assert_eq!(read(&diary), ["rest is over", "stopped: Killed"]);
    });
}

#[test]
fn f4_awaiting_one_s_own_stop_inside_a_turn_is_would_deadlock() {
    run(async |system| {
        let builder = system.instance(Desk { diary: Diary::default(), pending: Vec::new() });
        let desk: DeskHandle = builder.name("uroboros").spawn().unwrap();
        let before = Instant::now();
        let error = desk.awaits_its_own_stop().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Reason::WouldDeadlock);
        let names: Vec<_> = error.cycle().unwrap().iter().map(|name| name.as_str()).collect();
        assert_eq!(names, ["uroboros"]);
        // It stops all the same.
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn f4_a_turn_may_say_stop_and_the_rest_is_handled() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        desk.stops().await.unwrap();
        desk.work(1).await.unwrap();
        held.release();
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(read(&diary), ["said stop", "work 1", "stopped: Stopped"]);
    });
}

#[test]
fn f4_an_actor_nobody_ever_talked_to_stops_and_is_killed_like_any_other() {
    run(async |system| {
        let (stopped, diary) = desk(&system);
        assert_eq!(stopped.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(read(&diary), ["stopped: Stopped"]);
        let (killed, diary) = desk(&system);
        killed.kill();
        assert_eq!(killed.closed().await, StopReason::Killed);
        assert_eq!(read(&diary), ["stopped: Killed"]);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_stop_under_load_handles_all_that_was_accepted_and_returns_the_rest() {
    for round in 0..20 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("stop").spawn(Counter { handled: handled.clone() });
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let mut accepted = 0;
                    for n in 0.. {
                        match desk.count(n).await {
                            Ok(_) => accepted += 1,
                            Err(refused) => {
                                assert_eq!(refused.reason(), Reason::Closed);
                                assert_eq!(refused.into_message().n, n);
                                break;
                            }
                        }
                    }
                    accepted
                })
            })
            .collect();
        while handled.load(Ordering::Relaxed) < 200 * round {
            tokio::task::yield_now().await;
        }
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        let mut accepted = 0;
        for sender in senders {
            accepted += sender.await.unwrap();
        }
        assert_eq!(handled.load(Ordering::Relaxed), accepted);
        let total = desk.ledger().total();
        assert!(total.is_balanced());
        assert_eq!((total.handled, total.refused(Reason::Closed)), (accepted.into(), 4));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_kill_under_load_tells_every_asker() {
    for round in 0..20 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("kill").spawn(Counter { handled: handled.clone() });
        let askers: Vec<_> = (0..16)
            .map(|asker| {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let (mut answered, mut closed) = (0_u64, 0_u64);
                    while closed == 0 {
                        let answer = match asker % 2 {
                            0 => desk.ask_count(1).await,
                            _ => desk.ask_count_later(1).await,
                        };
                        match answer {
                            Ok(_) => answered += 1,
                            Err(error) => {
                                assert_eq!(error.reason(), Reason::Closed);
                                closed += 1;
                            }
                        }
                    }
                    answered
                })
            })
            .collect();
        while handled.load(Ordering::Relaxed) < 100 * round {
            tokio::task::yield_now().await;
        }
        desk.kill();
        let mut answered = 0;
        for asker in askers {
            answered += asker.await.unwrap();
        }
        assert_eq!(desk.closed().await, StopReason::Killed);
        let total = desk.ledger().total();
        assert!(total.is_balanced(), "{}", desk.ledger());
        assert_eq!(total.handled, answered);
        assert_eq!(total.undelivered + total.refused(Reason::Closed), 16);
        assert_eq!((total.queued, total.waiting, total.in_service), (0, 0, 0));
    }
}

/// Counts, in a small mailbox.
struct Counter {
    handled: Arc<AtomicU32>,
}

#[actor(capacity = 8, max_waiting = 64)]
impl Counter {
    #[message]
    fn count(&mut self, n: u32) {
        let _ = n;
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    #[message(overflow = block)]
    fn ask_count(&mut self, n: u32) -> u32 {
        self.handled.fetch_add(1, Ordering::Relaxed);
        n
    }

    #[message(overflow = block)]
    async fn ask_count_later(&mut self, n: u32) -> u32 {
        tokio::task::yield_now().await;
        self.handled.fetch_add(1, Ordering::Relaxed);
        n
    }
}

// --- F5 ------------------------------------------------------------------------------------------------------------

#[test]
fn f5_a_reply_dropped_without_an_answer_tells_its_asker_at_once() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = tokio::spawn(desk.later().owned());
        others().await;
        let before = Instant::now();
        desk.drop_pending().await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap_err().reason(), Reason::Unanswered);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let row = row::<m::Later>(&desk);
        assert_eq!((row.handled, row.panicked), (1, 0));
    });
}

#[test]
fn f5_replies_that_an_actor_still_owes_at_its_end_are_told() {
    run(async |system| {
        for end in ["stop", "kill", "panic"] {
            let (desk, _) = desk(&system);
            let asked = tokio::spawn(desk.later().timeout(20 * HOUR).owned());
            others().await;
            let before = Instant::now();
            match end {
                "stop" => drop(desk.stop()),
                "kill" => desk.kill(),
                _ => drop(desk.fails().await),
            }
            let reason = asked.await.unwrap().unwrap_err().reason();
            assert_eq!((reason, before.elapsed()), (Reason::Unanswered, Duration::ZERO), "{end}");
        }
    });
}

#[test]
fn f5_a_reply_that_a_panic_takes_along_says_so() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = desk.fails_with_reply().await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Panicked);
    });
}

#[test]
fn f5_every_asker_is_told_when_its_message_is_lost_never_by_a_time_out() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let before = Instant::now();
        let mut asks: Vec<_> = (0..4).map(|n| desk.question(n).timeout(20 * HOUR)).collect();
        asks.extend((4..6).map(|n| desk.question(n).timeout(20 * HOUR)));
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        desk.kill();
        drop(held);
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn f5_one_outcome_each() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut asks = Vec::new();
        for n in 0..200_u64 {
            let mut ask = match n % 3 {
                0 => desk.rest(Duration::from_millis(n)),
                1 => desk.rest(SECOND).timeout(Duration::from_millis(n)),
                _ => desk.rest(Duration::from_millis(1)),
            };
            if poll(&mut ask).is_pending() && !n.is_multiple_of(7) {
                asks.push(ask);
            }
            others().await;
        }
        testing::quiet(&system).await;
        desk.kill();
        let (mut answered, mut failed) = (0, 0);
        let count = asks.len();
        for ask in asks {
            match ask.await {
                Ok(_) => answered += 1,
                Err(_) => failed += 1,
            }
        }
        assert_eq!(answered + failed, count);
        assert!(answered > 0 && failed > 0);
        let row = row::<m::Rest>(&desk);
        assert!(row.is_balanced(), "{row:?}");
        assert_eq!(row.offered, 200);
    });
}

// --- F6 ------------------------------------------------------------------------------------------------------------

#[test]
fn f6_with_the_last_handle_gone_the_actor_drains_and_stops() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..3 {
            desk.work(n).await.unwrap();
        }
        let (other, closed) = (desk.clone(), desk.closed());
        drop(desk);
        assert!(!other.is_closed());
        assert_eq!(other.work(3).await.unwrap(), Admission::Queued);
        drop(other);
        held.release();
        assert_eq!(closed.await, StopReason::Unreferenced);
        let all = ["work 0", "work 1", "work 2", "work 3", "stopped: Unreferenced"];
        assert_eq!(read(&diary), all);
    });
}

#[test]
fn f6_weak_handles_keep_nothing_alive() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let weak = desk.downgrade();
        assert!(weak.upgrade().is_some());
        let closed = desk.closed();
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn f6_a_recipient_keeps_its_actor_alive() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let recipient: Recipient<m::Question> = desk.recipient();
        let closed = desk.closed();
        drop(desk);
        assert_eq!(recipient.ask(m::Question { n: 3 }).await.unwrap(), 3);
        drop(recipient);
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn f6_a_pending_send_after_keeps_its_actor_alive_until_it_is_sent() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.arms(HOUR, 1).await.unwrap();
        desk.arms(2 * HOUR, 2).await.unwrap();
        testing::quiet(&system).await;
        let before = Instant::now();
        let closed = desk.closed();
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert!(before.elapsed() >= 2 * HOUR - SECOND);
        assert_eq!(read(&diary), ["work 1", "work 2", "stopped: Unreferenced"]);
    });
}

#[test]
fn f6_send_every_and_pipes_keep_nothing_alive() {
    run(async |system| {
        for is_pipe in [false, true] {
            let (desk, diary) = desk(&system);
            match is_pipe {
                true => desk.pipes(HOUR).await.unwrap(),
                false => desk.ticks(HOUR).await.unwrap(),
            };
            testing::quiet(&system).await;
            let closed = desk.closed();
            let before = Instant::now();
            drop(desk);
            assert_eq!(closed.await, StopReason::Unreferenced);
            assert_eq!(before.elapsed(), Duration::ZERO);
            assert_eq!(read(&diary), ["stopped: Unreferenced"]);
        }
    });
}

#[test]
fn f6_send_every_goes_on_while_a_handle_lives_and_its_timers_end_with_the_actor() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.ticks(HOUR).await.unwrap();
        tokio::time::sleep(5 * HOUR + SECOND).await;
        assert_eq!(read(&diary), ["work 0"; 5]);
        desk.arms(HOUR, 9).await.unwrap();
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        tokio::time::sleep(5 * HOUR).await;
        assert_eq!(read(&diary), ["stopped: Stopped"]);
        // The one that was pending is undelivered.
        assert_eq!((row::<m::Work>(&desk).offered, row::<m::Work>(&desk).undelivered), (6, 1));
    });
}

#[test]
fn f6_a_detached_actor_is_held_by_its_system() {
    run(async |system| {
        let diary = Diary::default();
        let builder = system.instance(Desk { diary: diary.clone(), pending: Vec::new() });
        drop(builder.name("keeper").detached().spawn::<DeskHandle>().unwrap());
        testing::quiet(&system).await;
        let found: DeskHandle = system.find("keeper").unwrap();
        assert_eq!(found.question(1).await.unwrap(), 1);
        let closed = found.closed();
        drop(found);
        testing::quiet(&system).await;
        assert!(system.find::<DeskHandle>("keeper").is_some());
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean());
        assert_eq!(closed.await, StopReason::Stopped);
    });
}

#[test]
fn f6_a_handle_taken_inside_a_turn_counts_like_any_other() {
    run(async |system| {
        struct Lender;
        #[actor(local)]
        impl Lender {
            #[message]
            fn lend(&mut self, ctx: &mut Context<Self>) -> LenderHandle {
                ctx.handle()
            }
        }
        let first = system.spawn(Lender);
        let lent = first.lend().await.unwrap();
        let closed = first.closed();
        drop(first);
        let again = lent.lend().await.unwrap();
        drop((lent, again));
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f6_the_last_of_many_handles_lets_the_actor_drain_whoever_drops_it() {
    for _ in 0..50 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("last").spawn(Counter { handled: handled.clone() });
        let closed = desk.closed();
        for _ in 0..4 {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    desk.count(n).await.unwrap();
                }
            });
        }
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(handled.load(Ordering::Relaxed), 400);
    }
}
