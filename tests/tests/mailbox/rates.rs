//! T7: rates. An excess message waits for a token, is refused with the exact time of the next one,
//! or is dropped; what is queued is never given up for one.

use actors_core::prelude::*;
use actors_core::{
    mailbox::{Class, Item, channel},
    policy::{Overflow, Policy, Rate, Settings},
    testing,
};
use actors_tests::{MS, SECOND, balanced, pending, row, run, run_other_tasks};
use desk_messages as m;
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

#[derive(Default)]
struct Desk {
    seen: Vec<(u32, Option<Instant>)>,
}

impl Desk {
    fn see(&mut self, n: u32) {
        self.seen.push((n, Some(Instant::now())));
    }
}

#[actor(capacity = 64, reserve = 0)]
impl Desk {
    #[message(overflow = reject, rate = "10/s", burst = 3)]
    fn rejected(&mut self, n: u32) {
        self.see(n);
    }

    #[message(rate = "10/s", burst = 1)]
    fn blocked(&mut self, n: u32) {
        self.see(n);
    }

    #[message(overflow = reject, rate = "3 per 1s, sliding")]
    fn window(&mut self, n: u32) -> u32 {
        self.see(n);
        n
    }

    #[message(overflow = drop_oldest, max = 2, rate = "10/s", burst = 2)]
    fn dropped(&mut self, n: u32) {
        self.see(n);
    }

    #[message(overflow = conflate, key = id, rate = "1/s", burst = 1)]
    fn newest(&mut self, id: u32, n: u32) {
        self.see(id + n);
    }

    /// Sends to itself, and waits for a token inside its turn.
    #[message]
    async fn forward(&mut self, ctx: &mut Context<Self>) -> (u32, Duration) {
        let (me, before) = (ctx.handle(), Instant::now());
        let sent = (me.blocked(1).await.is_ok(), me.blocked(2).await.is_ok());
        (u32::from(sent.0) + u32::from(sent.1), before.elapsed())
    }

    #[message]
    fn other(&mut self, n: u32) {
        self.see(n);
    }

    /// Fills the mailbox, and waits inside its turn for a token and then for a slot.
    #[message]
    async fn fill_and_send(&mut self, ctx: &mut Context<Self>) -> Option<Reason> {
        let me = ctx.handle();
        me.blocked(0).await.unwrap();
        me.blocked(1).await.err().map(|why| why.reason())
    }

    #[message]
    fn seen(&mut self) -> Vec<(u32, Option<Instant>)> {
        self.seen.clone()
    }
}

fn desk(system: &System) -> DeskHandle {
    system.spawn(Desk::default())
}

#[test]
fn t7_an_excess_message_is_refused_with_the_exact_time_of_the_next_token() {
    run(async |system| {
        let desk = desk(&system);
        for n in 0..3 {
            assert_eq!(desk.rejected(n).await.unwrap(), Admission::Queued);
        }
        advance(30 * MS).await;
        let why = desk.rejected(3).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(70 * MS)));
        assert!(why.to_string().contains("over the admission rate; retry after 70 ms"), "{why}");
        advance(69 * MS).await;
        assert!(desk.rejected(3).await.is_err());
        advance(MS).await;
        assert_eq!(desk.rejected(3).await.unwrap(), Admission::Queued);
        let row = row::<m::Rejected>(&desk);
        assert_eq!((row.offered, row.refused(Reason::RateLimited)), (6, 2));
        balanced(&desk);
    });
}

#[test]
fn t7_senders_of_block_types_wait_in_order_for_one_token_each() {
    run(async |system| {
        let desk = desk(&system);
        let before = Instant::now();
        let sends: Vec<_> = (0..10).map(|n| tokio::spawn(desk.blocked(n).owned())).collect();
        for (n, send) in sends.into_iter().enumerate() {
            let admission = send.await.unwrap().unwrap();
            assert_eq!(admission, if n == 0 { Admission::Queued } else { Admission::Waited });
        }
        let seen = desk.seen().await.unwrap();
        for (n, (seen, when)) in seen.into_iter().enumerate() {
            let due = n as u32 * 100 * MS;
            let after = when.unwrap() - before;
            assert_eq!(seen, n as u32);
            assert!(after >= due && after <= due + 2 * MS, "{n}: {after:?}");
        }
    });
}

#[test]
fn t7_a_send_that_never_waits_is_refused_and_one_that_gives_up_costs_no_token() {
    run(async |system| {
        let desk = desk(&system);
        desk.blocked(0).try_send().unwrap();
        let why = desk.blocked(1).try_send().unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(100 * MS)));
        let late = desk.blocked(2).timeout(50 * MS).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        let mut gone = desk.blocked(3).owned();
        pending(&mut gone);
        drop(gone);
        sleep(51 * MS).await;
        assert_eq!(desk.blocked(4).try_send().unwrap(), Admission::Queued);
        balanced(&desk);
    });
}

