//! Collects every mistake of a block before any is reported.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Error;

/// The errors found so far. No step returns early: a mistake is recorded here, and its item is left
/// out of the expansion.
#[derive(Default)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    /// Records an error on the user's own tokens; `message` says what to write instead.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// Returns the value of a result, or records its error on the user's own tokens.
    pub(crate) fn ok_or_report<T, E: std::fmt::Display>(
        &mut self,
        tokens: impl ToTokens,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|message| self.at(tokens, message)).ok()
    }

    /// Records an error of the parser.
    pub(crate) fn push(&mut self, error: Error) {
        self.0.push(error);
    }

    /// The number of errors: comparing two counts tells whether a step succeeded.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Removes the first error and returns it as an expression.
    pub(crate) fn take_first(&mut self) -> Option<TokenStream> {
        if self.0.is_empty() {
            return None;
        }
        let tokens = self.0.remove(0).to_compile_error().into_iter().map(|token| match token {
            // In braces the macro call would be a statement without a value.
            TokenTree::Group(group) => {
                let mut call = Group::new(Delimiter::Parenthesis, group.stream());
                call.set_span(group.span());
                TokenTree::Group(call)
            }
            other => other,
        });
        Some(tokens.collect())
    }

    /// Returns one `compile_error!` per error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().map(Error::to_compile_error).collect()
    }
}
