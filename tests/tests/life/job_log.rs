//! F7: the log line of a job that panics.

use actors_core::prelude::*;
use actors_tests::{SECOND, alone, run};
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

/// The errors that the runtime logs, as `field=value` words.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == "actors" && *metadata.level() == tracing::Level::ERROR {
            let mut words = Words::default();
            event.record(&mut words);
            self.0.lock().unwrap().push(words.0);
        }
    }
}

struct Clerk;

#[actor(local)]
impl Clerk {
    #[message]
    fn due(&mut self) {}

    #[message]
    fn pipe(&mut self, ctx: &mut Context<Self>) {
        let future = async {
            tokio::time::sleep(SECOND).await;
            panic!("the pipe bursts");
        };
        ctx.pipe(future, |()| ClerkDue {}).unwrap();
    }

    #[message]
    fn fails(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn f7_a_job_s_panic_is_logged_whether_its_instance_is_still_there_or_not() {
    alone!("f7_a_job_s_panic_is_logged_whether_its_instance_is_still_there_or_not", || {
        let errors = Errors::default();
        let subscriber = tracing_subscriber::registry().with(errors.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        run(async |system| {
            let clerk: ClerkHandle = system.actor(|| Clerk).name("clerk").spawn().unwrap();
            let logged = || std::mem::take(&mut *errors.0.lock().unwrap());
            let line = |logged: &[String]| {
                logged.iter().filter(|line| line.contains("pipe of `Due` panicked: the pipe bursts")).count()
            };
            clerk.pipe().await.unwrap();
            tokio::time::sleep(2 * SECOND).await;
            let there = logged();
            assert_eq!(line(&there), 1, "{there:?}");
            assert!(there[0].contains("actor=clerk"), "{there:?}");
            clerk.pipe().await.unwrap();
            clerk.fails().await.unwrap();
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(line(&logged()), 1);
        });
    });
}
