//! Pressure, and what a supervisor does about it, in simulated time (P1 to P7). The laws by themselves are tested beside them, in
//! `policy`; here it is the whole way: from a mailbox that fills to senders that are refused, wait, or are served by more.

use actors_core::prelude::*;
use actors_core::{Action, Cause, DecisionKind, Level, Pressure, Restart, testing};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Works for ten milliseconds per message, as far as the database has a connection left.
struct Jobs {
    database: Arc<Semaphore>,
    done: Arc<AtomicU64>,
}

impl Jobs {
    async fn work(&self) {
        if let Ok(_connection) = self.database.acquire().await {
            sleep(ms(10)).await;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

#[actor(capacity = 256)]
impl Jobs {
    #[message(overflow = block)]
    async fn job(&mut self) {
        self.work().await;
    }

    #[message(overflow = reject, priority = low)]
    async fn report(&mut self) {
        self.work().await;
    }

    #[message(overflow = reject, priority = high)]
    async fn order(&mut self) {
        self.work().await;
    }
}

/// A pool over a database with so many connections.
struct World {
    system: System,
    jobs: JobsHandle,
    done: Arc<AtomicU64>,
    database: Arc<Semaphore>,
}

impl World {
    fn new(system: &System, connections: usize, most: usize, pressure: Pressure) -> World {
        let (database, done) = (Arc::new(Semaphore::new(connections)), Arc::new(AtomicU64::new(0)));
        let (shared, counted) = (database.clone(), done.clone());
        let jobs = system
            .actor(move || Jobs { database: shared.clone(), done: counted.clone() })
            .name("jobs")
            .workers(1..=most)
            .keep_alive(5 * SECOND)
            .pressure(pressure)
            .spawn()
            .unwrap();
        World { system: system.clone(), jobs, done, database }
    }

    /// Sends for so long, one message a period, and does not wait for what becomes of it.
    async fn send(&self, span: Duration, period: Duration, send: impl Fn(&JobsHandle)) {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let end = Instant::now() + span;
        while Instant::now() < end {
            ticks.tick().await;
            send(&self.jobs);
        }
    }

    /// Messages handled in the next so long.
    async fn handled(&self, span: Duration) -> u64 {
        let before = self.done.load(Ordering::Relaxed);
        sleep(span).await;
        self.done.load(Ordering::Relaxed) - before
    }

    fn changes(&self) -> Vec<DecisionKind> {
        let decisions = self.system.decisions().into_iter();
        decisions
            .filter(|decision| matches!(decision.cause, Cause::Load { .. }))
            .map(|decision| decision.kind)
            .collect()
    }

    fn count(&self, is_meant: impl Fn(&DecisionKind) -> bool) -> usize {
        self.changes().iter().filter(|kind| is_meant(kind)).count()
    }

    fn sentences(&self) -> String {
        let decisions = self.system.decisions();
        decisions.iter().map(|decision| format!("{:?} {decision}\n", decision.at)).collect()
    }
}

fn job(jobs: &JobsHandle) {
    tokio::spawn(jobs.job().owned());
}

fn order(jobs: &JobsHandle) {
    let _ = jobs.order().try_send();
}

fn report(jobs: &JobsHandle) {
    let _ = jobs.report().try_send();
}

fn parks() -> u64 {
    tokio::runtime::Handle::current().metrics().worker_park_count(0)
}

// --- P1: watching and levels ------------------------------------------------------------------------------------------

#[test]
fn p1_a_reading_sends_nothing_to_the_watched() {
    testing::run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new());
        for _ in 0..10 {
            world.jobs.order().await.unwrap();
        }
        // Nobody answers while the database has no connection, and yet all is known.
        sleep(2 * SECOND).await;
        let reading = world.jobs.reading();
        assert_eq!((reading.depth, reading.workers, reading.workers_busy, reading.waiting), (9, 1, 1, 0));
        assert_eq!(world.jobs.ledger().total().offered, 10);
        assert!(reading.oldest_age >= 2 * SECOND && reading.stuck >= ms(1900), "{reading:?}");
        world.database.add_permits(1);
    });
}

