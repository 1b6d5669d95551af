//! D1: a wait that could only end after its own sender's turn ends is told so in the poll that closes the cycle; and no other
//! wait is. What happens on random graphs is in `deadlock_random.rs`.

use actors_core::prelude::*;
use actors_core::{ActorName, testing};
use actors_tests::{SECOND, others, poll, run};
use futures_util::FutureExt;
use futures_util::future::join;
use service_messages as m;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What a turn does.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Service {
    /// What `#[started]` does, and must come to before the actor takes messages.
    opening: Option<Job>,
    later: Option<oneshot::Receiver<u32>>,
}

#[actor(capacity = 4, reserve = 0)]
impl Service {
    #[started]
    async fn started(&mut self) {
        if let Some(opening) = self.opening.take() {
            opening.await;
        }
    }

    /// Does what it is told to do.
    #[message(overflow = block)]
    async fn run(&mut self, job: Job) {
        job.await;
    }

    #[message(overflow = block)]
    fn note(&mut self) {}

    /// Gives the reply to a task, which answers when somebody else says so.
    #[message(overflow = block)]
    async fn later(&mut self, reply: ReplyTo<u32>) {
        let answer = self.later.take().unwrap();
        tokio::spawn(async move { reply.send(answer.await.unwrap()) });
    }

    /// The same, and does something else for the rest of the turn.
    #[message(overflow = block)]
    async fn later_and(&mut self, reply: ReplyTo<u32>, rest: Job) {
        let answer = self.later.take().unwrap();
        tokio::spawn(async move { reply.send(answer.await.unwrap()) });
        rest.await;
    }

    /// Blocks its thread.
    #[message]
    fn block(&mut self, on: ServiceHandle) -> Result<(), AskError> {
        tokio::task::block_in_place(|| on.note().ask().blocking())
    }
}

fn service(system: &System, name: &str, capacity: usize) -> ServiceHandle {
    system.instance(Service::default()).name(name).capacity(capacity).max_waiting(4).spawn().unwrap()
}

fn services<const N: usize>(system: &System, names: [&str; N]) -> [ServiceHandle; N] {
    names.map(|name| service(system, name, 4))
}

fn job(turn: impl Future<Output = ()> + Send + 'static) -> Job {
    Box::pin(turn)
}

/// Begins a turn of this service that does this, and hears what came of it.
fn begin<T: Send + 'static>(
    service: &ServiceHandle,
    turn: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let (tell, told) = oneshot::channel();
    let service = service.clone();
    tokio::spawn(async move {
        let job = job(async move { drop(tell.send(turn.await)) });
        service.run(job).ask().await.unwrap();
        told.await.unwrap()
    })
}

async fn inside<T: Send + 'static>(
    service: &ServiceHandle,
    turn: impl Future<Output = T> + Send + 'static,
) -> T {
    begin(service, turn).await.unwrap()
}

/// A turn that asks this service for nothing in particular.
fn asks(service: &ServiceHandle) -> impl Future<Output = Result<(), AskError>> + Send + 'static {
    service.note().ask().owned()
}

/// A turn that sends to this service, and waits in line if it must.
fn send(
    service: &ServiceHandle,
) -> impl Future<Output = Result<Admission, SendError<m::Note>>> + Send + 'static {
    service.note().owned()
}

/// Some seconds later.
async fn after<T>(seconds: u32, then: impl Future<Output = T>) -> T {
    sleeps(seconds).await;
    then.await
}

fn sleeps(seconds: u32) -> impl Future<Output = ()> + Send {
    tokio::time::sleep(SECOND * seconds)
}

/// What a send or an ask is told.
trait Told {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>);
}

impl Told for AskError {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>) {
        (self.reason(), self.retry_after(), self.cycle())
    }
}

impl<M> Told for SendError<M> {
    fn words(&self) -> (Reason, Option<Duration>, Option<&[ActorName]>) {
        (self.reason(), self.retry_after(), self.cycle())
    }
}

