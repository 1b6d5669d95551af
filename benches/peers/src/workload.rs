//! The workloads, and their sizes.

/// A question put to every contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// One producer.
    Tell1,
    /// Eight producers.
    Tell8,
    /// A sender that never waits.
    TrySend,
    /// One asker.
    Ask1,
    /// 64 askers.
    Ask64,
    /// Many actors.
    Many,
    /// Two actors and one message.
    PingPong,
    /// A full mailbox.
    Refused,
    /// Starting actors.
    Spawn,
    /// Starting actors that answer.
    First,
    /// Bytes of an actor that has handled nothing.
    MemoryIdle,
    /// Bytes of an actor that has handled messages.
    MemoryUsed,
    /// Allocations of a tell.
    AllocTell,
    /// Allocations of an ask.
    AllocAsk,
    /// Instructions of a tell.
    InstrTell,
    /// Instructions of an ask.
    InstrAsk,
}

/// How a figure is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By the clock.
    Timed,
    /// By the counting allocator.
    Counted,
    /// By callgrind.
    Instructions,
}

/// The description of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Which workload.
    pub workload: Workload,
    /// Its name on the command line.
    pub key: &'static str,
    /// The title of its column and panel.
    pub title: &'static str,
    /// The unit of the figure.
    pub unit: &'static str,
    /// How the figure is measured.
    pub kind: Kind,
    /// The procedure, in a sentence.
    pub what: &'static str,
    /// How many messages, or actors, in a whole run and in a quick one.
    pub sizes: [u64; 2],
}

impl Workload {
    /// Its description.
    pub fn info(self) -> &'static Info {
        ALL.iter().find(|info| info.workload == self).unwrap_or(&ALL[0])
    }
}

/// Messages to each of the many actors.
pub const EACH: u64 = 100;

/// Messages sent at once where the sender does not wait. They always fit.
pub const BURST: u64 = 256;

const fn info(
    workload: Workload,
    [key, title, unit]: [&'static str; 3],
    kind: Kind,
    sizes: [u64; 2],
    what: &'static str,
) -> Info {
    Info { workload, key, title, unit, kind, what, sizes }
}

/// All workloads, in the order of the tables.
pub const ALL: [Info; 16] = [
    info(
        Workload::Tell1,
        ["tell-1", "tell 1→1", "ns a message"],
        Kind::Timed,
        [1_000_000, 200_000],
        "One producer awaits every send; until everything is handled.",
    ),
    info(
        Workload::Tell8,
        ["tell-8", "tell 8→1", "ns a message"],
        Kind::Timed,
        [1_000_000, 200_000],
        "Eight producers await every send; until everything is handled.",
    ),
    info(
        Workload::TrySend,
        ["try-send", "try_send", "ns a message"],
        Kind::Timed,
        [500_000, 100_000],
        "Bursts of 256 sent without waiting, then a wait until they are handled; only the bursts are timed.",
    ),
    info(
        Workload::Ask1,
        ["ask-1", "ask, 1", "ns an answer"],
        Kind::Timed,
        [50_000, 20_000],
        "One asker, one question after the other.",
    ),
    info(
        Workload::Ask64,
        ["ask-64", "ask, 64", "ns an answer"],
        Kind::Timed,
        [200_000, 50_000],
        "64 askers side by side, each one question after the other; the time by all answers.",
    ),
    info(
        Workload::Many,
        ["many", "10,000 actors", "ns a message"],
        Kind::Timed,
        [10_000, 2_000],
        "100 messages to each of 10,000 actors (2,000 in a quick run) from eight producers, one to each actor in turn; \
         until everything is handled.",
    ),
    info(
        Workload::PingPong,
        ["ping-pong", "ping-pong", "ns a hop"],
        Kind::Timed,
        [200_000, 40_000],
        "One message between two actors; 1,000,000,000 by the figure is hops a second.",
    ),
    info(
        Workload::Refused,
        ["refused", "refused", "ns a refusal"],
        Kind::Timed,
        [1_000_000, 200_000],
        "`try_send` to an actor that is kept in a turn, its mailbox full.",
    ),
    info(
        Workload::Spawn,
        ["spawn", "spawn", "ns an actor"],
        Kind::Timed,
        [10_000, 2_000],
        "Starting actors one after the other, until messages can be sent to each; none is sent.",
    ),
    info(
        Workload::First,
        ["first", "spawn, ask", "ns an actor"],
        Kind::Timed,
        [10_000, 2_000],
        "Starting an actor and awaiting its answer to a first question, one actor after the other.",
    ),
    info(
        Workload::MemoryIdle,
        ["memory-idle", "memory, new", "bytes an actor"],
        Kind::Counted,
        [10_000, 2_000],
        "Live heap bytes per actor, once started, before any message.",
    ),
    info(
        Workload::MemoryUsed,
        ["memory-used", "memory, used", "bytes an actor"],
        Kind::Counted,
        [10_000, 2_000],
        "The same, after each actor has handled a message and answered a question.",
    ),
    info(
        Workload::AllocTell,
        ["alloc-tell", "allocations, tell", "a message"],
        Kind::Counted,
        [200_000, 50_000],
        "Heap allocations in the whole process, one producer that awaits every send, after a warm-up.",
    ),
    info(
        Workload::AllocAsk,
        ["alloc-ask", "allocations, ask", "an answer"],
        Kind::Counted,
        [50_000, 10_000],
        "The same for one asker.",
    ),
    info(
        Workload::InstrTell,
        ["instr-tell", "instructions, tell", "a message"],
        Kind::Instructions,
        [20_000, 0],
        "Instructions under callgrind on one thread, one producer: what N more messages add, by N.",
    ),
    info(
        Workload::InstrAsk,
        ["instr-ask", "instructions, ask", "an answer"],
        Kind::Instructions,
        [5_000, 0],
        "The same for one asker.",
    ),
];
