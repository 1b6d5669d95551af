//! Parses the impl block. Method bodies are opaque tokens: while one is being typed and does not
//! parse, the handle still exists, and so does completion in the editor.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Generics, ImplItem, Signature, Token, Type, Visibility, WhereClause};

use crate::errors::Errors;
use crate::model::{Block, Item, Method, Role, Target};
use crate::types::borrow;

const NOT_A_BLOCK: &str = "`#[actor]` stands on the impl block that holds the messages: `impl Shop { … }`";

/// Parses the block; `None` where this is not an impl block.
pub(crate) fn read(item: TokenStream, errors: &mut Errors) -> Option<Block> {
    let parser = |input: ParseStream<'_>| block(input, errors);
    match parser.parse2(item) {
        Ok(block) => block,
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

fn block(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<Block>> {
    let attrs = input.call(Attribute::parse_outer)?;
    let unsafety: Option<Token![unsafe]> = input.parse()?;
    if !input.peek(Token![impl]) {
        let rest: TokenStream = input.parse()?;
        errors.at(rest, NOT_A_BLOCK);
        return Ok(None);
    }
    let impl_token: Token![impl] = input.parse()?;
    let generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
    let ty: Type = input.parse()?;
    let of_trait = of_trait(input)?;
    let where_clause: Option<WhereClause> = input.parse()?;
    let content;
    syn::braced!(content in input);
    let inner = content.call(Attribute::parse_inner)?;
    let mut items: Vec<Item> = inner.into_iter().map(|attr| Item::Other(attr.to_token_stream())).collect();
    while !content.is_empty() {
        items.extend(item(&content, errors)?);
    }
    let head = quote! { #(#attrs)* #unsafety #impl_token #generics #ty #of_trait #where_clause };
    let actor = if of_trait.is_some() {
        errors.at(&ty, "`#[actor]` wants an impl block without a trait: `impl Shop { … }`");
        None
    } else {
        let generics = Generics { where_clause, ..generics };
        target(&ty, &generics, errors)
    };
    Ok(Some(Block { head, actor, items }))
}

/// `for Shop`, where the block implements a trait.
fn of_trait(input: ParseStream<'_>) -> syn::Result<Option<TokenStream>> {
    let Some(token) = input.parse::<Option<Token![for]>>()? else {
        return Ok(None);
    };
    let ty: Type = input.parse()?;
    Ok(Some(quote! { #token #ty }))
}

/// Returns the actor's type with the block's parameters. A type that cannot be an actor is
/// reported, and the result is `None`.
fn target(ty: &Type, generics: &Generics, errors: &mut Errors) -> Option<Target> {
    let path = match ty {
        Type::Path(path) if path.qself.is_none() => &path.path,
        Type::Paren(paren) => return target(&paren.elem, generics, errors),
        Type::Group(group) => return target(&group.elem, generics, errors),
        _ => {
            errors.at(ty, "an actor is a struct or an enum of this crate: `impl Shop { … }`");
            return None;
        }
    };
    let before = errors.count();
    check_lifetimes(ty, generics, errors);
    let (name, path) = (path.segments.last()?.ident.clone(), path.to_token_stream());
    let generics = crate::generics::Generics::of_block(generics, &path);
    for param in generics.unconstrained(&path) {
        let text = format!(
            "the actor's type does not say what `{param}` is: write it there too, or leave it out here"
        );
        errors.at(param, text);
    }
    let is_sound = errors.count() == before;
    for param in generics.surely_forgotten() {
        let text = format!(
            "an actor may move to another thread, and outlives the code that started it: write `{param}: Send + 'static`"
        );
        errors.at(param, text);
    }
    is_sound.then_some(Target { path, name, generics })
}

/// Reports borrows: an actor may outlive the code that started it.
fn check_lifetimes(ty: &Type, generics: &Generics, errors: &mut Errors) {
    const TEXT: &str =
        "an actor owns what it has: leave the lifetime out and write owned types in the struct";
    let mut found: Vec<_> = generics.lifetimes().map(ToTokens::to_token_stream).collect();
    if found.is_empty() {
        found.extend(borrow(ty));
    }
    for lifetime in found {
        errors.at(lifetime, TEXT);
    }
}

/// Parses one item of the block; `None` where it cannot be emitted again.
fn item(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<Item>> {
    let mut attrs = Vec::new();
    let mut roles = Vec::new();
    for attr in input.call(Attribute::parse_outer)? {
        match Role::of(&attr) {
            Some(role) => roles.push((role, attr)),
            None => attrs.push(attr),
        }
    }
    let ahead = input.fork();
    let vis: Visibility = ahead.parse()?;
    if !is_function(&ahead) {
        for (role, attr) in roles {
            errors.at(attr, format!("`#[{}]` stands on a method", role.word()));
        }
        return other(attrs, input).map(Some);
    }
    match ahead.parse::<Signature>() {
        Ok(signature) => {
            let body = if ahead.is_empty() { None } else { Some(ahead.parse::<TokenTree>()?) };
            input.advance_to(&ahead);
            Ok(Some(Item::Method(Box::new(Method { roles, attrs, vis, signature, body }))))
        }
        Err(error) => {
            let skipped = until_end(input)?;
            if roles.is_empty() {
                return Ok(Some(Item::Other(quote! { #(#attrs)* #skipped })));
            }
            errors.push(error);
            Ok(None)
        }
    }
}

fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let known = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(syn::LitStr);
        if !known || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    true
}

/// Parses a constant, a type or a macro call.
fn other(attrs: Vec<Attribute>, input: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = input.fork();
    let tokens = if let Ok(item) = ahead.parse::<ImplItem>() {
        input.advance_to(&ahead);
        item.to_token_stream()
    } else {
        until_end(input)?
    };
    Ok(Item::Other(quote! { #(#attrs)* #tokens }))
}

/// Consumes tokens up to a semicolon or a group in braces, where the next item begins.
fn until_end(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let ends = match &token {
            TokenTree::Punct(sign) => sign.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        tokens.extend([token]);
        if ends {
            break;
        }
    }
    Ok(tokens)
}
