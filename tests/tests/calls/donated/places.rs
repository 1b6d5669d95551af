//! In which task a turn runs.

use super::*;

#[test]
fn s6_a_sender_runs_the_short_turn_of_an_idle_actor_itself() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.place().await.unwrap(), here());
        bench.tick(1).await.unwrap();
        assert_eq!(bench.count().await.unwrap(), 1);
        let ledger = bench.ledger();
        assert_eq!((ledger.total().offered, ledger.total().handled), (3, 3));
    });
}

#[test]
fn s6_inline_never_keeps_turns_in_the_actor_s_own_task() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        assert_ne!(bench.place_never().await.unwrap().1, here().1);
    });
}

#[test]
fn s6_try_send_never_runs_the_handler() {
    on_threads(2, async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        // The caller holds a lock that the handler needs. A donated turn would wait for its own
        // thread.
        let guard = seen.lock().unwrap();
        bench.tick(1).try_send().unwrap();
        drop(guard);
        assert_eq!(bench.count().await.unwrap(), 1);
    });
}

#[test]
fn s6_outside_of_a_worker_s_task_nothing_is_donated() {
    let runtime = threads(2);
    runtime.block_on(async {
        let bench = System::new("outside").spawn(Bench::default());
        // The main future is not a task.
        assert_ne!(bench.place().await.unwrap().0, here().0);
    });
    let bench = {
        let _inside = runtime.enter();
        System::new("outside").spawn(Bench::default())
    };
    assert_ne!(bench.place().blocking().unwrap().0, here().0);
    // A task of a current-thread runtime sends to an actor of a multi-thread one.
    let small = Builder::new_current_thread().enable_all().build().unwrap();
    small.block_on(async {
        let other = bench.clone();
        let there = tokio::spawn(async move { (other.place().await.unwrap(), here()) }).await.unwrap();
        assert_ne!(there.0.0, there.1.0);
    });
}

#[test]
fn s6_a_handler_may_do_in_a_local_set_s_company_what_tasks_of_a_worker_may() {
    let runtime = threads(2);
    let local = tokio::task::LocalSet::new();
    let _inside = runtime.enter();
    let bench = System::new("local").spawn(Bench::default());
    local.block_on(&runtime, async {
        let sent = tokio::task::spawn_local(async move { (bench.block().await, bench.block().await) });
        let (first, second) = sent.await.unwrap();
        assert_eq!((first.unwrap(), second.unwrap()), (7, 7));
    });
}

#[test]
fn s6_on_a_current_thread_runtime_turns_are_the_task_s() {
    actors_tests::run(async |system| {
        let bench = system.spawn(Bench::default());
        let other = bench.clone();
        let (there, sender) =
            tokio::spawn(async move { (other.place().await.unwrap(), here()) }).await.unwrap();
        assert_ne!(there.1, sender.1);
    });
}

#[test]
fn s6_a_panic_in_a_donated_turn_is_the_actor_s_and_not_the_sender_s() {
    on_threads(2, async |system| {
        let mut letters = system.dead_letters();
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.count().await.unwrap(), 0);
        assert_eq!(bench.fail().await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(bench.closed().await, StopReason::Panicked);
        // The state is not touched again.
        assert_eq!(bench.count().await.unwrap_err().reason(), Reason::Closed);
        let letter = letters.next().await.unwrap();
        assert_eq!((letter.message, letter.reason), ("Fail", Reason::Panicked));
        assert_eq!(letter.payload.as_deref(), Some("on purpose"));
        let row = bench.ledger().of::<m::Fail>();
        assert_eq!((row.offered, row.panicked, row.in_service), (1, 1, 0));
    });
}

#[test]
fn s6_a_tell_whose_donated_turn_panicked_was_taken() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.fail().tell().await.unwrap(), Admission::Queued);
        assert_eq!(bench.closed().await, StopReason::Panicked);
    });
}

