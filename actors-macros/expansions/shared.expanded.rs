// The expansion of `shared.rs`, generated: see `src/expansions.rs`.

#[automatically_derived]
impl ::actors_core::Message for GetStock {
    type Reply = u32;
    const NAME: &'static ::core::primitive::str = "GetStock";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask()
        .priority(::actors_core::Priority::Urgent)
        .overflow(&[::actors_core::policy::Overflow::Reject])
        .keyed();
    fn hash_key<__H: ::core::hash::Hasher>(&self, state: &mut __H) {
        ::core::hash::Hash::hash("sku", state);
        ::actors_core::__private::Key::hash_with(&self.sku, state)
    }
    fn same_key(&self, other: &Self) -> ::core::primitive::bool {
        ::actors_core::__private::Key::is(&self.sku, &other.sku)
    }
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::whole(
            "GetStock",
            &|out: &mut dyn ::core::fmt::Write| {
                (&::actors_core::__private::Text(self)).text(out)
            },
        )
    }
}
impl Stock {
    fn get_stock(&mut self, get: GetStock) -> u32 {
        get.sku
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Stock_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Stock_with_get_stock::__own::Stock {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __StockMail_with_get_stock
where
    for<'__actor> ::actors_core::by_hand::Envelope<
        __MessageOfStockGetStock,
    >: ::actors_core::__private::SentEnvelope,
{}
#[cfg(doc)]
#[allow(non_camel_case_types, dead_code)]
type __MessageOfStockGetStock = GetStock;
#[cfg(not(doc))]
#[allow(non_camel_case_types, dead_code)]
type __MessageOfStockGetStock = <::actors_core::__private::Checked<
    { ::actors_core::__private::is_a_message::<GetStock>() },
> as ::actors_core::__private::Of<GetStock>>::Is;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Stock_with_get_stock_stands_in_a_function = ();
#[allow(unused_imports)]
use stock_messages::put_all_methods_of_Stock_with_get_stock_into_one_actor_block as __Stock_with_get_stock;
///The messages of `Stock`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
pub(crate) mod stock_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Stock_with_get_stock_stands_in_a_function,
        Stock as __Actor, StockHandle as __Handle,
        stock_messages as put_all_methods_of_Stock_with_get_stock_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Stock, __Handle as StockHandle};
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
pub enum __StockMail_with_get_stock {
    GetStock(
        ::std::boxed::Box<::actors_core::by_hand::Envelope<__MessageOfStockGetStock>>,
    ),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Stock_with_get_stock::__own::Stock>
for __StockMail_with_get_stock
where
    for<'__actor> __Stock_with_get_stock::__own::Stock: ::actors_core::__private::AnActor,
    for<'__actor> __StockMail_with_get_stock: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__MessageOfStockGetStock>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::GetStock(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::GetStock(envelope) => &**envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::GetStock(envelope) => &mut **envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Stock_with_get_stock::__own::Stock,
        ctx: &mut ::actors_core::Context<__Stock_with_get_stock::__own::Stock>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::GetStock(envelope) => {
                let (message, answer) = envelope.open();
                if let ::core::option::Option::Some(run) = <__Stock_with_get_stock::__own::Stock as ::actors_core::Handler<
                    __MessageOfStockGetStock,
                >>::INLINE {
                    let reply = run(actor, message, ctx);
                    answer.send(ctx, reply);
                }
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Stock_with_get_stock::__own::Stock,
        ctx: &mut ::actors_core::Context<__Stock_with_get_stock::__own::Stock>,
    ) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Stock_with_get_stock::__own::Stock,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Stock
where
    for<'__actor> __Stock_with_get_stock::__own::Stock: ::actors_core::__private::AnActor,
{
    type Mail = __StockMail_with_get_stock;
    const NAME: &'static ::core::primitive::str = "Stock";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new();
}
///The handle of `Stock`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
pub(crate) struct StockHandle(
    ::actors_core::Handle<__Stock_with_get_stock::__own::Stock>,
);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Stock_with_get_stock::__own::StockHandle {
    ///`Stock::get_stock` as a message.
    #[inline]
    pub(crate) fn get_stock(
        &self,
        get: GetStock,
    ) -> ::actors_core::send::Ask<
        '_,
        __Stock_with_get_stock::__own::Stock,
        __MessageOfStockGetStock,
    > {
        self.0.ask(get)
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Stock_with_get_stock::__own::StockHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Stock_with_get_stock::__own::StockHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Stock_with_get_stock::__own::StockHandle {
    type Target = ::actors_core::Handle<__Stock_with_get_stock::__own::Stock>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Stock_with_get_stock::__own::StockHandle
where
    for<'__actor> __Stock_with_get_stock::__own::Stock: ::actors_core::__private::AnActor,
    for<'__actor> __StockMail_with_get_stock: ::actors_core::__private::AMail,
{
    type Actor = __Stock_with_get_stock::__own::Stock;
    fn from_handle(
        handle: ::actors_core::Handle<__Stock_with_get_stock::__own::Stock>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Stock_with_get_stock::__own::StockHandle> for Stock
where
    for<'__actor> __Stock_with_get_stock::__own::Stock: ::actors_core::__private::AnActor,
    for<'__actor> __StockMail_with_get_stock: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Handler<__MessageOfStockGetStock>
for __Stock_with_get_stock::__own::Stock
where
    for<'__actor> __Stock_with_get_stock::__own::Stock: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            __MessageOfStockGetStock,
            &mut ::actors_core::Context<Self>,
        ) -> <__MessageOfStockGetStock as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| {
        let reply = Stock::get_stock(actor, message);
        let reply = (reply,);
        let (reply,): (<__MessageOfStockGetStock as ::actors_core::Message>::Reply,) = reply;
        reply
    });
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__MessageOfStockGetStock>,
    ) -> Self::Mail {
        __StockMail_with_get_stock::GetStock(::std::boxed::Box::new(envelope))
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__MessageOfStockGetStock>,
    > {
        match mail {
            __StockMail_with_get_stock::GetStock(envelope) => {
                ::core::option::Option::Some(*envelope)
            }
        }
    }
}
