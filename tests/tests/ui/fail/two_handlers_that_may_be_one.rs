use actors_core::prelude::*;

#[derive(Message)]
struct Put<T>(T);

struct Cart<T>(T);

#[actor]
impl<T: Send + 'static> Cart<T> {
    #[handler]
    fn put(&mut self, put: Put<T>) {
        self.0 = put.0;
    }

    #[handler]
    fn put_number(&mut self, put: Put<u32>) {
        let _ = put.0;
    }
}

fn main() {}
