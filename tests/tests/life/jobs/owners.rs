//! Which jobs belong to the actor and which to one instance.

use super::*;

#[test]
fn f7_a_pending_send_after_survives_the_pool_that_shrinks() {
    run(async |system| {
        let desk = Desk::default();
        let builder = system.actor(desk.factory()).workers(1..=3).keep_alive(SECOND);
        let clerk: ClerkHandle = builder.spawn().unwrap();
        clerk.resize(3);
        for n in 0..200 {
            clerk.later(10 * SECOND, n).await.unwrap();
        }
        testing::quiet(&system).await;
        clerk.resize(1);
        testing::quiet(&system).await;
        assert_eq!(clerk.reading().workers, 1);
        tokio::time::sleep(20 * SECOND).await;
        let mut seen = desk.seen();
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    });
}

#[test]
fn f7_send_after_pipes_and_watches_belong_to_the_actor_and_survive_a_restart() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        let other: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.later(SECOND, 1).await.unwrap();
        clerk.pipe(2 * SECOND, 2).await.unwrap();
        clerk.watch(other.clone(), false).await.unwrap();
        clerk.fails().await.unwrap_err();
        tokio::time::sleep(3 * SECOND).await;
        let _ = other.stop().await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(desk.made(), 2);
        assert_eq!(desk.seen(), [1, 2, 7]);
    });
}

#[test]
fn f7_send_every_belongs_to_the_instance_and_its_successor_starts_its_own() {
    run(async |system| {
        let desk = Desk { ticks: Some(SECOND), ..Desk::default() };
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        tokio::time::sleep(3 * SECOND + 500 * MS).await;
        assert_eq!(desk.seen().len(), 3);
        clerk.fails().await.unwrap_err();
        tokio::time::sleep(10 * SECOND + 500 * MS).await;
        assert_eq!(desk.made(), 2);
        assert_eq!(desk.seen().len(), 13, "one timer ticks, not two");
    });
}
