//! The programs, run by the runtime: each send is a task of its own, and each turn ends when the
//! program says so.

use super::messages::{Desk, Note, Obedient, by_class};
use super::program::{Act, BACKOFF_MS, Bid, CLASSES, Mode, Revival, Setup};
use super::reference::Ledger;
use super::{Outcome, Seen};
use actors_core::prelude::*;
use actors_core::testing::{self, Held};
use actors_core::{
    Restart,
    observe::{DeadLetters, Row},
    policy::Pressure,
    send::Permit,
    spawn::SpawnBuilder,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Rounds of the scheduler after each step. The longest chain has three hops: turn, slot, waiter's
/// task; and each worker wakes the next.
const ROUNDS: usize = 12;

type Shared<T> = Arc<Mutex<T>>;
type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A permit of any message type.
trait AnyPermit: Send {
    fn send(self: Box<Self>, id: usize, key: u8, weight: usize) -> Outcome;
    fn ask(self: Box<Self>, id: usize, key: u8, weight: usize) -> Later<Outcome>;
}

impl<const CLASS: usize> AnyPermit for Permit<Obedient, Note<CLASS>>
where
    Obedient: Handler<Note<CLASS>>,
{
    fn send(self: Box<Self>, id: usize, key: u8, weight: usize) -> Outcome {
        admitted((*self).send(Note { id, key, weight }))
    }

    fn ask(self: Box<Self>, id: usize, key: u8, weight: usize) -> Later<Outcome> {
        let ask = (*self).ask(Note { id, key, weight });
        Box::pin(async move { answered(ask.await) })
    }
}

type Reserved = Result<Box<dyn AnyPermit>, Reason>;

fn any_permit<const CLASS: usize>(reserved: Result<Permit<Obedient, Note<CLASS>>, SendError<()>>) -> Reserved
where
    Obedient: Handler<Note<CLASS>>,
{
    reserved.map(|permit| Box::new(permit) as Box<dyn AnyPermit>).map_err(|error| error.reason())
}

fn admitted<M>(result: Result<Admission, SendError<M>>) -> Outcome {
    match result {
        Ok(Admission::Queued) => Outcome::Is("queued"),
        Ok(Admission::Waited) => Outcome::Is("waited"),
        Ok(Admission::Conflated) => Outcome::Is("conflated"),
        Ok(Admission::Displaced) => Outcome::Is("displaced"),
        Ok(Admission::Dropped) => Outcome::Is("dropped"),
        Ok(_) => Outcome::Is("something new"),
        Err(error) => Outcome::Err(error.reason().word()),
    }
}

fn answered(result: Result<(), AskError>) -> Outcome {
    result.map_or_else(|error| Outcome::Err(error.reason().word()), |()| Outcome::Is("answered"))
}

/// Restarts at once, however often it fails, also when it does not start.
fn at_once(restart: Restart) -> Restart {
    restart.at_most(1, Duration::ZERO).start_backoff(Duration::ZERO, Duration::ZERO)
}

/// The restart policy. `None`: the actor has no factory.
fn restart(revival: Revival) -> Option<Restart> {
    let [first, longest] = BACKOFF_MS.map(Duration::from_millis);
    Some(match revival {
        Revival::NoFactory => return None,
        Revival::Never => Restart::never(),
        Revival::AtOnce => at_once(Restart::on_failure()),
        Revival::Permanent => at_once(Restart::permanent()),
        Revival::Limited { most, within_ms } => {
            Restart::on_failure().at_most(most, Duration::from_millis(within_ms)).backoff(first, longest)
        }
    })
}

fn start<F: FnOnce() -> Obedient, K>(
    mut builder: SpawnBuilder<Obedient, F, K>,
    setup: &Setup,
) -> Handle<Obedient> {
    for (class, policy) in setup.policies.into_iter().enumerate() {
        builder = by_class!(class, CLASS => builder.policy::<Note<CLASS>>(|_| policy));
    }
    if let Some(bytes) = setup.max_bytes {
        builder = builder.max_bytes(bytes);
    }
    if setup.is_supervised {
        builder = builder.pressure(Pressure::new());
    }
    builder.schedule(setup.schedule).seed(1).spawn().unwrap()
}

struct Sent {
    task: Option<JoinHandle<()>>,
    outcome: Shared<Option<Outcome>>,
}

pub(crate) struct Sut {
    _system: System,
    handle: Handle<Obedient>,
    desk: Arc<Desk>,
    held: Option<Held<Obedient>>,
    sends: Vec<Sent>,
    /// The permits, by the number of their reservation.
    permits: Shared<BTreeMap<usize, Box<dyn AnyPermit>>>,
    /// The reservations that are not polled.
    lazy: BTreeMap<usize, Later<Reserved>>,
    letters: DeadLetters,
}

impl Sut {
    pub(crate) fn new(setup: &Setup) -> Self {
        let desk: Arc<Desk> = Arc::default();
        let system = System::new("model");
        let letters = system.dead_letters();
        let handle = match restart(setup.revival) {
            None => start(system.instance(desk.make()), setup),
            Some(restart) => {
                let desk = desk.clone();
                let (least, most) = setup.workers;
                start(system.actor(move || desk.make()).restart(restart).workers(least..=most), setup)
            }
        };
        let (sends, permits, lazy) = (Vec::new(), Shared::default(), BTreeMap::new());
        Sut { _system: system, handle, desk, held: None, sends, permits, lazy, letters }
    }

    pub(crate) async fn act(&mut self, act: &Act) {
        match *act {
            Act::Send { id, class, key, weight, mode, timeout_ms } => {
                let timeout = timeout_ms.map(Duration::from_millis);
                by_class!(class, CLASS => self.send(Note::<CLASS> { id, key, weight }, mode, timeout));
            }
            Act::Reserve { id, class, timeout_ms, is_lazy } => {
                let timeout = timeout_ms.map(Duration::from_millis);
                by_class!(class, CLASS => self.reserve::<CLASS>(id, timeout, is_lazy));
            }
            Act::TryReserve { id, class } => {
                let reserved =
                    by_class!(class, CLASS => any_permit(self.handle.try_reserve::<Note<CLASS>>()));
                let outcome = self.expect(None);
                settled(id, reserved, &self.permits, &outcome);
            }
            Act::Look(id) => self.look(id),
            Act::SendPermit { id, permit, key, weight, is_ask } => {
                let permit = self.permits.lock().unwrap().remove(&permit).expect("the permit is there");
                self.send_permit(permit, is_ask, id, key, weight);
            }
            Act::DropPermit(id) => drop(self.permits.lock().unwrap().remove(&id)),
            Act::Cancel(id) => self.cancel(id).await,
            Act::Adjust { class, ref policy } => {
                let adjusted = by_class!(class, CLASS => self.handle.adjust::<Note<CLASS>>(|_| **policy));
                adjusted.expect("only what may change is changed");
            }
            Act::Turn { id, ref bids } => {
                self.desk.script.lock().unwrap().extend(&bids[1..]);
                self.bid(id, bids[0]);
            }
            Act::FailStarts(some) => self.desk.fail_starts.store(some, Ordering::Relaxed),
            Act::Resize(workers) => drop(self.handle.resize(workers)),
            Act::Hold(false) => self.held = None,
            Act::Hold(true) => {
                // One hold at a time: releasing an older one would release this one.
                self.held = None;
                self.held = Some(testing::hold(&self.handle));
            }
            Act::Nothing => {}
            Act::Stop => drop(self.handle.stop()),
            Act::Kill => self.handle.kill(),
        }
        settle().await;
        self.desk.script.lock().unwrap().clear();
    }

    fn bid(&self, id: usize, bid: Bid) {
        // Without an entry the turn has not begun, which the comparison reports.
        if let Some(turn) = self.desk.suspended.lock().unwrap().remove(&id) {
            let _ = turn.send(bid);
        }
    }

    /// Runs all tasks until they wait.
    pub(crate) async fn settle(&self) {
        settle().await;
    }

    /// Adds a send, with its outcome if it is known.
    fn expect(&mut self, outcome: Option<Outcome>) -> Shared<Option<Outcome>> {
        let outcome = Arc::new(Mutex::new(outcome));
        self.sends.push(Sent { task: None, outcome: outcome.clone() });
        outcome
    }

    fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.sends.last_mut().expect("a task belongs to a send").task = Some(tokio::spawn(task));
    }

    fn send<M: Message<Reply = ()>>(&mut self, message: M, mode: Mode, timeout: Option<Duration>)
    where
        Obedient: Handler<M>,
    {
        let outcome = self.expect(None);
        let mut tell = self.handle.tell(message);
        if let Some(timeout) = timeout {
            tell = tell.timeout(timeout);
        }
        match mode {
            Mode::Try => *outcome.lock().unwrap() = Some(admitted(tell.try_send())),
            Mode::Tell => {
                let tell = tell.owned();
                self.run(async move { *outcome.lock().unwrap() = Some(admitted(tell.await)) });
            }
            Mode::Ask => {
                let ask = tell.ask().owned();
                self.run(async move { *outcome.lock().unwrap() = Some(answered(ask.await)) });
            }
        }
    }

    fn reserve<const CLASS: usize>(&mut self, id: usize, timeout: Option<Duration>, is_lazy: bool)
    where
        Obedient: Handler<Note<CLASS>>,
    {
        let mut reserve = self.handle.reserve::<Note<CLASS>>().owned();
        if let Some(timeout) = timeout {
            reserve = reserve.timeout(timeout);
        }
        let outcome = self.expect(None);
        if is_lazy {
            self.lazy.insert(id, Box::pin(async move { any_permit(reserve.await) }));
            return self.look(id);
        }
        let permits = self.permits.clone();
        self.run(async move { settled(id, any_permit(reserve.await), &permits, &outcome) });
    }

    fn look(&mut self, id: usize) {
        let Some(reserve) = self.lazy.get_mut(&id) else { return };
        if let Poll::Ready(reserved) = reserve.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            self.lazy.remove(&id);
            settled(id, reserved, &self.permits, &self.sends[id].outcome);
        }
    }

    fn send_permit(&mut self, permit: Box<dyn AnyPermit>, is_ask: bool, id: usize, key: u8, weight: usize) {
        if !is_ask {
            self.expect(Some(permit.send(id, key, weight)));
            return;
        }
        let outcome = self.expect(None);
        let ask = permit.ask(id, key, weight);
        self.run(async move { *outcome.lock().unwrap() = Some(ask.await) });
    }

    async fn cancel(&mut self, id: usize) {
        let is_lazy = self.lazy.remove(&id).is_some();
        let send = &mut self.sends[id];
        if send.outcome.lock().unwrap().is_some() {
            return;
        }
        if let Some(task) = send.task.take() {
            task.abort();
            let _ = task.await;
        } else if !is_lazy {
            return;
        }
        *send.outcome.lock().unwrap() = Some(Outcome::Is("cancelled"));
    }

    pub(crate) async fn advance(&mut self, ms: u64) {
        tokio::time::advance(Duration::from_millis(ms)).await;
        settle().await;
    }

    // --- what is compared ---

    /// The turns so far, each with the number of its instance.
    pub(crate) fn turns(&self) -> Vec<(usize, usize)> {
        self.desk.turns.lock().unwrap().clone()
    }

    /// The number of instances that the factory was asked for.
    pub(crate) fn attempts(&self) -> usize {
        self.desk.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.sends.iter().map(|send| *send.outcome.lock().unwrap()).collect()
    }

    /// The messages and reasons of the dead letters since the last call. A message whose turn had
    /// begun has no number any more.
    pub(crate) fn take_letters(&mut self) -> Vec<Seen> {
        let letters = std::iter::from_fn(|| self.letters.try_next());
        letters.filter_map(|letter| Some((letter.payload?.parse().ok()?, letter.reason.word()))).collect()
    }

    pub(crate) fn is_balanced(&self) -> bool {
        self.handle.ledger().is_balanced()
    }

    /// Depth, senders and reservations in line, permits, bytes, running turns.
    pub(crate) fn numbers(&self) -> [usize; 5] {
        let reading = self.handle.reading();
        let bytes = usize::try_from(reading.bytes).unwrap();
        [reading.depth, reading.waiting, reading.permits, bytes, reading.workers_busy]
    }

    pub(crate) fn workers(&self) -> usize {
        self.handle.reading().workers
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let ledger = self.handle.ledger();
        let mut found = Ledger::new();
        for (class, row) in ledger.rows().iter().enumerate().take(CLASSES) {
            let counts = columns(row).into_iter().filter(|(_, n)| *n > 0);
            found.extend(counts.map(|(column, n)| ((class, column), n)));
        }
        found
    }
}

