//! `#[started]` and `#[stopped]`, and a pool of workers.

struct Worker {
    connection: Option<Connection>,
}

#[actor(workers = 1..=4, keep_alive = "10s", pressure(respond = spawn))]
impl Worker {
    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        self.connection = Some(Connection::open(ctx.name()).await?);
        Ok(())
    }

    #[message]
    async fn work(&mut self, job: u64) {
        self.connection.as_mut().unwrap().run(job).await;
    }

    #[stopped]
    fn close(&mut self, why: StopReason) {
        log(why);
    }
}
