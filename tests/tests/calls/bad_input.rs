//! What a program can get wrong: each a clear error or a defined outcome, never a hang, never a message without one.

use actors_core::prelude::*;
use actors_core::{Overflow, SpawnError, testing};
use actors_tests::{HOUR, SECOND, finishes, others, poll, run};
use desk_messages as m;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// The text of a panic.
fn text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&'static str>().unwrap()).to_owned(),
    }
}

type Hook = Arc<dyn Fn() + Send + Sync>;

/// A key, or a cargo, that is as unpleasant as a test wants it.
struct Odd {
    key: u32,
    on_hash: Option<Hook>,
    on_eq: Option<Hook>,
    on_debug: Option<Hook>,
    on_drop: Option<Hook>,
}

fn call(hook: &Option<Hook>) {
    if let Some(hook) = hook {
        hook();
    }
}

impl Hash for Odd {
    fn hash<H: Hasher>(&self, state: &mut H) {
        call(&self.on_hash);
        self.key.hash(state);
    }
}

impl PartialEq for Odd {
    fn eq(&self, other: &Self) -> bool {
        call(&self.on_eq);
        call(&other.on_eq);
        self.key == other.key
    }
}

impl Eq for Odd {}

impl std::fmt::Debug for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        call(&self.on_debug);
        write!(f, "odd {}", self.key)
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        call(&self.on_drop);
    }
}

fn odd(key: u32) -> Odd {
    Odd { key, on_hash: None, on_eq: None, on_debug: None, on_drop: None }
}

struct Desk;

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn work(&mut self, n: u32) {
        let _ = n;
    }

    #[message(overflow = block)]
    fn question(&mut self, n: u32) -> u32 {
        n
    }

    #[message]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message(overflow = conflate, key = key)]
    fn keyed(&mut self, key: Odd) {
        drop(key);
    }

    #[message(overflow = drop_oldest, ttl = "5s")]
    fn cargo(&mut self, cargo: Odd) {
        drop(cargo);
    }

    #[message(overflow = block)]
    fn cargo_asked(&mut self, cargo: Odd) -> Odd {
        cargo
    }

    #[message]
    fn bomb(&mut self, bomb: Arc<dyn Fn() + Send + Sync>) -> u32 {
        bomb();
        1
    }

    #[message]
    fn ticks(&mut self, every: Duration, ctx: &mut Context<Self>) -> bool {
        ctx.send_every(every, m::Work { n: 0 }).is_ok()
    }

    #[message]
    fn arms(&mut self, after: Duration, ctx: &mut Context<Self>) -> bool {
        ctx.send_after(after, m::Work { n: 0 }).is_ok()
    }
}

fn settings_error(spawned: Result<DeskHandle, SpawnError>) -> String {
    match spawned {
        Err(error @ SpawnError::Settings(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

// --- settings and names --------------------------------------------------------------------------------------------

#[test]
fn numbers_that_cannot_be_are_refused_with_a_sentence() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk");
        for (spawned, word) in [
            (open().capacity(0).spawn(), "at least 1"),
            (open().capacity(usize::MAX).spawn(), "2^24"),
            (open().capacity((1 << 24) + 1).spawn(), "2^24"),
            (open().max_waiting(usize::MAX).spawn(), "2^24"),
            (open().capacity(8).reserve(8).spawn(), "at most 7"),
            (open().capacity(8).reserve(usize::MAX).spawn(), "at most 7"),
            (open().capacity(1).reserve(1).spawn(), "at most 0"),
        ] {
            let why = settings_error(spawned);
            assert!(why.contains(word) && why.contains("`desk`"), "{why}");
        }
        // Nothing of it was started, so the name is free.
        assert!(open().spawn::<DeskHandle>().is_ok());
    });
}

#[test]
fn the_largest_mailbox_costs_nothing_until_it_is_used() {
    run(async |system| {
        let desk: DeskHandle = system.instance(Desk).capacity(1 << 24).spawn().unwrap();
        assert_eq!(desk.question(1).await.unwrap(), 1);
    });
}

#[test]
fn policies_that_cannot_be_are_refused_with_a_sentence() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk");
        for (spawned, word) in [
            (open().policy::<m::Work>(|policy| policy.overflow(&[])).spawn(), "at least one word"),
            (
                open().policy::<m::Work>(|policy| policy.overflow(&[Overflow::Conflate])).spawn(),
                "needs a key",
            ),
            (open().policy::<m::Work>(|policy| policy.ttl(Duration::ZERO)).spawn(), "ttl of zero"),
            (open().policy::<m::Work>(|policy| policy.timeout(Duration::ZERO)).spawn(), "timeout of zero"),
        ] {
            let why = settings_error(spawned);
            assert!(why.contains(word), "{why}");
            assert!(why.contains("`desk`") && why.contains("`Work`"), "{why}");
        }
    });
}

