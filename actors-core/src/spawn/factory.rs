//! The traits of factories, which make an actor's instances.

/// Marks a builder of an actor from a factory: it may have workers and restarts
/// ([`System::actor`](crate::System::actor)).
#[derive(Clone, Copy, Debug)]
pub enum Many {}

/// Marks a builder of an actor from one value, which cannot make a second instance
/// ([`System::instance`](crate::System::instance)).
#[derive(Clone, Copy, Debug)]
pub enum One {}

/// Builders whose actor may have more than one instance: those marked [`Many`].
///
/// It is a bound of the marker and not of the factory. So a value in the place of a factory is one
/// error, where it is passed, whatever is set on the builder after that.
#[diagnostic::on_unimplemented(
    message = "one instance has no workers and no restarts: they need a factory",
    label = "this actor was handed over as a value, so nothing can make a second instance",
    note = "write `system.actor(move || Shop::new(..))` instead of `system.instance(Shop::new(..))`"
)]
pub trait Repeats: sealed::Sealed {}

impl Repeats for Many {}

/// A factory, as [`System::actor`] and [`Context::actor`] take it: a closure that makes one
/// instance per call.
///
/// [`System::actor`]: crate::System::actor
/// [`Context::actor`]: crate::Context::actor
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a factory",
    label = "expected a closure that makes the actor's instances",
    note = "a factory makes another instance after a failure: `system.actor(move || Shop::new(..))`",
    note = "one value needs no factory: `system.spawn(shop)`, or `system.instance(shop)` for a builder"
)]
pub trait Makes<A>: Fn() -> A {}

#[diagnostic::do_not_recommend]
impl<A, F: Fn() -> A> Makes<A> for F {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Many {}
    impl Sealed for super::One {}
}