/// The names around the cycle.
#[track_caller]
fn around<T, E: Told>(result: &Result<T, E>) -> Vec<String> {
    let Err(error) = result else { panic!("it closes a cycle") };
    let (reason, retry_after, cycle) = error.words();
    assert_eq!((reason, retry_after), (Reason::WouldDeadlock, None));
    cycle.unwrap().iter().map(ToString::to_string).collect()
}

/// Polls it once. Whether it is there.
async fn glance<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
}

/// Asks that closed a cycle, of all messages.
fn refused(service: &ServiceHandle) -> u64 {
    let ledger = service.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    ledger.total().refused(Reason::WouldDeadlock)
}

// --- cycles --------------------------------------------------------------------------------------------------------

#[test]
fn d1_an_actor_that_asks_itself_is_told_at_once() {
    run(async |system| {
        let [a] = services(&system, ["a"]);
        let before = Instant::now();
        let result = inside(&a, asks(&a)).await;
        assert_eq!(around(&result), ["a"]);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(
            result.unwrap_err().to_string(),
            "no answer to `Note` from `a`: waiting for it could never end (a -> a)"
        );
        // It goes on.
        a.note().ask().await.unwrap();
    });
}

#[test]
fn d1_a_cycle_of_two_names_both_and_the_other_is_answered() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&a)));
        let before = Instant::now();
        assert_eq!(around(&second.await.unwrap()), ["b", "a"]);
        assert_eq!(before.elapsed(), SECOND);
        first.await.unwrap().unwrap();
        assert_eq!(before.elapsed(), SECOND);
        assert_eq!((refused(&a), refused(&b)), (1, 0));
    });
}

#[test]
fn d1_a_cycle_that_a_message_brings_about_is_closed_by_its_handler() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let (back, b2) = (asks(&a), b.clone());
        // a asks b to ask a.
        let result = inside(&a, async move {
            let (tell, told) = oneshot::channel();
            b2.run(job(async move { drop(tell.send(back.await)) })).ask().await.unwrap();
            told.await.unwrap()
        });
        assert_eq!(around(&result.await), ["b", "a"]);
        assert_eq!((refused(&a), refused(&b)), (1, 0));
    });
}

#[test]
fn d1_a_cycle_of_three_is_named_in_order_beginning_with_who_closes_it() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&c)));
        let third = begin(&c, after(2, asks(&a)));
        let before = Instant::now();
        let result = third.await.unwrap();
        assert_eq!(around(&result), ["c", "a", "b"]);
        let text = "no answer to `Note` from `a`: waiting for it could never end (c -> a -> b -> c)";
        assert_eq!(result.unwrap_err().to_string(), text);
        assert_eq!(before.elapsed(), SECOND * 2);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_who_only_leads_to_a_cycle_is_not_named() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, after(1, asks(&c)));
        let third = begin(&c, after(2, asks(&b)));
        assert_eq!(around(&third.await.unwrap()), ["c", "b"]);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_that_waits_for_room_in_its_own_mailbox_has_its_message_back() {
    run(async |system| {
        let a = service(&system, "a", 1);
        let (this, before) = (a.clone(), Instant::now());
        let result = inside(&a, async move {
            this.note().await.unwrap();
            this.note().await
        });
        let result = result.await;
        assert_eq!(around(&result), ["a"]);
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "`Note` not sent to `a`: waiting for it could never end (a -> a)");
        let m::Note = error.into_message();
        assert_eq!(before.elapsed(), Duration::ZERO);
        a.note().ask().await.unwrap();
    });
}

