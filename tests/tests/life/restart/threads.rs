//! F1 and F2 on a multi-thread runtime, with turns that senders run.

use super::*;

/// The messages of each big test. About a thousandth of them panics.
const MANY: u64 = if cfg!(debug_assertions) { 16_000 } else { 1_000_000 };

/// The counts of all senders, and the last number handled of each.
#[derive(Default)]
struct Tally {
    last: Vec<AtomicU64>,
    handled: AtomicU64,
    panicked: AtomicU64,
    is_running: AtomicBool,
    births: AtomicU64,
}

impl Tally {
    fn of(senders: usize) -> Arc<Tally> {
        Arc::new(Tally { last: (0..senders).map(|_| AtomicU64::new(0)).collect(), ..Tally::default() })
    }
}

struct Mill {
    tally: Arc<Tally>,
    /// Whether a panic went through this state.
    is_broken: bool,
}

impl Mill {
    fn handle(&mut self, sender: usize, n: u64) -> u64 {
        assert!(
            !std::mem::replace(&mut self.is_broken, true),
            "a state that a panic went through is used again"
        );
        let before = self.tally.last[sender].swap(n, Ordering::Relaxed);
        assert!(before < n, "{n} of {sender} comes after {before}");
        if is_bad(sender, n) {
            self.tally.panicked.fetch_add(1, Ordering::Relaxed);
            panic_quietly("a stone");
        }
        self.tally.handled.fetch_add(1, Ordering::Relaxed);
        self.is_broken = false;
        n
    }

    fn alone(&mut self) -> Alone {
        assert!(!self.tally.is_running.swap(true, Ordering::AcqRel), "two turns at once");
        Alone(self.tally.clone())
    }
}

