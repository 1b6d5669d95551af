//! B6: hostile user code. In each callback, the wakers and messages of these tests use the actor
//! that calls them: they send to it, subscribe to dead letters, take a snapshot, lose a message. No
//! callback may find a lock of the runtime held, hang, break the ledger, or affect another task.

use actors_core::mailbox::{Class, Item, channel};
use actors_core::observe::DeadLetters;
use actors_core::prelude::*;
use actors_core::{
    policy::{Overflow, Policy, Settings},
    testing,
};
use actors_tests::{HOUR, SECOND, alone, finishes, poll, poll_with, run, run_other_tasks};
use cooked_waker::{IntoWaker, WakeRef};
use futures_util::StreamExt;
use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};

type Act = Arc<dyn Fn() + Send + Sync>;

/// A function that user code calls, with a count of its calls and a list of those under a lock.
#[derive(Clone, Default)]
struct Callback {
    act: Arc<Mutex<Option<Act>>>,
    calls: Arc<AtomicUsize>,
    locked: Arc<Mutex<Vec<&'static str>>>,
}

thread_local! {
    /// Set while the function runs, which does not call itself.
    static IS_ACTING: Cell<bool> = const { Cell::new(false) };
}

impl Callback {
    fn acts(act: impl Fn() + Send + Sync + 'static) -> Callback {
        let callback = Callback::default();
        *callback.act.lock().unwrap() = Some(Arc::new(act));
        callback
    }

    fn call(&self, what: &'static str) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if testing::holds_lock() {
            self.locked.lock().unwrap().push(what);
            return;
        }
        if IS_ACTING.replace(true) {
            return;
        }
        let act = self.act.lock().unwrap().clone();
        if let Some(act) = act {
            act();
        }
        IS_ACTING.set(false);
    }

    /// Checks that it was called, and never under a lock.
    #[track_caller]
    fn was_called_unlocked(&self) {
        assert_eq!(*self.locked.lock().unwrap(), Vec::<&str>::new(), "called while a lock was held");
        assert!(self.calls.load(Ordering::Relaxed) > 0, "it was never called");
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::new(HostileWaker(self.clone())))
    }
}

/// A waker that calls the function when it wakes and when its last clone is dropped. [`Counted`]
/// also sees clones.
struct HostileWaker(Callback);

impl Wake for HostileWaker {
    fn wake(self: Arc<Self>) {
        self.0.call("wake");
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.call("wake_by_ref");
    }
}

impl Drop for HostileWaker {
    fn drop(&mut self) {
        self.0.call("drop of the last waker");
    }
}

/// A waker that calls the function for each clone and drop. `will_wake` is false for its clones.
struct Counted {
    callback: Callback,
    panics_in_clone: Arc<AtomicBool>,
}

impl Counted {
    fn waker(callback: &Callback) -> Waker {
        Box::new(Counted { callback: callback.clone(), panics_in_clone: Arc::default() }).into_waker()
    }

    /// Makes a waker whose `clone` panics while the flag is set.
    fn brittle(panics_in_clone: &Arc<AtomicBool>) -> Waker {
        Box::new(Counted { callback: Callback::default(), panics_in_clone: panics_in_clone.clone() })
            .into_waker()
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        assert!(!self.panics_in_clone.load(Ordering::Relaxed), "on purpose: the clone of a waker");
        self.callback.call("clone");
        Counted { callback: self.callback.clone(), panics_in_clone: self.panics_in_clone.clone() }
    }
}

impl WakeRef for Counted {
    fn wake_by_ref(&self) {
        self.callback.call("wake");
    }
}

impl cooked_waker::Wake for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.callback.call("drop of a waker");
    }
}

/// A message whose `Hash`, `Debug` and `Drop` call the function.
struct HostileMessage {
    key: u32,
    callback: Callback,
}

impl Hash for HostileMessage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.callback.call("hash");
        self.key.hash(state);
    }
}

