//! What happens to the message of a refused wait.

use super::*;

#[test]
fn d1_a_refused_ask_gives_its_message_back_and_counts_as_refused() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let [a] = services(&system, ["a"]);
        let this = a.clone();
        let (asked, ledger, depth) = inside(&a, async move {
            let asked = this.note().ask().returning().await;
            (asked, this.ledger(), this.reading().depth)
        })
        .await;
        let (error, message) = asked.unwrap_err();
        assert_eq!(error.reason(), Reason::WouldDeadlock);
        assert!(message.is_some());
        assert_eq!(depth, 0, "it was withdrawn in the same poll");
        let row = ledger.of::<m::Note>();
        assert_eq!((row.offered, row.refused(Reason::WouldDeadlock), row.cancelled), (1, 1, 0));
        assert!(ledger.is_balanced());
        run_other_tasks().await;
        assert_eq!(a.ledger().of::<m::Note>().handled, 0);
        assert!(letters.try_next().is_none(), "its sender knows");
    });
}

#[test]
fn d1_the_room_of_a_refused_ask_goes_to_the_line() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let before = Instant::now();
        // b has a turn and a queued turn. In line are an ask of a's turn and a send from outside.
        let busy = begin(&b, sleeps(1));
        run_other_tasks().await;
        let to_a = asks(&a);
        let queued = begin(&b, async move {
            let asked = to_a.await;
            sleeps(5).await;
            asked
        });
        run_other_tasks().await;
        let asker = begin(&a, asks(&b));
        run_other_tasks().await;
        let outside = tokio::spawn(send(&b));
        run_other_tasks().await;
        assert_eq!(b.reading().waiting, 2);
        // The queued turn begins, so a's ask is let in. When a is polled, the ask closes the cycle.
        assert_eq!(cycle_names(&asker.await.unwrap()), ["a", "b"]);
        assert_eq!(outside.await.unwrap().unwrap(), Admission::Waited);
        assert_eq!(before.elapsed(), SECOND);
        queued.await.unwrap().unwrap();
        busy.await.unwrap();
        assert_eq!(refused(&b), 1);
    });
}
