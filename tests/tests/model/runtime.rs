//! The same programs by the runtime: every send is a task of its own, every turn ends when the program says so.

use super::reference::{Kind, Ledger, Outcome, Reference};
use super::{Mode, Step};
use actors_core::prelude::*;
use actors_core::{Admission, Row};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rounds of the scheduler after every step: the longest chain is turn → slot → waiter's task, three hops.
const ROUNDS: usize = 12;

enum Order {
    End,
    Panic,
}

struct Obedient {
    turns: Arc<Mutex<Vec<usize>>>,
    orders: mpsc::Receiver<Order>,
}

impl Obedient {
    async fn turn(&mut self, id: usize) {
        self.turns.lock().unwrap().push(id);
        match self.orders.recv().await {
            // Without the hook's line on stderr.
            Some(Order::Panic) => std::panic::resume_unwind(Box::new("on purpose")),
            Some(Order::End) | None => {}
        }
    }
}

#[actor(capacity = 6, reserve = 2, max_waiting = 4)]
impl Obedient {
    #[message]
    async fn line(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(priority = high, overflow = block)]
    async fn high_line(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(priority = urgent, overflow = reject)]
    async fn urgent(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(priority = low, overflow = drop_newest)]
    async fn newest(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(priority = low, overflow = drop_oldest, ttl = "40ms")]
    async fn oldest(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(overflow = conflate, key = key)]
    async fn keyed(&mut self, id: usize, key: u8) {
        let _ = key;
        self.turn(id).await;
    }

    #[message(overflow = [conflate, block], key = key)]
    async fn keyed_line(&mut self, id: usize, key: u8) {
        let _ = key;
        self.turn(id).await;
    }

    #[message(priority = high, overflow = [drop_oldest, block])]
    async fn oldest_line(&mut self, id: usize) {
        self.turn(id).await;
    }

    #[message(ttl = "40ms")]
    async fn timed_line(&mut self, id: usize) {
        self.turn(id).await;
    }
}

struct Send {
    task: Option<JoinHandle<()>>,
    outcome: Arc<Mutex<Option<Outcome>>>,
}

pub(crate) struct Sut {
    _system: System,
    handle: ObedientHandle,
    orders: mpsc::Sender<Order>,
    turns: Arc<Mutex<Vec<usize>>>,
    sends: Vec<Send>,
}

fn admission(admission: Admission) -> Outcome {
    format!("{admission:?}").to_lowercase()
}

macro_rules! dispatch {
    ($call:expr, $mode:expr, $timeout:expr, $outcome:expr) => {{
        let call = $call;
        let call = match $timeout {
            Some(ms) => call.timeout(Duration::from_millis(ms)),
            None => call,
        };
        let outcome = $outcome;
        match $mode {
            Mode::Try => {
                let result = call.try_send();
                let word = result.map_or_else(|error| format!("err {}", error.reason().word()), admission);
                *outcome.lock().unwrap() = Some(word);
                None
            }
            Mode::Tell => {
                let call = call.owned();
                Some(tokio::spawn(async move {
                    let word =
                        call.await.map_or_else(|error| format!("err {}", error.reason().word()), admission);
                    *outcome.lock().unwrap() = Some(word);
                }))
            }
            Mode::Ask => {
                let call = call.ask().owned();
                Some(tokio::spawn(async move {
                    let result = call.await;
                    let word = result.map_or_else(
                        |error| format!("err {}", error.reason().word()),
                        |()| "answered".into(),
                    );
                    *outcome.lock().unwrap() = Some(word);
                }))
            }
        }
    }};
}

impl Sut {
    pub(crate) fn new() -> Self {
        let turns = Arc::new(Mutex::new(Vec::new()));
        let (orders, receiver) = mpsc::channel(1);
        let system = System::new("model");
        let handle = system.spawn(Obedient { turns: turns.clone(), orders: receiver });
        Sut { _system: system, handle, orders, turns, sends: Vec::new() }
    }