#[test]
fn p1_ten_thousand_calm_actors_cost_no_timer() {
    testing::run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Shed, Action::Block]);
        let calm: Vec<JobsHandle> = (0..10_000)
            .map(|_| {
                let (database, done) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicU64::new(0)));
                system.instance(Jobs { database, done }).pressure(pressure).spawn().unwrap()
            })
            .collect();
        for jobs in &calm {
            jobs.report().await.unwrap();
        }
        testing::quiet(&system).await;
        // What was busy a moment ago is looked at a little longer.
        sleep(60 * SECOND).await;
        let before = parks();
        sleep(3600 * SECOND).await;
        let ticks = parks() - before;
        assert!(ticks <= 12, "woke up {ticks} times in a calm hour");
        // And whoever gets a message later is seen again.
        let held = testing::hold(&calm[7]);
        for _ in 0..300 {
            let _ = calm[7].report().try_send();
        }
        sleep(SECOND).await;
        assert!(calm[7].reading().level > Level::Calm);
        assert_eq!(calm[8].reading().level, Level::Calm);
        drop(held);
    });
}

#[test]
fn p1_a_level_rises_with_the_fill_and_falls_under_the_low_mark_once_per_dwell() {
    testing::run(async |system| {
        let pressure = Pressure::new().high(0.5).low(0.25).target(3600 * SECOND).dwell(SECOND);
        let world = World::new(&system, 1000, 1, pressure);
        let held = testing::hold(&world.jobs);
        let fill = async |from: usize, to: usize| {
            for _ in from..to {
                world.jobs.job().await.unwrap();
            }
            sleep(3 * SECOND).await;
            world.jobs.reading().level
        };
        assert_eq!(fill(0, 127).await, Level::Calm);
        assert_eq!(fill(127, 128).await, Level::Overloaded, "and the second step came a dwell later");
        held.release();
        testing::quiet(&system).await;
        sleep(3 * SECOND).await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
        let levels: Vec<_> = system.decisions().into_iter().map(|decision| decision.at).collect();
        assert_eq!(levels.len(), 4, "{}", world.sentences());
        for pair in levels.windows(2) {
            assert!(pair[1] - pair[0] >= SECOND, "{}", world.sentences());
        }
    });
}

#[test]
fn p1_a_level_rises_where_even_the_quickest_message_stays_too_long() {
    testing::run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().target(ms(50)));
        // A fifth of the slots at most, but each message waits for twenty others.
        for _ in 0..20 {
            order(&world.jobs);
        }
        world.send(2 * SECOND, ms(10), order).await;
        assert!(world.jobs.reading().depth < 64);
        assert!(world.jobs.reading().level > Level::Calm, "{}", world.sentences());
        sleep(3 * SECOND).await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
    });
}

#[test]
fn p1_where_nothing_is_declared_nothing_is_done() {
    testing::run(async |system| {
        let (database, done) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicU64::new(0)));
        let jobs: JobsHandle = system.spawn(Jobs { database, done });
        let held = testing::hold(&jobs);
        for _ in 0..1000 {
            report(&jobs);
        }
        sleep(60 * SECOND).await;
        assert!(system.decisions().is_empty());
        assert_eq!(jobs.ledger().total().refused(Reason::Shed), 0);
        let before = parks();
        sleep(3600 * SECOND).await;
        assert!(parks() - before <= 12, "nobody looks");
        drop(held);
    });
}

// --- P2: block --------------------------------------------------------------------------------------------------------

