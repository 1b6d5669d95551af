//! A shop under more load than its database takes: something to look at on the dashboard.
//!
//! ```text
//!   clients ──► web (1 to 8 workers) ──► shop (1 to 4 workers) ──► orders (one) ──► a slow database
//!                                          └──► mailer, which fails now and then
//!   auditor, which waits without a deadline ──► orders
//!   lobby ──► many sessions, mostly idle
//! ```

use actors_core::policy::Rng;
use actors_core::prelude::*;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The time of a transaction in calm times, and the factor while the database is slow.
const TRANSACTION: Duration = Duration::from_millis(4);
const SLOWNESS: u32 = 6;
/// Load and slowness change with this period.
const PHASE: Duration = Duration::from_secs(15);
/// One mail in so many makes the mailer panic.
const MAILS_PER_FAILURE: u64 = 300;
/// One turn in so many is measured: the storm has only some thousand turns a second.
pub(crate) const EVERY: u32 = 4;

/// The clients' front: a turn is a visit.
struct Web {
    shop: ShopHandle,
}

#[actor(
    capacity = 128,
    reserve = 16,
    workers = 1..=8,
    pressure(high = 0.8, low = 0.4, target = "50ms", respond = [spawn, shed])
)]
impl Web {
    #[message(overflow = reject, max = 96, timeout = "3s")]
    async fn buy(&mut self, sku: u32) -> Result<u64, String> {
        self.shop.charge(sku).await.map_err(|error| error.to_string())?
    }

    #[message(priority = low, overflow = drop_oldest, max = 48, ttl = "2s")]
    async fn visit(&mut self, page: String) {
        sleep(Duration::from_millis(1)).await;
        let _ = self.shop.viewed(page).try_send();
    }
}

struct Shop {
    orders: OrdersHandle,
    mailer: MailerHandle,
}

#[actor(
    capacity = 64,
    reserve = 16,
    max_waiting = 32,
    schedule = weighted,
    workers = 1..=4,
    keep_alive = "5s",
    pressure(high = 0.7, low = 0.5, target = "30ms", respond = [spawn, shed, block])
)]
impl Shop {
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, sku: u32) -> Result<u64, String> {
        let order = self.orders.place(sku).await.map_err(|error| error.to_string())?;
        let _ = self.mailer.confirm(order).try_send();
        Ok(order)
    }

    #[message(priority = low, overflow = drop_oldest, max = 16, ttl = "1s")]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = conflate, key = sku, max = 24)]
    async fn priced(&mut self, sku: u32, cents: u64) {
        sleep(Duration::from_millis(1)).await;
        let _ = (sku, cents);
    }

    #[message(priority = urgent, overflow = reject, max = 4)]
    fn stock(&mut self, sku: u32) -> u32 {
        sku % 7
    }
}

/// The owner of the database: one worker, which nothing can multiply.
struct Orders {
    began: Instant,
    next: u64,
}

#[actor(capacity = 2, reserve = 0, max_waiting = 16, pressure(target = "60ms", respond = block))]
impl Orders {
    #[message(priority = high, overflow = block)]
    async fn place(&mut self, sku: u32) -> u64 {
        let slow = if is_storm(self.began) { SLOWNESS } else { 1 };
        sleep(TRANSACTION * slow).await;
        self.next += 1;
        let _ = sku;
        self.next
    }

    #[message(overflow = block)]
    async fn total(&mut self) -> u64 {
        sleep(TRANSACTION).await;
        self.next
    }
}

/// Waits for orders without a deadline, and lets its senders wait without one.
struct Auditor {
    orders: OrdersHandle,
}

#[actor(capacity = 4, reserve = 0, max_waiting = 4)]
impl Auditor {
    #[message(overflow = block)]
    async fn audit(&mut self) {
        let _ = self.orders.total().await;
    }
}

struct Mailer {
    sent: u64,
}

#[actor(capacity = 16, reserve = 0)]
impl Mailer {
    #[message(overflow = drop_newest)]
    fn confirm(&mut self, order: u64) {
        self.sent += 1;
        assert!(!order.is_multiple_of(MAILS_PER_FAILURE), "the mail server said: 550 <b>no such user</b>");
    }
}

/// The parent of the sessions.
struct Lobby {
    sessions: Vec<SessionHandle>,
}

#[actor(capacity = 64, reserve = 0)]
impl Lobby {
    #[message]
    fn open(&mut self, count: usize, ctx: &mut Context<Self>) {
        let new =
            (0..count).map(|at| ctx.actor(|| Session { seen: 0 }).name(format!("session-{at:05}")).spawn());
        self.sessions.extend(new.flatten());
    }

    #[message(overflow = drop_newest)]
    fn touch(&mut self, at: usize) {
        if let Some(session) = self.sessions.get(at) {
            let _ = session.click().try_send();
        }
    }
}

struct Session {
    seen: u64,
}

#[actor(capacity = 8, reserve = 0)]
impl Session {
    #[message(overflow = drop_oldest)]
    async fn click(&mut self) {
        self.seen += 1;
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether load and slowness are high.
fn is_storm(began: Instant) -> bool {
    (began.elapsed().as_secs() / PHASE.as_secs()) % 2 == 1
}

/// Starts the actors and their load. The tasks end when a message finds its actor closed.
pub(crate) fn start(system: &System, sessions: usize, seed: u64) -> Result<(), BoxError> {
    let began = Instant::now();
    let orders: OrdersHandle = system.actor(move || Orders { began, next: 0 }).name("orders").spawn()?;
    let restart = Restart::on_failure().at_most(20, Duration::from_secs(60));
    let mailer: MailerHandle = system.actor(|| Mailer { sent: 0 }).name("mailer").restart(restart).spawn()?;
    let (writer, mails) = (orders.clone(), mailer.clone());
    let shop: ShopHandle =
        system.actor(move || Shop { orders: writer.clone(), mailer: mails.clone() }).name("shop").spawn()?;
    let audited = orders.clone();
    let auditor: AuditorHandle =
        system.actor(move || Auditor { orders: audited.clone() }).name("auditor").spawn()?;
    let front = shop.clone();
    let web: WebHandle = system.actor(move || Web { shop: front.clone() }).name("web").spawn()?;
    let lobby: LobbyHandle = system.actor(|| Lobby { sessions: Vec::new() }).name("lobby").spawn()?;
    let clients = Clients { web, shop, lobby, auditor };
    tokio::spawn(drive(clients, Rng::new(seed), began, sessions));
    Ok(())
}

/// The actors that clients send to.
struct Clients {
    web: WebHandle,
    shop: ShopHandle,
    lobby: LobbyHandle,
    auditor: AuditorHandle,
}

/// Sends what clients send: every 10 ms a few messages, in a storm many more.
async fn drive(clients: Clients, mut rng: Rng, began: Instant, sessions: usize) {
    let Clients { web, shop, lobby, auditor } = clients;
    let _ = lobby.open(sessions).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while !shop.is_closed() {
        ticks.tick().await;
        let factor = if is_storm(began) { 4 } else { 1 };
        for _ in 0..factor {
            if rng.chance(0.6) {
                let (web, sku) = (web.clone(), rng.below(64) as u32);
                tokio::spawn(async move { web.buy(sku).await });
            }
            let _ = web.visit(format!("/products/{}", rng.below(64))).try_send();
            let _ = shop.priced(rng.below(16) as u32, 990).try_send();
            let _ = lobby.touch(rng.below(sessions.max(1))).try_send();
        }
        let _ = auditor.audit().try_send();
        let shop = shop.clone();
        tokio::spawn(async move { shop.stock(7).await });
    }
}
