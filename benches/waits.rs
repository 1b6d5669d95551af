//! **Question.** What do waits inside turns cost in the wait-for graph, and do turns on several
//! threads contend there?
//!
//! **Method.** Pairs of actors: a turn of the front actor asks the back actor and awaits the
//! answer. The back's handler is an `async fn` that yields once, so that the ask is pending inside
//! the front's turn, and enters and leaves the graph. 64 pairs run at once on 1, 2 and 4 worker
//! threads, with 200 asks each per round. `off` is the same with `deadlock(Deadlock::Off)`. Rounds
//! of all variants alternate. The output has the medians of 15 rounds: nanoseconds of wall time per
//! ask, and the ratio to `off`.
//!
//! `cargo bench -p benches --bench waits`

use actors_core::prelude::*;
use actors_core::system::Deadlock;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};

const PAIRS: u64 = 64;
const ASKS: u64 = 200;
const ROUNDS: usize = 15;

#[derive(Default)]
struct Back;

#[actor(local, inline = never)]
impl Back {
    #[message(overflow = block)]
    async fn answer(&mut self, n: u64) -> u64 {
        yield_now().await;
        n
    }
}

struct Front {
    back: BackHandle,
}

#[actor(local, inline = never)]
impl Front {
    /// Asks the back actor a number of times within one turn.
    #[message(overflow = block)]
    async fn work(&mut self, asks: u64) -> u64 {
        let mut sum = 0;
        for n in 0..asks {
            sum += self.back.answer(n).await.expect("the back answers");
        }
        sum
    }
}

/// A runtime with its pairs.
struct Site {
    name: String,
    runtime: Runtime,
    fronts: Vec<FrontHandle>,
    rounds: Vec<f64>,
}

impl Site {
    fn new(threads: usize, deadlock: Deadlock) -> Site {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
        let fronts = runtime.block_on(async {
            let system = System::builder("waits").deadlock(deadlock).build();
            (0..PAIRS).map(|_| system.spawn(Front { back: system.spawn(Back) })).collect()
        });
        let name = format!("{threads} threads, {}", if deadlock == Deadlock::Off { "off" } else { "on" });
        Site { name, runtime, fronts, rounds: Vec::new() }
    }

    /// Nanoseconds per ask.
    fn round(&mut self) {
        let began = Instant::now();
        let sum = self.runtime.block_on(async {
            let mut turns = JoinSet::new();
            for front in &self.fronts {
                turns.spawn(front.work(ASKS).timeout(std::time::Duration::from_secs(600)).owned());
            }
            turns.join_all().await.into_iter().map(Result::unwrap).sum::<u64>()
        });
        assert_eq!(sum, PAIRS * ASKS * (ASKS - 1) / 2);
        self.rounds.push(began.elapsed().as_nanos() as f64 / (PAIRS * ASKS) as f64);
    }

    fn median(&mut self) -> f64 {
        self.rounds.sort_by(f64::total_cmp);
        self.rounds[self.rounds.len() / 2]
    }
}

fn main() {
    let variants =
        [1, 2, 4].into_iter().flat_map(|threads| [(threads, Deadlock::On), (threads, Deadlock::Off)]);
    let mut sites: Vec<_> = variants.map(|(threads, deadlock)| Site::new(threads, deadlock)).collect();
    // The first round warms up.
    for round in 0..=ROUNDS {
        for site in &mut sites {
            site.round();
            if round == 0 {
                site.rounds.clear();
            }
        }
    }
    for pair in sites.chunks_mut(2) {
        let [on, off] = pair else { unreachable!("variants come in pairs") };
        let (with, without) = (on.median(), off.median());
        println!("{:16} {with:8.0} ns/ask", on.name);
        println!("{:16} {without:8.0} ns/ask   on/off {:.2}", off.name, with / without);
    }
}