#[test]
fn t7_nothing_ticks_once_no_sender_waits() {
    run(async |system| {
        let desk = desk(&system);
        desk.blocked(0).await.unwrap();
        desk.blocked(1).await.unwrap();
        let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        sleep(SECOND).await;
        let after = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert!(after <= before, "{before} {after}");
        // And they begin again.
        desk.blocked(2).await.unwrap();
        let (began, last) = (Instant::now(), desk.blocked(3).await.unwrap());
        assert_eq!(last, Admission::Waited);
        assert!(began.elapsed() >= 99 * MS && began.elapsed() <= 102 * MS, "{:?}", began.elapsed());
    });
}

#[test]
fn t7_a_sliding_window_admits_so_many_in_any_interval() {
    run(async |system| {
        let desk = desk(&system);
        let mut admitted = Vec::new();
        let began = Instant::now();
        for n in 0..100 {
            match desk.window(n).await {
                Ok(_) => admitted.push(began.elapsed()),
                Err(why) => {
                    assert_eq!(why.reason(), Reason::RateLimited);
                    assert!(why.retry_after().is_some_and(|wait| wait <= SECOND));
                }
            }
            advance(70 * MS).await;
        }
        assert!(admitted.len() >= 19, "{admitted:?}");
        assert!(admitted.windows(4).all(|four| four[3] - four[0] >= SECOND), "{admitted:?}");
    });
}

#[test]
fn t7_what_is_queued_is_not_given_up_for_a_token() {
    run(async |system| {
        let desk = desk(&system);
        let _held = testing::hold(&desk);
        assert_eq!(desk.dropped(0).await.unwrap(), Admission::Queued);
        assert_eq!(desk.dropped(1).await.unwrap(), Admission::Queued);
        assert_eq!(desk.dropped(2).await.unwrap(), Admission::Dropped, "no token");
        assert_eq!(row::<m::Dropped>(&desk).queued, 2);
        advance(100 * MS).await;
        assert_eq!(desk.dropped(3).await.unwrap(), Admission::Displaced, "a token, and its max is spent");
        assert_eq!(row::<m::Dropped>(&desk).dropped, 2);
    });
}

#[test]
fn t7_a_message_that_takes_its_twin_s_place_needs_no_token() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        assert_eq!(desk.newest(10, 0).await.unwrap(), Admission::Queued);
        assert_eq!(desk.newest(10, 1).await.unwrap(), Admission::Conflated);
        assert_eq!(desk.newest(20, 2).await.unwrap(), Admission::Dropped, "another key needs one");
        held.release();
        let seen: Vec<_> = desk.seen().await.unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(seen, [11]);
    });
}

#[test]
fn t7_a_permit_takes_the_token_of_its_message() {
    run(async |system| {
        let desk = desk(&system);
        let permit = desk.reserve::<m::Blocked>().await.unwrap();
        assert_eq!(desk.blocked(1).try_send().unwrap_err().reason(), Reason::RateLimited);
        permit.send(m::Blocked { n: 0 }).unwrap();
        let why = desk.try_reserve::<m::Blocked>().unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(100 * MS)));
        let before = Instant::now();
        let permit = desk.reserve::<m::Blocked>().await.unwrap();
        assert!(before.elapsed() >= 99 * MS, "{:?}", before.elapsed());
        drop(permit);
    });
}

#[test]
fn t7_a_rate_can_change_while_senders_wait() {
    run(async |system| {
        let desk = desk(&system);
        let hourly = Rate::new(1, Duration::from_secs(3600));
        desk.adjust::<m::Blocked>(|policy| policy.rate(hourly)).unwrap();
        desk.blocked(0).await.unwrap();
        let waiting = tokio::spawn(desk.blocked(1).owned());
        run_other_tasks().await;
        let before = Instant::now();
        desk.adjust::<m::Blocked>(|policy| policy.rate(Rate::new(100, SECOND))).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Admission::Waited);
        assert!(before.elapsed() <= 12 * MS, "{:?}", before.elapsed());
        assert_eq!(desk.policy::<m::Blocked>().rate, Some(Rate::new(100, SECOND)));
        let why = desk.adjust::<m::Window>(|policy| policy.burst(3)).unwrap_err();
        assert!(why.to_string().contains("no burst"), "{why}");
    });
}

#[test]
fn t7_a_wait_for_a_token_inside_a_turn_is_no_cycle() {
    run(async |system| {
        let desk = desk(&system);
        let (sent, took) = desk.forward().await.unwrap();
        assert_eq!(sent, 2);
        assert!(took >= 99 * MS && took <= 102 * MS, "{took:?}");
    });
}

