//! T: how long messages are worth something, and how long senders wait.

use actors_core::prelude::*;
use actors_core::{Ask, Overflow, testing};
use actors_tests::{HOUR, SECOND, alone, others, poll, run};
use desk_messages as m;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance};

const MS: Duration = Duration::from_millis(1);

/// What an ask inside a turn came to, and how long it took.
type Inner = Arc<Mutex<Vec<(Result<u32, Reason>, Duration)>>>;
type Asks = Arc<Mutex<Vec<Ask<'static, Desk, m::Question>>>>;

#[derive(Default)]
struct Desk {
    seen: Vec<u32>,
    inner: Inner,
    asks: Asks,
}

#[actor(capacity = 2, reserve = 0)]
impl Desk {
    #[message(ttl = "5s")]
    fn brief(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(ttl = "5s")]
    async fn brief_question(&mut self, rest: Duration) -> u32 {
        tokio::time::sleep(rest).await;
        7
    }

    #[message]
    fn lasting(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(overflow = block, timeout = "20s")]
    fn question(&mut self, n: u32) -> u32 {
        self.seen.push(n);
        n
    }

    #[message(overflow = block)]
    fn plain_question(&mut self, n: u32) -> u32 {
        n
    }

    #[message(overflow = block)]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        self.seen.push(100);
        100
    }

    /// Asks another one inside this turn.
    #[message(overflow = block)]
    async fn forward(&mut self, to: DeskHandle, own: Option<Duration>) -> u32 {
        let before = Instant::now();
        let ask = to.question(5);
        let answer = match own {
            Some(own) => ask.timeout(own).await,
            None => ask.await,
        };
        let answer = answer.map_err(|error| error.reason());
        self.inner.lock().unwrap().push((answer, before.elapsed()));
        1
    }

    /// Sends to another one inside this turn, and waits for room.
    #[message(overflow = block, timeout = "7s")]
    async fn push(&mut self, to: DeskHandle) -> u32 {
        let before = Instant::now();
        let sent = to.lasting(5).await;
        let sent = sent.map(|_| 0).map_err(|error| error.reason());
        self.inner.lock().unwrap().push((sent, before.elapsed()));
        1
    }

    #[message]
    async fn left(&mut self, ctx: &mut Context<Self>) -> (Option<Duration>, Option<Duration>) {
        let before = ctx.remaining();
        tokio::time::sleep(SECOND).await;
        assert_eq!(ctx.deadline().map(|end| end - Instant::now()), ctx.remaining());
        (before, ctx.remaining())
    }

    #[message]
    fn left_told(&mut self, ctx: &mut Context<Self>) {
        assert_eq!((ctx.deadline(), ctx.remaining()), (None, None));
        self.seen.push(1);
    }

    /// Drops every ask that the test has left here.
    #[message]
    fn forget(&mut self) {
        self.asks.lock().unwrap().clear();
    }

    #[message(overflow = block)]
    fn seen(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.seen)
    }
}

fn desk(system: &System) -> (DeskHandle, Inner) {
    let inner = Inner::default();
    let desk = Desk { inner: inner.clone(), ..Desk::default() };
    (system.spawn(desk), inner)
}

fn row<M: Message>(desk: &DeskHandle) -> actors_core::Row {
    desk.ledger().of::<M>()
}

// --- T1 ------------------------------------------------------------------------------------------------------------

#[test]
fn t1_nothing_expires_early_and_nothing_past_its_ttl_is_handled() {
    run(async |system| {
        for (wait, is_handled) in
            [(Duration::ZERO, true), (5 * SECOND - MS, true), (5 * SECOND + MS, false), (HOUR, false)]
        {
            let (desk, _) = desk(&system);
            let held = testing::hold(&desk);
            desk.brief(1).await.unwrap();
            advance(wait).await;
            held.release();
            testing::quiet(&system).await;
            let row = row::<m::Brief>(&desk);
            assert_eq!((row.handled == 1, row.expired == 1), (is_handled, !is_handled), "{wait:?}");
        }
    });
}

#[test]
fn t1_the_ttl_runs_from_the_first_poll_of_the_send() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let send = desk.brief(1);
        advance(4 * SECOND).await;
        send.await.unwrap();
        advance(4 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [1]);
    });
}