fn settled(
    id: usize,
    reserved: Reserved,
    permits: &Shared<BTreeMap<usize, Box<dyn AnyPermit>>>,
    outcome: &Shared<Option<Outcome>>,
) {
    *outcome.lock().unwrap() = Some(match reserved {
        Ok(permit) => {
            permits.lock().unwrap().insert(id, permit);
            Outcome::Is("permit")
        }
        Err(reason) => Outcome::Err(reason.word()),
    });
}

fn columns(row: &Row) -> [(&'static str, u64); 16] {
    [
        ("offered", row.offered),
        ("handled", row.handled),
        ("panicked", row.panicked),
        ("dropped", row.dropped),
        ("evicted", row.evicted),
        ("conflated", row.conflated),
        ("expired", row.expired),
        ("cancelled", row.cancelled),
        ("undelivered", row.undelivered),
        ("queued", row.queued),
        ("waiting", row.waiting),
        ("in_service", row.in_service),
        ("refused_full", row.refused(Reason::Full)),
        ("refused_closed", row.refused(Reason::Closed)),
        ("refused_doomed", row.refused(Reason::Doomed)),
        ("refused_timed_out", row.refused(Reason::TimedOut)),
    ]
}

async fn settle() {
    for _ in 0..ROUNDS {
        tokio::task::yield_now().await;
    }
}
