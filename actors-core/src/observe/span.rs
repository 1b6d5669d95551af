//! The span of an actor, behind the feature `tracing`.

#[cfg(feature = "tracing")]
mod actor_span {
    use crate::error::ActorName;
    use crate::panics::{caught, ignored};
    use tracing::Span;

    /// The span of an actor. It contains what the handlers log, on whichever thread a turn runs. It
    /// has no parent, so that the span of a sender that runs a turn does not leak in.
    ///
    /// A subscriber is foreign code. Its panics are caught here, also when the span is left while
    /// the thread unwinds.
    #[derive(Debug)]
    pub(crate) struct ActorSpan(Span);

    impl ActorSpan {
        pub(crate) fn new(actor: &ActorName) -> Self {
            let span = caught(|| tracing::info_span!(target: "actors", parent: None, "actor", %actor));
            ActorSpan(span.unwrap_or_else(|_| Span::none()))
        }

        /// Until the guard is dropped, this thread is in the span.
        #[inline]
        pub(crate) fn enter(&self) -> SpanGuard<'_> {
            if self.0.is_disabled() {
                return SpanGuard(None);
            }
            self.enter_known()
        }

        fn enter_known(&self) -> SpanGuard<'_> {
            let entered = caught(|| self.0.with_subscriber(|(id, subscriber)| subscriber.enter(id)));
            SpanGuard(entered.is_ok().then_some(&self.0))
        }

        /// Whether it hides the span that this thread is in, if it is in one.
        #[inline]
        pub(crate) fn hides_others(&self) -> bool {
            !self.0.is_disabled()
                || !tracing::dispatcher::has_been_set()
                || caught(|| Span::current().is_none()).unwrap_or(false)
        }
    }

    impl Drop for ActorSpan {
        fn drop(&mut self) {
            if !self.0.is_disabled() {
                // The subscriber closes the span.
                let span = std::mem::replace(&mut self.0, Span::none());
                ignored(|| drop(span));
            }
        }
    }

    /// The inside of a span, or of none.
    pub(crate) struct SpanGuard<'a>(Option<&'a Span>);

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
}

#[cfg(not(feature = "tracing"))]
mod actor_span {
    use crate::error::ActorName;

    #[derive(Debug)]
    pub(crate) struct ActorSpan;

    /// The inside of no span.
    pub(crate) struct SpanGuard;

    impl ActorSpan {
        pub(crate) fn new(_: &ActorName) -> Self {
            ActorSpan
        }

        pub(crate) fn enter(&self) -> SpanGuard {
            SpanGuard
        }

        pub(crate) fn hides_others(&self) -> bool {
            true
        }
    }
}

pub(crate) use actor_span::ActorSpan;
