use actors_core::prelude::*;

struct Empty;

#[actor(capacity = 0)]
impl Empty {}

struct Huge;

#[actor(capacity = 16_777_217, max_waiting = 99999999999999999999)]
impl Huge {}

struct Vague;

#[actor(capacity = many, max_waiting = -1, reserve = "8")]
impl Vague {}

struct Light;

#[actor(max_bytes = 0)]
impl Light {}

struct Heavy;

#[actor(max_bytes = 4_294_967_296)]
impl Heavy {}

struct Wordy;

#[actor(max_bytes = "4 KiB")]
impl Wordy {}

struct Busy;

#[actor(jobs = 65_537)]
impl Busy {}

struct Full;

#[actor(capacity = 16_777_216, max_waiting = 0, reserve = 0, jobs = 0, max_bytes = 4_294_967_294)]
impl Full {
    #[message]
    fn viewed(&mut self) {}
}

fn main() {}