#[test]
fn d1_asks_and_sends_that_wait_for_room_close_a_cycle_together() {
    run(async |system| {
        let [a, c] = services(&system, ["a", "c"]);
        let b = service(&system, "b", 1);
        let first = begin(&a, after(2, send(&b)));
        let second = begin(&b, after(0, asks(&c)));
        let third = begin(&c, after(3, asks(&a)));
        others().await;
        b.note().await.unwrap();
        assert_eq!(around(&third.await.unwrap()), ["c", "a", "b"]);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_in_line_that_closes_the_cycle_leaves_the_line() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&b, after(0, asks(&a)));
        let second = begin(&a, after(1, send(&b)));
        others().await;
        b.note().await.unwrap();
        let result = second.await.unwrap();
        assert_eq!(around(&result), ["a", "b"]);
        assert_eq!(b.reading().waiting, 0);
        assert_eq!((refused(&b), b.ledger().of::<m::Note>().offered), (1, 2));
        first.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_reservation_may_close_a_cycle_as_well() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&b, after(0, asks(&a)));
        let wanted = b.clone();
        let second = begin(&a, async move {
            sleeps(1).await;
            wanted.reserve::<m::Note>().await.map(drop)
        });
        others().await;
        b.note().await.unwrap();
        assert_eq!(around(&second.await.unwrap()), ["a", "b"]);
        assert_eq!(b.reading().waiting, 0);
        first.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_in_line_is_a_wait_before_it_is_in_and_after() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        // b's turn, then the one that is queued, and a's ask in line behind it.
        let first = begin(&b, after(2, asks(&a)));
        others().await;
        let queued = begin(&b, after(1, asks(&a)));
        others().await;
        let asker = begin(&a, asks(&b));
        others().await;
        assert_eq!(b.reading().waiting, 1);
        assert_eq!(around(&first.await.unwrap()), ["b", "a"], "while it stands in line");
        assert_eq!(around(&queued.await.unwrap()), ["b", "a"], "while it is queued");
        asker.await.unwrap().unwrap();
    });
}

#[test]
fn d1_of_joined_waits_the_one_that_closes_a_cycle_fails_and_the_others_go_on() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let slow = begin(&c, sleeps(5));
        let waits = begin(&b, after(0, asks(&a)));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let before = Instant::now();
        let (to_b, to_c) = inside(&a, async move {
            sleeps(1).await;
            join(to_c, to_b.map(move |result| (result, before.elapsed()))).await
        })
        .map(|(to_c, to_b)| (to_b, to_c))
        .await;
        assert_eq!(around(&to_b.0), ["a", "b"]);
        assert_eq!(to_b.1, SECOND, "it is told at once, and the other goes on");
        to_c.unwrap();
        assert_eq!(before.elapsed(), SECOND * 5);
        waits.await.unwrap().unwrap();
        slow.await.unwrap();
    });
}

#[test]
fn d1_all_waits_of_a_turn_count() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let slow = begin(&c, sleeps(5));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let both = begin(&a, async move { join(to_c, to_b).await });
        let waits = begin(&b, after(1, asks(&a)));
        assert_eq!(around(&waits.await.unwrap()), ["b", "a"]);
        let (to_c, to_b) = both.await.unwrap();
        assert!(to_c.is_ok() && to_b.is_ok());
        slow.await.unwrap();
    });
}

#[test]
fn d1_a_hook_has_a_turn_too() {
    run(async |system| {
        let b = service(&system, "b", 4);
        let asked = asks(&b);
        let opening = Some(job(async move {
            asked.await.unwrap();
        }));
        let opens = system.instance(Service { opening, later: None }).name("opens");
        // b is in a turn that asks the one that has not started yet, because it asks b.
        let (give, given) = oneshot::channel::<ServiceHandle>();
        let second = begin(&b, async move {
            let opens = given.await.unwrap();
            sleeps(1).await;
            opens.note().ask().await
        });
        others().await;
        let opens: ServiceHandle = opens.spawn().unwrap();
        drop(give.send(opens.clone()));
        assert_eq!(around(&second.await.unwrap()), ["b", "opens"]);
        opens.ready().await.unwrap();
    });
}

// --- what is no cycle ----------------------------------------------------------------------------------------------

