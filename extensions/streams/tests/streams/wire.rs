//! Credit over bytes: five signals, each a tag and a number, over a pipe in memory.

use crate::mill_messages::Grind;
use crate::{Mill, run_other_tasks};
use actors_core::BoxError;
use actors_core::testing;
use actors_streams::credit::{self, Credit, CreditLine, End, ToConsumer, ToProducer, Window};
use bytes::{Buf, BufMut, BytesMut};
use futures_util::{SinkExt, StreamExt};
use std::io;
use tokio::io::DuplexStream;
use tokio_util::codec::{Decoder, Encoder, Framed, FramedRead, FramedWrite};

/// Item 0, complete 1, error 2, request 3, cancel 4; then eight bytes.
struct Signals;

impl Decoder for Signals {
    type Item = (u8, u64);
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<(u8, u64)>> {
        Ok((bytes.len() >= 9).then(|| (bytes.get_u8(), bytes.get_u64())))
    }
}

impl Encoder<(u8, u64)> for Signals {
    type Error = io::Error;

    fn encode(&mut self, (tag, number): (u8, u64), bytes: &mut BytesMut) -> io::Result<()> {
        bytes.put_u8(tag);
        bytes.put_u64(number);
        Ok(())
    }
}

fn to_consumer(signal: io::Result<(u8, u64)>) -> ToConsumer<Grind> {
    match signal {
        Ok((0, sack)) => ToConsumer::Item(Grind { sack }),
        Ok((1, _)) => ToConsumer::Complete,
        Ok((tag, _)) => ToConsumer::Error(format!("signal {tag}").into()),
        Err(error) => ToConsumer::Error(error.into()),
    }
}

fn to_producer(signal: ToProducer) -> (u8, u64) {
    match signal {
        ToProducer::Request(n) => (3, n),
        ToProducer::Cancel => (4, 0),
    }
}

async fn consumer(mill: crate::MillHandle, io: DuplexStream) -> credit::Report<Grind> {
    let (read, write) = tokio::io::split(io);
    let inbound = FramedRead::new(read, Signals).map(to_consumer);
    let outbound =
        FramedWrite::new(write, Signals).with(async |signal| Ok::<_, io::Error>(to_producer(signal)));
    credit::consume(&mill, Window::DEFAULT, inbound, Box::pin(outbound)).await
}

/// Puts what arrives into the line, until the consumer is gone.
async fn hear(line: &CreditLine, signals: &mut (impl StreamExt<Item = io::Result<(u8, u64)>> + Unpin)) {
    while let Some(Ok((tag, n))) = signals.next().await {
        match tag {
            3 => line.request(n).unwrap(),
            _ => line.cancel(),
        }
    }
}

/// Sends sacks while there is credit, and completes after `count`.
async fn produce(
    mut credit: Credit,
    mut wire: impl SinkExt<(u8, u64), Error = io::Error> + Unpin,
    count: u64,
) -> u64 {
    for sack in 0..count {
        if credit.ready().await.is_err() {
            return sack;
        }
        credit.spend().unwrap();
        wire.send((0, sack)).await.unwrap();
    }
    assert!(credit.end());
    wire.send((1, 0)).await.unwrap();
    count
}

async fn producer(io: DuplexStream, count: u64) -> Result<u64, BoxError> {
    let (sink, mut stream) = Framed::new(io, Signals).split();
    let (line, credit) = credit::account();
    let hearing = async {
        hear(&line, &mut stream).await;
        line.cancel();
        std::future::pending::<()>().await;
    };
    Ok(tokio::select! {
        sent = produce(credit, sink, count) => sent,
        () = hearing => 0,
    })
}

#[test]
fn c1_a_producer_behind_a_wire_has_at_most_its_credit_out() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (near, far) = tokio::io::duplex(1 << 16);
        let consumer = tokio::spawn(consumer(mill.clone(), near));
        let producer = tokio::spawn(async move { producer(far, 1000).await.unwrap() });
        run_other_tasks().await;
        assert_eq!((mill.reading().depth, mill.ledger().total().offered), (8, 8));
        held.release();
        assert_eq!(producer.await.unwrap(), 1000);
        let report = consumer.await.unwrap();
        assert!(matches!(report.end, End::Completed), "{:?}", report.end);
        testing::quiet(&system).await;
        assert_eq!((report.items, record.ground()), (1000, (0..1000).collect()));
    });
}

#[test]
fn c2_a_producer_behind_a_wire_that_sends_without_credit_is_cancelled() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (near, far) = tokio::io::duplex(1 << 16);
        let mut far = Framed::new(far, Signals);
        let consumer = tokio::spawn(consumer(mill.clone(), near));
        assert_eq!(far.next().await.unwrap().unwrap(), (3, 8));
        for sack in 0..9 {
            far.send((0, sack)).await.unwrap();
        }
        assert_eq!(far.next().await.unwrap().unwrap(), (4, 0));
        let report = consumer.await.unwrap();
        assert!(matches!(report.end, End::NoCredit), "{:?}", report.end);
        assert_eq!((report.items, report.undelivered[0].sack), (8, 8));
        assert_eq!(mill.reading().depth, 8);
        held.release();
    });
}

/// The pipe has room for one signal each way, and the producer reads the first request only.
#[test]
fn c4_a_producer_that_reads_no_more_ends_by_its_complete() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (near, far) = tokio::io::duplex(9);
        let mut far = Framed::new(far, Signals);
        let consumer = tokio::spawn(consumer(mill.clone(), near));
        assert_eq!(far.next().await.unwrap().unwrap(), (3, 8));
        for sack in 0..8 {
            far.send((0, sack)).await.unwrap();
            testing::quiet(&system).await;
        }
        run_other_tasks().await;
        far.send((1, 0)).await.unwrap();
        let report = consumer.await.unwrap();
        assert!(matches!(report.end, End::Completed), "{:?}", report.end);
        assert_eq!((report.items, mill.reading().permits), (8, 0));
    });
}

#[test]
fn c4_the_actor_s_end_cancels_a_producer_behind_a_wire() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (near, far) = tokio::io::duplex(1 << 16);
        let mut far = Framed::new(far, Signals);
        let consumer = tokio::spawn(consumer(mill.clone(), near));
        assert_eq!(far.next().await.unwrap().unwrap(), (3, 8));
        mill.kill();
        assert_eq!(far.next().await.unwrap().unwrap(), (4, 0));
        assert!(far.next().await.is_none(), "the wire is closed");
        assert!(matches!(consumer.await.unwrap().end, End::Refused(_)));
    });
}