#[test]
fn t1_the_ttl_runs_on_in_line() {
    run(async |system| {
        let (desk, _) = desk(&system);
        desk.rest(3 * SECOND).tell().await.unwrap();
        desk.rest(3 * SECOND).tell().await.unwrap();
        others().await;
        desk.lasting(0).await.unwrap();
        let before = Instant::now();
        assert_eq!(desk.brief(1).await.unwrap(), Admission::Waited);
        // Three seconds in line; three more in the queue are too many.
        assert_eq!(before.elapsed(), 3 * SECOND);
        assert_eq!(desk.seen().await.unwrap(), [100, 100, 0]);
        assert_eq!(row::<m::Brief>(&desk).expired, 1);
    });
}

#[test]
fn t1_who_waits_in_line_past_the_ttl_gets_the_message_back() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        let late = desk.brief(2).await.unwrap_err();
        assert_eq!((late.reason(), late.into_message().n), (Reason::Expired, 2));
        assert_eq!(before.elapsed(), 5 * SECOND);
        let row = row::<m::Brief>(&desk);
        assert_eq!((row.expired, row.waiting), (1, 0));
        assert_eq!(desk.reading().waiting, 0);
    });
}

#[test]
fn t1_an_asker_is_told_when_its_message_expires() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let before = Instant::now();
        let late = desk.brief_question(SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::Expired, 5 * SECOND));
        assert_eq!(row::<m::BriefQuestion>(&desk).expired, 1);
        assert_eq!(desk.reading().depth, 0);
    });
}

#[test]
fn t1_a_ttl_that_passes_during_the_turn_no_longer_matters() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.brief_question(10 * SECOND).await.unwrap(), 7);
        assert_eq!(row::<m::BriefQuestion>(&desk).handled, 1);
    });
}

#[test]
fn t1_the_dead_are_skipped_however_many_they_are() {
    run(async |system| {
        let builder = system.instance(Desk::default()).capacity(1000);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        for n in 0..900 {
            desk.brief(n).await.unwrap();
        }
        desk.lasting(1).await.unwrap();
        advance(6 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [1]);
        assert_eq!(row::<m::Brief>(&desk).expired, 900);
    });
}

// --- T2 ------------------------------------------------------------------------------------------------------------

#[test]
fn t2_the_deadline_covers_the_line() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        let asked = desk.question(2).timeout(3 * SECOND).returning().await;
        let (late, message) = asked.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert!(late.retry_after().is_some());
        assert_eq!(message.unwrap().n, 2, "it never got in");
        let told = desk.lasting(3).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((told.reason(), told.into_message().n), (Reason::TimedOut, 3));
        assert_eq!(row::<m::Question>(&desk).refused(Reason::TimedOut), 1);
        assert_eq!(row::<m::Lasting>(&desk).refused(Reason::TimedOut), 1);
    });
}

#[test]
fn t2_the_deadline_covers_the_queue() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let before = Instant::now();
        let late = desk.question(1).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert_eq!(desk.reading().depth, 0);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0; 0]);
        assert_eq!(row::<m::Question>(&desk).expired, 1);
    });
}

#[test]
fn t2_the_deadline_covers_the_handler_which_is_not_cancelled() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let before = Instant::now();
        let late = desk.rest(10 * SECOND).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert_eq!(row::<m::Rest>(&desk).in_service, 1);
        assert_eq!(desk.seen().await.unwrap(), [100]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.handled, row.expired), (1, 0));
    });
}

#[test]
fn t2_the_deadline_covers_line_queue_and_handler_together() {
    run(async |system| {
        let builder = system.instance(Desk::default()).capacity(1);
        let narrow: DeskHandle = builder.spawn().unwrap();
        narrow.rest(2 * SECOND).tell().await.unwrap();
        others().await;
        narrow.rest(2 * SECOND).tell().await.unwrap();
        let before = Instant::now();
        // Two seconds in line, two in the queue, and one of two in the handler.
        let late = narrow.rest(2 * SECOND).timeout(5 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 5 * SECOND));
        assert_eq!(row::<m::Rest>(&narrow).in_service, 1);
    });
}

