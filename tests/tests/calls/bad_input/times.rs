//! Periods and deadlines of zero and of "for ever", sends to stopped actors, futures polled too
//! often.

use super::*;

#[test]
fn a_timer_without_a_period_is_refused_and_the_actor_continues() {
    run(async |system| {
        let desk = system.spawn(Desk);
        assert!(!desk.ticks(Duration::ZERO).await.unwrap(), "the error says what to do (F7)");
        assert_eq!(desk.question(1).await.unwrap(), 1);
    });
}

#[test]
fn a_timer_for_the_end_of_time_never_comes_and_harms_nobody() {
    run(async |system| {
        let desk = system.spawn(Desk);
        assert!(desk.arms(Duration::MAX).await.unwrap());
        assert!(desk.ticks(Duration::MAX).await.unwrap());
        tokio::time::sleep(10 * HOUR).await;
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(desk.ledger().of::<m::Work>().offered, 0);
        let stop = desk.stop().within(Duration::MAX);
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn a_policy_for_the_end_of_time_is_as_good_as_none() {
    run(async |system| {
        let builder = system.instance(Desk);
        let builder = builder.policy::<m::Work>(|policy| policy.ttl(Duration::MAX));
        let builder = builder.policy::<m::Question>(|policy| policy.timeout(Duration::MAX));
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        desk.work(1).await.unwrap();
        let asked = pending(desk.question(2));
        tokio::time::advance(20 * HOUR).await;
        held.release();
        assert_eq!(asked.await.unwrap(), 2);
        assert_eq!(desk.ledger().of::<m::Work>().handled, 1);
    });
}

#[test]
fn a_stopped_actor_refuses_every_way_of_sending_at_once() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let recipient: Recipient<m::Question> = desk.recipient();
        let _ = desk.stop().await;
        assert_eq!(desk.work(1).await.unwrap_err().into_message().n, 1);
        assert_eq!(desk.work(2).try_send().unwrap_err().into_message().n, 2);
        assert_eq!(desk.question(3).await.unwrap_err().reason(), Reason::Closed);
        let (error, message) = desk.question(4).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().n), (Reason::Closed, 4));
        assert_eq!(desk.question(5).tell().await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.work(6).ask().await.unwrap_err().reason(), Reason::Closed);
        let asked = recipient.ask(m::Question { n: 7 }).await.unwrap_err();
        assert_eq!((asked.reason(), asked.retry_after()), (Reason::Closed, None));
        assert!(desk.ready().await.is_err());
        assert_eq!(desk.ledger().total().refused(Reason::Closed), 7);
    });
}

#[test]
fn polling_a_send_again_after_its_end_is_a_panic_that_says_so() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut told = desk.work(1);
        assert!(poll(&mut told).is_ready());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(poll(&mut told)))).unwrap_err();
        assert!(text(panic).contains("polled after it had completed"));
        let mut asked = pending(desk.question(1));
        testing::quiet(&system).await;
        assert!(poll(&mut asked).is_ready());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(poll(&mut asked)))).unwrap_err();
        assert!(text(panic).contains("polled after it had completed"));
        assert_eq!(desk.question(2).await.unwrap(), 2);
    });
}
