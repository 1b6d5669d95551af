//! T7: what a message costs, the rate of a whole actor, and types that are exempt from it.

use actors_core::policy::Rate;
use actors_core::prelude::*;
use actors_tests::{MS, SECOND, balanced, panic_quietly, pending, poll, row, run, run_other_tasks};
use desk_messages as m;
use std::time::Duration;
use tokio::time::{Instant, advance};

#[derive(Default)]
struct Desk {
    seen: Vec<u32>,
}

fn pages(message: &m::Print) -> usize {
    if message.n == 13 {
        panic_quietly("a cost that panics");
    }
    message.n as usize
}

#[actor(capacity = 64, reserve = 0)]
impl Desk {
    #[message(overflow = reject, rate = "100/s", burst = 100, cost = bytes)]
    fn upload(&mut self, bytes: Vec<u8>) {
        self.seen.push(bytes.len() as u32);
    }

    #[message(overflow = reject, rate = "10 per 1s, sliding", cost = pages)]
    fn print(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(rate = "10/s", burst = 4, cost = n)]
    fn wait(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message]
    fn seen(&mut self) -> Vec<u32> {
        self.seen.clone()
    }
}

#[test]
fn t7_a_message_costs_what_its_type_says() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        desk.upload(vec![0; 60]).await.unwrap();
        let why = desk.upload(vec![0; 60]).await.unwrap_err();
        // Forty tokens are left, and twenty more come in 200 ms.
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(200 * MS)));
        desk.upload(vec![0; 40]).await.unwrap();
        advance(600 * MS).await;
        desk.upload(vec![0; 60]).await.unwrap();
        // A function, under a sliding window.
        desk.print(6).await.unwrap();
        let why = desk.print(5).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(SECOND)));
        desk.print(4).await.unwrap();
        balanced(&desk);
    });
}

#[test]
fn t7_a_message_that_costs_nothing_needs_no_token() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        desk.upload(vec![0; 100]).await.unwrap();
        desk.upload(Vec::new()).await.unwrap();
        assert!(desk.upload(vec![0]).await.is_err());
    });
}

#[test]
fn t7_a_message_that_costs_more_than_there_ever_is_is_refused_for_good() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let why = desk.upload(vec![0; 101]).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, None));
        assert_eq!(why.into_message().bytes.len(), 101, "its sender has it back");
        let why = desk.print(11).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, None));
        // A sender that may wait does not wait for ever.
        let why = desk.wait(5).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, None));
        balanced(&desk);
    });
}

#[test]
fn t7_a_panic_in_a_cost_loses_the_message_and_is_counted() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let why = desk.print(13).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Panicked);
        assert_eq!(row::<m::Print>(&desk).panicked, 1);
        desk.print(1).await.unwrap();
        balanced(&desk);
    });
}

#[test]
fn t7_an_expensive_message_in_line_is_not_passed_by_cheap_ones() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let before = Instant::now();
        desk.wait(4).await.unwrap();
        let (first, second) = (desk.wait(3), desk.wait(1));
        let both = tokio::join!(async { (first.await.is_ok(), before.elapsed()) }, async {
            (second.await.is_ok(), before.elapsed())
        });
        assert_eq!(both, ((true, 300 * MS), (true, 400 * MS)));
        assert_eq!(desk.seen().await.unwrap(), [4, 3, 1]);
    });
}

#[test]
fn t7_the_time_of_a_refusal_counts_what_the_senders_in_line_cost() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        desk.wait(4).await.unwrap();
        let _line = (pending(desk.wait(4)), pending(desk.wait(2)));
        let why = desk.wait(1).try_send().unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(700 * MS)));
    });
}

#[test]
fn t7_a_permit_pays_one_token_and_its_message_the_others() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let permit = desk.reserve::<m::Upload>().await.unwrap();
        assert_eq!(desk.reading().tokens, Some(4), "that of `wait` has the fewest");
        permit.send(m::Upload { bytes: vec![0; 100] }).unwrap();
        let permit = desk.try_reserve::<m::Upload>().unwrap_err();
        assert_eq!((permit.reason(), permit.retry_after()), (Reason::RateLimited, Some(10 * MS)));
        advance(50 * MS).await;
        let permit = desk.reserve::<m::Upload>().await.unwrap();
        let why = permit.send(m::Upload { bytes: vec![0; 10] }).unwrap_err();
        // Five tokens have come, one is spent, nine are needed.
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(50 * MS)));
        balanced(&desk);
    });
}

/// All its messages together have a rate, apart from orders.
#[derive(Default)]
struct Shop {
    seen: Vec<&'static str>,
}

#[actor(local, capacity = 16, reserve = 0, rate = "10/s", burst = 2)]
impl Shop {
    #[message(priority = high, overflow = reject, exempt)]
    fn order(&mut self) {
        self.seen.push("order");
    }

    #[message(priority = high)]
    fn refund(&mut self) {
        self.seen.push("refund");
    }

    #[message(overflow = reject)]
    fn view(&mut self) {
        self.seen.push("view");
    }

    #[message]
    fn wait(&mut self) {
        self.seen.push("wait");
    }

    #[message(cost = tokens)]
    fn report(&mut self, tokens: u32) {
        self.seen.push("report");
        let _ = tokens;
    }

    #[message(cost = tokens)]
    fn export_all(&mut self, tokens: u32) {
        self.seen.push("export all");
        let _ = tokens;
    }

    #[message(overflow = reject, rate = "1/s", burst = 1)]
    fn export(&mut self) {
        self.seen.push("export");
    }