#[test]
fn p2_under_pressure_senders_of_block_types_wait_early_and_others_do_not() {
    testing::run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Block]);
        let world = World::new(&system, 1000, 1, pressure);
        let held = testing::hold(&world.jobs);
        for _ in 0..210 {
            world.jobs.job().await.unwrap();
        }
        sleep(SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SoftLimitBegan { .. })),
            1,
            "{}",
            world.sentences()
        );
        assert_eq!(world.jobs.job().try_send().unwrap_err().reason(), Reason::Full);
        let waiting = tokio::spawn(world.jobs.job().owned());
        sleep(SECOND).await;
        assert_eq!((world.jobs.reading().waiting, world.jobs.reading().depth), (1, 210));
        order(&world.jobs);
        assert_eq!(world.jobs.reading().depth, 211, "what does not wait finds the slots as they are");
        held.release();
        assert_eq!(waiting.await.unwrap().unwrap(), Admission::Waited);
        testing::quiet(&system).await;
        sleep(5 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SoftLimitEnded)),
            1,
            "{}",
            world.sentences()
        );
        let held = testing::hold(&world.jobs);
        for _ in 0..224 {
            world.jobs.job().try_send().unwrap();
        }
        drop(held);
    });
}

#[test]
fn p2_a_mailbox_with_a_soft_limit_keeps_its_order_and_loses_nothing() {
    testing::run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().target(ms(5)).respond(&[Action::Block]));
        for _ in 0..600 {
            job(&world.jobs);
        }
        sleep(60 * SECOND).await;
        let total = world.jobs.ledger().total();
        // 256 may wait, 224 get in at once or later; the rest were refused, and told so.
        assert_eq!(total.handled + total.refused(Reason::Full), 600, "{total:?}");
        assert!(total.is_balanced() && world.jobs.reading().level == Level::Calm);
    });
}

/// A till whose mailbox is flooded with trifles.
struct Till;

#[actor(capacity = 64)]
impl Till {
    #[message(overflow = reject, priority = low)]
    async fn look(&mut self) {
        sleep(ms(4)).await;
    }

    #[message(overflow = block, priority = high)]
    async fn pay(&mut self) {
        sleep(ms(4)).await;
    }
}

#[test]
fn p2_a_soft_limit_keeps_nobody_waiting_for_what_lies_below_it() {
    testing::run(async |system| {
        for respond in [&[][..], &[Action::Block]] {
            let till: TillHandle =
                system.instance(Till).pressure(Pressure::new().respond(respond)).spawn().unwrap();
            let flood = async {
                for _ in 0..8000 {
                    sleep(Duration::from_micros(500)).await;
                    let _ = till.look().try_send();
                }
            };
            let paying = async {
                for n in 0..100 {
                    sleep(ms(40)).await;
                    let began = Instant::now();
                    till.pay().await.unwrap();
                    assert!(began.elapsed() < ms(10), "{n}: {:?} {respond:?}", began.elapsed());
                }
            };
            tokio::join!(flood, paying);
        }
        let is_limited =
            |decision: &actors_core::Decision| matches!(decision.kind, DecisionKind::SoftLimitBegan { .. });
        assert!(system.decisions().iter().any(is_limited));
    });
}

// --- P3: shed ---------------------------------------------------------------------------------------------------------

#[test]
fn p3_the_lowest_priority_is_refused_before_the_mailbox_and_the_message_comes_back() {
    testing::run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().respond(&[Action::Shed]));
        // Ten times what it can do, nine tenths of it low.
        let sending = async {
            tokio::join!(
                world.send(10 * SECOND, ms(1), report),
                world.send(10 * SECOND, ms(12), order),
                world.send(10 * SECOND, ms(100), job)
            );
        };
        let watching = async {
            sleep(5 * SECOND).await;
            let refused = (0..1000).filter_map(|_| world.jobs.report().try_send().err());
            let errors: Vec<_> = refused.collect();
            let is_shed = |error: &&SendError<_>| error.reason() == Reason::Shed;
            let shed: Vec<_> = errors.iter().filter(is_shed).collect();
            assert!(shed.len() > 800, "{} of 1000", shed.len());
            assert!(shed.iter().all(|error| error.retry_after().is_some_and(|wait| !wait.is_zero())));
            // A share of the lane passes, so that the first ask may: about one in twenty does.
            let mut refused = None;
            for _ in 0..20 {
                refused = refused.or(world.jobs.report().ask().await.err());
            }
            assert_eq!(refused.map(|error| error.reason()), Some(Reason::Shed));
            // A type that waits is never shed.
            assert_eq!(world.jobs.ledger().of::<jobs_messages::Job>().refused(Reason::Shed), 0);
        };
        tokio::join!(sending, watching);
        let reports = world.jobs.ledger().of::<jobs_messages::Report>();
        assert!(reports.refused(Reason::Shed) > 5000 && reports.is_balanced(), "{reports:?}");
        sleep(30 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SheddingEnded)),
            1,
            "{}",
            world.sentences()
        );
        world.jobs.report().try_send().unwrap();
    });
}

