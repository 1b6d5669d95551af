//! D3: a wait for an actor's start or end counts like an ask. The poll that closes a cycle through
//! one of them fails.

use actors_core::prelude::*;
use actors_core::{System, spawn::StartError};
use actors_tests::{SECOND, run, run_other_tasks};
use futures_util::future::join;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

/// The work of a turn.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
type Hooks = Arc<Mutex<Vec<Job>>>;

#[derive(Default)]
struct Site {
    /// The work of `#[started]`.
    opening: Option<Job>,
    /// The work of `#[stopped]`.
    closing: Option<Job>,
    /// Its children, and the work of their first turns.
    children: Hooks,
    child: Option<SiteHandle>,
}

#[actor(local, capacity = 8, reserve = 0)]
impl Site {
    #[started]
    async fn started(&mut self, ctx: &mut Context<Self>) {
        let children = std::mem::take(&mut *self.children.lock().unwrap());
        for job in children {
            let child: SiteHandle = ctx.spawn(Site::default());
            child.run(job).try_send().unwrap();
            self.child = Some(child);
        }
        if let Some(opening) = self.opening.take() {
            opening.await;
        }
    }

    #[stopped]
    async fn stopped(&mut self) {
        if let Some(closing) = self.closing.take() {
            closing.await;
        }
    }

    #[message(overflow = block)]
    async fn run(&mut self, job: Job) {
        job.await;
    }

    #[message(overflow = block)]
    fn answer(&mut self) -> u32 {
        7
    }

    #[message]
    fn fail(&mut self) {
        std::panic::resume_unwind(Box::new("on purpose"));
    }
}

fn site(system: &System, name: &str, site: Site) -> SiteHandle {
    system.instance(site).name(name).spawn().unwrap()
}

/// Runs `job` in a turn of `site`, and sends its output to the receiver.
fn turn<T, F>(site: &SiteHandle, job: F) -> oneshot::Receiver<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let job: Job = Box::pin(async move {
        let _ = done.send(job.await);
    });
    site.run(job).try_send().unwrap();
    result
}

/// Keeps `site` in a turn that runs `then` after a signal.
fn held<T, F>(site: &SiteHandle, then: F) -> (oneshot::Sender<()>, oneshot::Receiver<T>)
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (go, gone) = oneshot::channel::<()>();
    let result = turn(site, async move {
        gone.await.unwrap();
        then.await
    });
    (go, result)
}

fn names(cycle: Option<&[actors_core::ActorName]>) -> Vec<String> {
    cycle.unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn told(asked: Result<u32, AskError>) -> Vec<String> {
    let error = asked.expect_err("a cycle");
    assert_eq!(error.reason(), Reason::WouldDeadlock);
    names(error.cycle())
}

#[test]
fn d3_an_ask_that_closes_a_cycle_through_a_stop_is_told() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let begun = Instant::now();
        let asked = turn(&b, async move {
            sleep(SECOND).await;
            to_a.answer().await
        });
        let stopped = turn(&a, async move { to_b.stop().await });
        assert_eq!(told(asked.await.unwrap()), ["b", "a"]);
        assert_eq!(stopped.await.unwrap().reason().unwrap(), StopReason::Stopped);
        assert_eq!(begun.elapsed(), SECOND);
    });
}

