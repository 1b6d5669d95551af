//! actix: all actors on one arbiter, which is one thread; the senders on the same two workers as
//! for all contestants.

use crate::contestant::{Book, CAPACITY, Contestant, Hold, Meeting, Note, Rig, WORKERS};
use crate::workload::Workload;
use actix::fut::wrap_future;
use actix::prelude::*;
use std::sync::OnceLock;
use tokio::runtime::Builder;

/// Counts its messages.
#[derive(Default)]
pub struct Counter {
    book: Book,
    meeting: Option<Meeting<Actix>>,
}

impl Actor for Counter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(CAPACITY);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Tick(u64, u64);

#[derive(Message)]
#[rtype(result = "u64")]
struct Question(u64, u64);

#[derive(Message)]
#[rtype(result = "u64")]
struct Count;

#[derive(Message)]
#[rtype(result = "()")]
struct Keep(Hold);

#[derive(Message)]
#[rtype(result = "()")]
struct Meet(Meeting<Actix>);

#[derive(Message)]
#[rtype(result = "()")]
struct Hop(u64, u64);

impl Handler<Tick> for Counter {
    type Result = ();

    fn handle(&mut self, Tick(a, b): Tick, _: &mut Self::Context) {
        self.book.enter(a, b);
    }
}

impl Handler<Question> for Counter {
    type Result = u64;

    fn handle(&mut self, Question(a, b): Question, _: &mut Self::Context) -> u64 {
        self.book.enter(a, b)
    }
}

impl Handler<Count> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> u64 {
        self.book.count
    }
}

impl Handler<Keep> for Counter {
    type Result = ();

    fn handle(&mut self, Keep(hold): Keep, ctx: &mut Self::Context) {
        ctx.wait(wrap_future(hold.keep()));
    }
}

impl Handler<Meet> for Counter {
    type Result = ();

    fn handle(&mut self, Meet(meeting): Meet, _: &mut Self::Context) {
        self.meeting = Some(meeting);
    }
}

impl Handler<Hop> for Counter {
    type Result = ();

    fn handle(&mut self, Hop(left, b): Hop, _: &mut Self::Context) {
        self.book.enter(left, b);
        if let Some(peer) = Meeting::next(&mut self.meeting, left) {
            peer.0.do_send(Hop(left - 1, b));
        }
    }
}

/// The arbiter of the actors.
static ARBITER: OnceLock<ArbiterHandle> = OnceLock::new();

/// The handle.
#[derive(Clone)]
pub struct Actix(Addr<Counter>);

impl Contestant for Actix {
    const NAME: &'static str = "actix";
    const CRATE: &'static str = "actix";
    const NOTES: &'static [Note] = &[
        Note::All(
            "All actors on one arbiter, which is one thread beside the two workers that the senders have. A tell is \
             `do_send`, which ignores the bound of the mailbox: no sender waits for room, and the backlog takes memory.",
        ),
        Note::On(Workload::TrySend, "`try_send`, which keeps to the bound."),
    ];

    fn run<F>(rig: Rig, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let system = System::new();
        let work = async { Self::task(work).await.unwrap_or_else(|error| panic!("{error}")) };
        if rig == Rig::Single {
            return system.block_on(async {
                ARBITER.get_or_init(Arbiter::current);
                work.await
            });
        }
        ARBITER.get_or_init(|| Arbiter::new().handle());
        let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
        runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(work)
    }

    async fn start() -> Self {
        let arbiter =
            ARBITER.get().unwrap_or_else(|| panic!("the arbiter is there as long as there is work"));
        Self(Counter::start_in_arbiter(arbiter, |_| Counter::default()))
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        self.0.do_send(Tick(a, b));
        true
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        self.0.try_send(Tick(a, b)).is_ok()
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        self.0.send(Question(a, b)).await.ok()
    }

    async fn count(&self) -> Option<u64> {
        self.0.send(Count).await.ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        self.0.do_send(Keep(hold));
        true
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        self.0.do_send(Meet(meeting));
        true
    }

    async fn hop(&self, left: u64) -> bool {
        self.0.do_send(Hop(left, 1));
        true
    }
}
