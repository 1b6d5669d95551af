//! **Question.** What does it cost a service to be watched: by histograms, by an exporter, by the
//! dashboard with a hundred open pages? And how long does a look at ten thousand actors take?
//!
//! **Method.** *At full speed.* One sender and one actor with a plain `fn`, on a runtime with two
//! workers. *tell*: nanoseconds per one-way message, from the first send until the last has been
//! handled. *ask*: nanoseconds per answer, one after the other. Each watcher has its own system,
//! and rounds of all alternate; the figure is the median of the rounds' ratios to the system that
//! nothing watches, in the same round. The exporter's page is made ten times a second.
//!
//! *Latency.* An ask every 20 µs, for a quarter of a second at a time, alternately of a system that
//! nothing watches and of one with histograms, an exporter that is read once a second, and the
//! dashboard on the same runtime with a hundred open streams, one of whose clients never reads. The
//! clients are on a thread of their own, so they need a core too: what they take from the service
//! is part of the figure.
//!
//! *Ten thousand actors.* The time of a visit and of a snapshot: the median of 15.
//!
//! `cargo bench -p benches --bench watching`

use actors_core::prelude::*;
use actors_dashboard::Dashboard;
use actors_metrics::Exporter;
use benches::{Counter, CounterHandle, runtime};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const TELLS: u64 = 400_000;
const ASKS: u64 = 60_000;
const ROUNDS: usize = 31;
/// How often a page is made.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);

/// Pages that are open.
const PAGES: usize = 100;
/// Time between two asks, and the asks of a round.
const PACE: Duration = Duration::from_micros(20);
const PACED: usize = 12_500;
const PACED_ROUNDS: usize = 24;
const ACTORS: usize = 10_000;

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

/// Opens a page's stream, and returns once its first bytes have come.
fn open_page(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the dashboard listens");
    let request = format!("GET /events?actor=counter HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", address.port());
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut head = [0; 15];
    stream.read_exact(&mut head).expect("it answers");
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stream
}

/// Reads what comes on all streams but the first, which is the page that is stuck.
fn read_pages(streams: &mut [TcpStream], ends: &AtomicBool) -> u64 {
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    streams.iter().for_each(|stream| stream.set_nonblocking(true).expect("a socket can"));
    while !ends.load(Ordering::Relaxed) {
        for stream in &mut streams[1..] {
            while let Ok(read) = stream.read(&mut buffer)
                && read > 0
            {
                bytes += read as u64;
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bytes
}

/// Asks at a pace, and returns how long each answer took, sorted.
async fn paced(counter: CounterHandle) -> Vec<u64> {
    let mut took = Vec::with_capacity(PACED);
    let mut due = Instant::now();
    for n in 0..PACED as u64 {
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        due = Instant::now() + PACE;
        let began = Instant::now();
        counter.normal(n, 16).ask().await.expect("it is alive");
        took.push(began.elapsed().as_nanos() as u64);
    }
    took.sort_unstable();
    took
}

/// Latency with and without everything that watches.
fn latency(rt: &Runtime) {
    let ends = Arc::new(AtomicBool::new(false));
    let (bare, watched, listener) = rt.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        (Site::new("nothing", None, false), Site::new("everything", Some(256), true), listener)
    });
    let exporter = watched.exporter.clone().expect("it was made");
    let address = listener.local_addr().expect("it listens");
    let serving = rt.spawn(Dashboard::new(&watched.system).metrics(exporter.clone()).serve_on(listener));
    let mut streams: Vec<_> = (0..PAGES).map(|_| open_page(address)).collect();
    let flag = ends.clone();
    let readers = std::thread::spawn(move || read_pages(&mut streams, &flag));
    let flag = ends.clone();
    let scraper = std::thread::spawn(move || {
        while !flag.load(Ordering::Relaxed) {
            assert!(exporter.text().contains("counter"));
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    println!("\n{:12} {:>9} {:>9} {:>9}   an ask every 20 µs", "watched by", "p50 ns", "p99 ns", "p99.9 ns");
    let mut of_round = [Vec::new(), Vec::new()];
    for _ in 0..PACED_ROUNDS {
        for (site, rounds) in [&bare, &watched].into_iter().zip(&mut of_round) {
            let took = rt.block_on(rt.spawn(paced(site.counter.clone()))).expect("the round succeeds");
            rounds.push([0.5, 0.99, 0.999].map(|q| took[(PACED as f64 * q) as usize] as f64));
        }
    }
    for (site, rounds) in [&bare, &watched].into_iter().zip(&of_round) {
        let [p50, p99, p999] = [0, 1, 2].map(|at| median(rounds.iter().map(|round| round[at]).collect()));
        println!("{:12} {p50:9.0} {p99:9.0} {p999:9.0}", site.name);
    }
    ends.store(true, Ordering::Relaxed);
    scraper.join().expect("the pages were made");
    let bytes = readers.join().expect("the streams were read");
    rt.block_on(async {
        bare.system.shutdown(Duration::from_secs(1)).await;
        watched.system.shutdown(Duration::from_secs(1)).await;
        serving.await.expect("no panic").expect("it has served");
    });
    println!("the open pages read {} KiB", bytes / 1024);
}

/// The time of a look at many actors.
fn many(rt: &Runtime) {
    let inside = rt.enter();
    let system = System::builder("many").histograms(256).build();
    let actors: Vec<CounterHandle> = (0..ACTORS).map(|_| system.spawn(Counter::default())).collect();
    rt.block_on(async {
        for actor in &actors {
            actor.normal(1, 2).ask().await.expect("it is alive");
        }
    });
    let ms = |look: &dyn Fn()| {
        median(
            (0..15)
                .map(|_| {
                    let began = Instant::now();
                    look();
                    began.elapsed().as_secs_f64() * 1000.0
                })
                .collect(),
        )
    };
    let visit = ms(&|| {
        let mut depth = 0;
        system.visit(&mut |actor| depth += actor.reading.depth);
        assert_eq!(depth, 0);
    });
    let snapshot = ms(&|| assert_eq!(system.snapshot().actors.len(), ACTORS));
    let page = Exporter::new(&system);
    let scrape = ms(&|| assert!(page.text().len() > 1000));
    println!(
        "\n{ACTORS} actors: a visit {visit:.1} ms, a snapshot {snapshot:.1} ms, a page of metrics {scrape:.1} ms"
    );
    drop(inside);
    rt.block_on(system.shutdown(Duration::from_secs(5)));
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
    latency(&rt);
    many(&rt);
}