#[test]
fn d3_a_stop_that_closes_a_cycle_is_told_and_the_actor_stops_all_the_same() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let begun = Instant::now();
        let (go, stopped) = held(&a, async move { to_b.stop().await });
        let asked = turn(&b, async move { to_a.answer().await });
        run_other_tasks().await;
        go.send(()).unwrap();
        let ending = stopped.await.unwrap();
        let error = ending.reason().unwrap_err();
        assert_eq!(
            (error.reason(), names(error.cycle())),
            (Reason::WouldDeadlock, vec!["a".into(), "b".into()])
        );
        assert!(error.to_string().ends_with("waiting for it could never end (a -> b -> a)"), "{error}");
        assert_eq!(asked.await.unwrap().unwrap(), 7);
        assert_eq!(b.closed().await, StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_where_closed_closes_the_cycle_the_ask_in_it_is_told_and_its_message_taken_back() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let begun = Instant::now();
        let (go, ended) = held(&a, async move { to_b.closed().await });
        let asked = turn(&b, async move { to_a.answer().await });
        run_other_tasks().await;
        b.stop();
        go.send(()).unwrap();
        assert_eq!(told(asked.await.unwrap()), ["b", "a"]);
        assert_eq!(ended.await.unwrap(), StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        // The wait is gone.
        let row = a.ledger().of::<SiteAnswer>();
        assert_eq!((row.offered, row.refused(Reason::WouldDeadlock), row.handled), (1, 1, 0));
        assert!(a.ledger().is_balanced());
    });
}

#[test]
fn d3_an_ask_that_closes_a_cycle_through_closed_is_told() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let ended = turn(&a, async move { to_b.closed().await });
        run_other_tasks().await;
        let asked = turn(&b, async move { to_a.answer().await });
        assert_eq!(told(asked.await.unwrap()), ["b", "a"]);
        b.stop();
        assert_eq!(ended.await.unwrap(), StopReason::Stopped);
    });
}

#[test]
fn d3_a_send_in_line_that_is_part_of_a_cycle_through_closed_has_its_message_back() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let (go, ended) = held(&a, async move { to_b.closed().await });
        run_other_tasks().await;
        for _ in 0..8 {
            a.answer().tell().try_send().unwrap();
        }
        let sent = turn(&b, async move {
            let job: Job = Box::pin(async {});
            to_a.run(job).await.map_err(|error| (error.reason(), names(error.cycle())))
        });
        run_other_tasks().await;
        assert_eq!(a.reading().waiting, 1);
        go.send(()).unwrap();
        let (reason, cycle) = sent.await.unwrap().unwrap_err();
        assert_eq!((reason, cycle), (Reason::WouldDeadlock, vec!["b".to_owned(), "a".to_owned()]));
        b.stop();
        assert_eq!(ended.await.unwrap(), StopReason::Stopped);
    });
}

