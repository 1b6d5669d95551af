//! L3: every error names the actor, the message type and the cause; that of a closed actor says why
//! it ended.

use actors_core::mailbox::{Class, Item, channel};
use actors_core::prelude::*;
use actors_core::{
    PolicyError,
    policy::{Overflow, Policy, Settings},
    spawn::{SpawnError, StartError},
    testing,
};
use actors_tests::{HOUR, SECOND, pending, run, run_other_tasks};
use std::time::Duration;

struct Shop;

#[actor(local, capacity = 2, reserve = 0, max_waiting = 1)]
impl Shop {
    #[message(overflow = reject)]
    fn viewed(&mut self) {}

    #[message(overflow = drop_newest)]
    fn traced(&mut self) {}

    #[message(overflow = block, timeout = "1s")]
    fn paid(&mut self) {}

    #[message]
    fn charge(&mut self, cents: u64) -> u64 {
        assert!(cents > 0, "no cents");
        cents
    }

    #[message]
    async fn slow(&mut self) -> u32 {
        tokio::time::sleep(HOUR).await;
        0
    }
}

fn shop(system: &System) -> ShopHandle {
    system.instance(Shop).name("shop").spawn().unwrap()
}

/// The errors, as text, of a tell and of an ask that this actor refuses now.
async fn texts(shop: &ShopHandle) -> (String, String) {
    (shop.viewed().await.unwrap_err().to_string(), shop.charge(1).await.unwrap_err().to_string())
}

/// The common part of both texts for a closed actor.
async fn closed(shop: &ShopHandle) -> String {
    let (told, asked) = texts(shop).await;
    let cause = told.strip_prefix("`Viewed` not sent: ").expect(&told);
    assert_eq!(asked, format!("no answer to `Charge`: {cause}"));
    cause.to_owned()
}

#[test]
fn l3_a_refusal_names_the_actor_and_the_message() {
    run(async |system| {
        let shop = shop(&system);
        let _held = testing::hold(&shop);
        (0..2).for_each(|_| assert!(shop.viewed().try_send().is_ok()));
        let full = shop.viewed().try_send().unwrap_err();
        assert!(
            full.to_string().starts_with("`Viewed` not sent to `shop`: the mailbox is full; retry after ")
        );
        assert_eq!((full.actor().unwrap().as_str(), full.message()), ("shop", "Viewed"));
        assert_eq!(full.stop_reason(), None);
        let asked = shop.charge(1).await.unwrap_err();
        let text = asked.to_string();
        assert!(text.starts_with("no answer to `Charge` from `shop`: the mailbox is full; retry "), "{text}");
        assert_eq!((asked.actor().unwrap().as_str(), asked.message()), ("shop", "Charge"));
        let dropped = shop.traced().ask().await.unwrap_err();
        assert_eq!(dropped.to_string(), "no answer to `Traced` from `shop`: dropped by its overflow policy");
        let waited = shop.paid().timeout(SECOND).await.unwrap_err();
        assert!(waited.to_string().starts_with("`Paid` not sent to `shop`: timed out"), "{waited}");
        let debug = format!("{full:?} {asked:?}");
        for part in
            ["SendError { actor: \"shop\", message: \"Viewed\", reason: Full", "AskError { actor: \"shop\""]
        {
            assert!(debug.contains(part), "{debug}");
        }
    });
}

#[test]
fn l3_a_reservation_and_a_permit_that_are_refused_say_of_what() {
    run(async |system| {
        let shop = shop(&system);
        let permit = shop.try_reserve::<ShopPaid>().unwrap();
        let _other = shop.try_reserve::<ShopPaid>().unwrap();
        let full = shop.try_reserve::<ShopPaid>().unwrap_err().to_string();
        assert!(full.starts_with("`Paid` not sent to `shop`: the mailbox is full"), "{full}");
        shop.kill();
        let revoked = permit.send(ShopPaid {}).unwrap_err();
        assert_eq!(revoked.to_string(), "`Paid` not sent: `shop` is closed: kill was called");
    });
}

#[test]
fn l3_a_closed_actor_s_error_says_why_it_ended() {
    run(async |system| {
        let stopped = shop(&system);
        // The same holds while the actor drains, when a turn that has begun fails.
        let slow = pending(stopped.slow());
        run_other_tasks().await;
        let stop = stopped.stop();
        assert_eq!(closed(&stopped).await, "`shop` is closed: stop was called");
        let refused = stopped.viewed().await.unwrap_err();
        assert_eq!(refused.stop_reason(), Some(StopReason::Stopped));
        stop.within(2 * SECOND).await.reason().unwrap();
        // The error reads the actor's state when it is formatted, not when it is made.
        let late = "`Viewed` not sent: `shop` is closed: it was stopped and had not drained within 2 s";
        assert_eq!((refused.to_string().as_str(), refused.stop_reason()), (late, Some(StopReason::Killed)));
        let lost = slow.await.unwrap_err().to_string();
        assert!(lost.starts_with("no answer to `Slow`: `shop` is closed: it was stopped and"), "{lost}");

        let killed = shop(&system);
        killed.kill();
        assert_eq!(closed(&killed).await, "`shop` is closed: kill was called");
        killed.closed().await;

        let panicked = shop(&system);
        let asked = panicked.charge(0).await.unwrap_err();
        assert_eq!(asked.to_string(), "no answer to `Charge` from `shop`: the handler panicked");
        panicked.closed().await;
        assert_eq!(closed(&panicked).await, "`shop` is closed: `Charge` panicked: no cents");
    });
}

