//! S6: log lines of a handler are in the span of its turn or actor only, also when a sender runs
//! the turn.

use actors_core::prelude::*;
use actors_tests::{alone, meet_workers, threads};
use std::sync::{Arc, Mutex};
use tracing::{Instrument, Metadata, Subscriber, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// The spans around each event of this test's handlers, outermost first.
#[derive(Clone, Default)]
struct Scopes(Arc<Mutex<Vec<Vec<&'static str>>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Scopes {
    fn on_event(&self, event: &tracing::Event<'_>, context: LayerContext<'_, S>) {
        if event.metadata().target() == "handler" {
            let scope = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
            self.0.lock().unwrap().push(scope.map(|span| span.name()).collect());
        }
    }
}

struct Scribe;

#[actor(local)]
impl Scribe {
    #[message]
    fn note(&mut self) -> Option<tokio::task::Id> {
        info!(target: "handler", "noted");
        tokio::task::try_id()
    }

    #[message]
    async fn note_later(&mut self) {
        tokio::task::yield_now().await;
        info!(target: "handler", "noted");
    }
}

/// Logs in turns that the sender runs, and in turns that it does not, and returns the spans around
/// each line: those of the turns, and that of the sender.
fn scopes_of_turns(filter: fn(&Metadata<'_>) -> bool) -> (Vec<Vec<&'static str>>, Vec<&'static str>) {
    let scopes = Scopes::default();
    let subscriber = tracing_subscriber::registry().with(scopes.clone()).with(filter_fn(filter));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let runtime = threads(2);
    let system = runtime.block_on(async { System::new("spans") });
    meet_workers(&runtime, &system, 2);
    runtime.block_on(async {
        let scribe = system.spawn(Scribe);
        let sender = async move {
            // A turn that the operating system suspended seemed long, so the actor's task runs some
            // of the next turns.
            let mut turns = 0..10_000;
            while turns.next().is_some() && scribe.note().await.unwrap() != tokio::task::try_id() {}
            assert!(!turns.is_empty(), "the sender never runs the turn");
            scribe.note_later().ask().await.unwrap();
            info!(target: "handler", "the sender itself");
        };
        tokio::spawn(sender.instrument(info_span!("sender"))).await.unwrap();
    });
    let mut scopes = scopes.0.lock().unwrap();
    let last = scopes.pop().unwrap();
    assert!(scopes.len() >= 2, "{scopes:?}");
    (scopes.clone(), last)
}

#[test]
fn s6_spans_of_a_sender_do_not_leak_into_the_turns_it_runs() {
    alone!("s6_spans_of_a_sender_do_not_leak_into_the_turns_it_runs", || {
        let (of_turns, of_sender) = scopes_of_turns(|_| true);
        assert_eq!(of_sender, ["sender"]);
        assert!(of_turns.iter().all(|scope| *scope == ["turn"]), "{of_turns:?}");
    });
}

#[test]
fn s6_without_spans_of_turns_they_are_in_the_span_of_their_actor() {
    alone!("s6_without_spans_of_turns_they_are_in_the_span_of_their_actor", || {
        let (of_turns, of_sender) = scopes_of_turns(|metadata| metadata.target() != "actors::turn");
        assert_eq!(of_sender, ["sender"]);
        assert!(of_turns.iter().all(|scope| *scope == ["actor"]), "{of_turns:?}");
    });
}
