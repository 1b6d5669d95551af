// The expansion of `generic.rs`, generated: see `src/expansions.rs`.

impl<D: Db> Shop<D> {
    fn viewed(&mut self, page: String) {
        self.db.count(&page);
    }
    fn put(&mut self, row: D::Row) -> usize {
        self.db.put(row)
    }
    fn last(&mut self) -> Option<D::Row> {
        self.db.last()
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Shop_into_one_actor_block_or_the_other_type_into_another_module = ();
#[allow(dead_code, non_snake_case)]
const _: () = {
    fn __a_parameter_of_an_actor_is_Send_and_static<T>()
    where
        T: ::core::marker::Send + ?::core::marker::Sized + 'static,
    {}
    fn __parameters<D>()
    where
        D: Db,
    {
        __a_parameter_of_an_actor_is_Send_and_static::<D>();
    }
};
#[automatically_derived]
impl<D> ::actors_core::__private::AnActor
for __Shop_with_viewed_of_Shop_D_::__own::Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{}
#[automatically_derived]
impl<D> ::actors_core::__private::AMail for __ShopMail_with_viewed_of_Shop_D_<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> ::actors_core::by_hand::Envelope<
        __Shop_with_viewed_of_Shop_D_::Put<D>,
    >: ::actors_core::__private::SentEnvelope,
    for<'__actor> ::actors_core::by_hand::Envelope<
        __Shop_with_viewed_of_Shop_D_::Last<D>,
    >: ::actors_core::__private::SentEnvelope,
{}
#[automatically_derived]
impl<D> ::actors_core::__private::AMessage for __Shop_with_viewed_of_Shop_D_::Put<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{}
#[allow(dead_code)]
const _: () = {
    struct __IsMessage<M: ::actors_core::Message>(::core::marker::PhantomData<M>);
    struct __IsSend<T: ::core::marker::Send + 'static>(::core::marker::PhantomData<T>);
    struct __Types<D>(
        __IsSend<D::Row>,
        __IsSend<Option<D::Row>>,
        ::core::marker::PhantomData<(fn() -> D,)>,
    )
    where
        D: Db,
        D: ::core::marker::Send + 'static;
};
#[allow(non_camel_case_types, dead_code)]
type __ShopViewed_page = String;
#[doc(hidden)]
///`Shop::put` as a message.
#[allow(dead_code, unreachable_pub)]
struct __ShopPut<D>
where
    D: Db,
{
    ///The argument `row`.
    pub row: D::Row,
}
impl<D> ::core::fmt::Debug for __ShopPut<D>
where
    D: Db,
    Self: ::actors_core::Message,
{
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::write_fields(
            f,
            "Put",
            &[
                (
                    "row",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.row)).text(out)
                    },
                ),
            ],
        )
    }
}
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Shop_with_viewed_of_Shop_D__stands_in_a_function = ();
#[allow(unused_imports)]
use shop_messages::put_all_methods_of_Shop_with_viewed_of_Shop_D__into_one_actor_block as __Shop_with_viewed_of_Shop_D_;
///The messages of `Shop`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod shop_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Shop_with_viewed_of_Shop_D__stands_in_a_function,
        __ShopViewed_page, Shop as __Actor, ShopHandle as __Handle,
        shop_messages as put_all_methods_of_Shop_with_viewed_of_Shop_D__into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Shop, __Handle as ShopHandle};
    }
    ///`Shop::viewed` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Viewed {
        ///The argument `page`.
        pub page: __ShopViewed_page,
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
    #[doc(inline)]
    #[allow(unused_imports, unreachable_pub)]
    pub(super) use super::__ShopPut as Put;
    ///`Shop::last` as a message.
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Last<D> {
        __of: ::core::marker::PhantomData<(fn() -> D,)>,
    }
    impl<D> ::core::fmt::Debug for Last<D>
    where
        Self: ::actors_core::Message,
    {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(f, "Last", &[])
        }
    }
    #[allow(dead_code, unreachable_pub, clippy::all)]
    impl<D> Last<D> {
        /// Creates the message. Its type parameters follow from the actor's type and the reply.
        pub fn new() -> Self {
            Self {
                __of: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl<D> ::core::clone::Clone for Last<D> {
        fn clone(&self) -> Self {
            Self::new()
        }
    }
}
#[doc(hidden)]
#[allow(
    private_bounds,
    private_interfaces,
    non_camel_case_types,
    unreachable_pub,
    dead_code,
    clippy::all
)]
pub enum __ShopMail_with_viewed_of_Shop_D_<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    Viewed(::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Viewed>),
    Put(::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Put<D>>),
    Last(::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Last<D>>),
}
#[automatically_derived]
impl<D> ::actors_core::by_hand::Mail<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>
for __ShopMail_with_viewed_of_Shop_D_<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
    for<'__actor> __ShopMail_with_viewed_of_Shop_D_<D>: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Shop_with_viewed_of_Shop_D_::Viewed>(),
        ::actors_core::mailbox::Class::of::<__Shop_with_viewed_of_Shop_D_::Put<D>>(),
        ::actors_core::mailbox::Class::of::<__Shop_with_viewed_of_Shop_D_::Last<D>>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Viewed(_) => 0,
            Self::Put(_) => 1,
            Self::Last(_) => 2,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Viewed(envelope) => envelope,
            Self::Put(envelope) => envelope,
            Self::Last(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Viewed(envelope) => envelope,
            Self::Put(envelope) => envelope,
            Self::Last(envelope) => envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
        ctx: &mut ::actors_core::Context<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Viewed(envelope) => {
                let (message, answer) = envelope.open();
                let reply = <Shop<D>>::viewed(actor, message.page);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
            Self::Put(envelope) => {
                let (message, answer) = envelope.open();
                let reply = <Shop<D>>::put(actor, message.row);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
            Self::Last(envelope) => {
                let (message, answer) = envelope.open();
                let reply = <Shop<D>>::last(actor);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
        ctx: &mut ::actors_core::Context<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>,
    ) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl<D> ::actors_core::Actor for Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
{
    type Mail = __ShopMail_with_viewed_of_Shop_D_<D>;
    const NAME: &'static ::core::primitive::str = "Shop";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new();
}
///The handle of `Shop`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct ShopHandle<D>(
    ::actors_core::Handle<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>,
)
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send;
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl<D> __Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    ///`Shop::viewed` as a message.
    #[inline]
    fn viewed(
        &self,
        page: String,
    ) -> ::actors_core::send::Tell<
        '_,
        __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
        __Shop_with_viewed_of_Shop_D_::Viewed,
    > {
        self.0
            .tell(__Shop_with_viewed_of_Shop_D_::Viewed {
                page,
            })
    }
    ///`Shop::put` as a message.
    #[inline]
    fn put(
        &self,
        row: D::Row,
    ) -> ::actors_core::send::Ask<
        '_,
        __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
        __Shop_with_viewed_of_Shop_D_::Put<D>,
    > {
        self.0
            .ask(__Shop_with_viewed_of_Shop_D_::Put::<D> {
                row,
            })
    }
    ///`Shop::last` as a message.
    #[inline]
    fn last(
        &self,
    ) -> ::actors_core::send::Ask<
        '_,
        __Shop_with_viewed_of_Shop_D_::__own::Shop<D>,
        __Shop_with_viewed_of_Shop_D_::Last<D>,
    > {
        self.0.ask(__Shop_with_viewed_of_Shop_D_::Last::<D>::new())
    }
}
#[automatically_derived]
impl<D> ::core::clone::Clone for __Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl<D> ::core::fmt::Debug for __Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl<D> ::core::ops::Deref for __Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    type Target = ::actors_core::Handle<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl<D> ::actors_core::by_hand::TypedHandle
for __Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
    for<'__actor> __ShopMail_with_viewed_of_Shop_D_<D>: ::actors_core::__private::AMail,
{
    type Actor = __Shop_with_viewed_of_Shop_D_::__own::Shop<D>;
    fn from_handle(
        handle: ::actors_core::Handle<__Shop_with_viewed_of_Shop_D_::__own::Shop<D>>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl<
    D,
> ::actors_core::by_hand::Typed<__Shop_with_viewed_of_Shop_D_::__own::ShopHandle<D>>
for Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
    for<'__actor> __ShopMail_with_viewed_of_Shop_D_<D>: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Shop_with_viewed_of_Shop_D_::Viewed {
    type Reply = ();
    const NAME: &'static ::core::primitive::str = "Viewed";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::tell();
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
impl<D> ::actors_core::Handler<__Shop_with_viewed_of_Shop_D_::Viewed>
for __Shop_with_viewed_of_Shop_D_::__own::Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Shop_with_viewed_of_Shop_D_::Viewed,
            &mut ::actors_core::Context<Self>,
        ) -> <__Shop_with_viewed_of_Shop_D_::Viewed as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| <Shop<
        D,
    >>::viewed(actor, message.page));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Viewed>,
    ) -> Self::Mail {
        __ShopMail_with_viewed_of_Shop_D_::Viewed(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Viewed>,
    > {
        match mail {
            __ShopMail_with_viewed_of_Shop_D_::Viewed(envelope) => {
                ::core::option::Option::Some(envelope)
            }
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl<D> ::actors_core::Message for __Shop_with_viewed_of_Shop_D_::Put<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::Put<
        D,
    >: ::actors_core::__private::AMessage,
{
    type Reply = usize;
    const NAME: &'static ::core::primitive::str = "Put";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Put",
            &[
                (
                    "row",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.row)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl<D> ::actors_core::Handler<__Shop_with_viewed_of_Shop_D_::Put<D>>
for __Shop_with_viewed_of_Shop_D_::__own::Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 1;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Shop_with_viewed_of_Shop_D_::Put<D>,
            &mut ::actors_core::Context<Self>,
        ) -> <__Shop_with_viewed_of_Shop_D_::Put<D> as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| <Shop<
        D,
    >>::put(actor, message.row));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Put<D>>,
    ) -> Self::Mail {
        __ShopMail_with_viewed_of_Shop_D_::Put(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Put<D>>,
    > {
        match mail {
            __ShopMail_with_viewed_of_Shop_D_::Put(envelope) => {
                ::core::option::Option::Some(envelope)
            }
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl<D> ::actors_core::Message for __Shop_with_viewed_of_Shop_D_::Last<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
{
    type Reply = Option<D::Row>;
    const NAME: &'static ::core::primitive::str = "Last";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields("Last", &[])
    }
}
#[automatically_derived]
impl<D> ::actors_core::Handler<__Shop_with_viewed_of_Shop_D_::Last<D>>
for __Shop_with_viewed_of_Shop_D_::__own::Shop<D>
where
    D: Db,
    D: ::core::marker::Send + 'static,
    D::Row: ::core::marker::Send,
    for<'__actor> __Shop_with_viewed_of_Shop_D_::__own::Shop<
        D,
    >: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 2;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __Shop_with_viewed_of_Shop_D_::Last<D>,
            &mut ::actors_core::Context<Self>,
        ) -> <__Shop_with_viewed_of_Shop_D_::Last<D> as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| <Shop<D>>::last(actor));
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<
            __Shop_with_viewed_of_Shop_D_::Last<D>,
        >,
    ) -> Self::Mail {
        __ShopMail_with_viewed_of_Shop_D_::Last(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Shop_with_viewed_of_Shop_D_::Last<D>>,
    > {
        match mail {
            __ShopMail_with_viewed_of_Shop_D_::Last(envelope) => {
                ::core::option::Option::Some(envelope)
            }
            _ => ::core::option::Option::None,
        }
    }
}
