//! What a service declares for the time when it is asked for more than it can do: turns that end
//! with their askers, costs, the rate of an actor, priorities per send, fair shares.

mod abandoned;
mod costs;
mod fair;
mod priorities;
mod together;
