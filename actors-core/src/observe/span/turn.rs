//! The span of a turn, and the span of its sender on the way there.

use super::TurnSpans;
use super::actor::SpanGuard;
use crate::error::ActorName;
use crate::panics::{caught, ignored};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tracing::callsite::DefaultCallsite;
use tracing::field::{Value, display};
use tracing::level_filters::LevelFilter;
use tracing::metadata::{Kind, Metadata};
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Level, Span, dispatcher};

/// Not the macro for spans: it makes a span of the subscriber of this thread, and a turn's belongs
/// to the subscriber of its sender. Its callsite also answers whether a sender's span is kept.
static CALLSITE: DefaultCallsite = DefaultCallsite::new(&META);
static META: Metadata<'static> = tracing::metadata! {
    name: "turn",
    target: "actors::turn",
    level: Level::INFO,
    fields: &["actor", "message"],
    callsite: &CALLSITE,
    kind: Kind::SPAN
};

/// Whether a subscriber may want spans of turns. One relaxed load while none has the level.
///
/// A filter that decides for each span is asked only when one is made: `tracing-subscriber` takes
/// the answer for that of the next span or event (tokio-rs/tracing#2519).
#[inline(always)]
pub(crate) fn is_wanted() -> bool {
    LevelFilter::current() >= LevelFilter::INFO && is_interesting()
}

#[cold]
fn is_interesting() -> bool {
    // The first call asks the subscribers, which are foreign code.
    caught(|| !CALLSITE.interest().is_never()).unwrap_or(false)
}

/// The span in which a message was sent. It stays open until this is dropped.
#[derive(Debug)]
pub struct Origin(Option<Span>);

impl Origin {
    /// The span of this thread. `None` where it is in none.
    pub(crate) fn current() -> Option<Origin> {
        let span = caught(Span::current).ok()?;
        (!span.is_none()).then_some(Origin(Some(span)))
    }

    fn with<T>(&self, f: impl FnOnce(&Id, &Dispatch) -> T) -> Option<T> {
        self.0.as_ref()?.with_subscriber(|(id, subscriber)| f(id, subscriber))
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let span = self.0.take();
        // The subscriber may close the span.
        ignored(|| drop(span));
    }
}

/// The span of a turn that runs. Dropping it leaves and closes the span.
#[derive(Debug)]
pub(crate) struct TurnSpan {
    id: Id,
    subscriber: Dispatch,
    is_entered: bool,
}

impl TurnSpan {
    /// Makes the span of a turn, and enters it. `None` where the subscriber does not want this one,
    /// or panics.
    pub(crate) fn begin(
        how: TurnSpans,
        actor: &ActorName,
        message: &'static str,
        origin: impl FnOnce() -> Option<Origin>,
    ) -> Option<TurnSpan> {
        let made = caught(|| {
            let origin = origin();
            match origin
                .as_ref()
                .and_then(|origin| origin.with(|id, of| make(how, actor, message, of, Some(id))))
            {
                Some(span) => span,
                None => dispatcher::get_default(|subscriber| make(how, actor, message, subscriber, None)),
            }
        });
        let mut span = made.ok()??;
        span.enter();
        Some(span)
    }

    /// Until it is left, this thread is in the span.
    pub(crate) fn enter(&mut self) {
        if !self.is_entered {
            self.is_entered = caught(|| self.subscriber.enter(&self.id)).is_ok();
        }
    }

    /// Leaves and closes it.
    pub(crate) fn close(self) {}

    pub(crate) fn leave(&mut self) {
        if std::mem::take(&mut self.is_entered) {
            ignored(|| self.subscriber.exit(&self.id));
        }
    }
}

/// Makes the span of a turn for a subscriber, which has also the sender's span, `from`.
fn make(
    how: TurnSpans,
    actor: &ActorName,
    message: &'static str,
    subscriber: &Dispatch,
    from: Option<&Id>,
) -> Option<TurnSpan> {
    if !CALLSITE.interest().is_always() && !subscriber.enabled(&META) {
        return None;
    }
    let fields = META.fields();
    let (actor, message) = (display(actor), message);
    let mut names = fields.iter();
    let (of_actor, of_message) = (names.next()?, names.next()?);
    let values = [(&of_actor, Some(&actor as &dyn Value)), (&of_message, Some(&message as &dyn Value))];
    // What the macro for spans expands to, in every release of `tracing` 0.1.
    let values = fields.value_set(&values);
    let attributes = match from {
        Some(from) if how == TurnSpans::ChildOf => Attributes::child_of(from.clone(), &META, &values),
        _ => Attributes::new_root(&META, &values),
    };
    let id = subscriber.new_span(&attributes);
    // From here on the span is closed, also if the subscriber panics.
    let span = TurnSpan { id, subscriber: subscriber.clone(), is_entered: false };
    if let Some(from) = from.filter(|_| how == TurnSpans::FollowsFrom) {
        let _ = caught(|| subscriber.record_follows_from(&span.id, from));
    }
    Some(span)
}

impl Drop for TurnSpan {
    fn drop(&mut self) {
        self.leave();
        ignored(|| {
            self.subscriber.try_close(self.id.clone());
        });
    }
}

/// Makes a future that is polled in the span `origin`, if there is one.
pub(crate) fn within<F: Future>(origin: Option<Origin>, future: F) -> impl Future<Output = F::Output> {
    Within { future, origin }
}

pin_project! {
    struct Within<F> {
        #[pin]
        future: F,
        origin: Option<Origin>,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _span = SpanGuard::enter(this.origin.as_ref().and_then(|origin| origin.0.as_ref()));
        this.future.poll(cx)
    }
}
