//! Everything that the macros emit, written by hand and with public items only; beside it the same actor by the macro.
//! Both go through the same afternoon, and nobody can tell them apart.

use actors_core::prelude::*;
use actors_core::{TypedHandle, testing};
use actors_tests::{SECOND, run};
use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::ops::Deref;

/// Where a shop keeps its orders.
trait Db: Send + 'static {
    type Row: Clone + std::fmt::Debug + Send;
    fn put(&mut self, row: Self::Row) -> usize;
    fn last(&self) -> Option<Self::Row>;
}

#[derive(Default)]
struct MockDb(Vec<u32>);

impl Db for MockDb {
    type Row = u32;

    fn put(&mut self, row: u32) -> usize {
        self.0.push(row);
        self.0.len()
    }

    fn last(&self) -> Option<u32> {
        self.0.last().copied()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Declined;

/// A large message.
type Page = [u8; 512];

/// A message that several actors share; `#[derive(Message)]` by hand.
#[derive(Debug)]
struct GetStock {
    sku: u32,
}

impl Message for GetStock {
    type Reply = u32;
    const NAME: &'static str = "GetStock";
    const POLICY: actors_core::Policy =
        actors_core::Policy::ask().priority(Priority::Urgent).overflow(&[actors_core::Overflow::Reject]);

    fn describe(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

/// What a shop knows and does; how messages reach it is the affair of the two modules below.
#[derive(Default)]
struct Books<D> {
    db: D,
    sold: u64,
    pages: Vec<String>,
    prices: BTreeMap<u32, u64>,
    is_open: bool,
}

impl<D: Db> Books<D> {
    fn charge(&mut self, card: u64, cents: u64) -> Result<u64, Declined> {
        if card == 0 {
            return Err(Declined);
        }
        self.sold += cents;
        Ok(self.sold)
    }

    fn load(&mut self, page: &Page) -> usize {
        page.iter().map(|byte| usize::from(*byte)).sum()
    }

    fn open(&mut self) -> Result<(), BoxError> {
        if self.sold > 0 {
            return Err("it has sold before it was open".into());
        }
        self.is_open = true;
        Ok(())
    }
}

mod by_macro {
    use super::*;

    pub(super) struct Shop<D>(pub(super) Books<D>);

    #[actor(capacity = 4, reserve = 0, max_waiting = 2, vis = pub(super))]
    impl<D: Db> Shop<D> {
        #[message(priority = high, timeout = "2s")]
        async fn charge(&mut self, card: u64, cents: u64) -> Result<u64, Declined> {
            tokio::time::sleep(SECOND).await;
            self.0.charge(card, cents)
        }

        #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
        fn viewed(&mut self, page: String) {
            self.0.pages.push(page);
        }

        #[message(overflow = conflate, key = sku)]
        fn priced(&mut self, sku: u32, cents: u64) {
            self.0.prices.insert(sku, cents);
        }

        #[message]
        fn put(&mut self, row: D::Row) -> usize {
            self.0.db.put(row)
        }

        #[message(overflow = reject)]
        fn last(&mut self, reply: ReplyTo<Option<D::Row>>) {
            let _ = reply.send(self.0.db.last());
        }

        #[message(boxed)]
        fn load(&mut self, page: Page) -> usize {
            self.0.load(&page)
        }

        #[handler]
        fn stock(&mut self, ask: GetStock, ctx: &mut Context<Self>) -> u32 {
            assert_eq!(ctx.name().as_str(), "shop");
            ask.sku + self.0.pages.len() as u32
        }

        #[started]
        async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
            assert_eq!(ctx.name().as_str(), "shop");
            tokio::task::yield_now().await;
            self.0.open()
        }

        #[stopped]
        fn close(&mut self, why: StopReason) {
            assert!(self.0.is_open && why == StopReason::Stopped);
        }
    }
}

mod by_hand {
    use super::*;
    use actors_core::{AnyParcel, Ask, Class, Mail, Overflow, Parcel, Policy, Settings, Tell, Typed};
    use std::fmt;
    use std::marker::PhantomData;
    use std::time::Duration;

    pub(super) struct Shop<D>(pub(super) Books<D>);

    // --- the messages ----------------------------------------------------------------------------------------------

    pub(super) mod shop_messages {
        use super::*;

        #[derive(Clone, Debug)]
        pub(crate) struct Charge {
            pub card: u64,
            pub cents: u64,
        }

        #[derive(Clone, Debug)]
        pub(crate) struct Viewed {
            pub page: String,
        }

        #[derive(Clone, Debug)]
        pub(crate) struct Priced {
            pub sku: u32,
            pub cents: u64,
        }

        #[derive(Debug)]
        pub(crate) struct Put<D: Db> {
            pub row: D::Row,
        }

        /// Its reply alone says what it is generic over.
        pub(crate) struct Last<D> {
            of: PhantomData<fn() -> D>,
        }

        impl<D> Last<D> {
            pub(crate) fn new() -> Self {
                Last { of: PhantomData }
            }
        }

        #[derive(Debug)]
        pub(crate) struct Load {
            pub page: Page,
        }
    }
    use shop_messages::{Charge, Last, Load, Priced, Put, Viewed};

    impl Message for Charge {
        type Reply = Result<u64, Declined>;
        const NAME: &'static str = "Charge";
        const POLICY: Policy = Policy::ask().priority(Priority::High).timeout(Duration::from_secs(2));

        fn describe(&self) -> Option<String> {
            Some(format!("{self:?}"))
        }
    }

    impl Message for Viewed {
        type Reply = ();
        const NAME: &'static str = "Viewed";
        const POLICY: Policy = Policy::tell()
            .priority(Priority::Low)
            .overflow(&[Overflow::DropOldest])
            .ttl(Duration::from_secs(5));

        fn describe(&self) -> Option<String> {
            Some(format!("{self:?}"))
        }
    }

    impl Message for Priced {
        type Reply = ();
        const NAME: &'static str = "Priced";
        const POLICY: Policy = Policy::tell().overflow(&[Overflow::Conflate]).keyed();

        fn hash_key<H: Hasher>(&self, state: &mut H) {
            self.sku.hash(state);
        }

        fn same_key(&self, other: &Self) -> bool {
            self.sku == other.sku
        }

        fn describe(&self) -> Option<String> {
            Some(format!("{self:?}"))
        }
    }

    impl<D: Db> Message for Put<D> {
        type Reply = usize;
        const NAME: &'static str = "Put";
        const POLICY: Policy = Policy::ask();

        fn describe(&self) -> Option<String> {
            Some(format!("Put {{ row: {:?} }}", self.row))
        }
    }

    impl<D: Db> Message for Last<D> {
        type Reply = Option<D::Row>;
        const NAME: &'static str = "Last";
        const POLICY: Policy = Policy::ask().overflow(&[Overflow::Reject]);

        fn describe(&self) -> Option<String> {
            Some("Last".to_owned())
        }
    }

    impl Message for Load {
        type Reply = usize;
        const NAME: &'static str = "Load";
        const POLICY: Policy = Policy::ask();

        fn describe(&self) -> Option<String> {
            Some(format!("{self:?}"))
        }
    }

    // --- the mail --------------------------------------------------------------------------------------------------

    pub(crate) enum ShopMail<D: Db> {
        Charge(Parcel<Charge>),
        Viewed(Parcel<Viewed>),
        Priced(Parcel<Priced>),
        Put(Parcel<Put<D>>),
        Last(Parcel<Last<D>>),
        /// The large one lies behind a pointer.
        Load(Box<Parcel<Load>>),
        GetStock(Parcel<GetStock>),
    }

    impl<D: Db> Mail<Shop<D>> for ShopMail<D> {
        const CLASSES: &'static [Class] = &[
            Class::of::<Charge>(),
            Class::of::<Viewed>(),
            Class::of::<Priced>(),
            Class::of::<Put<D>>(),
            Class::of::<Last<D>>(),
            Class::of::<Load>(),
            Class::of::<GetStock>(),
        ];

        fn class(&self) -> usize {
            match self {
                ShopMail::Charge(_) => 0,
                ShopMail::Viewed(_) => 1,
                ShopMail::Priced(_) => 2,
                ShopMail::Put(_) => 3,
                ShopMail::Last(_) => 4,
                ShopMail::Load(_) => 5,
                ShopMail::GetStock(_) => 6,
            }
        }

        fn parcel(&self) -> &dyn AnyParcel {
            match self {
                ShopMail::Charge(parcel) => parcel,
                ShopMail::Viewed(parcel) => parcel,
                ShopMail::Priced(parcel) => parcel,
                ShopMail::Put(parcel) => parcel,
                ShopMail::Last(parcel) => parcel,
                ShopMail::Load(parcel) => &**parcel,
                ShopMail::GetStock(parcel) => parcel,
            }
        }

        fn parcel_mut(&mut self) -> &mut dyn AnyParcel {
            match self {
                ShopMail::Charge(parcel) => parcel,
                ShopMail::Viewed(parcel) => parcel,
                ShopMail::Priced(parcel) => parcel,
                ShopMail::Put(parcel) => parcel,
                ShopMail::Last(parcel) => parcel,
                ShopMail::Load(parcel) => &mut **parcel,
                ShopMail::GetStock(parcel) => parcel,
            }
        }

        fn deliver_now(self, shop: &mut Shop<D>, ctx: &mut Context<Shop<D>>) -> Option<Self> {
            match self {
                ShopMail::Viewed(parcel) => {
                    let (Viewed { page }, answer) = parcel.open();
                    shop.0.pages.push(page);
                    answer.send(ctx, ());
                }
                ShopMail::Priced(parcel) => {
                    let (Priced { sku, cents }, answer) = parcel.open();
                    shop.0.prices.insert(sku, cents);
                    answer.send(ctx, ());
                }
                ShopMail::Put(parcel) => {
                    let (Put { row }, answer) = parcel.open();
                    let count = shop.0.db.put(row);
                    answer.send(ctx, count);
                }
                ShopMail::Last(parcel) => {
                    let (_, answer) = parcel.open();
                    let _ = answer.later(ctx).send(shop.0.db.last());
                }
                ShopMail::Load(parcel) => {
                    let (Load { page }, answer) = parcel.open();
                    let sum = shop.0.load(&page);
                    answer.send(ctx, sum);
                }
                ShopMail::GetStock(parcel) => {
                    let (GetStock { sku }, answer) = parcel.open();
                    assert_eq!(ctx.name().as_str(), "shop");
                    let stock = sku + shop.0.pages.len() as u32;
                    answer.send(ctx, stock);
                }
                later @ ShopMail::Charge(_) => return Some(later),
            }
            None
        }

        async fn deliver(self, shop: &mut Shop<D>, ctx: &mut Context<Shop<D>>) {
            match self {
                ShopMail::Charge(parcel) => {
                    let (Charge { card, cents }, answer) = parcel.open();
                    tokio::time::sleep(SECOND).await;
                    let paid = shop.0.charge(card, cents);
                    answer.send(ctx, paid);
                }
                plain => drop(plain.deliver_now(shop, ctx)),
            }
        }
    }

    // --- the actor -------------------------------------------------------------------------------------------------

    impl<D: Db> Actor for Shop<D> {
        type Mail = ShopMail<D>;
        const NAME: &'static str = "Shop";
        const SETTINGS: Settings = Settings::new().capacity(4).max_waiting(2).reserve(0);
        const STARTS: bool = true;

        async fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
            assert_eq!(ctx.name().as_str(), "shop");
            tokio::task::yield_now().await;
            self.0.open()
        }

        async fn stopped(&mut self, why: StopReason) {
            assert!(self.0.is_open && why == StopReason::Stopped);
        }
    }

    impl<D: Db> Handler<Charge> for Shop<D> {
        const CLASS: usize = 0;

        fn pack(parcel: Parcel<Charge>) -> ShopMail<D> {
            ShopMail::Charge(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Charge>> {
            if let ShopMail::Charge(parcel) = mail { Some(parcel) } else { None }
        }
    }

    impl<D: Db> Handler<Viewed> for Shop<D> {
        const CLASS: usize = 1;

        fn pack(parcel: Parcel<Viewed>) -> ShopMail<D> {
            ShopMail::Viewed(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Viewed>> {
            if let ShopMail::Viewed(parcel) = mail { Some(parcel) } else { None }
        }
    }

    impl<D: Db> Handler<Priced> for Shop<D> {
        const CLASS: usize = 2;

        fn pack(parcel: Parcel<Priced>) -> ShopMail<D> {
            ShopMail::Priced(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Priced>> {
            if let ShopMail::Priced(parcel) = mail { Some(parcel) } else { None }
        }
    }

    impl<D: Db> Handler<Put<D>> for Shop<D> {
        const CLASS: usize = 3;

        fn pack(parcel: Parcel<Put<D>>) -> ShopMail<D> {
            ShopMail::Put(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Put<D>>> {
            if let ShopMail::Put(parcel) = mail { Some(parcel) } else { None }
        }
    }

    impl<D: Db> Handler<Last<D>> for Shop<D> {
        const CLASS: usize = 4;

        fn pack(parcel: Parcel<Last<D>>) -> ShopMail<D> {
            ShopMail::Last(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Last<D>>> {
            if let ShopMail::Last(parcel) = mail { Some(parcel) } else { None }
        }
    }

    impl<D: Db> Handler<Load> for Shop<D> {
        const CLASS: usize = 5;

        fn pack(parcel: Parcel<Load>) -> ShopMail<D> {
            ShopMail::Load(Box::new(parcel))
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<Load>> {
            if let ShopMail::Load(parcel) = mail { Some(*parcel) } else { None }
        }
    }

    impl<D: Db> Handler<GetStock> for Shop<D> {
        const CLASS: usize = 6;

        fn pack(parcel: Parcel<GetStock>) -> ShopMail<D> {
            ShopMail::GetStock(parcel)
        }

        fn unpack(mail: ShopMail<D>) -> Option<Parcel<GetStock>> {
            if let ShopMail::GetStock(parcel) = mail { Some(parcel) } else { None }
        }
    }

    // --- the handle ------------------------------------------------------------------------------------------------

    pub(super) struct ShopHandle<D: Db>(Handle<Shop<D>>);

    impl<D: Db> ShopHandle<D> {
        pub(super) fn charge(&self, card: u64, cents: u64) -> Ask<'_, Shop<D>, Charge> {
            self.0.ask(Charge { card, cents })
        }

        pub(super) fn viewed(&self, page: String) -> Tell<'_, Shop<D>, Viewed> {
            self.0.tell(Viewed { page })
        }

        pub(super) fn priced(&self, sku: u32, cents: u64) -> Tell<'_, Shop<D>, Priced> {
            self.0.tell(Priced { sku, cents })
        }

        pub(super) fn put(&self, row: D::Row) -> Ask<'_, Shop<D>, Put<D>> {
            self.0.ask(Put { row })
        }

        pub(super) fn last(&self) -> Ask<'_, Shop<D>, Last<D>> {
            self.0.ask(Last::new())
        }

        pub(super) fn load(&self, page: Page) -> Ask<'_, Shop<D>, Load> {
            self.0.ask(Load { page })
        }

        pub(super) fn stock(&self, ask: GetStock) -> Ask<'_, Shop<D>, GetStock> {
            self.0.ask(ask)
        }
    }

    impl<D: Db> Clone for ShopHandle<D> {
        fn clone(&self) -> Self {
            ShopHandle(self.0.clone())
        }
    }

    impl<D: Db> fmt::Debug for ShopHandle<D> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl<D: Db> Deref for ShopHandle<D> {
        type Target = Handle<Shop<D>>;

        fn deref(&self) -> &Handle<Shop<D>> {
            &self.0
        }
    }

    impl<D: Db> TypedHandle for ShopHandle<D> {
        type Actor = Shop<D>;

        fn from_handle(handle: Handle<Shop<D>>) -> Self {
            ShopHandle(handle)
        }
    }

    impl<D: Db> Typed<ShopHandle<D>> for Shop<D> {}
}

// --- the same afternoon for both -----------------------------------------------------------------------------------

type Answered<T> = Result<T, Reason>;

/// What both handles can do. Their methods have the same names and take the same arguments; only their messages are
/// types of their own.
trait Storefront<D: Db>:
    TypedHandle<Actor: Handler<GetStock>> + Deref<Target = Handle<<Self as TypedHandle>::Actor>> + std::fmt::Debug
{
    fn charge(&self, card: u64, cents: u64) -> impl Future<Output = Answered<Result<u64, Declined>>>;
    fn viewed(&self, page: &str) -> impl Future<Output = Answered<Admission>>;
    fn priced(&self, sku: u32, cents: u64) -> impl Future<Output = Answered<Admission>>;
    fn put(&self, row: D::Row) -> impl Future<Output = Answered<usize>>;
    fn last(&self) -> impl Future<Output = Answered<Option<D::Row>>>;
    fn load(&self, page: Page) -> impl Future<Output = Answered<usize>>;
    fn stock(&self, sku: u32) -> impl Future<Output = Answered<u32>>;
}

macro_rules! storefront {
    ($module:ident) => {
        impl<D: Db> Storefront<D> for $module::ShopHandle<D> {
            async fn charge(&self, card: u64, cents: u64) -> Answered<Result<u64, Declined>> {
                self.charge(card, cents).await.map_err(|error| error.reason())
            }

            async fn viewed(&self, page: &str) -> Answered<Admission> {
                self.viewed(page.to_owned()).await.map_err(|error| error.reason())
            }

            async fn priced(&self, sku: u32, cents: u64) -> Answered<Admission> {
                self.priced(sku, cents).await.map_err(|error| error.reason())
            }

            async fn put(&self, row: D::Row) -> Answered<usize> {
                self.put(row).await.map_err(|error| error.reason())
            }

            async fn last(&self) -> Answered<Option<D::Row>> {
                self.last().await.map_err(|error| error.reason())
            }

            async fn load(&self, page: Page) -> Answered<usize> {
                self.load(page).await.map_err(|error| error.reason())
            }

            async fn stock(&self, sku: u32) -> Answered<u32> {
                self.stock(GetStock { sku }).await.map_err(|error| error.reason())
            }
        }
    };
}

storefront!(by_macro);
storefront!(by_hand);

/// Everything that was answered, counted, lost and named.
async fn afternoon<H: Storefront<MockDb>>(system: &System, shop: H) -> Vec<String> {
    let mut lost = system.dead_letters();
    let mut seen = vec![format!("{shop:?}"), format!("{:?}", system.find::<H>("shop").is_some())];
    shop.ready().await.unwrap();
    seen.push(format!("{:?} {:?}", shop.charge(1, 990).await, shop.charge(0, 990).await));
    seen.push(format!("{:?} {:?} {:?}", shop.put(7).await, shop.last().await, shop.load([2; 512]).await));

    // Full of views: the oldest gives way, a price has no key to replace and waits, the answer is refused.
    let held = testing::hold(&shop);
    for page in ["/", "/a", "/b", "/c", "/d"] {
        seen.push(format!("{:?}", shop.viewed(page).await));
    }
    seen.push(format!("{:?} {:?}", shop.last().await, shop.stock(1).await));
    held.release();
    testing::quiet(system).await;

    // Prices replace each other by key, and a view that is too old is worth nothing.
    let held = testing::hold(&shop);
    for (sku, cents) in [(1, 10), (1, 20), (2, 30), (1, 40)] {
        seen.push(format!("{:?}", shop.priced(sku, cents).await));
    }
    shop.viewed("/late").await.unwrap();
    tokio::time::advance(6 * SECOND).await;
    held.release();
    testing::quiet(system).await;
    seen.push(format!("{:?}", shop.recipient::<GetStock>().ask(GetStock { sku: 40 }).await.unwrap()));

    let shot = system.snapshot();
    seen.extend(shot.actors.iter().map(|actor| {
        let reading = &actor.reading;
        format!("{} {} {} of {}", actor.name, actor.kind, reading.depth, reading.capacity)
    }));
    seen.push(format!("{:?}", shop.stop().await));
    seen.extend(shop.ledger().rows().iter().map(|row| format!("{row:?}")));
    while let Some(letter) = lost.try_next() {
        let payload = letter.payload.unwrap_or_default();
        seen.push(format!("{} {:?} {:?} {payload}", letter.message, letter.reason, letter.age));
    }
    seen
}

fn recorded<A, H>(shop: A) -> Vec<String>
where
    A: Actor + actors_core::Typed<H>,
    H: Storefront<MockDb, Actor = A>,
{
    let mut seen = Vec::new();
    run(async |system| {
        let shop: H = system.instance(shop).name("shop").spawn().unwrap();
        seen = afternoon(&system, shop).await;
    });
    seen
}

#[test]
fn by_hand_and_by_macro_nobody_can_tell_them_apart() {
    let by_macro = recorded(by_macro::Shop(Books::<MockDb>::default()));
    let by_hand = recorded(by_hand::Shop(Books::<MockDb>::default()));
    assert_eq!(by_macro, by_hand);
    // And it was an afternoon with something in it.
    let all = by_macro.join("\n");
    for word in ["Err(Declined)", "Err(Full)", "Conflated", "Expired", "Dropped", "Viewed { page: \"/\" }"] {
        assert!(all.contains(word), "no {word} in\n{all}");
    }
}

#[test]
fn by_hand_and_by_macro_declare_the_same() {
    use actors_core::Mail;
    fn names<A: Actor>() -> Vec<&'static str> {
        A::Mail::CLASSES.iter().map(|class| class.name()).collect()
    }
    assert_eq!(names::<by_macro::Shop<MockDb>>(), names::<by_hand::Shop<MockDb>>());
    use by_hand::shop_messages as hand;
    use by_macro::shop_messages as made;
    assert_eq!(made::Charge::POLICY, hand::Charge::POLICY);
    assert_eq!(made::Viewed::POLICY, hand::Viewed::POLICY);
    assert_eq!(made::Priced::POLICY, hand::Priced::POLICY);
    assert_eq!(made::Put::<MockDb>::POLICY, hand::Put::<MockDb>::POLICY);
    assert_eq!(made::Last::<MockDb>::POLICY, hand::Last::<MockDb>::POLICY);
    assert_eq!(made::Load::POLICY, hand::Load::POLICY);
    assert_eq!(by_macro::Shop::<MockDb>::SETTINGS, by_hand::Shop::<MockDb>::SETTINGS);
    assert_eq!(by_macro::Shop::<MockDb>::NAME, by_hand::Shop::<MockDb>::NAME);
    assert_eq!(by_macro::Shop::<MockDb>::STARTS, by_hand::Shop::<MockDb>::STARTS);
    // The page is boxed in both.
    let sizes = [
        size_of::<<by_macro::Shop<MockDb> as Actor>::Mail>(),
        size_of::<<by_hand::Shop<MockDb> as Actor>::Mail>(),
    ];
    assert_eq!(sizes[0], sizes[1]);
    assert!(sizes[0] < size_of::<Page>() / 4, "{sizes:?}");
}