#[test]
fn d1_a_diamond_is_no_cycle() {
    run(async |system| {
        let [a, b, c, d] = services(&system, ["a", "b", "c", "d"]);
        let slow = begin(&d, sleeps(5));
        let left = begin(&b, after(1, asks(&d)));
        let right = begin(&c, after(1, asks(&d)));
        let (to_b, to_c) = (asks(&b), asks(&c));
        let top = begin(&a, after(2, async move { join(to_b, to_c).await }));
        let (to_b, to_c) = top.await.unwrap();
        assert!(to_b.is_ok() && to_c.is_ok());
        assert!(left.await.unwrap().is_ok() && right.await.unwrap().is_ok());
        slow.await.unwrap();
    });
}

#[test]
fn d1_who_asks_from_outside_is_part_of_no_cycle() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let second = begin(&b, sleeps(2));
        let asked = tokio::spawn(asks(&a));
        first.await.unwrap().unwrap();
        second.await.unwrap();
        asked.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_timed_out_leaves_nothing_behind() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let impatient = b.clone();
        let first = begin(&a, async move {
            let result = impatient.note().ask().timeout(SECOND).await;
            sleeps(9).await;
            result
        });
        let second = begin(&b, after(5, asks(&a)));
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_send_and_a_reservation_that_gave_up_in_line_leave_nothing_behind() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let impatient = b.clone();
        let first = begin(&a, async move {
            sleeps(1).await;
            let sent = impatient.note().timeout(SECOND).await.unwrap_err().reason();
            let reserved = impatient.reserve::<m::Note>().timeout(SECOND).await.unwrap_err().reason();
            sleeps(9).await;
            (sent, reserved)
        });
        let second = begin(&b, after(5, asks(&a)));
        others().await;
        b.note().await.unwrap();
        assert_eq!(first.await.unwrap(), (Reason::TimedOut, Reason::TimedOut));
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_is_cancelled_leaves_nothing_behind() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let asked = asks(&b);
        let first = begin(&a, async move {
            tokio::select! {
                _ = asked => panic!("b is asleep"),
                () = sleeps(1) => {}
            }
            sleeps(9).await;
        });
        let second = begin(&b, after(5, asks(&a)));
        first.await.unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_answered_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let held = testing::hold(&b);
        let first = begin(&a, asks(&b));
        others().await;
        // In one poll of b's task: the answer to a, and a turn that asks a.
        let second = begin(&b, asks(&a));
        others().await;
        held.release();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_let_in_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let held = testing::hold(&b);
        let second = begin(&b, asks(&a));
        others().await;
        let first = begin(&a, send(&b));
        others().await;
        assert_eq!(b.reading().waiting, 1);
        // The turn that asks a begins, and lets a in.
        held.release();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_was_told_no_is_not_waiting_although_it_was_not_polled_since() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let first = begin(&a, after(1, send(&b)));
        let (this, to_a) = (b.clone(), asks(&a));
        let second = begin(&b, async move {
            sleeps(2).await;
            // Whoever stands in line is sent away.
            drop(this.stop());
            to_a.await
        });
        others().await;
        b.note().await.unwrap();
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::Closed);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_turn_that_is_about_to_be_cut_off_is_not_waiting() {
    run(async |system| {
        let [a, b, c] = services(&system, ["a", "b", "c"]);
        let first = begin(&a, asks(&b));
        b.run(job(after(1, asks(&c)).map(drop))).await.unwrap();
        let (victim, to_a) = (b.clone(), asks(&a));
        let third = begin(&c, async move {
            sleeps(2).await;
            victim.kill();
            to_a.await
        });
        third.await.unwrap().unwrap();
        // Its message was claimed or queued: b ended first.
        assert_eq!(first.await.unwrap().unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn d1_a_spawned_task_waits_for_itself_only() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let asked = asks(&b);
        let first = begin(&a, async move {
            let task = tokio::spawn(asked);
            sleeps(2).await;
            [task]
        });
        let second = begin(&b, after(1, asks(&a)));
        let [task] = first.await.unwrap();
        task.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_goes_on_in_a_task_is_no_wait_of_the_turn_it_began_in() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let mut asked = b.note().ask().owned();
        let first = begin(&a, async move {
            assert!(!glance(&mut asked).await);
            let task = tokio::spawn(asked);
            sleeps(2).await;
            [task]
        });
        let second = begin(&b, after(1, asks(&a)));
        let [task] = first.await.unwrap();
        task.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_ask_that_is_kept_for_later_is_no_wait_of_another_turn() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let kept = Arc::new(Mutex::new(b.note().ask().owned()));
        let busy = begin(&b, after(1, asks(&a)));
        let half = kept.clone();
        inside(&a, async move {
            let is_there = std::future::poll_fn(|cx| {
                Poll::Ready(Pin::new(&mut *half.lock().unwrap()).poll(cx).is_ready())
            });
            assert!(!is_there.await);
        })
        .await;
        // a's second turn waits for nobody while b asks a.
        let second = begin(&a, sleeps(2));
        busy.await.unwrap().unwrap();
        second.await.unwrap();
        assert!(poll(&mut *kept.lock().unwrap()).is_ready());
    });
}

#[test]
fn d1_an_ask_that_was_kept_for_later_is_a_wait_of_the_turn_that_polls_it() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let mut asked = b.note().ask().owned();
        let busy = begin(&b, after(1, asks(&a)));
        let (keep, kept) = oneshot::channel();
        inside(&a, async move {
            assert!(!glance(&mut asked).await);
            assert!(keep.send(asked).is_ok());
        })
        .await;
        // By another turn of a: from now on it is that one which waits for b.
        let second = begin(&a, kept.await.unwrap());
        assert_eq!(around(&busy.await.unwrap()), ["b", "a"]);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_answer_that_somebody_else_has_closes_no_cycle() {
    run(async |system| {
        let (answer, later) = oneshot::channel();
        let a = service(&system, "a", 4);
        let b: ServiceHandle =
            system.instance(Service { later: Some(later), opening: None }).name("b").spawn().unwrap();
        let asked = b.later().owned();
        let first = begin(&a, asked);
        others().await;
        let second = begin(&b, asks(&a));
        others().await;
        answer.send(7).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 7);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_an_answer_that_was_taken_along_closes_no_cycle_within_its_own_turn_either() {
    run(async |system| {
        let (answer, later) = oneshot::channel();
        let a = service(&system, "a", 4);
        let b: ServiceHandle =
            system.instance(Service { later: Some(later), opening: None }).name("b").spawn().unwrap();
        let to_a = asks(&a);
        let (tell, told) = oneshot::channel();
        let first = begin(&a, b.later_and(job(async move { drop(tell.send(to_a.await)) })).owned());
        others().await;
        answer.send(7).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 7);
        told.await.unwrap().unwrap();
    });
}

#[test]
fn d1_a_line_behind_a_permit_closes_no_cycle() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let second = begin(&b, after(1, asks(&a)));
        others().await;
        let permit = b.reserve::<m::Note>().await.unwrap();
        let first = begin(&a, send(&b));
        tokio::time::sleep(SECOND * 2).await;
        assert_eq!(b.reading().waiting, 1);
        drop(permit);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

#[test]
fn d1_who_is_told_may_ask_again_when_the_other_is_free() {
    run(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        let first = begin(&a, after(0, asks(&b)));
        let to_a = a.clone();
        let told = begin(&b, after(1, asks(&a))).await.unwrap();
        around(&told);
        first.await.unwrap().unwrap();
        inside(&b, async move { to_a.note().ask().await }).await.unwrap();
    });
}

// --- what becomes of the message -----------------------------------------------------------------------------------

#[test]
fn d1_a_refused_ask_gives_its_message_back_and_counts_as_refused() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let [a] = services(&system, ["a"]);
        let this = a.clone();
        let (asked, ledger, depth) = inside(&a, async move {
            let asked = this.note().ask().returning().await;
            (asked, this.ledger(), this.reading().depth)
        })
        .await;
        let (error, message) = asked.unwrap_err();
        assert_eq!(error.reason(), Reason::WouldDeadlock);
        assert!(message.is_some());
        assert_eq!(depth, 0, "it was taken back in the same poll");
        let row = ledger.of::<m::Note>();
        assert_eq!((row.offered, row.refused(Reason::WouldDeadlock), row.cancelled), (1, 1, 0));
        assert!(ledger.is_balanced());
        others().await;
        assert_eq!(a.ledger().of::<m::Note>().handled, 0);
        assert!(letters.try_next().is_none(), "its sender knows");
    });
}

