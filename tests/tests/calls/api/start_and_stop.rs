//! Starting and stopping actors and systems.

use super::*;

#[test]
fn spawn_find_and_ctx_give_the_typed_handle_without_annotation() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        assert!(shop.price_of(1).await.is_ok());
        let named: ShopHandle = system.actor(Shop::default).name("shop").spawn().unwrap();
        let found: Option<ShopHandle> = system.find("shop");
        assert_eq!(found.unwrap().stock(GetStock { sku: 1 }).await.unwrap(), 2);
        assert_eq!(named.name().as_str(), "shop");
        assert!(format!("{named:?} {system:?}").contains("shop"));
    });
}

#[test]
fn ready_says_when_it_has_started_or_why_not() {
    run(async |system| {
        let before = Instant::now();
        let good = shop(&system);
        good.ready().await.unwrap();
        assert_eq!(before.elapsed(), SECOND);
        good.ready().await.unwrap();
        let bad = system.instance(Shop { refuses_to_open: true, ..Shop::default() });
        let bad: ShopHandle = bad.name("jammed").spawn().unwrap();
        let why: StartError = bad.ready().await.unwrap_err();
        assert_eq!(why.to_string(), "actor `jammed` did not start: the lock is jammed");
        assert_eq!(bad.closed().await, StopReason::StartFailed);
        assert_eq!(bad.ready().await.unwrap_err().to_string(), why.to_string());
    });
}

#[test]
fn whatever_is_declared_may_be_said_differently_at_start() {
    run(async |system| {
        let builder = system.instance(Shop::default()).name("shop").capacity(4);
        let builder = builder.max_waiting(1).reserve(2);
        let builder = builder.policy::<shop_messages::Viewed>(|policy| {
            policy.overflow(&[Overflow::Reject]).priority(Priority::Normal).ttl(HOUR)
        });
        let shop: ShopHandle = builder.spawn().unwrap();
        assert_eq!(shop.reading().capacity, 4);
        let _held = testing::hold(&shop);
        shop.viewed("/".into()).await.unwrap();
        shop.viewed("/".into()).await.unwrap();
        assert_eq!(shop.viewed("/".into()).await.unwrap_err().reason(), Reason::Full);
    });
}

#[test]
fn a_shutdown_drains_the_youngest_first_and_says_what_was_left() {
    run(async |system| {
        struct Link {
            next: Option<LinkHandle>,
        }
        #[actor(local)]
        impl Link {
            #[message]
            async fn pass(&mut self, n: u32) -> u32 {
                tokio::time::sleep(SECOND).await;
                match &self.next {
                    Some(next) => next.pass(n + 1).await.unwrap(),
                    None => n,
                }
            }

            #[message]
            async fn sleep(&mut self) {
                tokio::time::sleep(HOUR).await;
            }
        }
        let open = |name: &str, next| -> LinkHandle {
            let builder = system.instance(Link { next });
            builder.name(name).spawn().unwrap()
        };
        let stuck = open("stuck", None);
        let base = open("base", None);
        let middle = open("middle", Some(base.clone()));
        let top = open("top", Some(middle.clone()));
        let asked = tokio::spawn(top.pass(0).owned());
        tokio::task::yield_now().await;
        let token = system.token();
        assert!(!token.is_cancelled());
        stuck.sleep().await.unwrap();
        stuck.sleep().await.unwrap();
        tokio::task::yield_now().await;
        let report: ShutdownReport = system.shutdown(5 * SECOND).await;
        assert!(token.is_cancelled());
        // The actors that it depends on lived until the top had drained.
        assert_eq!(asked.await.unwrap().unwrap(), 2);
        let names =
            |names: &[actors_core::ActorName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&report.killed), ["stuck"]);
        assert_eq!(names(&report.drained), ["top", "middle", "base"]);
        assert!(report.unfinished.is_empty() && !report.is_clean());
        assert_eq!((report.total.offered, report.total.undelivered), (5, 2));
        let said = report.to_string();
        assert!(said.contains("3 actors drained; killed: stuck"), "{said}");
        assert!(said.contains("2 of 5 messages undelivered"), "{said}");
    });
}

#[test]
fn a_message_that_bears_a_handle_method_s_name_shadows_it() {
    run(async |system| {
        struct Machine {
            is_running: bool,
        }
        #[actor(local)]
        impl Machine {
            #[message(shadows)]
            fn stop(&mut self) -> bool {
                std::mem::take(&mut self.is_running)
            }
        }
        let machine = system.spawn(Machine { is_running: true });
        assert!(machine.stop().await.unwrap());
        assert!(!machine.is_closed());
        let ending = Handle::stop(&machine).await;
        assert_eq!(ending.reason().unwrap(), StopReason::Stopped);
    });
}
