// The expansion of `one_way.rs`, generated: see `src/expansions.rs`.

impl Counter {
    /// Counts a page view.
    fn viewed(&mut self, page: String) {
        self.views += page.len() as u64;
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Counter_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Counter_with_viewed::__own::Counter {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __CounterMail_with_viewed {}
#[allow(non_camel_case_types, dead_code)]
type __CounterViewed_page = String;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Counter_with_viewed_stands_in_a_function = ();
#[allow(unused_imports)]
use counter_messages::put_all_methods_of_Counter_with_viewed_into_one_actor_block as __Counter_with_viewed;
///The messages of `Counter`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod counter_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Counter_with_viewed_stands_in_a_function,
        __CounterViewed_page, Counter as __Actor, CounterHandle as __Handle,
        counter_messages as put_all_methods_of_Counter_with_viewed_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Counter, __Handle as CounterHandle};
    }
    /// Counts a page view.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Viewed {
        ///The argument `page`.
        pub page: __CounterViewed_page,
    }
    impl ::core::fmt::Debug for Viewed {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(
                f,
                "Viewed",
                &[
                    (
                        "page",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.page)).text(out)
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
pub enum __CounterMail_with_viewed {
    Viewed(::actors_core::by_hand::Envelope<__Counter_with_viewed::Viewed>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Counter_with_viewed::__own::Counter>
for __CounterMail_with_viewed
where
    for<'__actor> __Counter_with_viewed::__own::Counter: ::actors_core::__private::AnActor,
    for<'__actor> __CounterMail_with_viewed: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Counter_with_viewed::Viewed>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Viewed(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Viewed(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Viewed(envelope) => envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Counter_with_viewed::__own::Counter,
        ctx: &mut ::actors_core::Context<__Counter_with_viewed::__own::Counter>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Viewed(envelope) => {
                let (message, answer) = envelope.open();
                let reply = Counter::viewed(actor, message.page);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Counter_with_viewed::__own::Counter,
        ctx: &mut ::actors_core::Context<__Counter_with_viewed::__own::Counter>,
    ) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Counter_with_viewed::__own::Counter,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Counter
where
    for<'__actor> __Counter_with_viewed::__own::Counter: ::actors_core::__private::AnActor,
{
    type Mail = __CounterMail_with_viewed;
    const NAME: &'static ::core::primitive::str = "Counter";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new();
}
///The handle of `Counter`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct CounterHandle(::actors_core::Handle<__Counter_with_viewed::__own::Counter>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Counter_with_viewed::__own::CounterHandle {
    /// Counts a page view.
    #[inline]
    fn viewed(
        &self,
        page: String,
    ) -> ::actors_core::send::Tell<
        '_,
        __Counter_with_viewed::__own::Counter,
        __Counter_with_viewed::Viewed,
    > {
        self.0
            .tell(__Counter_with_viewed::Viewed {
                page,
            })
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Counter_with_viewed::__own::CounterHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Counter_with_viewed::__own::CounterHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Counter_with_viewed::__own::CounterHandle {
    type Target = ::actors_core::Handle<__Counter_with_viewed::__own::Counter>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Counter_with_viewed::__own::CounterHandle
where
    for<'__actor> __Counter_with_viewed::__own::Counter: ::actors_core::__private::AnActor,
    for<'__actor> __CounterMail_with_viewed: ::actors_core::__private::AMail,
{
    type Actor = __Counter_with_viewed::__own::Counter;
    fn from_handle(
        handle: ::actors_core::Handle<__Counter_with_viewed::__own::Counter>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Counter_with_viewed::__own::CounterHandle>
for Counter
where
    for<'__actor> __Counter_with_viewed::__own::Counter: ::actors_core::__private::AnActor,
    for<'__actor> __CounterMail_with_viewed: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Counter_with_viewed::Viewed {
    type Reply = ();
    const NAME: &'static ::core::primitive::str = "Viewed";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::tell()
        .priority(::actors_core::Priority::Low)
        .overflow(&[::actors_core::policy::Overflow::DropOldest])
        .ttl(::core::time::Duration::from_nanos(5000000000));
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Viewed",
            &[
                (
                    "page",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.page)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Counter_with_viewed::Viewed>
for __Counter_with_viewed::__own::Counter
where
    for<'__actor> __Counter_with_viewed::__own::Counter: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Counter_with_viewed::Viewed,
            &mut ::actors_core::Context<Self>,
        ) -> <__Counter_with_viewed::Viewed as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| Counter::viewed(
        actor,
        message.page,
    ));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Counter_with_viewed::Viewed>,
    ) -> Self::Mail {
        __CounterMail_with_viewed::Viewed(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Counter_with_viewed::Viewed>,
    > {
        match mail {
            __CounterMail_with_viewed::Viewed(envelope) => {
                ::core::option::Option::Some(envelope)
            }
        }
    }
}