#[test]
fn d3_ready_awaited_by_a_turn_that_started_asks_is_told() {
    run(async |system| {
        let a = site(&system, "a", Site::default());
        // The second wait is refused, and the first one continues.
        let to_a = a.clone();
        let (asked, answer) = oneshot::channel();
        let opening: Job = Box::pin(async move {
            let _ = asked.send(to_a.answer().await);
        });
        let begun = Instant::now();
        let b = site(&system, "b", Site { opening: Some(opening), ..Site::default() });
        run_other_tasks().await;
        let (to_b, first) = (b.clone(), answer.await.unwrap());
        assert_eq!(first.unwrap(), 7);
        let ready = turn(&a, async move { to_b.ready().await });
        assert!(ready.await.unwrap().is_ok());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_a_started_that_asks_a_turn_that_awaits_ready_is_told() {
    run(async |system| {
        let a = site(&system, "a", Site::default());
        let (go, gone) = oneshot::channel::<()>();
        let (asked, answer) = oneshot::channel();
        let to_a = a.clone();
        let opening: Job = Box::pin(async move {
            gone.await.unwrap();
            let _ = asked.send(to_a.answer().await);
        });
        let b = site(&system, "b", Site { opening: Some(opening), ..Site::default() });
        let to_b = b.clone();
        let begun = Instant::now();
        let ready = turn(&a, async move { to_b.ready().await });
        run_other_tasks().await;
        go.send(()).unwrap();
        assert_eq!(told(answer.await.unwrap()), ["b", "a"]);
        assert!(ready.await.unwrap().is_ok());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_a_ready_that_closes_a_cycle_names_the_cycle() {
    run(async |system| {
        let a = site(&system, "a", Site::default());
        let (go, gone) = oneshot::channel::<()>();
        let (named, name) = oneshot::channel::<SiteHandle>();
        // It waits for something else first, then for the start of an actor that asks it.
        let ready = turn(&a, async move {
            let b = name.await.unwrap();
            gone.await.unwrap();
            b.ready().await
        });
        let to_a = a.clone();
        let opening: Job = Box::pin(async move {
            let _ = to_a.answer().await;
        });
        let b = site(&system, "b", Site { opening: Some(opening), ..Site::default() });
        named.send(b.clone()).unwrap();
        run_other_tasks().await;
        let begun = Instant::now();
        go.send(()).unwrap();
        let error: StartError = ready.await.unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "actor `b` did not start: waiting for it could never end (a -> b -> a)"
        );
        assert!(b.ready().await.is_ok(), "it starts nevertheless");
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_a_started_that_awaits_its_own_ready_is_told() {
    run(async |system| {
        let (asked, answer) = oneshot::channel();
        let (named, name) = oneshot::channel::<SiteHandle>();
        let opening: Job = Box::pin(async move {
            let own = name.await.unwrap();
            let _ = asked.send(own.ready().await.map_err(|error| error.to_string()));
        });
        let own = site(&system, "own", Site { opening: Some(opening), ..Site::default() });
        named.send(own.clone()).unwrap();
        let error = answer.await.unwrap().unwrap_err();
        assert_eq!(error, "actor `own` did not start: waiting for it could never end (own -> own)");
        assert!(own.ready().await.is_ok());
    });
}

#[test]
fn d3_a_stopped_that_asks_the_actor_that_awaits_its_end_is_told_also_after_a_kill() {
    run(async |system| {
        let (asked, answer) = oneshot::channel();
        let (named, name) = oneshot::channel::<WeakHandle<Site>>();
        let other = site(&system, "other", Site::default());
        let to_other = other.clone();
        let closing: Job = Box::pin(async move {
            let _weak = name.await.unwrap();
            let _ = asked.send(to_other.answer().await);
        });
        let own = site(&system, "own", Site { closing: Some(closing), ..Site::default() });
        named.send(own.downgrade()).unwrap();
        let watched = own.clone();
        let ended = turn(&other, async move { watched.closed().await });
        run_other_tasks().await;
        let begun = Instant::now();
        own.kill();
        assert_eq!(told(answer.await.unwrap()), ["own", "other"]);
        assert_eq!(ended.await.unwrap(), StopReason::Killed);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_two_that_await_each_other_s_end_wait_on_and_a_kill_ends_it() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, to_b) = (a.clone(), b.clone());
        let first = turn(&a, async move { to_b.closed().await });
        let second = turn(&b, async move { to_a.closed().await });
        run_other_tasks().await;
        // Each of them can only get the end.
        b.kill();
        assert_eq!(first.await.unwrap(), StopReason::Killed);
        assert!(second.await.is_err(), "its turn was dropped");
    });
}

#[test]
fn d3_of_a_pool_s_workers_each_must_end_so_one_that_waits_is_enough() {
    run(async |system| {
        let a = site(&system, "a", Site::default());
        let pool: SiteHandle = system.actor(Site::default).name("pool").workers(2..=2).spawn().unwrap();
        let (to_a, to_pool) = (a.clone(), pool.clone());
        let ended = turn(&a, async move { to_pool.stop().await });
        let asked = turn(&pool, async move {
            sleep(SECOND).await;
            to_a.answer().await
        });
        run_other_tasks().await;
        assert_eq!(told(asked.await.unwrap()), ["pool", "a"], "the other worker is idle");
        assert!(ended.await.unwrap().reason().is_ok());
    });
}

/// A worker that has left its pool, and whose `#[stopped]` still runs, must end before the pool
/// does: a cycle through it is told at once.
#[test]
fn d3_a_worker_that_is_leaving_its_pool_must_end_too() {
    run(async |system| {
        let a = site(&system, "a", Site::default());
        let (tell, mut answers) = mpsc::unbounded_channel();
        let to_a = a.clone();
        let make = move || {
            let (to_a, tell) = (to_a.clone(), tell.clone());
            let closing: Job = Box::pin(async move {
                sleep(SECOND).await;
                let _ = tell.send(to_a.answer().await);
            });
            Site { closing: Some(closing), ..Site::default() }
        };
        let pool: SiteHandle = system.actor(make).name("pool").workers(1..=2).spawn().unwrap();
        assert_eq!(pool.resize(2), 2);
        run_other_tasks().await;
        assert_eq!(pool.resize(1), 1);
        run_other_tasks().await;
        let (to_pool, begun) = (pool.clone(), Instant::now());
        let ended = turn(&a, async move { to_pool.stop().await });
        // The one that leaves, and the one that the stop ends.
        for _ in 0..2 {
            assert_eq!(told(answers.recv().await.unwrap()), ["pool", "a"]);
        }
        assert!(ended.await.unwrap().reason().is_ok());
        assert!(begun.elapsed() <= 2 * SECOND, "{:?}", begun.elapsed());
    });
}

#[test]
fn d3_a_wait_for_an_end_that_is_over_closes_no_cycle() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let to_b = b.clone();
        let limited = turn(&a, async move {
            let waited = tokio::time::timeout(SECOND, async { to_b.closed().await }).await;
            assert!(waited.is_err());
            sleep(SECOND).await;
        });
        sleep(SECOND + SECOND / 2).await;
        let to_a = a.clone();
        let asked = turn(&b, async move { to_a.answer().await });
        assert_eq!(asked.await.unwrap().unwrap(), 7);
        limited.await.unwrap();
    });
}

#[test]
fn d3_an_untracked_wait_for_an_end_is_no_wait_of_its_turn() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let to_b = b.clone();
        let limited = turn(&a, async move {
            assert!(tokio::time::timeout(SECOND, to_b.closed().untracked()).await.is_err());
        });
        run_other_tasks().await;
        let to_a = a.clone();
        let asked = turn(&b, async move { to_a.answer().await });
        limited.await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap(), 7);
        b.kill();
        assert_eq!(b.closed().untracked().await, StopReason::Killed);
    });
}