#[test]
fn a_name_is_taken_while_its_actor_lives_and_free_afterwards() {
    run(async |system| {
        let open = || system.instance(Desk).name("desk").spawn::<DeskHandle>();
        let first = open().unwrap();
        match open() {
            Err(error @ SpawnError::NameTaken(_)) => assert!(error.to_string().contains("`desk`")),
            other => panic!("{other:?}"),
        }
        assert_eq!(first.question(1).await.unwrap(), 1, "the first one is unharmed");
        let _ = first.stop().await;
        assert!(open().is_ok());
    });
}

#[test]
fn an_invented_name_never_collides_with_one_that_was_given() {
    run(async |system| {
        let mut actors: Vec<DeskHandle> =
            (1..50).map(|n| system.instance(Desk).name(format!("desk-{n}")).spawn().unwrap()).collect();
        for n in 50..100 {
            let named = system.instance(Desk).name(format!("desk-{}", 2 * n)).spawn();
            actors.push(named.unwrap());
        }
        for _ in 0..100 {
            let unnamed = system.instance(Desk).spawn::<DeskHandle>();
            assert!(unnamed.is_ok(), "{unnamed:?}");
            actors.extend(unnamed);
        }
    });
}

#[test]
fn find_finds_only_what_lives_and_only_by_its_own_type() {
    run(async |system| {
        struct Other;
        #[actor(local)]
        impl Other {
            #[message]
            fn nothing(&mut self) {}
        }
        let desk: DeskHandle = system.instance(Desk).name("desk").spawn().unwrap();
        assert!(system.find::<DeskHandle>("desk").is_some());
        assert!(system.find::<OtherHandle>("desk").is_none());
        assert!(system.find::<DeskHandle>("").is_none());
        let _ = desk.stop().await;
        assert!(system.find::<DeskHandle>("desk").is_none());
    });
}

#[test]
fn a_factory_that_panics_is_an_error_of_spawn() {
    run(async |system| {
        let build = || -> Desk { panic!("no database") };
        match system.actor(build).name("desk").spawn::<DeskHandle>() {
            Err(error @ SpawnError::FactoryPanicked { .. }) => {
                assert_eq!(error.to_string(), "the factory of actor `desk` panicked: no database");
            }
            other => panic!("{other:?}"),
        }
        assert!(system.instance(Desk).name("desk").spawn::<DeskHandle>().is_ok());
    });
}

#[test]
fn a_system_that_was_shut_down_starts_no_more_and_says_so() {
    run(async |system| {
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean());
        match system.instance(Desk).spawn::<DeskHandle>() {
            Err(error @ SpawnError::ShuttingDown(_)) => assert!(error.to_string().contains("`test`")),
            other => panic!("{other:?}"),
        }
        // Without an error to return, it is an actor that is closed from the beginning.
        let late = system.spawn(Desk);
        assert_eq!(late.work(1).await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(late.closed().await, StopReason::Stopped);
    });
}

#[test]
fn an_endless_shutdown_waits_for_the_end() {
    run(async |system| {
        let desk = system.spawn(Desk);
        desk.rest(HOUR).tell().await.unwrap();
        let report = system.shutdown(Duration::MAX).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.total.handled, 1);
    });
}

