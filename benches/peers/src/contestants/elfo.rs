//! elfo, whose actors are started by the first message that its router sends to a new key.

use crate::contestant::{Book, CAPACITY, Contestant, Hold, Meeting, Note};
use crate::contestant::{Rig, WORKERS};
use crate::workload::Workload;
use elfo::messages::UpdateConfig;
use elfo::prelude::*;
use elfo::routers::{MapRouter, Outcome};
use elfo::{Addr, Local, MoveOwnership, Topology, config::AnyConfig, scope};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

#[message(ret = Local<Addr>)]
struct Start {
    key: u64,
}

#[message]
struct Tick(u64, u64);

#[message(ret = u64)]
struct Question(u64, u64);

#[message(ret = u64)]
struct Count;

#[message]
struct Keep(MoveOwnership<Hold>);

#[message]
struct Meet(MoveOwnership<Meeting<Elfo>>);

#[message]
struct Hop(u64, u64);

/// The group of all counters.
fn counters() -> Blueprint {
    let router = MapRouter::new(|envelope| {
        msg!(match envelope {
            Start { key } => Outcome::Unicast(*key),
            UpdateConfig => Outcome::Discard,
            _ => Outcome::Default,
        })
    });
    ActorGroup::new().router(router).exec(async |mut ctx: Context<(), u64>| {
        ctx.set_mailbox_capacity(CAPACITY);
        let (mut book, mut meeting) = (Book::default(), None);
        while let Some(envelope) = ctx.recv().await {
            msg!(match envelope {
                Tick(a, b) => {
                    book.enter(a, b);
                }
                (Question(a, b), token) => ctx.respond(token, book.enter(a, b)),
                (Count, token) => ctx.respond(token, book.count),
                (Start { .. }, token) => ctx.respond(token, ctx.addr().into()),
                Keep(hold) =>
                    if let Some(hold) = hold.take() {
                        hold.keep().await;
                    },
                Meet(met) => meeting = met.take(),
                Hop(left, b) => {
                    book.enter(left, b);
                    if let Some(peer) = Meeting::next(&mut meeting, left) {
                        let _ = ctx.try_send_to(peer.0, Hop(left - 1, b));
                    }
                }
            });
        }
    })
}

/// The context that the senders share.
static CONTEXT: OnceLock<Context> = OnceLock::new();

/// The group of the counters, which starts them.
static GROUP: OnceLock<Addr> = OnceLock::new();

fn context() -> &'static Context {
    CONTEXT.get().unwrap_or_else(|| panic!("the topology is there as long as there is work"))
}

/// The handle.
#[derive(Clone)]
pub struct Elfo(Addr);

impl Contestant for Elfo {
    const NAME: &'static str = "elfo";
    const CRATE: &'static str = "elfo";
    const NOTES: &'static [Note] = &[
        Note::All("Messages go directly to an address; senders are tasks that share one context."),
        Note::On(
            Workload::Spawn,
            "An actor is started by the first message to its key, and answers it with its address.",
        ),
        Note::On(
            Workload::First,
            "An actor is started by the first message to its key, and answers it with its address.",
        ),
        Note::Lacks(Workload::MemoryIdle, "an actor is started by its first message"),
    ];

    fn run<F>(rig: Rig, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let topology = Topology::empty();
        let group = topology.local("counters");
        let configurers = topology.local("system.configurers").entrypoint();
        GROUP.get_or_init(|| group.addr());
        group.mount(counters());
        configurers.mount(elfo::batteries::configurer::fixture(&topology, AnyConfig::default()));
        let runtime = match rig {
            Rig::Workers => Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build(),
            Rig::Single => Builder::new_current_thread().enable_all().build(),
        };
        let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
        // Starts elfo as its own benches do. The public way starts a node that lasts until a signal
        // ends it.
        let done = runtime.block_on(elfo::_priv::do_start(topology, false, |ctx, _| async move {
            CONTEXT.get_or_init(|| ctx);
            Self::task(work).await.unwrap_or_else(|error| panic!("{error}"))
        }));
        done.unwrap_or_else(|error| panic!("elfo did not start: {error}"))
    }

    fn task<F>(work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(scope::expose().within(work))
    }

    async fn start() -> Self {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        let group = GROUP.get().copied().unwrap_or(Addr::NULL);
        let key = KEYS.fetch_add(1, Ordering::Relaxed);
        let started = context().request_to(group, Start { key }).resolve().await;
        Self(started.unwrap_or_else(|error| panic!("{error}")).into_inner())
    }

    async fn tell(&self, a: u64, b: u64) -> bool {
        context().send_to(self.0, Tick(a, b)).await.is_ok()
    }

    fn try_tell(&self, a: u64, b: u64) -> bool {
        context().try_send_to(self.0, Tick(a, b)).is_ok()
    }

    async fn ask(&self, a: u64, b: u64) -> Option<u64> {
        context().request_to(self.0, Question(a, b)).resolve().await.ok()
    }

    async fn count(&self) -> Option<u64> {
        context().request_to(self.0, Count).resolve().await.ok()
    }

    async fn hold(&self, hold: Hold) -> bool {
        context().send_to(self.0, Keep(hold.into())).await.is_ok()
    }

    async fn meet(&self, meeting: Meeting<Self>) -> bool {
        context().send_to(self.0, Meet(meeting.into())).await.is_ok()
    }

    async fn hop(&self, left: u64) -> bool {
        context().send_to(self.0, Hop(left, 1)).await.is_ok()
    }
}
