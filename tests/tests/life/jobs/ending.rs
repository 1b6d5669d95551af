//! Jobs end with their actor: their messages are counted and have dead letters.

use super::*;

/// Starts an actor with a `send_after`, a pipe, a watch and a periodic timer, each an hour away.
async fn with_jobs(system: &System) -> (ClerkHandle, DeadLetters) {
    let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
    let other: ClerkHandle = system.instance(Desk::default().clerk()).detached().spawn().unwrap();
    clerk.later(HOUR, 1).await.unwrap();
    clerk.pipe(HOUR, 2).await.unwrap();
    clerk.watch(other, false).await.unwrap();
    clerk.every(HOUR).await.unwrap();
    testing::quiet(system).await;
    tokio::time::sleep(5 * SECOND).await;
    (clerk, system.dead_letters())
}

/// Checks that the three messages are counted and have dead letters, for an actor that did not stop
/// by itself.
fn check_undelivered(clerk: &ClerkHandle, letters: &mut DeadLetters) {
    let row = due(clerk);
    assert_eq!((row.offered, row.undelivered), (3, 3), "{row:?}");
    assert!(row.is_balanced());
    assert_eq!(told(letters), [(Reason::Closed, "Due", 5); 3]);
}

#[test]
fn f7_what_is_pending_at_a_stop_has_a_dead_letter_with_type_and_age() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        let row = due(&clerk);
        assert_eq!((row.offered, row.undelivered, row.cancelled), (3, 1, 2), "{row:?}");
        let (closed, cancelled) = ((Reason::Closed, "Due", 5), (Reason::Cancelled, "Due", 5));
        assert_eq!(told(&mut letters), [closed, cancelled, cancelled]);
        assert_eq!(system.shutdown(SECOND).await.total.undelivered, 1);
    });
}

#[test]
fn f7_a_watch_or_a_pipe_that_a_shutdown_ends_does_not_make_it_unclean_and_a_timer_s_message_does() {
    for lost in [0, 1] {
        run(async |system| {
            let other: ClerkHandle = system.spawn(Desk::default().clerk());
            let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
            clerk.watch(other.clone(), false).await.unwrap();
            clerk.pipe(HOUR, 2).await.unwrap();
            clerk.every(HOUR).await.unwrap();
            if lost > 0 {
                clerk.later(HOUR, 1).await.unwrap();
            }
            let report = system.shutdown(SECOND).await;
            assert_eq!((report.lost, report.is_clean()), (lost, lost == 0), "{report}");
            assert!(report.total.is_balanced(), "{report:?}");
        });
    }
}

#[test]
fn f7_what_is_pending_at_a_kill_is_undelivered() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        clerk.kill();
        clerk.closed().await;
        check_undelivered(&clerk, &mut letters);
    });
}

#[test]
fn f7_what_is_pending_where_the_actor_fails_for_good_is_undelivered() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        clerk.fails().await.unwrap_err();
        assert_eq!(clerk.closed().await, StopReason::Panicked);
        let first = letters.try_next().unwrap();
        assert_eq!((first.reason, first.message), (Reason::Panicked, "Fails"));
        check_undelivered(&clerk, &mut letters);
    });
}

#[test]
fn f7_what_is_pending_where_the_runtime_ends_is_undelivered() {
    let runtime = paused();
    let (clerk, mut letters) = runtime.block_on(async { with_jobs(&System::new("brief")).await });
    drop(runtime);
    check_undelivered(&clerk, &mut letters);
}

#[test]
fn f7_what_falls_due_while_the_actor_drains_is_undelivered_as_well() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.later(SECOND, 1).await.unwrap();
        clerk.hold().await.unwrap();
        run_other_tasks().await;
        let mut letters = system.dead_letters();
        let stop = clerk.stop().within(HOUR);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Closed, "Due", 1)]);
        desk.gate.open(1);
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!((due(&clerk).offered, due(&clerk).undelivered), (1, 1));
        assert!(desk.seen().is_empty());
    });
}

#[test]
fn f7_a_timer_s_message_that_is_refused_has_no_caller_and_so_has_a_dead_letter() {
    run(async |system| {
        let clerk: ClerkHandle =
            system.instance(Desk::default().clerk()).capacity(1).reserve(0).spawn().unwrap();
        clerk.later_strict(SECOND, 1).await.unwrap();
        testing::quiet(&system).await;
        let mut letters = system.dead_letters();
        let held = testing::hold(&clerk);
        clerk.due(9).await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Full, "Strict", 1)]);
        assert_eq!(clerk.ledger().of::<m::Strict>().refused(Reason::Full), 1);
        held.release();
    });
}

#[test]
fn f7_a_job_that_is_cancelled_counts_nothing() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        let mut letters = system.dead_letters();
        clerk.cancels().await.unwrap();
        tokio::time::sleep(10 * SECOND).await;
        let _ = clerk.stop().await;
        assert_eq!(due(&clerk).offered, 0);
        assert!(letters.try_next().is_none());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f7_on_threads_every_job_s_message_has_exactly_one_outcome() {
    struct Crowd(Arc<AtomicU32>);
    #[actor(local, capacity = 8, workers = 1..=2)]
    impl Crowd {
        #[message]
        fn due(&mut self) {}

        #[message]
        async fn arm(&mut self, ctx: &mut Context<Self>) {
            let started = [
                ctx.send_after(Duration::ZERO, CrowdDue {}).is_ok(),
                ctx.send_after(HOUR, CrowdDue {}).is_ok(),
                ctx.pipe(tokio::task::yield_now(), |()| CrowdDue {}).is_ok(),
                ctx.pipe(pending::<()>(), |()| CrowdDue {}).is_ok(),
                ctx.pipe(tokio::task::yield_now(), |()| -> CrowdDue { panic!("no message") }).is_ok(),
            ];
            self.0.fetch_add(started.iter().filter(|is_ok| **is_ok).count() as u32, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }
    for round in 0..20 {
        let started = Arc::new(AtomicU32::new(0));
        let (system, made) = (System::new("crowd"), started.clone());
        let at_once = Duration::from_nanos(1);
        let restart = Restart::on_failure().at_most(10, HOUR).backoff(at_once, at_once);
        let crowd: CrowdHandle = system.actor(move || Crowd(made.clone())).restart(restart).spawn().unwrap();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let crowd = crowd.clone();
                tokio::spawn(async move {
                    for _ in 0..10 {
                        let _ = crowd.arm().await;
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        match round % 2 {
            0 => crowd.kill(),
            _ => drop(crowd.stop()),
        }
        crowd.closed().await;
        let counted = async {
            // A job that is sending right now may be refused a moment later.
            while crowd.ledger().of::<CrowdDue>().offered < u64::from(started.load(Ordering::Relaxed)) {
                tokio::task::yield_now().await;
            }
        };
        // Only a failure takes 30 seconds.
        tokio::time::timeout(30 * SECOND, counted).await.unwrap();
        assert_eq!(crowd.ledger().of::<CrowdDue>().offered, u64::from(started.load(Ordering::Relaxed)));
        assert!(crowd.ledger().is_balanced());
    }
}

#[test]
fn f7_a_future_of_a_pipe_is_dropped_when_its_actor_ends() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        let alive = Arc::new(());
        clerk.holds(alive.clone()).ask().await.unwrap();
        assert_eq!(Arc::strong_count(&alive), 2);
        let _ = clerk.stop().await;
        run_other_tasks().await;
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}
