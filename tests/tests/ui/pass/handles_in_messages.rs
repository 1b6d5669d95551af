//! Messages, replies and states may hold the actor's own handle, directly or inside of other types: what is asserted of them
//! does not depend on itself.
#![deny(warnings)]

use actors_core::prelude::*;

struct Shop {
    me: Option<ShopHandle>,
    till: Option<TillHandle>,
}

struct Job {
    shop: ShopHandle,
    till: TillHandle,
}

#[derive(Message)]
struct Take {
    job: Job,
}

#[actor]
impl Shop {
    #[message]
    async fn own(&mut self, me: ShopHandle) -> ShopHandle {
        tokio::task::yield_now().await;
        self.me.replace(me.clone()).unwrap_or(me)
    }

    #[message]
    async fn work(&mut self, job: Job) -> Result<Job, Vec<Job>> {
        tokio::task::yield_now().await;
        Ok(job)
    }

    #[message]
    async fn other(&mut self, other: Box<Self>) -> Result<Job, SendError<shop_messages::Own>> {
        let (shop, till) = (other.me.unwrap(), other.till.unwrap());
        shop.own(shop.clone()).await.unwrap();
        Ok(Job { shop, till })
    }

    #[message]
    async fn run(&mut self, run: Box<dyn Fn(ShopHandle) + Send>, to: Recipient<Take>, reply: ReplyTo<Job>) {
        drop((run, to, reply));
    }

    #[handler]
    async fn take(&mut self, take: Take) {
        self.till = Some(take.job.till);
        self.me = Some(take.job.shop);
    }
}

struct Till {
    shop: Option<ShopHandle>,
}

#[actor]
impl Till {
    #[message]
    async fn own(&mut self, shop: ShopHandle) -> Option<Job> {
        self.shop = Some(shop);
        None
    }

    #[handler]
    fn take(&mut self, take: Take) {
        self.shop = Some(take.job.shop);
    }
}

fn compiles(shop: ShopHandle, till: TillHandle) -> impl Future<Output = ()> + Send + 'static {
    async move {
        let job = Job { shop: shop.clone(), till: till.clone() };
        let _ = shop.work(job).await;
        let _ = till.own(shop.clone()).await;
        let _ = shop.other(Box::new(Shop { me: None, till: None })).await;
        let _ = till.take(Take { job: Job { shop, till: till.clone() } }).await;
    }
}

fn main() {
    let _ = compiles;
    let _ = |shop: ShopHandle, take: Take, to: Recipient<Take>| {
        drop(shop.take(take));
        drop(shop.run(Box::new(|_| {}), to));
    };
}
