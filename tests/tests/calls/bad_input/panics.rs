//! Panics in hooks, keys, drops and formatting.

use super::*;

#[test]
fn a_panic_in_started_is_a_failed_start_that_all_callers_are_told_of() {
    for is_panic in [true, false] {
        run(async |system| {
            struct Broken {
                is_panic: bool,
                stopped: Arc<AtomicU32>,
            }
            #[actor(local)]
            impl Broken {
                #[started]
                async fn open(&mut self) -> Result<(), BoxError> {
                    tokio::task::yield_now().await;
                    assert!(!self.is_panic, "no database");
                    Err("no database".into())
                }

                #[message]
                fn question(&mut self) -> u32 {
                    1
                }

                #[stopped]
                fn close(&mut self, why: StopReason) {
                    assert_eq!(why, StopReason::StartFailed);
                    self.stopped.fetch_add(1, Ordering::Relaxed);
                }
            }
            let stopped = Arc::new(AtomicU32::new(0));
            let broken = system.spawn(Broken { is_panic, stopped: stopped.clone() });
            let mut asked = broken.question();
            assert!(poll(&mut asked).is_pending());
            let failed = broken.ready().await.unwrap_err().to_string();
            assert!(failed.contains("no database"), "{failed}");
            assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
            assert_eq!(broken.closed().await, StopReason::StartFailed);
            assert_eq!(broken.question().await.unwrap_err().reason(), Reason::Closed);
            // The runtime does not use a state again after a panic in it.
            assert_eq!(stopped.load(Ordering::Relaxed), u32::from(!is_panic));
        });
    }
}

#[test]
fn a_panic_in_stopped_or_in_the_state_s_drop_ends_the_actor_like_any_other() {
    run(async |system| {
        struct Bad {
            drops: bool,
        }
        #[actor(local)]
        impl Bad {
            #[message]
            fn question(&mut self) -> u32 {
                1
            }

            #[stopped]
            async fn close(&mut self) {
                assert!(self.drops, "in stopped");
            }
        }
        impl Drop for Bad {
            fn drop(&mut self) {
                assert!(!self.drops, "in drop");
            }
        }
        for drops in [true, false] {
            let bad: BadHandle = system.instance(Bad { drops }).name("bad").spawn().unwrap();
            assert_eq!(bad.question().await.unwrap(), 1);
            assert_eq!(bad.stop().await.reason().unwrap(), StopReason::Stopped);
            assert!(bad.ledger().is_balanced());
        }
        // The name is free, so the system has removed both actors.
        let last: Result<BadHandle, _> = system.instance(Bad { drops: false }).name("bad").spawn();
        assert!(last.is_ok());
    });
}

#[test]
fn a_stopped_that_does_not_end_is_cut_off_after_30_s() {
    run(async |system| {
        struct Stuck;
        #[actor(local)]
        impl Stuck {
            #[message]
            fn nothing(&mut self) {}

            #[stopped]
            async fn close(&mut self) {
                std::future::pending::<()>().await;
            }
        }
        let stuck = system.spawn(Stuck);
        stuck.kill();
        let before = tokio::time::Instant::now();
        assert_eq!(stuck.closed().await, StopReason::Killed);
        assert_eq!(before.elapsed(), 30 * SECOND);
    });
}

fn with(set: impl FnOnce(&mut Odd)) -> Odd {
    let mut odd = odd(1);
    set(&mut odd);
    odd
}

#[test]
fn a_panic_in_a_key_s_hash_or_eq_gives_the_message_back() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let held = testing::hold(&desk);
        desk.keyed(odd(1)).await.unwrap();
        let bomb = || Hook::new(|| panic!("in the key"));
        for mut bad in [with(|odd| odd.on_hash = bomb()), with(|odd| odd.on_eq = bomb())] {
            bad.key = 1;
            let refused = desk.keyed(bad).await.unwrap_err();
            assert_eq!(refused.reason(), Reason::Panicked);
            assert_eq!(refused.into_message().key.key, 1);
        }
        assert_eq!(desk.keyed(odd(1)).await.unwrap(), Admission::Conflated);
        held.release();
        assert_eq!(desk.question(1).await.unwrap(), 1);
        let row = desk.ledger().of::<m::Keyed>();
        assert_eq!((row.offered, row.panicked, row.conflated, row.handled), (4, 2, 1, 1));
    });
}

#[test]
fn an_eq_that_uses_its_own_mailbox_is_told_so() {
    finishes(|| {
        run(async |system| {
            let desk = system.spawn(Desk);
            let held = testing::hold(&desk);
            desk.keyed(odd(1)).await.unwrap();
            for n in 0..3 {
                let inner = desk.downgrade();
                let uses = move || {
                    let desk = inner.upgrade().unwrap();
                    match n {
                        0 => drop(desk.reading()),
                        1 => drop(desk.tell(m::Work { n: 1 }).try_send()),
                        _ => drop(desk.ledger()),
                    }
                };
                let bad = with(|odd| odd.on_eq = Hook::new(uses));
                let refused = desk.keyed(bad).await.unwrap_err();
                assert_eq!(refused.reason(), Reason::Panicked);
            }
            held.release();
            assert_eq!(desk.question(1).await.unwrap(), 1);
        });
    });
}

