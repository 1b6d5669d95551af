//! Actors with type parameters: the same shop on two databases, one of them a mock.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::run;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

/// The database that keeps a shop's orders.
trait Db: Send + 'static {
    type Row: Debug + Clone + PartialEq + Send;
    fn put(&mut self, row: Self::Row) -> u32;
    fn get(&self, id: u32) -> Option<Self::Row>;
}

/// A database for tests, in memory.
#[derive(Default)]
struct MockDb {
    rows: Vec<String>,
}

impl Db for MockDb {
    type Row = String;

    fn put(&mut self, row: String) -> u32 {
        self.rows.push(row);
        self.rows.len() as u32
    }

    fn get(&self, id: u32) -> Option<String> {
        self.rows.get(id as usize - 1).cloned()
    }
}

/// A database with rows of another type.
#[derive(Default)]
struct NumberDb(HashMap<u32, u64>);

impl Db for NumberDb {
    type Row = u64;

    fn put(&mut self, row: u64) -> u32 {
        let id = self.0.len() as u32 + 100;
        self.0.insert(id, row);
        id
    }

    fn get(&self, id: u32) -> Option<u64> {
        self.0.get(&id).copied()
    }
}

/// A message that shops share, whatever their database.
#[derive(Message)]
#[message(reply = usize)]
struct PutAll<R> {
    rows: Vec<R>,
}

struct Shop<D: Db> {
    db: D,
    views: u64,
    seen: Vec<String>,
}

impl<D: Db> Shop<D> {
    fn new(db: D) -> Self {
        Shop { db, views: 0, seen: Vec::new() }
    }
}

#[actor(capacity = 8, reserve = 0)]
impl<D: Db> Shop<D> {
    /// Mentions no parameter.
    #[message(overflow = drop_oldest)]
    fn viewed(&mut self, page: String) {
        self.views += 1;
        self.seen.push(page);
    }

    /// Mentions `D::Row`.
    #[message]
    async fn order(&mut self, row: D::Row) -> u32 {
        tokio::task::yield_now().await;
        self.db.put(row)
    }

    /// Mentions `D::Row` in the reply only.
    #[message]
    fn find_order(&mut self, id: u32) -> Option<D::Row> {
        self.db.get(id)
    }

    /// Mentions `D` itself.
    #[message]
    fn swap(&mut self, db: D) -> D {
        std::mem::replace(&mut self.db, db)
    }

    #[message]
    fn views(&self) -> u64 {
        self.views
    }

    #[message]
    fn later(&mut self, id: u32, reply: ReplyTo<D::Row>) {
        if let Some(row) = self.db.get(id) {
            let _ = reply.send(row);
        }
    }

    #[handler]
    fn put_all(&mut self, all: PutAll<D::Row>) -> usize {
        all.rows.into_iter().map(|row| self.db.put(row)).count()
    }

    #[started]
    fn open(&mut self) {
        self.seen.push("open".to_owned());
    }

    #[message]
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }
}

#[test]
fn a_mock_is_one_type_parameter_away() {
    run(async |system| {
        // The handle's type needs no annotation.
        let shop = system.spawn(Shop::new(MockDb::default()));
        let id = shop.order("book".to_owned()).await.unwrap();
        assert_eq!(shop.find_order(id).await.unwrap().as_deref(), Some("book"));
        assert_eq!(shop.later(id).await.unwrap(), "book");
        shop.viewed("/".into()).await.unwrap();
        assert_eq!(shop.views().await.unwrap(), 1);
        assert_eq!(shop.seen().await.unwrap(), ["open", "/"]);
        let before = shop.swap(MockDb::default()).await.unwrap();
        assert_eq!(before.rows, ["book"]);
        assert_eq!(shop.find_order(id).await.unwrap(), None);
        let _: ShopHandle<MockDb> = shop;
    });
}

#[test]
fn two_instantiations_live_in_one_system() {
    run(async |system| {
        let words: ShopHandle<MockDb> =
            system.instance(Shop::new(MockDb::default())).name("words").spawn().unwrap();
        let numbers: ShopHandle<NumberDb> =
            system.instance(Shop::new(NumberDb::default())).name("numbers").spawn().unwrap();
        assert_eq!(words.order("book".into()).await.unwrap(), 1);
        assert_eq!(numbers.order(42).await.unwrap(), 100);
        assert_eq!(words.find_order(1).await.unwrap().as_deref(), Some("book"));
        assert_eq!(numbers.find_order(100).await.unwrap(), Some(42));
        assert_eq!(
            system.snapshot().actors.iter().map(|actor| actor.type_name.clone()).collect::<Vec<_>>(),
            ["Shop", "Shop"]
        );
        // `find` returns each shop under its own type only.
        assert!(system.find::<ShopHandle<MockDb>>("words").is_some());
        assert!(system.find::<ShopHandle<NumberDb>>("words").is_none());
        let found = system.find::<ShopHandle<NumberDb>>("numbers").unwrap();
        assert_eq!(found.find_order(100).await.unwrap(), Some(42));
        assert!(system.find::<Handle<Shop<NumberDb>>>("numbers").is_some());
    });
}

#[test]
fn what_is_generic_over_the_database_takes_a_generic_handle() {
    async fn restock<D: Db>(shop: &ShopHandle<D>, rows: Vec<D::Row>) -> usize {
        for row in &rows {
            shop.order(row.clone()).await.unwrap();
        }
        let first = rows.into_iter().next();
        shop.ask(PutAll { rows: first.into_iter().collect() }).await.unwrap()
    }
    run(async |system| {
        let words = system.spawn(Shop::new(MockDb::default()));
        let numbers = system.spawn(Shop::new(NumberDb::default()));
        assert_eq!(restock(&words, vec!["a".into(), "b".into()]).await, 1);
        assert_eq!(restock(&numbers, vec![1]).await, 1);
        assert_eq!(words.find_order(3).await.unwrap().as_deref(), Some("a"));
        assert_eq!(numbers.find_order(101).await.unwrap(), Some(1));
    });
}

