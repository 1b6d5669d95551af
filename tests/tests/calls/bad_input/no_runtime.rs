//! Calls from outside of a runtime.

use super::*;

#[test]
fn spawning_outside_of_a_runtime_is_an_error_that_says_what_to_do() {
    let system = System::new("outside");
    match system.instance(Desk).spawn::<DeskHandle>() {
        Err(error @ SpawnError::NoRuntime) => assert!(error.to_string().contains("inside one")),
        other => panic!("{other:?}"),
    }
    let panic = catch_unwind(AssertUnwindSafe(|| system.spawn(Desk))).unwrap_err();
    assert!(text(panic).contains("no tokio runtime"));
}

#[test]
fn a_system_made_outside_of_a_runtime_lives_on_the_first_one_it_meets() {
    let system = System::new("outside");
    let runtime = paused();
    let desk: DeskHandle = {
        let _inside = runtime.enter();
        system.spawn(Desk)
    };
    // From here on the system has a runtime.
    let other: DeskHandle = system.spawn(Desk);
    runtime.block_on(async {
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(other.question(2).await.unwrap(), 2);
    });
}

#[test]
fn a_plain_thread_may_try_send_and_drop_and_stop_and_kill() {
    let runtime = paused();
    let (desk, other, third) = runtime.block_on(async {
        let system = System::new("threads");
        (system.spawn(Desk), system.spawn(Desk), system.spawn(Desk))
    });
    let (to_desk, to_other) = (desk.clone(), other.clone());
    let thread = std::thread::spawn(move || {
        assert_eq!(to_desk.work(1).try_send().unwrap(), Admission::Queued);
        assert_eq!(to_desk.reading().depth, 1);
        assert_eq!(to_desk.ledger().total().offered, 1);
        drop(to_other.stop());
        drop(third.work(1).try_send());
        third.kill();
        third.closed()
    });
    let third = thread.join().unwrap();
    runtime.block_on(async {
        assert_eq!(desk.question(2).await.unwrap(), 2);
        assert_eq!(desk.ledger().of::<m::Work>().handled, 1);
        assert_eq!(other.closed().await, StopReason::Stopped);
        assert_eq!(third.await, StopReason::Killed);
    });
}

#[test]
fn a_send_may_be_polled_outside_of_any_runtime() {
    let runtime = paused();
    let desk = runtime.block_on(async { System::new("outside").spawn(Desk) });
    for n in 0..4 {
        assert!(matches!(poll(&mut desk.work(n)), Poll::Ready(Ok(Admission::Queued))));
    }
    let mut waiting = desk.work(4).timeout(HOUR);
    let mut asked = desk.question(5);
    assert!(poll(&mut waiting).is_pending() && poll(&mut asked).is_pending());
    runtime.block_on(async {
        assert_eq!(waiting.await.unwrap(), Admission::Waited);
        assert_eq!(asked.await.unwrap(), 5);
    });
}

#[test]
fn blocking_inside_of_a_runtime_is_a_panic_and_not_a_hang() {
    run(async |system| {
        let desk = system.spawn(Desk);
        for call in [
            catch_unwind(AssertUnwindSafe(|| drop(desk.question(1).blocking()))),
            catch_unwind(AssertUnwindSafe(|| drop(desk.work(1).blocking()))),
        ] {
            assert!(text(call.unwrap_err()).contains("runtime"));
        }
        // Nothing was sent, and the actor still works.
        assert_eq!(desk.ledger().total().offered, 0);
        assert_eq!(desk.question(2).await.unwrap(), 2);
    });
}
