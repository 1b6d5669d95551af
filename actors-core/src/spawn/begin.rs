//! Where actors are started and found: in a system, and as children of an instance.

use super::{Makes, SpawnBuilder};
use crate::actor::cell::{Cell, Factory};
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::actor::{Actor, Typed, TypedHandle};
use crate::env::System;
use std::sync::Arc;

impl System {
    /// Starts an actor with what it declares. It stops if it panics. In a system that was shut down it is closed from the
    /// beginning.
    ///
    /// # Panics
    /// Outside a tokio runtime, when the system was made outside one too; and when the actor declares several workers, which
    /// only a factory can make ([`System::actor`]). [`System::instance`] returns these as errors.
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

    /// One actor, to be started with a builder.
    pub fn instance<A: Actor>(&self, actor: A) -> SpawnBuilder<A, impl FnOnce() -> A + use<A>> {
        SpawnBuilder::new(self.clone(), move || actor, |make| (make(), None))
    }

    /// An actor from a factory, to be started with a builder. Where it fails it begins anew with another instance
    /// ([`SpawnBuilder::restart`]), and there may be several at a time ([`SpawnBuilder::workers`]). The factory runs once in
    /// [`SpawnBuilder::spawn`], where a panic in it is an error.
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

    /// The actor of this name, if it is alive and of this handle's type.
    pub fn find<H: TypedHandle>(&self, name: &str) -> Option<H> {
        let cell = self.registry().find(name)?;
        let cell = cell.as_any().downcast::<Cell<H::Actor>>().ok()?;
        Handle::another(cell).map(H::from_handle)
    }
}

impl<A: Actor> Context<A> {
    /// Starts an actor as a child of this instance: it is stopped when this instance ends or is replaced, the youngest child first,
    /// and lives until then, or until it stops. Like every actor that is not from a factory it ends when it fails, and that is
    /// nobody else's affair; a child that is to begin anew comes from [`actor`](Context::actor).
    ///
    /// # Panics
    /// When its declared settings need a factory (several workers), or when there are 65,536 children.
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

    /// A child of this instance, to be started with a builder; see [`spawn`](Context::spawn).
    pub fn instance<B: Actor>(&mut self, child: B) -> SpawnBuilder<B, impl FnOnce() -> B + use<A, B>> {
        self.system().instance(child).child_of(self.make_children())
    }

    /// A child of this instance, from a factory, to be started with a builder. Where it fails it begins anew, as its
    /// [`Restart`](crate::Restart) says, and with it whoever of its siblings this actor's [`Strategy`](crate::Strategy) says. Where it
    /// fails too often, it ends and this actor fails (F2).
    pub fn actor<B: Actor, F>(&mut self, factory: F) -> SpawnBuilder<B, F>
    where
        F: Makes<B> + Send + Sync + 'static,
    {
        self.system().actor(factory).child_of(self.make_children())
    }
}
