//! The model of a block that has been read and checked: the only input of the expansion.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Visibility};

use crate::generics::{Generics, OfMessage};
use crate::message::at;
use crate::types::has_arguments;
use crate::words::{ActorWords, MessageWords};

/// One `#[actor] impl …`.
pub(crate) struct Actor {
    pub(crate) target: Target,
    pub(crate) words: ActorWords,
    pub(crate) messages: Vec<Message>,
    /// Methods that would be messages without a mistake.
    pub(crate) mistaken: Vec<Mistaken>,
    /// Methods on the actor's state without a mark: the handle does not have them.
    pub(crate) unmarked: Vec<Unmarked>,
    pub(crate) started: Option<Hook>,
    pub(crate) stopped: Option<Hook>,
}

/// The type for which the block is written.
#[derive(Clone)]
pub(crate) struct Target {
    /// The type as the user wrote it: `Shop`, `Shop<D>`.
    pub(crate) path: TokenStream,
    /// Its last segment's name.
    pub(crate) name: Ident,
    /// The block's parameters.
    pub(crate) generics: Generics,
}

/// A method that would be a message without a mistake, which was reported.
pub(crate) struct Mistaken {
    pub(crate) method: Ident,
    /// The number of arguments of a call.
    pub(crate) arguments: usize,
}

/// A method with a receiver and without a mark: the actor's own, or one whose `#[message]` was
/// forgotten.
pub(crate) struct Unmarked {
    pub(crate) method: Ident,
    /// The `cfg` attributes of the method.
    pub(crate) cfgs: Vec<Attribute>,
    /// The number of arguments of a call.
    pub(crate) arguments: usize,
}

/// A method that is a message.
pub(crate) struct Message {
    pub(crate) method: Ident,
    /// The method's name as a type: the variant, and the struct if there is one.
    pub(crate) name: Ident,
    /// Docs and deprecation of the method, which the handle's method and the struct also have.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) answer: Answer,
    pub(crate) source: Source,
    /// Whether the mail holds it behind a pointer.
    pub(crate) is_boxed: bool,
    /// Whether its senders may run its turns, if it is a plain `fn` that returns its answer.
    pub(crate) may_inline: bool,
    pub(crate) generics: OfMessage,
}

/// The origin of the struct.
pub(crate) enum Source {
    /// `#[message]`: generated from the arguments.
    Own(Box<MessageWords>),
    /// `#[handler]`: the user's own, named by the one argument.
    Shared,
}

/// A parameter after `self`. Types are written for the scope around the block (`Self` replaced).
pub(crate) enum Param {
    Value(Arg),
    /// `ReplyTo<T>`, with T.
    Reply(TokenStream),
    Context,
    /// `StopReason`, of `#[stopped]` only.
    StopReason,
}

/// An owned argument.
pub(crate) struct Arg {
    pub(crate) name: Ident,
    pub(crate) ty: TokenStream,
}

/// The reply, and how the method gives it.
pub(crate) enum Answer {
    Nothing,
    /// The method returns it.
    Returned(TokenStream),
    /// The method is given a `ReplyTo<T>`.
    Later(TokenStream),
}

/// `#[started]` or `#[stopped]`.
pub(crate) struct Hook {
    pub(crate) method: Ident,
    pub(crate) is_async: bool,
    /// Whether it takes the context, or the stop reason.
    pub(crate) takes_one: bool,
    /// Where to report an error about the return value.
    pub(crate) output: Span,
}

impl Target {
    /// Returns the path of a method of the actor. Errors in a call are reported at the method's
    /// name.
    pub(crate) fn method(&self, name: &Ident) -> TokenStream {
        let (path, span) = (&self.path, at(name.span()));
        if has_arguments(path) {
            quote_spanned! { span=> <#path>::#name }
        } else {
            quote_spanned! { span=> #path::#name }
        }
    }
}

impl Message {
    /// Returns whether senders may run its turns: a plain `fn` that returns its answer.
    pub(crate) fn is_inline(&self) -> bool {
        self.may_inline && !self.is_async && !matches!(self.answer, Answer::Later(_))
    }

    /// Returns whether senders may begin its turns and poll them once: an `async fn` that returns
    /// its answer.
    pub(crate) fn is_polled_first(&self) -> bool {
        self.may_inline && self.is_async && !matches!(self.answer, Answer::Later(_))
    }

    pub(crate) fn is_shared_and_inline(&self) -> bool {
        self.is_inline() && matches!(self.source, Source::Shared)
    }

    /// Returns the owned arguments, in order.
    pub(crate) fn args(&self) -> impl Iterator<Item = &Arg> {
        self.params.iter().filter_map(|param| match param {
            Param::Value(arg) => Some(arg),
            Param::Reply(_) | Param::Context | Param::StopReason => None,
        })
    }
}

impl Param {
    /// Returns the name of an owned argument.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Self::Value(arg) => Some(&arg.name),
            Self::Reply(_) | Self::Context | Self::StopReason => None,
        }
    }
}

impl Answer {
    /// Returns the reply's type, where the sender waits for it.
    pub(crate) fn reply(&self) -> Option<&TokenStream> {
        match self {
            Self::Nothing => None,
            Self::Returned(reply) | Self::Later(reply) => Some(reply),
        }
    }
}

/// The block as written: the tokens to emit again, and the parts to check.
pub(crate) struct Block {
    /// Attributes, `impl`, type and where clause.
    pub(crate) head: TokenStream,
    /// The type, if it can be an actor.
    pub(crate) actor: Option<Target>,
    pub(crate) items: Vec<Item>,
}

/// An item of the block.
pub(crate) enum Item {
    /// A function whose signature parsed. Its body is not parsed.
    Method(Box<Method>),
    /// Anything else, emitted unchanged.
    Other(TokenStream),
}

/// A function of the block.
pub(crate) struct Method {
    /// The attributes that the macro removes: `#[message]`, `#[handler]`, `#[started]`,
    /// `#[stopped]`.
    pub(crate) roles: Vec<(Role, Attribute)>,
    /// All other attributes.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) signature: syn::Signature,
    /// One group in braces, or a semicolon.
    pub(crate) body: Option<TokenTree>,
}

/// The role of a method in the actor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Message,
    Handler,
    Started,
    Stopped,
}

impl Role {
    pub(crate) fn of(attribute: &Attribute) -> Option<Self> {
        let name = attribute.path().get_ident()?;
        [Self::Message, Self::Handler, Self::Started, Self::Stopped]
            .into_iter()
            .find(|role| name == role.word())
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Handler => "handler",
            Self::Started => "started",
            Self::Stopped => "stopped",
        }
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.head.to_tokens(tokens);
        let items = &self.items;
        tokens.extend(quote::quote! { { #(#items)* } });
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) => {
                let Method { attrs, vis, signature, body, .. } = &**method;
                tokens.extend(quote::quote! { #(#attrs)* #vis #signature #body });
            }
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}
