//! Waits that close a cycle.

use super::*;

#[test]
fn d1_an_actor_that_asks_itself_is_told_at_once() {
    run(async |system| {
        let [a] = services(&system, ["a"]);
        let before = Instant::now();
        let result = inside(&a, asks(&a)).await;
        assert_eq!(cycle_names(&result), ["a"]);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(
            result.unwrap_err().to_string(),
            "no answer to `Note` from `a`: waiting for it could never end (a -> a)"
        );
        // The actor continues.
        a.note().ask().await.unwrap();
    });
}

#[test]
fn d1_a_cycle_of_two_names_both_and_the_other_is_answered() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&a)));
        let before = Instant::now();
        assert_eq!(cycle_names(&second.await.unwrap()), ["b", "a"]);
        assert_eq!(before.elapsed(), SECOND);
        first.await.unwrap().unwrap();
        assert_eq!(before.elapsed(), SECOND);
        assert_eq!((refused(&a), refused(&b)), (1, 0));
    });
}

#[test]
fn d1_a_cycle_that_a_message_brings_about_is_closed_by_its_handler() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let (back, b2) = (asks(&a), b.clone());
        // a asks b to ask a.
        let result = inside(&a, async move {
            let (tell, told) = oneshot::channel();
            b2.run(job(async move { drop(tell.send(back.await)) })).ask().await.unwrap();
            told.await.unwrap()
        });
        assert_eq!(cycle_names(&result.await), ["b", "a"]);
        assert_eq!((refused(&a), refused(&b)), (1, 0));
    });
}

#[test]
fn d1_a_cycle_of_three_is_named_in_order_beginning_with_the_actor_that_closes_it() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&c)));
        let third = begin(&c, after(2, asks(&a)));
        let before = Instant::now();
        let result = third.await.unwrap();
        assert_eq!(cycle_names(&result), ["c", "a", "b"]);
        let text = "no answer to `Note` from `a`: waiting for it could never end (c -> a -> b -> c)";
        assert_eq!(result.unwrap_err().to_string(), text);
        assert_eq!(before.elapsed(), SECOND * 2);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_actor_that_only_leads_to_a_cycle_is_not_named() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&c)));
        let third = begin(&c, after(2, asks(&b)));
        assert_eq!(cycle_names(&third.await.unwrap()), ["c", "b"]);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_that_waits_for_room_in_its_own_mailbox_has_its_message_back() {
    run(async |system| {
        let a = service(&system, "a", 1);
        let (this, before) = (a.clone(), Instant::now());
        let result = inside(&a, async move {
            this.note().await.unwrap();
            this.note().await
        });
        let result = result.await;
        assert_eq!(cycle_names(&result), ["a"]);
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "`Note` not sent to `a`: waiting for it could never end (a -> a)");
        let m::Note = error.into_message();
        assert_eq!(before.elapsed(), Duration::ZERO);
        a.note().ask().await.unwrap();
    });
}

#[test]
fn d1_asks_and_sends_that_wait_for_room_close_a_cycle_together() {
    run(async |system| {
        let [a, c] = services(&system, ["a", "c"]);
        let b = service(&system, "b", 1);
        let first = begin(&a, after(2, send(&b)));
        let second = begin(&b, after(0, asks(&c)));
        let third = begin(&c, after(3, asks(&a)));
        run_other_tasks().await;
        b.note().await.unwrap();
        assert_eq!(cycle_names(&third.await.unwrap()), ["c", "a", "b"]);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_in_line_that_closes_the_cycle_leaves_the_line() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&b, after(0, asks(&a)));
        let second = begin(&a, after(1, send(&b)));
        run_other_tasks().await;
        b.note().await.unwrap();
        let result = second.await.unwrap();
        assert_eq!(cycle_names(&result), ["a", "b"]);
        assert_eq!(b.reading().waiting, 0);
        assert_eq!((refused(&b), b.ledger().of::<m::Note>().offered), (1, 2));
        first.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_reservation_may_close_a_cycle_as_well() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&b, after(0, asks(&a)));
        let wanted = b.clone();
        let second = begin(&a, async move {
            sleeps(1).await;
            wanted.reserve::<m::Note>().await.map(drop)
        });
        run_other_tasks().await;
        b.note().await.unwrap();
        assert_eq!(cycle_names(&second.await.unwrap()), ["a", "b"]);
        assert_eq!(b.reading().waiting, 0);
        first.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_in_line_is_a_wait_before_it_is_in_and_after() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        // b has a turn, one queued turn, and a's ask in line behind it.
        let first = begin(&b, after(2, asks(&a)));
        run_other_tasks().await;
        let queued = begin(&b, after(1, asks(&a)));
        run_other_tasks().await;
        let asker = begin(&a, asks(&b));
        run_other_tasks().await;
        assert_eq!(b.reading().waiting, 1);
        assert_eq!(cycle_names(&first.await.unwrap()), ["b", "a"], "while it stands in line");
        assert_eq!(cycle_names(&queued.await.unwrap()), ["b", "a"], "while it is queued");
        asker.await.unwrap().unwrap();
    });
}

