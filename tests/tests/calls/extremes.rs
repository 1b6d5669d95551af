//! The extremes of each setting: zero, one and the greatest value. Each is refused with a sentence,
//! or saturates; none panics.

use actors_core::prelude::*;
use actors_core::sizing::{Load, sojourn};
use actors_core::{
    policy::{Action, Policy, Pressure},
    spawn::SpawnBuilder,
};
use actors_tests::{HOUR, SECOND, alone, run, run_other_tasks};
use std::time::Duration;

const NUMBERS: [usize; 5] = [0, 1, 2, usize::MAX / 2, usize::MAX];
const TIMES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    SECOND,
    // Just below and just above the range of a `u64` of nanoseconds.
    Duration::from_secs(18_446_744_073),
    Duration::from_secs(u64::MAX / 2),
    Duration::MAX,
];

struct Mill;

#[actor]
impl Mill {
    #[message(shadows, overflow = [drop_oldest, block])]
    fn tell(&mut self, n: u32) {
        if n == 13 {
            // A panic that the hook does not print.
            std::panic::resume_unwind(Box::new("a bad number"));
        }
    }

    #[message(shadows, overflow = block)]
    async fn ask(&mut self, n: u32) -> u32 {
        tokio::task::yield_now().await;
        n
    }

    #[message(overflow = block)]
    fn arm(&mut self, delay: Duration, ctx: &mut Context<Self>) -> bool {
        let once = ctx.send_after(delay, mill_messages::Tell { n: 1 });
        let every = ctx.send_every(delay, mill_messages::Tell { n: 2 }).err().map(|error| error.reason());
        once.is_ok() && every == delay.is_zero().then_some(Reason::ZeroPeriod)
    }
}

/// Uses a mill whose settings were accepted: messages, failures, a kill.
async fn works(mill: MillHandle) {
    for n in [1, 13, 13, 13, 2] {
        // The policy may refuse, lose or handle the message; the runtime must not panic.
        let _ = mill.tell(n).try_send();
        let _ = tokio::time::timeout(SECOND, mill.ask(n)).await;
        run_other_tasks().await;
    }
    let _ = (mill.reading(), mill.ledger(), mill.resize(usize::MAX), mill.resize(0));
    tokio::time::sleep(2 * SECOND).await;
    mill.kill();
    let ended = mill.closed().await;
    assert_ne!(ended, StopReason::RuntimeGone, "a panic of the runtime ended the actor's task");
    assert!(mill.ledger().is_balanced(), "{:?}", mill.ledger());
}

type Mills = fn() -> Mill;

async fn with(system: &System, change: impl FnOnce(SpawnBuilder<Mill, Mills>) -> SpawnBuilder<Mill, Mills>) {
    let make: Mills = || Mill;
    match change(system.actor(make)).spawn::<MillHandle>() {
        Ok(mill) => works(mill).await,
        Err(error) => assert!(error.to_string().len() > 20, "{error}"),
    }
}

#[test]
fn numbers_of_slots_senders_bytes_workers_and_jobs() {
    alone!("numbers_of_slots_senders_bytes_workers_and_jobs", || {
        run(async |system| {
            for n in NUMBERS {
                with(&system, |mill| mill.capacity(n)).await;
                with(&system, |mill| mill.max_waiting(n)).await;
                with(&system, |mill| mill.reserve(n)).await;
                with(&system, |mill| mill.max_bytes(n)).await;
                with(&system, |mill| mill.workers(n..=n)).await;
                with(&system, |mill| mill.workers(1..=n)).await;
                with(&system, |mill| mill.jobs(n)).await;
                with(&system, |mill| mill.policy::<mill_messages::Tell>(|policy| policy.max(n))).await;
                with(&system, |mill| mill.seed(n as u64)).await;
            }
        });
    });
}

#[test]
fn times_of_messages_pools_pressure_and_restarts() {
    run(async |system| {
        // Delays are spread at random, so each of these mills has another delay.
        for _ in 0..16 {
            let restart = Restart::on_failure().at_most(9, Duration::MAX);
            with(&system, |mill| mill.restart(restart.backoff(Duration::MAX, Duration::MAX))).await;
        }
        for time in TIMES {
            with(&system, |mill| mill.keep_alive(time).workers(1..=3)).await;
            let ttl = |policy: Policy| policy.ttl(time);
            with(&system, |mill| mill.policy::<mill_messages::Tell>(ttl)).await;
            let timeout = |policy: Policy| policy.timeout(time);
            with(&system, |mill| mill.policy::<mill_messages::Ask>(timeout)).await;
            for actions in [[Action::Block, Action::Shed], [Action::Spawn, Action::Shed]] {
                let pressure = Pressure::new().respond(&actions);
                with(&system, |mill| mill.pressure(pressure.target(time)).workers(1..=3)).await;
                with(&system, |mill| mill.pressure(pressure.dwell(time)).workers(1..=3)).await;
            }
            for fill in [f64::NEG_INFINITY, -0.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::MAX, f64::NAN] {
                let pressure = Pressure::new().respond(&[Action::Shed]);
                with(&system, |mill| mill.pressure(pressure.high(fill).target(time))).await;
                with(&system, |mill| mill.pressure(pressure.low(fill).target(time))).await;
                with(&system, |mill| mill.policy::<mill_messages::Tell>(|policy| policy.early(fill))).await;
            }
            for most in [0, 1, u32::MAX] {
                let restart = Restart::on_failure().at_most(most, time);
                with(&system, |mill| mill.restart(restart)).await;
                with(&system, |mill| mill.restart(restart.start_deadline(time))).await;
                for longest in TIMES {
                    with(&system, |mill| mill.restart(restart.backoff(time, longest))).await;
                    with(&system, |mill| mill.restart(restart.start_backoff(time, longest))).await;
                }
            }
        }
    });
}

#[test]
fn limits_of_asks_stops_shutdowns_and_timers() {
    for time in TIMES {
        run(async |system| {
            let mill: MillHandle = system.spawn(Mill);
            assert!(mill.arm(time).await.unwrap());
            let _ = mill.ask(1).timeout(time).await;
            let _ = mill.tell(1).timeout(time).await;
            let _ = mill.reserve::<mill_messages::Tell>().timeout(time).await;
            tokio::time::sleep(SECOND).await;
            let other: MillHandle = system.spawn(Mill);
            other.ask(1).await.unwrap();
            assert_ne!(other.stop().within(time).await.reason().unwrap(), StopReason::RuntimeGone);
            assert_ne!(
                mill.stop().within(HOUR).within(time).await.reason().unwrap(),
                StopReason::RuntimeGone
            );
            let idle: MillHandle = system.spawn(Mill);
            let report = system.shutdown(time).await;
            assert!(report.unfinished.is_empty(), "{report}");
            assert!(idle.is_closed());
        });
    }
}

#[test]
fn rates_and_times_of_sizing() {
    let rates = [f64::NEG_INFINITY, -1.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::MAX, f64::INFINITY, f64::NAN];
    for (peak, usual) in rates.iter().flat_map(|peak| rates.iter().map(move |usual| (*peak, *usual))) {
        let _ = sojourn(peak, usual);
        for (service, burst) in rates.iter().flat_map(|rate| TIMES.iter().map(move |time| (*rate, *time))) {
            match (Load { peak, usual, service, burst }).size() {
                Ok(sizing) => assert!(sizing.slots >= 1 && sizing.wait <= Duration::MAX),
                Err(error) => assert!(error.to_string().len() > 20, "{error}"),
            }
        }
    }
}
