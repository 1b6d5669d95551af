//! An actor written without the macros.

use super::*;

struct ByHand(u64);

struct Add(u64);

struct Price {
    sku: u32,
    cents: u64,
}

impl Message for Add {
    type Reply = u64;
    const NAME: &'static str = "Add";
    const POLICY: Policy = Policy::ask().priority(Priority::High);

    fn describe(&self) -> Option<String> {
        Some(format!("add {}", self.0))
    }
}

impl Message for Price {
    type Reply = ();
    const NAME: &'static str = "Price";
    const POLICY: Policy = Policy::tell().keyed().overflow(&[Overflow::Conflate]);

    fn hash_key<H: std::hash::Hasher>(&self, state: &mut H) {
        std::hash::Hash::hash(&self.sku, state);
    }

    fn same_key(&self, other: &Self) -> bool {
        self.sku == other.sku
    }
}

enum HandMail {
    Add(Envelope<Add>),
    Price(Envelope<Price>),
}

impl Mail<ByHand> for HandMail {
    const CLASSES: &'static [Class] = &[Class::of::<Add>(), Class::of::<Price>()];

    fn class(&self) -> usize {
        match self {
            HandMail::Add(_) => 0,
            HandMail::Price(_) => 1,
        }
    }

    fn envelope(&self) -> &dyn AnyEnvelope {
        match self {
            HandMail::Add(envelope) => envelope,
            HandMail::Price(envelope) => envelope,
        }
    }

    fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope {
        match self {
            HandMail::Add(envelope) => envelope,
            HandMail::Price(envelope) => envelope,
        }
    }

    fn deliver_now(self, actor: &mut ByHand, ctx: &mut Context<ByHand>) -> Option<Self> {
        match self {
            HandMail::Add(envelope) => {
                let (Add(n), answer) = envelope.open();
                actor.0 += n;
                answer.send(ctx, actor.0);
                None
            }
            later @ HandMail::Price(_) => Some(later),
        }
    }

    async fn deliver(self, actor: &mut ByHand, ctx: &mut Context<ByHand>) {
        let HandMail::Price(envelope) = self else { return };
        let (price, answer) = envelope.open();
        tokio::task::yield_now().await;
        actor.0 += price.cents;
        answer.send(ctx, ());
    }
}

impl Actor for ByHand {
    type Mail = HandMail;
    const NAME: &'static str = "ByHand";
}

impl Handler<Add> for ByHand {
    const CLASS: usize = 0;

    fn pack(envelope: Envelope<Add>) -> HandMail {
        HandMail::Add(envelope)
    }

    fn unpack(mail: HandMail) -> Option<Envelope<Add>> {
        match mail {
            HandMail::Add(envelope) => Some(envelope),
            HandMail::Price(_) => None,
        }
    }
}

impl Handler<Price> for ByHand {
    const CLASS: usize = 1;

    fn pack(envelope: Envelope<Price>) -> HandMail {
        HandMail::Price(envelope)
    }

    fn unpack(mail: HandMail) -> Option<Envelope<Price>> {
        match mail {
            HandMail::Price(envelope) => Some(envelope),
            HandMail::Add(_) => None,
        }
    }
}

impl Typed<Handle<ByHand>> for ByHand {}

#[test]
fn an_actor_written_by_hand_is_like_any_other() {
    run(async |system| {
        let by_hand: Handle<ByHand> = system.spawn(ByHand(0));
        assert_eq!(by_hand.ask(Add(2)).await.unwrap(), 2);
        let held = testing::hold(&by_hand);
        for cents in [10, 20, 30] {
            by_hand.tell(Price { sku: 1, cents }).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(by_hand.ask(Add(0)).await.unwrap(), 32);
        assert_eq!(by_hand.ledger().of::<Price>().conflated, 2);
        let mut lost = system.dead_letters();
        let held = testing::hold(&by_hand);
        by_hand.tell(Add(7)).await.unwrap();
        by_hand.kill();
        drop(held);
        assert_eq!(lost.next().await.unwrap().payload.as_deref(), Some("add 7"));
    });
}
