//! Deadlines, order and fairness of donated turns.

use super::*;

#[test]
fn t2_a_donated_turn_knows_its_deadline() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        let left = bench.left().timeout(Duration::from_secs(5000)).await.unwrap().unwrap();
        assert!(left <= Duration::from_secs(5000) && left > Duration::from_secs(4000), "{left:?}");
        let left = bench.left().await.unwrap().unwrap();
        assert!(left <= Duration::from_secs(30) && left > Duration::from_secs(29), "{left:?}");
    });
}

#[test]
fn s1_each_sender_s_messages_stay_in_order_whichever_task_runs_the_turns() {
    on_threads(2, async |system| {
        const SENDERS: u64 = 6;
        const EACH: u64 = 20_000;
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let tasks: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let bench = bench.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        bench.tick(sender * EACH + n).await.unwrap();
                        if n % 97 == 0 {
                            bench.count().await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(bench.stop().await.reason().is_ok());
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len() as u64, SENDERS * EACH);
        for sender in 0..SENDERS {
            let own = seen.iter().filter(|n| **n / EACH == sender);
            assert!(own.is_sorted(), "sender {sender}");
        }
        assert!(bench.ledger().is_balanced());
    });
}

#[test]
fn s5_a_sender_that_never_waits_lets_others_run() {
    let runtime = threads(1);
    runtime.block_on(async {
        let bench = System::new("greedy").spawn(Bench::default());
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, sent) = (is_over.clone(), Arc::new(AtomicU64::new(0)));
        let counter = sent.clone();
        let greedy = tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                bench.count().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        // On the same worker, which runs it only when the greedy task yields.
        tokio::spawn(async move { is_over.store(true, Ordering::Relaxed) }).await.unwrap();
        greedy.await.unwrap();
        assert!(sent.load(Ordering::Relaxed) > 0);
    });
}

#[test]
fn t2_in_a_donated_turn_the_time_that_is_left_runs_down() {
    struct Worker;
    #[actor(local)]
    impl Worker {
        /// Works until the deadline of its caller.
        #[message]
        fn work(&mut self, ctx: &mut Context<Self>) -> u64 {
            let mut rounds = 0;
            while ctx.remaining().is_some_and(|left| !left.is_zero()) {
                rounds += 1;
            }
            rounds
        }
    }
    on_threads(2, async |system| {
        let worker = system.spawn(Worker);
        // Half a second is long enough for the turn to begin, also when the operating system
        // suspends this thread.
        assert!(worker.work().timeout(Duration::from_millis(500)).await.unwrap() > 0);
    });
}

#[test]
fn t1_what_is_past_its_deadline_is_not_donated_either() {
    on_threads(2, async |system| {
        let bench = system.spawn(Bench::default());
        let late = bench.count().timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        assert_eq!(bench.ledger().of::<m::Count>().handled, 0);
    });
}
