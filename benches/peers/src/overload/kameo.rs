//! kameo, with a bounded mailbox. An ask is `reply_timeout(…).try_send()`. The actor handles asks
//! whose deadline has passed, too.

use benches::overload::{Contestant, Outcome, Service, spin};
use kameo::actor::{ActorRef, Spawn};
use kameo::error::SendError;
use kameo::mailbox;
use kameo::message::{Context, Message};
use std::time::Duration;

#[derive(kameo::Actor)]
struct Desk {
    work: Duration,
}

struct Question;

impl Message<Question> for Desk {
    type Reply = u64;

    async fn handle(&mut self, _: Question, _: &mut Context<Self, u64>) -> u64 {
        spin(self.work);
        1
    }
}

/// The handle.
pub(super) struct Kameo(ActorRef<Desk>);

impl Contestant for Kameo {
    const NAME: &'static str = "kameo";
    const IN_RUNTIME: bool = true;

    fn start(service: &Service) -> Self {
        Self(Desk::spawn_with_mailbox(Desk { work: service.work }, mailbox::bounded(service.slots)))
    }

    async fn ask(&self, deadline: Duration) -> Outcome {
        match self.0.ask(Question).reply_timeout(deadline).try_send().await {
            Ok(_) => Outcome::Answered,
            Err(SendError::MailboxFull(_)) => Outcome::Refused,
            Err(SendError::Timeout(_)) => Outcome::TimedOut,
            Err(_) => Outcome::Lost,
        }
    }
}