#[test]
fn a_shutdown_inside_a_turn_reports_the_turn_s_actor_and_lets_it_end() {
    run(async |system| {
        struct Suicidal;
        #[actor(local)]
        impl Suicidal {
            #[message]
            async fn end_all(&mut self, ctx: &mut Context<Self>) -> usize {
                let system = ctx.system().clone();
                system.shutdown(SECOND).await.unfinished.len()
            }
        }
        let begun = tokio::time::Instant::now();
        let actor = system.spawn(Suicidal);
        assert_eq!(actor.end_all().await.unwrap(), 1);
        assert_eq!(actor.closed().await, StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn dead_letters_of_a_system_that_was_shut_down_have_ended() {
    run(async |system| {
        let mut before = system.dead_letters();
        system.shutdown(SECOND).await;
        assert!(before.next().await.is_none());
        let mut after = system.dead_letters();
        assert!(matches!(poll(&mut Box::pin(after.next())), Poll::Ready(None)));
    });
}

// --- no runtime ----------------------------------------------------------------------------------------------------

#[test]
fn spawning_outside_of_a_runtime_is_an_error_that_says_what_to_do() {
    let system = System::new("outside");
    match system.instance(Desk).spawn::<DeskHandle>() {
        Err(error @ SpawnError::NoRuntime) => assert!(error.to_string().contains("inside one")),
        other => panic!("{other:?}"),
    }
    let panic = catch_unwind(AssertUnwindSafe(|| system.spawn(Desk))).unwrap_err();
    assert!(text(panic).contains("no tokio runtime"));
}

#[test]
fn a_system_made_outside_of_a_runtime_lives_on_the_first_one_it_meets() {
    let system = System::new("outside");
    let runtime = paused();
    let desk: DeskHandle = {
        let _inside = runtime.enter();
        system.spawn(Desk)
    };
    // From now on it knows where.
    let other: DeskHandle = system.spawn(Desk);
    runtime.block_on(async {
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(other.question(2).await.unwrap(), 2);
    });
}

#[test]
fn a_plain_thread_may_try_send_and_drop_and_stop_and_kill() {
    let runtime = paused();
    let (desk, other, third) = runtime.block_on(async {
        let system = System::new("threads");
        (system.spawn(Desk), system.spawn(Desk), system.spawn(Desk))
    });
    let (to_desk, to_other) = (desk.clone(), other.clone());
    let thread = std::thread::spawn(move || {
        assert_eq!(to_desk.work(1).try_send().unwrap(), Admission::Queued);
        assert_eq!(to_desk.reading().depth, 1);
        assert_eq!(to_desk.ledger().total().offered, 1);
        drop(to_other.stop());
        drop(third.work(1).try_send());
        third.kill();
        third.closed()
    });
    let third = thread.join().unwrap();
    runtime.block_on(async {
        assert_eq!(desk.question(2).await.unwrap(), 2);
        assert_eq!(desk.ledger().of::<m::Work>().handled, 1);
        assert_eq!(other.closed().await, StopReason::Stopped);
        assert_eq!(third.await, StopReason::Killed);
    });
}

#[test]
fn a_send_may_be_polled_outside_of_any_runtime() {
    let runtime = paused();
    let desk = runtime.block_on(async { System::new("outside").spawn(Desk) });
    for n in 0..4 {
        assert!(matches!(poll(&mut desk.work(n)), Poll::Ready(Ok(Admission::Queued))));
    }
    let mut waiting = desk.work(4).timeout(HOUR);
    let mut asked = desk.question(5);
    assert!(poll(&mut waiting).is_pending() && poll(&mut asked).is_pending());
    runtime.block_on(async {
        assert_eq!(waiting.await.unwrap(), Admission::Waited);
        assert_eq!(asked.await.unwrap(), 5);
    });
}

#[test]
fn blocking_inside_of_a_runtime_is_a_panic_and_not_a_hang() {
    run(async |system| {
        let desk = system.spawn(Desk);
        for call in [
            catch_unwind(AssertUnwindSafe(|| drop(desk.question(1).blocking()))),
            catch_unwind(AssertUnwindSafe(|| drop(desk.work(1).blocking()))),
        ] {
            assert!(text(call.unwrap_err()).contains("runtime"));
        }
        // Nothing was sent, nothing is broken.
        assert_eq!(desk.ledger().total().offered, 0);
        assert_eq!(desk.question(2).await.unwrap(), 2);
    });
}

// --- the runtime ends beneath the actors ---------------------------------------------------------------------------

#[test]
fn askers_are_told_when_the_runtime_ends_beneath_the_actor() {
    let (here, there) = (paused(), paused());
    let system = there.block_on(async { System::new("doomed") });
    let mut lost = system.dead_letters();
    let desk: DeskHandle = there.block_on(async { system.spawn(Desk) });
    let mut running = desk.rest(HOUR);
    assert!(poll(&mut running).is_pending());
    there.block_on(others());
    let mut queued: Vec<_> = (0..4).map(|n| desk.question(n)).collect();
    assert!(queued.iter_mut().all(|ask| poll(ask).is_pending()));
    let mut in_line = desk.question(4).returning();
    assert!(poll(&mut in_line).is_pending());
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(running.await.unwrap_err().reason(), Reason::Closed);
            for ask in queued {
                assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
            }
            let (error, message) = in_line.await.unwrap_err();
            assert_eq!((error.reason(), message.unwrap().n), (Reason::Closed, 4));
            assert_eq!(desk.closed().await, StopReason::RuntimeGone);
        };
        tokio::time::timeout(HOUR, all).await.expect("an asker waits for what never comes");
    });
    let total = desk.ledger().total();
    assert!(total.is_balanced(), "{}", desk.ledger());
    assert_eq!((total.undelivered, total.refused(Reason::Closed)), (5, 1));
    // The books name every loss; so do the letters, except that nobody is left to say it for the turn that was cut off.
    let told = std::iter::from_fn(|| lost.try_next()).count();
    assert!(told >= 4, "{told}");
}

#[test]
fn an_actor_without_a_task_ends_when_it_is_first_used_after_its_runtime_has_gone() {
    let (here, there) = (paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("doomed").spawn(Desk) });
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.work(1).await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.work(1).try_send().unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.closed().await, StopReason::RuntimeGone);
            let _ = desk.stop().await;
            desk.kill();
        };
        tokio::time::timeout(HOUR, all).await.expect("it waits for what never comes");
    });
    assert!(desk.ledger().is_balanced());
}

