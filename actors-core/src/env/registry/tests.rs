//! Overlapping shutdowns (L2): at any instant, each ended actor's ledger is counted exactly once.

use super::{Closing, Registry};
use crate::env::AnyActor;
use crate::error::{ActorName, Detail, StopReason};
#[cfg(feature = "serde")]
use crate::mailbox::{Class, Present};
use crate::mailbox::{Row, RunningClass};
use crate::observe::{ActorView, VisitBuffers};
use crate::wait::{Names, Node};
use async_trait::async_trait;
use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An actor that has ended and has lost one message. The first reader of its ledger blocks.
struct Ended {
    was_read: AtomicBool,
    reads: SyncSender<()>,
    may_go: Mutex<Receiver<()>>,
}

#[async_trait]
impl AnyActor for Ended {
    fn total(self: Arc<Self>) -> Row {
        if !self.was_read.swap(true, Ordering::Relaxed) {
            self.reads.send(()).unwrap();
            self.may_go.lock().unwrap().recv().unwrap();
        }
        let mut row = Row::empty("total");
        (row.offered, row.undelivered) = (1, 1);
        row
    }

    fn type_name(&self) -> &'static str {
        "Ended"
    }

    fn rows(self: Arc<Self>, rows: &mut Vec<Row>) {
        rows.clear();
    }

    fn id(&self) -> usize {
        0
    }

    fn name(&self) -> &ActorName {
        unreachable!("only its ledger is read")
    }

    fn explain(&self, _: Detail) {}
    fn close(self: Arc<Self>) {}
    fn kill(self: Arc<Self>) {}
    fn runtime_gone(self: Arc<Self>) {}
    fn restart(self: Arc<Self>) {}
    fn fail_by_child(self: Arc<Self>) {}

    fn has_ended(&self) -> bool {
        true
    }

    async fn closed(self: Arc<Self>) -> StopReason {
        StopReason::Stopped
    }

    async fn ended(self: Arc<Self>) -> Result<StopReason, Names> {
        Ok(StopReason::Stopped)
    }

    fn as_node(self: Arc<Self>) -> Arc<dyn Node> {
        unreachable!("only its ledger is read")
    }

    #[cfg(feature = "serde")]
    fn classes(&self) -> &[Class] {
        &[]
    }

    #[cfg(feature = "serde")]
    fn present(&self) -> Present {
        unreachable!("only its ledger is read")
    }

    #[cfg(feature = "serde")]
    fn reconfigure(self: Arc<Self>, _: &Present, _: &Present) -> bool {
        false
    }

    #[cfg(feature = "serde")]
    fn is_elsewhere(&self) -> bool {
        false
    }

    fn running(self: Arc<Self>, _: &mut Vec<RunningClass>) {}
    fn report_overdue(self: Arc<Self>, _: &RunningClass, _: Duration) {}

    fn visit(self: Arc<Self>, _: &mut VisitBuffers, _: &mut dyn FnMut(ActorView<'_>)) {
        unreachable!("only its ledger is read")
    }

    fn departing(self: Arc<Self>) -> Option<(Duration, Option<Duration>)> {
        None
    }

    fn report_departing(&self, _: Duration, _: Duration) {}

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool {
        true
    }
}

#[test]
fn l2_a_shutdown_that_begins_while_another_one_is_over_finds_the_books_of_all_actors() {
    let registry = Registry::default();
    let (reads, was_read) = sync_channel(1);
    let (go, may_go) = sync_channel(1);
    let was_read_before = AtomicBool::new(false);
    let cell = Arc::new(Ended { was_read: was_read_before, reads, may_go: Mutex::new(may_go) });
    let first = Closing::begin(&registry);
    registry.state.lock().ended.push(cell);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(first));
        was_read.recv().unwrap();
        // The first shutdown is adding the ledgers up at this moment.
        let second = Closing::begin(&registry);
        let before = second.all().lost();
        go.send(()).unwrap();
        while registry.state.lock().closings > 1 {
            std::thread::yield_now();
        }
        assert_eq!((before, second.all().lost()), (1, 1), "nothing was lost meanwhile");
        drop(second);
        assert_eq!(Closing::begin(&registry).all().lost(), 1);
    });
}
