//! Sizing: the formulas, by table and against a queue that is simulated message by message.

use actors_core::observe::Advice;
use actors_core::sizing::{Load, Unsizable, sojourn};
use std::collections::VecDeque;
use std::time::Duration;

fn load(peak: f64, usual: f64, service: f64, burst_ms: u64) -> Load {
    Load { peak, usual, service, burst: Duration::from_millis(burst_ms) }
}

#[test]
fn slots_drain_and_wait_follow_from_the_rates() {
    for (load, slots, drain_ms, wait_ms) in [
        (load(1500.0, 400.0, 1000.0, 12_000), 6001, 10_000, 6_000),
        (load(1500.0, 0.0, 1000.0, 1_000), 501, 500, 500),
        // Rounded up, plus one for the message that arrives.
        (load(1000.5, 0.0, 1000.0, 1_000), 2, 0, 0),
        // A burst that is served as it arrives, and one of no length.
        (load(1000.0, 400.0, 1000.0, 60_000), 1, 0, 0),
        (load(10.0, 400.0, 1000.0, 60_000), 1, 0, 0),
        (load(1500.0, 400.0, 1000.0, 0), 1, 0, 0),
        // The largest mailbox there is.
        (load(16_777_215.0 + 1000.0, 0.0, 1000.0, 1_000), 16_777_216, 16_777_215, 16_777_215),
    ] {
        let sizing = load.size().unwrap();
        assert_eq!(sizing.slots, slots, "{load:?}");
        assert_eq!(sizing.drain.as_millis(), drain_ms, "{load:?}");
        assert_eq!(sizing.wait.as_millis(), wait_ms, "{load:?}");
    }
}

#[test]
fn what_no_mailbox_bears_has_an_answer_of_its_own() {
    let never = Unsizable::NeverDrains { usual: 1000.0, service: 1000.0 };
    let too_large = Unsizable::TooLarge { backlog: 16_777_216.0 };
    for (load, why, word) in [
        (load(1500.0, 1000.0, 1000.0, 1), never, "never drains"),
        (load(16_778_216.0, 0.0, 1000.0, 1_000), too_large, "2^24"),
        (load(f64::NAN, 0.0, 1.0, 1), Unsizable::NoRate("peak"), "`peak`"),
        (load(1.0, -1.0, 1.0, 1), Unsizable::NoRate("usual"), "`usual`"),
        (load(1.0, 0.0, f64::INFINITY, 1), Unsizable::NoRate("service"), "`service`"),
    ] {
        let said = load.size().unwrap_err();
        assert_eq!(said, why);
        assert!(said.to_string().contains(word), "{said}");
    }
    // Without arrivals and without service there is no answer.
    assert!(matches!(load(0.0, 0.0, 0.0, 1).size(), Err(Unsizable::NeverDrains { .. })));
}

#[test]
fn beside_the_default_reserve_lower_lanes_have_all_the_slots_and_no_more() {
    for slots in (1..5000).chain([1 << 20, (1 << 20) + 1]) {
        let load = load(slots as f64 - 1.0 + 1000.0, 0.0, 1000.0, 1_000);
        let sizing = load.size().unwrap();
        assert_eq!(sizing.slots, slots);
        let left = |capacity: usize| capacity - capacity.div_ceil(8).min(capacity - 1);
        let capacity = sizing.beside_reserve();
        assert!(left(capacity) >= slots, "{slots}: {capacity}");
        assert!(capacity == 1 || left(capacity - 1) < slots, "{slots}: {capacity} is more than needed");
    }
}

#[test]
fn sentences_are_for_people() {
    for (load, text) in [
        (
            load(0.5, 0.0, 0.25, 10_000),
            "4 slots hold a burst of 10 s at 0.5/s served at 0.2/s (capacity = 5 with the default reserve); its last \
             message waits for 10 s, and 10 s after the burst the backlog is gone",
        ),
        (
            load(100.0, 0.0, 200.0, 1),
            "1 slot is enough: messages come at 100/s at most and are served at 200/s",
        ),
    ] {
        assert_eq!(load.size().unwrap().to_string(), text);
    }
}

