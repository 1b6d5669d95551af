//! T2: deadlines of asks and sends, and what inner calls inherit of them.

use super::*;

#[test]
fn t2_the_deadline_covers_the_line() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        let asked = desk.question(2).timeout(3 * SECOND).returning().await;
        let (late, message) = asked.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert!(late.retry_after().is_some());
        assert_eq!(message.unwrap().n, 2, "the message was never accepted");
        let told = desk.lasting(3).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((told.reason(), told.into_message().n), (Reason::TimedOut, 3));
        assert_eq!(row::<m::Question>(&desk).refused(Reason::TimedOut), 1);
        assert_eq!(row::<m::Lasting>(&desk).refused(Reason::TimedOut), 1);
    });
}

#[test]
fn t2_the_deadline_covers_the_queue() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let before = Instant::now();
        let late = desk.question(1).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert_eq!(desk.reading().depth, 0);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0; 0]);
        assert_eq!(row::<m::Question>(&desk).expired, 1);
    });
}

#[test]
fn t2_the_deadline_covers_the_handler_which_is_not_cancelled() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let before = Instant::now();
        let late = desk.rest(10 * SECOND).timeout(3 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 3 * SECOND));
        assert_eq!(row::<m::Rest>(&desk).in_service, 1);
        assert_eq!(desk.seen().await.unwrap(), [100]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.handled, row.expired), (1, 0));
    });
}

#[test]
fn t2_the_deadline_covers_line_queue_and_handler_together() {
    run(async |system| {
        let builder = system.instance(Desk::default()).capacity(1);
        let narrow: DeskHandle = builder.spawn().unwrap();
        narrow.rest(2 * SECOND).tell().await.unwrap();
        run_other_tasks().await;
        narrow.rest(2 * SECOND).tell().await.unwrap();
        let before = Instant::now();
        // Two seconds in line, two in the queue, and one of the handler's two.
        let late = narrow.rest(2 * SECOND).timeout(5 * SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 5 * SECOND));
        assert_eq!(row::<m::Rest>(&narrow).in_service, 1);
    });
}

#[test]
fn t2_an_asker_gets_timed_out_also_where_the_actor_cleared_the_message_first() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let asked = pending(desk.question(1).timeout(3 * SECOND));
        advance(4 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(row::<m::Question>(&desk).expired, 1);
        assert_eq!(asked.await.unwrap_err().reason(), Reason::TimedOut);
    });
}

#[test]
fn t2_without_a_timeout_of_its_own_an_ask_has_the_declared_one_or_30_s() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let before = Instant::now();
        assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 20 * SECOND);
        let before = Instant::now();
        assert_eq!(desk.plain_question(1).await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), 30 * SECOND);
    });
}

#[test]
fn t2_a_tell_s_deadline_is_for_the_beginning_of_its_turn() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        desk.lasting(1).timeout(3 * SECOND).await.unwrap();
        desk.lasting(2).timeout(5 * SECOND).await.unwrap();
        advance(4 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [2]);
        assert_eq!(row::<m::Lasting>(&desk).expired, 1);
    });
}

#[test]
fn t2_an_ask_inside_a_turn_inherits_what_is_left_of_it() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        front.rest(SECOND).tell().await.unwrap();
        run_other_tasks().await;
        // One of three seconds passes in the queue, so two are left for the inner ask. Its declared
        // 20 s do not count.
        let late = front.forward(back.clone(), None).timeout(3 * SECOND).await;
        assert_eq!(late.unwrap_err().reason(), Reason::TimedOut);
        testing::quiet(&system).await;
        assert_eq!(inner.read(), [(Err(Reason::TimedOut), 2 * SECOND)]);
        assert_eq!(row::<m::Forward>(&front).handled, 1);
    });
}

#[test]
fn t2_a_timeout_inside_a_turn_can_only_shorten_what_is_left() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        for own in [SECOND, 10 * SECOND] {
            let asked = front.forward(back.clone(), Some(own)).timeout(3 * SECOND);
            drop(asked.await);
        }
        testing::quiet(&system).await;
        let spans: Vec<_> = inner.read().iter().map(|(_, span)| *span).collect();
        assert_eq!(spans, [SECOND, 3 * SECOND]);
    });
}

#[test]
fn t2_an_ask_inside_the_turn_of_a_tell_has_its_declared_timeout() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        front.forward(back.clone(), None).tell().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(inner.read(), [(Err(Reason::TimedOut), 20 * SECOND)]);
    });
}

#[test]
fn t2_a_blocked_send_inside_a_turn_inherits_or_has_the_default() {
    run(async |system| {
        let (front, inner) = desk(&system);
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        back.lasting(0).await.unwrap();
        back.lasting(0).await.unwrap();
        drop(front.push(back.clone()).timeout(3 * SECOND).await);
        drop(front.push(back.clone()).await);
        front.push(back.clone()).tell().await.unwrap();
        testing::quiet(&system).await;
        let late = Err(Reason::TimedOut);
        let spans = [(late, 3 * SECOND), (late, 7 * SECOND), (late, 30 * SECOND)];
        assert_eq!(inner.read(), spans);
    });
}

#[test]
fn t2_a_task_spawned_from_a_turn_inherits_nothing() {
    run(async |system| {
        struct Spawner;
        #[actor(local)]
        impl Spawner {
            #[message]
            fn spawned(&mut self, to: DeskHandle, reply: ReplyTo<Duration>) {
                tokio::spawn(async move {
                    let before = Instant::now();
                    drop(to.question(1).await);
                    let _ = reply.send(before.elapsed());
                });
            }
        }
        let (back, _) = desk(&system);
        let _held = testing::hold(&back);
        let spawner = system.spawn(Spawner);
        let took = spawner.spawned(back.clone()).timeout(25 * SECOND).await;
        assert_eq!(took.unwrap(), 20 * SECOND);
    });
}

#[test]
fn t2_a_turn_knows_how_long_its_asker_waits() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let left = desk.left().timeout(5 * SECOND).await.unwrap();
        assert_eq!(left, (Some(5 * SECOND), Some(4 * SECOND)));
        desk.left_told().await.unwrap();
        assert_eq!(desk.seen().await.unwrap(), [1]);
    });
}

#[test]
fn t2_an_endless_timeout_and_one_of_nothing_are_what_they_say() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = desk.rest(HOUR).timeout(Duration::MAX).await;
        assert_eq!(asked.unwrap(), 100);
        let before = Instant::now();
        let asked = desk.rest(HOUR).timeout(Duration::ZERO).await;
        assert_eq!(asked.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}