#[test]
fn handles_of_a_gone_runtime_may_be_used_and_dropped_from_a_plain_thread() {
    finishes(|| {
        let runtime = paused();
        let desk: DeskHandle = runtime.block_on(async {
            let desk = System::new("doomed").spawn(Desk);
            assert_eq!(desk.question(1).await.unwrap(), 1);
            desk
        });
        drop(runtime);
        assert_eq!(desk.work(1).try_send().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.work(1).blocking().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.question(1).blocking().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.ledger().total().handled, 1);
        assert!(desk.is_closed());
        drop((desk.stop(), desk.watch(), desk));
    });
}

#[test]
fn an_actor_that_is_just_starting_is_told_too_when_its_runtime_ends() {
    struct Slow;
    #[actor(local)]
    impl Slow {
        #[started]
        async fn open(&mut self) {
            std::future::pending::<()>().await;
        }

        #[message]
        fn question(&mut self) -> u32 {
            1
        }
    }
    let (here, there) = (paused(), paused());
    let slow = there.block_on(async {
        let slow: SlowHandle = System::new("doomed").spawn(Slow);
        others().await;
        slow
    });
    let mut asked = slow.question();
    assert!(poll(&mut asked).is_pending());
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
            assert!(slow.ready().await.is_err());
            assert_eq!(slow.closed().await, StopReason::RuntimeGone);
        };
        tokio::time::timeout(HOUR, all).await.expect("it waits for what never comes");
    });
}

#[test]
fn a_deadline_passes_also_where_the_actor_s_runtime_stands_still() {
    let (here, there) = (paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("asleep").spawn(Desk) });
    here.block_on(async {
        let asked = tokio::time::timeout(HOUR, desk.question(1).timeout(SECOND));
        let asked = asked.await.expect("nobody turns the actor's clock");
        assert_eq!(asked.unwrap_err().reason(), Reason::TimedOut);
    });
}

// --- panics at odd places ------------------------------------------------------------------------------------------

#[test]
fn a_panic_in_started_is_a_failed_start_that_everybody_is_told_of() {
    for is_panic in [true, false] {
        run(async |system| {
            struct Broken {
                is_panic: bool,
                stopped: Arc<AtomicU32>,
            }
            #[actor(local)]
            impl Broken {
                #[started]
                async fn open(&mut self) -> Result<(), BoxError> {
                    tokio::task::yield_now().await;
                    assert!(!self.is_panic, "no database");
                    Err("no database".into())
                }

                #[message]
                fn question(&mut self) -> u32 {
                    1
                }

                #[stopped]
                fn close(&mut self, why: StopReason) {
                    assert_eq!(why, StopReason::StartFailed);
                    self.stopped.fetch_add(1, Ordering::Relaxed);
                }
            }
            let stopped = Arc::new(AtomicU32::new(0));
            let broken = system.spawn(Broken { is_panic, stopped: stopped.clone() });
            let mut asked = broken.question();
            assert!(poll(&mut asked).is_pending());
            let failed = broken.ready().await.unwrap_err().to_string();
            assert!(failed.contains("no database"), "{failed}");
            assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(broken.closed().await, StopReason::StartFailed);
            assert_eq!(broken.question().await.unwrap_err().reason(), Reason::Closed);
            // A state that a panic went through is not touched again.
            assert_eq!(stopped.load(Ordering::Relaxed), u32::from(!is_panic));
        });
    }
}