#[test]
fn p3_at_ten_times_the_load_nearly_all_of_the_high_priority_is_handled() {
    testing::run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().respond(&[Action::Shed]));
        // 100 a second are handled; 90 of high priority are offered, and 910 of low.
        let sent = |jobs: &JobsHandle| order(jobs);
        tokio::join!(
            world.send(60 * SECOND, Duration::from_micros(11_111), sent),
            world.send(60 * SECOND, Duration::from_micros(1_099), report)
        );
        sleep(10 * SECOND).await;
        let orders = world.jobs.ledger().of::<jobs_messages::Order>();
        let goodput = orders.handled as f64 / orders.offered as f64;
        assert!(goodput >= 0.98, "{goodput} {}", world.sentences());
        // Not only because strict priorities and the reserve would see to it: most of the rest never touches the mailbox.
        let reports = world.jobs.ledger().of::<jobs_messages::Report>();
        assert!(reports.refused(Reason::Shed) > 4 * reports.refused(Reason::Full), "{reports:?}");
        let changes: Vec<_> = system
            .decisions()
            .into_iter()
            .filter(|decision| matches!(decision.kind, DecisionKind::LevelChanged { .. }))
            .map(|decision| decision.at)
            .collect();
        assert!(changes.windows(2).all(|pair| pair[1] - pair[0] >= ms(500)), "{}", world.sentences());
    });
}

#[test]
fn p3_a_message_with_a_permit_is_not_shed() {
    testing::run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new().respond(&[Action::Shed]));
        let permit = world.jobs.reserve::<jobs_messages::Report>().await.unwrap();
        world.send(5 * SECOND, ms(1), report).await;
        assert!(world.jobs.ledger().total().refused(Reason::Shed) > 0, "{}", world.sentences());
        permit.send(jobs_messages::Report {}).unwrap();
        world.database.add_permits(1);
        world.database.close();
    });
}

// --- P4: spawn --------------------------------------------------------------------------------------------------------

#[test]
fn p4_a_pool_grows_with_demand_and_shrinks_without_traffic() {
    testing::run(async |system| {
        let world = World::new(&system, 100, 8, Pressure::new().respond(&[Action::Spawn]));
        // Eight workers' worth, from one moment to the next.
        let measuring = async {
            sleep(SECOND).await;
            world.handled(SECOND).await
        };
        let ((), rate) = tokio::join!(world.send(4 * SECOND, Duration::from_micros(1250), job), measuring);
        assert!(rate >= 720, "{rate} of 800 a second\n{}", world.sentences());
        let sizes = world.changes().into_iter().filter_map(|kind| match kind {
            DecisionKind::WorkersAdded { to, .. } | DecisionKind::WorkersTakenBack { to, .. } => Some(to),
            _ => None,
        });
        assert!(sizes.clone().is_sorted() || sizes.count() <= 4, "{}", world.sentences());
        sleep(6 * SECOND).await;
        assert_eq!((world.jobs.reading().workers, world.jobs.reading().level), (1, Level::Calm));
        let total = world.jobs.ledger().total();
        assert_eq!(total.handled, total.offered);
    });
}

