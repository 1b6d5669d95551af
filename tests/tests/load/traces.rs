//! L7: the span of a turn refers to the span in which its message was sent, whichever way the
//! message took.
//!
//! A subscriber is global, so each test has a process of its own.

use crate::recorder::{Recorder, Span};
use actors_core::observe::TurnSpans;
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Gate, MS, SECOND, alone, panic_quietly, run_other_tasks};
use std::time::Duration;
use tracing::{Instrument, info, info_span};

/// A turn by its label, its parent and what it follows from.
type Links<'a> = (&'a str, Option<&'a str>, Vec<&'a str>);

fn links(turns: &[Span]) -> Vec<Links<'_>> {
    let mut links = Vec::new();
    for Span { label, parent, follows, .. } in turns {
        links.push((&label[..], parent.as_deref(), follows.iter().map(String::as_str).collect()));
    }
    links
}

#[derive(Default)]
struct Store {
    asked: Vec<ReplyTo<u32>>,
}

#[actor(local, capacity = 4, reserve = 0)]
impl Store {
    #[message(overflow = block)]
    fn put(&mut self, goods: u32) {
        info!(goods, "put");
    }
    #[message(overflow = drop_oldest, max = 1)]
    fn look(&mut self) {}
    #[message]
    fn question(&mut self, reply: ReplyTo<u32>) {
        self.asked.push(reply);
    }
    #[message]
    fn answer(&mut self) {
        self.asked.drain(..).for_each(|reply| reply.send(7).unwrap());
    }
    #[message]
    fn fail(&mut self) -> u32 {
        panic_quietly("on purpose")
    }
}

struct Desk {
    store: StoreHandle,
    gate: Gate,
}

#[actor(local)]
impl Desk {
    #[message]
    async fn order(&mut self, goods: u32) {
        info!("ordered");
        self.store.put(goods).await.unwrap();
        self.gate.pass().await;
        info!("passed");
    }
    #[message]
    fn later(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(SECOND, DeskDue { job: 0 }).unwrap();
        let piped = async {
            tokio::time::sleep(MS).await;
            info!("piped");
        };
        ctx.pipe(piped, |()| DeskDue { job: 1 }).unwrap();
        ctx.send_every(2 * SECOND, DeskDue { job: 2 }).unwrap();
    }
    #[message]
    fn due(&mut self, job: u32) {
        info!(job, "due");
    }
}

#[test]
fn l7_a_turn_follows_from_the_span_of_its_sender_across_queue_line_and_actors() {
    alone!("l7_a_turn_follows_from_the_span_of_its_sender_across_queue_line_and_actors", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            let held = testing::hold(&store);
            info_span!("first").in_scope(|| store.put(1).try_send().unwrap());
            let permit = store.reserve::<StorePut>().await.unwrap();
            info_span!("second").in_scope(|| permit.send(StorePut { goods: 2 }).unwrap());
            let recipient: Recipient<StorePut> = store.recipient();
            recipient.tell(StorePut { goods: 3 }).instrument(info_span!("third")).await.unwrap();
            store.put(4).try_send().unwrap();
            // The mailbox is full: the fifth waits in line.
            let fifth = tokio::spawn(store.put(5).owned().instrument(info_span!("fifth")));
            run_other_tasks().await;
            assert!(recorder.span("first").is_open, "the span of the sender stays open for the turn");
            held.release();
            fifth.await.unwrap().unwrap();
            testing::quiet(&system).await;
            let turns = recorder.turns();
            let expected = ["first", "second", "third", "", "fifth"]
                .map(|from| ("turn store Put", None, Vec::from_iter((!from.is_empty()).then_some(from))));
            assert_eq!(links(&turns), expected);
            for (turn, goods) in turns.iter().zip(1..) {
                assert_eq!((turn.is_open, &turn.events[..]), (false, &[format!("put {goods}")][..]));
            }
            assert!(!recorder.span("first").is_open && !recorder.span("fifth").is_open);
            let gate = Gate::default();
            gate.open(1);
            let desk = system.instance(Desk { store: store.clone(), gate }).name("desk").spawn().unwrap();
            desk.order(6).ask().instrument(info_span!("edge")).await.unwrap();
            testing::quiet(&system).await;
            let turns = recorder.turns();
            assert_eq!(
                links(&turns[5..]),
                [("turn desk Order", None, vec!["edge"]), ("turn store Put", None, vec!["turn desk Order"])]
            );
        });
    });
}

