//! Every interleaving of a wait and a look: run by `--cfg actors_loom`, see [`crate::sync`].
//!
//! | model | threads | what must hold |
//! |---|---|---|
//! | a wait begins while the task looks and plans | 2 | the task looks in time, or was hurried |
//! | a wait ends while a look finds it due; its entry serves another wait | 2 | the other one is woken at its own time |
//! | a wait's deadline is moved while a look finds it due | 2 | it ends at the later one |
//! | a task ends while a wait begins | 2 | another task starts, or the task stays |
//!
//! **What they catch.** A missing fence on either side; a look that publishes its plan over that of
//! a wait; a deadline that is set without the entry's lock, so that a look takes the next waker.

use super::{Arc, Board, Entry, IDLE, Ordering};
use crate::clock::Tick;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use std::task::{Wake, Waker};

/// A waker holds std's `Arc`, so this counter is std's too. The models check no order that depends
/// on it.
#[derive(Default)]
struct Woken(std::sync::atomic::AtomicUsize);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn waker() -> (std::sync::Arc<Woken>, Waker) {
    let woken = std::sync::Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

fn at(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

/// A board with an entry, which has an owner besides the board.
fn board() -> (Arc<Board>, Arc<Entry>) {
    let (board, entry) = (Arc::new(Board::new()), Arc::new(Entry::new(0)));
    board.add(entry.clone(), || at(1));
    (board, entry)
}

fn look(board: &Board, now: u64) -> Tick {
    board.begin_look();
    let mut soonest = Tick::NEVER;
    assert_eq!(board.look(0, at(now), &mut soonest), None);
    soonest
}

#[test]
fn t2_loom_a_wait_that_begins_during_a_look_is_not_missed() {
    loom::model(|| {
        let (board, entry) = board();
        let hurried = Arc::new(AtomicUsize::new(0));
        let waiter = thread::spawn({
            let (board, entry, hurried) = (board.clone(), entry.clone(), hurried.clone());
            move || {
                let (_, waker) = waker();
                if board.arm(&entry, at(5), &waker) && board.bring_forward(at(5)) {
                    hurried.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let soonest = look(&board, 1);
        board.plan(soonest.min(at(9)));
        // The task sleeps until here, unless it is hurried.
        let planned = board.next();
        waiter.join().unwrap();
        assert!(planned <= at(5) || hurried.load(Ordering::Relaxed) == 1, "it sleeps until {planned:?}");
        assert!(board.next() <= at(5), "a hurried task must find the deadline");
    });
}

#[test]
fn t2_loom_an_entry_serves_the_next_wait_although_a_look_has_found_it_due() {
    loom::model(|| {
        let (board, entry) = board();
        let (_, first) = waker();
        board.arm(&entry, at(5), &first);
        let looker = thread::spawn({
            let board = board.clone();
            move || look(&board, 6)
        });
        entry.disarm();
        let (woken, second) = waker();
        board.arm(&entry, at(8), &second);
        assert!(!entry.is_due(), "the look is at 6");
        looker.join().unwrap();
        assert!(!entry.is_due(), "the look is at 6");
        look(&board, 8);
        assert!(entry.is_due());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_ne!(entry.at.load(Ordering::Relaxed), IDLE);
    });
}

#[test]
fn t2_loom_a_wait_whose_deadline_is_moved_does_not_end_at_the_one_before() {
    loom::model(|| {
        let (board, entry) = board();
        let (woken, waker) = waker();
        board.arm(&entry, at(5), &waker);
        let looker = thread::spawn({
            let board = board.clone();
            move || look(&board, 6)
        });
        board.arm(&entry, at(8), &waker);
        looker.join().unwrap();
        assert!(!entry.is_due(), "the look is at 6");
        let before = woken.0.load(Ordering::Relaxed);
        look(&board, 8);
        assert!(entry.is_due());
        assert_eq!(woken.0.load(Ordering::Relaxed), before + 1);
    });
}

#[test]
fn t2_loom_a_task_that_ends_leaves_no_wait_behind() {
    loom::model(|| {
        let (board, entry) = board();
        board.list.lock().has_task = true;
        let waiter = thread::spawn({
            let (board, entry) = (board.clone(), entry.clone());
            move || {
                let (_, waker) = waker();
                let must_hurry = board.arm(&entry, at(5), &waker) && board.bring_forward(at(5));
                must_hurry && !board.list.lock().has_task
            }
        });
        let has_ended = look(&board, 1) == Tick::NEVER && board.may_end();
        if has_ended {
            board.task_is_gone(true);
        }
        let starts_another = waiter.join().unwrap();
        // Otherwise the task is there, and has seen the deadline or been hurried.
        assert_eq!(has_ended, starts_another);
        assert!(!board.list.lock().is_over, "the other task would end at once");
    });
}
