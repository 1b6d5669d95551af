//! Generates a message's struct, if a method declares it, and its `impl Message`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Member, Visibility, parse_quote_spanned};

use crate::bounds::{self, Need};
use crate::generics::{OfMessage, phantom};
use crate::measure::Measure;
use crate::model::{Actor, Arg, Message, Source};
use crate::names::{ident, plain, snake_case};
use crate::types::is_known_clone;
use crate::words::MessageWords;

/// Returns the span of a user's token, marked as generated code so that lints ignore it.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Returns how code next to the block names the message's struct.
pub(crate) fn path(actor: &Actor, message: &Message) -> TokenStream {
    match (&message.source, message.args().next()) {
        (Source::Shared, Some(arg)) => bounds::shared(actor, message, &arg.ty),
        _ => {
            let (place, arguments) = (place(actor, message), message.generics.generics.arguments());
            quote! { #place #arguments }
        }
    }
}

/// Returns the struct's path, without arguments.
fn place(actor: &Actor, message: &Message) -> TokenStream {
    let name = struct_name(actor, message);
    if actor.words.local {
        return name.into_token_stream();
    }
    let own = bounds::own(actor);
    quote! { #own::#name }
}

/// Returns an expression that makes the struct; its arguments are variables with the fields' names.
pub(crate) fn literal(actor: &Actor, message: &Message, names: &[&Ident]) -> TokenStream {
    let (place, turbofish) = (place(actor, message), message.generics.generics.turbofish());
    if message.generics.hidden.is_empty() {
        quote! { #place #turbofish { #(#names),* } }
    } else {
        quote! { #place #turbofish::new(#(#names),*) }
    }
}

pub(crate) fn module(actor: &Actor) -> Ident {
    ident(format!("{}_messages", snake_case(&actor.target.name)))
}

fn struct_name(actor: &Actor, message: &Message) -> Ident {
    if actor.words.local {
        format_ident!("{}{}", actor.target.name, message.name)
    } else {
        message.name.clone()
    }
}

/// Returns the hidden alias of an argument's type next to the block. Through it the module sees the
/// type without imports, and no struct with a type's name shadows it.
pub(crate) fn alias(actor: &Actor, message: &Message, arg: &Arg) -> Ident {
    ident(format!("__{}{}_{}", actor.target.name, message.name, plain(&arg.name)))
}

/// Generates all structs that methods declare: in a module next to the actor, or in place where it
/// is `local`.
pub(crate) fn structs(actor: &Actor) -> TokenStream {
    let own: Vec<&Message> =
        actor.messages.iter().filter(|message| matches!(message.source, Source::Own(_))).collect();
    if actor.words.local {
        let structs = own.iter().map(|message| {
            let (aliases, types) = local_types(actor, message);
            let name = struct_name(actor, message);
            let one = one_struct(actor, message, &actor.words.vis, &name, &types);
            quote! { #aliases #one }
        });
        return structs.collect();
    }
    // The compiler reports an unknown import first and alone, so its name carries the advice. In a
    // function body the module does not see the items next to it; in a second block the module is
    // that of the first.
    let advice = bounds::not_in_a_function(actor);
    let (only, own_module) = (bounds::only_block(actor), bounds::own(actor));
    let handle = format_ident!("{}Handle", actor.target.name);
    let imported = bounds::imported(actor);
    let actor_type = imported.map(|name| quote! { #name as __Actor, });
    let own_type = imported.map(|name| quote! { __Actor as #name, });
    let (mut aliases, mut names, mut structs) =
        (TokenStream::new(), vec![advice.clone()], TokenStream::new());
    let inner = inside_module(&actor.words.vis);
    for message in own {
        if message.generics.is_bounded {
            let (beside, inside) = bounded(actor, message, &inner);
            aliases.extend(beside);
            structs.extend(inside);
            continue;
        }
        let mut types = Vec::new();
        for arg in message.args() {
            let (name, ty) = (alias(actor, message, arg), &arg.ty);
            let generics = actor.target.generics.of_message(&[ty], None).generics;
            let (declared, arguments) = (generics.declared(), generics.arguments());
            let checked = bounds::checked(actor, ty, Need::Argument);
            aliases.extend(bounds::alias(&name, &declared, ty, checked));
            types.push(quote! { #name #arguments });
            names.push(name);
        }
        structs.extend(one_struct(actor, message, &inner, &message.name, &types));
    }
    let (vis, module) = (&actor.words.vis, module(actor));
    let doc = format!("The messages of `{}`: one struct for each `#[message]` method.", actor.target.name);
    quote! {
        #aliases
        #[allow(non_camel_case_types, dead_code)]
        type #advice = ();
        #[allow(unused_imports)]
        use #module::#only as #own_module;
        #[doc = #doc]
        #[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
        #vis mod #module {
            #[doc(hidden)]
            #[allow(unused_imports)]
            pub(super) use super::{#(#names,)* #actor_type #handle as __Handle, #module as #only};
            #[doc(hidden)]
            pub(super) mod __own {
                #[allow(unused_imports)]
                pub(in super::super) use super::{#own_type __Handle as #handle};
            }
            #structs
        }
    }
}

/// Generates a struct with bounds next to the block, where the names in its bounds resolve; the
/// module re-exports it under its own name.
fn bounded(actor: &Actor, message: &Message, inner: &Visibility) -> (TokenStream, TokenStream) {
    let (vis, name) = (&actor.words.vis, &message.name);
    let hidden = format_ident!("__{}{}", actor.target.name, name);
    let one = one_struct(actor, message, vis, &hidden, &types(message));
    let beside = quote! { #[doc(hidden)] #one };
    let inside = quote! {
        #[doc(inline)]
        #[allow(unused_imports, unreachable_pub)]
        #inner use super::#hidden as #name;
    };
    (beside, inside)
}

/// Returns the types of the fields in a `local` block, and the aliases of those that are checked.
fn local_types(actor: &Actor, message: &Message) -> (TokenStream, Vec<TokenStream>) {
    let mut aliases = TokenStream::new();
    let mut types = Vec::new();
    for arg in message.args() {
        let checked = bounds::checked(actor, &arg.ty, Need::Argument);
        if checked.is_none() {
            types.push(arg.ty.clone());
            continue;
        }
        let name = alias(actor, message, arg);
        aliases.extend(bounds::alias(&name, &TokenStream::new(), &arg.ty, checked));
        types.push(name.into_token_stream());
    }
    (aliases, types)
}

fn types(message: &Message) -> Vec<TokenStream> {
    message.args().map(|arg| arg.ty.clone()).collect()
}

fn one_struct(
    actor: &Actor,
    message: &Message,
    vis: &Visibility,
    name: &Ident,
    types: &[TokenStream],
) -> TokenStream {
    let OfMessage { generics, hidden, .. } = &message.generics;
    let (declared, arguments, clause) =
        (generics.declared(), generics.arguments(), message.generics.clause_of_struct());
    let (text, docs) = (plain(&message.name), docs(actor, message));
    let fields = message.args().zip(types).map(|(arg, ty)| {
        let (name, doc) = (&arg.name, format!("The argument `{}`.", arg.name));
        quote! { #[doc = #doc] pub #name: #ty }
    });
    let of = (!hidden.is_empty()).then(|| phantom(hidden)).map(|phantom| quote! { __of: #phantom });
    let fields: Vec<TokenStream> = fields.chain(of).collect();
    let shown = shown(message);
    let body = if fields.is_empty() {
        quote! { #clause ; }
    } else {
        quote! { #clause { #(#fields),* } }
    };
    let is_clone = message.args().all(|arg| is_known_clone(&arg.ty));
    let derive = (is_clone && hidden.is_empty()).then(|| quote! { #[derive(::core::clone::Clone)] });
    let by_hand = (!hidden.is_empty()).then(|| by_hand(message, name, types, is_clone));
    let clause = debug_clause(&message.generics);
    quote! {
        #docs
        #derive
        #[allow(dead_code, unreachable_pub)]
        #vis struct #name #declared #body
        impl #declared ::core::fmt::Debug for #name #arguments #clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #[allow(unused_imports)]
                use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
                ::actors_core::__private::write_fields(f, #text, &[#(#shown),*])
            }
        }
        #by_hand
    }
}

fn debug_clause(of: &OfMessage) -> TokenStream {
    if of.generics.is_empty() {
        return TokenStream::new();
    }
    let clause = of.clause_of_struct();
    let clause = if clause.is_empty() {
        quote! { where }
    } else {
        clause
    };
    quote! { #clause Self: ::actors_core::Message }
}

/// Generates what a struct with a hidden field needs: a literal cannot name the field, and a derive
/// would require the parameters to be `Clone`.
fn by_hand(message: &Message, name: &Ident, types: &[TokenStream], is_clone: bool) -> TokenStream {
    let of = &message.generics;
    let (declared, arguments, clause) =
        (of.generics.declared(), of.generics.arguments(), of.clause_of_struct());
    let names: Vec<&Ident> = message.args().map(|arg| &arg.name).collect();
    let clone = is_clone.then(|| {
        quote! {
            #[automatically_derived]
            impl #declared ::core::clone::Clone for #name #arguments #clause {
                fn clone(&self) -> Self {
                    Self::new(#(::core::clone::Clone::clone(&self.#names)),*)
                }
            }
        }
    });
    quote! {
        #[allow(dead_code, unreachable_pub, clippy::all)]
        impl #declared #name #arguments #clause {
            /// Creates the message. Its type parameters follow from the actor's type and the reply.
            pub fn new(#(#names: #types),*) -> Self {
                Self { #(#names,)* __of: ::core::marker::PhantomData }
            }
        }
        #clone
    }
}

/// Returns the method's docs, or a line that names the message's origin.
pub(crate) fn docs(actor: &Actor, message: &Message) -> TokenStream {
    let docs: Vec<_> = message.docs.iter().filter(|attr| attr.path().is_ident("doc")).collect();
    if docs.is_empty() {
        let line = format!("`{}::{}` as a message.", actor.target.name, message.method);
        return quote! { #[doc = #line] };
    }
    quote! { #(#docs)* }
}

/// Returns the same visibility as written one module further in.
fn inside_module(vis: &Visibility) -> Visibility {
    let span = Span::call_site();
    match vis {
        Visibility::Inherited => parse_quote_spanned! { span=> pub(super) },
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => {
            parse_quote_spanned! { span=> pub(super) }
        }
        Visibility::Restricted(restricted)
            if restricted.path.segments.first().is_some_and(|first| first.ident == "super") =>
        {
            let path = &restricted.path;
            parse_quote_spanned! { span=> pub(in super::#path) }
        }
        outside => outside.clone(),
    }
}

/// Returns each field's name, and the expression that writes its text.
fn shown(message: &Message) -> impl Iterator<Item = TokenStream> {
    message.args().map(|arg| {
        let (name, text) = (&arg.name, plain(&arg.name));
        quote! {
            (#text, &|out: &mut dyn ::core::fmt::Write| (&::actors_core::__private::Text(&self.#name)).text(out))
        }
    })
}

/// Generates `impl Message` for the struct of a method.
pub(crate) fn of_method(actor: &Actor, message: &Message) -> TokenStream {
    let Source::Own(words) = &message.source else {
        return TokenStream::new();
    };
    let fields = shown(message);
    let text = plain(&message.name);
    Implementation {
        path: path(actor, message),
        declared: message.generics.generics.declared(),
        clause: bounds::clause_of_message(actor, message),
        name: &message.name,
        words,
        reply: bounds::reply(actor, message).as_ref(),
        describe: quote! { ::actors_core::__private::fields(#text, &[#(#fields),*]) },
    }
    .into_token_stream()
}

/// The parts of an `impl Message`.
pub(crate) struct Implementation<'a> {
    pub(crate) path: TokenStream,
    pub(crate) declared: TokenStream,
    pub(crate) clause: TokenStream,
    pub(crate) name: &'a Ident,
    pub(crate) words: &'a MessageWords,
    pub(crate) reply: Option<&'a TokenStream>,
    /// The text for dead letters: an expression with `TextDebug` and `TextOpaque` in scope.
    pub(crate) describe: TokenStream,
}

impl ToTokens for Implementation<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { path, declared, clause, name, words, reply, describe } = self;
        let name = plain(name);
        let policy = policy(words, reply.is_some());
        let key = words.key.as_ref().map(key);
        let share = words.fair_by.as_ref().map(hash_of);
        let weight = words.weight.as_ref().map(Measure::method);
        let cost = words.cost.as_ref().map(Measure::method);
        let prioritized = words.has_range().then(|| {
            quote! {
                #[automatically_derived]
                impl #declared ::actors_core::send::Prioritized for #path #clause {}
            }
        });
        let reply = reply.map_or_else(|| quote! { () }, ToTokens::to_token_stream);
        tokens.extend(quote! {
            #[automatically_derived]
            impl #declared ::actors_core::Message for #path #clause {
                type Reply = #reply;
                const NAME: &'static ::core::primitive::str = #name;
                const POLICY: ::actors_core::policy::Policy = #policy;
                #key
                #share
                #weight
                #cost
                fn describe(&self) -> ::core::option::Option<::std::string::String> {
                    #[allow(unused_imports)]
                    use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
                    #describe
                }
            }
            #prioritized
        });
    }
}

fn policy(words: &MessageWords, asks: bool) -> TokenStream {
    let mut policy = if asks {
        quote! { ::actors_core::policy::Policy::ask() }
    } else {
        quote! { ::actors_core::policy::Policy::tell() }
    };
    words.values.to_tokens(&mut policy);
    if words.key.is_some() {
        policy.extend(quote! { .keyed() });
    }
    if words.fair_by.is_some() {
        policy.extend(quote! { .fair() });
    }
    if words.cost.is_some() {
        policy.extend(quote! { .costed() });
    }
    if words.exempt.is_some() {
        policy.extend(quote! { .exempt() });
    }
    if words.cancel.is_some() {
        policy.extend(quote! { .cancel_on_abandon() });
    }
    policy
}

/// Generates what finds the queued message of the same key, and what keeps the messages of a key in
/// order. Hashes include the key's name. So messages that name the same key, `user`, are in order
/// with each other, and independent of a `sku`.
fn key(key: &Member) -> TokenStream {
    let hash = hash_of(key);
    let same = quote_spanned! { at(key.span())=> ::actors_core::__private::Key::is(&self.#key, &other.#key) };
    let span = Span::mixed_site();
    quote_spanned! { span=>
        #hash
        fn same_key(&self, other: &Self) -> ::core::primitive::bool {
            #same
        }
    }
}

/// Generates what hashes a field, together with the field's name.
fn hash_of(field: &Member) -> TokenStream {
    let name = match field {
        Member::Named(name) => plain(name),
        Member::Unnamed(index) => index.index.to_string(),
    };
    let hash = quote_spanned! { at(field.span())=>
        ::actors_core::__private::Key::hash_with(&self.#field, state)
    };
    quote_spanned! { Span::mixed_site()=>
        fn hash_key<__H: ::core::hash::Hasher>(&self, state: &mut __H) {
            ::core::hash::Hash::hash(#name, state);
            #hash
        }
    }
}
