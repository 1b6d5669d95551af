//! B4: stop and kill do not wait behind messages.

use super::*;

#[test]
fn b4_stop_passes_a_full_mailbox_and_a_full_line() {
    run(async |system| {
        let builder = system.instance(Desk::default()).max_waiting(2);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        fill(|| desk.urgent());
        let mut line = [desk.urgent(), desk.urgent()];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        let stop = desk.stop();
        // Stop takes effect with the call, and waits behind no message.
        for send in line {
            assert_eq!(send.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(desk.urgent().await.unwrap_err().reason(), Reason::Closed);
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn b4_kill_waits_behind_nothing_that_is_queued() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        desk.rest(HOUR).await.unwrap();
        run_other_tasks().await;
        fill(|| desk.urgent());
        let before = tokio::time::Instant::now();
        desk.kill();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(desk.ledger().of::<desk_messages::Urgent>().handled, 0);
    });
}

#[test]
fn b4_control_takes_no_slot_and_cannot_pile_up() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.normal().await.unwrap();
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        drop(desk.stop());
        run_other_tasks().await;
        let before = tasks();
        for _ in 0..1000 {
            drop(desk.stop());
        }
        run_other_tasks().await;
        assert_eq!(desk.reading().depth, 1);
        assert!(tasks() <= before + 1, "{} tasks for one stop", tasks() - before + 1);
        held.release();
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(desk.ledger().total().handled, 1);
    });
}
