//! An actor written twice: with the macros, and by hand with public items only. Both run the same
//! scenario, which must have the same results.

mod by_hand;
mod by_macro;

use actors_core::prelude::*;
use actors_core::{by_hand::TypedHandle, testing};
use actors_tests::{SECOND, run};
use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::ops::Deref;

/// The database that keeps a shop's orders.
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

/// The payload of a large message.
type Page = [u8; 512];

/// A message that several actors share; `#[derive(Message)]` by hand.
#[derive(Debug)]
struct GetStock {
    sku: u32,
}

impl Message for GetStock {
    type Reply = u32;
    const NAME: &'static str = "GetStock";
    const POLICY: actors_core::policy::Policy = actors_core::policy::Policy::ask()
        .priority(Priority::Urgent)
        .overflow(&[actors_core::policy::Overflow::Reject]);

    fn describe(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

/// The state and the work of a shop. The two modules add the messages.
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

// --- the scenario ---

type Answered<T> = Result<T, Reason>;

/// The methods of both handles. They have the same names and arguments; only the message types
/// differ.
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

/// Runs the scenario, and returns all answers, counts, losses and names.
async fn run_scenario<H: Storefront<MockDb>>(system: &System, shop: H) -> Vec<String> {
    let mut lost = system.dead_letters();
    let mut seen = vec![format!("{shop:?}"), format!("{:?}", system.find::<H>("shop").is_some())];
    shop.ready().await.unwrap();
    seen.push(format!("{:?} {:?}", shop.charge(1, 990).await, shop.charge(0, 990).await));
    seen.push(format!("{:?} {:?} {:?}", shop.put(7).await, shop.last().await, shop.load([2; 512]).await));

    // Full of views: the oldest is dropped, a price waits because its key is not queued, the ask is
    // refused.
    let held = testing::hold(&shop);
    for page in ["/", "/a", "/b", "/c", "/d"] {
        seen.push(format!("{:?}", shop.viewed(page).await));
    }
    seen.push(format!("{:?} {:?}", shop.last().await, shop.stock(1).await));
    held.release();
    testing::quiet(system).await;

    // Prices replace each other by key, and a view that is too old expires.
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
        format!("{} {} {} of {}", actor.name, actor.type_name, reading.depth, reading.capacity)
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
    A: Actor + actors_core::by_hand::Typed<H>,
    H: Storefront<MockDb, Actor = A>,
{
    let mut seen = Vec::new();
    run(async |system| {
        let shop: H = system.instance(shop).name("shop").spawn().unwrap();
        seen = run_scenario(&system, shop).await;
    });
    seen
}

#[test]
fn by_hand_and_by_macro_actors_behave_the_same() {
    let by_macro = recorded(by_macro::Shop(Books::<MockDb>::default()));
    let by_hand = recorded(by_hand::Shop(Books::<MockDb>::default()));
    assert_eq!(by_macro, by_hand);
    // The scenario covers these outcomes.
    let all = by_macro.join("\n");
    for word in ["Err(Declined)", "Err(Full)", "Conflated", "Expired", "Dropped", "Viewed { page: \"/\" }"] {
        assert!(all.contains(word), "no {word} in\n{all}");
    }
}

#[test]
fn by_hand_and_by_macro_declare_the_same() {
    use actors_core::by_hand::Mail;
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
    // Both box the page.
    let sizes = [
        size_of::<<by_macro::Shop<MockDb> as Actor>::Mail>(),
        size_of::<<by_hand::Shop<MockDb> as Actor>::Mail>(),
    ];
    assert_eq!(sizes[0], sizes[1]);
    assert!(sizes[0] < size_of::<Page>() / 4, "{sizes:?}");
}
