//! Calls: ask, tell, reply later, combinators, and blocking.

use super::*;

#[test]
fn a_call_of_a_message_with_a_reply_asks_and_of_one_without_tells() {
    run(async |system| {
        let shop = shop(&system);
        let receipt = shop.charge(1, 990).await.unwrap().unwrap();
        assert_eq!(receipt, Receipt { card: 1, cents: 990 });
        // The outer error is the runtime's, the inner one the handler's.
        assert_eq!(shop.charge(1, 2000).await.unwrap(), Err(Declined));
        assert_eq!(shop.viewed("/".into()).await.unwrap(), Admission::Queued);
        assert_eq!(shop.viewed("/".into()).try_send().unwrap(), Admission::Queued);
        shop.priced(7, 990).ask().await.unwrap();
        assert_eq!(shop.price_of(7).await.unwrap(), Some(990));
        shop.charge(1, 990).tell().await.unwrap();
        let in_time = shop.charge(1, 990).timeout(50 * MS).await;
        assert!(in_time.unwrap().is_ok());
        let too_late = shop.charge(1, 990).timeout(5 * MS).await;
        assert_eq!(too_late.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(shop.stock(GetStock { sku: 21 }).await.unwrap(), 42);
    });
}

#[test]
fn an_answer_may_come_later_while_the_actor_goes_on() {
    run(async |system| {
        let shop = shop(&system);
        shop.ready().await.unwrap();
        let before = Instant::now();
        let report = tokio::spawn(shop.report().owned());
        tokio::task::yield_now().await;
        assert_eq!(shop.price_of(1).await.unwrap(), None);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(report.await.unwrap().unwrap(), Report { views: 0 });
        assert_eq!(before.elapsed(), SECOND);
    });
}

#[test]
fn a_reply_knows_whether_it_is_wanted() {
    run(async |system| {
        struct Desk {
            owed: Option<ReplyTo<u32>>,
        }
        #[actor(local)]
        impl Desk {
            #[message]
            fn later(&mut self, reply: ReplyTo<u32>) {
                self.owed = Some(reply);
            }

            #[message]
            fn is_wanted(&mut self) -> bool {
                self.owed.as_ref().is_some_and(ReplyTo::is_wanted)
            }

            #[message]
            fn answer(&mut self) -> Result<(), u32> {
                self.owed.take().map_or(Ok(()), |owed| owed.send(5))
            }
        }
        let desk = system.spawn(Desk { owed: None });
        let asked = pending(desk.later());
        assert!(desk.is_wanted().await.unwrap());
        drop(asked);
        assert!(!desk.is_wanted().await.unwrap());
        // `send` returns the answer when no caller waits for it.
        assert_eq!(desk.answer().await.unwrap(), Err(5));
        desk.later().tell().await.unwrap();
        assert!(!desk.is_wanted().await.unwrap());
    });
}

#[test]
fn the_message_comes_back_where_it_was_not_taken() {
    run(async |system| {
        let builder = system.instance(Shop::default()).capacity(1).reserve(0);
        let shop: ShopHandle = builder.name("shop").spawn().unwrap();
        shop.ready().await.unwrap();
        let held = testing::hold(&shop);
        shop.viewed("/".into()).await.unwrap();
        let (error, message) = shop.stock(GetStock { sku: 3 }).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().sku), (Reason::Full, 3));
        held.release();
        let stock = shop.stock(GetStock { sku: 3 }).returning();
        testing::quiet(&system).await;
        assert_eq!(stock.await.unwrap(), 6);
    });
}

#[test]
fn calls_are_futures_that_combinators_take() {
    run(async |system| {
        let shop = shop(&system);
        let all = join_all((0..5).map(|n| shop.charge(n, 1))).await;
        let cards: Vec<_> = all.into_iter().map(|paid| paid.unwrap().unwrap().card).collect();
        assert_eq!(cards, [0, 1, 2, 3, 4]);
        let (stock, told) = join(shop.stock(GetStock { sku: 1 }), shop.viewed("/".into())).await;
        assert_eq!((stock.unwrap(), told.unwrap()), (2, Admission::Queued));
        match select(shop.stock(GetStock { sku: 2 }), shop.report()).await {
            Either::Left((stock, report)) => {
                assert_eq!(stock.unwrap(), 4);
                drop(report);
            }
            Either::Right(_) => panic!("the report takes a second"),
        }
        let (first, at, _) = select_all([shop.charge(1, 1), shop.charge(2, 2)]).await;
        assert_eq!((first.unwrap().unwrap().card, at), (1, 0));
        let boxed: Pin<Box<dyn Future<Output = Result<u32, AskError>> + Send + '_>> =
            shop.stock(GetStock { sku: 3 }).boxed();
        assert_eq!(boxed.await.unwrap(), 6);
        let mut many: FuturesUnordered<_> = (0..5).map(|n| shop.stock(GetStock { sku: n })).collect();
        let mut sum = 0;
        while let Some(stock) = many.next().await {
            sum += stock.unwrap();
        }
        assert_eq!(sum, 20);
        tokio::select! {
            stock = shop.stock(GetStock { sku: 4 }) => assert_eq!(stock.unwrap(), 8),
            () = tokio::time::sleep(HOUR) => panic!("no answer"),
        }
    });
}

#[test]
fn an_owned_call_may_leave_its_scope_and_keeps_the_actor_alive() {
    run(async |system| {
        let shop = shop(&system);
        let closed = shop.closed();
        let asked = tokio::spawn(shop.charge(1, 990).timeout(HOUR).owned());
        let told = tokio::spawn(shop.viewed("/".into()).owned());
        drop(shop);
        assert_eq!(asked.await.unwrap().unwrap().unwrap().cents, 990);
        assert!(told.await.unwrap().is_ok());
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn the_generic_forms_do_the_same() {
    run(async |system| {
        let shop = shop(&system);
        assert_eq!(shop.ask(GetStock { sku: 4 }).await.unwrap(), 8);
        let viewed = shop_messages::Viewed { page: "/".into() };
        assert_eq!(shop.tell(viewed.clone()).await.unwrap(), Admission::Queued);
        shop.ask(viewed).await.unwrap();
        shop.tell(shop_messages::Charge { card: 1, cents: 1 }).await.unwrap();
        testing::quiet(&system).await;
        let row = shop.ledger().of::<shop_messages::Charge>();
        assert_eq!((row.message, row.handled), ("Charge", 1));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_plain_thread_may_block_on_a_call() {
    struct Adder;
    #[actor(local, capacity = 1, max_waiting = 8)]
    impl Adder {
        #[message(overflow = block)]
        async fn add(&mut self, a: u32, b: u32) -> u32 {
            tokio::task::yield_now().await;
            a + b
        }

        #[message]
        fn note(&mut self) {}
    }
    let adder = System::new("threads").spawn(Adder);
    let threads: Vec<_> = (0..2)
        .map(|n| {
            let adder = adder.clone();
            tokio::task::spawn_blocking(move || {
                for _ in 0..100 {
                    adder.note().blocking().unwrap();
                }
                (0..100).map(|m| adder.add(n, m).blocking().unwrap()).sum::<u32>()
            })
        })
        .collect();
    for (n, thread) in (0..).zip(threads) {
        assert_eq!(thread.await.unwrap(), 100 * n + 4950);
    }
    assert_eq!(adder.ledger().total().handled, 400);
}