#[test]
fn t2_an_asker_gets_timed_out_also_where_the_actor_cleared_the_message_first() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let mut asked = desk.question(1).timeout(3 * SECOND);
        assert!(poll(&mut asked).is_pending());
        advance(4 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(row::<m::Question>(&desk).expired, 1);
        assert_eq!(asked.await.unwrap_err().reason(), Reason::TimedOut);
    });
}

#[test]
fn t2_without_a_timeout_of_its_own_an_ask_has_the_declared_one_or_30_s() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let before = Instant::now();
        assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 20 * SECOND);
        let before = Instant::now();
        assert_eq!(desk.plain_question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 30 * SECOND);
    });
}

#[test]
fn t2_a_tell_s_deadline_is_for_the_beginning_of_its_turn() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        desk.lasting(1).timeout(3 * SECOND).await.unwrap();
        desk.lasting(2).timeout(5 * SECOND).await.unwrap();
        advance(4 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [2]);
        assert_eq!(row::<m::Lasting>(&desk).expired, 1);
    });
}

#[test]
fn t2_an_ask_inside_a_turn_inherits_what_is_left_of_it() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        front.rest(SECOND).tell().await.unwrap();
        others().await;
        // One of three seconds passes in the queue, two are left for the inner ask; its declared 20 s do not count.
        let late = front.forward(back.clone(), None).timeout(3 * SECOND).await;
        assert_eq!(late.unwrap_err().reason(), Reason::TimedOut);
        testing::quiet(&system).await;
        assert_eq!(*inner.lock().unwrap(), [(Err(Reason::TimedOut), 2 * SECOND)]);
        assert_eq!(row::<m::Forward>(&front).handled, 1);
    });
}

#[test]
fn t2_a_timeout_inside_a_turn_can_only_shorten_what_is_left() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        for own in [SECOND, 10 * SECOND] {
            let asked = front.forward(back.clone(), Some(own)).timeout(3 * SECOND);
            drop(asked.await);
        }
        testing::quiet(&system).await;
        let spans: Vec<_> = inner.lock().unwrap().iter().map(|(_, span)| *span).collect();
        assert_eq!(spans, [SECOND, 3 * SECOND]);
    });
}

#[test]
fn t2_an_ask_inside_a_turn_for_which_nobody_waits_has_its_declared_timeout() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        front.forward(back.clone(), None).tell().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(*inner.lock().unwrap(), [(Err(Reason::TimedOut), 20 * SECOND)]);
    });
}

#[test]
fn t2_a_blocked_send_inside_a_turn_inherits_or_has_the_default() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        back.lasting(0).await.unwrap();
        back.lasting(0).await.unwrap();
        drop(front.push(back.clone()).timeout(3 * SECOND).await);
        drop(front.push(back.clone()).await);
        front.push(back.clone()).tell().await.unwrap();
        testing::quiet(&system).await;
        let late = Err(Reason::TimedOut);
        let spans = [(late, 3 * SECOND), (late, 7 * SECOND), (late, 30 * SECOND)];
        assert_eq!(*inner.lock().unwrap(), spans);
    });
}

#[test]
fn t2_a_task_spawned_from_a_turn_inherits_nothing() {
    run(async |system| {
        struct Spawner;
        #[actor(local)]
        impl Spawner {
            #[message]
            fn spawned(&mut self, to: DeskHandle, reply: ReplyTo<Duration>) {
                tokio::spawn(async move {
                    let before = Instant::now();
                    drop(to.question(1).await);
                    let _ = reply.send(before.elapsed());
                });
            }
        }
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        let spawner = system.spawn(Spawner);
        let took = spawner.spawned(back.clone()).timeout(25 * SECOND).await;
        assert_eq!(took.unwrap(), 20 * SECOND);
    });
}

#[test]
fn t2_a_turn_knows_until_when_somebody_waits_for_it() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let left = desk.left().timeout(5 * SECOND).await.unwrap();
        assert_eq!(left, (Some(5 * SECOND), Some(4 * SECOND)));
        desk.left_told().await.unwrap();
        assert_eq!(desk.seen().await.unwrap(), [1]);
    });
}

