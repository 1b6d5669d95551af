//! This runtime: as its documentation suggests, and with a supervisor that sheds.

use crate::overload::{ATTEMPTS, Contestant, Outcome, Retrying, Service, Urgent, Waiting, insist, spin};
use actors_core::policy::{Action, Pressure};
use actors_core::prelude::*;
use std::time::Duration;

struct Desk {
    work: Duration,
}

#[actor(capacity = 1024)]
impl Desk {
    #[message(overflow = reject)]
    async fn question(&mut self) -> u64 {
        spin(self.work);
        1
    }

    #[message(priority = high, overflow = reject)]
    async fn urgent(&mut self) -> u64 {
        spin(self.work);
        1
    }

    #[message(priority = low, overflow = drop_oldest)]
    async fn view(&mut self) {
        spin(self.work);
    }

    #[message(overflow = block)]
    async fn order(&mut self) {
        spin(self.work);
    }
}

fn start(service: &Service, pressure: Option<Pressure>) -> DeskHandle {
    let desk = System::new("overload").instance(Desk { work: service.work }).capacity(service.slots);
    let desk = match pressure {
        Some(pressure) => desk.pressure(pressure),
        None => desk,
    };
    desk.spawn().unwrap_or_else(|error| panic!("no actor: {error}"))
}

fn outcome<T>(answer: Result<T, Reason>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Answered,
        Err(Reason::TimedOut | Reason::Expired) => Outcome::TimedOut,
        Err(Reason::Closed | Reason::Panicked | Reason::Unanswered) => Outcome::Lost,
        Err(_) => Outcome::Refused,
    }
}

/// A contestant of this runtime, from its name and its pressure.
macro_rules! ours {
    ($(#[$doc:meta])* $contestant:ident, $name:literal, $pressure:expr) => {
        $(#[$doc])*
        pub(super) struct $contestant(DeskHandle);

        impl Contestant for $contestant {
            const NAME: &'static str = $name;

            fn start(service: &Service) -> Self {
                Self(start(service, $pressure))
            }

            async fn ask(&self, deadline: Duration) -> Outcome {
                outcome(self.0.question().timeout(deadline).await.map_err(|error| error.reason()))
            }
        }

        impl Urgent for $contestant {
            async fn urgent(&self, deadline: Duration) -> Outcome {
                outcome(self.0.urgent().timeout(deadline).await.map_err(|error| error.reason()))
            }

            fn flood(&self) {
                // The ledger counts what is dropped.
                let _ = self.0.view().try_send();
            }
        }

        impl Waiting for $contestant {
            async fn wait(&self) -> Outcome {
                outcome(self.0.order().await.map_err(|error| error.reason()))
            }
        }
    };
}

ours!(
    /// Capacity and overflow, and nothing else.
    Plain,
    "ours, as a newcomer writes it",
    None
);
ours!(
    /// With `pressure(respond = [shed])` and its defaults.
    Shedding,
    "ours, respond = [shed]",
    Some(Pressure::new().respond(&[Action::Shed]))
);

impl Retrying for Plain {
    const HOW: &'static str = "`.retry(3)`";

    async fn request(&self, deadline: Duration) -> Outcome {
        let request = self.0.question().timeout(ATTEMPTS * deadline).retry(ATTEMPTS - 1);
        outcome(request.await.map_err(|error| error.reason()))
    }

    fn attempts(&self) -> u64 {
        self.0.ledger().total().offered
    }
}

/// A client of the same service that tries again at once, as often as it may.
pub(super) struct Insistent(Plain);

impl Contestant for Insistent {
    const NAME: &'static str = Plain::NAME;

    fn start(service: &Service) -> Self {
        Insistent(Plain::start(service))
    }

    async fn ask(&self, deadline: Duration) -> Outcome {
        self.0.ask(deadline).await
    }
}

impl Retrying for Insistent {
    const HOW: &'static str = "at once, no budget";

    async fn request(&self, deadline: Duration) -> Outcome {
        insist(|| self.0.ask(deadline)).await
    }

    fn attempts(&self) -> u64 {
        self.0.attempts()
    }
}