#[test]
fn s6_a_donated_turn_that_sends_back_to_its_sender_queues_there() {
    on_threads(2, async |system| {
        let (one, two) = (system.spawn(Bench::default()), system.spawn(Bench::default()));
        two.meet(one.clone()).await.unwrap();
        for n in 0..1000 {
            two.reflect(n).await.unwrap();
        }
        // Some messages may have gone through the queue: after a long turn, as on a busy machine,
        // turns are not donated for a while.
        while two.ledger().of::<m::Reflect>().handled < 1000 {
            tokio::task::yield_now().await;
        }
        while one.ledger().of::<m::Tick>().queued + one.ledger().of::<m::Tick>().in_service > 0 {
            tokio::task::yield_now().await;
        }
        let row = one.ledger().of::<m::Tick>();
        assert_eq!(row.handled + row.refused(Reason::Full), 1000);
    });
}

#[test]
fn s6_a_turn_may_donate_to_another_actor_and_stays_itself() {
    on_threads(2, async |system| {
        let (one, two) = (system.spawn(Bench::default()), system.spawn(Bench::default()));
        let (there, own) = one.forward(two.clone()).await.unwrap();
        assert_eq!(there, own, "the second actor's turn ran in the first one's task");
        // A turn cannot donate to its own actor: it holds the seat itself.
        assert_eq!(two.count().await.unwrap(), 0);
    });
}

#[test]
fn s6_a_handler_that_turns_slow_is_soon_left_to_its_own_task() {
    struct Moody {
        takes: Duration,
    }
    #[actor(local)]
    impl Moody {
        #[message]
        fn work(&mut self) -> Where {
            let began = std::time::Instant::now();
            while began.elapsed() < self.takes {
                std::hint::spin_loop();
            }
            here()
        }
        #[message(inline = never)]
        fn turn_slow(&mut self) {
            self.takes = Duration::from_micros(50);
        }
    }
    on_threads(2, async |system| {
        let moody = system.spawn(Moody { takes: Duration::ZERO });
        for _ in 0..1000 {
            moody.work().await.unwrap();
        }
        moody.turn_slow().ask().await.unwrap();
        let mut donated = 0;
        for _ in 0..1000 {
            donated += u32::from(moody.work().await.unwrap().1 == here().1);
        }
        // At most fifteen turns were not timed, and some are samples that check whether the turns
        // are still slow.
        assert!(donated <= 40, "{donated} of 1000 slow turns ran in their sender");
    });
}

#[test]
fn s6_a_sender_that_blocks_its_thread_may_hold_a_lock_and_runs_no_turn() {
    on_threads(2, async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let other = bench.clone();
        let sent = tokio::task::spawn_blocking(move || {
            let _guard = seen.lock().unwrap();
            other.tick(1).blocking().unwrap();
        });
        sent.await.unwrap();
        assert_eq!(bench.count().await.unwrap(), 1);
    });
}

/// A link of a chain of actors. Its plain `fn` polls a send to the next link once.
struct Link(Option<LinkHandle>);

#[actor]
impl Link {
    /// Returns how many turns ran inside this one.
    #[message(overflow = block)]
    fn go(&mut self, is_deep: bool) -> u32 {
        let next = self.0.as_ref().filter(|_| is_deep);
        match next.map(|next| poll(&mut next.go(true))) {
            Some(Poll::Ready(inside)) => 1 + inside.unwrap(),
            Some(Poll::Pending) | None => 0,
        }
    }
}

/// S6: donated turns run inside each other to a bounded depth, so a chain of any length fits the
/// stack.
#[test]
fn s6_donated_turns_nest_to_a_bounded_depth() {
    alone!("s6_donated_turns_nest_to_a_bounded_depth", || on_threads(1, |system| {
        // Without a budget, only the bound ends the recursion.
        tokio::task::unconstrained(async move {
            let mut chain: Vec<LinkHandle> = vec![system.spawn(Link(None))];
            for _ in 0..4_000 {
                chain.push(system.spawn(Link(chain.last().cloned())));
            }
            for link in &chain {
                assert_eq!(link.go(false).await.unwrap(), 0, "the turns are known to be short");
            }
            assert_eq!(chain.last().unwrap().go(true).await.unwrap(), 7);
            assert_eq!(chain[3].go(true).await.unwrap(), 3);
        })
    }));
}
