use actors_core::prelude::*;

struct Shop<D>(D);

#[actor]
impl<D: Clone + Send + 'static> Shop<D> {
    #[message]
    async fn shared(&self) -> D {
        std::future::ready(()).await;
        self.0.clone()
    }
}

struct Cart<K>(K);

#[actor]
impl<K: Eq + Send + 'static> Cart<K> {
    #[message(overflow = conflate, key = sku)]
    fn put(&mut self, sku: K) {
        self.0 = sku;
    }
}

fn main() {}
