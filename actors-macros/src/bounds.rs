//! Checks what the expansion needs of the user's types. The checks stand on the user's own tokens
//! and come before the generated code that relies on them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::generics::{Generics, phantom};
use crate::mail;
use crate::message::{self, at};
use crate::model::{Actor, Message, Source, Target};
use crate::names::{ident, plain};
use crate::types::{Known, has_arguments, is_plain_path, known};

/// Defines a name that two blocks for one actor would share. Of all names that clash, the compiler
/// reports this one first, so it carries the advice. Blocks for `Shop<A>` and `Shop<B>` are two
/// actors whose handles would share a name.
pub(crate) fn one_block(actor: &Actor) -> TokenStream {
    let Target { path, name, .. } = &actor.target;
    let mut advice = format!("put_all_methods_of_{}_into_one_actor_block", plain(name));
    if has_arguments(path) {
        advice += "_or_the_other_type_into_another_module";
    }
    let span = at(name.span());
    let advice = Ident::new(&advice, span);
    quote_spanned! { span=>
        #[allow(non_camel_case_types, dead_code)]
        type #advice = ();
    }
}

/// Returns a name that only this block has: no two methods of a type have the same name.
pub(crate) fn only_block(actor: &Actor) -> Ident {
    let Target { name, .. } = &actor.target;
    let advice = format!("put_all_methods_of_{}{}_into_one_actor_block", plain(name), with_first(actor));
    Ident::new(&advice, at(name.span()))
}

/// Returns the module of the block's messages, by a name that only this block has. The block names
/// through it what a second block for the actor would define again. In the second block it is a
/// failed import, which the compiler reports once.
pub(crate) fn own(actor: &Actor) -> Ident {
    ident(format!("__{}{}", plain(&actor.target.name), with_first(actor)))
}

/// Returns the actor's name, where the module can import it.
pub(crate) fn imported(actor: &Actor) -> Option<&Ident> {
    let Target { path, name, .. } = &actor.target;
    let first = path.clone().into_iter().next();
    let is_name = matches!(&first, Some(TokenTree::Ident(first)) if first == name);
    (is_name && !actor.words.local).then_some(name)
}