#[test]
fn d1_the_room_of_a_refused_ask_goes_to_the_line() {
    run(async |system| {
        let a = service(&system, "a", 4);
        let b = service(&system, "b", 1);
        let before = Instant::now();
        // b's turn, the one that is queued, and in line an ask of a's turn and a send from outside.
        let busy = begin(&b, sleeps(1));
        others().await;
        let to_a = asks(&a);
        let queued = begin(&b, async move {
            let asked = to_a.await;
            sleeps(5).await;
            asked
        });
        others().await;
        let asker = begin(&a, asks(&b));
        others().await;
        let outside = tokio::spawn(send(&b));
        others().await;
        assert_eq!(b.reading().waiting, 2);
        // The queued turn begins, so a's ask is let in; when a hears of that, it closes the cycle.
        assert_eq!(around(&asker.await.unwrap()), ["a", "b"]);
        assert_eq!(outside.await.unwrap().unwrap(), Admission::Waited);
        assert_eq!(before.elapsed(), SECOND);
        queued.await.unwrap().unwrap();
        busy.await.unwrap();
        assert_eq!(refused(&b), 1);
    });
}

// --- real threads --------------------------------------------------------------------------------------------------

/// Runs a test as a task of a runtime with two workers.
fn on_threads<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(System) -> F + Send + 'static) {
    actors_tests::finishes(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let system = {
            let _inside = runtime.enter();
            System::new("deadlock")
        };
        let test = runtime.spawn(test(system.clone()));
        runtime.block_on(async move {
            if let Err(error) = test.await {
                std::panic::resume_unwind(error.into_panic());
            }
            let report = system.shutdown(SECOND * 20).await;
            assert!(report.total.is_balanced(), "{:?}", report.total);
        });
    });
}

