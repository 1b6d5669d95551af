//! The runtime ends while its actors live.

use super::*;

#[test]
fn askers_are_told_when_the_runtime_ends_beneath_the_actor() {
    let (here, there) = (paused(), paused());
    let system = there.block_on(async { System::new("doomed") });
    let mut lost = system.dead_letters();
    let desk: DeskHandle = there.block_on(async { system.spawn(Desk) });
    let mut running = desk.rest(HOUR);
    assert!(poll(&mut running).is_pending());
    there.block_on(run_other_tasks());
    let queued: Vec<_> = (0..4).map(|n| pending(desk.question(n))).collect();
    let mut in_line = desk.question(4).returning();
    assert!(poll(&mut in_line).is_pending());
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(running.await.unwrap_err().reason(), Reason::Closed);
            for ask in queued {
                assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
            }
            let (error, message) = in_line.await.unwrap_err();
            assert_eq!((error.reason(), message.unwrap().n), (Reason::Closed, 4));
            assert_eq!(desk.closed().await, StopReason::RuntimeGone);
        };
        tokio::time::timeout(HOUR, all).await.expect("an asker waits for ever");
    });
    let total = desk.ledger().total();
    assert!(total.is_balanced(), "{}", desk.ledger());
    assert_eq!((total.undelivered, total.refused(Reason::Closed)), (5, 1));
    // The ledger counts each loss. The turn that was cut off has no letter, because its task is
    // gone.
    let told = letters(&mut lost).len();
    assert!(told >= 4, "{told}");
}

#[test]
fn an_actor_without_a_task_ends_when_it_is_first_used_after_its_runtime_has_gone() {
    let (here, there) = (paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("doomed").spawn(Desk) });
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(desk.question(1).await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.work(1).await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.work(1).try_send().unwrap_err().reason(), Reason::Closed);
            assert_eq!(desk.closed().await, StopReason::RuntimeGone);
            let _ = desk.stop().await;
            desk.kill();
        };
        tokio::time::timeout(HOUR, all).await.expect("a call waits for ever");
    });
    assert!(desk.ledger().is_balanced());
}

#[test]
fn handles_of_a_gone_runtime_may_be_used_and_dropped_from_a_plain_thread() {
    finishes(|| {
        let runtime = paused();
        let desk: DeskHandle = runtime.block_on(async {
            let desk = System::new("doomed").spawn(Desk);
            assert_eq!(desk.question(1).await.unwrap(), 1);
            desk
        });
        drop(runtime);
        assert_eq!(desk.work(1).try_send().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.work(1).blocking().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.question(1).blocking().unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.ledger().total().handled, 1);
        assert!(desk.is_closed());
        drop((desk.stop(), desk.watch(), desk));
    });
}

#[test]
fn an_actor_that_is_just_starting_is_told_too_when_its_runtime_ends() {
    struct Slow;
    #[actor(local)]
    impl Slow {
        #[started]
        async fn open(&mut self) {
            std::future::pending::<()>().await;
        }

        #[message]
        fn question(&mut self) -> u32 {
            1
        }
    }
    let (here, there) = (paused(), paused());
    let slow = there.block_on(async {
        let slow: SlowHandle = System::new("doomed").spawn(Slow);
        run_other_tasks().await;
        slow
    });
    let mut asked = slow.question();
    assert!(poll(&mut asked).is_pending());
    drop(there);
    here.block_on(async {
        let all = async {
            assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
            assert!(slow.ready().await.is_err());
            assert_eq!(slow.closed().await, StopReason::RuntimeGone);
        };
        tokio::time::timeout(HOUR, all).await.expect("a call waits for ever");
    });
}

#[test]
fn a_deadline_passes_also_where_the_actor_s_runtime_stands_still() {
    let (here, there) = (paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("asleep").spawn(Desk) });
    here.block_on(async {
        let asked = tokio::time::timeout(HOUR, desk.question(1).timeout(SECOND));
        let asked = asked.await.expect("the deadline passes although the actor's clock stands still");
        assert_eq!(asked.unwrap_err().reason(), Reason::TimedOut);
    });
}
