//! Lifetimes at their edges: handles that are asked for in vain, instances that end, shutdown's report.

use actors_core::prelude::*;
use actors_tests::{HOUR, alone, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Lamp;

#[actor(local)]
impl Lamp {
    #[message]
    async fn wait(&mut self) {
        tokio::time::sleep(HOUR).await;
    }

    #[message]
    fn work(&mut self) -> u32 {
        7
    }
}

// --- F6 ------------------------------------------------------------------------------------------------------------

#[test]
fn f6_a_weak_handle_that_is_upgraded_in_vain_changes_nothing() {
    run(async |system| {
        let lamp: LampHandle = system.instance(Lamp).name("lamp").spawn().unwrap();
        lamp.wait().await.unwrap();
        let (weak, closed) = (lamp.downgrade(), lamp.closed());
        drop(lamp);
        // The turn runs on for an hour, and the actor with it.
        for _ in 0..4 {
            assert!(weak.upgrade().is_none());
            assert!(system.find::<LampHandle>("lamp").is_none());
        }
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn f6_an_actor_that_is_found_while_it_is_started_loses_no_handle() {
    alone("f6_an_actor_that_is_found_while_it_is_started_loses_no_handle", || {
        let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let system = rt.block_on(async { System::new("race") });
        let is_over = Arc::new(AtomicBool::new(false));
        let finders: Vec<_> = (0..2)
            .map(|_| {
                let (system, is_over) = (system.clone(), is_over.clone());
                std::thread::spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        // Found or not, the handle is given back at once.
                        drop(system.find::<LampHandle>("lamp"));
                    }
                })
            })
            .collect();
        for _ in 0..3000 {
            // The name may still be taken by the actor of the round before, which a finder held for a moment.
            let Ok(lamp) = system.instance(Lamp).name("lamp").spawn::<LampHandle>() else { continue };
            drop(lamp.clone());
            lamp.work().tell().try_send().expect("the actor is open: there is a handle");
            let closed = lamp.closed();
            drop(lamp);
            assert_eq!(rt.block_on(async { closed.await }), StopReason::Unreferenced);
        }
        is_over.store(true, Ordering::Relaxed);
        finders.into_iter().for_each(|finder| finder.join().unwrap());
    });
}
