//! Cycles on a multi-thread runtime.

use super::*;

#[test]
fn d1_a_turn_that_has_run_another_one_s_turn_is_itself_again() {
    on_threads(2, async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        b.note().ask().await.unwrap();
        for _ in 0..20 {
            let (this, other) = (a.clone(), b.clone());
            let asked = inside(&a, async move {
                // Usually this task runs the turn.
                other.note().ask().await.unwrap();
                this.note().ask().await
            });
            assert_eq!(cycle_names(&asked.await), ["a"]);
        }
    });
}

#[test]
fn d1_a_turn_that_blocks_its_thread_is_told_too() {
    on_threads(2, async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        assert_eq!(cycle_names(&a.block(a.clone()).await.unwrap()), ["a"]);
        let asked = asks(&b);
        let (begun, has_begun) = oneshot::channel();
        let first = begin(&a, async move {
            let _ = begun.send(());
            asked.await
        });
        has_begun.await.unwrap();
        let second = b.block(a.clone()).await.unwrap();
        let first = first.await.unwrap();
        // b's turn may begin before a's ask or after it.
        if let Err(error) = &second {
            assert_eq!(error.reason(), Reason::WouldDeadlock);
        }
        assert!(first.is_ok() || second.is_ok());
    });
}

#[test]
fn d1_of_turns_that_close_a_cycle_at_the_same_time_exactly_one_is_told() {
    on_threads(2, async |system| {
        for round in 0..400 {
            let count = 2 + round % 3;
            let names: Vec<_> = (0..count).map(|at| format!("{round}-{at}")).collect();
            let ring: Vec<_> = names.iter().map(|name| service(&system, name, 1)).collect();
            let all_begun = Arc::new(tokio::sync::Barrier::new(count));
            let turns: Vec<_> = (0..count)
                .map(|at| {
                    let (next, all_begun) = (ring[(at + 1) % count].clone(), all_begun.clone());
                    begin(&ring[at], async move {
                        all_begun.wait().await;
                        next.note().ask().await
                    })
                })
                .collect();
            let mut told = 0;
            for turn in turns {
                if let Err(error) = turn.await.unwrap() {
                    assert_eq!(error.reason(), Reason::WouldDeadlock);
                    assert_eq!(error.cycle().unwrap().len(), count);
                    told += 1;
                }
            }
            assert_eq!(told, 1);
        }
    });
}

#[test]
fn d1_of_sends_that_close_a_cycle_at_the_same_time_exactly_one_is_told() {
    on_threads(2, async |system| {
        for round in 0..400 {
            let count = 2 + round % 3;
            let ring: Vec<_> = (0..count).map(|at| service(&system, &format!("{round}-{at}"), 1)).collect();
            let all_full = Arc::new(tokio::sync::Barrier::new(count));
            let turns: Vec<_> = (0..count)
                .map(|at| {
                    let (this, next) = (ring[at].clone(), ring[(at + 1) % count].clone());
                    let all_full = all_full.clone();
                    begin(&ring[at], async move {
                        this.note().await.unwrap();
                        all_full.wait().await;
                        next.note().await.map(drop).map_err(|error| error.reason())
                    })
                })
                .collect();
            let mut told = 0;
            for turn in turns {
                if let Err(reason) = turn.await.unwrap() {
                    assert_eq!(reason, Reason::WouldDeadlock);
                    told += 1;
                }
            }
            assert_eq!(told, 1);
        }
    });
}
