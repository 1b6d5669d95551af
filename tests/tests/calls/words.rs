//! The code that the words of the attributes generate.

use actors_core::policy::{Action, Order, Overflow, Policy, Pressure, Schedule, Settings};
use actors_core::prelude::*;
use std::hash::Hasher;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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

    #[message(shadows)]
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

/// A message type per type of field; the field is called `held`.
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

#[actor(capacity = 64, max_waiting = 8, max_bytes = 65_536, reserve = 4, jobs = 2, schedule = weighted(by = time))]
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
impl Door {
    #[message]
    fn viewed(&mut self) {}
}

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
    let gate = Settings::new().capacity(64).max_waiting(8).max_bytes(65_536).reserve(4).jobs(2);
    assert_eq!(Gate::SETTINGS, gate.schedule(Schedule::WeightedByTime));
    assert_eq!(Door::SETTINGS, Settings::new().schedule(Schedule::Weighted));
}

struct Till;

#[actor(
    capacity = 64,
    workers = 1..=8,
    keep_alive = "30s",
    schedule = weighted,
    pressure(high = 0.9, low = 0.25, target = "50ms", dwell = "1s", respond = [spawn, shed, block]),
)]
impl Till {
    /// A key without `conflate` keeps messages in order.
    #[message(key = user)]
    fn paid(&mut self, user: u64, cents: u64) {
        let _ = (user, cents);
    }

    #[message(overflow = [drop_oldest, block], key = user)]
    fn refunded(&mut self, user: u64) {
        let _ = user;
    }

    #[message(overflow = conflate, key = r#type)]
    fn priced(&mut self, r#type: u64) {
        let _ = r#type;
    }
}

struct Shelf;

#[actor(workers = 0x4, pressure(respond = shed))]
impl Shelf {
    #[message]
    fn viewed(&mut self) {}
}

struct Cart;

#[actor(workers = 2..=1_024)]
impl Cart {
    #[message]
    fn viewed(&mut self) {}
}

struct Desk;

#[actor(workers = 1..=1, pressure(high = 1, respond = [block]))]
impl Desk {
    #[message(key = sku)]
    fn stocked(&mut self, sku: u64) {
        let _ = sku;
    }
}

#[test]
fn s4_words_become_workers_and_pressure() {
    let pressure = Pressure::new()
        .high(0.9)
        .low(0.25)
        .target(Duration::from_millis(50))
        .dwell(Duration::from_secs(1))
        .respond(&[Action::Spawn, Action::Shed, Action::Block]);
    let till = Settings::new().capacity(64).schedule(Schedule::Weighted).workers(1, 8);
    assert_eq!(Till::SETTINGS, till.keep_alive(Duration::from_secs(30)).pressure(pressure));
    let sheds = Pressure::new().respond(&[Action::Shed]);
    assert_eq!(Shelf::SETTINGS, Settings::new().workers(4, 4).pressure(sheds));
    assert_eq!(Cart::SETTINGS, Settings::new().workers(2, 1024));
    let blocks = Pressure::new().high(1.0).respond(&[Action::Block]);
    assert_eq!(Desk::SETTINGS, Settings::new().workers(1, 1).pressure(blocks));
    for settings in [Till::SETTINGS, Shelf::SETTINGS, Cart::SETTINGS, Desk::SETTINGS] {
        assert!(settings.limits().is_ok(), "{settings:?}");
    }
}

/// A message that another actor shares.
#[derive(Message)]
#[message(key = user)]
struct Greeted {
    user: u64,
}

#[derive(Message)]
#[message(key = 0)]
struct Plain(u64);

#[derive(Message)]
#[message(key = user)]
struct Named {
    user: String,
}

/// FNV-1a, 64 bits: a hasher without a seed.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The same bytes on every processor.
        self.write(&number.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn fixed_hash(message: &impl Message) -> u64 {
    let mut state = Fnv(0xcbf2_9ce4_8422_2325);
    message.hash_key(&mut state);
    state.finish()
}

/// Partitions are chosen by such a hash, in several processes: the number below is that of each of
/// them.
#[test]
fn s4_with_a_fixed_hasher_a_key_has_the_same_hash_in_every_process() {
    let mut by_hand = Fnv(0xcbf2_9ce4_8422_2325);
    by_hand.write(b"user\xff");
    by_hand.write(&7_u64.to_le_bytes());
    let paid = till_messages::Paid { user: 7, cents: 990 };
    assert_eq!(fixed_hash(&paid), by_hand.finish());
    assert_eq!(fixed_hash(&paid), 0x18b4_a622_62b9_d010);
    assert_eq!(fixed_hash(&Plain(7)), fixed_hash(&Plain(7)));
}

#[test]
fn s4_messages_that_name_the_same_key_share_it_and_other_keys_are_others() {
    use till_messages::{Paid, Priced, Refunded};
    let paid = fixed_hash(&Paid { user: 7, cents: 990 });
    assert_eq!(paid, fixed_hash(&Paid { user: 7, cents: 5 }));
    assert_eq!(paid, fixed_hash(&Refunded { user: 7 }));
    assert_eq!(paid, fixed_hash(&Greeted { user: 7 }));
    let others = [
        fixed_hash(&Paid { user: 8, cents: 990 }),
        fixed_hash(&desk_messages::Stocked { sku: 7 }),
        fixed_hash(&Priced { r#type: 7 }),
        fixed_hash(&Plain(7)),
        fixed_hash(&Named { user: "7".into() }),
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(*other != paid && !others[..at].contains(other), "{at}");
    }
    assert!(Paid { user: 7, cents: 990 }.same_key(&Paid { user: 7, cents: 5 }));
    assert!(!Paid { user: 7, cents: 990 }.same_key(&Paid { user: 8, cents: 990 }));
}

#[test]
fn s4_a_key_needs_no_conflate() {
    assert_eq!(till_messages::Paid::POLICY, Policy::tell().keyed());
    let refunded = Policy::tell().overflow(&[Overflow::DropOldest, Overflow::Block]);
    assert_eq!(till_messages::Refunded::POLICY, refunded.keyed());
    assert_eq!(desk_messages::Stocked::POLICY, Policy::tell().keyed());
    assert_eq!(Greeted::POLICY, Policy::tell().keyed());
}
