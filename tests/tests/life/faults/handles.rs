//! F6: what keeps an actor alive.

use super::*;

#[test]
fn f6_with_the_last_handle_gone_the_actor_drains_and_stops() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..3 {
            desk.work(n).await.unwrap();
        }
        let (other, closed) = (desk.clone(), desk.closed());
        drop(desk);
        assert!(!other.is_closed());
        assert_eq!(other.work(3).await.unwrap(), Admission::Queued);
        drop(other);
        held.release();
        assert_eq!(closed.await, StopReason::Unreferenced);
        let all = ["work 0", "work 1", "work 2", "work 3", "stopped: Unreferenced"];
        assert_eq!(diary.take(), all);
    });
}

#[test]
fn f6_weak_handles_keep_nothing_alive() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let weak = desk.downgrade();
        assert!(weak.upgrade().is_some());
        let closed = desk.closed();
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn f6_a_recipient_keeps_its_actor_alive() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let recipient: Recipient<m::Question> = desk.recipient();
        let closed = desk.closed();
        drop(desk);
        assert_eq!(recipient.ask(m::Question { n: 3 }).await.unwrap(), 3);
        drop(recipient);
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn f6_a_pending_send_after_keeps_its_actor_alive_until_it_is_sent() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.arms(HOUR, 1).await.unwrap();
        desk.arms(2 * HOUR, 2).await.unwrap();
        testing::quiet(&system).await;
        let before = Instant::now();
        let closed = desk.closed();
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert!(before.elapsed() >= 2 * HOUR - SECOND);
        assert_eq!(diary.take(), ["work 1", "work 2", "stopped: Unreferenced"]);
    });
}

#[test]
fn f6_send_every_and_pipes_keep_nothing_alive() {
    run(async |system| {
        for is_pipe in [false, true] {
            let (desk, diary) = desk(&system);
            match is_pipe {
                true => desk.pipes(HOUR).await.unwrap(),
                false => desk.ticks(HOUR).await.unwrap(),
            };
            testing::quiet(&system).await;
            let closed = desk.closed();
            let before = Instant::now();
            drop(desk);
            assert_eq!(closed.await, StopReason::Unreferenced);
            assert_eq!(before.elapsed(), Duration::ZERO);
            assert_eq!(diary.take(), ["stopped: Unreferenced"]);
        }
    });
}

#[test]
fn f6_send_every_goes_on_while_a_handle_lives_and_its_timers_end_with_the_actor() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.ticks(HOUR).await.unwrap();
        tokio::time::sleep(5 * HOUR + SECOND).await;
        assert_eq!(diary.take(), ["work 0"; 5]);
        desk.arms(HOUR, 9).await.unwrap();
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        tokio::time::sleep(5 * HOUR).await;
        assert_eq!(diary.take(), ["stopped: Stopped"]);
        // The pending one is undelivered.
        assert_eq!((row::<m::Work>(&desk).offered, row::<m::Work>(&desk).undelivered), (6, 1));
    });
}

#[test]
fn f6_a_detached_actor_is_held_by_its_system() {
    run(async |system| {
        let diary = Diary::default();
        let builder = system.instance(Desk { diary: diary.clone(), pending: Vec::new() });
        drop(builder.name("keeper").detached().spawn::<DeskHandle>().unwrap());
        testing::quiet(&system).await;
        let found: DeskHandle = system.find("keeper").unwrap();
        assert_eq!(found.question(1).await.unwrap(), 1);
        let closed = found.closed();
        drop(found);
        testing::quiet(&system).await;
        assert!(system.find::<DeskHandle>("keeper").is_some());
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean());
        assert_eq!(closed.await, StopReason::Stopped);
    });
}

#[test]
fn f6_a_handle_taken_inside_a_turn_counts_like_any_other() {
    run(async |system| {
        struct Lender;
        #[actor(local)]
        impl Lender {
            #[message]
            fn lend(&mut self, ctx: &mut Context<Self>) -> LenderHandle {
                ctx.handle()
            }
        }
        let first = system.spawn(Lender);
        let lent = first.lend().await.unwrap();
        let closed = first.closed();
        drop(first);
        let again = lent.lend().await.unwrap();
        drop((lent, again));
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f6_the_last_of_many_handles_lets_the_actor_drain_whichever_task_drops_it() {
    for _ in 0..50 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("last").spawn(Counter { handled: handled.clone() });
        let closed = desk.closed();
        for _ in 0..4 {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    desk.count(n).await.unwrap();
                }
            });
        }
        drop(desk);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(handled.load(Ordering::Relaxed), 400);
    }
}
