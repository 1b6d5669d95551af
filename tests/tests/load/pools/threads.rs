//! Pools on a multi-thread runtime.

use super::*;

#[test]
fn s4_workers_that_are_cut_or_fail_at_once_have_each_its_own_end() {
    on_threads(4, async |system| {
        for round in 0..if cfg!(debug_assertions) { 60 } else { 3000 } {
            let (history, pool) = pool(&system, 4..=4);
            let is_kill = round % 2 == 0;
            let turns: Vec<_> = (0..4)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move {
                        let time = if is_kill { Duration::from_secs(3600) } else { Duration::from_millis(1) };
                        if is_kill { pool.rest(time).await } else { pool.fail(time).await }
                    })
                })
                .collect();
            while is_kill && pool.reading().workers_busy < 4 {
                tokio::task::yield_now().await;
            }
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
                assert_eq!(history.lines(), ["Killed"; 4]);
            }
            for turn in turns {
                let _ = turn.await.unwrap().unwrap_err();
            }
            if !is_kill {
                // Each failed worker has a successor, which stops regularly.
                assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
                let (lines, births) = (history.lines(), history.births.load(Ordering::SeqCst));
                assert_eq!(lines, vec!["Stopped"; births as usize - 4]);
            }
            assert_eq!(history.alive(), 0);
        }
    });
}

/// The state that the workers of the random test share.
#[derive(Default)]
struct Shared {
    keys: [AtomicBool; KEYS],
    /// The last number handled, by sender and key.
    last: Mutex<BTreeMap<(usize, u64), u64>>,
    handled: AtomicU64,
    panicked: AtomicU64,
    at_work: AtomicI64,
    /// The most workers allowed.
    most: AtomicI64,
}

const KEYS: usize = 7;

struct Busy<'a>(&'a Shared, u64);

impl<'a> Busy<'a> {
    fn new(shared: &'a Shared, key: u64) -> Busy<'a> {
        assert!(!shared.keys[key as usize].swap(true, Ordering::AcqRel), "two turns of key {key} at once");
        let at_work = shared.at_work.fetch_add(1, Ordering::AcqRel) + 1;
        assert!(at_work <= shared.most.load(Ordering::Acquire), "{at_work} workers");
        Busy(shared, key)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::AcqRel);
        self.0.keys[self.1 as usize].store(false, Ordering::Release);
    }
}

macro_rules! numbered {
    ($name:ident, $reply:ty, $policy:expr) => {
        #[derive(Debug)]
        struct $name {
            sender: usize,
            key: u64,
            n: u64,
        }
        impl Message for $name {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
            // Here a key may fill the mailbox. The default share is tested in `hot_keys.rs` (S8).
            const POLICY: Policy = $policy.max_per_key(64);
            fn hash_key<H: Hasher>(&self, state: &mut H) {
                state.write_u64(self.key);
            }
        }
    };
}

numbered!(Told, (), Policy::tell().keyed());
numbered!(Asked, u64, Policy::ask().keyed().overflow(&[Overflow::Block]));

struct PoolWorker {
    shared: Arc<Shared>,
    is_broken: bool,
}

impl PoolWorker {
    async fn handle(&mut self, sender: usize, key: u64, n: u64) {
        assert!(
            !std::mem::replace(&mut self.is_broken, true),
            "a state that a panic went through is used again"
        );
        let shared = self.shared.clone();
        let _busy = Busy::new(&shared, key);
        let before = shared.last.lock().unwrap().insert((sender, key), n).unwrap_or(0);
        assert!(before < n, "{n} of {sender} and key {key} after {before}");
        match mixed(n, sender as u64) % 64 {
            0 => {
                shared.panicked.fetch_add(1, Ordering::Relaxed);
                panic_quietly("on purpose");
            }
            1..4 => tokio::task::yield_now().await,
            4 => std::thread::yield_now(),
            _ => {}
        }
        shared.handled.fetch_add(1, Ordering::Relaxed);
        self.is_broken = false;
    }
}