#[test]
fn l7_child_of_makes_one_trace_across_actors() {
    alone!("l7_child_of_makes_one_trace_across_actors", || {
        let recorder = Recorder::default();
        recorder.install();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let system = System::builder("trace").turn_spans(TurnSpans::ChildOf).build();
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            let gate = Gate::default();
            gate.open(1);
            let desk = system.instance(Desk { store: store.clone(), gate }).name("desk").spawn().unwrap();
            desk.order(6).ask().instrument(info_span!("edge")).await.unwrap();
            store.put(7).await.unwrap();
            assert!(system.shutdown(SECOND).await.is_clean());
            assert_eq!(
                links(&recorder.turns()),
                [
                    ("turn desk Order", Some("edge"), vec![]),
                    ("turn store Put", Some("turn desk Order"), vec![]),
                    ("turn store Put", None, vec![]),
                ]
            );
        });
    });
}

/// Sends in a span while the actor is held, and returns whether the span is still open.
async fn is_kept(system: &System, recorder: &Recorder) -> bool {
    let store = system.instance(Store::default()).name("store").spawn().unwrap();
    let held = testing::hold(&store);
    info_span!("edge").in_scope(|| store.put(1).try_send().unwrap());
    let is_open = recorder.span("edge").is_open;
    held.release();
    testing::quiet(system).await;
    assert_eq!(recorder.span("actor store").events, ["put 1"]);
    assert!(recorder.turns().is_empty());
    is_open
}

#[test]
fn l7_off_keeps_no_span_and_turns_are_in_the_span_of_the_actor() {
    alone!("l7_off_keeps_no_span_and_turns_are_in_the_span_of_the_actor", || {
        let recorder = Recorder::default();
        recorder.install();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let system = System::builder("trace").turn_spans(TurnSpans::Off).build();
            assert!(!is_kept(&system, &recorder).await);
        });
    });
}

#[test]
fn l7_a_filter_that_hides_turns_keeps_no_span_either() {
    alone!("l7_a_filter_that_hides_turns_keeps_no_span_either", || {
        let recorder = Recorder::without_turns();
        recorder.install();
        testing::run(async |system| assert!(!is_kept(&system, &recorder).await));
    });
}

#[test]
fn l7_a_suspended_turn_is_in_its_span_only_while_it_is_polled() {
    alone!("l7_a_suspended_turn_is_in_its_span_only_while_it_is_polled", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            let gate = Gate::default();
            let desk = system.instance(Desk { store, gate: gate.clone() }).name("desk").spawn().unwrap();
            desk.order(1).try_send().unwrap();
            run_other_tasks().await;
            info!("in between");
            assert_eq!(recorder.outside().last().unwrap(), "in between");
            assert!(recorder.span("turn desk Order").is_open);
            gate.open(1);
            testing::quiet(&system).await;
            let turn = recorder.span("turn desk Order");
            assert_eq!(
                (&turn.events[..], turn.is_open),
                (&["ordered", "passed"].map(str::to_owned)[..], false)
            );
            assert!(turn.entered > 1, "{turn:?}");
            // A killed turn is dropped at its await.
            desk.order(2).try_send().unwrap();
            run_other_tasks().await;
            desk.kill();
            desk.closed().await;
            assert!(recorder.turns().iter().all(|turn| !turn.is_open));
        });
    });
}

#[test]
fn l7_a_restart_keeps_the_spans_of_queued_messages() {
    alone!("l7_a_restart_keeps_the_spans_of_queued_messages", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let restart = Restart::on_failure().backoff(SECOND, SECOND);
            let store = system.actor(Store::default).name("store").restart(restart).spawn().unwrap();
            let held = testing::hold(&store);
            info_span!("bad").in_scope(|| store.fail().tell().try_send().unwrap());
            info_span!("good").in_scope(|| store.put(1).try_send().unwrap());
            held.release();
            testing::quiet(&system).await;
            let turns = recorder.turns();
            assert_eq!(
                links(&turns),
                [("turn store Fail", None, vec!["bad"]), ("turn store Put", None, vec!["good"])]
            );
            let panic = &turns[0].events;
            assert!(panic.iter().any(|line| line.contains("panicked: on purpose")), "{panic:?}");
        });
    });
}

