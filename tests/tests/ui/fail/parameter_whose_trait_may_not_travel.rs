use actors_core::prelude::*;

trait Db {
    fn get(&mut self) -> u32;
}

struct Shop<D>(D);

#[actor]
impl<D: Db> Shop<D> {
    #[message]
    fn viewed(&mut self) -> u32 {
        self.0.get()
    }

    #[message]
    async fn put(&mut self, db: D) {
        self.0 = db;
    }
}

trait Clock: Send {}

struct Cart<C>(C);

#[actor]
impl<C: Clock> Cart<C> {
    #[message]
    fn put(&mut self, clock: C) {
        self.0 = clock;
    }
}

fn main() {}
