//! D1 where it does not apply: in a system with `Deadlock::Off`, and through actors of two systems.
//! Such a cycle ends with its first deadline.

use actors_core::prelude::*;
use actors_core::system::Deadlock;
use actors_tests::{SECOND, run};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Default)]
struct Node {
    next: Option<NodeHandle>,
}

#[actor(local)]
impl Node {
    #[message]
    fn join(&mut self, next: NodeHandle) {
        self.next = Some(next);
    }

    /// Asks the next node, once more around the cycle.
    #[message(overflow = block, timeout = "10s")]
    async fn pass(&mut self, hops: u32) -> Result<(), Reason> {
        match &self.next {
            Some(next) if hops > 0 => match next.pass(hops - 1).await {
                Ok(passed) => passed,
                Err(error) => Err(error.reason()),
            },
            _ => Ok(()),
        }
    }
}

/// Two nodes that ask each other, and what the first ask of the cycle ends with, and when.
async fn around(first: &System, second: &System) -> (Result<(), Reason>, Duration) {
    let (a, b) = (first.spawn(Node::default()), second.spawn(Node::default()));
    a.join(b.clone()).ask().await.unwrap();
    b.join(a.clone()).ask().await.unwrap();
    let began = Instant::now();
    let passed = match a.pass(2).timeout(60 * SECOND).await {
        Ok(passed) => passed,
        Err(error) => Err(error.reason()),
    };
    // What was asked around the cycle holds the other's handle.
    a.kill();
    b.kill();
    (passed, began.elapsed())
}

#[test]
fn d1_with_the_check_off_a_cycle_ends_with_its_deadline_and_costs_no_graph() {
    run(async |system| {
        let on = around(&system, &system).await;
        assert_eq!(on, (Err(Reason::WouldDeadlock), Duration::ZERO));
        let off = System::builder("off").deadlock(Deadlock::Off).build();
        let (passed, took) = around(&off, &off).await;
        assert_eq!(passed, Err(Reason::TimedOut));
        assert_eq!(took, 60 * SECOND);
    });
}

#[test]
fn d1_a_cycle_through_two_systems_ends_with_its_deadline() {
    run(async |system| {
        let other = System::new("other");
        let (passed, took) = around(&system, &other).await;
        assert_eq!((passed, took), (Err(Reason::TimedOut), 60 * SECOND));
    });
}
