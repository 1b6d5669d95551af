//! Methods without a mark are the actor's own: the handle's other methods and a trait's may have their names.
use actors_core::prelude::*;

struct Shop<D>(D);

trait Count {
    fn count(&self) -> u32;
}

#[actor]
impl<D: Send + 'static> Shop<D> {
    #[message]
    fn viewed(&mut self) -> u32 {
        self.stop();
        self.count() + self.sold() + self.r#type()
    }

    fn stop(&mut self) {}

    fn count(&self) -> u32 {
        1
    }

    fn sold(&self) -> u32 {
        2
    }

    #[cfg(debug_assertions)]
    fn r#type(&self) -> u32 {
        3
    }

    #[cfg(not(debug_assertions))]
    fn r#type(&self) -> u32 {
        4
    }
}

impl<D: Send + 'static> Count for ShopHandle<D> {
    fn count(&self) -> u32 {
        5
    }
}

impl<D: Send + 'static> ShopHandle<D> {
    fn sold(&self) -> u32 {
        6
    }
}

/// An actor without a message, which works when it starts.
struct Root;

#[actor]
impl Root {
    #[started]
    fn begin(&mut self) {}
}

async fn stop(shop: &ShopHandle<u64>) -> u32 {
    shop.stop().await;
    shop.count() + shop.sold() + shop.viewed().await.unwrap()
}

fn main() {
    let _ = (stop, System::spawn::<Root, RootHandle>);
}
