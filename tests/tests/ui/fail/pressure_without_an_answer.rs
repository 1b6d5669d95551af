use actors_core::prelude::*;

struct Silent;

#[actor(pressure())]
impl Silent {}

struct Mute;

#[actor(pressure(high = 0.9, target = "50ms"))]
impl Mute {}

struct Pool;

#[actor(workers = 1..=8, pressure(high = 0.9))]
impl Pool {}

struct Bare;

#[actor(pressure)]
impl Bare {}

struct Value;

#[actor(pressure = [spawn, shed])]
impl Value {}

fn main() {}
