//! Workers that hold replies which they have not sent yet.

use super::*;

#[test]
fn s4_a_worker_that_owes_replies_is_not_retired_before_it_has_given_them() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        run_other_tasks().await;
        let asked: Vec<_> =
            (0..3).map(|_| tokio::spawn(clerk.owe_a_while().timeout(10 * SECOND).owned())).collect();
        tokio::time::sleep(10 * MS).await;
        clerk.resize(1);
        tokio::time::sleep(SECOND).await;
        assert!(asked.iter().all(|asked| !asked.is_finished()), "a healthy caller was hurt by shrinking");
        assert_eq!(clerk.reading().workers, 3);
        // After their deadlines the callers have gone, so the workers may retire.
        for asked in asked {
            assert_eq!(asked.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        }
        run_other_tasks().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}

#[test]
fn s4_of_workers_that_are_too_many_those_that_owe_nothing_go_first() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        run_other_tasks().await;
        let asked = tokio::spawn(clerk.owe().owned());
        run_other_tasks().await;
        clerk.resize(2);
        run_other_tasks().await;
        assert_eq!(clerk.reading().workers, 2);
        clerk.resize(1);
        run_other_tasks().await;
        assert_eq!((clerk.reading().workers, asked.is_finished()), (1, false));
        assert_eq!(clerk.pay().await.unwrap(), 1);
        assert_eq!(asked.await.unwrap().unwrap(), 7);
    });
}

#[test]
fn s4_a_worker_that_owes_replies_takes_messages_and_goes_once_it_has_given_them() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        run_other_tasks().await;
        let asked: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.owe_a_while().owned())).collect();
        tokio::time::sleep(10 * MS).await;
        clerk.resize(1);
        run_other_tasks().await;
        assert_eq!(clerk.reading().workers, 3);
        let paid: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.pay().owned())).collect();
        for (asked, paid) in asked.into_iter().zip(paid) {
            assert_eq!((asked.await.unwrap().unwrap(), paid.await.unwrap().unwrap()), (7, 1));
        }
        run_other_tasks().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}

#[test]
fn s4_a_reply_that_was_moved_to_a_task_is_given_whatever_becomes_of_the_worker() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        run_other_tasks().await;
        let asked: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.owe_in_a_task().owned())).collect();
        run_other_tasks().await;
        clerk.resize(1);
        for asked in asked {
            assert_eq!(asked.await.unwrap().unwrap(), 9);
        }
        run_other_tasks().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}
