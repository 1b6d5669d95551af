//! An order's way through two actors, as OpenTelemetry sees it.
//!
//! ```text
//!   edge ──buy──► shop ──place──► orders        each arrow is a message; each actor's turn is a span
//! ```
//!
//! The runtime makes the span of a turn, and the usual layer (`tracing-opentelemetry`) hands it to
//! an exporter. Here the exporter keeps the spans in this process. A service has an exporter of
//! OTLP in its place; nothing else differs.
//!
//! The program runs once for each way in which the span of a turn can refer to that of its sender.
//! As children, the three spans are one trace. As followers, which is the default, each turn begins
//! a trace of its own with a link to its sender's. It prints both as trees, compares the ids, and
//! exits with 1 where one is wrong.
//!
//! `cargo run --example trace`

use actors_core::observe::TurnSpans;
use actors_core::prelude::*;
use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use std::error::Error;
use std::process::ExitCode;
use tracing::{Instrument, info_span};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

#[derive(Default)]
struct Orders {
    placed: u64,
}

#[actor]
impl Orders {
    #[message]
    fn place(&mut self, sku: u32) -> u64 {
        // An event of the turn's span.
        tracing::info!(sku, "placed");
        self.placed += 1;
        self.placed
    }
}

struct Shop {
    orders: OrdersHandle,
}

#[actor]
impl Shop {
    #[message]
    async fn buy(&mut self, sku: u32) -> Result<u64, AskError> {
        self.orders.place(sku).await
    }
}

/// Handles one request, and returns the spans that were exported.
async fn trace(how: TurnSpans) -> Result<Vec<SpanData>, Box<dyn Error>> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("trace"));
    // Without the span of each actor, in which its hooks run.
    let turns = filter_fn(|metadata| metadata.target() != "actors");
    let subscriber = tracing_subscriber::registry().with(layer).with(turns);
    // For this thread, because the program runs twice. A service installs one for all.
    let _installed = tracing::subscriber::set_default(subscriber);

    let system = System::builder("market").turn_spans(how).build();
    let orders = system.instance(Orders::default()).name("orders").spawn()?;
    let shop = system.instance(Shop { orders }).name("shop").spawn()?;
    shop.buy(7).instrument(info_span!("edge")).await??;
    // A turn's span closes after its answer was sent, and the end of its actor comes after that.
    system.shutdown(std::time::Duration::from_secs(5)).await;
    provider.force_flush()?;
    let mut spans = exporter.get_finished_spans()?;
    spans.sort_by_key(|span| span.start_time);
    Ok(spans)
}

/// `edge`, or `shop: Buy`.
fn label(span: &SpanData) -> String {
    let field = |name: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.map(|attribute| attribute.value.to_string())
    };
    match (field("actor"), field("message")) {
        (Some(actor), Some(message)) => format!("{actor}: {message}"),
        _ => span.name.to_string(),
    }
}

/// The spans below `parent` as lines, each with the label of what it follows from.
fn tree(spans: &[SpanData], parent: SpanId, depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for span in spans.iter().filter(|span| span.parent_span_id == parent) {
        let links = span.links.iter().filter_map(|link| {
            spans.iter().find(|of| of.span_context.span_id() == link.span_context.span_id())
        });
        let links: String = links.map(|of| format!("   follows from {}", label(of))).collect();
        let trace = &span.span_context.trace_id().to_string()[..8];
        lines.push(format!("{:indent$}{:<16} trace {trace}{links}", "", label(span), indent = 2 * depth));
        lines.extend(tree(spans, span.span_context.span_id(), depth + 1));
    }
    lines
}

/// Checks the ids of the three spans.
///
/// # Errors
/// What is wrong.
fn check(how: TurnSpans, spans: &[SpanData]) -> Result<(), String> {
    let find = |name: &str| {
        let found = spans.iter().find(|span| label(span) == name);
        found.ok_or_else(|| format!("there is no span `{name}`"))
    };
    let way = [find("edge")?, find("shop: Buy")?, find("orders: Place")?];
    if spans.len() != way.len() {
        return Err(format!("{} spans instead of 3", spans.len()));
    }
    for pair in way.windows(2) {
        let [sender, turn] = pair else { continue };
        let (from, to) = (&sender.span_context, &turn.span_context);
        let link = turn.links.iter().map(|link| &link.span_context);
        let is_right = match how {
            TurnSpans::ChildOf => {
                turn.parent_span_id == from.span_id() && to.trace_id() == from.trace_id() && link.count() == 0
            }
            _ => {
                turn.parent_span_id == SpanId::INVALID
                    && to.trace_id() != from.trace_id()
                    && link.map(|of| (of.trace_id(), of.span_id())).eq([(from.trace_id(), from.span_id())])
            }
        };
        if !is_right {
            return Err(format!("`{}` does not refer to `{}`: {turn:?}", label(turn), label(sender)));
        }
    }
    Ok(())
}

/// Runs, prints and checks both ways.
///
/// # Errors
/// What is wrong.
async fn both() -> Result<(), Box<dyn Error>> {
    for how in [TurnSpans::ChildOf, TurnSpans::FollowsFrom] {
        let spans = trace(how).await?;
        println!("{how:?}");
        tree(&spans, SpanId::INVALID, 1).iter().for_each(|line| println!("{line}"));
        check(how, &spans)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match both().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn l7_opentelemetry_gets_the_parents_or_the_links_of_turns() {
        both().await.unwrap();
    }

    #[tokio::test]
    async fn the_check_tells_the_two_ways_apart() {
        let spans = trace(TurnSpans::FollowsFrom).await.unwrap();
        assert!(check(TurnSpans::ChildOf, &spans).is_err());
        assert!(check(TurnSpans::FollowsFrom, &spans[1..]).is_err());
    }
}