#[test]
fn a_panic_in_stopped_or_in_the_state_s_drop_ends_the_actor_like_any_other() {
    run(async |system| {
        struct Bad {
            drops: bool,
        }
        #[actor(local)]
        impl Bad {
            #[message]
            fn question(&mut self) -> u32 {
                1
            }

            #[stopped]
            async fn close(&mut self) {
                assert!(self.drops, "in stopped");
            }
        }
        impl Drop for Bad {
            fn drop(&mut self) {
                assert!(!self.drops, "in drop");
            }
        }
        for drops in [true, false] {
            let bad: BadHandle = system.instance(Bad { drops }).name("bad").spawn().unwrap();
            assert_eq!(bad.question().await.unwrap(), 1);
            assert_eq!(bad.stop().await.reason().unwrap(), StopReason::Stopped);
            assert!(bad.ledger().is_balanced());
        }
        // The name is free: both were struck off the list.
        let last: Result<BadHandle, _> = system.instance(Bad { drops: false }).name("bad").spawn();
        assert!(last.is_ok());
    });
}

#[test]
fn a_stopped_that_does_not_end_is_cut_off_after_30_s() {
    run(async |system| {
        struct Stuck;
        #[actor(local)]
        impl Stuck {
            #[message]
            fn nothing(&mut self) {}

            #[stopped]
            async fn close(&mut self) {
                std::future::pending::<()>().await;
            }
        }
        let stuck = system.spawn(Stuck);
        stuck.kill();
        let before = tokio::time::Instant::now();
        assert_eq!(stuck.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), 30 * SECOND);
    });
}

fn with(set: impl FnOnce(&mut Odd)) -> Odd {
    let mut odd = odd(1);
    set(&mut odd);
    odd
}

#[test]
fn a_panic_in_a_key_s_hash_or_eq_gives_the_message_back() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let held = testing::hold(&desk);
        desk.keyed(odd(1)).await.unwrap();
        let bomb = || -> Option<Hook> { Some(Arc::new(|| panic!("in the key"))) };
        for mut bad in [with(|odd| odd.on_hash = bomb()), with(|odd| odd.on_eq = bomb())] {
            bad.key = 1;
            let refused = desk.keyed(bad).await.unwrap_err();
            assert_eq!(refused.reason(), Reason::Panicked);
            assert_eq!(refused.into_message().key.key, 1);
        }
        assert_eq!(desk.keyed(odd(1)).await.unwrap(), Admission::Conflated);
        held.release();
        assert_eq!(desk.question(1).await.unwrap(), 1);
        let row = desk.ledger().of::<m::Keyed>();
        assert_eq!((row.offered, row.panicked, row.conflated, row.handled), (4, 2, 1, 1));
    });
}

#[test]
fn an_eq_that_uses_its_own_mailbox_is_told_so() {
    finishes(|| {
        run(async |system| {
            let desk = system.spawn(Desk);
            let held = testing::hold(&desk);
            desk.keyed(odd(1)).await.unwrap();
            for n in 0..3 {
                let inner = desk.downgrade();
                let uses = move || {
                    let desk = inner.upgrade().unwrap();
                    match n {
                        0 => drop(desk.reading()),
                        1 => drop(desk.tell(m::Work { n: 1 }).try_send()),
                        _ => drop(desk.ledger()),
                    }
                };
                let bad = with(|odd| odd.on_eq = Some(Arc::new(uses)));
                let refused = desk.keyed(bad).await.unwrap_err();
                assert_eq!(refused.reason(), Reason::Panicked);
            }
            held.release();
            assert_eq!(desk.question(1).await.unwrap(), 1);
        });
    });
}

