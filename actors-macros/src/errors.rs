//! Every mistake of a block, gathered before anything is reported.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Error;

/// The errors met so far. Nothing returns early: what is wrong is noted here and left out of the expansion.
#[derive(Default)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    /// Notes an error on the user's own tokens; `message` says what to write instead.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// What is sound in a result; its sentence is noted on the user's own tokens.
    pub(crate) fn sound<T, E: std::fmt::Display>(
        &mut self,
        tokens: impl ToTokens,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|message| self.at(tokens, message)).ok()
    }

    /// Notes an error that a parser brought.
    pub(crate) fn push(&mut self, error: Error) {
        self.0.push(error);
    }

    /// How many there are: two readings tell whether a step went well.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The first one, taken out, as an expression.
    pub(crate) fn take_first(&mut self) -> Option<TokenStream> {
        if self.0.is_empty() {
            return None;
        }
        let tokens = self.0.remove(0).to_compile_error().into_iter().map(|token| match token {
            // In braces it would be a statement, and no value.
            TokenTree::Group(group) => {
                let mut call = Group::new(Delimiter::Parenthesis, group.stream());
                call.set_span(group.span());
                TokenTree::Group(call)
            }
            other => other,
        });
        Some(tokens.collect())
    }

    /// One `compile_error!` for each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().map(Error::to_compile_error).collect()
    }
}
