//! The methods that start and find actors: in a system, and as children of an instance.

use super::{Makes, One, SpawnBuilder};
use crate::actor::cell::{Cell, Factory};
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::actor::{Actor, Typed, TypedHandle};
use crate::env::System;
use std::sync::Arc;

impl System {
    /// Starts an actor with its declared settings. It has no factory, so it stops if it panics.
    ///
    /// In a system that was shut down, the new actor is closed at once.
    ///
    /// # Panics
    /// Outside a tokio runtime, if the system was made outside one too. If the actor declares
    /// several workers, which need a factory ([`System::actor`]). [`System::instance`] returns
    /// these as errors.
    #[track_caller]
    pub fn spawn<A, H>(&self, actor: A) -> H
    where
        A: Actor + Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        match self.instance(actor).start_or_close() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns a builder of an actor from one value.
    pub fn instance<A: Actor>(&self, actor: A) -> SpawnBuilder<A, impl FnOnce() -> A + use<A>, One> {
        SpawnBuilder::new(self.clone(), move || actor, |make| (make(), None))
    }

    /// Returns a builder of an actor from a factory.
    ///
    /// After a failure the factory makes a new instance ([`SpawnBuilder::restart`]), and there may
    /// be several at a time ([`SpawnBuilder::workers`]). [`SpawnBuilder::spawn`] calls the factory
    /// once; a panic in it is an error.
    pub fn actor<A: Actor, F>(&self, factory: F) -> SpawnBuilder<A, F>
    where
        F: Makes<A> + Send + Sync + 'static,
    {
        SpawnBuilder::new(self.clone(), factory, |make| {
            let first = make();
            let factory: Factory<A> = Arc::new(make);
            (first, Some(factory))
        })
    }

    /// Finds a live actor by its name, if it has this handle's type.
    pub fn find<H: TypedHandle>(&self, name: &str) -> Option<H> {
        let cell = self.registry().find(name)?;
        let cell = cell.as_any().downcast::<Cell<H::Actor>>().ok()?;
        Handle::another(cell).map(H::from_handle)
    }
}

impl<A: Actor> Context<A> {
    /// Starts an actor as a child of this instance.
    ///
    /// The child lives until it stops, or until this instance ends or is replaced: then children
    /// are stopped, the youngest first. A child from one value ends when it fails, without
    /// consequences for its parent or siblings. [`actor`](Context::actor) starts a child that
    /// restarts.
    ///
    /// # Panics
    /// If its declared settings need a factory (several workers), or if there are 65,536 children.
    #[track_caller]
    pub fn spawn<B, H>(&mut self, child: B) -> H
    where
        B: Actor + Typed<H>,
        H: TypedHandle<Actor = B>,
    {
        match self.instance(child).start_or_close() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns a builder of a child of this instance; see [`spawn`](Context::spawn).
    pub fn instance<B: Actor>(&mut self, child: B) -> SpawnBuilder<B, impl FnOnce() -> B + use<A, B>, One> {
        self.system().instance(child).child_of(self.make_children())
    }

    /// Returns a builder of a child of this instance, from a factory.
    ///
    /// After a failure the child restarts as its [`Restart`](crate::Restart) declares, together
    /// with the siblings that this actor's [`Strategy`](crate::policy::Strategy) names. If it fails
    /// too often, it ends and this actor fails (F2).
    pub fn actor<B: Actor, F>(&mut self, factory: F) -> SpawnBuilder<B, F>
    where
        F: Makes<B> + Send + Sync + 'static,
    {
        self.system().actor(factory).child_of(self.make_children())
    }
}
