//! The mail: the hidden enum that a slot of the mailbox holds, and how each of its messages is
//! delivered.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::bounds;
use crate::generics::phantom;
use crate::message::{self, at};
use crate::model::{Actor, Answer, Message, Param, Source};
use crate::names::ident;

/// Returns the name of the hidden enum that a slot of the mailbox holds. It is as public as the
/// trait requires, and no user code names it by accident. Two blocks for one actor would have
/// different enums; that clash is reported elsewhere.
pub(crate) fn name(actor: &Actor) -> Ident {
    ident(format!("__{}Mail{}", actor.target.name, bounds::with_first(actor)))
}

pub(crate) fn mail(actor: &Actor) -> TokenStream {
    let (mail, me) = (name(actor), bounds::actor_type(actor));
    let generics = &actor.target.generics;
    let (declared, arguments, clause) = (generics.declared(), generics.arguments(), generics.clause());
    let assumed = bounds::assumed_with_mail(actor);
    let variants: Vec<&Ident> = actor.messages.iter().map(|message| &message.name).collect();
    let types: Vec<TokenStream> =
        actor.messages.iter().map(|message| message::path(actor, message)).collect();
    let envelopes = actor.messages.iter().zip(&types).map(|(message, ty)| envelope(message, ty));
    let (whole, whole_mut): (Vec<_>, Vec<_>) = actor.messages.iter().map(whole).unzip();
    let classes = (0..variants.len()).map(Literal::usize_unsuffixed);
    let unused = Unused::of(actor, &types);
    let Unused { variant, arm } = &unused;
    // A reference to an enum without variants still needs a match on the place.
    let this = if variants.is_empty() && variant.is_none() {
        quote! { *self }
    } else {
        quote! { self }
    };
    let private_bounds = (!clause.is_empty()).then(|| quote! { private_bounds, });
    let deliver = deliver(actor);
    quote! {
        #[doc(hidden)]
        #[allow(#private_bounds private_interfaces, non_camel_case_types, unreachable_pub, dead_code, clippy::all)]
        pub enum #mail #declared #clause { #(#variants(#envelopes)),* #variant }

        #[automatically_derived]
        impl #declared ::actors_core::by_hand::Mail<#me> for #mail #arguments #assumed {
            const CLASSES: &'static [::actors_core::mailbox::Class] = &[#(::actors_core::mailbox::Class::of::<#types>()),*];
            fn class(&self) -> ::core::primitive::usize {
                match #this { #(Self::#variants(_) => #classes,)* #arm }
            }
            fn envelope(&self) -> &dyn ::actors_core::by_hand::AnyEnvelope {
                match #this { #(Self::#variants(envelope) => #whole,)* #arm }
            }
            fn envelope_mut(&mut self) -> &mut dyn ::actors_core::by_hand::AnyEnvelope {
                match #this { #(Self::#variants(envelope) => #whole_mut,)* #arm }
            }
            #deliver
        }
    }
}

