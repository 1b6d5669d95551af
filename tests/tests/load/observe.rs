//! What an exporter or a dashboard reads: visits, snapshots, and both as data on a wire.

use actors_core::observe::{ActorSnapshot, Level};
use actors_core::observe::{DecisionSnapshot, Snapshot};
use actors_core::prelude::*;
use actors_core::testing::{self, run};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

#[derive(Default)]
struct Till {
    sum: u64,
}

#[actor(capacity = 8)]
impl Till {
    #[message(overflow = reject)]
    fn add(&mut self, cents: u64) {
        self.sum += cents;
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn viewed(&mut self) {}

    #[message]
    fn fail(&mut self) {
        panic!("no such card");
    }
}

fn names(system: &System) -> Vec<String> {
    let mut names = Vec::new();
    system.visit(&mut |actor| names.push(actor.name.to_string()));
    names
}

#[test]
fn l5_a_visit_sees_each_live_actor_once_oldest_first_with_the_numbers_of_its_handle() {
    run(async |system| {
        let tills: Vec<TillHandle> = (0..3)
            .map(|n| system.instance(Till::default()).name(format!("till-{n}")).spawn().unwrap())
            .collect();
        tills[0].add(5).ask().await.unwrap();
        let held = testing::hold(&tills[1]);
        tills[1].add(7).await.unwrap();
        let mut at = 0;
        system.visit(&mut |actor| {
            let till = &tills[at];
            assert_eq!((actor.name, actor.type_name), (till.name(), "Till"));
            assert_eq!(actor.reading, till.reading());
            assert_eq!(actor.rows, till.ledger().rows());
            assert_eq!((actor.unreferenced, actor.turn), (None, None));
            at += 1;
        });
        assert_eq!(at, 3);
        drop(held);
        let _ = tills[1].stop().await;
        assert_eq!(names(&system), ["till-0", "till-2"]);
    });
}

/// The counts of actors that have ended stay in the totals of their type, and none ever falls.
#[test]
fn l5_totals_keep_the_counts_of_actors_that_have_ended() {
    run(async |system| {
        let outcomes = || {
            let totals = system.totals();
            let rows: Vec<_> = totals.iter().filter(|totals| totals.type_name == "Till").collect();
            let add = rows.iter().flat_map(|totals| &totals.rows).find(|row| row.message == "Add");
            add.map(|row| row.outcomes().filter(|(_, count)| *count > 0).collect::<Vec<_>>())
        };
        assert_eq!(outcomes(), None);
        for round in 1..=3 {
            let till: TillHandle = system.instance(Till::default()).name("till").spawn().unwrap();
            till.add(5).ask().await.unwrap();
            assert_eq!(outcomes(), Some(vec![("handled", 2 * round - 1)]));
            till.add(6).ask().await.unwrap();
            till.stop().await.reason().unwrap();
            assert!(names(&system).is_empty());
            assert_eq!(outcomes(), Some(vec![("handled", 2 * round)]));
        }
        let till: TillHandle = system.spawn(Till::default());
        let held = testing::hold(&till);
        (0..20).for_each(|cents| drop(till.add(cents).try_send()));
        let full = till.ledger().total().refused(Reason::Full);
        assert_eq!(outcomes(), Some(vec![("handled", 6), ("full", full)]));
        till.kill();
        drop(held);
        till.closed().await;
        assert_eq!(outcomes(), Some(vec![("handled", 6), ("full", full), ("undelivered", 20 - full)]));
        system.shutdown(Duration::from_secs(1)).await;
        assert_eq!(outcomes(), Some(vec![("handled", 6), ("full", full), ("undelivered", 20 - full)]));
        let row = system.snapshot().actors.len();
        assert_eq!(row, 0);
    });
}

#[test]
fn l5_a_visitor_may_use_the_system_and_the_actors_that_it_visits() {
    run(async |system| {
        let tills: Vec<TillHandle> = (0..3).map(|_| system.spawn(Till::default())).collect();
        let (mut visited, mut nested, mut spawned) = (0, 0, Vec::new());
        system.visit(&mut |actor| {
            let till = &tills[visited];
            visited += 1;
            assert_eq!(actor.name, till.name());
            // The first visit has killed the youngest.
            assert_eq!(till.add(1).try_send().is_ok(), visited < 3);
            system.visit(&mut |_| nested += 1);
            assert_eq!(system.snapshot().actors.len(), 3 + spawned.len());
            spawned.push(system.spawn(Till::default()));
            // The youngest ends while the oldest is shown; it is shown all the same.
            tills[2].kill();
        });
        assert_eq!((visited, nested), (3, 3 + 4 + 5), "actors that came later are not in this visit");
        tills[2].closed().await;
        for (till, handled) in tills.iter().zip([1, 1, 0]) {
            testing::quiet(&system).await;
            assert_eq!(till.ledger().total().handled, handled, "{till:?}");
        }
    });
}

#[test]
fn l5_a_visitor_that_panics_changes_nothing() {
    run(async |system| {
        let tills: Vec<TillHandle> = (0..3).map(|_| system.spawn(Till::default())).collect();
        let mut seen = 0;
        let visit = AssertUnwindSafe(|| {
            system.visit(&mut |_| {
                seen += 1;
                assert!(seen < 2, "enough");
            });
        });
        let text = *catch_unwind(visit).unwrap_err().downcast::<&str>().unwrap();
        assert_eq!((seen, text), (2, "enough"));
        for till in &tills {
            till.add(1).ask().await.unwrap();
        }
        assert_eq!(names(&system).len(), 3);
    });
}

#[test]
fn l5_a_row_counts_every_column_by_its_word() {
    run(async |system| {
        let till: TillHandle = system.spawn(Till::default());
        let held = testing::hold(&till);
        for _ in 0..8 {
            let _ = till.add(1).try_send();
        }
        let row = till.ledger().of::<till_messages::Add>();
        let counts: Vec<_> = row.counts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [("offered", 8), ("queued", 7), ("refused_full", 1)]);
        drop(held);
    });
}

