//! The seat while the future of an `async fn` owns it.

use super::Seat;
use crate::actor::Actor;

/// A seat owned by the turn of an `async fn`.
///
/// **Invariant.** The seat outlives the turn. If the turn's future is dropped, or a panic unwinds
/// through it, the cell keeps the seat for the worker.
pub(crate) struct TurnSeat<A: Actor>(Option<Box<Seat<A>>>);

impl<A: Actor> TurnSeat<A> {
    #[inline]
    pub(crate) fn new(seat: Box<Seat<A>>) -> Self {
        TurnSeat(Some(seat))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut Seat<A>> {
        self.0.as_deref_mut()
    }

    #[inline]
    pub(crate) fn into_seat(mut self) -> Option<Box<Seat<A>>> {
        self.0.take()
    }
}

impl<A: Actor> Drop for TurnSeat<A> {
    #[inline]
    fn drop(&mut self) {
        if let Some(seat) = self.0.take() {
            abandon(seat);
        }
    }
}

#[cold]
fn abandon<A: Actor>(seat: Box<Seat<A>>) {
    let cell = seat.ctx.cell().clone();
    cell.abandon_seat(seat);
}