fn mixed(n: u64, salt: u64) -> u64 {
    let mixed = (n ^ salt << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

#[actor(local, capacity = 32)]
impl PoolWorker {
    #[handler]
    async fn told(&mut self, it: Told) {
        self.handle(it.sender, it.key, it.n).await;
    }

    #[handler]
    async fn asked_for(&mut self, it: Asked) -> u64 {
        self.handle(it.sender, it.key, it.n).await;
        it.n
    }
}

#[test]
fn s4_under_random_load_failures_and_sizes_keys_stay_in_order_and_nothing_is_lost() {
    const SENDERS: usize = 4;
    let many: u64 = if cfg!(debug_assertions) { 3_000 } else { 150_000 };
    on_threads(4, async move |system| {
        let shared = Arc::new(Shared::default());
        shared.most.store(4, Ordering::SeqCst);
        let made = shared.clone();
        let pool: PoolWorkerHandle = system
            .actor(move || PoolWorker { shared: made.clone(), is_broken: false })
            .workers(1..=4)
            .restart(always())
            .spawn()
            .unwrap();
        pool.resize(4);
        let is_over = Arc::new(AtomicBool::new(false));
        let resizes = tokio::spawn({
            let (pool, is_over) = (pool.clone(), is_over.clone());
            async move {
                let mut round = 0;
                while !is_over.load(Ordering::Acquire) {
                    round += 1;
                    pool.resize(1 + mixed(round, 99) as usize % 5);
                    let reading = pool.reading();
                    assert!(
                        reading.workers <= 5 && reading.workers_busy <= 4 && reading.depth <= 32,
                        "{reading:?}"
                    );
                    assert!(pool.ledger().is_balanced());
                    for _ in 0..mixed(round, 98) % 50 {
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let (mut answered, mut failed, mut withdrawn) = (0_u64, 0_u64, 0_u64);
                    for n in 1..=many {
                        let key = mixed(n, 7 + sender as u64) % KEYS as u64;
                        match mixed(n, 77) % 16 {
                            0 => match pool.asked_for(Asked { sender, key, n }).await {
                                Ok(answer) => {
                                    assert_eq!(answer, n);
                                    answered += 1;
                                }
                                Err(error) => {
                                    assert_eq!(error.reason(), Reason::Panicked);
                                    failed += 1;
                                }
                            },
                            1 => {
                                // A caller that does not wait for the answer.
                                let mut asked = pool.asked_for(Asked { sender, key, n });
                                let _ = poll(&mut asked);
                                withdrawn += 1;
                            }
                            _ => drop(pool.told(Told { sender, key, n }).await.unwrap()),
                        }
                    }
                    (answered, failed, withdrawn)
                })
            })
            .collect();
        let (mut answered, mut failed, mut withdrawn) = (0, 0, 0);
        for sender in senders {
            let of_one = sender.await.unwrap();
            (answered, failed, withdrawn) = (answered + of_one.0, failed + of_one.1, withdrawn + of_one.2);
        }
        is_over.store(true, Ordering::Release);
        resizes.await.unwrap();
        assert_ne!(pool.stop().await.reason().unwrap(), StopReason::Killed);
        let ledger = pool.ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        let total = ledger.total();
        assert_eq!(total.offered, many * SENDERS as u64);
        assert_eq!(total.handled, shared.handled.load(Ordering::SeqCst));
        assert_eq!(total.panicked, shared.panicked.load(Ordering::SeqCst));
        assert_eq!(total.handled + total.panicked + total.cancelled, total.offered, "{total:?}");
        assert!(total.cancelled <= withdrawn && total.panicked > total.offered / 128, "{total:?}");
        let asked = ledger.of::<Asked>();
        assert!(asked.handled + asked.panicked >= answered + failed, "{asked:?}");
        assert_eq!(shared.at_work.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn s4_no_wake_up_is_lost_where_each_waits_for_the_one_before() {
    on_threads(4, async |system| {
        let shared = Arc::new(Shared::default());
        shared.most.store(4, Ordering::SeqCst);
        let made = shared.clone();
        let make = move || PoolWorker { shared: made.clone(), is_broken: false };
        let pool: PoolWorkerHandle = system.actor(make).workers(4..=4).restart(always()).spawn().unwrap();
        let many: u64 = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
        let askers: Vec<_> = (0..3)
            .map(|sender| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for n in 1..=many {
                        // One message at a time: a worker that misses its wake-up would stop the
                        // test.
                        let _ = pool.asked_for(Asked { sender, key: n % 2, n }).await;
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.await.unwrap();
        }
        let total = pool.ledger().total();
        assert_eq!(total.handled + total.panicked, 3 * many);
    });
}
