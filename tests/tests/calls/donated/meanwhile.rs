//! Messages, stop and kill while a sender runs a turn.

use super::*;

/// Starts a turn in its sender that waits for a flag. Returns the sender's task and the flag.
async fn gated(bench: &BenchHandle) -> (tokio::task::JoinHandle<()>, Arc<AtomicBool>) {
    let (began, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (other, says, ends) = (bench.clone(), began.clone(), end.clone());
    let task = tokio::spawn(async move {
        other.gate(says, ends).await.unwrap();
    });
    while !began.load(Ordering::Acquire) {
        tokio::task::yield_now().await;
    }
    (task, end)
}

#[test]
fn s6_what_comes_meanwhile_waits_its_turn_and_is_handled_after() {
    outside_of_workers(async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let (task, end) = gated(&bench).await;
        assert_eq!(bench.ledger().of::<m::Gate>().in_service, 1);
        for n in 0..5 {
            bench.tick(n).try_send().unwrap();
        }
        bench.urgent().try_send().unwrap();
        assert_eq!(bench.reading().depth, 6);
        assert!(seen.lock().unwrap().is_empty(), "one turn at a time");
        end.store(true, Ordering::Release);
        task.await.unwrap();
        while bench.ledger().total().handled < 7 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*seen.lock().unwrap(), [u64::MAX, 0, 1, 2, 3, 4]);
    });
}

#[test]
fn s6_stop_meanwhile_lets_the_turn_end_and_handles_the_rest() {
    outside_of_workers(async |system| {
        let bench = system.spawn(Bench::default());
        let (task, end) = gated(&bench).await;
        bench.tick(1).try_send().unwrap();
        let stopped = bench.stop();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!bench.is_closed());
        end.store(true, Ordering::Release);
        task.await.unwrap();
        assert_eq!(stopped.await.reason().unwrap(), StopReason::Stopped);
        let total = bench.ledger().total();
        assert_eq!((total.handled, total.undelivered), (2, 0));
    });
}

#[test]
fn s6_kill_meanwhile_lets_the_turn_on_its_thread_end_and_loses_the_rest() {
    struct Grave {
        closed: Arc<AtomicU32>,
    }
    #[actor(local)]
    impl Grave {
        #[message]
        fn gate(&mut self, began: Arc<AtomicBool>, end: Arc<AtomicBool>) {
            began.store(true, Ordering::Release);
            while !end.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        }
        #[message]
        fn tick(&mut self) {}
        #[stopped]
        fn close(&mut self) {
            self.closed.fetch_add(1, Ordering::Relaxed);
        }
    }
    outside_of_workers(async |system| {
        let closed = Arc::new(AtomicU32::new(0));
        let grave = system.spawn(Grave { closed: closed.clone() });
        let (began, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (other, says, ends) = (grave.clone(), began.clone(), end.clone());
        let task = tokio::spawn(async move { other.gate(says, ends).await });
        while !began.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        grave.tick().try_send().unwrap();
        grave.kill();
        end.store(true, Ordering::Release);
        task.await.unwrap().unwrap();
        assert_eq!(grave.closed().await, StopReason::Killed);
        assert_eq!(closed.load(Ordering::Relaxed), 1, "`#[stopped]` runs once the seat is back");
        let total = grave.ledger().total();
        assert_eq!((total.handled, total.undelivered), (1, 1));
    });
}

#[test]
fn s6_a_turn_that_stops_its_own_actor_ends_it() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        bench.stop_me().await.unwrap();
        assert_eq!(bench.closed().await, StopReason::Stopped);
    });
}

#[test]
fn s6_nothing_is_donated_before_started_has_succeeded() {
    struct Late {
        is_open: bool,
        gate: Option<oneshot::Receiver<()>>,
    }
    #[actor(local)]
    impl Late {
        #[started]
        async fn open(&mut self) {
            if let Some(gate) = self.gate.take() {
                let _ = gate.await;
            }
            self.is_open = true;
        }
        #[message]
        fn is_open(&mut self) -> bool {
            self.is_open
        }
    }
    on_threads(2, async |system| {
        let (open, gate) = oneshot::channel();
        let late = system.spawn(Late { is_open: false, gate: Some(gate) });
        let mut early = late.is_open();
        assert!(matches!(poll(&mut early), Poll::Pending));
        open.send(()).unwrap();
        assert!(early.await.unwrap());
    });
}

#[test]
fn s6_a_held_actor_is_not_donated_to() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        let held = testing::hold(&bench);
        let asked = pending(bench.count());
        held.release();
        assert_eq!(asked.await.unwrap(), 0);
    });
}

#[test]
fn f6_the_last_handle_may_go_while_its_own_message_is_being_handled() {
    on_threads(2, async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let weak = bench.downgrade();
        tokio::spawn(bench.tick(1).owned()).await.unwrap().unwrap();
        drop(bench);
        run_other_tasks().await;
        assert!(weak.upgrade().is_none());
        assert_eq!(*seen.lock().unwrap(), [1]);
    });
}
