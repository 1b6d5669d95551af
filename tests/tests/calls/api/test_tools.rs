//! The tools in `testing` for tests of an application.

use super::*;

#[test]
fn a_probe_stands_in_for_an_actor_and_records_what_it_gets() {
    run(async |system| {
        let probe = testing::probe(&system, |ask: &GetStock| ask.sku + 1);
        let recipient: Recipient<GetStock> = probe.recipient();
        assert_eq!(recipient.ask(GetStock { sku: 1 }).await.unwrap(), 2);
        recipient.tell(GetStock { sku: 5 }).await.unwrap();
        testing::quiet(&system).await;
        let received: Vec<_> = probe.received().into_iter().map(|ask| ask.sku).collect();
        assert_eq!(received, [1, 5]);
        assert!(probe.received().is_empty());
        assert_eq!(probe.handle().ledger().total().handled, 2);
    });
}

#[test]
fn a_held_actor_takes_no_turn_and_goes_on_when_it_is_let_go() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let held = testing::hold(&worker);
        worker.word("a".into()).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(worker.reading().depth, 1);
        drop(held);
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["a"]);
    });
}