#[test]
fn d3_a_child_that_asks_its_parent_while_that_ends_is_told() {
    run(async |system| {
        let (asked, answer) = oneshot::channel();
        let (named, name) = oneshot::channel::<SiteHandle>();
        let child: Job = Box::pin(async move {
            let parent = name.await.unwrap();
            sleep(SECOND).await;
            let _ = asked.send(parent.answer().await);
        });
        let children = Arc::new(Mutex::new(vec![child]));
        let parent = site(&system, "parent", Site { children, ..Site::default() });
        named.send(parent.clone()).unwrap();
        run_other_tasks().await;
        let begun = Instant::now();
        let stopped = parent.stop();
        let cycle = answer.await.unwrap();
        // The ask is refused either because the actor has ended, or because of the cycle.
        assert_eq!(cycle.unwrap_err().reason(), Reason::Closed);
        assert!(stopped.await.reason().is_ok());
        assert_eq!(begun.elapsed(), SECOND);
    });
}

/// Starts a parent with a factory that fails once, and a child whose first turn asks the parent.
fn replaced(system: &System, child: impl FnOnce(SiteHandle) -> Job + Send + 'static) -> SiteHandle {
    let (named, name) = oneshot::channel::<SiteHandle>();
    let job: Job = Box::pin(async move { child(name.await.unwrap()).await });
    let children: Hooks = Arc::new(Mutex::new(vec![job]));
    let make = move || Site { children: children.clone(), ..Site::default() };
    let restart = Restart::on_failure().backoff(Duration::ZERO, Duration::ZERO);
    let parent: SiteHandle = system.actor(make).name("parent").restart(restart).spawn().unwrap();
    let _ = named.send(parent.clone());
    parent
}

