//! F2: parents and children, strategies, escalation, and the order in which they end.

mod ending;
mod escalation;
mod random;
mod strategies;

use actors_core::prelude::*;
use actors_core::{Restart, policy::Strategy, testing};
use actors_tests::{
    HOUR, MS, Record, Rng, SECOND, panic_quietly, paused, pending, poll, run, run_other_tasks,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// The events of a tree, in order, and its actors.
#[derive(Default)]
struct Events {
    lines: Record<String>,
    /// The number of instances alive, and of all instances ever made, by name.
    alive: Mutex<BTreeMap<String, (i64, u32)>>,
    handles: Mutex<BTreeMap<String, NodeHandle>>,
}

impl Events {
    fn write(&self, line: String) {
        self.lines.write(line);
    }

    fn lines(&self) -> Vec<String> {
        self.lines.take()
    }

    fn births(&self, name: &str) -> u32 {
        self.alive.lock().unwrap().get(name).map_or(0, |counts| counts.1)
    }

    fn assert_all_ended(&self) {
        let alive = self.alive.lock().unwrap();
        assert!(alive.values().all(|(alive, _)| *alive == 0), "{alive:?}");
    }

    /// The current handle of a child.
    fn child(&self, name: &str) -> NodeHandle {
        self.handles.lock().unwrap()[name].clone()
    }

    /// Drops the handles, which keep the actors alive.
    fn forget(&self) {
        self.handles.lock().unwrap().clear();
    }
}

/// A node of a tree: its name, its settings, and its children.
#[derive(Clone)]
struct Plan {
    name: String,
    restart: Restart,
    strategy: Strategy,
    has_factory: bool,
    /// How long its `#[stopped]` takes.
    rest: Duration,
    children: Vec<Plan>,
}

impl Plan {
    fn leaf(name: &str) -> Plan {
        Plan {
            name: name.to_owned(),
            restart: always(),
            strategy: Strategy::OneForOne,
            has_factory: true,
            rest: Duration::ZERO,
            children: Vec::new(),
        }
    }

    fn of(name: &str, strategy: Strategy, children: impl IntoIterator<Item = Plan>) -> Plan {
        Plan { strategy, children: children.into_iter().collect(), ..Plan::leaf(name) }
    }

    fn restart(self, restart: Restart) -> Plan {
        Plan { restart, ..self }
    }

    fn rest(self, rest: Duration) -> Plan {
        Plan { rest, ..self }
    }
}

fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

/// Allows no failure.
fn once() -> Restart {
    Restart::on_failure().at_most(0, HOUR)
}

struct Node {
    plan: Plan,
    events: Arc<Events>,
    /// The turns of this instance.
    seen: u32,
}

impl Node {
    fn new(plan: &Plan, events: &Arc<Events>) -> Node {
        let mut alive = events.alive.lock().unwrap();
        let counts = alive.entry(plan.name.clone()).or_default();
        *counts = (counts.0 + 1, counts.1 + 1);
        drop(alive);
        Node { plan: plan.clone(), events: events.clone(), seen: 0 }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut alive = self.events.alive.lock().unwrap();
        alive.entry(self.plan.name.clone()).or_default().0 -= 1;
    }
}

#[actor(local, capacity = 64, reserve = 0)]
impl Node {
    #[started]
    async fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        for plan in self.plan.children.clone() {
            let (events, restart, strategy, name) =
                (self.events.clone(), plan.restart, plan.strategy, plan.name.clone());
            let handle: NodeHandle = if plan.has_factory {
                let make = move || Node::new(&plan, &events);
                ctx.actor(make).restart(restart).strategy(strategy).spawn()?
            } else {
                ctx.instance(Node::new(&plan, &events)).strategy(strategy).spawn()?
            };
            self.events.handles.lock().unwrap().insert(name, handle);
        }
        Ok(())
    }

    #[message(overflow = block)]
    fn work(&mut self) -> u32 {
        self.seen += 1;
        self.seen
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.events.write(format!("{} {n}", self.plan.name));
    }

    #[message(overflow = block)]
    fn fail(&mut self) {
        panic_quietly("on purpose");
    }

    #[message]
    async fn fail_later(&mut self, after: Duration) {
        tokio::time::sleep(after).await;
        panic_quietly("on purpose");
    }

    #[message(overflow = block, timeout = "1h")]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        self.seen += 1;
        self.seen
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[stopped]
    async fn end(&mut self, why: StopReason) {
        tokio::time::sleep(self.plan.rest).await;
        self.events.write(format!("{} {why:?}", self.plan.name));
    }
}

/// Starts a tree, and waits until all of it has started.
async fn start_tree(system: &System, plan: Plan) -> (Arc<Events>, NodeHandle) {
    let events = Arc::<Events>::default();
    let (made, restart, strategy) = (events.clone(), plan.restart, plan.strategy);
    let root: NodeHandle = if plan.has_factory {
        system.actor(move || Node::new(&plan, &made)).restart(restart).strategy(strategy).spawn().unwrap()
    } else {
        system.instance(Node::new(&plan, &made)).strategy(strategy).spawn().unwrap()
    };
    root.ready().await.unwrap();
    testing::quiet(system).await;
    (events, root)
}

fn leaves(names: &[&str]) -> Vec<Plan> {
    names.iter().map(|name| Plan::leaf(name)).collect()
}
