// The expansion of `reply.rs`, generated: see `src/expansions.rs`.

impl Desk {
    fn question(&mut self, n: u32, reply: ReplyTo<u64>, ctx: &mut Context<Self>) {
        if n == 0 {
            ctx.stop();
        }
        self.open.push(reply);
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Desk_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for __Desk_with_question::__own::Desk {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __DeskMail_with_question {}
#[allow(non_camel_case_types, dead_code)]
type __DeskQuestion_n = u32;
#[allow(non_camel_case_types, dead_code)]
type write_actor_local_because_Desk_with_question_stands_in_a_function = ();
#[allow(unused_imports)]
use desk_messages::put_all_methods_of_Desk_with_question_into_one_actor_block as __Desk_with_question;
///The messages of `Desk`: one struct for each `#[message]` method.
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
mod desk_messages {
    #[doc(hidden)]
    #[allow(unused_imports)]
    pub(super) use super::{
        write_actor_local_because_Desk_with_question_stands_in_a_function,
        __DeskQuestion_n, Desk as __Actor, DeskHandle as __Handle,
        desk_messages as put_all_methods_of_Desk_with_question_into_one_actor_block,
    };
    #[doc(hidden)]
    pub(super) mod __own {
        #[allow(unused_imports)]
        pub(in super::super) use super::{__Actor as Desk, __Handle as DeskHandle};
    }
    ///`Desk::question` as a message.
    #[derive(::core::clone::Clone)]
    #[allow(dead_code, unreachable_pub)]
    pub(super) struct Question {
        ///The argument `n`.
        pub n: __DeskQuestion_n,
    }
    impl ::core::fmt::Debug for Question {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #[allow(unused_imports)]
            use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
            ::actors_core::__private::write_fields(
                f,
                "Question",
                &[
                    (
                        "n",
                        &|out: &mut dyn ::core::fmt::Write| {
                            (&::actors_core::__private::Text(&self.n)).text(out)
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
pub enum __DeskMail_with_question {
    Question(::actors_core::by_hand::Envelope<__Desk_with_question::Question>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<__Desk_with_question::__own::Desk>
for __DeskMail_with_question
where
    for<'__actor> __Desk_with_question::__own::Desk: ::actors_core::__private::AnActor,
    for<'__actor> __DeskMail_with_question: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<__Desk_with_question::Question>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Question(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Question(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Question(envelope) => envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut __Desk_with_question::__own::Desk,
        ctx: &mut ::actors_core::Context<__Desk_with_question::__own::Desk>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Question(envelope) => {
                let (message, answer) = envelope.open();
                let reply_to: ::actors_core::ReplyTo<u64> = answer.later(ctx);
                let reply = Desk::question(actor, message.n, reply_to, ctx);
                let () = reply;
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(
        self,
        actor: &mut __Desk_with_question::__own::Desk,
        ctx: &mut ::actors_core::Context<__Desk_with_question::__own::Desk>,
    ) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        __Desk_with_question::__own::Desk,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Desk
where
    for<'__actor> __Desk_with_question::__own::Desk: ::actors_core::__private::AnActor,
{
    type Mail = __DeskMail_with_question;
    const NAME: &'static ::core::primitive::str = "Desk";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new();
}
///The handle of `Desk`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct DeskHandle(::actors_core::Handle<__Desk_with_question::__own::Desk>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl __Desk_with_question::__own::DeskHandle {
    ///`Desk::question` as a message.
    #[inline]
    fn question(
        &self,
        n: u32,
    ) -> ::actors_core::send::Ask<
        '_,
        __Desk_with_question::__own::Desk,
        __Desk_with_question::Question,
    > {
        self.0
            .ask(__Desk_with_question::Question {
                n,
            })
    }
}
#[automatically_derived]
impl ::core::clone::Clone for __Desk_with_question::__own::DeskHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for __Desk_with_question::__own::DeskHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for __Desk_with_question::__own::DeskHandle {
    type Target = ::actors_core::Handle<__Desk_with_question::__own::Desk>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for __Desk_with_question::__own::DeskHandle
where
    for<'__actor> __Desk_with_question::__own::Desk: ::actors_core::__private::AnActor,
    for<'__actor> __DeskMail_with_question: ::actors_core::__private::AMail,
{
    type Actor = __Desk_with_question::__own::Desk;
    fn from_handle(
        handle: ::actors_core::Handle<__Desk_with_question::__own::Desk>,
    ) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<__Desk_with_question::__own::DeskHandle> for Desk
where
    for<'__actor> __Desk_with_question::__own::Desk: ::actors_core::__private::AnActor,
    for<'__actor> __DeskMail_with_question: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for __Desk_with_question::Question {
    type Reply = u64;
    const NAME: &'static ::core::primitive::str = "Question";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Question",
            &[
                (
                    "n",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.n)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<__Desk_with_question::Question>
for __Desk_with_question::__own::Desk
where
    for<'__actor> __Desk_with_question::__own::Desk: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    fn pack(
        envelope: ::actors_core::by_hand::Envelope<__Desk_with_question::Question>,
    ) -> Self::Mail {
        __DeskMail_with_question::Question(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<
        ::actors_core::by_hand::Envelope<__Desk_with_question::Question>,
    > {
        match mail {
            __DeskMail_with_question::Question(envelope) => {
                ::core::option::Option::Some(envelope)
            }
        }
    }
}