#[test]
fn a_message_has_the_parameters_that_it_mentions() {
    run(async |system| {
        let shop = system.spawn(Shop::new(MockDb::default()));
        // No parameter: the literal is the same for all shops.
        shop.tell(shop_messages::Viewed { page: "/".into() }.clone()).await.unwrap();
        // One parameter, which the field's type mentions only through the actor's.
        let order: shop_messages::Order<MockDb> = shop_messages::Order { row: "book".into() };
        assert_eq!(shop.ask(order).await.unwrap(), 1);
        // A parameter that no field mentions: a literal is impossible, so there is `new`.
        let find = shop_messages::FindOrder::<MockDb>::new(1);
        assert_eq!(shop.ask(find.clone()).await.unwrap().as_deref(), Some("book"));
        assert_eq!(shop.ask(shop_messages::FindOrder::new(1)).await.unwrap().as_deref(), Some("book"));
        assert_eq!(find.id, 1);
        let ledger = shop.ledger();
        assert_eq!(ledger.of::<shop_messages::FindOrder<MockDb>>().handled, 2);
        assert_eq!(ledger.of::<shop_messages::Viewed>().handled, 1);
        let names: Vec<_> = ledger.rows().iter().map(|row| row.message).collect();
        assert!(names.contains(&"FindOrder") && names.contains(&"PutAll"), "{names:?}");
    });
}

#[test]
fn a_message_has_a_text_whatever_its_parameter_is() {
    let order = shop_messages::Order::<MockDb> { row: "book".into() };
    // The block knows the bound `Db::Row: Debug`, and so does the message.
    assert_eq!(format!("{order:?}"), "Order { row: \"book\" }");
    assert_eq!(format!("{:?}", shop_messages::Swap { db: MockDb::default() }), "Swap { db: _ }");
    assert_eq!(format!("{:?}", shop_messages::FindOrder::<NumberDb>::new(7)), "FindOrder { id: 7 }");
    run(async |system| {
        let mut lost = system.dead_letters();
        let shop = system.spawn(Shop::new(MockDb::default()));
        let held = testing::hold(&shop);
        shop.swap(MockDb::default()).tell().await.unwrap();
        shop.kill();
        drop(held);
        let letter = lost.next().await.unwrap();
        assert_eq!((letter.message, letter.payload.as_deref()), ("Swap", Some("Swap { db: _ }")));
    });
}

#[test]
fn recipients_forget_the_database() {
    run(async |system| {
        let words = system.spawn(Shop::new(MockDb::default()));
        let numbers = system.spawn(Shop::new(NumberDb::default()));
        let viewed: [Recipient<shop_messages::Viewed>; 2] = [words.recipient(), numbers.recipient()];
        for shop in &viewed {
            shop.tell(shop_messages::Viewed { page: "/".into() }).await.unwrap();
        }
        assert_eq!((words.views().await.unwrap(), numbers.views().await.unwrap()), (1, 1));
        let all: Recipient<PutAll<u64>> = numbers.recipient();
        assert_eq!(all.ask(PutAll { rows: vec![1, 2] }).await.unwrap(), 2);
    });
}

/// Several parameters, a constant, and a key that is one of them.
struct Cache<K, V, const N: usize> {
    of: HashMap<K, V>,
}

#[actor]
impl<K, V, const N: usize> Cache<K, V, N>
where
    K: Hash + Eq + Debug + Send + 'static,
    V: Clone + Send + 'static,
{
    #[message(overflow = conflate, key = key)]
    fn set(&mut self, key: K, value: V) {
        self.of.insert(key, value);
    }

    #[message]
    fn first(&mut self, keys: [K; N]) -> Option<V> {
        keys.iter().find_map(|key| self.of.get(key)).cloned()
    }
}

#[test]
fn a_key_may_be_a_parameter() {
    run(async |system| {
        let cache = system.spawn(Cache::<&str, u8, 2> { of: HashMap::new() });
        let held = testing::hold(&cache);
        for value in 1..=3 {
            cache.set("a", value).await.unwrap();
        }
        cache.set("b", 9).await.unwrap();
        assert_eq!(cache.reading().depth, 2);
        held.release();
        assert_eq!(cache.first(["x", "a"]).await.unwrap(), Some(3));
        assert_eq!(cache.first(["b", "a"]).await.unwrap(), Some(9));
        assert_eq!(cache.ledger().of::<cache_messages::Set<&str, u8>>().conflated, 2);
        let first = cache_messages::First::<_, u8, 2>::new(["x", "b"]);
        assert_eq!(cache.ask(first).await.unwrap(), Some(9));
    });
}

#[test]
fn a_concrete_block_has_a_handle_without_parameters() {
    struct Till<T> {
        drawer: Vec<T>,
    }
    #[actor(local)]
    impl Till<u64> {
        #[message]
        fn put(&mut self, cents: u64) -> u64 {
            self.drawer.push(cents);
            self.drawer.iter().sum()
        }
    }
    run(async |system| {
        let till: TillHandle = system.spawn(Till { drawer: vec![1] });
        assert_eq!(till.put(2).await.unwrap(), 3);
        assert_eq!(till.ask(TillPut { cents: 3 }).await.unwrap(), 6);
    });
}
