use actors_core::prelude::*;

struct Typo;

#[actor(pressure(hihg = 0.8, repsond = shed))]
impl Typo {}

struct Far;

#[actor(pressure(volume = 3, respond = shed))]
impl Far {}

struct Other;

#[actor(pressure(workers = 1..=8, respond = shed))]
impl Other {}

struct Twice;

#[actor(pressure(low = 0.5, low = 0.4, respond = shed))]
impl Twice {}

struct Bare;

#[actor(pressure(high, respond))]
impl Bare {}

struct Text;

#[actor(pressure(respond = "shed"))]
impl Text {}

struct Action;

#[actor(workers = 1..=8, pressure(respond = [spwan, explode, block]))]
impl Action {}

struct Again;

#[actor(pressure(respond = [shed, block, shed]))]
impl Again {}

struct Comma;

#[actor(pressure(respond = [shed block]))]
impl Comma {}

struct Empty;

#[actor(pressure(respond = []))]
impl Empty {}

fn main() {}
