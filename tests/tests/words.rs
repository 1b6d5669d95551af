//! What the words of the attributes become in code.

use actors_core::prelude::*;
use actors_core::{Order, Overflow, Policy, Schedule, Settings};
use std::path::PathBuf;
use std::sync::Arc;

struct Shop;

#[actor(max_bytes = 4096)]
impl Shop {
    #[message(weight = page)]
    fn viewed(&mut self, page: String, at: u64) {
        let _ = (page, at);
    }

    #[message(weight = cents)]
    fn paid(&mut self, cents: u16) {
        let _ = cents;
    }

    #[message(weight = parcel_bytes)]
    fn packed(&mut self, label: String, content: Vec<u8>) {
        let _ = (label, content);
    }

    #[message]
    fn closed(&mut self, why: String) {
        drop(why);
    }
}

fn parcel_bytes(message: &shop_messages::Packed) -> usize {
    message.label.len() + message.content.len()
}

#[derive(Message)]
#[message(weight = held)]
struct Holding<T: Send + 'static> {
    held: Vec<T>,
}

/// A message of each type of field, under the name `held`.
macro_rules! holding {
    ($($name:ident($held:ty) = $value:expr => $bytes:expr;)*) => {$({
        #[derive(Message)]
        #[message(weight = held)]
        struct $name {
            held: $held,
        }
        assert_eq!($name { held: $value }.weight(), $bytes, stringify!($value));
    })*};
}

#[test]
fn b2_a_named_argument_weighs_what_it_holds() {
    assert_eq!(shop_messages::Viewed { page: "/shoes".into(), at: 1 }.weight(), 6);
    assert_eq!(shop_messages::Paid { cents: 990 }.weight(), 990);
}

#[test]
fn b2_a_function_weighs_the_whole_message() {
    let packed = shop_messages::Packed { label: "fragile".into(), content: vec![0; 100] };
    assert_eq!(packed.weight(), 107);
}

#[test]
fn b2_without_the_word_a_message_weighs_its_size_in_memory() {
    assert_eq!(
        shop_messages::Closed { why: "a very long reason indeed".into() }.weight(),
        size_of::<String>()
    );
}

#[test]
fn b2_numbers_count_for_themselves_and_the_rest_for_its_length_in_bytes() {
    holding! {
        Byte(u8) = 7 => 7;
        Below(i64) = -5 => 0;
        Huge(u128) = u128::MAX => usize::MAX;
        Text(String) = "schön".into() => 6;
        Boxed(Box<str>) = "four".into() => 4;
        Shared(Arc<str>) = "four".into() => 4;
        Fixed(&'static str) = "four" => 4;
        Way(PathBuf) = "/tmp".into() => 4;
        Words(Vec<u32>) = vec![1, 2, 3] => 12;
        BoxedWords(Box<[u32]>) = vec![1, 2, 3].into() => 12;
        SharedWords(Arc<[u8]>) = vec![1, 2, 3].into() => 3;
        Ring(std::collections::VecDeque<u16>) = [1, 2].into() => 4;
        Array([u16; 8]) = [0; 8] => 16;
        Some5(Option<String>) = Some("hello".into()) => 5;
        Nothing(Option<String>) = None => 0;
        Nested(Option<Box<Vec<u8>>>) = Some(Box::new(vec![0; 9])) => 9;
    }
    assert_eq!(Holding { held: vec![0u64; 2] }.weight(), 16);
}

struct Gate;

#[actor(capacity = 64, max_waiting = 8, max_bytes = 65_536, reserve = 4, schedule = weighted(by = time))]
impl Gate {
    #[message(max = 8, overflow = [evict_lower, drop_random(from = 0.5)], order = lifo_under_pressure)]
    fn passed(&mut self) {}

    #[message(overflow = drop_random, order = fifo)]
    fn counted(&self) -> u32 {
        0
    }
}

struct Door;

#[actor(schedule = weighted(by = turns))]
impl Door {}

#[test]
fn o9_words_become_policies() {
    let passed = Policy::tell()
        .max(8)
        .overflow(&[Overflow::EvictLower, Overflow::DropRandom])
        .early(0.5)
        .order(Order::LifoUnderPressure);
    assert_eq!(gate_messages::Passed::POLICY, passed);
    assert_eq!(gate_messages::Counted::POLICY, Policy::ask().overflow(&[Overflow::DropRandom]));
    assert_eq!(passed.check(), Ok(()));
}

#[test]
fn s2_words_become_settings() {
    let gate = Settings::new().capacity(64).max_waiting(8).max_bytes(65_536).reserve(4);
    assert_eq!(Gate::SETTINGS, gate.schedule(Schedule::WeightedByTime));
    assert_eq!(Door::SETTINGS, Settings::new().schedule(Schedule::Weighted));
}
