//! D1 on random graphs: two to eight actors with mailboxes of one to four slots. Their turns ask
//! each other, send to each other and wait in line, one after the other and several at once.
//!
//! A reference keeps its own record of which actor waits for which. It knows what the test's own
//! turns see, which turns have ended, and how many senders stand in each line, which is first in,
//! first out. After a poll that leaves a wait pending, the record must have no cycle through that
//! turn: the runtime would have missed it. When a wait fails, the record must have exactly the
//! cycle that the error names. All must end before the time-out of an ask, so that nothing hung.
//!
//! `DEADLOCK_CASES=100000 cargo test --release -p actors-tests --test waits deadlock_random` runs
//! more.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::finishes;
use futures_util::future::{BoxFuture, join_all};
use server_messages as m;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::time::Instant;

// --- programs ---

/// One step of a turn.
type Script = Vec<Op>;

#[derive(Clone, Debug)]
enum Op {
    Ask(usize, Script),
    Tell(usize, Script),
    /// Several waits at once.
    Join(Vec<Op>),
    Sleep(u64),
}

#[derive(Clone, Debug)]
struct Program {
    capacities: Vec<usize>,
    /// Whether each actor sends to actors with higher numbers only.
    is_ranked: bool,
    /// The sends from outside, with their times in milliseconds.
    roots: Vec<(u64, Op)>,
}

/// A xorshift generator: small, and the same everywhere.
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    fn program(&mut self) -> Program {
        let actors = 2 + self.below(7);
        let capacities = (0..actors).map(|_| 1 + self.below(4)).collect();
        let is_ranked = self.below(3) == 0;
        let whom = Whom { from: 0, to: actors, is_ranked };
        let roots = (0..2 + self.below(2 * actors)).map(|_| (self.below(6) as u64, self.send(whom, 3)));
        let roots = roots.collect();
        Program { capacities, is_ranked, roots }
    }

    fn send(&mut self, whom: Whom, depth: usize) -> Op {
        if whom.from >= whom.to {
            return Op::Sleep(1);
        }
        let to = whom.from + self.below(whom.to - whom.from);
        let next = Whom { from: if whom.is_ranked { to + 1 } else { 0 }, ..whom };
        let script = match depth {
            0 => Vec::new(),
            _ => (0..self.below(4)).map(|_| self.op(next, depth - 1)).collect(),
        };
        if self.below(2) == 0 { Op::Ask(to, script) } else { Op::Tell(to, script) }
    }

    fn op(&mut self, whom: Whom, depth: usize) -> Op {
        match self.below(10) {
            0..2 => Op::Sleep(self.below(5) as u64),
            2 => Op::Join((0..2 + self.below(2)).map(|_| self.send(whom, depth)).collect()),
            _ => self.send(whom, depth),
        }
    }
}

/// The actors to which a turn may send.
#[derive(Clone, Copy)]
struct Whom {
    from: usize,
    to: usize,
    /// Whether only to actors with higher numbers, so that there is no cycle.
    is_ranked: bool,
}

// --- the reference ---

/// A pending wait of a turn.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: u64,
    from: usize,
    to: usize,
}

/// Which actor waits for which, as the test itself saw it.
#[derive(Debug, Default)]
struct Record {
    pending: Vec<Pending>,
    /// The waits in each actor's line, including those from outside.
    lines: Vec<VecDeque<u64>>,
    /// Waits that were let in, and have not been polled since.
    let_in: Vec<u64>,
    /// Asks whose turns have ended, and that have not been polled since.
    answered: Vec<u64>,
    /// Asks whose turns have begun.
    begun: Vec<u64>,
    closed: u64,
    told_begun: u64,
}

impl Record {
    /// A line is first in, first out, so its length says which waits were let in.
    fn sync(&mut self, servers: &[ServerHandle]) {
        for (line, server) in self.lines.iter_mut().zip(servers) {
            while line.len() > server.reading().waiting {
                self.let_in.extend(line.pop_front());
            }
        }
    }

    fn forget(&mut self, id: u64) {
        self.pending.retain(|wait| wait.id != id);
        self.let_in.retain(|known| *known != id);
        self.answered.retain(|known| *known != id);
        self.lines.iter_mut().for_each(|line| line.retain(|known| *known != id));
    }

    fn is_live(&self, wait: &Pending) -> bool {
        !self.let_in.contains(&wait.id) && !self.answered.contains(&wait.id)
    }

    fn targets(&self, actor: usize) -> impl Iterator<Item = usize> {
        self.pending.iter().filter(move |wait| wait.from == actor && self.is_live(wait)).map(|wait| wait.to)
    }