#[test]
fn l3_failures_that_use_the_restarts_up_are_counted_in_the_error() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, 10 * SECOND).backoff(Duration::ZERO, Duration::ZERO);
        let shop: ShopHandle = system.actor(|| Shop).name("shop").restart(restart).spawn().unwrap();
        for _ in 0..3 {
            shop.charge(0).await.unwrap_err();
            run_other_tasks().await;
        }
        shop.closed().await;
        let cause = "`shop` is closed: stopped after 3 failures in 10 s (limit 2), the last one: `Charge` panicked: no cents";
        assert_eq!(closed(&shop).await, cause);
        let decided = system.decisions().last().unwrap().to_string();
        assert_eq!(decided, "shop panicked: ends after 3 failures in 10 s (limit 2)");
        let never: ShopHandle = system.actor(|| Shop).name("once").restart(Restart::never()).spawn().unwrap();
        never.charge(0).await.unwrap_err();
        never.closed().await;
        let decided = system.decisions().last().unwrap().to_string();
        assert_eq!(decided, "once panicked: ends, its restart policy is `never`");
    });
}

#[test]
fn l3_a_start_that_failed_is_the_cause_of_later_errors() {
    run(async |system| {
        struct Db;
        #[actor(local)]
        impl Db {
            #[started]
            fn open(&mut self) -> Result<(), BoxError> {
                Err("connection refused".into())
            }
            #[message]
            fn read(&mut self) -> u32 {
                0
            }
        }
        let db: DbHandle = system.instance(Db).name("db").spawn().unwrap();
        let why: StartError = db.ready().await.unwrap_err();
        assert_eq!(why.to_string(), "actor `db` did not start: connection refused");
        db.closed().await;
        let refused = db.read().await.unwrap_err();
        let text = "no answer to `Read`: `db` is closed: it did not start: connection refused";
        assert_eq!(
            (refused.to_string().as_str(), refused.stop_reason()),
            (text, Some(StopReason::StartFailed))
        );
    });
}

#[test]
fn l3_a_system_s_shutdown_and_a_parent_s_end_are_named() {
    run(async |system| {
        struct Parent;
        #[actor(local)]
        impl Parent {
            #[message]
            fn child(&mut self, ctx: &mut Context<Self>) -> ShopHandle {
                ctx.spawn(Shop)
            }
        }
        let parent: ParentHandle = system.spawn(Parent);
        let child = parent.child().await.unwrap();
        let name = child.name().clone();
        parent.stop().await;
        assert_eq!(closed(&child).await, format!("`{name}` is closed: its parent ended"));
        let last = shop(&system);
        system.shutdown(SECOND).await;
        assert_eq!(closed(&last).await, "`shop` is closed: its system was shut down");
        let late: ShopHandle = system.spawn(Shop);
        assert!(closed(&late).await.ends_with(" is closed: its system was shut down"));
    });
}

#[test]
fn l3_a_runtime_that_ended_is_named() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let below = runtime();
    let shop = below.block_on(async {
        let shop: ShopHandle = System::new("test").instance(Shop).name("shop").spawn().unwrap();
        shop.viewed().await.unwrap();
        run_other_tasks().await;
        shop
    });
    drop(below);
    runtime().block_on(async {
        assert_eq!(closed(&shop).await, "`shop` is closed: its runtime ended");
    });
}

#[test]
fn l3_a_channel_s_errors_name_the_class() {
    struct Job;
    impl Item for Job {}
    let classes = vec![Class::new("job", Policy::tell().overflow(&[Overflow::Reject]))];
    let (tx, mut rx) = channel(Settings::new().capacity(1).reserve(0), classes).unwrap();
    assert!(tx.try_send(Job).is_ok());
    let full = tx.try_send(Job).unwrap_err();
    assert!(full.to_string().starts_with("`job` not sent: the mailbox is full; retry after "), "{full}");
    assert_eq!((full.actor(), full.message()), (None, "job"));
    rx.close();
    assert_eq!(tx.try_send(Job).unwrap_err().to_string(), "`job` not sent: the channel is closed");
}

