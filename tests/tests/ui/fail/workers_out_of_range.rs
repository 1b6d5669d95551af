use actors_core::prelude::*;

struct Empty;

#[actor(workers = 0)]
impl Empty {}

struct Perhaps;

#[actor(workers = 0..=4)]
impl Perhaps {}

struct Backwards;

#[actor(workers = 8..=1)]
impl Backwards {}

struct Open;

#[actor(workers = 1..8)]
impl Open {}

struct Endless;

#[actor(workers = 1..)]
impl Endless {}

struct Headless;

#[actor(workers = ..=8)]
impl Headless {}

struct Crowd;

#[actor(workers = 1_025)]
impl Crowd {}

struct Legion;

#[actor(workers = 1..=99999999999999999999999)]
impl Legion {}

struct Many;

#[actor(workers = many)]
impl Many {}

struct Some;

#[actor(workers = 1..=MOST)]
impl Some {}

struct Text;

#[actor(workers = "4")]
impl Text {}

struct Bare;

#[actor(workers)]
impl Bare {}

fn main() {}
