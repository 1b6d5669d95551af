use actors_core::prelude::*;

struct Above;

#[actor(pressure(high = 1.5, low = 2, respond = shed))]
impl Above {}

struct Nothing;

#[actor(pressure(high = 0, respond = shed))]
impl Nothing {}

struct Below;

#[actor(pressure(high = "0.8", low = -0.5, respond = shed))]
impl Below {}

struct Upside;

#[actor(pressure(high = 0.5, low = 0.8, respond = shed))]
impl Upside {}

struct Default;

#[actor(pressure(low = 0.8, respond = shed))]
impl Default {}

struct Low;

#[actor(pressure(high = 0.4, respond = shed))]
impl Low {}

struct Soon;

#[actor(pressure(target = soon, dwell = "500", respond = shed))]
impl Soon {}

struct Zero;

#[actor(pressure(target = "0ms", dwell = "0s", respond = shed))]
impl Zero {}

struct Year;

#[actor(pressure(dwell = "9000h", respond = shed))]
impl Year {}

fn main() {}
