//! P2: `block` sets a soft limit.

use super::*;

#[test]
fn p2_under_pressure_senders_of_block_types_wait_early_and_others_do_not() {
    run(async |system| {
        let pressure = Pressure::new().respond(&[Action::Block]);
        let world = World::new(&system, 1000, 1, pressure);
        let held = testing::hold(&world.jobs);
        for _ in 0..210 {
            world.jobs.job().await.unwrap();
        }
        sleep(SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SoftLimitBegan { .. })),
            1,
            "{}",
            world.sentences()
        );
        assert_eq!(world.jobs.job().try_send().unwrap_err().reason(), Reason::Full);
        let waiting = tokio::spawn(world.jobs.job().owned());
        sleep(SECOND).await;
        assert_eq!((world.jobs.reading().waiting, world.jobs.reading().depth), (1, 210));
        order(&world.jobs);
        assert_eq!(world.jobs.reading().depth, 211, "the soft limit applies only to types that wait");
        held.release();
        assert_eq!(waiting.await.unwrap().unwrap(), Admission::Waited);
        testing::quiet(&system).await;
        sleep(5 * SECOND).await;
        assert_eq!(
            world.count(|what| matches!(what, DecisionKind::SoftLimitEnded)),
            1,
            "{}",
            world.sentences()
        );
        let held = testing::hold(&world.jobs);
        for _ in 0..224 {
            world.jobs.job().try_send().unwrap();
        }
        drop(held);
    });
}

#[test]
fn p2_a_mailbox_with_a_soft_limit_keeps_its_order_and_loses_nothing() {
    run(async |system| {
        let world = World::new(&system, 1000, 1, Pressure::new().target(5 * MS).respond(&[Action::Block]));
        for _ in 0..600 {
            job(&world.jobs);
        }
        sleep(60 * SECOND).await;
        let total = world.jobs.ledger().total();
        // 256 senders may wait, 224 messages fit the mailbox; the others were refused.
        assert_eq!(total.handled + total.refused(Reason::Full), 600, "{total:?}");
        assert!(total.is_balanced() && world.jobs.reading().level == Level::Calm);
    });
}

/// A till whose mailbox is flooded with messages of low priority.
struct Till;

#[actor(capacity = 64)]
impl Till {
    #[message(overflow = reject, priority = low)]
    async fn look(&mut self) {
        sleep(4 * MS).await;
    }

    #[message(overflow = block, priority = high)]
    async fn pay(&mut self) {
        sleep(4 * MS).await;
    }
}

#[test]
fn p2_a_soft_limit_makes_no_sender_wait_for_messages_below_it() {
    run(async |system| {
        for respond in [&[][..], &[Action::Block]] {
            let till: TillHandle =
                system.instance(Till).pressure(Pressure::new().respond(respond)).spawn().unwrap();
            let flood = async {
                for _ in 0..8000 {
                    sleep(Duration::from_micros(500)).await;
                    let _ = till.look().try_send();
                }
            };
            let paying = async {
                for n in 0..100 {
                    sleep(40 * MS).await;
                    let began = Instant::now();
                    till.pay().await.unwrap();
                    assert!(began.elapsed() < 10 * MS, "{n}: {:?} {respond:?}", began.elapsed());
                }
            };
            tokio::join!(flood, paying);
        }
        let is_limited = |decision: &actors_core::observe::Decision| {
            matches!(decision.kind, DecisionKind::SoftLimitBegan { .. })
        };
        assert!(system.decisions().iter().any(is_limited));
    });
}
