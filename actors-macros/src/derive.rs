//! `#[derive(Message)]`: a struct or an enum that several actors may share.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Fields, GenericParam, Generics, Ident, Index, Item, Member, Type, parse_quote};

use crate::attr;
use crate::errors::Errors;
use crate::message::Implementation;
use crate::names::plain;
use crate::root;
use crate::types::check_owned;
use crate::words::{MessageWords, Place};

/// `#[derive(Message)] item`.
pub(crate) fn message(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let expansion = match syn::parse2::<Item>(item) {
        Ok(Item::Struct(item)) => {
            let fields = members(&item.fields);
            implement(&item.attrs, &item.ident, &item.generics, Some(&fields), &mut errors)
        }
        Ok(Item::Enum(item)) => implement(&item.attrs, &item.ident, &item.generics, None, &mut errors),
        Ok(other) => {
            errors.at(other, "a message is a struct or an enum");
            None
        }
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let errors = errors.into_tokens();
    quote! { #expansion #errors }
}

fn implement(
    attrs: &[Attribute],
    name: &Ident,
    generics: &Generics,
    fields: Option<&[Member]>,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let before = errors.count();
    let mut words = words(attrs, errors);
    match (fields, &words.key) {
        (None, Some(key)) => {
            errors.at(key, "an enum has no field that all its messages share; make the message a struct");
            words.forget_key();
        }
        (fields, _) => words.check_key(fields.unwrap_or_default(), "field", errors),
    }
    match (fields, &words.fair_by) {
        (None, Some(fair_by)) => {
            errors.at(fair_by, "an enum has no field that all its messages share; make the message a struct");
            words.fair_by = None;
        }
        (fields, _) => words.check_fair_by(fields.unwrap_or_default(), "field", errors),
    }
    words.check_measures(fields.unwrap_or_default(), "field", errors);
    if errors.count() == before {
        words.check_together(errors);
    }
    let before = errors.count();
    if let Some(reply) = &words.reply {
        check_owned(reply, errors);
    }
    if errors.count() > before {
        words.reply = None;
    }
    if let Some(GenericParam::Lifetime(lifetime)) =
        generics.params.iter().find(|param| matches!(param, GenericParam::Lifetime(_)))
    {
        errors.at(lifetime, "a message owns what it carries: leave the lifetime out and write owned types");
        return None;
    }
    let bounded = bounded(generics, words.reply.as_ref());
    let (declared, arguments, clause) = bounded.split_for_impl();
    let text = plain(name);
    let reply = words.reply.as_ref().map(ToTokens::to_token_stream);
    let implementation = Implementation {
        path: quote! { #name #arguments },
        declared: declared.to_token_stream(),
        clause: clause.to_token_stream(),
        name,
        words: &words,
        reply: reply.as_ref(),
        describe: quote! {
            ::actors_core::__private::whole(#text, &|out: &mut dyn ::core::fmt::Write| {
                (&::actors_core::__private::Text(self)).text(out)
            })
        },
    };
    Some(root::settle(implementation.into_token_stream(), words.root.as_ref()))
}

/// Adds bounds to a generic message: it is a message only for arguments with which it and its reply
/// are `Send`.
fn bounded(generics: &Generics, reply: Option<&Type>) -> Generics {
    let mut bounded = generics.clone();
    if generics.params.is_empty() {
        return bounded;
    }
    let predicates = &mut bounded.make_where_clause().predicates;
    predicates.push(parse_quote! { Self: ::core::marker::Send + 'static });
    if let Some(reply) = reply
        && generics.type_params().any(|param| mentions(reply.to_token_stream(), &param.ident))
    {
        predicates.push(parse_quote! { #reply: ::core::marker::Send + 'static });
    }
    bounded
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn words(attrs: &[Attribute], errors: &mut Errors) -> MessageWords {
    let mut tokens = TokenStream::new();
    let mut found = attrs.iter().filter(|attr| attr.path().is_ident("message"));
    if let Some(first) = found.next() {
        tokens = attr::inside(first, errors);
    }
    for again in found {
        errors.at(again, "`#[message]` is said twice; write all words into one");
    }
    MessageWords::read(tokens, Place::Type, errors)
}

fn members(fields: &Fields) -> Vec<Member> {
    fields
        .iter()
        .enumerate()
        .map(|(at, field)| match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index::from(at)),
        })
        .collect()
}
