use actors_core::prelude::*;

struct Fair;

#[actor(schedule = wieghted)]
impl Fair {}

struct Round;

#[actor(schedule = weighted(by = size))]
impl Round {}

struct Bare;

#[actor(schedule = weighted())]
impl Bare {}

struct Steep;

#[actor(schedule = strict(by = time))]
impl Steep {}

struct Worded;

#[actor(schedule = "weighted")]
impl Worded {}

struct Silent;

#[actor(schedule)]
impl Silent {
    #[message(order = lifo)]
    fn viewed(&mut self) {}

    #[message(order = "fifo")]
    fn locked(&mut self) {}

    #[message(order = lifo_under_presure)]
    fn opened(&mut self) {}
}

fn main() {}
