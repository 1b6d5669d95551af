//! What the end of an actor's task leaves behind.

use crate::System;
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::actor::message::{AnyEnvelope, Envelope, Message};
use crate::actor::{Actor, Handler, Mail, Typed};
use crate::mailbox::Class;
use crate::policy::Policy;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

/// Runs jobs as its turns.
struct Host;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Run(Job);

impl Message for Run {
    type Reply = ();
    const NAME: &'static str = "Run";
    const POLICY: Policy = Policy::ask();
}

struct HostMail(Envelope<Run>);

impl Mail<Host> for HostMail {
    const CLASSES: &'static [Class] = &[Class::of::<Run>()];

    fn class(&self) -> usize {
        0
    }

    fn envelope(&self) -> &dyn AnyEnvelope {
        &self.0
    }

    fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope {
        &mut self.0
    }

    fn deliver_now(self, _: &mut Host, _: &mut Context<Host>) -> Option<Self> {
        Some(self)
    }

    async fn deliver(self, _: &mut Host, ctx: &mut Context<Host>) {
        let (Run(job), answer) = self.0.open();
        job.await;
        answer.send(ctx, ());
    }
}

impl Actor for Host {
    type Mail = HostMail;
    const NAME: &'static str = "Host";
}

impl Handler<Run> for Host {
    const CLASS: usize = 0;

    fn pack(envelope: Envelope<Run>) -> HostMail {
        HostMail(envelope)
    }

    fn unpack(mail: HostMail) -> Option<Envelope<Run>> {
        Some(mail.0)
    }
}

impl Typed<Handle<Host>> for Host {}

/// An ask that a turn has polled, and that is kept outside of the actor, is no wait any more once
/// the turn was dropped with its task: another actor may get the address by which the graph knows
/// this one.
#[test]
fn d1_a_wait_that_is_kept_does_not_outlive_the_task_of_its_turn() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap();
    let (place, kept) = mpsc::channel::<Job>();
    let (system, ask) = runtime.block_on(async move {
        let system = System::new("short");
        let [asker, asked]: [Handle<Host>; 2] = [system.spawn(Host), system.spawn(Host)];
        let job: Job = Box::pin(async move {
            let mut ask: Job = Box::pin(async move {
                let _ = asked.ask(Run(Box::pin(pending()))).await;
            });
            poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx).is_pending())).await;
            place.send(ask).unwrap();
            pending::<()>().await;
        });
        asker.tell(Run(job)).await.unwrap();
        let ask = loop {
            match kept.try_recv() {
                Ok(ask) => break ask,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(system.waits().len(), 1);
        (system, ask)
    });
    drop(runtime);
    assert_eq!(system.waits().len(), 0);
    drop(ask);
}
