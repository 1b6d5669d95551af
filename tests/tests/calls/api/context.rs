//! What a handler does through its context: timers, pipes, watches.

use super::*;

#[test]
fn a_handler_reaches_itself_its_system_and_its_mailbox() {
    run(async |system| {
        let worker: WorkerHandle = system.instance(Worker::default()).name("bee").spawn().unwrap();
        let around = worker.looks_around().await.unwrap();
        assert_eq!(around, ("bee".into(), "test".into(), 1));
        assert_eq!(worker.seen().await.unwrap(), ["to myself"]);
        worker.leaves().await.unwrap();
        assert_eq!(worker.closed().await, StopReason::Stopped);
    });
}

#[test]
fn timers_send_once_or_again_and_again() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.after(3 * SECOND + 500 * MS).await.unwrap();
        worker.every(SECOND).await.unwrap();
        testing::quiet(&system).await;
        tokio::time::sleep(5 * SECOND + 100 * MS).await;
        let seen = worker.seen().await.unwrap();
        assert_eq!(seen, ["every", "every", "every", "after", "every", "every"]);
        assert!(worker.cancel_all().await.unwrap());
        tokio::time::sleep(HOUR).await;
        assert!(worker.seen().await.unwrap().is_empty());
        assert!(worker.all_done().await.unwrap());
    });
}

#[test]
fn ticks_that_were_missed_are_not_made_up() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.every(SECOND).await.unwrap();
        testing::quiet(&system).await;
        // The clock jumps over ten ticks.
        tokio::time::advance(10 * SECOND + 500 * MS).await;
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["every"]);
        tokio::time::sleep(SECOND).await;
        assert_eq!(worker.seen().await.unwrap(), ["every"]);
    });
}

#[test]
fn a_cancelled_timer_sends_nothing() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.after(SECOND).await.unwrap();
        worker.cancel_all().await.unwrap();
        tokio::time::sleep(HOUR).await;
        assert_eq!(worker.ledger().of::<worker_messages::Word>().offered, 0);
        // A cancelled timer does not keep the actor alive.
        let closed = worker.closed();
        drop(worker);
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn a_pipe_lets_the_actor_go_on_and_brings_its_output_as_a_message() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.pipes().await.unwrap();
        worker.word("meanwhile".into()).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["meanwhile"]);
        tokio::time::sleep(11 * SECOND).await;
        assert_eq!(worker.seen().await.unwrap(), ["piped 42"]);
        assert!(worker.all_done().await.unwrap());
    });
}

#[test]
fn a_watch_brings_word_of_another_actor_s_end() {
    run(async |system| {
        let (watcher, watched) = (system.spawn(Worker::default()), system.spawn(Worker::default()));
        let gone = system.spawn(Worker::default());
        let _ = gone.stop().await;
        watcher.watches(watched.clone()).await.unwrap();
        watcher.watches(gone).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Stopped"]);
        watched.kill();
        watched.closed().await;
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Killed"]);
        // A watch does not keep the watched actor alive.
        let third = system.spawn(Worker::default());
        watcher.watches(third.clone()).await.unwrap();
        testing::quiet(&system).await;
        drop(third);
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Unreferenced"]);
    });
}
