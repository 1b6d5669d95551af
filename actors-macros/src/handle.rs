//! The typed handle: one method for each message, and `Handle` for everything else.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::bounds;
use crate::errors::Errors;
use crate::message::{self, at};
use crate::model::{Actor, Message, Mistaken, Source, Unmarked};

pub(crate) fn handle(actor: &Actor) -> TokenStream {
    let (me, vis) = (bounds::actor_type(actor), &actor.words.vis);
    let name = format_ident!("{}Handle", actor.target.name);
    let generics = &actor.target.generics;
    let (declared, clause) = (generics.declared(), generics.clause());
    let assumed = bounds::assumed_with_mail(actor);
    let own = bounds::handle_type(actor);
    // The path as written: in a function body the other name is an error.
    let path = &actor.target.path;
    let mistaken = actor.mistaken.iter().map(|method| mistaken(actor, method));
    let methods = actor.messages.iter().map(|message| method(actor, message)).chain(mistaken);
    let unmarked = actor.unmarked.iter().map(|method| unmarked(actor, method));
    let doc = format!(
        "The handle of `{}`: one method for each message. All the rest comes from `actors_core::Handle`, \
         to which it derefs.",
        actor.target.name
    );
    // A public handle of a private actor is reported where the visibility is written.
    let vis_span = at(vis.span());
    let target = quote_spanned! { vis_span=> type Target = ::actors_core::Handle<#me>; };
    let actor_type = quote_spanned! { vis_span=> type Actor = #me; };
    quote! {
        #[doc = #doc]
        #[allow(dead_code, unreachable_pub)]
        #vis struct #name #declared (::actors_core::Handle<#me>) #clause;

        #[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
        #[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
        impl #declared #own #clause { #(#methods)* }

        #(#unmarked)*

        #[automatically_derived]
        impl #declared ::core::clone::Clone for #own #clause {
            fn clone(&self) -> Self {
                Self { 0: ::core::clone::Clone::clone(&self.0) }
            }
        }

        #[automatically_derived]
        impl #declared ::core::fmt::Debug for #own #clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[automatically_derived]
        impl #declared ::core::ops::Deref for #own #clause {
            #target
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[automatically_derived]
        impl #declared ::actors_core::by_hand::TypedHandle for #own #assumed {
            #actor_type
            fn from_handle(handle: ::actors_core::Handle<#me>) -> Self {
                Self { 0: handle }
            }
        }

        #[automatically_derived]
        impl #declared ::actors_core::by_hand::Typed<#own> for #path #assumed {}
    }
}

/// Returns the return type of a method with a mistake: an error type, made of the first error, so
/// that the compiler reports nothing about the calls.
pub(crate) fn mistake(actor: &Actor, errors: &mut Errors) -> Option<TokenStream> {
    if actor.mistaken.is_empty() {
        return None;
    }
    let (name, error) = (mistake_name(actor), errors.take_first()?);
    Some(quote! {
        #[allow(non_camel_case_types, dead_code)]
        type #name = <::actors_core::__private::Checked<{ #error }> as ::actors_core::__private::Of<()>>::Is;
    })
}

fn mistake_name(actor: &Actor) -> Ident {
    format_ident!("__{}Mistake", actor.target.name)
}

/// Generates a method that stands in for one with a mistake.
fn mistaken(actor: &Actor, Mistaken { method, arguments }: &Mistaken) -> TokenStream {
    let (vis, name) = (&actor.words.vis, mistake_name(actor));
    let arguments = (0..*arguments).map(|_| quote! { _: impl ::core::marker::Sized });
    quote! {
        #[doc(hidden)]
        #vis fn #method(&self, #(#arguments),*) -> #name { ::core::unreachable!() }
    }
}

/// Generates a method that the handle lacks, because its original has no mark. The bound never
/// holds, so it hides no other method of its name. A call that finds no other method fails with the
/// trait's advice, and shows the method that lacks its mark.
fn unmarked(actor: &Actor, Unmarked { method, cfgs, .. }: &Unmarked) -> TokenStream {
    let (me, vis, own) = (bounds::actor_type(actor), &actor.words.vis, bounds::handle_type(actor));
    let generics = &actor.target.generics;
    let (declared, clause) = (generics.declared(), bounds::with_where(generics.clause()));
    let bound = quote_spanned! { at(method.span())=> for<'__actor> #own: ::actors_core::__private::MethodIsAMessage<#me> };
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(dead_code, unreachable_pub, clippy::all)]
        impl #declared #own #clause #bound {
            #vis fn #method(&self) {}
        }
    }
}

fn method(actor: &Actor, message: &Message) -> TokenStream {
    let (me, vis, name) = (bounds::actor_type(actor), &actor.words.vis, &message.method);
    let struct_path = message::path(actor, message);
    let docs = message::docs(actor, message);
    let deprecated = message.docs.iter().filter(|attr| attr.path().is_ident("deprecated"));
    let names: Vec<&Ident> = message.args().map(|arg| &arg.name).collect();
    let types = message.args().map(|arg| &arg.ty);
    let value = match message.source {
        Source::Own(_) => message::literal(actor, message, &names),
        Source::Shared => quote! { #(#names)* },
    };
    let (call, verb) = match message.answer.reply() {
        Some(_) => (quote! { ::actors_core::send::Ask }, quote! { ask }),
        None => (quote! { ::actors_core::send::Tell }, quote! { tell }),
    };
    quote! {
        #docs
        #(#deprecated)*
        #[inline]
        #vis fn #name(&self, #(#names: #types),*) -> #call<'_, #me, #struct_path> {
            self.0.#verb(#value)
        }
    }
}
