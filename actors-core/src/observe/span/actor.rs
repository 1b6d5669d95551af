//! The span of an actor.

use crate::error::ActorName;
use crate::panics::{caught, ignored};
use tracing::Span;

/// The span of an actor. It contains what its hooks log and, where turns have no span of their own,
/// what the handlers log, on whichever thread a turn runs. It has no parent, so that the span of a
/// sender that runs a turn does not leak in.
#[derive(Debug)]
pub(crate) struct ActorSpan(Option<Box<Span>>);

/// No span.
pub(crate) static NO_SPAN: ActorSpan = ActorSpan(None);

impl ActorSpan {
    /// `None` where no subscriber is interested.
    pub(crate) fn new(actor: &ActorName) -> Self {
        let span = caught(|| tracing::info_span!(target: "actors", parent: None, "actor", %actor));
        ActorSpan(span.ok().filter(|span| !span.is_disabled()).map(Box::new))
    }

    /// Until the guard is dropped, this thread is in the span.
    #[inline]
    pub(crate) fn enter(&self) -> SpanGuard<'_> {
        SpanGuard::enter(self.0.as_deref())
    }

    /// Whether it hides the span that this thread is in, if it is in one.
    #[inline]
    pub(crate) fn hides_others(&self) -> bool {
        !tracing::dispatcher::has_been_set()
            || self.0.is_some()
            || caught(|| Span::current().is_none()).unwrap_or(false)
    }
}

impl Drop for ActorSpan {
    fn drop(&mut self) {
        if let Some(span) = self.0.take() {
            // The subscriber closes the span.
            ignored(|| drop(span));
        }
    }
}

/// The inside of a span, or of none.
pub(crate) struct SpanGuard<'a>(Option<&'a Span>);

impl<'a> SpanGuard<'a> {
    #[inline]
    pub(super) fn enter(span: Option<&'a Span>) -> Self {
        SpanGuard(span.filter(|span| Self::enter_known(span)))
    }

    fn enter_known(span: &Span) -> bool {
        caught(|| span.with_subscriber(|(id, subscriber)| subscriber.enter(id))).is_ok()
    }
}

impl Drop for SpanGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(span) = self.0 {
            ignored(|| {
                span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
            });
        }
    }
}
