//! What a block is, once it has been read and checked: the only thing that the expansion sees.

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
    /// Methods that would be messages but for a mistake.
    pub(crate) mistaken: Vec<Mistaken>,
    /// Methods on the actor's state that no attribute marks: the handle does not have them.
    pub(crate) unmarked: Vec<Unmarked>,
    pub(crate) started: Option<Hook>,
    pub(crate) stopped: Option<Hook>,
}

/// What the block is written for.
#[derive(Clone)]
pub(crate) struct Target {
    /// The type as the user wrote it: `Shop`, `Shop<D>`.
    pub(crate) path: TokenStream,
    /// Its last segment's name.
    pub(crate) name: Ident,
    /// The block's parameters.
    pub(crate) generics: Generics,
}

/// A method that would be a message but for a mistake that was reported.
pub(crate) struct Mistaken {
    pub(crate) method: Ident,
    /// How many a call of it has.
    pub(crate) arguments: usize,
}

/// A method with a receiver and without a mark: the actor's own, or one whose `#[message]` was forgotten.
pub(crate) struct Unmarked {
    pub(crate) method: Ident,
    /// The conditions under which it exists.
    pub(crate) cfgs: Vec<Attribute>,
    /// The number of arguments of a call.
    pub(crate) arguments: usize,
}

/// A method that is a message.
pub(crate) struct Message {
    pub(crate) method: Ident,
    /// The method's name as a type: the variant, and the struct where there is one.
    pub(crate) name: Ident,
    /// Docs (and deprecation) of the method, which the handle's method and the struct bear too.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) answer: Answer,
    pub(crate) source: Source,
    /// The mail holds it behind a pointer.
    pub(crate) is_boxed: bool,
    /// Its senders may run its turns, if it is a plain `fn` that returns its answer.
    pub(crate) may_inline: bool,
    pub(crate) generics: OfMessage,
}

/// Where the struct comes from.
pub(crate) enum Source {
    /// `#[message]`: generated from the arguments.
    Own(Box<MessageWords>),
    /// `#[handler]`: the user's own, named by the one argument.
    Shared,
}

/// A parameter behind `self`, types written for the scope around the block (`Self` replaced).
pub(crate) enum Param {
    Value(Arg),
    /// `ReplyTo<T>`, with T.
    Reply(TokenStream),
    Context,
    /// `StopReason`, of `#[stopped]` only.
    Why,
}

/// An owned argument.
pub(crate) struct Arg {
    pub(crate) name: Ident,
    pub(crate) ty: TokenStream,
}

/// What the asker gets, and how.
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
    /// Has the context, or the reason why.
    pub(crate) takes_one: bool,
    /// Where to report what is wrong with the value.
    pub(crate) output: Span,
}

impl Target {
    /// The path of a method of the actor's. What is wrong with a call is reported at the method's name.
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
    /// Whether senders may run its turns: a plain `fn` that returns what it answers.
    pub(crate) fn is_inline(&self) -> bool {
        self.may_inline && !self.is_async && !matches!(self.answer, Answer::Later(_))
    }

    pub(crate) fn is_shared_and_inline(&self) -> bool {
        self.is_inline() && matches!(self.source, Source::Shared)
    }

    /// The owned arguments, in order.
    pub(crate) fn args(&self) -> impl Iterator<Item = &Arg> {
        self.params.iter().filter_map(|param| match param {
            Param::Value(arg) => Some(arg),
            Param::Reply(_) | Param::Context | Param::Why => None,
        })
    }
}

impl Param {
    /// The name of an owned argument.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Self::Value(arg) => Some(&arg.name),
            Self::Reply(_) | Self::Context | Self::Why => None,
        }
    }
}

impl Answer {
    /// The reply's type, where somebody waits for it.
    pub(crate) fn reply(&self) -> Option<&TokenStream> {
        match self {
            Self::Nothing => None,
            Self::Returned(reply) | Self::Later(reply) => Some(reply),
        }
    }
}

/// The block as written: what is emitted again, and what is looked at.
pub(crate) struct Block {
    /// Attributes, `impl`, type and where clause.
    pub(crate) head: TokenStream,
    /// The type, where it is one that can be an actor.
    pub(crate) actor: Option<Target>,
    pub(crate) items: Vec<Item>,
}

/// What stands inside.
pub(crate) enum Item {
    /// A function whose signature could be read. The body is not looked at.
    Method(Box<Method>),
    /// Anything else, emitted as it is.
    Other(TokenStream),
}

/// A function of the block.
pub(crate) struct Method {
    /// What the macro takes away: `#[message]`, `#[handler]`, `#[started]`, `#[stopped]`.
    pub(crate) roles: Vec<(Role, Attribute)>,
    /// All other attributes.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) signature: syn::Signature,
    /// One group in braces, or a semicolon.
    pub(crate) body: Option<TokenTree>,
}

/// What a method is to the actor.
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
