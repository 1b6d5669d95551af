//! This runtime: as its documentation suggests, and with a supervisor that sheds.

use crate::overload::{Contestant, Outcome, Service, Urgent, Waiting, spin};
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
