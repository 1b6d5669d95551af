use super::*;
use crate::sync::atomic::AtomicUsize;
use std::task::Wake;

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn waker() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

fn at(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

type Waits = Vec<(Arc<Entry>, Arc<Woken>)>;

/// A board with waits that end at these times, and how often each was woken.
fn board(ends: &[u64]) -> (Board, Waits) {
    let board = Board::new();
    let entries = ends.iter().map(|&end| {
        let (entry, (woken, waker)) = (Arc::new(Entry::new(0)), waker());
        board.add(entry.clone(), || at(1));
        board.arm(&entry, at(end), &waker);
        (entry, woken)
    });
    let entries = entries.collect();
    (board, entries)
}

fn look(board: &Board, now: u64) -> Tick {
    board.begin_look();
    let (mut soonest, mut rest) = (Tick::NEVER, Some(0));
    while let Some(from) = rest {
        rest = board.look(from, at(now), &mut soonest);
    }
    soonest
}

#[test]
fn t2_a_look_ends_the_waits_that_are_due_and_no_others() {
    let ends: Vec<u64> = (0..3 * CHUNK as u64).map(|n| 10 + n % 7).collect();
    let (board, entries) = board(&ends);
    for now in 9..18 {
        let soonest = look(&board, now);
        assert_eq!(soonest, if now < 16 { at(now + 1).max(at(10)) } else { Tick::NEVER }, "at {now}");
        for (end, (entry, woken)) in ends.iter().zip(&entries) {
            assert_eq!(entry.is_due(), *end <= now, "end {end}, now {now}");
            assert_eq!(woken.0.load(Ordering::Relaxed), usize::from(*end <= now), "end {end}, now {now}");
        }
    }
}

#[test]
fn t2_a_wait_that_is_over_is_not_woken_and_its_entry_serves_the_next_wait() {
    let (board, entries) = board(&[10]);
    let (entry, before) = &entries[0];
    entry.disarm();
    assert_eq!(look(&board, 20), Tick::NEVER);
    let (after, waker) = waker();
    board.arm(entry, at(30), &waker);
    assert_eq!(look(&board, 29), at(30));
    assert_eq!(look(&board, 30), Tick::NEVER);
    assert!(entry.is_due());
    assert_eq!((before.0.load(Ordering::Relaxed), after.0.load(Ordering::Relaxed)), (0, 1));
}

#[test]
fn t2_a_wait_hurries_the_task_if_and_only_if_it_ends_before_the_next_look() {
    let (board, entries) = board(&[50]);
    let (_, waker) = waker();
    assert_eq!(look(&board, 1), at(50));
    board.plan(at(50));
    for (end, is_sooner) in [(60, false), (50, false), (40, true)] {
        assert_eq!(board.arm(&entries[0].0, at(end), &waker), is_sooner, "{end}");
    }
    assert!(board.bring_forward(at(40)));
    assert!(!board.bring_forward(at(45)), "another wait has hurried it already");
    assert_eq!(board.next(), at(40));
}

#[test]
fn t2_a_task_does_not_end_while_a_wait_has_hurried_it() {
    let (board, entries) = board(&[]);
    assert!(entries.is_empty());
    board.list.lock().has_task = true;
    assert_eq!(look(&board, 1), Tick::NEVER);
    assert!(board.bring_forward(at(9)));
    assert!(!board.may_end() && board.list.lock().has_task);
    assert_eq!(look(&board, 1), Tick::NEVER);
    assert!(board.may_end() && !board.list.lock().has_task);
}

#[test]
fn t2_entries_that_no_thread_keeps_are_dropped_with_a_look_and_asked_for_in_time() {
    let (board, mut entries) = board(&vec![10; KEPT_MIN - 1]);
    assert!(board.add(Arc::new(Entry::new(0)), || at(2)), "there are as many as are worth a look");
    entries.truncate(7);
    let before = board.list.lock().entries.len();
    board.begin_look();
    let mut soonest = Tick::NEVER;
    board.look(0, at(2), &mut soonest);
    assert_eq!(board.list.lock().entries.len(), before - CHUNK + 7, "one lock, one chunk");
    look(&board, 2);
    assert_eq!(board.list.lock().entries.len(), 7);
    assert_eq!(board.list.lock().limit, KEPT_MIN);
}

#[test]
fn t2_a_thread_keeps_64_entries_and_the_tasks_of_others_are_let_go() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (rt, far) = (runtime.handle(), Tick::from_nanos(u64::MAX - 1));
    let deadlines = Deadlines::default();
    let waits = |deadlines: &Deadlines, count: usize| {
        let (woken, waker) = waker();
        let armed: Vec<_> = (0..count).map(|_| deadlines.arm(far, &waker, rt)).collect();
        drop(waker);
        armed.into_iter().for_each(|entry| deadlines.disarm(entry));
        woken
    };
    let woken = waits(&deadlines, 100);
    assert_eq!(Arc::strong_count(&woken), 1 + 64);
    // Another system's entries take the places of this one's.
    let other = Deadlines::default();
    waits(&other, 64);
    assert_eq!(Arc::strong_count(&woken), 1);
    let again = waits(&other, 64);
    assert_eq!(Arc::strong_count(&again), 1 + 64);
    assert_eq!(other.entries(), 64, "they are used again");
}
