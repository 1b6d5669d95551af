use actors_core::prelude::*;

struct Alone;

#[actor(keep_alive = "10s")]
impl Alone {}

struct Fixed;

#[actor(workers = 8, keep_alive = "10s", pressure(respond = [spawn, shed]))]
impl Fixed {}

struct One;

#[actor(pressure(respond = spawn))]
impl One {}

struct Same;

#[actor(workers = 2..=2, pressure(respond = [shed, spawn]))]
impl Same {}

struct Timed;

#[actor(workers = 4, schedule = weighted(by = time))]
impl Timed {}

struct Growing;

#[actor(schedule = weighted(by = time), workers = 1..=8)]
impl Growing {}

struct Zero;

#[actor(workers = 1..=8, keep_alive = "0s")]
impl Zero {}

struct Soon;

#[actor(workers = 1..=8, keep_alive = 10)]
impl Soon {}

struct Unsure;

#[actor(workers = 0, keep_alive = "10s", pressure(respond = spawn), schedule = weighted(by = time))]
impl Unsure {}

fn main() {}
