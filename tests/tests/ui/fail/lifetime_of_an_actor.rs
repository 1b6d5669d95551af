use actors_core::prelude::*;
use std::borrow::Cow;

struct Shop<'a, D> {
    name: &'a str,
    db: D,
}

#[actor]
impl<'a, D: Send + 'static> Shop<'a, D> {
    #[message]
    fn viewed(&mut self) {}
}

struct Cart<T>(T);

#[actor]
impl Cart<Cow<'_, str>> {
    #[message]
    fn put(&mut self) {}
}

struct Till<T>(T);

#[actor]
impl Till<&str> {
    #[message]
    fn put(&mut self) {}
}

struct Desk<T>(T);

#[actor]
impl Desk<Cow<'static, str>> {
    #[message]
    fn fine(&mut self, then: fn(&str)) {
        then(&self.0);
    }
}

fn main() {}
