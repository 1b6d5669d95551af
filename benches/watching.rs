//! **Question.** What does it cost a service to be watched: by histograms, by an exporter that is
//! read once a second, by the dashboard with open pages?
//!
//! **Method.** One sender and one actor with a plain `fn`, on a runtime with two workers. *tell*:
//! nanoseconds per one-way message, from the first send until the last has been handled. *ask*:
//! nanoseconds per answer, one after the other. Each watcher has its own system, and rounds of all
//! alternate; the figure is the median of the rounds' ratios to the system that nothing watches, in
//! the same round. While a round runs, the exporter's page is made and the dashboard's frames are
//! sent ten times as often as in a service, because a round is short.
//!
//! `cargo bench -p benches --bench watching`

use actors_core::prelude::*;
use actors_metrics::Exporter;
use benches::{Counter, CounterHandle, runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const TELLS: u64 = 400_000;
const ASKS: u64 = 60_000;
const ROUNDS: usize = 31;
/// How often a page is made.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);

/// A watched system.
struct Site {
    name: &'static str,
    system: System,
    counter: CounterHandle,
    exporter: Option<Exporter>,
    tell: Vec<f64>,
    ask: Vec<f64>,
}

impl Site {
    fn new(name: &'static str, every: Option<u32>, is_scraped: bool) -> Site {
        let builder = System::builder("bench");
        let system = every.into_iter().fold(builder, |builder, every| builder.histograms(every)).build();
        let counter = system.actor(Counter::default).name("counter").spawn().expect("the name is free");
        let exporter = is_scraped.then(|| Exporter::new(&system));
        Site { name, system, counter, exporter, tell: Vec::new(), ask: Vec::new() }
    }

    /// Runs `work` while pages are made, as a task on a worker. Returns nanoseconds per message.
    fn timed<F>(&self, rt: &Runtime, messages: u64, work: impl FnOnce(CounterHandle) -> F) -> f64
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ends = Arc::new(AtomicBool::new(false));
        let scraper = self.exporter.clone().map(|exporter| {
            let ends = ends.clone();
            std::thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    assert!(exporter.text().contains("counter"));
                    std::thread::park_timeout(SCRAPE_EVERY);
                }
            })
        });
        let work = work(self.counter.clone());
        let began = Instant::now();
        rt.block_on(rt.spawn(work)).expect("the round succeeds");
        let took = began.elapsed().as_nanos() as f64 / messages as f64;
        ends.store(true, Ordering::Relaxed);
        if let Some(scraper) = scraper {
            scraper.thread().unpark();
            scraper.join().expect("the pages are made");
        }
        took
    }

    fn round(&mut self, rt: &Runtime) {
        let tell = self.timed(rt, TELLS, async |counter: CounterHandle| {
            for n in 0..TELLS {
                counter.normal(n, 16).await.expect("it is alive");
            }
            counter.normal(0, 0).ask().await.expect("it is alive");
        });
        let ask = self.timed(rt, ASKS, async |counter: CounterHandle| {
            for n in 0..ASKS {
                counter.normal(n, 16).ask().await.expect("it is alive");
            }
        });
        self.tell.push(tell);
        self.ask.push(ask);
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let rt = runtime();
    let mut sites = {
        let _inside = rt.enter();
        [
            Site::new("nothing", None, false),
            Site::new("histograms, one in 64", Some(64), false),
            Site::new("histograms, one in 256", Some(256), false),
            Site::new("histograms, every turn", Some(1), false),
            Site::new("one in 256, and an exporter", Some(256), true),
        ]
    };
    for round in 0..=ROUNDS {
        for site in &mut sites {
            site.round(&rt);
            // The first round warms up.
            if round == 0 {
                (site.tell, site.ask) = Default::default();
            }
        }
    }
    println!("{:28} {:>9} {:>7}   {:>9} {:>7}", "watched by", "tell ns", "ratio", "ask ns", "ratio");
    let [nothing, ..] = &sites;
    for site in &sites {
        let ratio = |ours: &[f64], bare: &[f64]| median(ours.iter().zip(bare).map(|(a, b)| a / b).collect());
        println!(
            "{:28} {:9.1} {:7.3}   {:9.1} {:7.3}",
            site.name,
            median(site.tell.clone()),
            ratio(&site.tell, &nothing.tell),
            median(site.ask.clone()),
            ratio(&site.ask, &nothing.ask),
        );
    }
    rt.block_on(async {
        for site in &sites {
            site.system.shutdown(Duration::from_secs(1)).await;
        }
    });
}
