//! Readings, dead letters, snapshots, reasons.

use super::*;

#[test]
fn a_reading_has_the_numbers_of_this_instant() {
    run(async |system| {
        let builder = system.instance(Shop::default()).capacity(4).reserve(0);
        let shop: ShopHandle = builder.name("shop").spawn().unwrap();
        shop.ready().await.unwrap();
        let held = testing::hold(&shop);
        for _ in 0..2 {
            shop.viewed("/".into()).await.unwrap();
            tokio::time::advance(SECOND).await;
        }
        let mut asks = [shop.charge(1, 1), shop.charge(1, 1), shop.charge(1, 1)];
        assert!(asks.iter_mut().all(|ask| poll(ask).is_pending()));
        let reading: Reading = shop.reading();
        assert_eq!((reading.depth, reading.capacity, reading.waiting), (4, 4, 1));
        assert_eq!((reading.workers, reading.oldest_age), (1, 2 * SECOND));
        assert!((reading.fill() - 1.0).abs() < 1e-9);
        assert!(reading.retry_after.unwrap() > Duration::ZERO);
        held.release();
        testing::quiet(&system).await;
        drop(asks);
        let reading = shop.reading();
        assert_eq!((reading.depth, reading.waiting, reading.oldest_age), (0, 0, Duration::ZERO));
        let _ = shop.stop().await;
        assert_eq!(shop.reading().workers, 0);
    });
}

#[test]
fn readings_may_be_watched_as_they_change() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let mut readings: tokio::sync::watch::Receiver<Reading> = worker.watch();
        assert_eq!(readings.borrow_and_update().depth, 0);
        let held = testing::hold(&worker);
        for n in 0..3 {
            worker.word(n.to_string()).await.unwrap();
        }
        let before = Instant::now();
        readings.changed().await.unwrap();
        assert_eq!(readings.borrow_and_update().depth, 3);
        assert!(before.elapsed() <= 100 * MS, "at most a tenth of a second later");
        held.release();
        readings.wait_for(|reading| reading.depth == 0).await.unwrap();
        let _ = worker.stop().await;
        readings.wait_for(|reading| reading.workers == 0).await.unwrap();
    });
}

#[test]
fn dead_letters_are_a_stream() {
    run(async |system| {
        fn is_stream(_: &impl Stream<Item = DeadLetter>) {}
        let worker = system.spawn(Worker::default());
        let lost = system.dead_letters();
        is_stream(&lost);
        let words = lost.map(|letter| (letter.message, letter.reason)).collect::<Vec<_>>();
        let words = tokio::spawn(words);
        tokio::task::yield_now().await;
        let held = testing::hold(&worker);
        for n in 0..3 {
            worker.word(n.to_string()).await.unwrap();
        }
        worker.kill();
        worker.closed().await;
        drop(held);
        // The stream ends when the system has shut down.
        system.shutdown(SECOND).await;
        assert_eq!(words.await.unwrap(), [("Word", Reason::Closed); 3]);
    });
}

#[test]
fn a_snapshot_can_be_written_down() {
    run(async |system| {
        let shop = shop(&system);
        let worker = system.spawn(Worker::default());
        shop.viewed("/".into()).ask().await.unwrap();
        let held = testing::hold(&worker);
        worker.word("a".into()).await.unwrap();
        let shot = system.snapshot();
        assert_eq!((shot.system.as_str(), shot.actors.len()), ("test", 2));
        let json: serde_json::Value = serde_json::to_value(&shot).unwrap();
        let actors = json["actors"].as_array().unwrap();
        assert_eq!(actors[0]["name"], "shop");
        assert_eq!(actors[0]["type_name"], "Shop");
        assert_eq!(actors[1]["reading"]["depth"], 1);
        assert_eq!(actors[1]["reading"]["capacity"], 256);
        let viewed = &actors[0]["messages"]["Viewed"];
        assert_eq!(*viewed, serde_json::json!({"offered": 1, "handled": 1}));
        held.release();
        let _ = worker.stop().await;
        assert_eq!(system.snapshot().actors.len(), 1, "an actor that has ended is not in it");
    });
}

#[test]
fn reasons_speak_one_word_list() {
    let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    let expected = [
        "full",
        "dropped",
        "shed",
        "rate_limited",
        "doomed",
        "expired",
        "evicted",
        "conflated",
        "cancelled",
        "timed_out",
        "closed",
        "panicked",
        "unanswered",
        "would_deadlock",
        "too_many_jobs",
        "zero_period",
    ];
    assert_eq!(words, expected);
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.kill();
        worker.closed().await;
        let told = worker.word("late".into()).await.unwrap_err();
        assert_eq!(told.to_string(), "`Word` not sent: `worker-1` is closed: kill was called");
        let asked = worker.seen().await.unwrap_err();
        assert_eq!(asked.to_string(), "no answer to `Seen`: `worker-1` is closed: kill was called");
        assert!(asked.cycle().is_none() && told.cycle().is_none());
        let boxed: BoxError = asked.into();
        assert!(format!("{boxed:?}").contains("Closed"));
    });
}