    #[message(priority = low)]
    fn log(&mut self) {
        self.seen.push("log");
    }
}

/// Awaits a send, and returns when it was let in.
async fn admitted(send: impl Future<Output = Result<Admission, impl std::fmt::Debug>>) -> Duration {
    let before = Instant::now();
    send.await.unwrap();
    before.elapsed()
}

#[test]
fn t7_the_messages_of_an_actor_share_its_rate_and_exempt_ones_take_no_token() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.wait().await.unwrap();
        let why = shop.view().await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after()), (Reason::RateLimited, Some(100 * MS)));
        for _ in 0..8 {
            shop.order().await.unwrap();
        }
        assert_eq!(shop.reading().tokens, Some(0));
        assert_eq!(row::<ShopOrder>(&shop).handled + row::<ShopOrder>(&shop).queued, 8);
        advance(100 * MS).await;
        shop.view().await.unwrap();
        balanced(&shop);
    });
}

#[test]
fn t7_a_type_with_a_rate_of_its_own_needs_a_token_of_both() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.export().await.unwrap();
        let why = shop.export().await.unwrap_err();
        assert_eq!(why.retry_after(), Some(SECOND), "its own rate is the slower one");
        // The refusal cost the actor no token: one is left.
        shop.view().await.unwrap();
        assert!(shop.view().await.is_err());
        advance(SECOND).await;
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let why = shop.export().await.unwrap_err();
        assert_eq!(why.retry_after(), Some(100 * MS), "the actor has no token");
    });
}

#[test]
fn t7_tokens_of_an_actor_go_to_the_highest_lane_and_then_to_the_oldest() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let (low, first) = (shop.log(), shop.wait());
        let (second, high) = (shop.report(1), shop.refund());
        let times = tokio::join!(admitted(low), admitted(first), admitted(second), admitted(high));
        assert_eq!(times, (400 * MS, 200 * MS, 300 * MS, 100 * MS));
    });
}

/// Without a claim of its own, the cheap senders would take each token as it comes.
#[test]
fn t7_a_sender_that_needs_several_tokens_of_an_actor_is_not_starved_by_cheap_ones() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let mut report = pending(shop.report(2));
        let mut cheap: Vec<_> = (0..4).map(|_| pending(shop.wait())).collect();
        advance(110 * MS).await;
        run_other_tasks().await;
        // There is a token, and it is kept for the report: for newcomers, too.
        assert!(cheap.iter_mut().all(|send| poll(send).is_pending()));
        let why = shop.view().await.unwrap_err();
        assert_eq!(why.reason(), Reason::RateLimited);
        assert!(why.retry_after() > Some(400 * MS), "after those in line: {:?}", why.retry_after());
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(poll(&mut report).is_ready());
        assert!(poll(&mut cheap[0]).is_pending());
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(poll(&mut cheap[0]).is_ready() && poll(&mut cheap[1]).is_pending());
    });
}

#[test]
fn t7_of_two_that_need_several_tokens_the_older_has_them_first() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let (first, second, third) = (shop.wait(), shop.export_all(2), shop.report(2));
        let times = tokio::join!(admitted(first), admitted(second), admitted(third));
        assert_eq!(times, (100 * MS, 300 * MS, 500 * MS));
    });
}

#[test]
fn t7_what_costs_nothing_passes_a_sender_that_waits_for_tokens() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let _report = pending(shop.export_all(2));
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(shop.report(0).try_send().is_ok());
        assert!(shop.report(1).try_send().is_err());
    });
}

#[test]
fn t7_senders_of_lower_lanes_are_behind_a_newcomer_of_a_higher_one() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let _line: Vec<_> = (0..3).map(|_| pending(shop.log())).collect();
        assert_eq!(shop.refund().try_send().unwrap_err().retry_after(), Some(100 * MS));
        assert_eq!(shop.view().try_send().unwrap_err().retry_after(), Some(100 * MS));
        assert_eq!(shop.log().try_send().unwrap_err().retry_after(), Some(400 * MS));
    });
}

#[test]
fn t7_a_higher_lane_takes_its_token_before_a_lower_one_that_waits_for_several() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let mut report = pending(shop.report(2));
        advance(100 * MS).await;
        run_other_tasks().await;
        shop.refund().try_send().unwrap();
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(poll(&mut report).is_pending(), "its token went to the refund");
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(poll(&mut report).is_ready());
    });
}

#[test]
fn t7_a_sender_that_waits_for_tokens_of_an_actor_and_goes_away_leaves_them_to_the_next() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        shop.view().await.unwrap();
        shop.view().await.unwrap();
        let report = pending(shop.report(2));
        let mut next = pending(shop.wait());
        advance(100 * MS).await;
        run_other_tasks().await;
        assert!(poll(&mut next).is_pending());
        drop(report);
        assert!(poll(&mut next).is_ready());
        balanced(&shop);
    });
}

#[test]
fn t7_the_rate_of_an_actor_can_be_set_where_it_starts_and_by_configuration() {
    run(async |system| {
        let rate = Rate::new(5, Duration::from_secs(1));
        let shop: ShopHandle = system.instance(Shop::default()).rate(rate).burst(1).spawn().unwrap();
        shop.view().await.unwrap();
        assert_eq!(shop.view().await.unwrap_err().retry_after(), Some(200 * MS));
        let config = toml::from_str("rate = \"4/s\"\nburst = 1").unwrap();
        let shop: ShopHandle = system.instance(Shop::default()).configure(&config).spawn().unwrap();
        shop.view().await.unwrap();
        assert_eq!(shop.view().await.unwrap_err().retry_after(), Some(250 * MS));
    });
}