// Keys are compared under the mailbox's lock, so this function must not use the mailbox.
impl PartialEq for HostileMessage {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for HostileMessage {}

impl Clone for HostileMessage {
    fn clone(&self) -> Self {
        HostileMessage { key: self.key, callback: self.callback.clone() }
    }
}

impl fmt::Debug for HostileMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.callback.call("debug");
        write!(f, "hostile {}", self.key)
    }
}

impl Drop for HostileMessage {
    fn drop(&mut self) {
        self.callback.call("drop of a message");
    }
}

#[derive(Default)]
struct Target;

#[actor(capacity = 4, reserve = 0, max_waiting = 16)]
impl Target {
    #[message]
    fn plain(&mut self, what: HostileMessage) {
        drop(what);
    }

    #[message(overflow = drop_oldest)]
    fn trifle(&mut self, what: HostileMessage) {
        drop(what);
    }

    #[message(overflow = [conflate, drop_newest], key = what)]
    fn latest(&mut self, what: HostileMessage) {
        drop(what);
    }

    #[message(overflow = drop_newest, ttl = "1s")]
    fn brief(&mut self, what: HostileMessage) {
        drop(what);
    }

    #[message(overflow = drop_newest)]
    fn lost(&mut self) {}

    #[message(overflow = block)]
    fn get(&mut self) -> u32 {
        7
    }
}

/// Starts an actor, and makes a function that uses it in all ways: sends to it, loses a message of
/// it, reads dead letters, takes a snapshot, finds it by name.
fn target(system: &System) -> (TargetHandle, Callback) {
    let target: TargetHandle = system.actor(Target::default).name("target").spawn().unwrap();
    let (system, used) = (system.clone(), target.clone());
    let callback = Callback::acts(move || {
        let _ = used.lost().try_send();
        let _ = used.get().tell().try_send();
        let mut letters = system.dead_letters();
        for _ in 0..8 {
            let _ = used.lost().try_send();
        }
        while letters.try_next().is_some() {}
        assert_eq!(system.snapshot().actors.len(), 1);
        let found: Option<TargetHandle> = system.find("target");
        assert!(found.is_some());
        let _ = (used.reading(), used.ledger(), system.decisions());
    });
    (target, callback)
}

fn hostile(key: u32, callback: &Callback) -> HostileMessage {
    HostileMessage { key, callback: callback.clone() }
}

fn fill(target: &TargetHandle) {
    while target.get().tell().try_send().is_ok() {}
}

fn poll_letters(letters: &mut DeadLetters, waker: &Waker) -> Poll<Option<actors_core::observe::DeadLetter>> {
    letters.poll_next_unpin(&mut TaskContext::from_waker(waker))
}

#[test]
fn b6_a_subscriber_s_waker_may_lose_messages_when_it_is_cloned_woken_and_dropped() {
    finishes(|| {
        run(async |system| {
            let (target, callback) = target(&system);
            let held = testing::hold(&target);
            fill(&target);
            let mut letters = system.dead_letters();
            // The waker is stored, replaced, woken, stored again, and dropped with the subscriber.
            for _ in 0..3 {
                let _ = poll_letters(&mut letters, &Counted::waker(&callback));
            }
            target.lost().try_send().unwrap();
            while letters.try_next().is_some() {}
            // Its clone already loses a message.
            let _ = poll_letters(&mut letters, &Counted::waker(&callback));
            drop(letters);
            let mut last = system.dead_letters();
            assert!(poll_letters(&mut last, &callback.waker()).is_pending());
            drop(held);
            testing::quiet(&system).await;
            callback.was_called_unlocked();
            assert!(target.ledger().is_balanced(), "{}", target.ledger());
        });
    });
}