#[test]
fn little_s_law_says_how_long_messages_stay() {
    for (depth, throughput, ms) in [
        (50.0, 1000.0, Some(50)),
        (0.0, 1000.0, Some(0)),
        (3.0, 0.0, None),
        (3.0, -1.0, None),
        (f64::NAN, 1.0, None),
        (-1.0, 1.0, None),
        (f64::MAX, 1e-300, None),
    ] {
        assert_eq!(sojourn(depth, throughput), ms.map(Duration::from_millis), "{depth} / {throughput}");
    }
}

/// The measurements of a simulated queue.
#[derive(Debug, Default)]
struct Seen {
    depth_peak: usize,
    /// From the burst's end until nothing was queued.
    drain: f64,
    /// The wait of the burst's last message that was accepted.
    last_wait: f64,
    busy: f64,
    lost: usize,
    /// The sum of the depth over time, and the sum of the times in the queue.
    depth_time: f64,
    waits: f64,
}

/// Simulates a queue of `capacity` with one server and turns of equal length. Messages arrive
/// evenly, first at the peak rate, then at the usual one, until the queue is empty again.
fn simulate(load: &Load, capacity: usize) -> Seen {
    let (burst, turn) = (load.burst.as_secs_f64(), 1.0 / load.service);
    let mut seen = Seen::default();
    let mut queue: VecDeque<f64> = VecDeque::new();
    let (mut next_arrival, mut server_free, mut last) = (0.0_f64, 0.0_f64, 0.0_f64);
    loop {
        let next_turn = if queue.is_empty() { f64::INFINITY } else { server_free.max(last) };
        let now = next_arrival.min(next_turn);
        seen.depth_time += queue.len() as f64 * (now - last);
        last = now;
        if next_turn <= next_arrival {
            let came = queue.pop_front().expect("there is one");
            seen.waits += now - came;
            server_free = now + turn;
            if came < burst {
                seen.last_wait = now - came;
            }
            if queue.is_empty() && now >= burst {
                (seen.drain, seen.busy) = (now - burst, now);
                return seen;
            }
        } else {
            if queue.len() < capacity {
                queue.push_back(now);
            } else {
                seen.lost += 1;
            }
            seen.depth_peak = seen.depth_peak.max(queue.len());
            next_arrival = now + 1.0 / if now < burst { load.peak } else { load.usual };
        }
    }
}

#[test]
fn a_simulated_queue_agrees_with_the_formulas() {
    for load in [
        load(1500.0, 400.0, 1000.0, 12_000),
        load(1010.0, 900.0, 1000.0, 5_000),
        load(50_000.0, 10.0, 1000.0, 250),
        load(7.0, 1.0, 2.0, 10_000),
    ] {
        let sizing = load.size().unwrap();
        let seen = simulate(&load, sizing.slots);
        assert_eq!(seen.lost, 0, "{load:?}: the slots are enough");
        assert!(seen.depth_peak + 2 >= sizing.slots, "{load:?}: and hardly more than that: {seen:?}");
        // Messages are whole numbers, unlike the formula: one more or less takes this long to drain
        // or to serve.
        let (drain, wait) = (sizing.drain.as_secs_f64(), sizing.wait.as_secs_f64());
        let spare = load.service - load.usual;
        assert!(
            (seen.drain - drain).abs() <= 3.0 / spare,
            "{load:?}: drains in {} s, not {drain}",
            seen.drain
        );
        assert!((seen.last_wait - wait).abs() <= 3.0 / load.service, "{load:?}: waits {seen:?}, not {wait}");
    }
}

#[test]
fn a_simulated_queue_with_fewer_slots_loses_messages() {
    let load = load(1500.0, 400.0, 1000.0, 12_000);
    let slots = load.size().unwrap().slots;
    assert!(simulate(&load, slots - 3).lost > 0);
}