#[test]
fn p4_more_workers_do_not_help_a_slow_database_and_the_next_action_does() {
    testing::run(async |system| {
        let world = World::new(&system, 2, 16, Pressure::new().respond(&[Action::Spawn, Action::Shed]));
        tokio::join!(world.send(20 * SECOND, ms(2), report), world.send(20 * SECOND, ms(20), order), async {
            sleep(15 * SECOND).await;
            let workers = world.jobs.reading().workers;
            assert!(
                (2..=8).contains(&workers),
                "{workers} workers for two connections\n{}",
                world.sentences()
            );
        });
        let what: Vec<_> = world.changes();
        let taken_back = what.iter().position(|what| matches!(what, DecisionKind::WorkersTakenBack { .. }));
        let shedding = what.iter().position(|what| matches!(what, DecisionKind::SheddingBegan));
        assert!(taken_back.is_some() && taken_back < shedding, "{}", world.sentences());
        let orders = world.jobs.ledger().of::<jobs_messages::Order>();
        assert!(orders.handled as f64 >= 0.9 * orders.offered as f64, "{orders:?}\n{}", world.sentences());
    });
}

// --- P5: in order, and as sentences -----------------------------------------------------------------------------------

#[test]
fn p5_actions_escalate_in_the_declared_order_and_retreat_in_reverse() {
    testing::run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Block, Action::Spawn, Action::Shed]);
        let world = World::new(&system, 1, 4, pressure);
        tokio::join!(world.send(20 * SECOND, ms(2), report), world.send(20 * SECOND, ms(50), job),);
        sleep(60 * SECOND).await;
        let changes = world.changes();
        let at = |is_meant: fn(&DecisionKind) -> bool| {
            changes.iter().position(|kind| is_meant(kind)).unwrap_or_else(|| panic!("{}", world.sentences()))
        };
        let began = [
            at(|what| matches!(what, DecisionKind::SoftLimitBegan { .. })),
            at(|what| matches!(what, DecisionKind::WorkersAdded { .. })),
            at(|what| matches!(what, DecisionKind::SheddingBegan)),
        ];
        assert!(began.is_sorted(), "{}", world.sentences());
        let ended = [
            at(|what| matches!(what, DecisionKind::SheddingEnded)),
            at(|what| matches!(what, DecisionKind::SoftLimitEnded)),
        ];
        assert!(ended.is_sorted() && began[2] < ended[0], "{}", world.sentences());
        assert_eq!(world.jobs.reading().workers, 1);
        // At rest: nobody looks any more.
        sleep(600 * SECOND).await;
        let before = parks();
        sleep(3600 * SECOND).await;
        assert!(parks() - before <= 12, "{}", world.sentences());
    });
}

#[test]
fn p5_every_decision_is_kept_as_a_value_and_a_sentence_and_the_log_is_bounded() {
    testing::run(async |system| {
        let world = World::new(&system, 100, 8, Pressure::new().respond(&[Action::Spawn]));
        world.send(2 * SECOND, Duration::from_micros(1250), job).await;
        let decisions = system.decisions();
        let added = decisions
            .iter()
            .find(|decision| matches!(decision.kind, DecisionKind::WorkersAdded { .. }))
            .unwrap();
        let sentence = added.to_string();
        assert!(sentence.starts_with("jobs at ") && sentence.contains("started"), "{sentence}");
        let panics: PanicsHandle = system
            .actor(|| Panics)
            .name("panics")
            .restart(Restart::on_failure().at_most(1, Duration::ZERO))
            .spawn()
            .unwrap();
        for _ in 0..2000 {
            let _ = panics.now().ask().await;
        }
        let decisions = system.decisions();
        assert_eq!(decisions.len(), 1024);
        assert!(decisions.windows(2).all(|pair| pair[1].serial == pair[0].serial + 1));
        assert_eq!(decisions[1023].to_string(), "panics panicked: begins anew at once");
    });
}

struct Panics;

#[actor]
impl Panics {
    #[message]
    fn now(&mut self) {
        panic!("as it was told to")
    }
}

// --- P6: the declared policy is what holds --------------------------------------------------------------------------------