    /// Whether a path leads from `from` by way of `first` back to `from`.
    fn has_cycle(&self, from: usize, first: usize) -> bool {
        let mut found = vec![first];
        let mut next = 0;
        while next < found.len() {
            if found[next] == from {
                return true;
            }
            let new: Vec<_> = self.targets(found[next]).filter(|to| !found.contains(to)).collect();
            for to in new {
                if !found.contains(&to) {
                    found.push(to);
                }
            }
            next += 1;
        }
        false
    }
}

// --- the world ---

/// The state that all turns of a program share.
struct World {
    servers: Mutex<Vec<ServerHandle>>,
    /// `None` on real threads, where the order of events is unknown.
    record: Option<Mutex<Record>>,
    ids: AtomicU64,
    told: AtomicU64,
}

impl World {
    fn server(&self, at: usize) -> ServerHandle {
        self.servers.lock().unwrap()[at].clone()
    }

    fn new_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    fn with(&self, work: impl FnOnce(&mut Record, &[ServerHandle])) {
        if let Some(record) = &self.record {
            let servers = self.servers.lock().unwrap().clone();
            work(&mut record.lock().unwrap(), &servers);
        }
    }
}

struct Server {
    me: usize,
    world: Arc<World>,
}

#[actor]
impl Server {
    /// Runs a script. `id` is the number of the wait, if it is an ask.
    #[message(overflow = block)]
    async fn run(&mut self, id: Option<u64>, script: Script) {
        self.world.with(|record, _| record.begun.extend(id));
        for op in script {
            perform(self.world.clone(), Some(self.me), op).await;
        }
        self.world.with(|record, _| record.answered.extend(id));
    }
}

/// The outcome of a wait.
type Outcome = Result<(), (Reason, Vec<String>)>;

fn perform(world: Arc<World>, from: Option<usize>, op: Op) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let (to, script, is_ask) = match op {
            Op::Sleep(ms) => return tokio::time::sleep(Duration::from_millis(ms)).await,
            Op::Join(ops) => {
                join_all(ops.into_iter().map(|op| perform(world.clone(), from, op))).await;
                return;
            }
            Op::Ask(to, script) => (to, script, true),
            Op::Tell(to, script) => (to, script, false),
        };
        let (id, server) = (world.new_id(), world.server(to));
        let names = |cycle: Option<&[actors_core::ActorName]>| {
            cycle.into_iter().flatten().map(ToString::to_string).collect()
        };
        let send: BoxFuture<'static, Outcome> =
            match is_ask {
                true => {
                    Box::pin(server.run(Some(id), script).ask().owned().then_map(move |result| {
                        result.map_err(|error| (error.reason(), names(error.cycle())))
                    }))
                }
                false => Box::pin(server.run(None, script).owned().then_map(move |result| {
                    result.map(drop).map_err(|error| (error.reason(), names(error.cycle())))
                })),
            };
        let outcome = Watched { world: world.clone(), id, from, to, send, is_known: false }.await;
        if let Err((reason, _)) = outcome {
            // No other error occurs, in particular no time-out.
            assert_eq!((reason, from.is_some()), (Reason::WouldDeadlock, true));
            world.told.fetch_add(1, Ordering::Relaxed);
        }
    })
}

trait ThenMap: Future + Sized {
    async fn then_map<T>(self, map: impl FnOnce(Self::Output) -> T) -> T {
        map(self.await)
    }
}

impl<F: Future> ThenMap for F {}

/// A send that records each of its polls.
struct Watched {
    world: Arc<World>,
    id: u64,
    from: Option<usize>,
    to: usize,
    send: BoxFuture<'static, Outcome>,
    is_known: bool,
}

impl Future for Watched {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        let mut before = 0;
        this.world.with(|record, servers| {
            record.sync(servers);
            before = record.lines[this.to].len();
        });
        let polled = this.send.as_mut().poll(cx);
        let world = this.world.clone();
        world.with(|record, servers| match &polled {
            Poll::Pending => this.pends(record, servers, before),
            Poll::Ready(outcome) => this.ended(record, outcome),
        });
        polled
    }
}

impl Watched {
    fn pends(&mut self, record: &mut Record, servers: &[ServerHandle], before: usize) {
        if !self.is_known {
            self.is_known = true;
            if servers[self.to].reading().waiting > before {
                record.lines[self.to].push_back(self.id);
            }
            if let Some(from) = self.from {
                record.pending.push(Pending { id: self.id, from, to: self.to });
            }
        }
        // A second poll: an ask that was let in now waits for its answer.
        record.let_in.retain(|known| *known != self.id);
        if let Some(from) = self.from {
            assert!(!record.has_cycle(from, self.to), "{from} waits for {}: {record:?}", self.to);
        }
    }

