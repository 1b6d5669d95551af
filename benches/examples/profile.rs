//! One producer, one actor, a lot of messages: something to point a profiler at.
use actors_core::System;
use benches::{Counter, CounterHandle, Hand, hand, hand_total, runtime};

fn main() {
    let mut args = std::env::args().skip(1);
    let what = args.next().unwrap_or_default();
    let count: u64 = args.next().and_then(|n| n.parse().ok()).unwrap_or(10_000_000);
    let began = std::time::Instant::now();
    runtime()
        .block_on(async {
            tokio::spawn(async move {
                if what == "hand" {
                    let tx = hand();
                    for n in 0..count {
                        let _ = tx.send(Hand::Tick(n, 1)).await;
                    }
                    hand_total(&tx).await;
                } else {
                    let counter: CounterHandle = System::new("profile").spawn(Counter::default());
                    for n in 0..count {
                        let _ = counter.normal(n, 1).await;
                    }
                    let _ = counter.total().await;
                }
            })
            .await
        })
        .unwrap_or_default();
    println!("{:.1} ns a message", began.elapsed().as_secs_f64() * 1e9 / count as f64);
}