/// Chooses about one message in a thousand.
fn is_bad(sender: usize, n: u64) -> bool {
    let mixed = (n ^ (sender as u64) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32 & 0xFFFF < 66
}

/// A turn is running while this exists.
struct Alone(Arc<Tally>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

#[actor(local, capacity = 64)]
impl Mill {
    #[message(shadows)]
    fn tell(&mut self, sender: usize, n: u64) {
        let _alone = self.alone();
        self.handle(sender, n);
    }

    #[message(shadows, overflow = block)]
    fn ask(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        self.handle(sender, n)
    }

    #[message(overflow = block)]
    async fn slow(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        if n.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        self.handle(sender, n)
    }

    #[message(overflow = block, inline = never)]
    fn own(&mut self, sender: usize, n: u64) -> u64 {
        let _alone = self.alone();
        self.handle(sender, n)
    }
}

fn mill(system: &System, tally: &Arc<Tally>) -> MillHandle {
    let tally = tally.clone();
    let make = move || {
        tally.births.fetch_add(1, Ordering::Relaxed);
        Mill { tally: tally.clone(), is_broken: false }
    };
    system.actor(make).restart(always()).spawn().unwrap()
}

/// Sends as one sender. Returns how many messages it sent, how many were answered, and how many
/// panicked.
async fn send_as(mill: MillHandle, sender: usize, many: u64, kind: usize) -> (u64, u64, u64) {
    let (mut sent, mut answered, mut panicked) = (0, 0, 0);
    for n in 1..=many {
        sent += 1;
        // All four in turn, for any other `kind`.
        let kind = if kind < 4 { kind } else { n as usize % 4 };
        let asked = match kind {
            0 => {
                // A tell does not report a panic of the turn.
                mill.tell(sender, n).await.unwrap();
                continue;
            }
            1 => mill.ask(sender, n).await,
            2 => mill.slow(sender, n).await,
            _ => mill.own(sender, n).await,
        };
        match asked {
            Ok(answer) => {
                assert_eq!(answer, n);
                answered += 1;
            }
            Err(error) => {
                assert_eq!(error.reason(), Reason::Panicked);
                panicked += 1;
            }
        }
    }
    (sent, answered, panicked)
}

async fn send_all(system: System, senders: usize, kind: usize) {
    let tally = Tally::of(senders);
    let mill = mill(&system, &tally);
    let many = MANY / senders as u64;
    let tasks: Vec<_> =
        (0..senders).map(|sender| tokio::spawn(send_as(mill.clone(), sender, many, kind))).collect();
    let (mut sent, mut answered, mut panicked) = (0, 0, 0);
    for task in tasks {
        let of_one = task.await.unwrap();
        (sent, answered, panicked) = (sent + of_one.0, answered + of_one.1, panicked + of_one.2);
    }
    assert_ne!(mill.stop().await.reason().unwrap(), StopReason::Killed);
    let ledger = mill.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    let total = ledger.total();
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert_eq!((total.offered, sent), (many * senders as u64, many * senders as u64));
    assert_eq!((total.handled, total.panicked), (load(&tally.handled), load(&tally.panicked)));
    assert_eq!(total.handled + total.panicked, sent, "{total:?}");
    assert!(total.panicked > sent / 2000, "{total:?}");
    let asked = |row: Row| (row.handled, row.panicked);
    let told = asked(*ledger.rows().iter().find(|row| row.message == "Tell").unwrap());
    assert_eq!((answered, panicked), (total.handled - told.0, total.panicked - told.1));
    for (sender, last) in tally.last.iter().enumerate() {
        assert_eq!(load(last), many, "the last one of {sender}");
    }
    // No instance is needed after a panic in the last message.
    assert!(load(&tally.births).abs_diff(total.panicked + 1) <= 1, "an instance for each panic");
}

#[test]
fn f1_a_thousandth_of_very_many_tells_panics_and_nothing_else_is_lost() {
    on_threads(4, |system| send_all(system, 1, 0));
}

#[test]
fn f1_a_thousandth_of_very_many_donated_turns_panics_and_nothing_else_is_lost() {
    on_threads(4, |system| send_all(system, 1, 1));
}

#[test]
fn f1_a_thousandth_of_very_many_async_turns_panics_and_nothing_else_is_lost() {
    on_threads(4, |system| send_all(system, 4, 2));
}

#[test]
fn f1_with_several_senders_and_all_kinds_of_turns_nothing_else_is_lost() {
    on_threads(4, |system| send_all(system, 4, 4));
}

#[test]
fn f1_on_one_thread_nothing_else_is_lost_either() {
    run(async |system| send_all(system, 3, 4).await);
}

#[test]
fn f2_a_donated_turn_in_which_a_permanent_actor_stops_itself_is_the_last_of_its_instance() {
    struct Guest {
        inside: Arc<AtomicI32>,
        n: u32,
    }
    impl Drop for Guest {
        fn drop(&mut self) {
            self.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
    #[actor(local)]
    impl Guest {
        #[message(overflow = block)]
        fn leave(&mut self, ctx: &mut Context<Self>) -> (u32, i32) {
            ctx.stop();
            // Other tasks may run now, such as one that was just spawned on this thread.
            tokio::task::block_in_place(|| (0..50).for_each(|_| std::thread::yield_now()));
            (self.n, self.inside.load(Ordering::SeqCst))
        }
    }
    on_threads(4, async |system| {
        for _ in 0..if cfg!(debug_assertions) { 300 } else { 3000 } {
            let (inside, births) = (Arc::new(AtomicI32::new(0)), AtomicU32::new(0));
            let counted = inside.clone();
            let make = move || {
                counted.fetch_add(1, Ordering::SeqCst);
                Guest { inside: counted.clone(), n: births.fetch_add(1, Ordering::SeqCst) }
            };
            // Without pauses, which would pass on the real clock 300 times.
            let restart = Restart::permanent().backoff(Duration::ZERO, Duration::ZERO);
            let guest: GuestHandle = system.actor(make).restart(restart).spawn().unwrap();
            for n in 0..3 {
                assert_eq!(guest.leave().await.unwrap(), (n, 1), "(instance, how many there are)");
            }
            guest.stop().await;
            assert_eq!(inside.load(Ordering::SeqCst), 0);
        }
    });
}