    fn ended(&mut self, record: &mut Record, outcome: &Outcome) {
        if let (Err((Reason::WouldDeadlock, names)), Some(from)) = (outcome, self.from) {
            let around: Vec<usize> = names.iter().map(|name| name.parse().unwrap()).collect();
            assert_eq!(around[0], from, "{record:?}");
            assert_eq!(around[1 % around.len()], self.to, "{record:?}");
            // The record had the rest of the cycle before this poll.
            let rest = around.iter().copied().skip(1).chain([from]);
            for (one, next) in rest.clone().zip(rest.skip(1)) {
                let is_there = record.targets(one).any(|to| to == next);
                assert!(is_there, "{one} does not wait for {next}: {names:?} {record:?}");
            }
            record.closed += 1;
            record.told_begun += u64::from(record.begun.contains(&self.id));
        }
        record.forget(self.id);
    }
}

// --- runs ---

fn build(system: &System, program: &Program, has_record: bool) -> Arc<World> {
    let lines = vec![VecDeque::new(); program.capacities.len()];
    let world = Arc::new(World {
        servers: Mutex::default(),
        record: has_record.then(|| Mutex::new(Record { lines, ..Record::default() })),
        ids: AtomicU64::new(0),
        told: AtomicU64::new(0),
    });
    for (me, capacity) in program.capacities.iter().enumerate() {
        let server = system.instance(Server { me, world: world.clone() });
        let server = server.name(me.to_string()).capacity(*capacity).reserve(0).max_waiting(1000);
        world.servers.lock().unwrap().push(server.spawn().unwrap());
    }
    world
}

/// Runs a program, and returns how many waits were refused because they close a cycle.
async fn run(system: &System, program: Program, has_record: bool) -> u64 {
    let world = build(system, &program, has_record);
    let roots: Vec<_> = program.roots.into_iter().collect();
    let tasks = roots.into_iter().map(|(ms, op)| {
        let world = world.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            perform(world, None, op).await;
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    testing::quiet(system).await;
    world.with(|record, _| {
        assert!(record.pending.is_empty() && record.lines.iter().all(VecDeque::is_empty), "{record:?}");
        assert_eq!(record.closed, world.told.load(Ordering::Relaxed));
    });
    let servers = std::mem::take(&mut *world.servers.lock().unwrap());
    let ledgers: Vec<_> = servers.iter().map(|server| server.ledger().of::<m::Run>()).collect();
    let told = world.told.load(Ordering::Relaxed);
    // An ask may be refused after its turn began. The turn continues, and counts as handled.
    let refused = ledgers.iter().map(|row| row.refused(Reason::WouldDeadlock)).sum::<u64>();
    world.with(|record, _| assert_eq!(refused + record.told_begun, told));
    assert!(refused <= told);
    assert!(ledgers.iter().all(|row| row.is_balanced() && row.handled + row.refused_total() == row.offered));
    told
}

fn cases() -> u64 {
    let default = if cfg!(debug_assertions) { 300 } else { 10_000 };
    std::env::var("DEADLOCK_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn d1_random_graphs_every_cycle_is_told_and_nothing_else_is() {
    let (mut told, mut with_cycles) = (0, 0);
    for seed in 0..cases() {
        let program = Rng::new(seed).program();
        let mut found = 0;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            testing::run(async |system| {
                let before = Instant::now();
                found = run(&system, program.clone(), true).await;
                assert!(before.elapsed() < Duration::from_secs(5), "a wait did not end");
            });
        }));
        assert!(result.is_ok(), "seed {seed}: {program:#?}");
        assert!(!program.is_ranked || found == 0, "seed {seed}: no actor could have waited for itself");
        told += found;
        with_cycles += u64::from(found > 0);
    }
    println!("{} programs, {with_cycles} with cycles, {told} waits told", cases());
    assert!(with_cycles * 5 > cases() && with_cycles * 10 < cases() * 8, "{with_cycles} of {}", cases());
}

#[test]
fn d1_random_graphs_on_threads_nothing_hangs() {
    finishes(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
        let told = runtime.unwrap().block_on(async {
            let mut told = 0;
            for seed in 0..cases().min(1_000) / 10 {
                let system = System::new("threads");
                let before = Instant::now();
                told += run(&system, Rng::new(seed + 1_000_000).program(), false).await;
                let report = system.shutdown(Duration::from_secs(300)).await;
                assert!(report.total.is_balanced(), "seed {seed}");
                assert!(before.elapsed() < Duration::from_secs(20), "seed {seed} waited in vain");
            }
            told
        });
        assert!(told > 0);
    });
}