#[test]
fn a_panic_in_a_message_s_drop_harms_nobody_else() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut lost = system.dead_letters();
        let drops = Arc::new(AtomicU32::new(0));
        let bomb = || {
            let drops = drops.clone();
            with(|odd| {
                odd.on_drop = Some(Arc::new(move || {
                    drops.fetch_add(1, Ordering::Relaxed);
                    assert!(std::thread::panicking(), "in drop");
                }));
            })
        };
        let held = testing::hold(&desk);
        // Dropped for room, expired, withdrawn, and queued at the end: nowhere does it get out of hand.
        for _ in 0..6 {
            desk.cargo(bomb()).await.unwrap();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        tokio::time::advance(6 * SECOND).await;
        let mut asked = desk.cargo_asked(bomb());
        assert!(poll(&mut asked).is_pending());
        drop(asked);
        desk.cargo(bomb()).await.unwrap();
        desk.kill();
        held.release();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(drops.load(Ordering::Relaxed), 8);
        let row = desk.ledger().of::<m::Cargo>();
        assert_eq!((row.dropped, row.expired, row.undelivered), (2, 4, 1));
        let found = std::iter::from_fn(|| lost.try_next()).count();
        assert_eq!(found, 8);
    });
}

#[test]
fn a_panic_in_a_drop_inside_the_handler_is_the_handler_s() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let bomb = with(|odd| odd.on_drop = Some(Arc::new(|| panic!("in drop"))));
        desk.cargo(bomb).await.unwrap();
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(desk.ledger().of::<m::Cargo>().panicked, 1);
    });
}

#[test]
fn an_answer_that_panics_when_it_is_dropped_unread_harms_neither_asker_nor_actor() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let held = testing::hold(&desk);
        let is_armed = Arc::new(AtomicU32::new(1));
        let armed = is_armed.clone();
        let bomb = with(|odd| {
            odd.on_drop = Some(Arc::new(move || {
                assert_eq!(armed.swap(0, Ordering::Relaxed), 0, "in drop");
            }));
        });
        // The turn begins before its asker goes away; the answer finds nobody.
        desk.rest(SECOND).tell().await.unwrap();
        let mut asked = desk.cargo_asked(bomb);
        assert!(poll(&mut asked).is_pending());
        held.release();
        testing::quiet(&system).await;
        // The asker may go away because of a panic: a second one would abort the process (F1).
        drop(asked);
        assert_eq!(is_armed.load(Ordering::Relaxed), 0, "the answer was dropped");
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(desk.ledger().of::<m::CargoAsked>().handled, 1);
    });
}

#[test]
fn a_message_whose_debug_panics_still_has_a_dead_letter() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut lost = system.dead_letters();
        let bomb = with(|odd| odd.on_debug = Some(Arc::new(|| panic!("in debug"))));
        let held = testing::hold(&desk);
        desk.cargo(bomb).await.unwrap();
        desk.kill();
        held.release();
        let letter = lost.next().await.unwrap();
        assert_eq!((letter.message, letter.reason), ("Cargo", Reason::Closed));
        assert_eq!(letter.payload, None);
    });
}

#[test]
fn a_message_that_uses_its_mailbox_when_it_is_dropped_waits_for_nobody() {
    finishes(|| {
        run(async |system| {
            let desk = system.spawn(Desk);
            let held = testing::hold(&desk);
            let weak = desk.downgrade();
            let uses = move || {
                if let Some(desk) = weak.upgrade() {
                    drop(desk.tell(m::Work { n: 1 }).try_send());
                    assert!(desk.ledger().is_balanced());
                    assert!(desk.reading().depth <= 4);
                }
            };
            for _ in 0..20 {
                let cargo = with(|odd| odd.on_drop = Some(Arc::new(uses.clone())));
                drop(desk.cargo(cargo).await);
            }
            held.release();
            testing::quiet(&system).await;
            assert!(desk.ledger().is_balanced());
        });
    });
}

#[test]
fn a_message_may_hold_the_last_handle_of_its_own_actor() {
    finishes(|| {
        run(async |system| {
            struct Keeper;
            #[actor(local, capacity = 2, reserve = 0)]
            impl Keeper {
                #[message(overflow = drop_oldest)]
                fn keep(&mut self, me: Option<KeeperHandle>) {
                    drop(me);
                }
            }
            let keeper = system.spawn(Keeper);
            let held = testing::hold(&keeper);
            let (closed, weak) = (keeper.closed(), keeper.downgrade());
            keeper.keep(Some(keeper.clone())).await.unwrap();
            drop(keeper);
            others().await;
            assert!(weak.upgrade().is_some(), "the message keeps it alive");
            held.release();
            assert_eq!(closed.await, StopReason::Unreferenced);
        });
    });
}

