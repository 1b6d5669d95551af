//! `weight = argument`, `cost = function`: what a message counts for under `max_bytes`, or under a
//! rate.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{ExprPath, Member};

use crate::attr::Word;
use crate::errors::Errors;
use crate::message::at;
use crate::words::choice_of;

/// A number that a message says of itself: its weight or its cost.
pub(crate) struct Measure {
    /// `weight` or `cost`: the word, and the method of `Message`.
    word: &'static str,
    source: Source,
}

enum Source {
    /// The value of a field.
    Field(Member),
    /// A `fn(&TheMessage) -> usize`.
    Function(ExprPath),
}

impl Measure {
    pub(crate) fn read(name: &'static str, word: &Word, errors: &mut Errors) -> Option<Self> {
        let value = word.value(&format!("write `{name} = page` for the length of that argument"), errors)?;
        if let Ok(member) = syn::parse2(value.clone()) {
            return Some(Self { word: name, source: Source::Field(member) });
        }
        if let Ok(path) = syn::parse2(value.clone()) {
            return Some(Self { word: name, source: Source::Function(path) });
        }
        let message = format!(
            "the {name} is a field or argument, as in `{name} = page`, or a function that takes the message, \
             as in `{name} = page_bytes`"
        );
        errors.at(value, message);
        None
    }

    /// Resolves the source: a name that is not a field is a function, and a number can only be a
    /// field.
    pub(crate) fn among(self, fields: &[Member], noun: &str, errors: &mut Errors) -> Option<Self> {
        let Source::Field(member) = self.source else { return Some(self) };
        let word = self.word;
        if fields.contains(&member) {
            return Some(Self { word, source: Source::Field(member) });
        }
        match member {
            Member::Named(name) => {
                let path = ExprPath { attrs: Vec::new(), qself: None, path: name.into() };
                Some(Self { word, source: Source::Function(path) })
            }
            Member::Unnamed(index) => {
                let choice = choice_of(fields, noun);
                errors.at(&index, format!("the {word} `{}` names no {noun}; {choice}", index.index));
                None
            }
        }
    }

    /// Generates the method of `impl Message`, with type errors on the user's tokens.
    pub(crate) fn method(&self) -> TokenStream {
        let measure = match &self.source {
            Source::Field(member) => {
                let span = at(member.span());
                quote_spanned! { span=> ::actors_core::__private::weigh(&self.#member) }
            }
            Source::Function(path) => {
                let span = at(path.span());
                quote_spanned! { span=> #path(self) }
            }
        };
        let method = Ident::new(self.word, Span::mixed_site());
        quote_spanned! { Span::mixed_site()=>
            fn #method(&self) -> ::core::primitive::usize {
                #measure
            }
        }
    }
}
