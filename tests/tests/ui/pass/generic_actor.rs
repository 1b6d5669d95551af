//! Actors with parameters, in every shape that a block can have.
#![deny(warnings)]

use actors_core::prelude::*;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

trait Db: Send + 'static {
    type Row: Clone + Send;
    fn row(&mut self, id: u32) -> Option<Self::Row>;
    fn put(&mut self, row: Self::Row);
}

struct Mock(Vec<String>);

impl Db for Mock {
    type Row = String;

    fn row(&mut self, id: u32) -> Option<String> {
        self.0.get(id as usize).cloned()
    }

    fn put(&mut self, row: String) {
        self.0.push(row);
    }
}

/// A message that several actors share, for any `R`.
#[derive(Message)]
#[message(reply = usize)]
struct Load<R> {
    rows: Vec<R>,
}

#[derive(Message)]
#[message(reply = usize)]
struct Count<T> {
    of: Vec<T>,
}

/// A struct that has bounds itself.
struct Page<D: Db>(D::Row);

/// With a default.
struct Shop<D: Db = Mock> {
    db: D,
}

impl<D: Db> Shop<D> {
    const SHELVES: u32 = 3;

    fn new(db: D) -> Self {
        Shop { db }
    }
}

#[actor]
impl<D: Db> Shop<D> {
    /// Mentions no parameter, so its struct has none.
    #[message]
    fn viewed(&mut self, page: String) -> usize {
        page.len() + Self::SHELVES as usize
    }

    /// Mentions one.
    #[message]
    async fn swap(&mut self, db: D) -> D {
        std::future::ready(()).await;
        std::mem::replace(&mut self.db, db)
    }

    /// Needs the bound.
    #[message]
    async fn put(&mut self, row: D::Row) {
        std::future::ready(()).await;
        self.db.put(row);
    }

    #[message]
    fn page(&mut self, page: Page<D>, name: &'static str) {
        let _ = name;
        self.db.put(page.0);
    }

    /// Mentions the parameter in the reply only.
    #[message]
    fn row(&mut self, id: u32) -> Option<D::Row> {
        self.db.row(id)
    }

    #[message]
    fn later(&mut self, reply: ReplyTo<D::Row>) {
        if let Some(row) = self.db.row(0) {
            let _ = reply.send(row);
        }
    }

    #[message]
    fn merge(&mut self, other: Box<Self>, row: <Self as HasRow>::Row) -> Option<Self> {
        drop(row);
        Some(*other)
    }

    #[handler]
    fn load(&mut self, load: Load<D::Row>) -> usize {
        let rows = load.rows.len();
        load.rows.into_iter().for_each(|row| self.db.put(row));
        rows
    }

    #[handler]
    async fn count(&mut self, count: Count<D>, ctx: &mut Context<Self>) -> usize {
        let _ = ctx;
        count.of.len()
    }

    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        let _ = ctx;
        Ok(())
    }

    #[stopped]
    fn close(&mut self) {}
}

trait HasRow {
    type Row;
}

impl<D: Db> HasRow for Shop<D> {
    type Row = D::Row;
}

/// Several parameters, a where clause, a constant; `V` is in no message, and `N` in one.
#[derive(Default)]
struct Cache<K, V, const N: usize> {
    of: HashMap<K, V>,
}

#[actor(capacity = 16)]
impl<K, V: Debug, const N: usize> Cache<K, V, N>
where
    K: Hash + Eq + Debug + Clone + Send + 'static,
    V: Default + Send + 'static,
    Vec<K>: Clone,
    for<'a> &'a K: Into<String>,
    Self: Sized,
{
    #[message(overflow = conflate, key = key)]
    fn touch(&mut self, key: K) {
        let _ = self.of.entry(key).or_default();
    }

    #[message]
    fn many(&mut self, keys: [Option<(K, u8)>; N], r#type: std::sync::Arc<[u8; N]>) -> usize {
        drop(keys);
        self.of.len() + r#type.len()
    }

    #[message]
    fn names(&self) -> Vec<String> {
        self.of.keys().map(Into::into).collect()
    }
}

/// A bound that mentions another parameter keeps that parameter.
trait Store<K>: Send + 'static {
    type Value: Send;
    fn get(&mut self, key: K) -> Self::Value;
}

impl Store<u8> for Mock {
    type Value = u64;

