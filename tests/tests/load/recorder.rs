//! Records spans as a tracer sees them: which one is the parent of which, which one follows from
//! which, what is logged inside, and whether a span is still open.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Its name and the words of its fields: `turn desk Work`.
    pub(crate) label: String,
    pub(crate) parent: Option<String>,
    pub(crate) follows: Vec<String>,
    /// What was logged while it was the current span of the thread.
    pub(crate) events: Vec<String>,
    pub(crate) entered: usize,
    pub(crate) is_open: bool,
    target: &'static str,
}

#[derive(Debug, Default)]
struct Records {
    spans: Vec<Span>,
    /// Where the spans are that are open.
    open: HashMap<u64, usize>,
    /// What was logged in no span.
    outside: Vec<String>,
    /// What must not happen. A panic would be caught by the runtime.
    faults: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Recorder {
    records: Arc<Mutex<Records>>,
    is_without_turns: bool,
}

thread_local! {
    /// The spans that this thread has entered, by any recorder.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The values of fields, in a row.
#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(format!("{value:?}").trim_matches('"'));
    }
}

impl Records {
    fn find(&mut self, id: &Id) -> Option<&mut Span> {
        let at = *self.open.get(&id.into_u64())?;
        self.spans.get_mut(at)
    }

    fn label(&mut self, id: &Id) -> Option<String> {
        self.find(id).map(|span| span.label.clone())
    }
}

impl Recorder {
    /// A recorder whose filter hides the spans of turns.
    pub(crate) fn without_turns() -> Self {
        Recorder { is_without_turns: true, ..Recorder::default() }
    }

    pub(crate) fn subscriber(&self) -> Dispatch {
        Dispatch::new(tracing_subscriber::registry().with(self.clone()))
    }

    /// Makes it the subscriber of the process, which must be the test's own.
    pub(crate) fn install(&self) {
        tracing::dispatcher::set_global_default(self.subscriber()).unwrap();
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The spans of turns, in the order in which they were made.
    #[track_caller]
    pub(crate) fn turns(&self) -> Vec<Span> {
        let records = self.records();
        assert!(records.faults.is_empty(), "{:?}", records.faults);
        records.spans.iter().filter(|span| span.target == "actors::turn").cloned().collect()
    }

    /// The first span with this label.
    #[track_caller]
    pub(crate) fn span(&self, label: &str) -> Span {
        let records = self.records();
        let found = records.spans.iter().find(|span| span.label == label);
        found.unwrap_or_else(|| panic!("no span `{label}` in {:#?}", records.spans)).clone()
    }

    /// What was logged in no span.
    pub(crate) fn outside(&self) -> Vec<String> {
        self.records().outside.clone()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !(self.is_without_turns && metadata.target() == "actors::turn")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut label = Words(attributes.metadata().name().to_owned());
        attributes.record(&mut label);
        let parent = context.span(id).and_then(|span| Some(span.parent()?.id()));
        let mut records = self.records();
        let parent = parent.and_then(|parent| records.label(&parent));
        let at = records.spans.len();
        records.open.insert(id.into_u64(), at);
        records.spans.push(Span {
            label: label.0,
            parent,
            follows: Vec::new(),
            events: Vec::new(),
            entered: 0,
            is_open: true,
            target: attributes.metadata().target(),
        });
    }

    fn on_follows_from(&self, span: &Id, follows: &Id, _: Context<'_, S>) {
        let mut records = self.records();
        let follows = records.label(follows);
        match (follows, records.find(span)) {
            (Some(follows), Some(span)) => span.follows.push(follows),
            _ => records.faults.push(format!("{span:?} follows from a span that is not open")),
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Words::default();
        event.record(&mut text);
        let current = ENTERED.with_borrow(|entered| entered.last().copied());
        let mut records = self.records();
        match current.map(Id::from_u64).and_then(|id| records.find(&id)) {
            Some(span) => span.events.push(text.0),
            None => records.outside.push(text.0),
        }
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
        if let Some(span) = self.records().find(id) {
            span.entered += 1;
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let left = ENTERED.with_borrow_mut(|entered| entered.pop());
        if left != Some(id.into_u64()) {
            let mut records = self.records();
            let label = records.label(id);
            records.faults.push(format!("{label:?} is left, and this thread was last in {left:?}"));
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut records = self.records();
        let at = records.open.remove(&id.into_u64());
        if let Some(span) = at.and_then(|at| records.spans.get_mut(at)) {
            span.is_open = false;
        }
    }
}
