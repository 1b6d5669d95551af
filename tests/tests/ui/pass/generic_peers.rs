//! Generic actors that know each other: handles, recipients and their own messages as arguments.
#![deny(warnings)]

use actors_core::prelude::*;

trait Db: Send + 'static {
    type Row: Send;
}

struct Shop<D: Db> {
    others: Vec<ShopHandle<D>>,
    me: Option<WeakHandle<Self>>,
    rows: Vec<D::Row>,
}

#[actor]
impl<D: Db> Shop<D> {
    #[message(shadows)]
    fn watch(&mut self, other: ShopHandle<D>, me: Handle<Self>) -> Vec<ShopHandle<D>> {
        self.others.push(other);
        self.me = Some(me.downgrade());
        self.others.clone()
    }

    #[message]
    async fn send(&mut self, to: Recipient<shop_messages::Put<D>>, row: D::Row) {
        let _ = to.tell(shop_messages::Put { row }).await;
    }

    #[message]
    fn put(&mut self, row: D::Row) {
        self.rows.push(row);
    }

    #[message]
    async fn change(&mut self, then: Box<dyn FnOnce(&mut D::Row) + Send>) {
        std::future::ready(()).await;
        self.rows.last_mut().map(then).unwrap_or_default();
    }

    #[message]
    async fn pass_on(&mut self, ctx: &mut Context<Self>) -> Option<ActorRow<D>> {
        ctx.handle().tell(shop_messages::PassOn::new()).try_send().ok();
        self.rows.pop().map(ActorRow)
    }
}

struct ActorRow<D: Db>(D::Row);

struct Mock;

impl Db for Mock {
    type Row = u8;
}

fn compiles(shop: &ShopHandle<Mock>, other: ShopHandle<Mock>) {
    drop(shop.send(other.recipient(), 1));
    drop(shop.watch(other.clone(), Handle::clone(&other)));
    drop((shop.put(1), shop.change(Box::new(|row| *row += 1))));
    let _ = async |shop: &ShopHandle<Mock>| shop.pass_on().await.map(|row| row.map(|row| row.0));
}

fn main() {
    let _ = (compiles, Shop::<Mock> { others: Vec::new(), me: None, rows: Vec::new() });
}
