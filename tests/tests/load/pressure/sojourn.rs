//! T6: what has waited for too long is shed when its turn would begin. P8: after a pulse nothing is
//! refused any more.

use super::*;
use std::sync::Mutex;

/// How long the messages that are handled have waited.
#[derive(Clone, Default)]
struct Stays(Arc<Mutex<Vec<Duration>>>);

struct Desk {
    stays: Stays,
}

impl Desk {
    async fn work(&self, sent: Instant) {
        self.stays.0.lock().unwrap().push(sent.elapsed());
        sleep(2 * MS).await;
    }
}

#[actor(capacity = 1000, reserve = 0, pressure(target = "10ms", respond = shed))]
impl Desk {
    #[message(overflow = reject)]
    async fn order(&mut self, sent: Instant) {
        self.work(sent).await;
    }

    #[message(overflow = drop_oldest)]
    async fn view(&mut self, sent: Instant) {
        self.work(sent).await;
    }

    #[message(overflow = block)]
    async fn payment(&mut self, sent: Instant) {
        self.work(sent).await;
    }

    #[message(overflow = block)]
    async fn pause(&mut self, time: Duration) {
        sleep(time).await;
    }

    #[message(overflow = reject, priority = urgent)]
    async fn alarm(&mut self, sent: Instant) {
        self.work(sent).await;
    }
}

fn desk(system: &System, pressure: Option<Pressure>, workers: usize) -> (DeskHandle, Stays) {
    let stays = Stays::default();
    let made = stays.clone();
    let mut builder = system.actor(move || Desk { stays: made.clone() }).workers(workers..=workers);
    if let Some(pressure) = pressure {
        builder = builder.pressure(pressure);
    }
    (builder.spawn().unwrap(), stays)
}

/// Sends a message in each millisecond of a while: twice as many as one worker handles.
async fn flood<M>(time: Duration, mut send: impl FnMut(Instant) -> Result<Admission, SendError<M>>) {
    let mut ticks = interval(MS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let end = Instant::now() + time;
    while ticks.tick().await < end {
        drop(send(Instant::now()));
    }
}

#[test]
fn t6_under_load_what_is_handled_has_waited_for_twice_the_target_and_longer_for_an_interval_at_most() {
    for workers in [1, 2] {
        run(async |system| {
            let (desk, stays) = desk(&system, None, workers);
            flood(2 * SECOND, |sent| {
                (1..workers).for_each(|_| drop(desk.order(sent).try_send()));
                desk.order(sent).try_send()
            })
            .await;
            let handled = stays.0.lock().unwrap().clone();
            let after: Vec<_> = handled.iter().skip(200 * workers).collect();
            let late = after.iter().filter(|stay| ***stay > 22 * MS).count();
            // Where the gate has made the queue short for a moment, an interval of 100 ms passes
            // before it is known to be long again.
            assert!(10 * late < 2 * after.len(), "{workers}: {late} of {after:?}");
            assert!(after.iter().all(|stay| **stay < 122 * MS), "{workers}: {after:?}");
            let row = desk.ledger().of::<desk_messages::Order>();
            assert!(row.shed_queued > 0 && row.is_balanced(), "{row:?}");
            assert!(row.handled as usize > 950 * workers, "{workers}: it is never idle: {row:?}");
        });
    }
}

#[test]
fn t6_the_asker_of_a_message_that_is_shed_is_told_at_once_and_when_to_try_again() {
    run(async |system| {
        let (desk, _) = desk(&system, None, 1);
        let mut letters = system.dead_letters();
        let mut asks = Vec::new();
        for _ in 0..400 {
            asks.push(tokio::spawn(desk.order(Instant::now()).ask().owned()));
            sleep(MS).await;
        }
        let mut shed = 0;
        for ask in asks {
            if let Err(why) = ask.await.unwrap()
                && why.reason() == Reason::Shed
            {
                shed += u64::from(why.retry_after().is_some());
            }
        }
        let row = desk.ledger().of::<desk_messages::Order>();
        assert!(shed > 0 && shed >= row.shed_queued, "{shed} {row:?}");
        let shed = actors_tests::losses(&mut letters).into_iter().filter(|(_, why)| *why == Reason::Shed);
        assert_eq!(shed.count() as u64, row.shed_queued);
    });
}

#[test]
fn t6_types_that_wait_and_urgent_ones_keep_their_turns() {
    run(async |system| {
        let (desk, _) = desk(&system, None, 1);
        for n in 0..600 {
            let sent = Instant::now();
            match n % 2 {
                0 => drop(desk.payment(sent).try_send()),
                _ => drop(desk.alarm(sent).try_send()),
            }
            sleep(MS).await;
        }
        testing::quiet(&system).await;
        let total = desk.ledger().total();
        assert_eq!((total.handled, total.shed_queued), (600, 0), "{total:?}");
    });
}

#[test]
fn t6_the_last_message_of_a_lane_has_its_turn() {
    run(async |system| {
        let (desk, stays) = desk(&system, None, 1);
        flood(280 * MS, |sent| desk.order(sent).try_send()).await;
        // In line with the others, a turn of a second: after it the queue is overdue as a whole.
        desk.pause(SECOND).try_send().unwrap();
        flood(40 * MS, |sent| desk.order(sent).try_send()).await;
        sleep(40 * MS).await;
        let queued = desk.reading().depth;
        let before = (stays.0.lock().unwrap().len(), desk.ledger().total().shed_queued);
        testing::quiet(&system).await;
        let after = (stays.0.lock().unwrap().len(), desk.ledger().total().shed_queued);
        assert!(queued > 2, "{queued}");
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, queued as u64 - 1));
        assert!(desk.ledger().is_balanced());
    });
}

#[test]
fn t6_where_shed_is_not_declared_nothing_is_shed() {
    run(async |system| {
        let (desk, _) = desk(&system, Some(Pressure::new().respond(&[Action::Block])), 1);
        flood(SECOND, |sent| desk.order(sent).try_send()).await;
        testing::quiet(&system).await;
        assert_eq!(desk.ledger().total().shed_queued, 0);
    });
}

#[test]
fn t6_droppable_types_are_shed_too() {
    run(async |system| {
        let (desk, _) = desk(&system, None, 1);
        flood(SECOND, |sent| desk.view(sent).try_send()).await;
        assert!(desk.ledger().of::<desk_messages::View>().shed_queued > 0);
    });
}

#[test]
fn p8_a_tenth_of_a_second_after_a_pulse_every_message_is_admitted() {
    run(async |system| {
        let (desk, _) = desk(&system, None, 1);
        flood(2 * SECOND, |sent| {
            (0..4).for_each(|_| drop(desk.order(sent).try_send()));
            desk.view(sent).try_send()
        })
        .await;
        assert!(desk.ledger().total().refused(Reason::Shed) > 0, "the pulse is shed");
        let mut began = Instant::now();
        while desk.reading().depth > 0 {
            sleep(MS).await;
        }
        assert!(began.elapsed() < 50 * MS, "the backlog is short: {:?}", began.elapsed());
        began = Instant::now();
        let mut refused = Vec::new();
        // Four fifths of what it can handle.
        for n in 0..400 {
            if desk.order(Instant::now()).try_send().is_err() {
                refused.push(began.elapsed());
            }
            sleep(if n % 2 == 0 { 2 * MS } else { 3 * MS }).await;
        }
        assert!(refused.iter().all(|when| *when <= 100 * MS), "{refused:?}");
    });
}