/// A rate is a quotient; a parser of decimal numbers may miss its last bit.
fn is_close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-9 * ours.abs()
}

fn read_back(shot: &Snapshot) -> Snapshot {
    let text = serde_json::to_string(shot).unwrap();
    let mut read: Snapshot = serde_json::from_str(&text).unwrap();
    for (read, written) in read.actors.iter_mut().zip(&shot.actors) {
        let (ours, theirs) = (&written.reading, &mut read.reading);
        let rates = [
            (ours.drain_rate, &mut theirs.drain_rate),
            (ours.arrival_rate, &mut theirs.arrival_rate),
            (ours.arrival_peak, &mut theirs.arrival_peak),
        ];
        for (ours, theirs) in rates {
            assert!(is_close(ours, *theirs), "{ours} {theirs}");
            *theirs = ours;
        }
    }
    read
}

#[test]
fn l5_a_snapshot_of_a_busy_system_reads_back_as_it_was_written() {
    run(async |system| {
        let busy: TillHandle = system.instance(Till::default()).name("busy").spawn().unwrap();
        let fails: TillHandle = system
            .actor(Till::default)
            .name("fails")
            .restart(Restart::on_failure().at_most(1, Duration::from_secs(60)))
            .spawn()
            .unwrap();
        for _ in 0..2 {
            let _ = fails.fail().ask().await;
        }
        fails.closed().await;
        for n in 0..40 {
            busy.add(n).ask().await.unwrap();
            tokio::time::sleep(Duration::from_millis(7)).await;
        }
        let held = testing::hold(&busy);
        for n in 0..20 {
            let _ = busy.add(n).try_send();
            let _ = busy.viewed().try_send();
        }
        tokio::time::sleep(Duration::from_millis(1234)).await;
        let shot = system.snapshot();
        let ActorSnapshot { name, type_name, reading, rows, .. } = &shot.actors[0];
        assert!(*name == "busy" && type_name == "Till" && reading.level == Level::Calm);
        assert!(reading.depth > 0 && reading.oldest_age > Duration::from_secs(1), "{reading:?}");
        assert!(rows[0].count("refused_full") > 0 && rows[1].count("dropped") > 0, "{rows:?}");
        assert_eq!(read_back(&shot), shot);
        drop(held);

        let decisions: Vec<_> = system.decisions().iter().map(DecisionSnapshot::from).collect();
        assert_eq!(decisions.len(), 2, "{decisions:?}");
        let text = serde_json::to_string(&decisions).unwrap();
        let read: Vec<DecisionSnapshot> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, decisions);
        assert!(read[0].age > Duration::from_secs(1), "{:?}", read[0]);
        for (read, decision) in read.iter().zip(system.decisions()) {
            assert_eq!(read.to_string(), decision.to_string());
        }
    });
}