#[test]
fn a_simulated_queue_keeps_little_s_law() {
    let load = load(1500.0, 400.0, 1000.0, 12_000);
    let seen = simulate(&load, usize::MAX);
    let served = load.peak * 12.0 + load.usual * seen.drain;
    let mean = sojourn(seen.depth_time / seen.busy, served / seen.busy).unwrap().as_secs_f64();
    assert!((mean - seen.waits / served).abs() < 0.001 * mean, "{mean} {seen:?}");
}

/// The advice for these measurements, made with this capacity.
fn advice(load: &Load, capacity: usize, seen: &Seen) -> Advice {
    let busy = Duration::from_secs_f64(seen.busy);
    Advice::from_measured(seen.depth_peak, capacity, load.usual, load.peak, load.service, busy)
}

#[test]
fn advice_to_grow_holds_the_burst_that_was_seen_whatever_was_lost_of_it() {
    for load in [load(1500.0, 400.0, 1000.0, 12_000), load(50_000.0, 10.0, 1000.0, 250)] {
        let needed = load.size().unwrap();
        for capacity in [64, needed.slots / 4, needed.slots / 2] {
            let seen = simulate(&load, capacity);
            assert!(seen.lost > 0);
            let Advice::Grow { to, load: burst, .. } = advice(&load, capacity, &seen) else {
                panic!("{seen:?}")
            };
            let enough = needed.beside_reserve();
            // The error of one turn at the end, multiplied by the difference of the rates.
            assert!(to.abs_diff(enough) <= enough / 50, "{load:?} {capacity}: {to}, {enough} needed");
            assert!(burst.burst.abs_diff(load.burst) < load.burst / 50, "{burst:?}");
        }
        // With the advised capacity there is no further advice.
        let capacity = needed.beside_reserve();
        let seen = simulate(&load, capacity);
        assert!(matches!(advice(&load, capacity + 2, &seen), Advice::Enough { .. }));
    }
}

#[test]
fn advice_by_table() {
    let second = Duration::from_secs(1);
    for (measured, text) in [
        ((0, 64, 0.0, 0.0, 0.0), "nothing can be said yet: it is not known how fast turns end"),
        ((9, 64, 0.0, 9.0, 10.0), "nothing can be said yet: it is not known how fast messages come"),
        ((9, 64, 5.0, f64::NAN, 10.0), "nothing can be said yet: it is not known how fast messages come"),
        (
            (9, 64, 5.0, 9.0, 10.0),
            "a capacity of 64 is enough: at most 9 of its slots were taken at once, and serving",
        ),
        (
            (9, 64, 10.0, 12.0, 10.0),
            "messages usually come at 10/s and are served at 10/s: the backlog of a burst never",
        ),
        (
            (64, 64, 11.0, 12.0, 10.0),
            "messages usually come at 11/s and are served at 10/s: the backlog of a burst never",
        ),
        // Full for `low` and `normal`, although the rates do not explain it.
        (
            (56, 64, 5.0, 9.0, 10.0),
            "a capacity of 64 is too small: 56 of its slots were taken at once; write `capacity = 128`",
        ),
        ((55, 64, 5.0, 9.0, 10.0), "a capacity of 64 is enough"),
        (
            (1, 1, 5.0, 9.0, 10.0),
            "a capacity of 1 is too small: 1 of its slots were taken at once; write `capacity = 2`",
        ),
        ((0, 1, 5.0, 9.0, 10.0), "a capacity of 1 is enough"),
        ((64, 64, 1.0, 1e9, 10.0), "a capacity of 64 is too small"),
        ((1 << 24, 1 << 24, 5.0, 9.0, 10.0), "a capacity of 16777216 is too small"),
    ] {
        let (depth_peak, capacity, usual, peak, service) = measured;
        let said = Advice::from_measured(depth_peak, capacity, usual, peak, service, second).to_string();
        assert!(said.starts_with(text), "{measured:?}: {said}");
    }
}