#[test]
fn d1_a_turn_that_has_run_another_one_s_turn_is_itself_again() {
    on_threads(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        b.note().ask().await.unwrap();
        for _ in 0..20 {
            let (this, other) = (a.clone(), b.clone());
            let asked = inside(&a, async move {
                // Mostly run here.
                other.note().ask().await.unwrap();
                this.note().ask().await
            });
            assert_eq!(around(&asked.await), ["a"]);
        }
    });
}

#[test]
fn d1_a_turn_that_blocks_its_thread_is_told_too() {
    on_threads(async |system| {
        let [a, b] = services(&system, ["a", "b"]);
        assert_eq!(around(&a.block(a.clone()).await.unwrap()), ["a"]);
        let asked = asks(&b);
        let (begun, has_begun) = oneshot::channel();
        let first = begin(&a, async move {
            let _ = begun.send(());
            asked.await
        });
        has_begun.await.unwrap();
        let second = b.block(a.clone()).await.unwrap();
        let first = first.await.unwrap();
        // b's turn may have come before a's ask, or after it.
        if let Err(error) = &second {
            assert_eq!(error.reason(), Reason::WouldDeadlock);
        }
        assert!(first.is_ok() || second.is_ok());
    });
}

#[test]
fn d1_of_turns_that_close_a_cycle_at_the_same_time_exactly_one_is_told() {
    on_threads(async |system| {
        for round in 0..400 {
            let count = 2 + round % 3;
            let names: Vec<_> = (0..count).map(|at| format!("{round}-{at}")).collect();
            let ring: Vec<_> = names.iter().map(|name| service(&system, name, 1)).collect();
            let all_begun = Arc::new(tokio::sync::Barrier::new(count));
            let turns: Vec<_> = (0..count)
                .map(|at| {
                    let (next, all_begun) = (ring[(at + 1) % count].clone(), all_begun.clone());
                    begin(&ring[at], async move {
                        all_begun.wait().await;
                        next.note().ask().await
                    })
                })
                .collect();
            let mut told = 0;
            for turn in turns {
                if let Err(error) = turn.await.unwrap() {
                    assert_eq!(error.reason(), Reason::WouldDeadlock);
                    assert_eq!(error.cycle().unwrap().len(), count);
                    told += 1;
                }
            }
            assert_eq!(told, 1);
        }
    });
}