#[test]
fn a_panic_whose_payload_panics_in_its_turn_is_still_a_panic() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload too");
        }
    }
    run(async |system| {
        let desk = system.spawn(Desk);
        let asked = desk.bomb(Arc::new(|| std::panic::panic_any(Payload))).await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(desk.ledger().of::<m::Bomb>().panicked, 1);
    });
}

// --- odd times -----------------------------------------------------------------------------------------------------

#[test]
fn a_timer_without_a_period_is_a_panic_of_its_turn() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut lost = system.dead_letters();
        let asked = desk.ticks(Duration::ZERO).await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Panicked);
        assert!(lost.next().await.unwrap().payload.unwrap().contains("period above zero"));
    });
}

#[test]
fn a_timer_for_the_end_of_time_never_comes_and_harms_nobody() {
    run(async |system| {
        let desk = system.spawn(Desk);
        assert!(desk.arms(Duration::MAX).await.unwrap());
        assert!(desk.ticks(Duration::MAX).await.unwrap());
        tokio::time::sleep(10 * HOUR).await;
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(desk.ledger().of::<m::Work>().offered, 0);
        let stop = desk.stop().within(Duration::MAX);
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn a_policy_for_the_end_of_time_is_as_good_as_none() {
    run(async |system| {
        let builder = system.instance(Desk);
        let builder = builder.policy::<m::Work>(|policy| policy.ttl(Duration::MAX));
        let builder = builder.policy::<m::Question>(|policy| policy.timeout(Duration::MAX));
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        desk.work(1).await.unwrap();
        let mut asked = desk.question(2);
        assert!(poll(&mut asked).is_pending());
        tokio::time::advance(20 * HOUR).await;
        held.release();
        assert_eq!(asked.await.unwrap(), 2);
        assert_eq!(desk.ledger().of::<m::Work>().handled, 1);
    });
}

#[test]
fn a_stopped_actor_refuses_every_way_of_sending_at_once() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let recipient: Recipient<m::Question> = desk.recipient();
        let _ = desk.stop().await;
        assert_eq!(desk.work(1).await.unwrap_err().into_message().n, 1);
        assert_eq!(desk.work(2).try_send().unwrap_err().into_message().n, 2);
        assert_eq!(desk.question(3).await.unwrap_err().reason(), Reason::Closed);
        let (error, message) = desk.question(4).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().n), (Reason::Closed, 4));
        assert_eq!(desk.question(5).tell().await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.work(6).ask().await.unwrap_err().reason(), Reason::Closed);
        let asked = recipient.ask(m::Question { n: 7 }).await.unwrap_err();
        assert_eq!((asked.reason(), asked.retry_after()), (Reason::Closed, None));
        assert!(desk.ready().await.is_err());
        assert_eq!(desk.ledger().total().refused(Reason::Closed), 7);
    });
}

#[test]
fn polling_a_send_again_after_its_end_is_a_panic_that_says_so() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut told = desk.work(1);
        assert!(poll(&mut told).is_ready());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(poll(&mut told)))).unwrap_err();
        assert!(text(panic).contains("polled after it had completed"));
        let mut asked = desk.question(1);
        assert!(poll(&mut asked).is_pending());
        testing::quiet(&system).await;
        assert!(poll(&mut asked).is_ready());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(poll(&mut asked)))).unwrap_err();
        assert!(text(panic).contains("polled after it had completed"));
        assert_eq!(desk.question(2).await.unwrap(), 2);
    });
}

/// So that a failed assertion inside a hook is seen by the test, not only by the actor.
#[test]
fn hooks_of_these_tests_are_really_called() {
    let called = Arc::new(Mutex::new(Vec::new()));
    let note = |word: &'static str| {
        let called = called.clone();
        Some(Arc::new(move || called.lock().unwrap().push(word)) as Hook)
    };
    let odd = with(|odd| {
        odd.on_hash = note("hash");
        odd.on_eq = note("eq");
        odd.on_debug = note("debug");
        odd.on_drop = note("drop");
    });
    odd.hash(&mut std::hash::DefaultHasher::new());
    assert!(odd == self::odd(1));
    assert_eq!(format!("{odd:?}"), "odd 1");
    drop(odd);
    assert_eq!(*called.lock().unwrap(), ["hash", "eq", "debug", "drop"]);
}
