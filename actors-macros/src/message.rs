//! What a message becomes: a struct, where a method stands for it, and `impl Message`.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Member, Visibility, parse_quote_spanned};

use crate::model::{Actor, Arg, Message, Source};
use crate::names::{ident, plain, snake_case};
use crate::types::is_known_clone;
use crate::weight::Weight;
use crate::words::MessageWords;

/// The place of some token of the user's, seen as code of the macro's: lints leave it alone.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// How code beside the block names the message's struct.
pub(crate) fn path(actor: &Actor, message: &Message) -> TokenStream {
    match (&message.source, message.args().next()) {
        (Source::Shared, Some(arg)) => arg.ty.clone(),
        _ if actor.words.local => struct_name(actor, message).into_token_stream(),
        _ => {
            let (module, name) = (module(actor), struct_name(actor, message));
            quote! { #module::#name }
        }
    }
}

fn module(actor: &Actor) -> Ident {
    ident(format!("{}_messages", snake_case(&actor.name)))
}

fn struct_name(actor: &Actor, message: &Message) -> Ident {
    if actor.words.local { format_ident!("{}{}", actor.name, message.name) } else { message.name.clone() }
}

/// The hidden name that an argument's type has beside the block, so that the module sees it without importing
/// what the user's scope holds, and no struct named like a type gets in its way.
fn alias(actor: &Actor, message: &Message, arg: &Arg) -> Ident {
    ident(format!("__{}{}_{}", actor.name, message.name, plain(&arg.name)))
}

/// Says of each type what the impls below will need, on the user's own token, before they say it on ours.
pub(crate) fn bounds(actor: &Actor) -> TokenStream {
    let mut fields = TokenStream::new();
    for message in &actor.messages {
        let shared = matches!(message.source, Source::Shared);
        let types = message.args().map(|arg| &arg.ty).chain(message.answer.reply());
        for (place, ty) in types.enumerate().filter(|(_, ty)| !is_known_clone(ty)) {
            let span = at(ty.span());
            let bound = if shared && place == 0 { "__IsMessage" } else { "__IsSend" };
            let bound = Ident::new(bound, span);
            fields.extend(quote_spanned! { span=> #bound<#ty>, });
        }
    }
    if fields.is_empty() {
        return fields;
    }
    quote! {
        #[allow(dead_code)]
        const _: () = {
            struct __IsMessage<M: ::actors_core::Message>(::core::marker::PhantomData<M>);
            struct __IsSend<T: ::core::marker::Send + 'static>(::core::marker::PhantomData<T>);
            struct __Types(#fields);
        };
    }
}

/// All structs that methods stand for: in a module beside the actor, or in place where it is `local`.
pub(crate) fn structs(actor: &Actor) -> TokenStream {
    let own: Vec<&Message> =
        actor.messages.iter().filter(|message| matches!(message.source, Source::Own(_))).collect();
    if actor.words.local {
        let structs = own.iter().map(|message| {
            let types: Vec<_> = message.args().map(|arg| arg.ty.clone()).collect();
            one_struct(actor, message, &actor.words.vis, &types)
        });
        return structs.collect();
    }
    // An unknown import is what the compiler reports first and alone, so its name carries the advice.
    let advice = ident(format!("__{}_in_a_function_body_needs_the_word_local", actor.name));
    let (mut aliases, mut names, mut structs) =
        (TokenStream::new(), vec![advice.clone()], TokenStream::new());
    let inner = inside_module(&actor.words.vis);
    for message in own {
        let mut types = Vec::new();
        for arg in message.args() {
            let (name, ty) = (alias(actor, message, arg), &arg.ty);
            aliases.extend(quote! { #[allow(non_camel_case_types, dead_code)] type #name = #ty; });
            types.push(name.to_token_stream());
            names.push(name);
        }
        structs.extend(one_struct(actor, message, &inner, &types));
    }
    let (vis, module) = (&actor.words.vis, module(actor));
    let doc = format!("The messages of `{}`: one struct for each `#[message]` method.", actor.name);
    quote! {
        #aliases
        #[allow(non_camel_case_types, dead_code)]
        type #advice = ();
        #[doc = #doc]
        #[allow(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
        #vis mod #module {
            #[allow(unused_imports)]
            use super::{#(#names),*};
            #structs
        }
    }
}

fn one_struct(actor: &Actor, message: &Message, vis: &Visibility, types: &[TokenStream]) -> TokenStream {
    let (name, text, docs) = (struct_name(actor, message), plain(&message.name), docs(actor, message));
    let fields = message.args().zip(types).map(|(arg, ty)| {
        let (name, doc) = (&arg.name, format!("The argument `{}`.", arg.name));
        quote! { #[doc = #doc] pub #name: #ty }
    });
    let body = if types.is_empty() {
        quote! { ; }
    } else {
        quote! { { #(#fields),* } }
    };
    let derive =
        message.args().all(|arg| is_known_clone(&arg.ty)).then(|| quote! { #[derive(::core::clone::Clone)] });
    quote! {
        #docs
        #derive
        #[allow(dead_code, unreachable_pub)]
        #vis struct #name #body
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let text = ::actors_core::Message::describe(self);
                f.write_str(text.as_deref().unwrap_or(#text))
            }
        }
    }
}

/// The method's docs, or a line that says where the message comes from.
pub(crate) fn docs(actor: &Actor, message: &Message) -> TokenStream {
    let docs: Vec<_> = message.docs.iter().filter(|attr| attr.path().is_ident("doc")).collect();
    if docs.is_empty() {
        let line = format!("`{}::{}` as a message.", actor.name, message.method);
        return quote! { #[doc = #line] };
    }
    quote! { #(#docs)* }
}

/// The same visibility, said one module further in.
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

/// `impl Message` for the struct of a method.
pub(crate) fn of_method(actor: &Actor, message: &Message) -> TokenStream {
    let Source::Own(words) = &message.source else {
        return TokenStream::new();
    };
    let fields = message.args().map(|arg| {
        let (name, text) = (&arg.name, plain(&arg.name));
        quote! { (#text, (&::actors_core::__private::Text(&self.#name)).text()) }
    });
    let text = plain(&message.name);
    Implementation {
        path: path(actor, message),
        generics: &Generics::default(),
        name: &message.name,
        words,
        reply: message.answer.reply(),
        describe: quote! { ::actors_core::__private::fields(#text, &[#(#fields),*]) },
    }
    .into_token_stream()
}

/// All that an `impl Message` says.
pub(crate) struct Implementation<'a> {
    pub(crate) path: TokenStream,
    pub(crate) generics: &'a Generics,
    pub(crate) name: &'a Ident,
    pub(crate) words: &'a MessageWords,
    pub(crate) reply: Option<&'a TokenStream>,
    /// The text for dead letters: an expression with `TextDebug` and `TextOpaque` in scope.
    pub(crate) describe: TokenStream,
}

impl ToTokens for Implementation<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { path, generics, name, words, reply, describe } = self;
        let (generics, _, clause) = generics.split_for_impl();
        let name = plain(name);
        let policy = policy(words, reply.is_some());
        let key = words.key.as_ref().map(key);
        let weight = words.weight.as_ref().map(Weight::method);
        let reply = reply.map_or_else(|| quote! { () }, ToTokens::to_token_stream);
        tokens.extend(quote! {
            #[automatically_derived]
            impl #generics ::actors_core::Message for #path #clause {
                type Reply = #reply;
                const NAME: &'static ::core::primitive::str = #name;
                const POLICY: ::actors_core::Policy = #policy;
                #key
                #weight
                fn describe(&self) -> ::core::option::Option<::std::string::String> {
                    #[allow(unused_imports)]
                    use ::actors_core::__private::{TextDebug as _, TextOpaque as _};
                    #describe
                }
            }
        });
    }
}

fn policy(words: &MessageWords, asks: bool) -> TokenStream {
    let mut policy = if asks {
        quote! { ::actors_core::Policy::ask() }
    } else {
        quote! { ::actors_core::Policy::tell() }
    };
    if let Some(priority) = &words.priority {
        policy.extend(quote! { .priority(::actors_core::Priority::#priority) });
    }
    if !words.overflow.is_empty() {
        let list = words.overflow.iter().map(|(token, variant)| Ident::new(variant, token.span()));
        policy.extend(quote! { .overflow(&[#(::actors_core::Overflow::#list),*]) });
        let early = words.early.map(Literal::f64_unsuffixed);
        policy.extend(early.map(|from| quote! { .early(#from) }));
    }
    if let Some((max, _)) = &words.max {
        let max = Literal::u64_unsuffixed(*max);
        policy.extend(quote! { .max(#max) });
    }
    if let Some(order) = words.order.map(ident) {
        policy.extend(quote! { .order(::actors_core::Order::#order) });
    }
    for (word, time_ns) in [("ttl", words.ttl_ns), ("timeout", words.timeout_ns)] {
        if let Some(time_ns) = time_ns {
            let (word, time_ns) = (ident(word), Literal::u64_unsuffixed(time_ns));
            policy.extend(quote! { .#word(::core::time::Duration::from_nanos(#time_ns)) });
        }
    }
    if words.key.is_some() {
        policy.extend(quote! { .keyed() });
    }
    policy
}

/// What finds the queued message of the same key.
fn key(key: &Member) -> TokenStream {
    let span = at(key.span());
    let hash = quote_spanned! { span=> ::core::hash::BuildHasher::hash_one(state, &self.#key) };
    let same = quote_spanned! { span=> self.#key == other.#key };
    let span = Span::mixed_site();
    quote_spanned! { span=>
        fn key_hash(&self, state: &::std::hash::RandomState) -> ::core::primitive::u64 {
            #hash
        }
        fn same_key(&self, other: &Self) -> ::core::primitive::bool {
            #same
        }
    }
}
