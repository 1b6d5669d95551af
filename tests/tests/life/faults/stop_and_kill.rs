//! F4: stop and kill.

use super::*;

#[test]
fn f4_stop_closes_admission_with_the_call_and_handles_the_rest() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..4 {
            desk.work(n).await.unwrap();
        }
        let waiter = pending(desk.work(4));
        let stop = desk.stop();
        let refused = desk.work(5).await.unwrap_err();
        assert_eq!((refused.reason(), refused.into_message().n), (Reason::Closed, 5));
        assert_eq!(desk.question(6).await.unwrap_err().reason(), Reason::Closed);
        let sent_away = waiter.await.unwrap_err();
        assert_eq!((sent_away.reason(), sent_away.into_message().n), (Reason::Closed, 4));
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(diary.take(), ["work 0", "work 1", "work 2", "work 3", "stopped: Stopped"]);
        assert_eq!(row::<m::Work>(&desk).refused(Reason::Closed), 2);
    });
}

#[test]
fn f4_stop_need_not_be_awaited() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.work(1).await.unwrap();
        drop(desk.stop());
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(diary.take(), ["work 1", "stopped: Stopped"]);
    });
}

#[test]
fn f4_stop_kills_at_its_deadline() {
    run(async |system| {
        for (within, after) in [(None, 30 * SECOND), (Some(5 * SECOND), 5 * SECOND), (Some(HOUR), HOUR)] {
            let (desk, diary) = desk(&system);
            desk.rest(20 * HOUR).tell().await.unwrap();
            desk.work(1).await.unwrap();
            run_other_tasks().await;
            let before = Instant::now();
            let stop = desk.stop();
            let ending = match within {
                Some(limit) => stop.within(limit).await,
                None => stop.await,
            };
            assert_eq!(ending.reason().unwrap(), StopReason::Killed);
            assert_eq!(before.elapsed(), after);
            assert_eq!(diary.take(), ["rest is over", "stopped: Killed"]);
            assert_eq!(desk.ledger().total().undelivered, 2);
        }
    });
}

#[test]
fn f4_stop_waits_for_a_long_turn_that_ends_in_time() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = pending(desk.rest(29 * SECOND));
        run_other_tasks().await;
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(asked.await.unwrap(), 1);
    });
}

#[test]
fn f4_kill_drops_a_suspended_turn_at_its_await() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (desk, diary) = desk(&system);
        let asked = pending(desk.rest(HOUR));
        run_other_tasks().await;
        let before = Instant::now();
        desk.kill();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(diary.take(), ["rest is over", "stopped: Killed"]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.undelivered, row.handled, row.in_service), (1, 0, 0));
        let found = losses(&mut lost);
        assert_eq!(found, [("Rest", Reason::Closed)]);
    });
}

#[test]
fn f4_kill_lets_a_turn_that_is_on_a_thread_end() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        let asked = pending(desk.kills_itself());
        desk.work(1).await.unwrap();
        held.release();
        assert_eq!(asked.await.unwrap(), 9);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(diary.take(), ["killed itself", "stopped: Killed"]);
        assert_eq!(row::<m::KillsItself>(&desk).handled, 1);
        assert_eq!(row::<m::Work>(&desk).undelivered, 1);
    });
}

#[test]
fn f4_a_turn_that_was_killed_while_it_ran_ends_at_its_next_await() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let asked = desk.kills_itself_and_waits().await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(diary.take(), ["killed itself", "stopped: Killed"]);
    });
}

#[test]
fn f4_a_turn_that_was_killed_while_suspended_is_not_polled_again() {
    run(async |system| {
        struct Waits {
            gate: Arc<Notify>,
            went_on: Arc<AtomicU32>,
        }
        #[actor(local)]
        impl Waits {
            #[message]
            async fn wait(&mut self) -> u32 {
                self.gate.notified().await;
                self.went_on.fetch_add(1, Ordering::Relaxed)
            }
        }
        let (gate, went_on) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
        let waits = system.spawn(Waits { gate: gate.clone(), went_on: went_on.clone() });
        let asked = pending(waits.wait());
        run_other_tasks().await;
        // The kill comes first, so the event comes too late.
        waits.kill();
        gate.notify_one();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(waits.closed().await, StopReason::Killed);
        assert_eq!(went_on.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn f4_kill_ends_what_is_queued_and_all_waiters() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (desk, diary) = desk(&system);
        let _held = testing::hold(&desk);
        let asked = pending(desk.question(0));
        for n in 1..4 {
            desk.work(n).await.unwrap();
        }
        let waiter = pending(desk.work(4));
        desk.kill();
        assert_eq!(waiter.await.unwrap_err().into_message().n, 4);
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(diary.take(), ["stopped: Killed"]);
        assert_eq!(row::<m::Work>(&desk).undelivered, 3);
        assert_eq!(row::<m::Question>(&desk).undelivered, 1);
        let found = letters(&mut lost);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|letter| letter.reason == Reason::Closed));
    });
}

