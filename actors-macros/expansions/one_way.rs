//! A one-way message: the method returns nothing, so a call tells.

struct Counter {
    views: u64,
}

#[actor]
impl Counter {
    /// Counts a page view.
    #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
    fn viewed(&mut self, page: String) {
        self.views += page.len() as u64;
    }
}