#[test]
fn t7_the_reading_has_the_tokens_of_the_type_with_fewest() {
    run(async |system| {
        let desk = desk(&system);
        assert_eq!(desk.reading().tokens, Some(1));
        desk.blocked(0).await.unwrap();
        assert_eq!(desk.reading().tokens, Some(0));
        advance(100 * MS).await;
        assert_eq!(desk.reading().tokens, Some(1));
    });
}

#[test]
fn t7_senders_that_wait_for_tokens_get_their_messages_back_at_a_stop() {
    run(async |system| {
        let desk = desk(&system);
        desk.blocked(0).await.unwrap();
        let waiting = tokio::spawn(desk.blocked(1).owned());
        run_other_tasks().await;
        desk.stop().await;
        let why = waiting.await.unwrap().unwrap_err();
        assert_eq!((why.reason(), why.into_message().n), (Reason::Closed, 1));
        balanced(&desk);
    });
}

#[test]
fn t7_an_earlier_token_of_another_type_is_not_missed() {
    run(async |system| {
        let desk = desk(&system);
        desk.adjust::<m::Blocked>(|policy| policy.rate(Rate::new(1, Duration::from_secs(3600)))).unwrap();
        desk.adjust::<m::Other>(|policy| policy.rate(Rate::new(10, SECOND)).burst(1)).unwrap();
        desk.blocked(0).await.unwrap();
        desk.other(0).await.unwrap();
        let mut hourly = desk.blocked(1).owned();
        pending(&mut hourly);
        let before = Instant::now();
        assert_eq!(desk.other(1).await.unwrap(), Admission::Waited);
        assert!(before.elapsed() <= 102 * MS, "{:?}", before.elapsed());
        drop(hourly);
        let before = Instant::now();
        assert_eq!(desk.other(2).await.unwrap(), Admission::Waited);
        assert!(before.elapsed() <= 102 * MS, "{:?}", before.elapsed());
    });
}

#[test]
fn t7_a_sender_let_in_by_another_s_going_is_charged_when_it_is_let_in() {
    run(async |system| {
        let desk: DeskHandle = system.instance(Desk::default()).capacity(1).spawn().unwrap();
        desk.adjust::<m::Window>(|policy| {
            policy.overflow(&[Overflow::Block]).rate(Rate::new(1, SECOND).sliding())
        })
        .unwrap();
        let permit = desk.reserve::<m::Seen>().await.unwrap();
        let mut waiting = desk.window(0).owned();
        pending(&mut waiting);
        advance(10 * SECOND).await;
        drop(permit);
        assert_eq!(waiting.await.unwrap(), 0);
        let why = desk.window(1).tell().try_send().unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(SECOND)));
    });
}

#[test]
fn t7_a_cycle_that_begins_with_a_token_is_reported() {
    run(async |system| {
        let desk: DeskHandle = system.instance(Desk::default()).capacity(1).spawn().unwrap();
        let before = Instant::now();
        let why = desk.fill_and_send().await.unwrap();
        assert_eq!(why, Some(Reason::WouldDeadlock));
        assert!(before.elapsed() <= 102 * MS, "{:?}", before.elapsed());
    });
}

#[test]
fn t7_senders_that_wait_for_tokens_slow_nothing_down_and_are_no_backlog() {
    run(async |system| {
        let desk = desk(&system);
        desk.blocked(0).await.unwrap();
        let mut waiting = desk.blocked(1).owned();
        pending(&mut waiting);
        run_other_tasks().await;
        assert_eq!(desk.reading().waiting, 1);
        assert_eq!(desk.reading().retry_after, None, "no backlog");
        for n in 0..50 {
            assert_eq!(desk.other(n).await.unwrap(), Admission::Queued);
        }
        assert_eq!(waiting.await.unwrap(), Admission::Waited);
    });
}

struct Thing;

impl Item for Thing {
    fn class(&self) -> usize {
        0
    }
}

#[test]
fn t7_a_channel_refuses_by_its_rate_and_has_none_that_waits() {
    run(async |_| {
        let policy = Policy::tell().rate(Rate::new(10, SECOND)).burst(1);
        let waiting = channel::<Thing>(Settings::new().capacity(4), vec![Class::new("thing", policy)]);
        assert!(waiting.err().is_some_and(|why| why.to_string().contains("no runtime")));
        let policy = policy.overflow(&[Overflow::Reject]);
        let (tx, _rx) = channel(Settings::new().capacity(4), vec![Class::new("thing", policy)]).unwrap();
        tx.try_send(Thing).unwrap();
        let why = tx.try_send(Thing).unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(100 * MS)));
    });
}
