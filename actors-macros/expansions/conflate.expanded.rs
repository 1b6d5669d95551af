// The expansion of `conflate.rs`, generated: see `src/expansions.rs`.

impl Prices {
    fn priced(&mut self, sku: u32, cents: u64, note: String) {
        self.cents.insert(sku, cents);
        drop(note);
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Prices_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Prices_with_priced::__own::Prices {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __PricesMail_with_priced {}
#[allow(non_camel_case_types, dead_code)]
type __PricesPriced_sku = u32;
#[allow(non_camel_case_types, dead_code)]
type __PricesPriced_cents = u64;
#[allow(non_camel_case_types, dead_code)]
type __PricesPriced_note = String;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Prices_with_priced_stands_in_a_function = ();
#[allow(unused_imports)]
use prices_messages::put_all_methods_of_Prices_with_priced_into_one_actor_block as __Prices_with_priced;
///The messages of `Prices`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod prices_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Prices_with_priced_stands_in_a_function,
        __PricesPriced_sku, __PricesPriced_cents, __PricesPriced_note, Prices as __Actor,
        PricesHandle as __Handle,
        prices_messages as put_all_methods_of_Prices_with_priced_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Prices, __Handle as PricesHandle};
    }
    ///`Prices::priced` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Priced {
        ///The argument `sku`.
        pub sku: __PricesPriced_sku,
        ///The argument `cents`.
        pub cents: __PricesPriced_cents,
        ///The argument `note`.
        pub note: __PricesPriced_note,
    }
    impl ::core::fmt::Debug for Priced {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(
                f,
                "Priced",
                &[
                    (
                        "sku",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.sku)).text(out)
                        },
                    ),
                    (
                        "cents",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.cents)).text(out)
                        },
                    ),
                    (
                        "note",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.note)).text(out)
                        },
                    ),
                ],
            )
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
pub enum __PricesMail_with_priced {
    Priced(::actors_core::by_hand::Envelope<__Prices_with_priced::Priced>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Prices_with_priced::__own::Prices>
for __PricesMail_with_priced
where
    for<'__actor> __Prices_with_priced::__own::Prices: ::actors_core::__private::AnActor,
    for<'__actor> __PricesMail_with_priced: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Prices_with_priced::Priced>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Priced(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Priced(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Priced(envelope) => envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Prices_with_priced::__own::Prices,
        ctx: &mut ::actors_core::Context<__Prices_with_priced::__own::Prices>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Priced(envelope) => {
                let (message, answer) = envelope.open();
                let reply = Prices::priced(
                    actor,
                    message.sku,
                    message.cents,
                    message.note,
                );
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Prices_with_priced::__own::Prices,
        ctx: &mut ::actors_core::Context<__Prices_with_priced::__own::Prices>,
    ) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Prices_with_priced::__own::Prices,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Prices
where
    for<'__actor> __Prices_with_priced::__own::Prices: ::actors_core::__private::AnActor,
{
    type Mail = __PricesMail_with_priced;
    const NAME: &'static ::core::primitive::str = "Prices";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new()
        .max_bytes(65536);
}
///The handle of `Prices`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct PricesHandle(::actors_core::Handle<__Prices_with_priced::__own::Prices>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Prices_with_priced::__own::PricesHandle {
    ///`Prices::priced` as a message.
    #[inline]
    fn priced(
        &self,
        sku: u32,
        cents: u64,
        note: String,
    ) -> ::actors_core::send::Tell<
        '_,
        __Prices_with_priced::__own::Prices,
        __Prices_with_priced::Priced,
    > {
        self.0
            .tell(__Prices_with_priced::Priced {
                sku,
                cents,
                note,
            })
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Prices_with_priced::__own::PricesHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Prices_with_priced::__own::PricesHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Prices_with_priced::__own::PricesHandle {
    type Target = ::actors_core::Handle<__Prices_with_priced::__own::Prices>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Prices_with_priced::__own::PricesHandle
where
    for<'__actor> __Prices_with_priced::__own::Prices: ::actors_core::__private::AnActor,
    for<'__actor> __PricesMail_with_priced: ::actors_core::__private::AMail,
{
    type Actor = __Prices_with_priced::__own::Prices;
    fn from_handle(
        handle: ::actors_core::Handle<__Prices_with_priced::__own::Prices>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Prices_with_priced::__own::PricesHandle> for Prices
where
    for<'__actor> __Prices_with_priced::__own::Prices: ::actors_core::__private::AnActor,
    for<'__actor> __PricesMail_with_priced: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Prices_with_priced::Priced {
    type Reply = ();
    const NAME: &'static ::core::primitive::str = "Priced";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::tell()
        .overflow(&[::actors_core::policy::Overflow::Conflate])
        .keyed();
    fn hash_key<__H: ::core::hash::Hasher>(&self, state: &mut __H) {
        ::core::hash::Hash::hash("sku", state);
        ::actors_core::__private::Key::hash_with(&self.sku, state)
    }
    fn same_key(&self, other: &Self) -> ::core::primitive::bool {
        ::actors_core::__private::Key::is(&self.sku, &other.sku)
    }
    fn weight(&self) -> ::core::primitive::usize {
        ::actors_core::__private::weigh(&self.note)
    }
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Priced",
            &[
                (
                    "sku",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.sku)).text(out)
                    },
                ),
                (
                    "cents",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.cents)).text(out)
                    },
                ),
                (
                    "note",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.note)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Prices_with_priced::Priced>
for __Prices_with_priced::__own::Prices
where
    for<'__actor> __Prices_with_priced::__own::Prices: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Prices_with_priced::Priced,
            &mut ::actors_core::Context<Self>,
        ) -> <__Prices_with_priced::Priced as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| Prices::priced(
        actor,
        message.sku,
        message.cents,
        message.note,
    ));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Prices_with_priced::Priced>,
    ) -> Self::Mail {
        __PricesMail_with_priced::Priced(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Prices_with_priced::Priced>,
    > {
        match mail {
            __PricesMail_with_priced::Priced(envelope) => {
                ::core::option::Option::Some(envelope)
            }
        }
    }
}
