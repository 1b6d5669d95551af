//! The publishers and subscribers of this package, for the checks of the rules.

use crate::mill_messages::Grind;
use crate::{Mill, MillHandle};
use actors_core::System;
use actors_streams::reactive::tck::{Driver, PublisherUnderTest, SubscriberUnderTest};
use actors_streams::reactive::{
    self, ActorSubscriber, Emitted, Inlet, Outlet, Publisher, StreamPublisher, Window,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, sink};
use std::cell::RefCell;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};

type Numbers = BoxStream<'static, io::Result<u64>>;

fn numbers(items: u64) -> Numbers {
    stream::iter(0..items).map(Ok).boxed()
}

fn failing(items: u64) -> Numbers {
    stream::iter(0..items).map(Ok).chain(stream::iter([Err(io::Error::other("no more"))])).boxed()
}

/// A stream as a publisher.
pub(super) struct Streams;

impl PublisherUnderTest for Streams {
    type Publisher = StreamPublisher<Numbers>;

    fn publisher(&self, items: u64) -> Self::Publisher {
        reactive::try_publish(numbers(items))
    }

    fn failing(&self, items: u64) -> Option<Self::Publisher> {
        Some(reactive::try_publish(failing(items)))
    }
}

/// An emitter, which another task uses.
pub(super) struct Emitters;

impl Emitters {
    fn emit(items: u64, fails: bool) -> StreamPublisher<Emitted<u64>> {
        let (mut emitter, publisher) = reactive::emitter(NonZeroUsize::new(3).unwrap());
        tokio::spawn(async move {
            for number in 0..items {
                if emitter.emit(number).await.is_err() {
                    return;
                }
            }
            match fails {
                true => emitter.fail("no more"),
                false => emitter.complete(),
            }
        });
        publisher
    }
}

impl PublisherUnderTest for Emitters {
    type Publisher = StreamPublisher<Emitted<u64>>;

    fn publisher(&self, items: u64) -> Self::Publisher {
        Emitters::emit(items, false)
    }

    fn failing(&self, items: u64) -> Option<Self::Publisher> {
        Some(Emitters::emit(items, true))
    }
}

/// A processing stage below another publisher.
pub(super) struct Stages;

impl Stages {
    fn below(above: Numbers) -> StreamPublisher<Outlet<u64>> {
        let (inlet, publisher) = reactive::processor(window(3), |items| items);
        tokio::spawn(reactive::try_publish(above).subscribe(inlet));
        publisher
    }
}

impl PublisherUnderTest for Stages {
    type Publisher = StreamPublisher<Outlet<u64>>;

    fn publisher(&self, items: u64) -> Self::Publisher {
        Stages::below(numbers(items))
    }

    fn failing(&self, items: u64) -> Option<Self::Publisher> {
        Some(Stages::below(failing(items)))
    }
}

fn window(size: u32) -> Window {
    Window::new(NonZeroU32::new(size).unwrap())
}

/// An actor as a subscriber.
pub(super) struct Actors {
    system: System,
    window: u32,
    mill: RefCell<Option<MillHandle>>,
}

impl Actors {
    pub(super) fn new(system: &System, window: u32) -> Self {
        Actors { system: system.clone(), window, mill: RefCell::default() }
    }
}

impl SubscriberUnderTest for Actors {
    type Item = Grind;
    type Subscriber = ActorSubscriber<Grind>;

    fn subscriber(&self) -> (Self::Subscriber, Driver) {
        let (mill, _) = Mill::spawn(&self.system);
        let (subscriber, feed) = reactive::subscriber(&mill, window(self.window));
        *self.mill.borrow_mut() = Some(mill);
        (subscriber, Box::pin(async move { drop(feed.await) }))
    }

    fn item(&self, sack: u64) -> Grind {
        Grind { sack }
    }

    fn lose_interest(&self) -> bool {
        self.mill.borrow().as_ref().unwrap().kill();
        true
    }
}

/// A sink as a subscriber.
pub(super) struct Sinks;

impl SubscriberUnderTest for Sinks {
    type Item = u64;
    type Subscriber = Inlet<u64>;

    fn subscriber(&self) -> (Self::Subscriber, Driver) {
        let (inlet, feed) = reactive::sink(sink::drain(), window(4));
        (inlet, Box::pin(async move { drop(feed.await) }))
    }

    fn item(&self, number: u64) -> u64 {
        number
    }
}

/// A processing stage as a subscriber, above a sink.
pub(super) struct StageInlets;

impl SubscriberUnderTest for StageInlets {
    type Item = u64;
    type Subscriber = Inlet<u64>;

    fn subscriber(&self) -> (Self::Subscriber, Driver) {
        let (inlet, publisher) = reactive::processor(window(4), |items| items);
        let below = reactive::stream(publisher, window(4));
        (inlet, Box::pin(below.for_each(async |_| {})))
    }

    fn item(&self, number: u64) -> u64 {
        number
    }
}
