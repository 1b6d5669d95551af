//! Calls from outside of a runtime.

use super::*;
use tokio::runtime::{Builder, Runtime};

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

/// A runtime without timers has no clock on which a wait could end.
fn without_timers() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// T2: on a runtime without timers, a wait ends on the clock of the actor's runtime.
#[test]
fn t2_a_wait_on_a_runtime_without_timers_ends_on_the_actor_s_clock() {
    let (there, here) = (paused(), without_timers());
    let desk = there.block_on(async { System::new("there").spawn(Desk) });
    there.block_on(async { desk.rest(HOUR).tell().await.unwrap() });
    there.block_on(run_other_tasks());
    let mut asked = desk.question(1).timeout(SECOND);
    here.block_on(async { assert!(poll(&mut asked).is_pending()) });
    let kept: Vec<_> = (0..3).map(|_| desk.try_reserve::<m::Work>().unwrap()).collect();
    let (mut in_line, mut reserved) =
        (desk.work(2).timeout(SECOND), desk.reserve::<m::Work>().timeout(SECOND));
    here.block_on(async {
        assert!(poll(&mut in_line).is_pending() && poll(&mut reserved).is_pending());
    });
    there.block_on(async { tokio::time::sleep(2 * SECOND).await });
    // The ask last: the slot that it leaves would go to those in line.
    let told = here.block_on(async {
        let (reserved, in_line) = (reserved.await.unwrap_err(), in_line.await.unwrap_err());
        [reserved.reason(), in_line.reason(), asked.await.unwrap_err().reason()]
    });
    assert_eq!(told, [Reason::TimedOut; 3]);
    drop(kept);
    assert!(desk.ledger().is_balanced());
}

/// L2: a shutdown may be awaited anywhere. Its limit passes on the clock of the system.
#[test]
fn l2_a_shutdown_may_be_awaited_outside_of_a_runtime_and_on_one_without_timers() {
    let no_runtime = |poll: &mut dyn FnMut()| poll();
    let here = without_timers();
    let no_timers = |poll: &mut dyn FnMut()| here.block_on(async { poll() });
    for place in [&no_runtime as &dyn Fn(&mut dyn FnMut()), &no_timers] {
        for (work, is_killed) in [(Duration::ZERO, false), (HOUR, true)] {
            let there = paused();
            let system = there.block_on(async { System::new("there") });
            let desk: DeskHandle = there.block_on(async { system.spawn(Desk) });
            there.block_on(async { desk.rest(work).tell().await.unwrap() });
            there.block_on(run_other_tasks());
            let (mut shutdown, mut report) = (Box::pin(system.shutdown(SECOND)), None);
            for _ in 0..5 {
                place(&mut || {
                    if let (None, Poll::Ready(ready)) = (&report, poll(&mut shutdown)) {
                        report = Some(ready);
                    }
                });
                if report.is_some() {
                    break;
                }
                there.block_on(async { tokio::time::sleep(SECOND).await });
            }
            let report = report.expect("the limit passes");
            assert_eq!(report.killed.len(), usize::from(is_killed), "{report}");
        }
        // A system that was never used has no runtime at all.
        let system = System::new("unused");
        let mut shutdown = Box::pin(system.shutdown(SECOND));
        place(&mut || assert!(poll(&mut shutdown).is_ready()));
    }
}