#[test]
fn d1_of_sends_that_close_a_cycle_at_the_same_time_exactly_one_is_told() {
    on_threads(async |system| {
        for round in 0..400 {
            let count = 2 + round % 3;
            let ring: Vec<_> = (0..count).map(|at| service(&system, &format!("{round}-{at}"), 1)).collect();
            let all_full = Arc::new(tokio::sync::Barrier::new(count));
            let turns: Vec<_> = (0..count)
                .map(|at| {
                    let (this, next) = (ring[at].clone(), ring[(at + 1) % count].clone());
                    let all_full = all_full.clone();
                    begin(&ring[at], async move {
                        this.note().await.unwrap();
                        all_full.wait().await;
                        next.note().await.map(drop).map_err(|error| error.reason())
                    })
                })
                .collect();
            let mut told = 0;
            for turn in turns {
                if let Err(reason) = turn.await.unwrap() {
                    assert_eq!(reason, Reason::WouldDeadlock);
                    told += 1;
                }
            }
            assert_eq!(told, 1);
        }
    });
}

struct Host;

#[actor(local)]
impl Host {
    #[message]
    fn answer(&mut self) -> u32 {
        7
    }

    /// Drives a task of its own that asks this actor, and does not wait for it. What that was told, and until when it waits.
    #[message]
    fn drive(&mut self, own: WeakHandle<Host>) -> Option<Option<Reason>> {
        let told = std::rc::Rc::new(std::cell::Cell::new(None));
        let (local, own, heard) = (tokio::task::LocalSet::new(), own.upgrade().unwrap(), told.clone());
        local.spawn_local(async move {
            let asked = Handle::ask(&own, HostAnswer {}).await;
            heard.set(Some(asked.err().map(|error| error.reason())));
        });
        let mut forever = std::pin::pin!(local.run_until(std::future::pending::<()>()));
        for _ in 0..3 {
            let _ = poll(&mut forever);
        }
        told.take()
    }

    /// Waits for all of several at once.
    #[message]
    async fn gather(&mut self, own: WeakHandle<Host>) -> Vec<Option<Reason>> {
        use futures_util::StreamExt;
        let own = own.upgrade().unwrap();
        let asks: futures_util::stream::FuturesUnordered<_> =
            (0..3).map(|_| Handle::ask(&own, HostAnswer {})).collect();
        asks.map(|asked| asked.err().map(|error| error.reason())).collect().await
    }
}

#[test]
fn d1_a_local_task_that_a_turn_drives_is_no_wait_of_that_turn() {
    run(async |system| {
        let host: HostHandle = system.spawn(Host);
        assert_eq!(host.drive(host.downgrade()).await.unwrap(), None, "it was told something");
        assert_eq!(host.answer().await.unwrap(), 7);
    });
}

#[test]
fn d1_what_a_turn_polls_by_way_of_other_futures_is_a_wait_of_that_turn() {
    run(async |system| {
        let host: HostHandle = system.spawn(Host);
        let told = host.gather(host.downgrade()).await.unwrap();
        assert_eq!(told, [Some(Reason::WouldDeadlock); 3]);
    });
}
