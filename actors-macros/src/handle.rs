//! The typed handle: one method for each message, and `Handle` for all the rest.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::message::{self, at};
use crate::model::{Actor, Message, Source};

pub(crate) fn handle(actor: &Actor) -> TokenStream {
    let (me, vis) = (&actor.path, &actor.words.vis);
    let name = format_ident!("{}Handle", actor.name);
    let methods = actor.messages.iter().map(|message| method(actor, message));
    let doc = format!(
        "The handle of `{}`: one method for each message. All the rest comes from `actors_core::Handle`, \
         to which it derefs.",
        actor.name
    );
    // A public handle of a private actor is reported where the visibility was said.
    let said = at(vis.span());
    let target = quote_spanned! { said=> type Target = ::actors_core::Handle<#me>; };
    let actor_type = quote_spanned! { said=> type Actor = #me; };
    quote! {
        #[doc = #doc]
        #[allow(dead_code, unreachable_pub)]
        #vis struct #name(::actors_core::Handle<#me>);

        #[allow(dead_code, unreachable_pub, deprecated, clippy::all)]
        #[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
        impl #name { #(#methods)* }

        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[automatically_derived]
        impl ::core::ops::Deref for #name {
            #target
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[automatically_derived]
        impl ::actors_core::TypedHandle for #name {
            #actor_type
            fn from_handle(handle: ::actors_core::Handle<#me>) -> Self {
                Self(handle)
            }
        }

        #[automatically_derived]
        impl ::actors_core::Typed<#name> for #me {}
    }
}

fn method(actor: &Actor, message: &Message) -> TokenStream {
    let (me, vis, name) = (&actor.path, &actor.words.vis, &message.method);
    let struct_path = message::path(actor, message);
    let docs = message::docs(actor, message);
    let deprecated = message.docs.iter().filter(|attr| attr.path().is_ident("deprecated"));
    let names: Vec<_> = message.args().map(|arg| &arg.name).collect();
    let types = message.args().map(|arg| &arg.ty);
    let value = match message.source {
        Source::Own(_) => quote! { #struct_path { #(#names),* } },
        Source::Shared => quote! { #(#names)* },
    };
    let (call, verb) = match message.answer.reply() {
        Some(_) => (quote! { ::actors_core::Ask }, quote! { ask }),
        None => (quote! { ::actors_core::Tell }, quote! { tell }),
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
