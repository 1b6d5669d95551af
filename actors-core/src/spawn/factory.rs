//! The traits of factories, which make an actor's instances.

/// A factory that can make more than one instance, as [`System::actor`] takes it.
///
/// Implemented for every closure that can be called again. [`System::instance`] takes one value,
/// which cannot make a second one.
///
/// [`System::actor`]: crate::System::actor
/// [`System::instance`]: crate::System::instance
#[diagnostic::on_unimplemented(
    message = "one instance has no workers and no restarts: they need a factory",
    label = "this actor was handed over as a value, so nothing can make a second instance",
    note = "write `system.actor(move || Shop::new(..))` instead of `system.instance(Shop::new(..))`"
)]
pub trait Repeats<A>: sealed::Sealed<A> {}

#[diagnostic::do_not_recommend]
impl<A, F: Fn() -> A + Send + Sync + 'static> Repeats<A> for F {}

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
    pub trait Sealed<A> {}
    impl<A, F: FnOnce() -> A> Sealed<A> for F {}
}