/// Returns the actor's type as the block's own code names it. Documentation shows the last part of
/// the path, which is the name.
pub(crate) fn actor_type(actor: &Actor) -> TokenStream {
    let path = &actor.target.path;
    if imported(actor).is_none() {
        return path.clone();
    }
    let arguments: TokenStream = path.clone().into_iter().skip(1).collect();
    let span = at(actor.target.name.span());
    let own = Ident::new(&own(actor).to_string(), span);
    let name = Ident::new(&plain(&actor.target.name), span);
    quote_spanned! { span=> #own::__own::#name #arguments }
}

/// Returns the handle's type as the block's own code names it.
pub(crate) fn handle_type(actor: &Actor) -> TokenStream {
    let arguments = actor.target.generics.arguments();
    if actor.words.local {
        let name = format_ident!("{}Handle", actor.target.name);
        return quote! { #name #arguments };
    }
    let (own, name) = (own(actor), format_ident!("{}Handle", actor.target.name));
    quote! { #own::__own::#name #arguments }
}

/// Returns a name that a module does not find in a function body.
pub(crate) fn not_in_a_function(actor: &Actor) -> Ident {
    let (name, with) = (plain(&actor.target.name), with_first(actor));
    ident(format!("write_actor_local_because_{name}{with}_stands_in_a_function"))
}

/// Returns a suffix that distinguishes the block from any other: `_with_viewed`, after its first
/// message and the type's arguments.
pub(crate) fn with_first(actor: &Actor) -> String {
    let Target { path, .. } = &actor.target;
    let first = actor
        .messages
        .first()
        .map_or_else(String::new, |message| format!("_with_{}", plain(&message.method)));
    if !has_arguments(path) {
        return first;
    }
    let letters = |letter: char| if letter.is_alphanumeric() { letter } else { '_' };
    let arguments: String = path.to_string().chars().filter(|letter| *letter != ' ').map(letters).collect();
    format!("{first}_of_{arguments}")
}

/// What the rest of the expansion needs of a type.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    Argument,
    Reply,
    Message,
}

/// Returns the type under a check, as the right side of an alias. A type that fails the check is
/// reported once, on the user's own tokens; the alias is then an error type, about which the
/// compiler reports nothing more.
///
/// `None` for a type that needs no check. `None` for one that mentions a parameter of the block,
/// because a constant cannot. `None` for a type of unknown parts: a part may be the actor's own
/// handle, and whether that is `Send` depends on the alias.
pub(crate) fn checked(actor: &Actor, ty: &TokenStream, need: Need) -> Option<TokenStream> {
    let is_checked = match need {
        Need::Argument | Need::Reply => known(ty) == Known::Suspicious,
        Need::Message => is_plain_path(ty),
    };
    if !is_checked || actor.target.generics.mentions_any(ty) {
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

/// Defines an alias for a type; documentation shows the type itself.
pub(crate) fn alias(
    name: &Ident,
    declared: &TokenStream,
    ty: &TokenStream,
    checked: Option<TokenStream>,
) -> TokenStream {
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

/// Returns the alias of a message's reply, or of a shared message's type, once it is checked.
pub(crate) fn alias_name(actor: &Actor, message: &Message, need: Need, ty: &TokenStream) -> Ident {
    let what = if let Need::Reply = need { "Reply" } else { "Message" };
    Ident::new(&format!("__{what}Of{}{}", plain(&actor.target.name), plain(&message.name)), at(ty.span()))
}

/// Returns the reply's type, under its check.
pub(crate) fn reply(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let ty = message.answer.reply()?;
    Some(match checked(actor, ty, Need::Reply) {
        Some(_) if matches!(message.source, Source::Own(_)) => {
            alias_name(actor, message, Need::Reply, ty).into_token_stream()
        }
        _ => ty.clone(),
    })
}

/// Returns the type of a shared message, under its check.
pub(crate) fn shared(actor: &Actor, message: &Message, ty: &TokenStream) -> TokenStream {
    match checked(actor, ty, Need::Message) {
        Some(_) => alias_name(actor, message, Need::Message, ty).into_token_stream(),
        None => ty.clone(),
    }
}

/// Returns the aliases of the checked arguments, as the inside of a tuple.
pub(crate) fn checked_arguments(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let is_shared = matches!(message.source, Source::Shared);
    if message.generics.is_bounded {
        return None;
    }
    let mut aliases = TokenStream::new();
    for arg in message.args() {
        let need = if is_shared { Need::Message } else { Need::Argument };
        if checked(actor, &arg.ty, need).is_none() {
            continue;
        }
        let name = match need {
            Need::Message => alias_name(actor, message, need, &arg.ty),
            _ => message::alias(actor, message, arg),
        };
        aliases.extend(quote! { #name, });
    }
    (!aliases.is_empty()).then_some(aliases)
}

pub(crate) fn bounds(actor: &Actor) -> TokenStream {
    let generics = &actor.target.generics;
    let mut checks = parameters(generics);
    checks.extend(assertions(actor));
    let mut fields = TokenStream::new();
    for message in &actor.messages {
        let is_shared = matches!(message.source, Source::Shared);
        let replies = message.answer.reply().map(|ty| (ty, Need::Reply));
        let need = if is_shared { Need::Message } else { Need::Argument };
        let types = message.args().map(|arg| (&arg.ty, need)).chain(replies);
        for (ty, need) in types {
            if !matches!(need, Need::Message) && known(ty) == Known::Send {
                continue;
            }
            let span = at(ty.span());
            match (checked(actor, ty, need), need) {
                // The check stands next to the message's struct. The reply of a shared message is
                // checked where that message is defined.
                (Some(_), Need::Argument) if !message.generics.is_bounded => {}
                (_, Need::Reply) if is_shared => {}
                // The message's struct asserts its arguments, and `impl Message` its reply.
                (None, Need::Argument | Need::Reply) if !generics.mentions_any(ty) => {}
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

/// Returns the bounds that every other `impl` assumes of the actor, because one place asserts them:
/// `where`, and the block's own bounds. A lifetime delays the compiler's check until use. Each
/// `impl` pays compile time for each assumption.
pub(crate) fn assumed(actor: &Actor) -> TokenStream {
    let (path, clause) = (actor_type(actor), with_where(actor.target.generics.clause()));
    quote! { #clause for<'__actor> #path: ::actors_core::__private::AnActor, }
}

/// Returns what is assumed of the actor and of its mail.
pub(crate) fn assumed_with_mail(actor: &Actor) -> TokenStream {
    let (assumed, mail) = (assumed(actor), mail::name(actor));
    let arguments = actor.target.generics.arguments();
    quote! { #assumed for<'__actor> #mail #arguments: ::actors_core::__private::AMail, }
}

/// Returns whether only the compiler knows if the message or its reply is `Send`.
fn is_open(actor: &Actor, message: &Message) -> bool {
    let is_open = |ty| known(ty) == Known::Unknown;
    match message.source {
        Source::Shared => message.args().all(|arg| checked(actor, &arg.ty, Need::Message).is_none()),
        Source::Own(_) => message.args().map(|arg| &arg.ty).chain(message.answer.reply()).any(is_open),
    }
}

/// Returns what the `impl Message` of a message assumes, where only the compiler knows its
/// arguments.
pub(crate) fn of_message(actor: &Actor, message: &Message) -> Option<TokenStream> {
    let is_asserted = matches!(message.source, Source::Own(_))
        && message.args().any(|arg| known(&arg.ty) == Known::Unknown);
    if !is_asserted {
        return None;
    }
    let path = message::path(actor, message);
    Some(quote! { for<'__actor> #path: ::actors_core::__private::AMessage, })
}

/// Returns the where clause of the message's own `impl Message`.
pub(crate) fn clause_of_message(actor: &Actor, message: &Message) -> TokenStream {
    let clause = message.generics.generics.clause();
    match of_message(actor, message) {
        Some(assumed) => {
            let clause = with_where(clause);
            quote! { #clause #assumed }
        }
        None => clause,
    }
}

pub(crate) fn with_where(clause: TokenStream) -> TokenStream {
    if clause.is_empty() {
        quote! { where }
    } else {
        clause
    }
}

/// Asserts what an actor, its mail and its messages are. This is the only place that does; all
/// others assume it.
fn assertions(actor: &Actor) -> TokenStream {
    let Target { name, generics, .. } = &actor.target;
    let (declared, arguments, clause) = (generics.declared(), generics.arguments(), generics.clause());
    let mail = mail::name(actor);
    let open = actor
        .messages
        .iter()
        .filter(|message| matches!(message.source, Source::Shared) || is_open(actor, message));
    let envelopes: TokenStream = open
        .map(|message| {
            let path = message::path(actor, message);
            quote! { for<'__actor> ::actors_core::by_hand::Envelope<#path>: ::actors_core::__private::SentEnvelope, }
        })
        .collect();
    let mail_clause = with_where(clause.clone());
    let messages =
        actor.messages.iter().filter(|message| of_message(actor, message).is_some()).map(|message| {
            let generics = &message.generics.generics;
            let (declared, clause) = (generics.declared(), generics.clause());
            let path = message::path(actor, message);
            let mut unknown = message.args().filter(|arg| known(&arg.ty) == Known::Unknown);
            let span = match (unknown.next(), unknown.next()) {
                (Some(one), None) => one.ty.span(),
                _ => message.method.span(),
            };
            let path = respanned(path, at(span));
            quote_spanned! { at(span)=>
                #[automatically_derived]
                impl #declared ::actors_core::__private::AMessage for #path #clause {}
            }
        });
    let messages: TokenStream = messages.collect();
    let me = actor_type(actor);
    let of_actor = quote_spanned! { at(name.span())=>
        #[automatically_derived]
        impl #declared ::actors_core::__private::AnActor for #me #clause {}
    };
    quote! {
        #of_actor
        #[automatically_derived]
        impl #declared ::actors_core::__private::AMail for #mail #arguments #mail_clause #envelopes {}
        #messages
    }
}

/// Returns the same tokens with one span.
fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// Asserts `Send + 'static` of the type parameters: an actor may move to another thread, and may
/// outlive the code that started it. A parameter whose bounds may not imply it is reported where it
/// is declared, if the compiler agrees. The bounds are those of std, so that the compiler suggests
/// the right ones; the name of the function that requires them gives the reason.
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
