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
    assert_eq!(letters(&mut lost).len(), 5, "one for the turn that was cut off, too");
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

/// Answers are taken out of the actor, to where the test gives them.
struct Clerk(std::sync::mpsc::Sender<ReplyTo<u32>>);

#[actor]
impl Clerk {
    #[message(overflow = block)]
    fn later(&mut self, reply: ReplyTo<u32>) {
        self.0.send(reply).unwrap();
    }
}

/// T2: an asker that waits outside of a runtime, for an answer that outlives the actor's runtime,
/// is told when that ends: its deadline has no clock any more.
#[test]
fn t2_an_asker_whose_clock_has_ended_is_told_and_does_not_panic() {
    for is_stopped_before in [false, true] {
        let there = paused();
        let (taken, replies) = std::sync::mpsc::channel();
        let clerk: ClerkHandle = there.block_on(async { System::new("doomed").spawn(Clerk(taken)) });
        let mut asked = pending(clerk.later());
        there.block_on(run_other_tasks());
        let reply = replies.recv().unwrap();
        if is_stopped_before {
            there.block_on(async { clerk.stop().await.reason().unwrap() });
        }
        assert!(poll(&mut asked).is_pending());
        drop(there);
        let Poll::Ready(answer) = poll(&mut asked) else { panic!("the asker waits for ever") };
        assert_eq!(answer.unwrap_err().reason(), Reason::Closed);
        assert_eq!(reply.send(7), Err(7));
        assert!(clerk.ledger().is_balanced());
    }
}

/// T2: a send that moves to another runtime takes its deadline along.
#[test]
fn t2_a_send_that_leaves_a_runtime_that_ends_keeps_its_deadline() {
    let (there, here, next) = (paused(), paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("there").spawn(Desk) });
    let mut asked = desk.question(1).timeout(HOUR);
    here.block_on(async { assert!(poll(&mut asked).is_pending()) });
    drop(here);
    let asked = next.block_on(async { tokio::time::timeout(3 * HOUR, asked).await });
    assert_eq!(asked.expect("the deadline passes").unwrap_err().reason(), Reason::TimedOut);
}

/// P1: the last reading that a subscriber gets is that of the ended actor, also where the runtime
/// has ended and no task takes readings.
#[test]
fn p1_a_subscriber_of_readings_sees_the_end_also_where_the_runtime_ends() {
    let (here, there) = (paused(), paused());
    let desk: DeskHandle = there.block_on(async { System::new("doomed").spawn(Desk) });
    let mut seen = desk.watch();
    assert_eq!(seen.borrow_and_update().workers, 1);
    drop(there);
    here.block_on(async {
        tokio::time::timeout(HOUR, seen.changed()).await.expect("it is told of the end").unwrap();
    });
    assert_eq!(seen.borrow().workers, 0);
}

/// L3: a system whose runtime has ended starts no actor, and says why.
#[test]
fn l3_a_system_whose_runtime_has_ended_says_so_where_an_actor_is_to_start() {
    let there = paused();
    let system = there.block_on(async { System::new("doomed") });
    let desk: DeskHandle = there.block_on(async { system.spawn(Desk) });
    drop(there);
    match system.instance(Desk).spawn::<DeskHandle>() {
        Err(error @ SpawnError::RuntimeEnded(_)) => {
            let expected = "the runtime of the system `doomed` has ended: make another system inside a runtime that lives";
            assert_eq!(error.to_string(), expected);
        }
        other => panic!("{other:?}"),
    }
    // A system that was shut down before has another reason.
    assert!(desk.is_closed());
}

/// F1: an asker is told `panicked` only where the turn itself panicked, not where a panic elsewhere
/// ends the runtime.
#[test]
fn f1_a_panic_of_the_program_that_ends_the_runtime_is_no_panic_of_the_turns() {
    let there = paused();
    let desk: DeskHandle = there.block_on(async { System::new("doomed").spawn(Desk) });
    let mut asked = pending(desk.rest(HOUR));
    there.block_on(run_other_tasks());
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _ends_with_the_panic = there;
        panic_quietly("the program fails")
    }));
    assert!(panic.is_err());
    let Poll::Ready(answer) = poll(&mut asked) else { panic!("the asker waits for ever") };
    assert_eq!(answer.unwrap_err().reason(), Reason::Closed);
    assert_eq!((desk.ledger().total().panicked, desk.ledger().total().undelivered), (0, 1));
}