/// Returns what a variant holds: the envelope, or a box with it, so that one large type does not
/// widen every slot.
fn envelope(message: &Message, ty: &TokenStream) -> TokenStream {
    let envelope = quote! { ::actors_core::by_hand::Envelope<#ty> };
    if message.is_boxed {
        quote! { ::std::boxed::Box<#envelope> }
    } else {
        envelope
    }
}

/// Returns the envelope by shared and by mutable reference; `envelope` is what the variant holds.
fn whole(message: &Message) -> (TokenStream, TokenStream) {
    if message.is_boxed {
        (quote! { &**envelope }, quote! { &mut **envelope })
    } else {
        (quote! { envelope }, quote! { envelope })
    }
}

/// A variant for the parameters that no message mentions, because the enum must use them. It cannot
/// be constructed, and takes no space.
struct Unused {
    variant: Option<TokenStream>,
    arm: Option<TokenStream>,
}

impl Unused {
    fn of(actor: &Actor, types: &[TokenStream]) -> Self {
        let names = actor.target.generics.unmentioned(types.iter());
        if names.is_empty() {
            return Self { variant: None, arm: None };
        }
        let phantom = phantom(&names);
        let comma = (!types.is_empty()).then(|| quote! { , });
        Self {
            variant: Some(quote! { #comma __Unused(#phantom, ::core::convert::Infallible) }),
            arm: Some(quote! { Self::__Unused(_, never) => match *never {}, }),
        }
    }
}

/// Generates `deliver_now`, which runs plain `fn`s and returns other messages, and `deliver`, which
/// runs those and passes plain `fn`s to `deliver_now`.
fn deliver(actor: &Actor) -> TokenStream {
    let me = bounds::actor_type(actor);
    let (later, now): (Vec<&Message>, Vec<&Message>) =
        actor.messages.iter().partition(|message| message.is_async);
    let arms_now = now.iter().map(|message| arm(actor, message));
    let arms_later = later.iter().map(|message| arm(actor, message));
    let waiting = later.iter().map(|message| &message.name);
    let waits = (!later.is_empty()).then(|| {
        quote! {
            fn waits(&self) -> ::core::primitive::bool {
                ::core::matches!(self, #(Self::#waiting(_))|*)
            }
        }
    });
    let span = Span::mixed_site();
    let hand_back =
        (!later.is_empty()).then(|| quote_spanned! { span=> other => ::core::option::Option::Some(other), });
    let run_now = (!now.is_empty()).then(|| {
        quote_spanned! { span=>
            plain => ::core::mem::drop(<Self as ::actors_core::by_hand::Mail<#me>>::deliver_now(plain, actor, ctx)),
        }
    });
    quote_spanned! { span=>
        #waits
        #[allow(deprecated, unused_variables)]
        fn deliver_now(
            self,
            actor: &mut #me,
            ctx: &mut ::actors_core::Context<#me>,
        ) -> ::core::option::Option<Self> {
            match self {
                #(#arms_now)*
                #hand_back
            }
        }
        #[allow(deprecated, unused_variables)]
        async fn deliver(self, actor: &mut #me, ctx: &mut ::actors_core::Context<#me>) {
            match self {
                #(#arms_later)*
                #run_now
            }
        }
    }
}

/// Calls the method on `actor` with the contents of `message`.
pub(crate) fn call(actor: &Actor, message: &Message) -> TokenStream {
    let method = actor.target.method(&message.method);
    let span = Span::mixed_site();
    let arguments = message.params.iter().map(|param| match (param, &message.source) {
        (Param::Value(_), Source::Shared) => quote_spanned! { span=> message },
        (Param::Value(arg), Source::Own(_)) => {
            let name = &arg.name;
            quote_spanned! { span=> message.#name }
        }
        (Param::Reply(_), _) => quote_spanned! { span=> reply_to },
        (Param::Context | Param::StopReason, _) => quote_spanned! { span=> ctx },
    });
    quote_spanned! { at(message.method.span())=> #method(actor, #(#arguments),*) }
}

/// Generates the arm of one variant: opens the envelope, calls the method, answers.
fn arm(actor: &Actor, message: &Message) -> TokenStream {
    let variant = &message.name;
    let span = Span::mixed_site();
    let call_span = at(message.method.span());
    let mut call = call(actor, message);
    if message.is_shared_and_inline() {
        return arm_by_inline(actor, message);
    }
    if message.is_async {
        // For an argument that was already reported nothing more is checked.
        let by = bounds::checked_arguments(actor, message).map(|checked| {
            quote_spanned! { call_span=> ::<<(#checked) as ::actors_core::__private::By<_>>::Is> }
        });
        call = quote_spanned! { call_span=> ::actors_core::__private::send_future #by (#call) };
    }
    let wait = wait(actor, message);
    let (before, after) = answering(actor, message);
    let nothing = (!message.is_async).then(|| quote_spanned! { span=> ::core::option::Option::None });
    quote_spanned! { span=>
        Self::#variant(envelope) => {
            let (message, answer) = envelope.open();
            #before
            let reply = #call;
            #wait
            #after
            #nothing
        }
    }
}

/// Generates the wait for an `async fn`. Where its asker may be the only reason for the turn, it
/// ends when the asker has gone away.
fn wait(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let span = Span::mixed_site();
    let may_cancel = match &message.source {
        // Its policy is written elsewhere; the compiler removes what it does not ask for.
        Source::Shared => !matches!(message.answer, Answer::Later(_)),
        Source::Own(words) => words.cancel.is_some(),
    };
    if !message.is_async {
        return None;
    }
    if !may_cancel {
        return Some(quote_spanned! { span=> let reply = reply.await; });
    }
    let ty = message::path(actor, message);
    Some(quote_spanned! { span=>
        let cancels = <#ty as ::actors_core::Message>::POLICY.cancels;
        let ::core::option::Option::Some(reply) = answer.unless_abandoned(cancels, reply).await else {
            return answer.cancelled(ctx);
        };
    })
}

/// Generates the arm of a shared message whose turns senders may run. Both ways call the same
/// function, so that a reply of the wrong type is reported once.
fn arm_by_inline(actor: &Actor, message: &Message) -> TokenStream {
    let (me, variant, ty) = (bounds::actor_type(actor), &message.name, message::path(actor, message));
    quote_spanned! { Span::mixed_site()=>
        Self::#variant(envelope) => {
            let (message, answer) = envelope.open();
            if let ::core::option::Option::Some(run) = <#me as ::actors_core::Handler<#ty>>::INLINE {
                let reply = run(actor, message, ctx);
                answer.send(ctx, reply);
            }
            ::core::option::Option::None
        }
    }
}

/// Checks that a shared message's handler returns the message's reply; another type is reported
/// where the user wrote it.
pub(crate) fn check_shared(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let written = message.answer.reply().map_or(message.method.span(), Spanned::span);
    matches!(message.source, Source::Shared).then(|| {
        let (ty, span) = (message::path(actor, message), at(written));
        // In a tuple, so that the compiler does not suggest a conversion of the type's name.
        quote_spanned! { span=>
            let reply = (reply,);
            let (reply,): (<#ty as ::actors_core::Message>::Reply,) = reply;
        }
    })
}

/// Returns the code before and after the call, which gives the asker the answer. A wrong type is
/// reported where the user wrote it.
fn answering(actor: &Actor, message: &Message) -> (TokenStream, TokenStream) {
    let span = Span::mixed_site();
    if let Answer::Later(_) = &message.answer {
        let reply = bounds::reply(actor, message);
        let span = at(reply.span());
        let before =
            quote_spanned! { span=> let reply_to: ::actors_core::ReplyTo<#reply> = answer.later(ctx); };
        return (before, quote_spanned! { span=> let () = reply; });
    }
    let check = check_shared(actor, message);
    (TokenStream::new(), quote_spanned! { span=> #check answer.send(ctx, reply); })
}
