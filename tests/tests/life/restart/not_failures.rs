//! F3: what does not count as a failure of the actor.

use super::*;

#[test]
fn f3_overload_time_outs_and_a_handler_s_errors_are_no_failures() {
    run(async |system| {
        let history = Arc::<History>::default();
        let shared = history.clone();
        let make = move || Lamp::new(&shared);
        let none = Restart::on_failure().at_most(0, HOUR);
        let lamp: LampHandle =
            system.actor(make).restart(none).capacity(4).max_waiting(2).reserve(0).spawn().unwrap();
        for _ in 0..20 {
            let rests = pending(lamp.rest(2 * SECOND));
            run_other_tasks().await;
            for _ in 0..6 {
                lamp.glimpse().await.unwrap();
            }
            assert_eq!(lamp.number().await.unwrap_err().reason(), Reason::Full);
            for n in 0..4 {
                let _ = lamp.expiring(n).try_send();
            }
            assert_eq!(rests.await.unwrap_err().reason(), Reason::TimedOut);
            testing::quiet(&system).await;
            assert!(lamp.rest(MS).await.unwrap().is_err(), "an error of the handler is an answer");
        }
        assert_eq!(history.births(), 1);
        assert_eq!(lamp.number().await.unwrap(), 1);
        let total = balanced(&lamp);
        assert_eq!((total.panicked, total.dropped, total.refused_total() > 40), (0, 40, true), "{total:?}");
    });
}

#[test]
fn f3_a_message_whose_own_code_panics_is_no_failure_of_the_actor() {
    #[derive(Debug)]
    struct Thorn;
    impl Drop for Thorn {
        fn drop(&mut self) {
            panic_quietly("a thorn");
        }
    }
    struct Vase(Arc<AtomicU32>);
    #[actor(local, capacity = 1, reserve = 0)]
    impl Vase {
        #[message(overflow = drop_oldest)]
        fn put(&mut self, thorn: Thorn) {
            std::mem::forget(thorn);
        }
        #[message]
        fn touch(&mut self) -> u32 {
            self.0.load(Ordering::SeqCst)
        }
    }
    run(async |system| {
        let births = Arc::new(AtomicU32::new(0));
        let counted = births.clone();
        let make = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Vase(counted.clone())
        };
        let vase: VaseHandle = system.actor(make).restart(Restart::never()).spawn().unwrap();
        let held = testing::hold(&vase);
        for _ in 0..5 {
            vase.put(Thorn).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(vase.touch().await.unwrap(), 1);
        assert_eq!(vase.ledger().total().dropped, 4);
    });
}
