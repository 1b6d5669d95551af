//! What the expansion needs of the user's types, said on the user's own tokens before the rest says it on ours.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::generics::{Generics, phantom};
use crate::message::at;
use crate::model::{Actor, Source, Target};
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

pub(crate) fn bounds(actor: &Actor) -> TokenStream {
    let generics = &actor.target.generics;
    let mut checks = parameters(generics);
    let mut fields = TokenStream::new();
    for message in &actor.messages {
        let shared = matches!(message.source, Source::Shared);
        let types = message.args().map(|arg| &arg.ty).chain(message.answer.reply());
        for (place, ty) in types.enumerate().filter(|(_, ty)| !is_known_clone(ty)) {
            let span = at(ty.span());
            let bound = if shared && place == 0 { "__IsMessage" } else { "__IsSend" };
            let bound = Ident::new(bound, span);
            fields.extend(quote_spanned! { span=> #bound<#ty>, });
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
