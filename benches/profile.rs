//! Some producers, one actor, many messages: a target for a profiler.
//! `cargo run --release -p benches --example profile -- ours|hand MESSAGES PRODUCERS LANES`
use actors_core::System;
use benches::{Counter, CounterHandle, Hand, hand, hand_total, runtime};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| args.get(at).and_then(|n| n.parse().ok()).unwrap_or(default);
    let (count, producers, lanes) = (number(1, 10_000_000), number(2, 1), number(3, 1));
    let is_hand = args.first().is_some_and(|what| what == "hand");
    let began = std::time::Instant::now();
    runtime().block_on(async {
        let tx = hand();
        let counter: CounterHandle = System::new("profile").spawn(Counter::default());
        let tasks: Vec<_> = (0..producers)
            .map(|_| {
                let (tx, counter) = (tx.clone(), counter.clone());
                tokio::spawn(async move {
                    for n in 0..count / producers {
                        let is_sent = match (is_hand, n % lanes) {
                            (true, _) => tx.send(Hand::Tick(n, 1)).await.is_ok(),
                            (_, 0) => counter.normal(n, 1).await.is_ok(),
                            (_, 1) => counter.low(n, 1).await.is_ok(),
                            (_, 2) => counter.high(n, 1).await.is_ok(),
                            _ => counter.urgent(n, 1).await.is_ok(),
                        };
                        assert!(is_sent);
                    }
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.is_ok());
        }
        hand_total(&tx).await;
        assert!(counter.total().await.is_ok());
    });
    println!("{:.1} ns a message", began.elapsed().as_secs_f64() * 1e9 / count as f64);
}