#[test]
fn f4_kill_hastens_a_stop_and_nothing_revives_the_dead() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        desk.rest(HOUR).tell().await.unwrap();
        run_other_tasks().await;
        let stop = desk.stop();
        desk.kill();
        desk.kill();
        drop(desk.stop());
        let before = Instant::now();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Killed);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Killed);
        desk.kill();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert!(desk.is_closed());
        assert_eq!(diary.take(), ["rest is over", "stopped: Killed"]);
    });
}

#[test]
fn f4_awaiting_one_s_own_stop_inside_a_turn_is_would_deadlock() {
    run(async |system| {
        let builder = system.instance(Desk { diary: Diary::default(), pending: Vec::new() });
        let desk: DeskHandle = builder.name("uroboros").spawn().unwrap();
        let before = Instant::now();
        let error = desk.awaits_its_own_stop().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Reason::WouldDeadlock);
        let names: Vec<_> = error.cycle().unwrap().iter().map(|name| name.as_str()).collect();
        assert_eq!(names, ["uroboros"]);
        // The actor stops nevertheless.
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn f4_a_turn_may_say_stop_and_the_rest_is_handled() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let held = testing::hold(&desk);
        desk.stops().await.unwrap();
        desk.work(1).await.unwrap();
        held.release();
        assert_eq!(desk.closed().await, StopReason::Stopped);
        assert_eq!(diary.take(), ["said stop", "work 1", "stopped: Stopped"]);
    });
}

#[test]
fn f4_an_actor_that_never_got_a_message_stops_and_is_killed_like_any_other() {
    run(async |system| {
        let (stopped, diary) = desk(&system);
        assert_eq!(stopped.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(diary.take(), ["stopped: Stopped"]);
        let (killed, diary) = desk(&system);
        killed.kill();
        assert_eq!(killed.closed().await, StopReason::Killed);
        assert_eq!(diary.take(), ["stopped: Killed"]);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_stop_under_load_handles_all_that_was_accepted_and_returns_the_rest() {
    for round in 0..20 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("stop").spawn(Counter { handled: handled.clone() });
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let mut accepted = 0;
                    for n in 0.. {
                        match desk.count(n).await {
                            Ok(_) => accepted += 1,
                            Err(refused) => {
                                assert_eq!(refused.reason(), Reason::Closed);
                                assert_eq!(refused.into_message().n, n);
                                break;
                            }
                        }
                    }
                    accepted
                })
            })
            .collect();
        while handled.load(Ordering::Relaxed) < 200 * round {
            tokio::task::yield_now().await;
        }
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        let mut accepted = 0;
        for sender in senders {
            accepted += sender.await.unwrap();
        }
        assert_eq!(handled.load(Ordering::Relaxed), accepted);
        let total = desk.ledger().total();
        assert!(total.is_balanced());
        assert_eq!((total.handled, total.refused(Reason::Closed)), (accepted.into(), 4));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_kill_under_load_tells_every_asker() {
    for round in 0..10 {
        let handled = Arc::new(AtomicU32::new(0));
        let desk: CounterHandle = System::new("kill").spawn(Counter { handled: handled.clone() });
        let askers: Vec<_> = (0..16)
            .map(|asker| {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let (mut answered, mut closed) = (0_u64, 0_u64);
                    while closed == 0 {
                        let answer = match asker % 2 {
                            0 => desk.ask_count(1).await,
                            _ => desk.ask_count_later(1).await,
                        };
                        match answer {
                            Ok(_) => answered += 1,
                            Err(error) => {
                                assert_eq!(error.reason(), Reason::Closed);
                                closed += 1;
                            }
                        }
                    }
                    answered
                })
            })
            .collect();
        while handled.load(Ordering::Relaxed) < 200 * round {
            tokio::task::yield_now().await;
        }
        desk.kill();
        let mut answered = 0;
        for asker in askers {
            answered += asker.await.unwrap();
        }
        assert_eq!(desk.closed().await, StopReason::Killed);
        let total = desk.ledger().total();
        assert!(total.is_balanced(), "{}", desk.ledger());
        assert_eq!(total.handled, answered);
        assert_eq!(total.undelivered + total.refused(Reason::Closed), 16);
        assert_eq!((total.queued, total.waiting, total.in_service), (0, 0, 0));
    }
}
