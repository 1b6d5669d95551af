use actors_core::prelude::*;

trait Db: Send + 'static {
    type Row;
}

struct Shop<D>(D);

#[actor]
impl<D: Db> Shop<D> {
    #[message]
    fn put(&mut self, row: D::Row) {
        drop(row);
    }
}

fn main() {}