#[test]
fn p6_without_its_supervisor_the_declared_policy_holds() {
    testing::run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Shed, Action::Block]);
        let world = World::new(&system, 0, 1, pressure);
        world.send(10 * SECOND, ms(2), report).await;
        let shed = world.jobs.ledger().total().refused(Reason::Shed);
        assert!(shed > 0 && world.jobs.reading().level > Level::Calm, "{}", world.sentences());
        testing::kill_supervisor(&system);
        tokio::task::yield_now().await;
        assert_eq!(world.jobs.reading().level, Level::Calm);
        // The mailbox is full: refused, as its types declare, for want of room and for nothing else.
        let depth = world.jobs.reading().depth;
        for _ in 0..300 {
            report(&world.jobs);
        }
        assert_eq!(world.jobs.ledger().total().refused(Reason::Shed), shed);
        assert_eq!(world.jobs.reading().depth, depth.max(224));
        let waiting = tokio::spawn(world.jobs.job().owned());
        sleep(SECOND).await;
        assert_eq!(world.jobs.reading().waiting, 1);
        world.database.close();
        waiting.await.unwrap().unwrap();
        testing::quiet(&system).await;
        let decisions = system.decisions().len();
        world.send(10 * SECOND, ms(2), report).await;
        assert_eq!(system.decisions().len(), decisions, "nobody decides any more");
        assert!(world.jobs.ledger().is_balanced());
    });
}

// --- P7: when to try again ------------------------------------------------------------------------------------------------

#[test]
fn p7_who_is_shed_is_told_when_the_backlog_will_be_gone() {
    testing::run(async |system| {
        // With a target of a second there is mostly a backlog.
        let pressure = Pressure::new().respond(&[Action::Shed]).target(SECOND);
        let world = World::new(&system, 1000, 1, pressure);
        tokio::join!(world.send(20 * SECOND, ms(1), report), async {
            sleep(19 * SECOND).await;
            // The senders are told what the supervisor saw in its last look, which is at most 10 ms old.
            let (mut soonest, mut latest) = (f64::MAX, 0.0f64);
            for _ in 0..=12 {
                let reading = world.jobs.reading();
                let due = match reading.depth {
                    // P9: without a backlog it is a guess, at most 10 ms.
                    0 => (0.00125, 0.01),
                    depth => (depth as f64 / reading.drain_rate, depth as f64 / reading.drain_rate),
                };
                (soonest, latest) = (soonest.min(due.0), latest.max(due.1));
                sleep(ms(1)).await;
            }
            let waits: Vec<f64> = (0..200)
                .filter_map(|_| world.jobs.report().try_send().err())
                .filter(|error| error.reason() == Reason::Shed)
                .filter_map(|error| Some(error.retry_after()?.as_secs_f64()))
                .collect();
            let least = waits.iter().copied().fold(f64::MAX, f64::min);
            let most = waits.iter().copied().fold(0.0, f64::max);
            assert!(waits.len() > 100, "{} of 200 are shed", waits.len());
            assert!(
                least > 0.79 * soonest && most < 1.21 * latest,
                "{least} to {most}, due {soonest} to {latest}"
            );
            assert!(most > 1.3 * least, "not spread, so that they come back together: {least} to {most}");
        });
    });
}

// --- F3 ----------------------------------------------------------------------------------------------------------------

#[test]
fn f3_a_stalled_actor_is_reported_as_that_and_overload_is_no_failure() {
    testing::run(async |system| {
        let world = World::new(&system, 0, 1, Pressure::new().respond(&[Action::Shed]));
        world.send(10 * SECOND, ms(10), report).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::Stalled { .. })),
            0,
            "{}",
            world.sentences()
        );
        sleep(40 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::Stalled { .. })),
            1,
            "{}",
            world.sentences()
        );
        assert!(world.jobs.reading().stuck > 40 * SECOND);
        world.database.add_permits(1);
        sleep(SECOND).await;
        assert_eq!(world.count(|what| matches!(what, DecisionKind::Resumed)), 1, "{}", world.sentences());
        assert!(world.jobs.reading().stuck < SECOND);
        let restarts =
            system.decisions().into_iter().filter(|decision| !matches!(decision.cause, Cause::Load { .. }));
        assert_eq!(restarts.count(), 0, "overload is no failure");
        world.database.close();
    });
}