#[test]
fn b6_a_sender_s_waker_may_use_the_actor_in_line_and_out_of_it() {
    finishes(|| {
        run(async |system| {
            let (target, callback) = target(&system);
            let held = testing::hold(&target);
            fill(&target);
            let _letters = system.dead_letters();
            // Tells, asks and reservations, each polled with two wakers. One of each is cancelled,
            // and one is let in.
            let mut tells: Vec<_> = (0..2).map(|key| target.plain(hostile(key, &callback))).collect();
            let mut asks: Vec<_> = (0..2).map(|_| target.get()).collect();
            let mut reserves: Vec<_> = (0..2).map(|_| target.reserve::<target_messages::Plain>()).collect();
            for _ in 0..2 {
                for tell in &mut tells {
                    assert!(poll_with(tell, &Counted::waker(&callback)).is_pending());
                }
                for ask in &mut asks {
                    assert!(poll_with(ask, &Counted::waker(&callback)).is_pending());
                }
                for reserve in &mut reserves {
                    assert!(poll_with(reserve, &Counted::waker(&callback)).is_pending());
                }
            }
            tells.pop();
            asks.pop();
            reserves.pop();
            drop(held);
            run_other_tasks().await;
            for ask in &mut asks {
                let _ = poll_with(ask, &Counted::waker(&callback));
            }
            drop((tells, asks, reserves));
            testing::quiet(&system).await;
            callback.was_called_unlocked();
            let ledger = target.ledger();
            assert!(ledger.is_balanced(), "{ledger}");
            assert_eq!((ledger.total().waiting, target.reading().permits), (0, 0));
        });
    });
}

#[test]
fn b6_a_task_that_awaits_an_end_may_use_the_actor_in_its_waker() {
    finishes(|| {
        run(async |system| {
            let (target, callback) = target(&system);
            let mut closed = Box::pin(target.closed().into_future());
            for _ in 0..2 {
                assert!(poll_with(&mut closed, &callback.waker()).is_pending());
            }
            let held = testing::hold(&target);
            fill(&target);
            let mut waiting = target.plain(hostile(1, &callback));
            assert!(poll_with(&mut waiting, &Counted::waker(&callback)).is_pending());
            target.kill();
            drop(held);
            testing::quiet(&system).await;
            run_other_tasks().await;
            callback.was_called_unlocked();
        });
    });
}

#[test]
fn b6_a_message_may_use_the_actor_when_it_is_hashed_shown_and_dropped() {
    finishes(|| {
        run(async |system| {
            let (target, callback) = target(&system);
            let mut letters = system.dead_letters();
            let held = testing::hold(&target);
            // Conflated, dropped for a newer one, dropped at once, expired, refused, and lost at
            // the end.
            for _ in 0..2 {
                let _ = target.latest(hostile(1, &callback)).try_send();
            }
            let _ = target.brief(hostile(2, &callback)).try_send();
            for key in 0..8 {
                let _ = target.trifle(hostile(key, &callback)).try_send();
            }
            let _ = target.latest(hostile(9, &callback)).try_send();
            let _ = target.plain(hostile(3, &callback)).try_send();
            tokio::time::advance(2 * SECOND).await;
            let _ = target.trifle(hostile(4, &callback)).try_send();
            let _ = target.reading();
            target.kill();
            drop(held);
            testing::quiet(&system).await;
            assert!(letters.try_next().is_some());
            callback.was_called_unlocked();
        });
    });
}

#[test]
fn b6_the_receiver_of_a_channel_may_have_any_waker() {
    struct Work(Callback);
    impl Item for Work {}
    impl Drop for Work {
        fn drop(&mut self) {
            self.0.call("drop of a value");
        }
    }
    finishes(|| {
        let settings = Settings::new().capacity(2).reserve(0);
        let classes = vec![Class::new("work", Policy::tell().overflow(&[Overflow::DropOldest]))];
        let (tx, mut rx) = channel::<Work>(settings, classes).unwrap();
        let sender = tx.clone();
        let calm = Callback::default();
        let sent = calm.clone();
        let callback = Callback::acts(move || {
            for _ in 0..4 {
                let _ = sender.try_send(Work(sent.clone()));
            }
        });
        for _ in 0..3 {
            for _ in 0..8 {
                let _ = poll_with(&mut rx.recv(), &Counted::waker(&callback));
            }
            tx.try_send(Work(callback.clone())).unwrap();
        }
        drop(rx);
        drop(tx);
        callback.was_called_unlocked();
        calm.was_called_unlocked();
    });
}