    pub(crate) async fn step(&mut self, step: &Step, reference: &mut Reference) {
        match *step {
            Step::Send { kind, key, mode, timeout_ms } => {
                let timeout = timeout_ms.and_then(|_| reference.last_deadline());
                self.send(kind, key, mode, timeout);
            }
            Step::Cancel(id) => self.cancel(id).await,
            Step::EndTurn => self.order(Order::End),
            Step::PanicTurn => self.order(Order::Panic),
            Step::Advance { .. } => {}
            Step::Stop => drop(self.handle.stop()),
            Step::Kill => self.handle.kill(),
        }
        settle().await;
    }

    fn order(&self, order: Order) {
        let is_running = self.handle.ledger().total().in_service > 0;
        if is_running {
            assert!(self.orders.try_send(order).is_ok(), "a turn takes one order");
        }
    }

    fn send(&mut self, kind: Kind, key: u8, mode: Mode, timeout: Option<u64>) {
        let id = self.sends.len();
        let outcome = Arc::new(Mutex::new(None));
        let (h, to) = (&self.handle, outcome.clone());
        let task = match kind {
            Kind::Line => dispatch!(h.line(id), mode, timeout, to),
            Kind::HighLine => dispatch!(h.high_line(id), mode, timeout, to),
            Kind::Urgent => dispatch!(h.urgent(id), mode, timeout, to),
            Kind::Newest => dispatch!(h.newest(id), mode, timeout, to),
            Kind::Oldest => dispatch!(h.oldest(id), mode, timeout, to),
            Kind::Keyed => dispatch!(h.keyed(id, key), mode, timeout, to),
            Kind::KeyedLine => dispatch!(h.keyed_line(id, key), mode, timeout, to),
            Kind::OldestLine => dispatch!(h.oldest_line(id), mode, timeout, to),
            Kind::TimedLine => dispatch!(h.timed_line(id), mode, timeout, to),
        };
        self.sends.push(Send { task, outcome });
    }

    async fn cancel(&mut self, id: usize) {
        let Some(send) = self.sends.get_mut(id) else { return };
        if send.outcome.lock().unwrap().is_some() {
            return;
        }
        if let Some(task) = send.task.take() {
            task.abort();
            let _ = task.await;
            *send.outcome.lock().unwrap() = Some("cancelled".into());
        }
    }

    pub(crate) async fn advance_one_ms(&mut self) {
        tokio::time::advance(Duration::from_millis(1)).await;
        settle().await;
    }

    pub(crate) fn turns(&self) -> Vec<usize> {
        self.turns.lock().unwrap().clone()
    }

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.sends.iter().map(|send| send.outcome.lock().unwrap().clone()).collect()
    }

    pub(crate) fn is_balanced(&self) -> bool {
        self.handle.ledger().is_balanced()
    }

    pub(crate) fn depth(&self) -> usize {
        self.handle.reading().depth
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let ledger = self.handle.ledger();
        let mut found = Ledger::new();
        for (kind, row) in Kind::ALL.into_iter().zip(ledger.rows()) {
            found.extend(
                columns(row).into_iter().filter(|(_, n)| *n > 0).map(|(column, n)| ((kind, column), n)),
            );
        }
        found
    }
}

fn columns(row: &Row) -> [(&'static str, u64); 14] {
    [
        ("offered", row.offered),
        ("handled", row.handled),
        ("panicked", row.panicked),
        ("dropped", row.dropped),
        ("conflated", row.conflated),
        ("expired", row.expired),
        ("cancelled", row.cancelled),
        ("undelivered", row.undelivered),
        ("queued", row.queued),
        ("waiting", row.waiting),
        ("in_service", row.in_service),
        ("refused_full", row.refused(Reason::Full)),
        ("refused_closed", row.refused(Reason::Closed)),
        ("refused_timed_out", row.refused(Reason::TimedOut)),
    ]
}

async fn settle() {
    for _ in 0..ROUNDS {
        tokio::task::yield_now().await;
    }
}
