//! Waits inside turns: what is pending in the turn that this thread polls is known to the wait-for
//! graph (D1, D3).

use crate::clock::Tick;
use crate::current;
use crate::reentry;
use crate::wait::{self, Names, Node, Plan, Wait, What};
use std::sync::Arc;
use std::task::Waker;

/// Whether a pending wait that is kept in `known`, or none yet, concerns the graph: mostly one
/// outside of turns does not.
#[inline]
pub(crate) fn concerns(known: Option<&Wait>) -> bool {
    known.is_some() || current::get().is_some()
}

/// What is waited for is pending, until `until` at most: `known` becomes a wait of the turn that is
/// polled, or of none. It is one already where it was polled in this turn before.
///
/// # Errors
/// The names around the cycle that it would close, or for which it was ended meanwhile.
#[cold]
pub(crate) fn enter<N: Node + 'static>(
    known: &mut Option<Wait>,
    to: &Arc<N>,
    until: Tick,
    waker: &Waker,
    what: impl FnOnce() -> What,
) -> Result<(), Names> {
    let Some(plan) = plan(known, to, until, what) else {
        return known.as_ref().map_or(Ok(()), |wait| wait.goes_on(waker));
    };
    *known = Some(wait::begin(plan, waker)?);
    current::note_wait();
    Ok(())
}

/// Like [`enter`], for a wait that cannot fail: another wait of the cycle that it closes fails
/// instead. Returns the names around a cycle none of whose waits can fail.
#[cold]
pub(crate) fn enter_in_any_case<N: Node + 'static>(
    known: &mut Option<Wait>,
    to: &Arc<N>,
    what: impl FnOnce() -> What,
) -> Option<Names> {
    let plan = plan(known, to, Tick::NEVER, what)?;
    let (wait, names) = wait::begin_in_any_case(plan);
    *known = Some(wait);
    current::note_wait();
    names
}

/// `None`: nothing new begins.
fn plan<N: Node + 'static>(
    known: &mut Option<Wait>,
    to: &Arc<N>,
    until: Tick,
    what: impl FnOnce() -> What,
) -> Option<Plan> {
    let turn = current::get();
    if let (Some(turn), Some(wait)) = (turn, &*known)
        && wait.is_of(turn.waiter(), until)
    {
        return None;
    }
    *known = None;
    let turn = turn.filter(|_| to.waits().is_on())?;
    if reentry::is_in_eq() {
        // A mailbox is locked, and a search may need its lock.
        return None;
    }
    let outlives_kill = turn.outlives_kill();
    Some(Plan { from: turn.waiter(), to: to.clone(), what: what(), until, outlives_kill })
}