#[test]
fn b6_a_waker_whose_clone_panics_leaves_the_books_balanced() {
    run(async |system| {
        let (target, callback) = target(&system);
        let panics = Arc::new(AtomicBool::new(false));
        let held = testing::hold(&target);
        fill(&target);
        panics.store(true, Ordering::Relaxed);
        let waker = Counted::brittle(&panics);
        fn panicked(poll: impl FnOnce()) {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll));
            let text = caught.expect_err("the clone panics");
            let text = text.downcast_ref::<&str>().copied().unwrap_or_default().to_owned();
            assert!(text.contains("on purpose"), "{text}");
        }
        panicked(|| _ = poll_with(&mut target.plain(hostile(1, &Callback::default())), &waker));
        panicked(|| _ = poll_with(&mut target.get(), &waker));
        panicked(|| _ = poll_with(&mut target.reserve::<target_messages::Plain>(), &waker));
        let mut letters = system.dead_letters();
        panicked(|| _ = poll_letters(&mut letters, &waker));
        // A reservation that is polled again after such a panic still ends at its timeout.
        let mut late = target.reserve::<target_messages::Plain>().timeout(SECOND);
        panicked(|| _ = poll_with(&mut late, &waker));
        panics.store(false, Ordering::Relaxed);
        tokio::time::advance(2 * SECOND).await;
        let Poll::Ready(Err(refused)) = poll_with(&mut late, &waker) else {
            panic!("the reservation has waited for longer than it may")
        };
        assert_eq!(refused.reason(), Reason::TimedOut);
        panics.store(true, Ordering::Relaxed);
        let ledger = target.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        assert_eq!(ledger.total().waiting, 0, "{ledger}");
        assert_eq!(ledger.of::<target_messages::Plain>().cancelled, 1);
        // A sender that is polled again after such a panic waits in line, and is let in.
        let mut patient = target.plain(hostile(2, &Callback::default()));
        panicked(|| _ = poll_with(&mut patient, &waker));
        panics.store(false, Ordering::Relaxed);
        assert!(poll_with(&mut patient, &waker).is_pending());
        panics.store(true, Ordering::Relaxed);
        panicked(|| _ = poll_with(&mut patient, &Counted::brittle(&panics)));
        drop(held);
        testing::quiet(&system).await;
        panics.store(false, Ordering::Relaxed);
        assert!(matches!(poll_with(&mut patient, &waker), Poll::Ready(Ok(Admission::Waited))));
        drop(patient);
        // An ask whose message is queued, and whose waker cannot be cloned into the reply slot.
        panics.store(true, Ordering::Relaxed);
        let held = testing::hold(&target);
        panicked(|| _ = poll_with(&mut target.get(), &waker));
        drop(held);
        testing::quiet(&system).await;
        let ledger = target.ledger();
        assert!(ledger.is_balanced(), "{ledger}");
        let row = ledger.of::<target_messages::Get>();
        assert_eq!((row.queued, row.waiting, row.in_service), (0, 0, 0), "{ledger}");
        drop(callback);
        panics.store(false, Ordering::Relaxed);
    });
}

#[test]
fn b6_a_channel_s_books_balance_where_the_clone_of_a_waker_panics() {
    struct Work;
    impl Item for Work {}
    let settings = Settings::new().capacity(1).reserve(0);
    let (tx, mut rx) = channel::<Work>(settings, vec![Class::new("work", Policy::tell())]).unwrap();
    let panics = Arc::new(AtomicBool::new(true));
    let waker = Counted::brittle(&panics);
    let panicked = |poll: &mut dyn FnMut()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)).expect_err("the clone panics")
    };
    panicked(&mut || _ = poll_with(&mut rx.recv(), &waker));
    tx.try_send(Work).unwrap();
    panicked(&mut || _ = poll_with(&mut tx.send(Work), &waker));
    let ledger = rx.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!((ledger.total().cancelled, ledger.total().waiting), (1, 0), "{ledger}");
    panics.store(false, Ordering::Relaxed);
    assert!(matches!(poll_with(&mut rx.recv(), &waker), Poll::Ready(Some(Work))));
}

