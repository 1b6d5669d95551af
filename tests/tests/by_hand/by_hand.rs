//! The shop without macros: each item that the macros generate.

use super::*;
use actors_core::{
    by_hand::{AnyEnvelope, Envelope, Mail, Typed},
    mailbox::Class,
    policy::{Overflow, Policy, Settings},
    send::{Ask, Tell},
};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

pub(super) struct Shop<D>(pub(super) Books<D>);

// --- the messages ---

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

    /// Only its reply mentions the parameter.
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
    const POLICY: Policy =
        Policy::tell().priority(Priority::Low).overflow(&[Overflow::DropOldest]).ttl(Duration::from_secs(5));

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

// --- the mail ---

pub(crate) enum ShopMail<D: Db> {
    Charge(Envelope<Charge>),
    Viewed(Envelope<Viewed>),
    Priced(Envelope<Priced>),
    Put(Envelope<Put<D>>),
    Last(Envelope<Last<D>>),
    /// The large message is boxed.
    Load(Box<Envelope<Load>>),
    GetStock(Envelope<GetStock>),
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

    fn envelope(&self) -> &dyn AnyEnvelope {
        match self {
            ShopMail::Charge(envelope) => envelope,
            ShopMail::Viewed(envelope) => envelope,
            ShopMail::Priced(envelope) => envelope,
            ShopMail::Put(envelope) => envelope,
            ShopMail::Last(envelope) => envelope,
            ShopMail::Load(envelope) => &**envelope,
            ShopMail::GetStock(envelope) => envelope,
        }
    }

    fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope {
        match self {
            ShopMail::Charge(envelope) => envelope,
            ShopMail::Viewed(envelope) => envelope,
            ShopMail::Priced(envelope) => envelope,
            ShopMail::Put(envelope) => envelope,
            ShopMail::Last(envelope) => envelope,
            ShopMail::Load(envelope) => &mut **envelope,
            ShopMail::GetStock(envelope) => envelope,
        }
    }

    fn deliver_now(self, shop: &mut Shop<D>, ctx: &mut Context<Shop<D>>) -> Option<Self> {
        match self {
            ShopMail::Viewed(envelope) => {
                let (Viewed { page }, answer) = envelope.open();
                shop.0.pages.push(page);
                answer.send(ctx, ());
            }
            ShopMail::Priced(envelope) => {
                let (Priced { sku, cents }, answer) = envelope.open();
                shop.0.prices.insert(sku, cents);
                answer.send(ctx, ());
            }
            ShopMail::Put(envelope) => {
                let (Put { row }, answer) = envelope.open();
                let count = shop.0.db.put(row);
                answer.send(ctx, count);
            }
            ShopMail::Last(envelope) => {
                let (_, answer) = envelope.open();
                let _ = answer.later(ctx).send(shop.0.db.last());
            }
            ShopMail::Load(envelope) => {
                let (Load { page }, answer) = envelope.open();
                let sum = shop.0.load(&page);
                answer.send(ctx, sum);
            }
            ShopMail::GetStock(envelope) => {
                let (GetStock { sku }, answer) = envelope.open();
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
            ShopMail::Charge(envelope) => {
                let (Charge { card, cents }, answer) = envelope.open();
                tokio::time::sleep(SECOND).await;
                let paid = shop.0.charge(card, cents);
                answer.send(ctx, paid);
            }
            plain => drop(plain.deliver_now(shop, ctx)),
        }
    }
}

// --- the actor ---

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

    fn pack(envelope: Envelope<Charge>) -> ShopMail<D> {
        ShopMail::Charge(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Charge>> {
        if let ShopMail::Charge(envelope) = mail { Some(envelope) } else { None }
    }
}

impl<D: Db> Handler<Viewed> for Shop<D> {
    const CLASS: usize = 1;

    fn pack(envelope: Envelope<Viewed>) -> ShopMail<D> {
        ShopMail::Viewed(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Viewed>> {
        if let ShopMail::Viewed(envelope) = mail { Some(envelope) } else { None }
    }
}

impl<D: Db> Handler<Priced> for Shop<D> {
    const CLASS: usize = 2;

    fn pack(envelope: Envelope<Priced>) -> ShopMail<D> {
        ShopMail::Priced(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Priced>> {
        if let ShopMail::Priced(envelope) = mail { Some(envelope) } else { None }
    }
}

impl<D: Db> Handler<Put<D>> for Shop<D> {
    const CLASS: usize = 3;

    fn pack(envelope: Envelope<Put<D>>) -> ShopMail<D> {
        ShopMail::Put(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Put<D>>> {
        if let ShopMail::Put(envelope) = mail { Some(envelope) } else { None }
    }
}

impl<D: Db> Handler<Last<D>> for Shop<D> {
    const CLASS: usize = 4;

    fn pack(envelope: Envelope<Last<D>>) -> ShopMail<D> {
        ShopMail::Last(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Last<D>>> {
        if let ShopMail::Last(envelope) = mail { Some(envelope) } else { None }
    }
}

impl<D: Db> Handler<Load> for Shop<D> {
    const CLASS: usize = 5;

    fn pack(envelope: Envelope<Load>) -> ShopMail<D> {
        ShopMail::Load(Box::new(envelope))
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<Load>> {
        if let ShopMail::Load(envelope) = mail { Some(*envelope) } else { None }
    }
}

impl<D: Db> Handler<GetStock> for Shop<D> {
    const CLASS: usize = 6;

    fn pack(envelope: Envelope<GetStock>) -> ShopMail<D> {
        ShopMail::GetStock(envelope)
    }

    fn unpack(mail: ShopMail<D>) -> Option<Envelope<GetStock>> {
        if let ShopMail::GetStock(envelope) = mail { Some(envelope) } else { None }
    }
}

// --- the handle ---

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