#[test]
fn d3_a_child_that_asks_its_parent_while_that_is_replaced_is_told_at_once() {
    run(async |system| {
        for before in [true, false] {
            let (asked, answer) = oneshot::channel();
            let (go, gone) = oneshot::channel::<()>();
            let parent = replaced(&system, move |parent| {
                Box::pin(async move {
                    gone.await.unwrap();
                    let _ = asked.send(parent.answer().await);
                })
            });
            parent.ready().await.unwrap();
            run_other_tasks().await;
            let begun = Instant::now();
            // The parent fails after the child has asked, or before.
            let (fail, failing) = oneshot::channel::<()>();
            let _turn = turn(&parent, async move {
                let _ = failing.await;
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            run_other_tasks().await;
            let mut steps = [Some(go), Some(fail)];
            if !before {
                steps.reverse();
            }
            for step in steps.iter_mut().filter_map(Option::take) {
                step.send(()).unwrap();
                run_other_tasks().await;
            }
            let cycle = told(answer.await.unwrap());
            assert_eq!((cycle.len(), cycle[1].as_str()), (2, "parent"), "{cycle:?}");
            assert_eq!(parent.answer().await.unwrap(), 7, "the next instance answers");
            assert_eq!(begun.elapsed(), Duration::ZERO);
            parent.stop().await.reason().unwrap();
        }
    });
}

#[test]
fn d3_a_child_that_awaits_its_parent_s_stop_is_told() {
    run(async |system| {
        let (asked, answer) = oneshot::channel();
        let parent = replaced(&system, move |parent| {
            Box::pin(async move {
                let ending = parent.stop().await;
                let _ = asked.send(ending.reason().map_err(|error| names(error.cycle())));
            })
        });
        let begun = Instant::now();
        let cycle = answer.await.unwrap().unwrap_err();
        assert_eq!((cycle.len(), cycle[1].as_str()), (2, "parent"), "{cycle:?}");
        assert_eq!(parent.closed().await, StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_a_shutdown_inside_a_turn_waits_for_everything_but_that_turn() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let (to_a, own) = (a.clone(), system.clone());
        let (go, report) = held(&a, async move { own.shutdown(60 * SECOND).await });
        let asked = turn(&b, async move { to_a.answer().await });
        run_other_tasks().await;
        let begun = Instant::now();
        go.send(()).unwrap();
        let report = report.await.unwrap();
        assert_eq!(told(asked.await.unwrap()), ["b", "a"]);
        assert_eq!(names(Some(&report.drained)), ["b"]);
        assert_eq!(names(Some(&report.unfinished)), ["a"]);
        assert!(report.killed.is_empty() && report.total.is_balanced(), "{report:?}");
        assert_eq!(a.closed().await, StopReason::Stopped);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d3_of_joined_waits_only_the_one_in_the_cycle_fails() {
    run(async |system| {
        let (a, b) = (site(&system, "a", Site::default()), site(&system, "b", Site::default()));
        let c = site(&system, "c", Site::default());
        let (to_a, to_c) = (a.clone(), c.clone());
        let to_b = b.clone();
        let (go, ended) = held(&a, async move { to_b.closed().await });
        // `c` is at work for a second.
        let work = turn(&c, async { sleep(SECOND).await });
        let asked = turn(&b, async move { join(to_a.answer(), to_c.answer()).await });
        run_other_tasks().await;
        b.stop();
        go.send(()).unwrap();
        let (first, second) = asked.await.unwrap();
        assert_eq!(told(first), ["b", "a"]);
        assert_eq!(second.unwrap(), 7);
        assert_eq!(ended.await.unwrap(), StopReason::Stopped);
        work.await.unwrap();
    });
}