#[test]
fn l3_other_errors_name_the_actor_too() {
    run(async |system| {
        let shop = shop(&system);
        let why: PolicyError = shop.adjust::<ShopViewed>(|policy| policy.max(0)).unwrap_err();
        let text = why.to_string();
        assert!(text.starts_with("the policy of `Viewed` of actor `shop` stays as it was: "), "{text}");
        let taken = system.instance(Shop).name("shop").spawn::<ShopHandle>().unwrap_err();
        assert!(matches!(taken, SpawnError::NameTaken(_)) && taken.to_string().contains("`shop`"));
        let wrong = system.instance(Shop).name("other").capacity(0).spawn::<ShopHandle>().unwrap_err();
        assert!(wrong.to_string().starts_with("actor `other`: "), "{wrong}");
        let factory = system.actor(|| -> Shop { panic!("no goods") }).name("other").spawn::<ShopHandle>();
        assert_eq!(factory.unwrap_err().to_string(), "the factory of actor `other` panicked: no goods");
    });
}

#[test]
fn l3_errors_are_small_and_may_go_anywhere() {
    fn anywhere<E: std::error::Error + Send + Sync + 'static>() -> usize {
        size_of::<E>()
    }
    assert!(anywhere::<AskError>() <= 32, "{}", anywhere::<AskError>());
    assert!(anywhere::<SendError<u64>>() <= 40);
}

// --- P9: when to try again, while no rate is known ---

/// The retry times, in seconds, of so many further refused `Viewed` messages.
fn told(shop: &ShopHandle, count: usize) -> Vec<f64> {
    let refused = (0..count).map(|_| shop.viewed().try_send().unwrap_err());
    refused.map(|error| error.retry_after().unwrap().as_secs_f64()).collect()
}

#[test]
fn p9_an_idle_actor_has_no_retry_after() {
    run(async |system| {
        let shop = shop(&system);
        assert_eq!(shop.reading().retry_after, None);
        shop.charge(1).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(shop.reading().retry_after, None);
        let _held = testing::hold(&shop);
        shop.viewed().try_send().unwrap();
        assert!(shop.reading().retry_after.unwrap() <= Duration::from_millis(12));
    });
}

#[test]
fn p9_without_a_rate_and_a_running_turn_the_wait_doubles_per_refusal_of_the_type() {
    run(async |system| {
        let shop = shop(&system);
        let _held = testing::hold(&shop);
        (0..2).for_each(|_| assert!(shop.viewed().try_send().is_ok()));
        let waits = told(&shop, 100);
        for (at, wait) in waits.iter().enumerate() {
            let due = (0.01 * 2f64.powi(at as i32)).min(1.0);
            assert!((0.8 * due..=1.2 * due).contains(wait), "refusal {at}: {wait}, due {due}");
        }
        let (least, most) =
            waits[50..].iter().fold((9.0, 0.0), |(l, m), w| (f64::min(l, *w), f64::max(m, *w)));
        assert!(most > 1.2 * least, "{least} to {most}: all would come back at once");
        // Each message type has a backoff of its own, so this one starts from the first step.
        let asked = shop.charge(1).await.unwrap_err().retry_after().unwrap();
        assert!(asked <= Duration::from_millis(12), "{asked:?}");
    });
}

#[test]
fn p9_without_a_rate_the_age_of_the_running_turn_is_the_wait() {
    run(async |system| {
        let shop = shop(&system);
        let _slow = pending(shop.slow());
        run_other_tasks().await;
        (0..2).for_each(|_| assert!(shop.viewed().try_send().is_ok()));
        for seconds in [1, 2, 4, 8] {
            tokio::time::sleep(seconds * SECOND / if seconds == 1 { 1 } else { 2 }).await;
            // The mailbox reads the clock at every eighth refusal only.
            let waits = told(&shop, 50).split_off(8);
            let due = f64::from(seconds);
            assert!(waits.iter().all(|wait| (0.8 * due..=1.2 * due).contains(wait)), "{waits:?}, due {due}");
            let reading = shop.reading().retry_after.unwrap().as_secs_f64();
            assert!((0.8 * due..=1.2 * due).contains(&reading), "{reading}, due {due}");
        }
    });
}

#[test]
fn p9_a_turn_that_ended_makes_the_guess_begin_anew() {
    run(async |system| {
        let shop = shop(&system);
        let fill = || (0..2).for_each(|_| drop(shop.viewed().try_send()));
        let held = testing::hold(&shop);
        fill();
        assert!(*told(&shop, 20).last().unwrap() > 0.7);
        held.release();
        testing::quiet(&system).await;
        let _held = testing::hold(&shop);
        fill();
        assert!(shop.reading().drain_rate <= 0.0, "turns took no time, so no rate is known");
        assert!(told(&shop, 1)[0] <= 0.012);
    });
}