#[test]
fn l5_a_reader_ignores_fields_that_it_does_not_know() {
    run(async |system| {
        let _till: TillHandle = system.spawn(Till::default());
        let shot = system.snapshot();
        let text = serde_json::to_string(&shot).unwrap();
        let newer = text.replacen('{', r#"{"to_come":"something","#, 1);
        let newer = newer.replace(r#""depth":"#, r#""to_come":7,"depth":"#);
        assert!(newer.len() > text.len() + 30);
        assert_eq!(serde_json::from_str::<Snapshot>(&newer).unwrap(), shot);
    });
}

/// Names and units of the fields are a contract with scripts: this test is their list.
#[test]
fn l5_a_snapshot_on_a_wire_has_objects_by_name_and_milliseconds() {
    run(async |_| {
        let system = System::builder("shop").histograms(1).build();
        let till: TillHandle = system.actor(Till::default).name("till").spawn().unwrap();
        till.add(5).ask().await.unwrap();
        let held = testing::hold(&till);
        till.viewed().try_send().unwrap();
        (0..20).for_each(|cents| drop(till.add(cents).try_send()));
        tokio::time::sleep(Duration::from_micros(2_500)).await;
        let json = serde_json::to_value(system.snapshot()).unwrap();
        let at = |path: &str| json.pointer(path).unwrap_or_else(|| panic!("{path}: {json:#}")).clone();
        assert_eq!(at("/system"), "shop");
        assert_eq!(at("/uptime_ms"), 3.0, "a timer of tokio's rounds up");
        let expected = [("name", "till"), ("type_name", "Till")];
        expected.iter().for_each(|(field, value)| assert_eq!(at(&format!("/actors/0/{field}")), *value));
        assert_eq!(at("/actors/0/parent"), serde_json::Value::Null);
        assert_eq!(at("/actors/0/restarts"), 0);
        let full = till.ledger().total().refused(Reason::Full);
        let columns =
            serde_json::json!({"offered": 21, "handled": 1, "queued": 20 - full, "refused_full": full});
        assert_eq!(at("/actors/0/messages/Add"), columns);
        assert_eq!(at("/actors/0/reading/oldest_age_ms"), 3.0);
        assert_eq!(at("/actors/0/reading/level"), "calm");
        let lanes = serde_json::json!({"low": 1, "normal": 20 - full, "high": 0, "urgent": 0});
        assert_eq!(at("/actors/0/reading/lanes"), lanes);
        assert_eq!(at("/actors/0/reading/soft_limit"), serde_json::Value::Null);
        assert_eq!(at("/times/0/message"), "Add");
        assert_eq!(at("/times/0/handled/p99_ms"), 0.0);
        assert_eq!(at("/waits"), serde_json::json!([]));
        drop(held);
    });
}

struct Front {
    till: TillHandle,
}

#[actor(local)]
impl Front {
    #[message]
    async fn pay(&mut self) {
        let _ = self.till.add(5).ask().await;
    }
}

#[test]
fn l5_the_turns_that_wait_are_listed_with_what_they_wait_for() {
    run(async |system| {
        let till: TillHandle = system.actor(Till::default).name("till").spawn().unwrap();
        let front: FrontHandle = system.instance(Front { till: till.clone() }).name("front").spawn().unwrap();
        assert!(system.waiting_turns().is_empty());
        let held = testing::hold(&till);
        let pays = tokio::spawn(front.pay().ask().owned());
        tokio::time::sleep(Duration::from_millis(40)).await;
        let waits = system.snapshot().waits;
        assert_eq!(waits.len(), 1);
        let wait = &waits[0];
        assert_eq!((wait.actor.as_str(), wait.worker, wait.waits_for.as_str()), ("front", 0, "till"));
        assert_eq!((wait.what.word(), wait.turn), ("answer", Some(Duration::from_millis(40))));
        let json = serde_json::to_value(&waits[0]).unwrap();
        assert_eq!((&json["what"], &json["turn_ms"]), (&"answer".into(), &40.0.into()));
        drop(held);
        pays.await.unwrap().unwrap();
        assert!(system.waiting_turns().is_empty());
    });
}

#[test]
fn l5_a_snapshot_has_parents_and_counts_restarts() {
    struct Tray;
    #[actor(local)]
    impl Tray {
        #[started]
        fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
            let _till: TillHandle = ctx.actor(Till::default).name("child").spawn()?;
            Ok(())
        }
        #[message]
        fn idle(&mut self) {}
    }
    run(async |system| {
        let _tray: TrayHandle = system.actor(|| Tray).name("tray").spawn().unwrap();
        testing::quiet(&system).await;
        let till: TillHandle = system.find("child").unwrap();
        for _ in 0..2 {
            let _ = till.fail().ask().await;
            till.add(1).ask().await.unwrap();
        }
        let shot = system.snapshot();
        let parents: Vec<_> =
            shot.actors.iter().map(|actor| (actor.name.as_str(), actor.parent.clone())).collect();
        assert_eq!(parents[0], ("tray", None));
        assert_eq!((parents[1].0, parents[1].1.as_ref().unwrap().as_str()), ("child", "tray"));
        assert_eq!((shot.actors[0].restarts, shot.actors[1].restarts), (0, 2));
    });
}
