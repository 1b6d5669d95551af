//! The actor of a program: its limits, its workers, its policies.

use super::program::{CAPACITY, CLASSES, Change, Revival, Setup, TTL_MS};
use actors_core::{
    Priority,
    policy::{Order, Overflow, Policy, Schedule},
};
use proptest::prelude::*;
use std::time::Duration;

/// The byte limit of mailboxes that have one.
const MAX_BYTES: usize = 20;

pub(super) fn setup() -> impl Strategy<Value = Setup> {
    let schedule = prop::sample::select(vec![Schedule::Strict, Schedule::Weighted]);
    let max_bytes = prop::sample::select(vec![None, Some(MAX_BYTES)]);
    let workers = prop_oneof![
        5 => Just((1, 1)),
        1 => prop::sample::select(vec![(2, 2), (3, 3)]),
        3 => prop::sample::select(vec![(1, 2), (1, 3), (2, 4)]),
    ];
    let revival = prop_oneof![
        3 => Just(Revival::NoFactory),
        1 => Just(Revival::Never),
        4 => Just(Revival::AtOnce),
        3 => Just(Revival::Permanent),
        3 => Just(Revival::Limited { most: 1000, within_ms: 1_000_000 }),
        3 => (1..4u32).prop_map(|most| Revival::Limited { most, within_ms: 300 }),
    ];
    let policies = prop::collection::vec(policy(), CLASSES)
        .prop_map(|policies| <[Policy; CLASSES]>::try_from(policies).unwrap());
    (workers, revival, prop::bool::weighted(0.3), schedule, max_bytes, policies).prop_map(
        |(workers, revival, is_supervised, schedule, max_bytes, mut policies)| {
            let is_pool = workers.1 > 1;
            for policy in policies.iter_mut().filter(|policy| is_pool && policy.keyed) {
                // Workers keep the order of keys.
                policy.order = Order::Fifo;
            }
            // Each worker has a budget of its own, and the reference does not know which worker has
            // which turn.
            let is_per_worker = matches!(revival, Revival::NoFactory | Revival::Limited { .. });
            let revival = if is_pool && is_per_worker { Revival::AtOnce } else { revival };
            // The supervisor samples a pool that may grow in any case, and by default it grows.
            let is_supervised = is_supervised || workers.0 < workers.1;
            Setup { workers, revival, is_supervised, schedule, max_bytes, policies }
        },
    )
}

/// Whether a type has a key, and whether the key is for conflation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    No,
    Orders,
    Conflates,
}

fn policy() -> impl Strategy<Value = Policy> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let order = prop_oneof![3 => Just(Order::Fifo), 1 => Just(Order::LifoUnderPressure)];
    let key = prop_oneof![4 => Just(Key::No), 3 => Just(Key::Orders), 3 => Just(Key::Conflates)];
    (priority, key, words(), max(), per_key(), prop::bool::weighted(0.25), order).prop_map(
        |(priority, key, words, max, per_key, has_ttl, order)| {
            let policy = if key == Key::No { Policy::tell() } else { Policy::tell().keyed() };
            let policy = with_words(policy, &words, key == Key::Conflates);
            let policy = with_per_key(policy, per_key);
            with_max(with_ttl(policy, has_ttl), max).priority(priority).order(order)
        },
    )
}

pub(super) fn max() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.35, 1..4usize)
}

/// Each legal list without `conflate`. The empty list stands for the default.
pub(super) fn words() -> impl Strategy<Value = Vec<Overflow>> {
    use Overflow::{Block, DropAll, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    let first = prop_oneof![
        3 => Just(vec![]),
        2 => Just(vec![DropOldest]),
        1 => Just(vec![DropRandom]),
        1 => Just(vec![DropAll]),
        1 => Just(vec![EvictLower, DropAll]),
        2 => Just(vec![EvictLower]),
        1 => Just(vec![DropOldest, EvictLower]),
        1 => Just(vec![EvictLower, DropOldest]),
        1 => Just(vec![DropRandom, EvictLower]),
        1 => Just(vec![EvictLower, DropRandom]),
    ];
    let last = prop_oneof![
        4 => Just(vec![Block]),
        4 => Just(vec![]),
        1 => Just(vec![Reject]),
        2 => Just(vec![DropNewest]),
    ];
    (first, last).prop_map(|(first, last)| [first, last].concat())
}

fn with_words(policy: Policy, words: &[Overflow], conflates: bool) -> Policy {
    match (conflates, words) {
        (true, words) => policy.overflow(&[&[Overflow::Conflate], words].concat()),
        (false, []) => policy.overflow(&[Overflow::Block]),
        (false, words) => policy.overflow(words),
    }
}

fn with_ttl(mut policy: Policy, has_ttl: bool) -> Policy {
    policy.ttl = has_ttl.then_some(Duration::from_millis(TTL_MS));
    policy
}

/// The slots that a key may hold: mostly so many that there is no limit.
pub(super) fn per_key() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 2 => (1..4usize).prop_map(Some), 3 => Just(Some(CAPACITY))]
}

fn with_per_key(mut policy: Policy, per_key: Option<usize>) -> Policy {
    policy.max_per_key = per_key.filter(|_| policy.keyed);
    policy
}

fn with_max(mut policy: Policy, max: Option<usize>) -> Policy {
    policy.max = max;
    policy
}

impl Change {
    pub(crate) fn apply(&self, policy: Policy) -> Policy {
        match self {
            Change::Max(max) => with_max(policy, *max),
            Change::PerKey(per_key) => with_per_key(policy, *per_key),
            Change::Words(words) => {
                let conflates = policy.overflow.words().contains(&Overflow::Conflate);
                with_words(policy, words, conflates)
            }
            Change::Ttl(has_ttl) => with_ttl(policy, *has_ttl),
        }
    }
}
