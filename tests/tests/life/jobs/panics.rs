//! Panics in jobs.

use super::*;

/// Checks the effects of a panic in a job: the instance that started it fails, and its message is
/// counted and has a dead letter.
async fn job_panics(system: &System, start: impl AsyncFn(&ClerkHandle), row: &str, text: &str) {
    let desk = Desk::default();
    let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
    let mut letters = system.dead_letters();
    start(&clerk).await;
    tokio::time::sleep(2 * SECOND).await;
    testing::quiet(system).await;
    let letter = letters.try_next().expect("a panic of a job has a dead letter");
    assert_eq!((letter.reason, letter.message), (Reason::Panicked, row));
    assert_eq!(letter.payload.as_deref(), Some(text));
    assert_eq!(desk.made(), 2, "the instance has failed");
    // The panic was not in the instance's state, so `#[stopped]` ran.
    assert_eq!(desk.stopped.read(), [StopReason::Restarted]);
    assert_eq!(clerk.ledger().total().panicked, 1);
    assert!(clerk.ledger().is_balanced());
    clerk.due(5).ask().await.unwrap();
    assert_eq!(desk.seen(), [5]);
}

#[test]
fn f7_a_panic_in_a_pipe_s_future_is_a_failure_of_the_instance_that_started_it() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.pipe_fails(SECOND).await.unwrap();
        };
        job_panics(&system, start, "Due", "the pipe bursts").await;
    });
}

#[test]
fn f7_a_panic_in_a_pipe_s_continuation_is_a_failure_of_the_instance() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.then_fails().await.unwrap();
        };
        job_panics(&system, start, "Due", "no message comes of it").await;
    });
}

#[test]
fn f7_a_panic_in_a_watch_s_continuation_is_a_failure_of_the_instance() {
    run(async |system| {
        let other: ClerkHandle = system.spawn(Desk::default().clerk());
        let start = async |clerk: &ClerkHandle| {
            clerk.watch(other.clone(), true).await.unwrap();
            let _ = other.stop().await;
        };
        job_panics(&system, start, "Due", "the watch fails").await;
    });
}

#[test]
fn f7_a_panic_in_the_clone_of_a_tick_is_a_failure_of_the_instance() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.every_fragile(SECOND).await.unwrap();
        };
        job_panics(&system, start, "Fragile", "clone of 3").await;
    });
}

#[test]
fn f7_a_job_s_panic_ends_an_actor_without_a_factory_between_two_turns() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.pipe_fails(SECOND).await.unwrap();
        clerk.hold().await.unwrap();
        let closed = clerk.closed();
        tokio::time::sleep(2 * SECOND).await;
        assert!(!clerk.is_closed(), "its turn continues");
        desk.gate.open(1);
        assert_eq!(closed.await, StopReason::Panicked);
        assert_eq!(clerk.ledger().of::<m::Hold>().handled, 1);
    });
}

#[test]
fn f7_a_job_s_panic_after_its_instance_is_gone_is_a_dead_letter_and_no_failure() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        clerk.pipe_fails(SECOND).await.unwrap();
        clerk.fails().await.unwrap_err();
        testing::quiet(&system).await;
        let mut letters = system.dead_letters();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Panicked, "Due", 1)]);
        assert_eq!(desk.made(), 2);
        assert_eq!(due(&clerk).panicked, 1);
    });
}

#[test]
fn f7_in_a_pool_only_the_worker_that_started_the_job_fails() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(3..=3).spawn().unwrap();
        clerk.pipe_fails(SECOND).await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(desk.made(), 4);
        assert_eq!(clerk.reading().workers, 3);
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_pipe_that_is_cut_off_harms_nothing() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.bomb_in_pipe().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        run_other_tasks().await;
        assert_eq!(due(&clerk).cancelled, 1);
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_pipe_that_has_ended_fails_the_instance_and_loses_nothing() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        let mut letters = system.dead_letters();
        clerk.bomb_in_pipe_that_ends().await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        testing::quiet(&system).await;
        assert_eq!((desk.seen(), desk.made()), (vec![6], 2));
        assert!(letters.try_next().is_none());
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_message_is_no_failure_of_the_actor() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        clerk.cancels_a_bomb().ask().await.unwrap();
        clerk.later_bomb().ask().await.unwrap();
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        let row = clerk.ledger().of::<Armed>();
        assert_eq!((row.offered, row.undelivered, desk.made()), (1, 1, 1));
    });
}

#[test]
fn f7_a_job_s_panic_is_what_the_error_of_the_closed_actor_says() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.pipe_fails(SECOND).await.unwrap();
        assert_eq!(clerk.closed().await, StopReason::Panicked);
        let why = clerk.due(1).await.unwrap_err().to_string();
        assert!(why.contains("`pipe` of `Due` panicked: the pipe bursts"), "{why}");
    });
}

#[test]
fn f7_a_child_whose_job_panics_has_failed_for_its_parent_too() {
    run(async |system| {
        struct Parent(Desk);
        #[actor(local)]
        impl Parent {
            #[message]
            fn child(&mut self, ctx: &mut Context<Self>) -> ClerkHandle {
                let restart = Restart::on_failure().at_most(0, SECOND);
                ctx.actor(self.0.factory()).restart(restart).spawn().unwrap()
            }
        }
        let parent = system.spawn(Parent(Desk::default()));
        let child = parent.child().await.unwrap();
        child.pipe_fails(SECOND).await.unwrap();
        assert_eq!(parent.closed().await, StopReason::ChildFailed);
    });
}
