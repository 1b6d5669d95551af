//! L1, F2, F4, S4: the same work with 1, 4 and 16 runtime workers. Which messages are accepted,
//! handled or lost differs from run to run. In each run, each message has one outcome, on which
//! sender, handler and ledger agree.

use actors_core::prelude::*;
use actors_tests::{Rng, alone, panic_quietly, poll, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::yield_now;

const SENDERS: usize = 12;
const SENDS: usize = 400;
const DESKS: usize = 10;

/// The outcome of each message, by its number.
struct Tally {
    handled: Vec<AtomicU8>,
    dropped: Vec<AtomicU8>,
}

impl Tally {
    fn new() -> Arc<Self> {
        let counts = || (0..SENDERS * SENDS).map(|_| AtomicU8::new(0)).collect();
        Arc::new(Tally { handled: counts(), dropped: counts() })
    }

    fn handled(&self, number: usize) -> u8 {
        self.handled[number].load(Ordering::Acquire)
    }
}

/// A part of a message that counts its own turn and its own drop.
struct Token {
    number: usize,
    tally: Arc<Tally>,
}

impl Token {
    fn handle(&self) {
        self.tally.handled[self.number].fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.tally.dropped[self.number].fetch_add(1, Ordering::AcqRel);
    }
}

struct Desk;

#[actor(capacity = 16)]
impl Desk {
    #[message(overflow = block)]
    async fn wait(&mut self, token: Token) {
        // A turn that a kill ends here does not count as handled.
        yield_now().await;
        token.handle();
    }

    #[message(overflow = reject, priority = low)]
    fn quick(&mut self, token: Token) {
        token.handle();
    }

    #[message(overflow = drop_oldest, max = 4)]
    fn newest(&mut self, token: Token) {
        token.handle();
    }

    #[message(overflow = block, key = customer)]
    async fn keyed(&mut self, customer: usize, token: Token) {
        let _ = customer;
        token.handle();
    }

    #[message(overflow = block, priority = high)]
    fn answer(&mut self, token: Token) -> usize {
        token.handle();
        token.number
    }

    /// Asks another desk during its turn.
    #[message(overflow = block)]
    async fn relay(&mut self, next: DeskHandle, token: Token) -> Option<usize> {
        next.answer(token).await.ok()
    }

    #[message(overflow = block)]
    fn fail(&mut self, token: Token) {
        token.handle();
        // Without the panic hook's output.
        panic_quietly("as the test asks for");
    }
}

/// The least number of messages offered to each desk. An inner ask counts once it has an answer.
type Offered = Arc<Vec<AtomicU64>>;

/// Sends one message in a random way. A message that comes back was not handled; one that is
/// answered was.
async fn send(desks: &[DeskHandle], offered: &Offered, rng: &mut Rng, token: Token) {
    let (number, tally) = (token.number, token.tally.clone());
    let at = rng.below(desks.len());
    let desk = &desks[at];
    let offer = |at: usize| offered[at].fetch_add(1, Ordering::Relaxed);
    let mut is_returned = false;
    let mut is_answered = false;
    offer(at);
    match rng.below(9) {
        0 => is_returned = desk.wait(token).await.is_err(),
        1 => is_returned = desk.quick(token).try_send().is_err(),
        2 => is_returned = desk.newest(token).await.is_err(),
        3 => is_returned = desk.keyed(number % 3, token).await.is_err(),
        4 => {
            if let Ok(answer) = desk.answer(token).await {
                assert_eq!(answer, number);
                is_answered = true;
            }
        }
        // Only to desks with higher numbers, so that no turns wait for each other.
        5 if at + 1 < desks.len() => {
            let next = at + 1 + rng.below(desks.len() - at - 1);
            if let Ok(Some(answer)) = desk.relay(desks[next].clone(), token).await {
                assert_eq!(answer, number);
                is_answered = true;
                offer(next);
            }
        }
        6 => drop(desk.fail(token).await),
        // The sender gives up at once.
        7 => {
            let mut waits = desk.wait(token);
            is_returned = matches!(poll(&mut waits), std::task::Poll::Ready(Err(_)));
        }
        _ => {
            let mut waits = desk.answer(token);
            let _ = poll(&mut waits);
            yield_now().await;
        }
    }
    let handled = tally.handled(number);
    assert!(!is_returned || handled == 0, "message {number} came back and was handled");
    assert!(!is_answered || handled == 1, "message {number} was answered and handled {handled} times");
}

async fn storm(round: u64) {
    let system = System::builder("storm").seed(round).build();
    let tally = Tally::new();
    let desks: Arc<Vec<DeskHandle>> = Arc::new(
        (0..DESKS)
            .map(|at| {
                let desk = system.actor(|| Desk).name(format!("desk-{at}"));
                let desk = desk.restart(Restart::on_failure().at_most(1, Duration::ZERO));
                // Every third desk is a pool.
                if at.is_multiple_of(3) {
                    desk.workers(1..=4).spawn().unwrap()
                } else {
                    desk.spawn().unwrap()
                }
            })
            .collect(),
    );
    let offered: Offered = Arc::new((0..DESKS).map(|_| AtomicU64::new(0)).collect());
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (desks, offered, tally) = (desks.clone(), offered.clone(), tally.clone());
            tokio::spawn(async move {
                let mut rng = Rng::new(round << 32 | sender as u64);
                for n in 0..SENDS {
                    let token = Token { number: sender * SENDS + n, tally: tally.clone() };
                    send(&desks, &offered, &mut rng, token).await;
                }
            })
        })
        .collect();
    let control = {
        let desks = desks.clone();
        tokio::spawn(async move {
            let mut rng = Rng::new(round << 32 | 1 << 31);
            for _ in 0..200 {
                let at = rng.below(DESKS);
                match rng.below(20) {
                    0 if at.is_multiple_of(2) => desks[at].kill(),
                    1 if !at.is_multiple_of(2) => drop(desks[at].stop()),
                    n => drop(desks[at].resize(1 + n % 4)),
                }
                yield_now().await;
            }
        })
    };
    for sender in senders {
        sender.await.unwrap();
    }
    control.await.unwrap();
    let report = system.shutdown(Duration::from_secs(60)).await;
    assert!(report.unfinished.is_empty() && report.total.is_balanced(), "{report:?}");
    for number in 0..SENDERS * SENDS {
        let dropped = tally.dropped[number].load(Ordering::Acquire);
        assert!(tally.handled(number) <= 1, "message {number} was handled {} times", tally.handled(number));
        assert_eq!(dropped, 1, "message {number} was dropped {dropped} times");
    }
    let (mut handled, mut failed) = (0, 0);
    for (at, desk) in desks.iter().enumerate() {
        let total = desk.ledger().total();
        assert!(total.is_balanced(), "{total:?}");
        assert!(total.offered >= offered[at].load(Ordering::Relaxed), "desk {at}: {total:?}");
        handled += total.handled - desk.ledger().of::<desk_messages::Relay>().handled;
        failed += desk.ledger().of::<desk_messages::Fail>().panicked;
    }
    let seen: u64 = (0..SENDERS * SENDS).map(|number| u64::from(tally.handled(number))).sum();
    assert_eq!(seen, handled + failed, "handlers and ledgers differ");
}

fn on(workers: usize) {
    let runtime = threads(workers);
    runtime.block_on(async {
        for round in 0..4 {
            tokio::spawn(storm(round)).await.unwrap();
        }
    });
}

#[test]
fn l1_every_message_has_one_outcome_with_one_runtime_worker() {
    alone!("l1_every_message_has_one_outcome_with_one_runtime_worker", || on(1));
}

#[test]
fn l1_every_message_has_one_outcome_with_four_runtime_workers() {
    alone!("l1_every_message_has_one_outcome_with_four_runtime_workers", || on(4));
}

#[test]
fn l1_every_message_has_one_outcome_with_sixteen_runtime_workers() {
    alone!("l1_every_message_has_one_outcome_with_sixteen_runtime_workers", || on(16));
}
