//! Asks: the method's return type is the reply. One handler is async, one is a plain `fn`.

struct Till {
    cents: u64,
}

#[actor(capacity = 64, reserve = 8)]
impl Till {
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, cents: u64) -> Result<u64, Declined> {
        self.cents += authorized(cents).await?;
        Ok(self.cents)
    }

    #[message]
    fn total(&self) -> u64 {
        self.cents
    }
}