    fn get(&mut self, key: u8) -> u64 {
        key.into()
    }
}

struct Desk<S, K> {
    store: S,
    last: Option<K>,
}

#[actor]
impl<S: Store<K>, K: Copy + Send + 'static> Desk<S, K> {
    #[message]
    fn get(&mut self, key: K) -> S::Value {
        self.last = Some(key);
        self.store.get(key)
    }

    #[message]
    fn store(&mut self, value: S::Value) -> Option<K> {
        drop(value);
        self.last
    }

    #[message]
    fn nothing(&mut self, store: Option<S>) {
        drop(store);
    }
}

/// A part that need not be sized.
struct Till<D: ?Sized> {
    drawer: Box<D>,
}

#[actor]
impl<D: ?Sized + FnMut(u32) -> u32 + Send + 'static> Till<D> {
    #[message]
    fn put(&mut self, cents: u32) -> u32 {
        (self.drawer)(cents)
    }

    #[message]
    fn change(&mut self, drawer: Box<D>) {
        self.drawer = drawer;
    }
}

/// A block for one concrete type: the handle has no parameter.
struct Cart<T, const N: usize> {
    skus: Vec<T>,
}

#[actor]
impl Cart<std::borrow::Cow<'static, str>, 4> {
    const MOST: usize = 4;

    #[message]
    fn take(&mut self, sku: &'static str, all: [u8; Self::MOST]) -> Vec<Self> {
        let _ = all;
        self.skus.push(sku.into());
        Vec::new()
    }
}

/// Two such blocks need two modules.
mod other {
    use super::Cart;
    use actors_core::prelude::*;

    #[actor(vis = pub(super))]
    impl<T: Send + 'static> Cart<T, 5> {
        #[message]
        async fn take(&mut self, sku: T) {
            self.skus.push(sku);
        }
    }
}

/// Nothing but parameters.
struct Idle<T>(T);

#[actor]
impl<T: Send + 'static> Idle<T> {
    #[started]
    fn begin(&mut self) {}
}

fn compiles(shop: &ShopHandle<Mock>, cache: &CacheHandle<String, u8, 2>, desk: &DeskHandle<Mock, u8>) {
    drop((shop.viewed(String::new()), shop.swap(Mock(Vec::new())), shop.put(String::new())));
    drop((shop.page(Page(String::new()), "name"), shop.row(1), shop.later()));
    drop(shop.merge(Box::new(Shop::new(Mock(Vec::new()))), String::new()));
    drop((shop.load(Load { rows: vec![String::new()] }), shop.count(Count { of: vec![Mock(Vec::new())] })));
    drop(shop.tell(shop_messages::Viewed { page: String::new() }.clone()));
    drop(shop.tell(shop_messages::Swap { db: Mock(Vec::new()) }));
    drop(shop.tell(shop_messages::Put::<Mock> { row: String::new() }));
    drop(shop.ask(shop_messages::Row::new(1).clone()));
    drop((cache.touch(String::new()), cache.many([None, None], std::sync::Arc::new([1, 2])), cache.names()));
    drop((desk.get(1), desk.store(1_u64), desk.nothing(None)));
    drop(desk.ask(desk_messages::Store::<Mock, u8>::new(2)));
    drop(desk.tell(desk_messages::Nothing { store: Some(Mock(Vec::new())) }));
}

fn generic<D: Db>(shop: &ShopHandle<D>, row: D::Row) -> ShopHandle<D> {
    drop(shop.put(row));
    let _ = format!("{shop:?} {:?}", shop_messages::Row::<D>::new(1));
    shop.clone()
}

fn others(
    till: &TillHandle<dyn FnMut(u32) -> u32 + Send>,
    cart: &CartHandle,
    other: &other::CartHandle<u8>,
    idle: &IdleHandle<u8>,
) {
    drop((till.put(1), till.change(Box::new(|cents| cents)), cart.take("book", [0; 4]), other.take(1)));
    let _ = (idle.clone(), Idle(1_u8), Cart::<u8, 5> { skus: Vec::new() });
}

fn main() {
    let _ = (compiles, generic::<Mock>, others, Cache::<String, u8, 2>::default());
    let _ = (Desk::<Mock, u8> { store: Mock(Vec::new()), last: None }, Till { drawer: Box::new(|_: u32| 1) });
}
