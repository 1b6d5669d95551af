//! Random trees with random failures.

use super::*;

fn random_plan(rng: &mut Rng, name: String, depth: u64, names: &mut Vec<String>) -> Plan {
    names.push(name.clone());
    let count = if depth == 0 { 0 } else { rng.below(4) };
    let children = (0..count).map(|n| random_plan(rng, format!("{name}.{n}"), depth - 1, names)).collect();
    let most = rng.below(4) as u32;
    let pause = 10 * MS * rng.below(3) as u32;
    let restart = match rng.below(5) {
        0 => always(),
        1 => Restart::never(),
        2 => Restart::permanent().at_most(most, SECOND).backoff(pause, pause),
        _ => Restart::on_failure().at_most(most, SECOND).backoff(pause, pause),
    };
    let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][rng.below(3)];
    Plan {
        restart,
        strategy,
        has_factory: rng.below(6) > 0,
        rest: MS * rng.below(4) as u32,
        children,
        ..Plan::leaf(&name)
    }
}

#[test]
fn f2_random_trees_leave_no_actor_behind_and_end_in_order() {
    let cases = if cfg!(debug_assertions) { 60 } else { 1500 };
    for seed in 0..cases {
        run(async |system| {
            let (mut rng, mut names) = (Rng::new(seed), Vec::new());
            let plan = random_plan(&mut rng, "r".into(), 3, &mut names);
            let root_plan = Plan { restart: always(), has_factory: true, ..plan };
            let (events, root) = start_tree(&system, root_plan).await;
            for _ in 0..rng.below(40) {
                let name = &names[rng.below(names.len())];
                let handle = if name == "r" {
                    Some(root.clone())
                } else {
                    events.handles.lock().unwrap().get(name).cloned()
                };
                let Some(node) = handle else { continue };
                match rng.below(8) {
                    // Sends do not wait, so several nodes may fail at the same time.
                    0..3 => drop(node.fail().try_send()),
                    3 => run_other_tasks().await,
                    4 => drop(node.note(1).try_send()),
                    5 if name != "r" => drop(node.stop()),
                    6 if name != "r" => node.kill(),
                    _ => tokio::time::sleep(MS * rng.below(50) as u32).await,
                }
            }
            testing::quiet(&system).await;
            assert!(!root.is_closed(), "{seed}: a root that may always begin anew has ended");
            root.work().await.unwrap();
            testing::quiet(&system).await;
            // No actor has two instances, and each one's parent is alive.
            let alive: Vec<String> = {
                let alive = events.alive.lock().unwrap();
                assert!(alive.values().all(|(alive, _)| (0..=1).contains(alive)), "{seed}: {alive:?}");
                alive.iter().filter(|(_, (alive, _))| *alive == 1).map(|(name, _)| name.clone()).collect()
            };
            for name in &alive {
                let parent = name.rsplit_once('.').map(|(parent, _)| parent.to_owned());
                assert!(
                    parent.is_none_or(|parent| alive.contains(&parent)),
                    "{seed}: {name} is an orphan in {alive:?}"
                );
            }
            events.lines();
            assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
            events.assert_all_ended();
            events.forget();
            assert!(system.snapshot().actors.is_empty(), "{seed}: {:?}", system.snapshot());
            // The order is depth first, the youngest first, and the parent after its children.
            let ends: Vec<_> =
                events.lines().into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
            let mut sorted = alive;
            sorted.sort_by(|a, b| end_order(a, b));
            assert_eq!(ends, sorted, "{seed}");
        });
    }
}

/// The order in which two actors of a tree end.
fn end_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => return other.cmp(one),
            // A descendant ends first.
            (Some(_), None) => return std::cmp::Ordering::Less,
            (None, Some(_)) => return std::cmp::Ordering::Greater,
            (None, None) => return std::cmp::Ordering::Equal,
        }
    }
}