#[test]
fn t2_an_endless_timeout_and_one_of_nothing_are_what_they_say() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = desk.rest(HOUR).timeout(Duration::MAX).await;
        assert_eq!(asked.unwrap(), 100);
        let before = Instant::now();
        let asked = desk.rest(HOUR).timeout(Duration::ZERO).await;
        assert_eq!(asked.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

// --- T3 ------------------------------------------------------------------------------------------------------------

#[test]
fn t3_an_asker_that_went_away_leaves_a_message_that_is_skipped() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let mut asked = desk.question(1);
        assert!(poll(&mut asked).is_pending());
        desk.lasting(2).await.unwrap();
        drop(asked);
        assert_eq!(desk.reading().depth, 1);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [2]);
        let row = row::<m::Question>(&desk);
        assert_eq!((row.cancelled, row.handled), (1, 0));
    });
}

#[test]
fn t3_a_message_is_skipped_also_when_it_is_claimed_already() {
    run(async |system| {
        let asks = Asks::default();
        let state = Desk { asks: asks.clone(), ..Desk::default() };
        let desk: DeskHandle = system.instance(state).capacity(64).spawn().unwrap();
        // Short turns: from here on many are claimed at a time.
        for n in 0..2000 {
            desk.lasting(n).await.unwrap();
        }
        assert_eq!(desk.seen().await.unwrap().len(), 2000);
        let held = testing::hold(&desk);
        desk.forget().await.unwrap();
        for n in 0..20 {
            let mut asked = desk.question(n).owned();
            assert!(poll(&mut asked).is_pending());
            asks.lock().unwrap().push(asked);
            desk.lasting(100 + n).await.unwrap();
        }
        held.release();
        assert_eq!(desk.seen().await.unwrap(), (100..120).collect::<Vec<_>>());
        assert_eq!(row::<m::Question>(&desk).cancelled, 20);
    });
}

#[test]
fn t3_one_that_gave_up_in_line_counts_cancelled_too() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let (mut asked, mut told) = (desk.question(2), desk.lasting(3));
        assert!(poll(&mut asked).is_pending() && poll(&mut told).is_pending());
        drop((asked, told));
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0, 1]);
        let counts = (row::<m::Question>(&desk).cancelled, row::<m::Lasting>(&desk).cancelled);
        assert_eq!(counts, (1, 1));
    });
}

#[test]
fn t3_an_asker_that_goes_away_during_the_turn_changes_nothing() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut asked = desk.rest(SECOND);
        assert!(poll(&mut asked).is_pending());
        others().await;
        drop(asked);
        assert_eq!(desk.seen().await.unwrap(), [100]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.handled, row.cancelled), (1, 0));
    });
}

#[test]
fn t3_an_ask_that_becomes_owned_under_way_is_not_gone() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let (mut kept, mut dropped) = (desk.question(1), desk.question(2));
        assert!(poll(&mut kept).is_pending() && poll(&mut dropped).is_pending());
        let kept = kept.owned();
        drop(dropped.owned());
        held.release();
        kept.await.unwrap();
        let row = row::<m::Question>(&desk);
        assert_eq!((row.cancelled, row.handled), (1, 1));
    });
}

#[test]
fn t3_what_was_never_polled_was_never_sent() {
    run(async |system| {
        let (desk, _) = desk(&system);
        drop((desk.question(1), desk.lasting(1).timeout(SECOND), desk.lasting(1).owned()));
        assert_eq!(desk.ledger().total().offered, 0);
    });
}

// --- T5 ------------------------------------------------------------------------------------------------------------

#[test]
fn t5_hours_of_waiting_pass_at_once_in_paused_time() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let before = Instant::now();
        assert_eq!(desk.rest(5 * HOUR).timeout(6 * HOUR).await.unwrap(), 100);
        assert_eq!(before.elapsed(), 5 * HOUR);
    });
}

