//! What the macro looks for in types: borrows, `Self`, and the few types whose traits are known by
//! name.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, Ident, Lifetime, PathArguments, Type, TypeParamBound};

use crate::errors::Errors;

/// Types that are `Clone` wherever they are written like this.
const CLONE: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
    "bool", "char", "String", "Duration", "Instant",
];

/// Whether the type is written plainly and known to be `Clone`.
pub(crate) fn is_known_clone(ty: &TokenStream) -> bool {
    CLONE.contains(&ty.to_string().as_str())
}

/// Types of std that are as `Send` as what they contain, or always.
const AS_SEND_AS_INSIDE: &[&str] = &[
    "Box",
    "Vec",
    "VecDeque",
    "Option",
    "Result",
    "Arc",
    "Mutex",
    "RwLock",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "Cow",
    "PathBuf",
    "OsString",
    "PhantomData",
    "SystemTime",
];
/// Types of std that are not `Send`, or not in an `Arc`.
const PERHAPS_NOT_SEND: &[&str] = &[
    "Rc",
    "Weak",
    "Cell",
    "RefCell",
    "OnceCell",
    "UnsafeCell",
    "NonNull",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
];

/// What the names in a type tell about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// It is made of types of std, all of them `Send`.
    Send,
    /// It is made of types of std, and may not be `Send`: only the compiler knows that of `dyn
    /// Error`.
    Suspicious,
    /// A type in it is not from std, perhaps the actor's handle: whether it is `Send` may depend on
    /// the actor's messages.
    Unknown,
}

/// Returns what the names in the type tell about it.
pub(crate) fn known(ty: &TokenStream) -> Known {
    syn::parse2::<Type>(ty.clone()).map_or(Known::Unknown, |ty| known_type(&ty))
}

fn known_type(ty: &Type) -> Known {
    let all = |types: &mut dyn Iterator<Item = &Type>| types.map(known_type).max().unwrap_or(Known::Send);
    match ty {
        Type::Paren(paren) => known_type(&paren.elem),
        Type::Group(group) => known_type(&group.elem),
        Type::Array(array) => known_type(&array.elem),
        Type::Slice(slice) => known_type(&slice.elem),
        Type::Reference(reference) => known_type(&reference.elem).max(Known::Suspicious),
        Type::Ptr(pointer) => known_type(&pointer.elem).max(Known::Suspicious),
        Type::Tuple(tuple) => all(&mut tuple.elems.iter()),
        Type::FnPtr(_) => Known::Send,
        Type::TraitObject(object) => {
            let says = |name: &str| {
                object.bounds.iter().any(|bound| {
                    matches!(bound, TypeParamBound::Trait(bound) if bound.path.segments.last().is_some_and(|last| last.ident == name))
                })
            };
            if says("Send") && says("Sync") { Known::Send } else { Known::Suspicious }
        }
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else { return Known::Unknown };
            let name = last.ident.to_string();
            let arguments: Vec<&Type> = match &last.arguments {
                PathArguments::None => Vec::new(),
                PathArguments::AngleBracketed(list) => list
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(ty),
                        _ => None,
                    })
                    .collect(),
                PathArguments::Parenthesized(_) => return Known::Unknown,
            };
            // A handle is `Send` wherever its actor is. Proving it repeatedly costs compile time.
            if name.ends_with("Handle") || name == "Recipient" {
                return Known::Send;
            }
            // `Result<T>` is an alias for any type.
            let itself = if CLONE.contains(&name.as_str()) || name == "str" {
                Known::Send
            } else if name == "Result" && arguments.len() != 2 {
                Known::Unknown
            } else if AS_SEND_AS_INSIDE.contains(&name.as_str()) {
                Known::Send
            } else if PERHAPS_NOT_SEND.contains(&name.as_str()) {
                Known::Suspicious
            } else {
                Known::Unknown
            };
            itself.max(all(&mut arguments.into_iter()))
        }
        _ => Known::Unknown,
    }
}

/// Returns whether the type is a plain name or path, without arguments.
pub(crate) fn is_plain_path(ty: &TokenStream) -> bool {
    let is_plain = |path: syn::TypePath| {
        path.qself.is_none() && path.path.segments.iter().all(|segment| segment.arguments.is_none())
    };
    syn::parse2(ty.clone()).is_ok_and(is_plain)
}

