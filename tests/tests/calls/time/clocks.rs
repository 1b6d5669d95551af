//! T2: runtimes whose clocks differ.

use super::*;

struct Watchmaker;

#[actor(local)]
impl Watchmaker {
    #[message(timeout = "200ms")]
    async fn never(&mut self) -> u32 {
        std::future::pending().await
    }

    #[message(ttl = "50ms")]
    fn brief(&mut self) {}

    #[message(timeout = "200ms")]
    fn now(&mut self) -> Instant {
        Instant::now()
    }
}

#[test]
fn t2_a_paused_clock_that_was_read_first_and_is_ahead_stops_no_other_clock() {
    alone!("t2_a_paused_clock_that_was_read_first_and_is_ahead_stops_no_other_clock", || {
        paused().block_on(async {
            advance(2 * HOUR).await;
            let watchmaker = System::new("ahead").spawn(Watchmaker);
            watchmaker.brief().await.unwrap();
        });
        // The clock of this runtime has not been advanced.
        paused().block_on(async {
            let watchmaker = System::new("here").spawn(Watchmaker);
            let begun = Instant::now();
            assert_eq!(watchmaker.never().await.unwrap_err().reason(), Reason::TimedOut);
            let took = begun.elapsed();
            assert!(took < SECOND, "a deadline of 200 ms passed after {took:?}");
        });
    });
}

#[test]
fn t2_a_clock_that_is_years_ahead_has_deadlines_too() {
    alone!("t2_a_clock_that_is_years_ahead_has_deadlines_too", || {
        paused().block_on(async {
            advance(24 * 365 * 3 * HOUR).await;
            let watchmaker = System::new("far").spawn(Watchmaker);
            let begun = Instant::now();
            assert_eq!(watchmaker.never().await.unwrap_err().reason(), Reason::TimedOut);
            assert!(begun.elapsed() < SECOND);
        });
    });
}

#[test]
fn t2_between_runtimes_whose_clocks_differ_an_ask_is_answered_or_told() {
    let (behind, ahead) = (paused(), paused());
    ahead.block_on(advance(2 * HOUR));
    let spawn = |runtime: &tokio::runtime::Runtime| -> WatchmakerHandle {
        let _inside = runtime.enter();
        System::new("one of two").spawn(Watchmaker)
    };
    for (of, to) in [(&ahead, &behind), (&behind, &ahead)] {
        let watchmaker = spawn(to);
        let mut ask = watchmaker.now();
        assert!(of.block_on(async { poll(&mut ask) }).is_pending());
        to.block_on(run_other_tasks());
        let answer = of.block_on(async { poll(&mut ask) });
        match answer {
            std::task::Poll::Ready(Ok(_)) if std::ptr::eq(of, &ahead) => {}
            // The actor's clock decides, and it is past the deadline.
            std::task::Poll::Ready(Err(error)) if std::ptr::eq(of, &behind) => {
                assert_eq!(error.reason(), Reason::TimedOut);
            }
            other => panic!("{other:?}"),
        }
    }
}
