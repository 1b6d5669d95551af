//! Ends while something is on its way: no item is lost without a word, and no end waits in vain.

use crate::mill_messages::{Grind, Heavy};
use crate::{Mill, MillHandle, poll, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::credit::{self, End, ToConsumer, Window};
use actors_streams::framed;
use futures_util::{SinkExt, sink, stream};
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::Poll;
use tokio::io::AsyncWriteExt;
use tokio::task::coop;
use tokio_util::codec::LinesCodec;

fn weighed(system: &System) -> MillHandle {
    system.instance(Mill::default()).max_bytes(10).spawn().unwrap()
}

#[test]
fn c4_items_that_did_not_fit_are_in_the_report_when_the_actor_ends() {
    testing::run(async |system| {
        let mill = weighed(&system);
        let held = testing::hold(&mill);
        let (mut producer, consumer) = credit::pair::<_, Heavy>(&mill, Window::DEFAULT);
        let consumer = tokio::spawn(consumer);
        for bytes in [8, 5, 1] {
            producer.feed(Heavy { bytes }).await.unwrap();
        }
        run_other_tasks().await;
        mill.kill();
        drop(held);
        let report = consumer.await.unwrap();
        let undelivered: Vec<_> = report.undelivered.iter().map(|item| item.bytes).collect();
        assert_eq!((report.items, undelivered), (1, vec![5, 1]), "{:?}", report.end);
    });
    testing::run(async |system| {
        let mill = weighed(&system);
        let held = testing::hold(&mill);
        let (mut peer, socket) = tokio::io::duplex(256);
        let to_message = |line: String| Heavy { bytes: line.len() as u64 };
        let task = tokio::spawn(framed::deliver(&mill, socket, LinesCodec::new(), to_message));
        peer.write_all(b"12345678\n12345\n").await.unwrap();
        run_other_tasks().await;
        mill.kill();
        drop(held);
        let delivered = task.await.unwrap();
        assert_eq!((delivered.frames, delivered.undelivered.unwrap().bytes), (1, 5));
    });
}

#[test]
fn c4_a_spent_cooperative_budget_hides_no_item_from_the_report() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut producer, mut consumer) = credit::pair::<_, Grind>(&mill, Window::DEFAULT);
        assert!(poll(&mut consumer).is_pending());
        for sack in 0..3 {
            producer.send(Grind { sack }).unwrap();
        }
        mill.kill();
        let report = poll_fn(|cx| {
            while let Poll::Ready(unit) = coop::poll_proceed(cx) {
                unit.made_progress();
            }
            Pin::new(&mut consumer).poll(cx)
        });
        let report = tokio::time::timeout(std::time::Duration::from_secs(60), report).await.unwrap();
        assert_eq!(report.undelivered.iter().map(|item| item.sack).collect::<Vec<_>>(), [0, 1, 2]);
    });
}

#[test]
fn c4_a_wire_that_has_ended_is_not_polled_again() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        for ends_with in [Some(ToConsumer::Complete), Some(ToConsumer::Error("flooded".into())), None] {
            let (mut last, mut polls) = (Some(ends_with), 0);
            let inbound = stream::poll_fn(|_| -> Poll<Option<ToConsumer<Grind>>> {
                polls += 1;
                Poll::Ready(last.take().flatten())
            });
            let outbound = sink::drain();
            let outbound = SinkExt::<credit::ToProducer>::sink_map_err(outbound, |never| -> std::io::Error {
                match never {}
            });
            let report = credit::consume(&mill, Window::DEFAULT, inbound, outbound).await;
            assert!(!matches!(report.end, End::Panicked(_)), "{:?}", report.end);
            assert_eq!(polls, 1);
        }
    });
}

/// A future that an actor polls in its turn.
type Pump = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Gate;

#[actor(capacity = 8, reserve = 0)]
impl Gate {
    #[message(timeout = "1h")]
    async fn pump(&mut self, pump: Pump) -> u64 {
        pump.await;
        1
    }

    #[message(timeout = "1h")]
    fn ping(&mut self) -> u64 {
        2
    }
}

struct Caller;

#[actor(capacity = 8, reserve = 0)]
impl Caller {
    #[message(timeout = "1h")]
    async fn call(&mut self, gate: GateHandle) -> Result<u64, AskError> {
        gate.ping().await
    }

    #[message]
    fn item(&mut self, line: String) {
        drop(line);
    }

    #[message(timeout = "1h")]
    fn echo(&mut self, line: String) -> String {
        line
    }
}

/// The bridge ends when its source does, so the turn that polls it waits for no actor.
#[test]
fn d1_a_bridge_that_is_polled_in_a_turn_does_not_wait_for_its_actor_s_end() {
    testing::run(async |system| {
        let (gate, caller) = (system.spawn(Gate), system.spawn(Caller));
        let (peer, socket) = tokio::io::duplex(64);
        let item = |line| caller_messages::Item { line };
        let deliver = framed::deliver(&caller, socket, LinesCodec::new(), item);
        let (asking, socket) = tokio::io::duplex(64);
        let answer = |answer: Result<String, AskError>| answer.unwrap();
        let echo = |line| caller_messages::Echo { line };
        let serve = framed::serve(&caller, socket, LinesCodec::new(), echo, answer);
        // Leaves slots for the call.
        let two = Window::new(NonZeroU32::new(2).unwrap());
        let (producer, consume) = credit::pair::<_, caller_messages::Item>(&caller, two);
        let pumps: [(Pump, Pump); 3] = [
            (Box::pin(async { drop(deliver.await) }), Box::pin(async { drop(peer) })),
            (Box::pin(async { drop(serve.await) }), Box::pin(async { drop(asking) })),
            (Box::pin(async { drop(consume.await) }), Box::pin(async { producer.complete() })),
        ];
        for (pump, end) in pumps {
            let (at, of) = (gate.clone(), caller.clone());
            let pumping = tokio::spawn(async move { at.pump(pump).await });
            run_other_tasks().await;
            let at = gate.clone();
            let calling = tokio::spawn(async move { of.call(at).await });
            run_other_tasks().await;
            assert!(!pumping.is_finished() && !calling.is_finished());
            end.await;
            assert_eq!(pumping.await.unwrap().unwrap(), 1);
            assert_eq!(calling.await.unwrap().unwrap().unwrap(), 2);
        }
    });
}
