//! An actor with a type parameter. Each message has the parameters that it mentions.

struct Shop<D> {
    db: D,
}

#[actor]
impl<D: Db> Shop<D> {
    #[message]
    fn viewed(&mut self, page: String) {
        self.db.count(&page);
    }

    #[message]
    fn put(&mut self, row: D::Row) -> usize {
        self.db.put(row)
    }

    #[message]
    fn last(&mut self) -> Option<D::Row> {
        self.db.last()
    }
}