#[test]
fn d1_of_joined_waits_the_one_that_closes_a_cycle_fails_and_the_others_go_on() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let slow = begin(&c, sleeps(5));
        let waits = begin(&b, after(0, asks(&a)));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let before = Instant::now();
        let (to_b, to_c) = inside(&a, async move {
            sleeps(1).await;
            join(to_c, to_b.map(move |result| (result, before.elapsed()))).await
        })
        .map(|(to_c, to_b)| (to_b, to_c))
        .await;
        assert_eq!(cycle_names(&to_b.0), ["a", "b"]);
        assert_eq!(to_b.1, SECOND, "it is refused at once, and the other wait continues");
        to_c.unwrap();
        assert_eq!(before.elapsed(), SECOND * 5);
        waits.await.unwrap().unwrap();
        slow.await.unwrap();
    });
}

#[test]
fn d1_all_waits_of_a_turn_count() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let slow = begin(&c, sleeps(5));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let both = begin(&a, async move { join(to_c, to_b).await });
        let waits = begin(&b, after(1, asks(&a)));
        assert_eq!(cycle_names(&waits.await.unwrap()), ["b", "a"]);
        let (to_c, to_b) = both.await.unwrap();
        assert!(to_c.is_ok() && to_b.is_ok());
        slow.await.unwrap();
    });
}

#[test]
fn d1_a_hook_has_a_turn_too() {
    run(async |system| {
        let b = service(&system, "b", 4);
        let asked = asks(&b);
        let opening = Some(job(async move {
            asked.await.unwrap();
        }));
        let opens = system.instance(Service { opening, later: None }).name("opens");
        // b's turn asks `opens`, which has not started yet because its start asks b.
        let (give, given) = oneshot::channel::<ServiceHandle>();
        let second = begin(&b, async move {
            let opens = given.await.unwrap();
            sleeps(1).await;
            opens.note().ask().await
        });
        run_other_tasks().await;
        let opens: ServiceHandle = opens.spawn().unwrap();
        drop(give.send(opens.clone()));
        assert_eq!(cycle_names(&second.await.unwrap()), ["b", "opens"]);
        opens.ready().await.unwrap();
    });
}

/// The last permit of a mailbox is used for a message: the senders that wait behind it can be let
/// in by a turn only, and a cycle that their waits form is told at once.
#[test]
fn d1_a_cycle_that_stands_once_the_last_permit_is_used_is_told_at_once() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let asks = begin(&b, after(1, asks(&a)));
        run_other_tasks().await;
        let permit = b.reserve::<m::Note>().await.unwrap();
        let sends = begin(&a, send(&b));
        tokio::time::sleep(SECOND * 2).await;
        assert!(b.reading().waiting == 1 && !asks.is_finished() && !sends.is_finished());
        let before = Instant::now();
        permit.send(m::Note).unwrap();
        let (asked, sent) = (asks.await.unwrap(), sends.await.unwrap());
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert!(asked.is_ok() != sent.is_ok(), "{asked:?} {sent:?}");
        match asked {
            Err(_) => assert_eq!(cycle_names(&asked), ["b", "a"]),
            Ok(()) => assert_eq!(cycle_names(&sent), ["a", "b"]),
        }
    });
}

/// The last permit of a mailbox is given back, and no sender in line can use its slot: a cycle that
/// their waits form is told at once.
#[test]
fn d1_a_cycle_that_stands_once_the_last_permit_is_given_back_is_told_at_once() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        b.adjust::<m::Note>(|policy| policy.max(1)).unwrap();
        let asks = begin(&b, after(1, asks(&a)));
        run_other_tasks().await;
        b.note().await.unwrap();
        let permits = [b.reserve::<m::Run>().await.unwrap(), b.reserve::<m::Run>().await.unwrap()];
        let sends = begin(&a, send(&b));
        tokio::time::sleep(SECOND * 2).await;
        let [first, last] = permits;
        drop(first);
        tokio::time::sleep(SECOND).await;
        assert!(b.reading().waiting == 1 && !asks.is_finished() && !sends.is_finished());
        let before = Instant::now();
        drop(last);
        let (asked, sent) = (asks.await.unwrap(), sends.await.unwrap());
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert!(asked.is_ok() != sent.is_ok(), "{asked:?} {sent:?}");
    });
}