#[test]
fn l7_the_asker_of_a_deferred_answer_stays_in_its_own_span() {
    alone!("l7_the_asker_of_a_deferred_answer_stays_in_its_own_span", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            let asker = store.clone();
            let asked = async move {
                assert_eq!(asker.question().await.unwrap(), 7);
                info!("answered");
            };
            let asked = tokio::spawn(asked.instrument(info_span!("asker")));
            run_other_tasks().await;
            let question = recorder.span("turn store Question");
            assert_eq!((question.is_open, &question.follows[..]), (false, &["asker".to_owned()][..]));
            store.answer().ask().instrument(info_span!("clerk")).await.unwrap();
            asked.await.unwrap();
            assert_eq!(recorder.span("asker").events, ["answered"]);
            assert_eq!(recorder.span("turn store Answer").follows, ["clerk"]);
            assert!(!recorder.span("asker").is_open);
        });
    });
}

#[test]
fn l7_what_a_job_sends_once_follows_from_the_turn_that_started_it() {
    alone!("l7_what_a_job_sends_once_follows_from_the_turn_that_started_it", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let store = system.spawn(Store::default());
            let desk = system.instance(Desk { store, gate: Gate::default() }).name("desk").spawn().unwrap();
            desk.later().ask().await.unwrap();
            tokio::time::sleep(5 * SECOND).await;
            let turns = recorder.turns();
            let due: Vec<_> =
                turns[1..].iter().map(|turn| (turn.events[0].as_str(), &turn.follows[..])).collect();
            let starter = &["turn desk Later".to_owned()][..];
            assert_eq!(
                due,
                [
                    ("due 1", starter),
                    ("due 0", starter),
                    // It would keep the span open for ever.
                    ("due 2", &[]),
                    ("due 2", &[])
                ]
            );
            let starter = recorder.span("turn desk Later");
            assert_eq!((&starter.events[..], starter.is_open), (&["piped".to_owned()][..], false));
        });
    });
}

#[test]
fn l7_a_message_that_is_lost_or_refused_releases_the_span_of_its_sender() {
    alone!("l7_a_message_that_is_lost_or_refused_releases_the_span_of_its_sender", || {
        let recorder = Recorder::default();
        recorder.install();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            let held = testing::hold(&store);
            info_span!("evicted").in_scope(|| store.look().try_send().unwrap());
            info_span!("kept").in_scope(|| store.look().try_send().unwrap());
            assert!(!recorder.span("evicted").is_open && recorder.span("kept").is_open);
            (0..3).for_each(|n| assert!(store.put(n).try_send().is_ok()));
            info_span!("refused").in_scope(|| store.put(9).try_send().unwrap_err());
            assert!(!recorder.span("refused").is_open);
            let cancelled = store.put(9).owned().instrument(info_span!("cancelled"));
            let waits = tokio::time::timeout(MS, cancelled).await;
            assert!(waits.is_err() && !recorder.span("cancelled").is_open);
            store.kill();
            drop(held);
            store.closed().await;
            assert!(!recorder.span("kept").is_open);
        });
    });
}

#[test]
fn l7_a_turn_is_in_the_subscriber_of_its_sender() {
    alone!("l7_a_turn_is_in_the_subscriber_of_its_sender", || {
        let (of_actor, of_sender) = (Recorder::default(), Recorder::default());
        of_actor.install();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            tracing::dispatcher::with_default(&of_sender.subscriber(), || {
                info_span!("edge").in_scope(|| store.look().try_send().unwrap());
            });
            testing::quiet(&system).await;
            assert!(of_actor.turns().is_empty());
            assert_eq!(links(&of_sender.turns()), [("turn store Look", None, vec!["edge"])]);
        });
    });
}

#[test]
fn l7_a_subscriber_that_comes_later_sees_the_turns_from_then_on() {
    alone!("l7_a_subscriber_that_comes_later_sees_the_turns_from_then_on", || {
        let recorder = Recorder::default();
        testing::run(async |system| {
            let store = system.instance(Store::default()).name("store").spawn().unwrap();
            store.put(1).ask().await.unwrap();
            recorder.install();
            store.put(2).ask().instrument(info_span!("edge")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(links(&recorder.turns()), [("turn store Put", None, vec!["edge"])]);
        });
    });
}
