//! The ledgers of actors.

use actors_core::observe::Row;
use actors_core::prelude::*;

/// Returns the row of one message type.
pub fn row<M: Message>(actor: &Handle<impl Handler<M>>) -> Row {
    actor.ledger().of::<M>()
}

/// Returns the sum of all rows, after a check that each of them balances.
///
/// # Panics
/// When a row does not balance.
#[track_caller]
pub fn balanced(actor: &Handle<impl Actor>) -> Row {
    let ledger = actor.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    ledger.total()
}
