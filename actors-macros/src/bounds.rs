//! What the expansion needs of the user's types, said on the user's own tokens before the rest says it on ours.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::generics::{Generics, phantom};
use crate::message::at;
use crate::model::{Actor, Message, Source, Target};
use crate::names::plain;
use crate::types::{has_arguments, is_known_clone};

/// Two blocks for `Shop<A>` and `Shop<B>` are two actors whose handles would share a name. Of all the names that clash
/// then the compiler reports this one first, so it carries the advice.
pub(crate) fn one_block(actor: &Actor) -> TokenStream {
    let Target { path, name, .. } = &actor.target;
    if !has_arguments(path) {
        return TokenStream::new();
    }
    let advice = format!("__{}_has_one_actor_block_in_a_module_put_the_other_into_another", plain(name));
    let span = at(name.span());
    let advice = Ident::new(&advice, span);
    quote_spanned! { span=>
        #[allow(non_camel_case_types, dead_code)]
        type #advice = ();
    }
}

/// What the rest of the expansion needs of a type.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    Argument,
    Reply,
    Message,
}

/// The type under a check, for the right side of an alias: where the type lacks what is needed, that is reported once, on
/// the user's own tokens, and the alias is an error type, about which the compiler says nothing more. Nothing for a type
/// that needs no check, and for one that mentions a parameter of the block: a constant cannot.
pub(crate) fn checked(actor: &Actor, ty: &TokenStream, need: Need) -> Option<TokenStream> {
    if is_known_clone(ty) || actor.target.generics.mentions_any(ty) {
        return None;
    }
    let span = at(ty.span());
    let check = match need {
        Need::Argument => quote_spanned! { span=> an_argument_is_send },
        Need::Reply => quote_spanned! { span=> a_reply_is_send },
        Need::Message => quote_spanned! { span=> is_a_message },
    };
    Some(quote_spanned! { span=>
        <::actors_core::__private::Checked<{ ::actors_core::__private::#check::<#ty>() }>
            as ::actors_core::__private::Of<#ty>>::Is
    })
}

/// An alias for a type; documentation shows the type itself.
pub(crate) fn alias(name: &Ident, declared: &TokenStream, ty: &TokenStream, checked: Option<TokenStream>) -> TokenStream {
    let Some(checked) = checked else {
        return quote! {
            #[allow(non_camel_case_types, dead_code)]
            type #name #declared = #ty;
        };
    };
    quote! {
        #[cfg(doc)]
        #[allow(non_camel_case_types, dead_code)]
        type #name = #ty;
        #[cfg(not(doc))]
        #[allow(non_camel_case_types, dead_code)]
        type #name = #checked;
    }
}

/// The name that stands for a message's reply, or for the type of a shared message, once it is checked.
pub(crate) fn alias_name(actor: &Actor, message: &Message, need: Need, ty: &TokenStream) -> Ident {
    let what = if let Need::Reply = need { "Reply" } else { "Message" };
    Ident::new(&format!("__{what}Of{}{}", plain(&actor.target.name), plain(&message.name)), at(ty.span()))
}

/// The reply's type, under its check.
pub(crate) fn reply(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let ty = message.answer.reply()?;
    Some(match checked(actor, ty, Need::Reply) {
        Some(_) if matches!(message.source, Source::Own(_)) => {
            alias_name(actor, message, Need::Reply, ty).into_token_stream()
        }
        _ => ty.clone(),
    })
}

/// The type of a shared message, under its check.
pub(crate) fn shared(actor: &Actor, message: &Message, ty: &TokenStream) -> TokenStream {
    match checked(actor, ty, Need::Message) {
        Some(_) => alias_name(actor, message, Need::Message, ty).into_token_stream(),
        None => ty.clone(),
    }
}

pub(crate) fn bounds(actor: &Actor) -> TokenStream {
    let generics = &actor.target.generics;
    let mut checks = parameters(generics);
    checks.extend(the_actor(actor));
    let mut fields = TokenStream::new();
    for message in &actor.messages {
        let is_shared = matches!(message.source, Source::Shared);
        let replies = message.answer.reply().map(|ty| (ty, Need::Reply));
        let need = if is_shared { Need::Message } else { Need::Argument };
        let types = message.args().map(|arg| (&arg.ty, need)).chain(replies);
        for (ty, need) in types {
            if is_known_clone(ty) {
                continue;
            }
            let span = at(ty.span());
            match (checked(actor, ty, need), need) {
                // Beside the message's struct, and what a shared message answers is the message's own affair.
                (Some(_), Need::Argument) if !message.generics.is_bounded => {}
                (Some(_), Need::Reply) if is_shared => {}
                (Some(checked), Need::Reply | Need::Message) => {
                    let name = alias_name(actor, message, need, ty);
                    checks.extend(alias(&name, &TokenStream::new(), ty, Some(checked)));
                }
                _ => {
                    let bound = if let Need::Message = need { "__IsMessage" } else { "__IsSend" };
                    let bound = Ident::new(bound, span);
                    fields.extend(quote_spanned! { span=> #bound<#ty>, });
                }
            }
        }
    }
    if fields.is_empty() {
        return checks;
    }
    let (declared, clause) = (generics.declared(), generics.checked_clause());
    let all = (!generics.is_empty()).then(|| phantom(&generics.unmentioned(std::iter::empty())));
    checks.extend(quote! {
        #[allow(dead_code)]
        const _: () = {
            struct __IsMessage<M: ::actors_core::Message>(::core::marker::PhantomData<M>);
            struct __IsSend<T: ::core::marker::Send + 'static>(::core::marker::PhantomData<T>);
            struct __Types #declared (#fields #all) #clause;
        };
    });
    checks
}

/// The one place that asserts what an actor is; all others assume it.
fn the_actor(actor: &Actor) -> TokenStream {
    let Target { path, name, generics } = &actor.target;
    let (declared, clause) = (generics.declared(), generics.clause());
    quote_spanned! { at(name.span())=>
        #[automatically_derived]
        impl #declared ::actors_core::__private::AnActor for #path #clause {}
    }
}

/// An actor may move to another thread, and outlives whoever started it, with all that is in it. A parameter whose
/// bounds may say less is reported where it is declared, if the compiler agrees. The bounds are the compiler's own, so that it proposes the right
/// ones; the name of what asks for them says the rest.
fn parameters(generics: &Generics) -> TokenStream {
    let checks: TokenStream = generics
        .forgotten()
        .filter(|name| !generics.surely_forgotten().any(|sure| sure == *name))
        .map(|name| {
            let span = at(name.span());
            quote_spanned! { span=> __a_parameter_of_an_actor_is_Send_and_static::<#name>(); }
        })
        .collect();
    if checks.is_empty() {
        return checks;
    }
    let (declared, clause) = (generics.declared(), generics.stated_clause());
    quote! {
        #[allow(dead_code, non_snake_case)]
        const _: () = {
            fn __a_parameter_of_an_actor_is_Send_and_static<T>()
            where
                T: ::core::marker::Send + ?::core::marker::Sized + 'static,
            {
            }
            fn __parameters #declared () #clause { #checks }
        };
    }
}
