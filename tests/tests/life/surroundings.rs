//! S6: where a sender may run a turn. A table of the contexts in which tokio polls futures. In each
//! of them a handler may call `block_in_place`, because it runs in the actor's own task or in a
//! task of a worker of the same runtime.

use actors_core::prelude::*;
use actors_tests::{alone, meet_workers, threads};
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};
use std::thread::ThreadId;
use tokio::runtime::{Builder, Handle as Rt, Runtime};
use tokio::task::{LocalSet, block_in_place, spawn_blocking, spawn_local};

struct Surveyor;

/// The thread, the task and the runtime of a turn.
type Where = (ThreadId, Option<tokio::task::Id>, tokio::runtime::Id);

fn here() -> Where {
    (std::thread::current().id(), tokio::task::try_id(), Rt::current().id())
}

#[actor]
impl Surveyor {
    /// Returns where it runs. Panics where `block_in_place` is illegal.
    #[message]
    fn survey(&mut self) -> Where {
        let place = here();
        block_in_place(|| place)
    }

    /// Returns where it runs, without `block_in_place`, which moves the worker to another thread.
    #[message]
    fn place(&mut self) -> Where {
        here()
    }
}

fn small() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts a runtime whose workers have each polled an actor, with an idle actor.
fn site(count: usize) -> (Runtime, SurveyorHandle) {
    // The test must not depend on the speed of the machine.
    actors_core::__private::freeze_cpu_clock();
    let runtime = threads(count);
    let system = {
        let _inside = runtime.enter();
        System::new("site")
    };
    meet_workers(&runtime, &system, count);
    let surveyor = system.spawn(Surveyor);
    (runtime, surveyor)
}

/// Whether the turn ran in the sender's task, after eight turns that make donation possible.
async fn is_donated(surveyor: &SurveyorHandle) -> bool {
    for _ in 0..8 {
        surveyor.survey().await.expect("a handler may block in place");
    }
    let place = surveyor.place().await.unwrap();
    place == here()
}

/// The contexts without donated turns. Each function drives a future in one of them.
type Surrounding = fn(&Runtime, SurveyorHandle) -> bool;

fn block_on(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    runtime.block_on(is_donated(&surveyor))
}

fn handle_block_on_under_enter(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let _inside = runtime.enter();
    Rt::current().block_on(is_donated(&surveyor))
}

fn blocking_thread_block_on(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let there = runtime.handle().clone();
    let task = runtime.spawn_blocking(move || there.block_on(is_donated(&surveyor)));
    runtime.block_on(task).unwrap()
}

/// A task in a `LocalSet` that this thread drives.
fn local_set_block_on(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let local = LocalSet::new();
    local.block_on(runtime, async { spawn_local(async move { is_donated(&surveyor).await }).await.unwrap() })
}

fn blocking_thread_local_set(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let there = runtime.handle().clone();
    let task = runtime.spawn_blocking(move || {
        let local = LocalSet::new();
        let task = local.spawn_local(async move { is_donated(&surveyor).await });
        there.block_on(local.run_until(task)).unwrap()
    });
    runtime.block_on(task).unwrap()
}

fn blocking_thread_own_runtime(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let task = runtime.spawn_blocking(move || {
        small().block_on(async { tokio::spawn(async move { is_donated(&surveyor).await }).await.unwrap() })
    });
    runtime.block_on(task).unwrap()
}

fn current_thread_runtime(_: &Runtime, surveyor: SurveyorHandle) -> bool {
    small().block_on(async { tokio::spawn(async move { is_donated(&surveyor).await }).await.unwrap() })
}

/// The current runtime handle is the actor's, but another scheduler polls the task.
fn current_thread_runtime_under_enter(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    small().block_on(async {
        let task = tokio::spawn(async move { is_donated(&surveyor).await });
        let _inside = runtime.enter();
        task.await.unwrap()
    })
}

fn local_set_on_a_current_thread_runtime_under_enter(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let own = small();
    let local = LocalSet::new();
    let task = local.spawn_local(async move { is_donated(&surveyor).await });
    local
        .block_on(&own, async {
            let _inside = runtime.enter();
            task.await
        })
        .unwrap()
}

fn worker_of_another_runtime(_: &Runtime, surveyor: SurveyorHandle) -> bool {
    let (other, _idle) = site(2);
    other.block_on(async { tokio::spawn(async move { is_donated(&surveyor).await }).await.unwrap() })
}

