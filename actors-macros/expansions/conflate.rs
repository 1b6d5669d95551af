//! `conflate` with a key, and a weight: a new price replaces the queued price of the same product.

struct Prices {
    cents: HashMap<u32, u64>,
}

#[actor(max_bytes = 65536)]
impl Prices {
    #[message(overflow = conflate, key = sku, weight = note)]
    fn priced(&mut self, sku: u32, cents: u64, note: String) {
        self.cents.insert(sku, cents);
        drop(note);
    }
}
