//! L7 on several threads: turns that senders run, and pools.

use crate::recorder::{Recorder, Span};
use actors_core::prelude::*;
use actors_tests::{Gate, alone, on_threads};
use tracing::{Instrument, info, info_span};

#[derive(Default)]
struct Clerk {
    gate: Gate,
}

#[actor(local)]
impl Clerk {
    #[message]
    fn sign(&mut self) -> Option<tokio::task::Id> {
        info!("signed");
        tokio::task::try_id()
    }
    #[message]
    async fn file(&mut self) -> Option<tokio::task::Id> {
        let first = tokio::task::try_id();
        self.gate.pass().await;
        info!("filed");
        first
    }
}

/// The turns of one actor: the workers' meeting has turns too.
fn turns_of(recorder: &Recorder, actor: &str) -> Vec<Span> {
    let mut turns = recorder.turns();
    turns.retain(|turn| turn.label.starts_with(actor));
    turns
}

#[test]
fn l7_a_turn_that_its_sender_runs_follows_from_its_span_and_leaves_it() {
    alone!("l7_a_turn_that_its_sender_runs_follows_from_its_span_and_leaves_it", || {
        let recorder = Recorder::default();
        recorder.install();
        let spans = recorder.clone();
        on_threads(2, async move |system| {
            let gate = Gate::default();
            let clerk = system.instance(Clerk { gate: gate.clone() }).name("clerk").spawn().unwrap();
            let mut donated = [false; 2];
            // A turn that the operating system has suspended seemed long: the next ones are queued.
            for n in 0..10_000 {
                let here = tokio::task::try_id();
                let sender = async {
                    donated[0] |= clerk.sign().await.unwrap() == here;
                    let (filed, ()) = tokio::join!(clerk.file(), async {
                        tokio::task::yield_now().await;
                        info!("in between");
                        gate.open(1);
                    });
                    donated[1] |= filed.unwrap() == here;
                    info!("after");
                };
                sender.instrument(info_span!("sender", n)).await;
                let label = format!("sender {n}");
                let sender = spans.span(&label);
                assert_eq!(sender.events, ["in between", "after"]);
                if donated == [true; 2] {
                    break;
                }
            }
            assert_eq!(donated, [true; 2], "the sender never runs the turn");
        });
        let turns = turns_of(&recorder, "turn clerk");
        for (n, pair) in turns.chunks(2).enumerate() {
            let [sign, file] = pair else { panic!("two turns of each sender: {turns:?}") };
            let from = [format!("sender {n}")];
            assert_eq!(
                (&sign.label[..], &sign.follows[..], &sign.events[..]),
                ("turn clerk Sign", &from[..], &["signed".to_owned()][..])
            );
            assert_eq!(
                (&file.label[..], &file.follows[..], &file.events[..]),
                ("turn clerk File", &from[..], &["filed".to_owned()][..])
            );
            assert!(!sign.is_open && !file.is_open && sign.parent.is_none());
        }
    });
}

#[derive(Default)]
struct Baker;

#[actor(local, capacity = 64, workers = 3)]
impl Baker {
    #[message]
    async fn bake(&mut self, n: u32) {
        tokio::task::yield_now().await;
        info!(n, "baked");
    }
}

#[test]
fn l7_turns_of_a_pool_follow_from_their_own_senders() {
    alone!("l7_turns_of_a_pool_follow_from_their_own_senders", || {
        let recorder = Recorder::default();
        recorder.install();
        on_threads(3, async move |system| {
            let baker = system.actor(Baker::default).name("baker").spawn().unwrap();
            let senders: Vec<_> = (0..60)
                .map(|n| tokio::spawn(baker.bake(n).ask().owned().instrument(info_span!("sender", n))))
                .collect();
            for sender in senders {
                sender.await.unwrap().unwrap();
            }
        });
        let turns = turns_of(&recorder, "turn baker");
        assert_eq!(turns.len(), 60);
        for turn in turns {
            let n = turn.events[0].strip_prefix("baked ").unwrap();
            assert_eq!(
                (&turn.label[..], &turn.follows[..]),
                ("turn baker Bake", &[format!("sender {n}")][..])
            );
            assert!(!turn.is_open);
        }
    });
}