fn worker_that_blocks_in_place(runtime: &Runtime, surveyor: SurveyorHandle) -> bool {
    let task = runtime.spawn(async move {
        // What the runtime knows of this task does not hold for the task that it drives.
        is_donated(&surveyor).await;
        let nested = surveyor.clone();
        let by_small = block_in_place(|| small().block_on(is_donated(&nested)));
        let by_small_task = block_in_place(|| {
            small().block_on(async { tokio::spawn(async move { is_donated(&nested).await }).await.unwrap() })
        });
        by_small || by_small_task
    });
    runtime.block_on(task).unwrap()
}

const NEVER: [(&str, Surrounding); 11] = [
    ("Runtime::block_on", block_on),
    ("Handle::block_on under Handle::enter", handle_block_on_under_enter),
    ("Handle::block_on on a blocking thread", blocking_thread_block_on),
    ("a LocalSet in block_on", local_set_block_on),
    ("a LocalSet on a blocking thread", blocking_thread_local_set),
    ("a current-thread runtime on a blocking thread", blocking_thread_own_runtime),
    ("a current-thread runtime on a plain thread", current_thread_runtime),
    ("a current-thread runtime under Handle::enter", current_thread_runtime_under_enter),
    (
        "a LocalSet on a current-thread runtime under Handle::enter",
        local_set_on_a_current_thread_runtime_under_enter,
    ),
    ("a worker of another multi-thread runtime", worker_of_another_runtime),
    ("a runtime nested in a task of a worker", worker_that_blocks_in_place),
];

#[test]
fn s6_nothing_is_donated_elsewhere_than_in_a_task_of_a_worker_of_the_actor_s_runtime() {
    alone!("s6_nothing_is_donated_elsewhere_than_in_a_task_of_a_worker_of_the_actor_s_runtime", || {
        actors_tests::finishes(|| {
            for (name, surrounding) in NEVER {
                let (runtime, surveyor) = site(2);
                assert!(!surrounding(&runtime, surveyor), "a turn was donated in {name}");
            }
        });
    });
}

#[test]
fn s6_a_blocking_thread_that_was_a_worker_before_runs_no_turn() {
    alone!("s6_a_blocking_thread_that_was_a_worker_before_runs_no_turn", || {
        actors_tests::finishes(|| {
            let (runtime, surveyor) = site(1);
            runtime.block_on(async {
                for _ in 0..8 {
                    // The worker moves to another thread, and its old thread becomes a blocking
                    // thread.
                    tokio::spawn(async { block_in_place(|| ()) }).await.unwrap();
                    let surveyor = surveyor.clone();
                    let there = spawn_blocking(move || {
                        let local = LocalSet::new();
                        let task = local.spawn_local(async move { is_donated(&surveyor).await });
                        Rt::current().block_on(local.run_until(task)).unwrap()
                    });
                    assert!(!there.await.unwrap());
                }
            });
        });
    });
}

#[test]
fn s6_every_worker_of_the_actor_s_runtime_donates_also_to_what_is_polled_within_a_task() {
    alone!("s6_every_worker_of_the_actor_s_runtime_donates_also_to_what_is_polled_within_a_task", || {
        actors_tests::finishes(|| {
            for count in [1, 2] {
                let (runtime, surveyor) = site(count);
                let task = runtime.spawn(async move {
                    let direct = surveyor.place().await.unwrap() == here();
                    let joined = futures_util::future::join_all((0..40).map(|_| surveyor.place())).await;
                    let joined = joined.into_iter().all(|place| place.unwrap() == here());
                    let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(surveyor.place());
                    (direct, joined, boxed.await.unwrap() == here())
                });
                assert_eq!(runtime.block_on(task).unwrap(), (true, true, true), "{count} workers");
            }
        });
    });
}

#[test]
fn s6_a_local_set_that_a_worker_s_task_drives_may_run_turns() {
    alone!("s6_a_local_set_that_a_worker_s_task_drives_may_run_turns", || {
        actors_tests::finishes(|| {
            let (runtime, surveyor) = site(2);
            let task = runtime.spawn(async move {
                // A `LocalSet` is not `Send`, so it lives within one poll. A donated turn needs
                // only one.
                let local = LocalSet::new();
                let task = local.spawn_local(async move {
                    let place = surveyor.place().await.unwrap();
                    assert_eq!(place, here());
                    assert_eq!(surveyor.survey().await.expect("a handler may block in place"), place);
                });
                let mut done = pin!(local.run_until(task));
                let mut cx = TaskContext::from_waker(Waker::noop());
                let is_done = (0..4).any(|_| done.as_mut().poll(&mut cx).is_ready());
                assert!(is_done, "the local task waits");
            });
            runtime.block_on(task).unwrap();
        });
    });
}
