//! `weight = argument` and `weight = function`: what a message counts for under `max_bytes`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{ExprPath, Member};

use crate::attr::Word;
use crate::errors::Errors;
use crate::message::at;
use crate::words::choice_of;

/// The source of a message's weight.
pub(crate) enum Weight {
    /// The value of a field.
    Field(Member),
    /// A `fn(&TheMessage) -> usize`.
    Function(ExprPath),
}

impl Weight {
    pub(crate) fn read(word: &Word, errors: &mut Errors) -> Option<Self> {
        let value = word.value("write `weight = page` for the length of that argument", errors)?;
        if let Ok(member) = syn::parse2(value.clone()) {
            return Some(Self::Field(member));
        }
        if let Ok(path) = syn::parse2(value.clone()) {
            return Some(Self::Function(path));
        }
        let message = "the weight is a field or argument, as in `weight = page`, or a function that takes the message, \
                       as in `weight = page_bytes`";
        errors.at(value, message);
        None
    }

    /// Resolves the weight: a name that is not a field is a function, and a number can only be a
    /// field.
    pub(crate) fn among(self, fields: &[Member], noun: &str, errors: &mut Errors) -> Option<Self> {
        let Self::Field(member) = self else { return Some(self) };
        if fields.contains(&member) {
            return Some(Self::Field(member));
        }
        match member {
            Member::Named(name) => {
                let qself = None;
                Some(Self::Function(ExprPath { attrs: Vec::new(), qself, path: name.into() }))
            }
            Member::Unnamed(index) => {
                let choice = choice_of(fields, noun);
                errors.at(&index, format!("the weight `{}` names no {noun}; {choice}", index.index));
                None
            }
        }
    }

    /// Generates the method of `impl Message`, with type errors on the user's tokens.
    pub(crate) fn method(&self) -> TokenStream {
        let weight = match self {
            Self::Field(member) => {
                let span = at(member.span());
                quote_spanned! { span=> ::actors_core::__private::weigh(&self.#member) }
            }
            Self::Function(path) => {
                let span = at(path.span());
                quote_spanned! { span=> #path(self) }
            }
        };
        let span = proc_macro2::Span::mixed_site();
        quote_spanned! { span=>
            fn weight(&self) -> ::core::primitive::usize {
                #weight
            }
        }
    }
}