#[test]
fn b6_a_timer_and_a_slow_sender_see_no_lock() {
    finishes(|| {
        run(async |system| {
            let (target, callback) = target(&system);
            let held = testing::hold(&target);
            fill(&target);
            let mut late = target.plain(hostile(1, &callback)).timeout(SECOND);
            assert!(poll_with(&mut late, &Counted::waker(&callback)).is_pending());
            tokio::time::advance(2 * SECOND).await;
            let Poll::Ready(Err(refused)) = poll_with(&mut late, &Counted::waker(&callback)) else {
                panic!("it has waited for longer than it may")
            };
            assert_eq!(refused.reason(), Reason::TimedOut);
            drop(refused);
            let mut asked = target.get().timeout(HOUR);
            let _ = poll_with(&mut asked, &Counted::waker(&callback));
            drop(held);
            testing::quiet(&system).await;
            drop(asked);
            callback.was_called_unlocked();
        });
    });
}

thread_local! {
    /// Whether the drop of a [`DropPanics`] panics.
    static DROP_PANICS: Cell<bool> = const { Cell::new(false) };
}

/// A waker for whose clones `will_wake` is false, and whose drops panic.
#[derive(Clone)]
struct DropPanics(#[expect(dead_code, reason = "it must have a size to have an address")] u8);

impl WakeRef for DropPanics {
    fn wake_by_ref(&self) {}
}

impl cooked_waker::Wake for DropPanics {}

impl Drop for DropPanics {
    fn drop(&mut self) {
        assert!(!DROP_PANICS.get() || std::thread::panicking(), "on purpose: the drop of a waker");
    }
}

/// Polls a future once, with a waker that panics when a clone of it is dropped.
fn poll_with_panics<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let waker = Box::new(DropPanics(0)).into_waker();
    DROP_PANICS.set(true);
    let polled = poll_with(future, &waker);
    DROP_PANICS.set(false);
    polled
}

#[test]
fn b6_a_waker_whose_drop_panics_loses_no_slot_and_no_answer() {
    // After a panic in a poll the future is dropped, and a second panic would abort the process.
    alone!("b6_a_waker_whose_drop_panics_loses_no_slot_and_no_answer", || {
        run(async |system| {
            struct Seat;
            #[actor(local, capacity = 1, reserve = 0)]
            impl Seat {
                #[message(overflow = block)]
                fn take(&mut self) -> u8 {
                    1
                }
            }
            let seat: SeatHandle = system.spawn(Seat);
            let first = seat.try_reserve::<SeatTake>().unwrap();
            let mut second = seat.reserve::<SeatTake>();
            assert!(poll_with_panics(&mut second).is_pending());
            drop(first);
            let Poll::Ready(Ok(permit)) = poll_with_panics(&mut second) else { panic!("it was let in") };
            drop((permit, second));
            assert_eq!(seat.reading().permits, 0);

            let held = testing::hold(&seat);
            seat.take().tell().try_send().unwrap();
            let mut asked = seat.take();
            assert!(poll_with_panics(&mut asked).is_pending());
            drop(held);
            testing::quiet(&system).await;
            assert_eq!(poll_with_panics(&mut asked).map(Result::unwrap), Poll::Ready(1));
            assert_eq!(seat.ledger().total().handled, 2);
        });
    });
}

#[test]
fn b6_a_receiver_s_waker_whose_drop_panics_loses_no_message() {
    struct Work;
    impl Item for Work {}
    let settings = Settings::new().capacity(4).reserve(0);
    let (tx, mut rx) = channel::<Work>(settings, vec![Class::new("work", Policy::tell())]).unwrap();
    assert!(poll_with_panics(&mut rx.recv()).is_pending());
    tx.try_send(Work).unwrap();
    assert!(matches!(poll_with_panics(&mut rx.recv()), Poll::Ready(Some(Work))));
    assert!(poll(&mut rx.recv()).is_pending());
    assert_eq!(rx.ledger().total().handled, 1);
}
