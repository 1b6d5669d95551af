// The expansion of `local.rs`, generated: see `src/expansions.rs`.

impl Echo {
    fn say(&mut self, text: String) -> String {
        text
    }
}
#[allow(non_camel_case_types, dead_code)]
type put_all_methods_of_Echo_into_one_actor_block = ();
#[automatically_derived]
impl ::actors_core::__private::AnActor for Echo {}
#[automatically_derived]
impl ::actors_core::__private::AMail for __EchoMail_with_say {}
///`Echo::say` as a message.
#[derive(::core::clone::Clone)]
#[allow(dead_code, unreachable_pub)]
struct EchoSay {
    ///The argument `text`.
    pub text: String,
}
impl ::core::fmt::Debug for EchoSay {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::write_fields(
            f,
            "Say",
            &[
                (
                    "text",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.text)).text(out)
                    },
                ),
            ],
        )
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
pub enum __EchoMail_with_say {
    Say(::actors_core::by_hand::Envelope<EchoSay>),
}
#[automatically_derived]
impl ::actors_core::by_hand::Mail<Echo> for __EchoMail_with_say
where
    for<'__actor> Echo: ::actors_core::__private::AnActor,
    for<'__actor> __EchoMail_with_say: ::actors_core::__private::AMail,
{
    const CLASSES: &'static [::actors_core::mailbox::Class] = &[
        ::actors_core::mailbox::Class::of::<EchoSay>(),
    ];
    fn class(&self) -> ::core::primitive::usize {
        match self {
            Self::Say(_) => 0,
        }
    }
    fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Say(envelope) => envelope,
        }
    }
    fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
        match self {
            Self::Say(envelope) => envelope,
        }
    }
    #[allow(deprecated, unused_variables)]
    fn deliver_now(
        self,
        actor: &mut Echo,
        ctx: &mut ::actors_core::Context<Echo>,
    ) -> ::core::option::Option<Self> {
        match self {
            Self::Say(envelope) => {
                let (message, answer) = envelope.open();
                let reply = Echo::say(actor, message.text);
                answer.send(ctx, reply);
                ::core::option::Option::None
            }
        }
    }
    #[allow(deprecated, unused_variables)]
    async fn deliver(self, actor: &mut Echo, ctx: &mut ::actors_core::Context<Echo>) {
        match self {
            plain => {
                ::core::mem::drop(
                    <Self as ::actors_core::by_hand::Mail<
                        Echo,
                    >>::deliver_now(plain, actor, ctx),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::actors_core::Actor for Echo
where
    for<'__actor> Echo: ::actors_core::__private::AnActor,
{
    type Mail = __EchoMail_with_say;
    const NAME: &'static ::core::primitive::str = "Echo";
    const SETTINGS: ::actors_core::policy::Settings = ::actors_core::policy::Settings::new();
}
///The handle of `Echo`: one method for each message. All the rest comes from `actors_core::Handle`, to which it derefs.
#[allow(dead_code, unreachable_pub)]
struct EchoHandle(::actors_core::Handle<Echo>);
#[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
impl EchoHandle {
    ///`Echo::say` as a message.
    #[inline]
    fn say(&self, text: String) -> ::actors_core::send::Ask<'_, Echo, EchoSay> {
        self.0.ask(EchoSay { text })
    }
}
#[automatically_derived]
impl ::core::clone::Clone for EchoHandle {
    fn clone(&self) -> Self {
        Self {
            0: ::core::clone::Clone::clone(&self.0),
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for EchoHandle {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl ::core::ops::Deref for EchoHandle {
    type Target = ::actors_core::Handle<Echo>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::TypedHandle for EchoHandle
where
    for<'__actor> Echo: ::actors_core::__private::AnActor,
    for<'__actor> __EchoMail_with_say: ::actors_core::__private::AMail,
{
    type Actor = Echo;
    fn from_handle(handle: ::actors_core::Handle<Echo>) -> Self {
        Self { 0: handle }
    }
}
#[automatically_derived]
impl ::actors_core::by_hand::Typed<EchoHandle> for Echo
where
    for<'__actor> Echo: ::actors_core::__private::AnActor,
    for<'__actor> __EchoMail_with_say: ::actors_core::__private::AMail,
{}
#[automatically_derived]
impl ::actors_core::Message for EchoSay {
    type Reply = String;
    const NAME: &'static ::core::primitive::str = "Say";
    const POLICY: ::actors_core::policy::Policy = ::actors_core::policy::Policy::ask();
    fn describe(&self) -> ::core::option::Option<::std::string::String> {
        #[allow(unused_imports)]
        use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
        ::actors_core::__private::fields(
            "Say",
            &[
                (
                    "text",
                    &|out: &mut dyn ::core::fmt::Write| {
                        (&::actors_core::__private::Text(&self.text)).text(out)
                    },
                ),
            ],
        )
    }
}
#[automatically_derived]
impl ::actors_core::Handler<EchoSay> for Echo
where
    for<'__actor> Echo: ::actors_core::__private::AnActor,
{
    const CLASS: ::core::primitive::usize = 0;
    #[allow(deprecated, unused_variables)]
    const INLINE: ::core::option::Option<
        fn(
            &mut Self,
            EchoSay,
            &mut ::actors_core::Context<Self>,
        ) -> <EchoSay as ::actors_core::Message>::Reply,
    > = ::core::option::Option::Some(|actor, message, ctx| Echo::say(
        actor,
        message.text,
    ));
    fn pack(envelope: ::actors_core::by_hand::Envelope<EchoSay>) -> Self::Mail {
        __EchoMail_with_say::Say(envelope)
    }
    fn unpack(
        mail: Self::Mail,
    ) -> ::core::option::Option<::actors_core::by_hand::Envelope<EchoSay>> {
        match mail {
            __EchoMail_with_say::Say(envelope) => ::core::option::Option::Some(envelope),
        }
    }
}
