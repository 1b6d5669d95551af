//! actix: the actor on an arbiter of its own, which is one thread. An ask is `try_send`, which
//! keeps to the capacity of the mailbox, with a oneshot and a timeout. The timers run on the
//! runtime of the bench, which is a thread besides. The actor handles asks whose deadline has
//! passed, too.

use actix::prelude::*;
use benches::overload::{Contestant, Outcome, Service, spin};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

struct Desk {
    slots: usize,
    work: Duration,
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.slots);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Question(oneshot::Sender<u64>);

impl Handler<Question> for Desk {
    type Result = ();

    fn handle(&mut self, Question(asker): Question, _: &mut Self::Context) {
        spin(self.work);
        // The asker may have gone away.
        let _ = asker.send(1);
    }
}

/// The handle, and what the actor runs on.
pub(super) struct Actix {
    desk: Addr<Desk>,
    /// `None` once it is joined.
    arbiter: Option<Arbiter>,
    /// An arbiter belongs to a system.
    _system: SystemRunner,
}

impl Contestant for Actix {
    const NAME: &'static str = "actix";
    const IN_RUNTIME: bool = true;

    fn start(service: &Service) -> Self {
        let _system = System::new();
        let arbiter = Arbiter::new();
        let (slots, work) = (service.slots, service.work);
        let desk = Desk::start_in_arbiter(&arbiter.handle(), move |_| Desk { slots, work });
        Self { desk, arbiter: Some(arbiter), _system }
    }

    async fn ask(&self, deadline: Duration) -> Outcome {
        let (asker, answer) = oneshot::channel();
        match self.desk.try_send(Question(asker)) {
            Ok(()) => {}
            Err(SendError::Full(_)) => return Outcome::Refused,
            Err(SendError::Closed(_)) => return Outcome::Lost,
        }
        match timeout(deadline, answer).await {
            Ok(Ok(_)) => Outcome::Answered,
            Ok(Err(_)) => Outcome::Lost,
            Err(_) => Outcome::TimedOut,
        }
    }
}

impl Drop for Actix {
    fn drop(&mut self) {
        // Joined, so that its backlog does not disturb the next cell.
        let Some(arbiter) = self.arbiter.take() else { return };
        arbiter.stop();
        let _ = arbiter.join();
    }
}