#[test]
fn a_panic_in_a_message_s_drop_harms_no_other_message() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut lost = system.dead_letters();
        let drops = Arc::new(AtomicU32::new(0));
        let bomb = || {
            let drops = drops.clone();
            with(|odd| {
                odd.on_drop = Hook::new(move || {
                    drops.fetch_add(1, Ordering::Relaxed);
                    assert!(std::thread::panicking(), "in drop");
                });
            })
        };
        let held = testing::hold(&desk);
        // Dropped for room, expired, withdrawn, and queued at the end: no panic escapes.
        for _ in 0..6 {
            desk.cargo(bomb()).await.unwrap();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        tokio::time::advance(6 * SECOND).await;
        let mut asked = desk.cargo_asked(bomb());
        assert!(poll(&mut asked).is_pending());
        drop(asked);
        desk.cargo(bomb()).await.unwrap();
        desk.kill();
        held.release();
        assert_eq!(desk.closed().await, StopReason::Killed);
        assert_eq!(drops.load(Ordering::Relaxed), 8);
        let row = desk.ledger().of::<m::Cargo>();
        assert_eq!((row.dropped, row.expired, row.undelivered), (2, 4, 1));
        let found = letters(&mut lost).len();
        assert_eq!(found, 8);
    });
}

#[test]
fn a_panic_in_a_drop_inside_the_handler_is_the_handler_s() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let bomb = with(|odd| odd.on_drop = Hook::new(|| panic!("in drop")));
        desk.cargo(bomb).await.unwrap();
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(desk.ledger().of::<m::Cargo>().panicked, 1);
    });
}

#[test]
fn an_answer_that_panics_when_it_is_dropped_unread_harms_neither_asker_nor_actor() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let held = testing::hold(&desk);
        let is_armed = Arc::new(AtomicU32::new(1));
        let armed = is_armed.clone();
        let bomb = with(|odd| {
            odd.on_drop = Hook::new(move || {
                assert_eq!(armed.swap(0, Ordering::Relaxed), 0, "in drop");
            });
        });
        // The turn begins before its asker goes away, so no caller takes the answer.
        desk.rest(SECOND).tell().await.unwrap();
        let mut asked = desk.cargo_asked(bomb);
        assert!(poll(&mut asked).is_pending());
        held.release();
        testing::quiet(&system).await;
        // A panic may be what drops the asker. A second panic would abort the process (F1).
        drop(asked);
        assert_eq!(is_armed.load(Ordering::Relaxed), 0, "the answer was dropped");
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(desk.ledger().of::<m::CargoAsked>().handled, 1);
    });
}

#[test]
fn a_message_whose_debug_panics_still_has_a_dead_letter() {
    run(async |system| {
        let desk = system.spawn(Desk);
        let mut lost = system.dead_letters();
        let bomb = with(|odd| odd.on_debug = Hook::new(|| panic!("in debug")));
        let held = testing::hold(&desk);
        desk.cargo(bomb).await.unwrap();
        desk.kill();
        held.release();
        let letter = lost.next().await.unwrap();
        assert_eq!((letter.message, letter.reason), ("Cargo", Reason::Closed));
        assert_eq!(letter.payload, None);
    });
}

#[test]
fn a_message_that_uses_its_mailbox_when_it_is_dropped_waits_for_nobody() {
    finishes(|| {
        run(async |system| {
            let desk = system.spawn(Desk);
            let held = testing::hold(&desk);
            let weak = desk.downgrade();
            let uses = move || {
                if let Some(desk) = weak.upgrade() {
                    drop(desk.tell(m::Work { n: 1 }).try_send());
                    assert!(desk.ledger().is_balanced());
                    assert!(desk.reading().depth <= 4);
                }
            };
            for _ in 0..20 {
                let cargo = with(|odd| odd.on_drop = Hook::new(uses.clone()));
                drop(desk.cargo(cargo).await);
            }
            held.release();
            testing::quiet(&system).await;
            assert!(desk.ledger().is_balanced());
        });
    });
}

#[test]
fn a_message_may_hold_the_last_handle_of_its_own_actor() {
    finishes(|| {
        run(async |system| {
            struct Keeper;
            #[actor(local, capacity = 2, reserve = 0)]
            impl Keeper {
                #[message(overflow = drop_oldest)]
                fn keep(&mut self, me: Option<KeeperHandle>) {
                    drop(me);
                }
            }
            let keeper = system.spawn(Keeper);
            let held = testing::hold(&keeper);
            let (closed, weak) = (keeper.closed(), keeper.downgrade());
            keeper.keep(Some(keeper.clone())).await.unwrap();
            drop(keeper);
            run_other_tasks().await;
            assert!(weak.upgrade().is_some(), "the message keeps it alive");
            held.release();
            assert_eq!(closed.await, StopReason::Unreferenced);
        });
    });
}

#[test]
fn a_panic_whose_payload_panics_in_its_turn_is_still_a_panic() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload too");
        }
    }
    run(async |system| {
        let desk = system.spawn(Desk);
        let asked = desk.bomb(Arc::new(|| std::panic::panic_any(Payload))).await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(desk.ledger().of::<m::Bomb>().panicked, 1);
    });
}

/// A hook that is never called would make the other tests pass without a check.
#[test]
fn hooks_of_these_tests_are_really_called() {
    let called = Record::<&str>::default();
    let note = |word: &'static str| {
        let called = called.clone();
        Hook::new(move || called.write(word))
    };
    let odd = with(|odd| {
        odd.on_hash = note("hash");
        odd.on_eq = note("eq");
        odd.on_debug = note("debug");
        odd.on_drop = note("drop");
    });
    odd.hash(&mut std::hash::DefaultHasher::new());
    assert!(odd == self::odd(1));
    assert_eq!(format!("{odd:?}"), "odd 1");
    drop(odd);
    assert_eq!(called.read(), ["hash", "eq", "debug", "drop"]);
}
