//! Waits that do not close a cycle.

use super::*;

#[test]
fn d1_a_diamond_is_no_cycle() {
    run(async |system| {
        let [a, b, c, d] = services(&system, ["a", "b", "c", "d"]);
        let slow = begin(&d, sleeps(5));
        let left = begin(&b, after(1, asks(&d)));
        let right = begin(&c, after(1, asks(&d)));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let top = begin(&a, after(2, async move { join(to_b, to_c).await }));
        let (to_b, to_c) = top.await.unwrap();
        assert!(to_b.is_ok() && to_c.is_ok());
        assert!(left.await.unwrap().is_ok() && right.await.unwrap().is_ok());
        slow.await.unwrap();
    });
}

#[test]
fn d1_a_caller_outside_of_turns_is_part_of_no_cycle() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, sleeps(2));
        let asked = tokio::spawn(asks(&a));
        first.await.unwrap().unwrap();
        second.await.unwrap();
        asked.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_timed_out_leaves_nothing_behind() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let impatient = b.clone();
        let first = begin(&a, async move {
            let result = impatient.note().ask().timeout(SECOND).await;
            sleeps(9).await;
            result
        });
        let second = begin(&b, after(5, asks(&a)));
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_and_a_reservation_that_gave_up_in_line_leave_nothing_behind() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let impatient = b.clone();
        let first = begin(&a, async move {
            sleeps(1).await;
            let sent = impatient.note().timeout(SECOND).await.unwrap_err().reason();
            let reserved = impatient.reserve::<m::Note>().timeout(SECOND).await.unwrap_err().reason();
            sleeps(9).await;
            (sent, reserved)
        });
        let second = begin(&b, after(5, asks(&a)));
        run_other_tasks().await;
        b.note().await.unwrap();
        assert_eq!(first.await.unwrap(), (Reason::TimedOut, Reason::TimedOut));
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_is_cancelled_leaves_nothing_behind() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let asked = asks(&b);
        let first = begin(&a, async move {
            tokio::select! {
                _ = asked => panic!("b is asleep"),
                () = sleeps(1) => {}
            }
            sleeps(9).await;
        });
        let second = begin(&b, after(5, asks(&a)));
        first.await.unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_answered_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let held = testing::hold(&b);
        let first = begin(&a, asks(&b));
        run_other_tasks().await;
        // One poll of b's task answers a, and begins a turn that asks a.
        let second = begin(&b, asks(&a));
        run_other_tasks().await;
        held.release();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_let_in_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let held = testing::hold(&b);
        let second = begin(&b, asks(&a));
        run_other_tasks().await;
        let first = begin(&a, send(&b));
        run_other_tasks().await;
        assert_eq!(b.reading().waiting, 1);
        // The turn that asks a begins, and lets a in.
        held.release();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_told_no_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&a, after(1, send(&b)));
        let (this, to_a) = (b.clone(), asks(&a));
        let second = begin(&b, async move {
            sleeps(2).await;
            // The waiters in line are refused.
            drop(this.stop());
            to_a.await
        });
        run_other_tasks().await;
        b.note().await.unwrap();
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::Closed);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_is_about_to_be_cut_off_is_not_waiting() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, asks(&b));
        b.run(job(after(1, asks(&c)).map(drop))).await.unwrap();
        let (victim, to_a) = (b.clone(), asks(&a));
        let third = begin(&c, async move {
            sleeps(2).await;
            victim.kill();
            to_a.await
        });
        third.await.unwrap().unwrap();
        // Its message was claimed or queued: b ended first.
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn d1_a_spawned_task_waits_for_itself_only() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let asked = asks(&b);
        let first = begin(&a, async move {
            let task = tokio::spawn(asked);
            sleeps(2).await;
            [task]
        });
        let second = begin(&b, after(1, asks(&a)));
        let [task] = first.await.unwrap();
        task.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_goes_on_in_a_task_is_no_wait_of_the_turn_it_began_in() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let mut asked = b.note().ask().owned();
        let first = begin(&a, async move {
            assert!(!poll_once(&mut asked).await);
            let task = tokio::spawn(asked);
            sleeps(2).await;
            [task]
        });
        let second = begin(&b, after(1, asks(&a)));
        let [task] = first.await.unwrap();
        task.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_is_kept_for_later_is_no_wait_of_another_turn() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let kept = Arc::new(Mutex::new(b.note().ask().owned()));
        let busy = begin(&b, after(1, asks(&a)));
        let half = kept.clone();
        inside(&a, async move {
            let is_there = std::future::poll_fn(|cx| {
                Poll::Ready(Pin::new(&mut *half.lock().unwrap()).poll(cx).is_ready())
            });
            assert!(!is_there.await);
        })
        .await;
        // a's second turn waits for no actor while b asks a.
        let second = begin(&a, sleeps(2));
        busy.await.unwrap().unwrap();
        second.await.unwrap();
        assert!(poll(&mut *kept.lock().unwrap()).is_ready());
    });
}

#[test]
fn d1_an_ask_that_was_kept_for_later_is_a_wait_of_the_turn_that_polls_it() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let mut asked = b.note().ask().owned();
        let busy = begin(&b, after(1, asks(&a)));
        let (keep, kept) = oneshot::channel();
        inside(&a, async move {
            assert!(!poll_once(&mut asked).await);
            assert!(keep.send(asked).is_ok());
        })
        .await;
        // Another turn of a polls the ask, so that turn waits for b from now on.
        let second = begin(&a, kept.await.unwrap());
        assert_eq!(cycle_names(&busy.await.unwrap()), ["b", "a"]);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_answer_that_another_task_owes_closes_no_cycle() {
    run(async |system| {
        let (answer, later) = oneshot::channel();
        let a = service(&system, "a", 4);
        let b: ServiceHandle =
            system.instance(Service { later: Some(later), opening: None }).name("b").spawn().unwrap();
        let asked = b.later().owned();
        let first = begin(&a, asked);
        run_other_tasks().await;
        let second = begin(&b, asks(&a));
        run_other_tasks().await;
        answer.send(7).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 7);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_answer_that_was_taken_along_closes_no_cycle_within_its_own_turn_either() {
    run(async |system| {
        let (answer, later) = oneshot::channel();
        let a = service(&system, "a", 4);
        let b: ServiceHandle =
            system.instance(Service { later: Some(later), opening: None }).name("b").spawn().unwrap();
        let to_a = asks(&a);
        let (tell, told) = oneshot::channel();
        let first = begin(&a, b.later_and(job(async move { drop(tell.send(to_a.await)) })).owned());
        run_other_tasks().await;
        answer.send(7).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 7);
        told.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_line_behind_a_permit_closes_no_cycle() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let second = begin(&b, after(1, asks(&a)));
        run_other_tasks().await;
        let permit = b.reserve::<m::Note>().await.unwrap();
        let first = begin(&a, send(&b));
        tokio::time::sleep(SECOND * 2).await;
        assert_eq!(b.reading().waiting, 1);
        drop(permit);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_refused_asker_may_ask_again_when_the_other_is_free() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let to_a = a.clone();
        let told = begin(&b, after(1, asks(&a))).await.unwrap();
        cycle_names(&told);
        first.await.unwrap().unwrap();
        inside(&b, async move { to_a.note().ask().await }).await.unwrap();
    });
}
