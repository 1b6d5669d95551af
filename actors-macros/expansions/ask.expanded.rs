// The expansion of `ask.rs`, generated: see `src/expansions.rs`.

impl Till {
    async fn charge(&mut self, cents: u64) -> Result<u64, Declined> {
        self.cents += authorized(cents).await?;
        Ok(self.cents)
    }
    fn total(&self) -> u64 {
        self.cents
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Till_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Till_with_charge::__own::Till {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __TillMail_with_charge
where
    for<'__actor> ::actors_core::by_hand::Envelope<
        __Till_with_charge::Charge,
    >: ::actors_core::__private::SentEnvelope,
{}
#[allow(non_camel_case_types, dead_code)]
type __TillCharge_cents = u64;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Till_with_charge_stands_in_a_function = ();
#[allow(unused_imports)]
use till_messages::put_all_methods_of_Till_with_charge_into_one_actor_block as __Till_with_charge;
///The messages of `Till`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod till_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Till_with_charge_stands_in_a_function,
        __TillCharge_cents, Till as __Actor, TillHandle as __Handle,
        till_messages as put_all_methods_of_Till_with_charge_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Till, __Handle as TillHandle};
    }
    ///`Till::charge` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Charge {
        ///The argument `cents`.
        pub cents: __TillCharge_cents,
    }
    impl ::core::fmt::Debug for Charge {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(
                f,
                "Charge",
                &[
                    (
                        "cents",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.cents)).text(out)
                        },
                    ),
                ],
            )
        }
    }
    ///`Till::total` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Total;
    impl ::core::fmt::Debug for Total {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(f, "Total", &[])
        }
    }
}
#[doc(hidden)]
#[allow(
    private_interfaces,
    non_camel_case_types,
    unreachable_pub,
    dead_code,
    clippy::all
)]
pub enum __TillMail_with_charge {
    Charge(::actors_core::by_hand::Envelope<__Till_with_charge::Charge>),
    Total(::actors_core::by_hand::Envelope<__Till_with_charge::Total>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Till_with_charge::__own::Till>
for __TillMail_with_charge
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
    for<'__actor> __TillMail_with_charge: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Till_with_charge::Charge>(),
        ::actors_core::mailbox::Class::of::<__Till_with_charge::Total>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Charge(_) => 0,
            Self::Total(_) => 1,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Charge(envelope) => envelope,
            Self::Total(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Charge(envelope) => envelope,
            Self::Total(envelope) => envelope,
        }
    }
    fn waits(&self) -> ::core::primitive::bool {
        ::core::matches!(self, Self::Charge(_))
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Till_with_charge::__own::Till,
        ctx: &mut ::actors_core::Context<__Till_with_charge::__own::Till>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Total(envelope) => {
                let (message, answer) = envelope.open();
                let reply = Till::total(actor);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
            other => ::core::option::Option::Some(other),
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Till_with_charge::__own::Till,
        ctx: &mut ::actors_core::Context<__Till_with_charge::__own::Till>,
    ) {
        match self {
            Self::Charge(envelope) => {
                let (message, answer) = envelope.open();
                let reply = ::actors_core::__private::send_future(
                    Till::charge(actor, message.cents),
                );
                let reply = reply.await;
                answer.send(ctx, reply);
            }
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Till_with_charge::__own::Till,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Till
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
{
    type Mail = __TillMail_with_charge;
    const NAME: &'static ::core::primitive::str = "Till";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new()
        .capacity(64)
        .reserve(8);
}
///The handle of `Till`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct TillHandle(::actors_core::Handle<__Till_with_charge::__own::Till>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Till_with_charge::__own::TillHandle {
    ///`Till::charge` as a message.
    #[inline]
    fn charge(
        &self,
        cents: u64,
    ) -> ::actors_core::send::Ask<
        '_,
        __Till_with_charge::__own::Till,
        __Till_with_charge::Charge,
    > {
        self.0
            .ask(__Till_with_charge::Charge {
                cents,
            })
    }
    ///`Till::total` as a message.
    #[inline]
    fn total(
        &self,
    ) -> ::actors_core::send::Ask<
        '_,
        __Till_with_charge::__own::Till,
        __Till_with_charge::Total,
    > {
        self.0.ask(__Till_with_charge::Total {})
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Till_with_charge::__own::TillHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Till_with_charge::__own::TillHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Till_with_charge::__own::TillHandle {
    type Target = ::actors_core::Handle<__Till_with_charge::__own::Till>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Till_with_charge::__own::TillHandle
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
    for<'__actor> __TillMail_with_charge: ::actors_core::__private::AMail,
{
    type Actor = __Till_with_charge::__own::Till;
    fn from_handle(
        handle: ::actors_core::Handle<__Till_with_charge::__own::Till>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Till_with_charge::__own::TillHandle> for Till
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
    for<'__actor> __TillMail_with_charge: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Till_with_charge::Charge {
    type Reply = Result<u64, Declined>;
    const NAME: &'static ::core::primitive::str = "Charge";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask()
        .priority(::actors_core::Priority::High)
        .overflow(&[::actors_core::policy::Overflow::Block])
        .timeout(::core::time::Duration::from_nanos(2000000000));
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Charge",
            &[
                (
                    "cents",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.cents)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Till_with_charge::Charge>
for __Till_with_charge::__own::Till
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    const FIRST_POLL: ::core::primitive::bool = true;
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Till_with_charge::Charge>,
    ) -> Self::Mail {
        __TillMail_with_charge::Charge(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Till_with_charge::Charge>,
    > {
        match mail {
            __TillMail_with_charge::Charge(envelope) => {
                ::core::option::Option::Some(envelope)
            }
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::actors_core::Message for __Till_with_charge::Total {
    type Reply = u64;
    const NAME: &'static ::core::primitive::str = "Total";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields("Total", &[])
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Till_with_charge::Total>
for __Till_with_charge::__own::Till
where
    for<'__actor> __Till_with_charge::__own::Till: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 1;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Till_with_charge::Total,
            &mut ::actors_core::Context<Self>,
        ) -> <__Till_with_charge::Total as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| Till::total(actor));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Till_with_charge::Total>,
    ) -> Self::Mail {
        __TillMail_with_charge::Total(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Till_with_charge::Total>,
    > {
        match mail {
            __TillMail_with_charge::Total(envelope) => {
                ::core::option::Option::Some(envelope)
            }
            _ => ::core::option::Option::None,
        }
    }
}
