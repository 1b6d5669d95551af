use actors_core::prelude::*;

struct Shop<D>(D);

#[actor]
impl<D> Shop<D> {
    #[message]
    fn viewed(&mut self, by: D) -> D {
        std::mem::replace(&mut self.0, by)
    }
}

struct Cart<K, V>(K, V);

#[actor]
impl<K: Clone + Send + 'static, V> Cart<K, V>
where
    V: Send + std::fmt::Debug,
{
    #[message]
    fn put(&mut self, key: K, value: V) {
        *self = Cart(key, value);
    }
}

fn main() {
    let _ = |shop: &ShopHandle<u8>, cart: &CartHandle<u8, u8>| {
        drop((shop.viewed(1), cart.put(1, 2)));
    };
}
