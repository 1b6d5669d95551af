//! ractor: a factory with one worker. It discards the newest job when its queue is full, and each
//! job has its deadline as time to live. Jobs reach the queue through the factory's own mailbox,
//! which has no bound.

use benches::overload::{Contestant, Outcome, Service, spin};
use ractor::factory::discard::{DiscardHandler, DiscardMode, DiscardReason, DiscardSettings};
use ractor::factory::{
    Factory, FactoryArguments, FactoryMessage, FactoryRef, Job, JobOptions, Worker, WorkerBuilder, WorkerId,
    queues, routing,
};
use ractor::{Actor, ActorProcessingErr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// An ask. Whatever becomes of it is sent, once.
struct Question(Option<oneshot::Sender<Outcome>>);

impl Question {
    fn end(&mut self, outcome: Outcome) {
        if let Some(asker) = self.0.take() {
            // The asker may have gone away.
            let _ = asker.send(outcome);
        }
    }
}

struct Desk;

impl Worker for Desk {
    type Key = ();
    type Message = Question;
    type State = Duration;
    type Arguments = Duration;

    async fn pre_start(
        &self,
        _: WorkerId,
        _: &FactoryRef<(), Question>,
        work: Duration,
    ) -> Result<Duration, ActorProcessingErr> {
        Ok(work)
    }

    async fn handle(
        &self,
        _: WorkerId,
        _: &FactoryRef<(), Question>,
        mut job: Job<(), Question>,
        work: &mut Duration,
    ) -> Result<(), ActorProcessingErr> {
        spin(*work);
        job.msg.end(Outcome::Answered);
        Ok(())
    }
}

struct Desks(Duration);

impl WorkerBuilder<Desk, Duration> for Desks {
    fn build(&mut self, _: WorkerId) -> (Desk, Duration) {
        (Desk, self.0)
    }
}

struct Discards;

impl DiscardHandler<(), Question> for Discards {
    fn discard(&self, reason: DiscardReason, job: &mut Job<(), Question>) {
        job.msg.end(match reason {
            DiscardReason::TtlExpired => Outcome::TimedOut,
            DiscardReason::Loadshed | DiscardReason::RateLimited => Outcome::Refused,
            DiscardReason::Shutdown => Outcome::Lost,
        });
    }
}

type Router = routing::QueuerRouting<(), Question>;
type Queue = queues::DefaultQueue<(), Question>;

/// The handle.
pub(super) struct Ractor(FactoryRef<(), Question>);

impl Contestant for Ractor {
    const NAME: &'static str = "ractor factory";
    const IN_RUNTIME: bool = true;

    fn start(service: &Service) -> Self {
        let arguments = FactoryArguments::builder()
            .worker_builder(Box::new(Desks(service.work)))
            .queue(Queue::default())
            .router(Router::default())
            .num_initial_workers(1)
            .discard_handler(Arc::new(Discards))
            .discard_settings(DiscardSettings::Static { limit: service.slots, mode: DiscardMode::Newest })
            .build();
        let factory = Factory::<(), Question, Duration, Desk, Router, Queue>::default();
        let started = service.runtime.block_on(Actor::spawn(None, factory, arguments));
        Self(started.unwrap_or_else(|error| panic!("no factory: {error}")).0)
    }

    async fn ask(&self, deadline: Duration) -> Outcome {
        let (asker, answer) = oneshot::channel();
        let job = Job {
            key: (),
            msg: Question(Some(asker)),
            options: JobOptions::new(Some(deadline)),
            accepted: None,
        };
        if self.0.cast(FactoryMessage::Dispatch(job)).is_err() {
            return Outcome::Lost;
        }
        match timeout(deadline, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::Lost,
            Err(_) => Outcome::TimedOut,
        }
    }
}