/// Replaces every `Self` with the actor's name, so that the type means the same outside of the
/// block.
pub(crate) fn without_self(ty: impl ToTokens, actor: &TokenStream) -> TokenStream {
    let mut tokens = ty.into_token_stream().into_iter().peekable();
    let mut replaced = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(name) if name == "Self" => {
                let is_path = matches!(tokens.peek(), Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
                let actor = if is_path { as_prefix(actor) } else { actor.clone() };
                replaced.extend(actor.into_iter().map(|mut token| {
                    token.set_span(name.span());
                    token
                }));
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), actor));
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
            }
            other => replaced.extend([other]),
        }
    }
    replaced
}

/// Returns the type in a form that `::` may follow: `Shop`, `<Shop<D>>`.
pub(crate) fn as_prefix(ty: &TokenStream) -> TokenStream {
    if has_arguments(ty) {
        quote! { <#ty> }
    } else {
        ty.clone()
    }
}

/// Returns whether the type has arguments in angle brackets.
pub(crate) fn has_arguments(ty: &TokenStream) -> bool {
    ty.clone().into_iter().any(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '<'))
}

/// Returns the last segment's name and the type in its angle brackets: `ReplyTo<T>` → (`ReplyTo`,
/// `T`).
pub(crate) fn last_segment(ty: &Type) -> Option<(&Ident, Option<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let argument = match &segment.arguments {
        PathArguments::AngleBracketed(list) => list.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    };
    Some((&segment.ident, argument))
}

/// Reports types that cannot be kept in a message or sent back, as far as the tokens show it:
/// borrows, `impl …`, `_`, `Rc`, pointers. At most one error for a type.
pub(crate) fn check_owned(ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty
        && reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
    {
        return errors.at(ty, format!("a message owns what it carries: write {}", owned(&reference.elem)));
    }
    let is_unsized = match ty {
        Type::TraitObject(_) | Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    };
    if is_unsized {
        return errors.at(ty, format!("a message has a size: write {}", owned(ty)));
    }
    let mut search = Borrows(None);
    search.visit_type_mut(&mut ty.clone());
    if let Some((found, message)) = search.0 {
        errors.at(found, message);
    }
}

/// Returns the first borrow in a type.
pub(crate) fn borrow(ty: &Type) -> Option<TokenStream> {
    struct Lifetimes(Option<TokenStream>);
    impl VisitMut for Lifetimes {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert_with(|| lifetime.to_token_stream());
            }
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            if reference.lifetime.is_none() {
                self.0.get_or_insert_with(|| reference.to_token_stream());
            }
            visit_mut::visit_type_reference_mut(self, reference);
        }

        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}

        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut search = Lifetimes(None);
    search.visit_type_mut(&mut ty.clone());
    search.0
}

/// Returns the owned type to use instead of a borrowed one.
fn owned(borrowed: &Type) -> String {
    let name = borrowed.to_token_stream().to_string();
    match (borrowed, name.as_str()) {
        (_, "str") => "`String`".to_owned(),
        (_, "Path" | "OsStr" | "CStr") => {
            format!("`{}`", if name == "Path" { "PathBuf".to_owned() } else { name.replace("Str", "String") })
        }
        (Type::Slice(slice), _) => format!("`Vec<{}>`", slice.elem.to_token_stream()),
        (Type::TraitObject(_), _) => format!("`Box<{name} + Send>`"),
        (Type::Path(_), _) => format!("`{name}`, or `Arc<{name}>` to share it"),
        _ => "an owned type".to_owned(),
    }
}

/// Finds the first part of a type that is not owned. Arguments of function types may borrow.
struct Borrows(Option<(TokenStream, &'static str)>);

impl Borrows {
    fn found(&mut self, tokens: impl ToTokens, message: &'static str) {
        self.0.get_or_insert_with(|| (tokens.into_token_stream(), message));
    }
}

impl VisitMut for Borrows {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        if reference.lifetime.is_none() {
            self.found(
                &reference,
                "a message owns what it carries: write an owned type instead of this borrow",
            );
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            self.found(lifetime, "a message owns what it carries: write `'static`, or an owned type");
        }
    }

    fn visit_type_impl_trait_mut(&mut self, ty: &mut syn::TypeImplTrait) {
        self.found(ty, "a message is one struct, so this is one type with a name: write it, or `Box<dyn …>`");
    }

    fn visit_type_infer_mut(&mut self, ty: &mut syn::TypeInfer) {
        self.found(ty, "write the type out: a message's fields are not inferred");
    }

    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        if let Some(last) = path.path.segments.last()
            && last.ident == "Rc"
            && !last.arguments.is_none()
        {
            self.found(&path, "an `Rc` stays on its thread, and a message leaves it: write `Arc`");
        }
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_type_ptr_mut(&mut self, pointer: &mut syn::TypePtr) {
        self.found(pointer, "a pointer stays on its thread, and a message leaves it: write an owned type");
    }

    fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
}