#[test]
fn t5_nothing_ticks_while_all_is_calm() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let (other, _) = desk_with_line(&system).await;
        let letters = system.dead_letters();
        drop(desk.watch());
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(other.question(1).await.unwrap(), 1);
        testing::quiet(&system).await;
        tokio::time::sleep(40 * SECOND).await;
        let parks = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
        let before = parks();
        tokio::time::sleep(10 * HOUR).await;
        let ticks = parks() - before;
        // The runtime's own timer wheel turns a few times on its way to the end of a long sleep.
        assert!(ticks <= 12, "woke up {ticks} times in ten calm hours");
        drop(letters);
    });
}

/// A desk that has had waiters, time-outs and expired messages.
async fn desk_with_line(system: &System) -> (DeskHandle, Inner) {
    let (desk, inner) = desk(system);
    let held = testing::hold(&desk);
    desk.brief(0).await.unwrap();
    desk.brief(1).await.unwrap();
    assert!(desk.brief(2).timeout(SECOND).await.is_err());
    assert!(desk.question(3).timeout(SECOND).await.is_err());
    advance(10 * SECOND).await;
    held.release();
    testing::quiet(system).await;
    (desk, inner)
}

#[test]
fn t5_a_policy_changed_at_start_is_kept_to_as_well() {
    run(async |system| {
        let builder = system.instance(Desk::default());
        let builder = builder.policy::<m::Lasting>(|policy| policy.ttl(SECOND));
        let builder =
            builder.policy::<m::Question>(|policy| policy.timeout(2 * SECOND).overflow(&[Overflow::Reject]));
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 2 * SECOND);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0; 0]);
    });
}

struct Watchmaker;

#[actor(local)]
impl Watchmaker {
    #[message(timeout = "200ms")]
    async fn never(&mut self) -> u32 {
        std::future::pending().await
    }

    #[message(ttl = "50ms")]
    fn brief(&mut self) {}

    #[message(timeout = "200ms")]
    fn now(&mut self) -> Instant {
        Instant::now()
    }
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn t2_a_paused_clock_that_was_read_first_and_is_ahead_stops_no_other_clock() {
    alone!("t2_a_paused_clock_that_was_read_first_and_is_ahead_stops_no_other_clock", || {
        paused().block_on(async {
            advance(2 * HOUR).await;
            let watchmaker = System::new("ahead").spawn(Watchmaker);
            watchmaker.brief().await.unwrap();
        });
        // Its clock stands where the real one does.
        paused().block_on(async {
            let watchmaker = System::new("here").spawn(Watchmaker);
            let begun = Instant::now();
            assert_eq!(watchmaker.never().await.unwrap_err().reason(), Reason::TimedOut);
            let took = begun.elapsed();
            assert!(took < SECOND, "a deadline of 200 ms passed after {took:?}");
        });
    });
}

#[test]
fn t2_a_clock_that_is_years_ahead_has_deadlines_too() {
    alone!("t2_a_clock_that_is_years_ahead_has_deadlines_too", || {
        paused().block_on(async {
            advance(24 * 365 * 3 * HOUR).await;
            let watchmaker = System::new("far").spawn(Watchmaker);
            let begun = Instant::now();
            assert_eq!(watchmaker.never().await.unwrap_err().reason(), Reason::TimedOut);
            assert!(begun.elapsed() < SECOND);
        });
    });
}

#[test]
fn t2_between_runtimes_whose_clocks_differ_an_ask_is_answered_or_told() {
    let (behind, ahead) = (paused(), paused());
    ahead.block_on(advance(2 * HOUR));
    let spawn = |runtime: &tokio::runtime::Runtime| -> WatchmakerHandle {
        let _inside = runtime.enter();
        System::new("one of two").spawn(Watchmaker)
    };
    for (of, to) in [(&ahead, &behind), (&behind, &ahead)] {
        let watchmaker = spawn(to);
        let mut ask = watchmaker.now();
        assert!(of.block_on(async { poll(&mut ask) }).is_pending());
        to.block_on(others());
        let answer = of.block_on(async { poll(&mut ask) });
        match answer {
            std::task::Poll::Ready(Ok(_)) if std::ptr::eq(of, &ahead) => {}
            // Its deadline is over for the actor's clock, which judges it.
            std::task::Poll::Ready(Err(error)) if std::ptr::eq(of, &behind) => {
                assert_eq!(error.reason(), Reason::TimedOut);
            }
            other => panic!("{other:?}"),
        }
    }
}
