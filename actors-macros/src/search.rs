//! Finds the block's parameters in types.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, Path, PathArguments, Type, TypeParamBound};

/// Containers of std that have no bounds on their contents in their definition.
const WITHOUT_BOUNDS: &[&str] = &[
    "Vec",
    "VecDeque",
    "Option",
    "Result",
    "Box",
    "Arc",
    "Mutex",
    "RwLock",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "PhantomData",
];

/// Returns the parameters that the type mentions.
pub(crate) fn mentioned(params: &[&Ident], ty: &TokenStream) -> Vec<Ident> {
    search(params, ty).found
}

/// Returns the types that the type projects from a parameter: `D::Row`, `<D as Db>::Row`.
pub(crate) fn projections(params: &[&Ident], ty: &TokenStream) -> Vec<TokenStream> {
    search(params, ty).projections
}

/// Returns the parameters that the bound mentions.
pub(crate) fn mentioned_in_bound(params: &[&Ident], bound: &TokenStream) -> Vec<Ident> {
    let mut search = Search { params, found: Vec::new(), projections: Vec::new() };
    match syn::parse2::<TypeParamBound>(bound.clone()) {
        Ok(mut bound) => search.visit_type_param_bound_mut(&mut bound),
        Err(_) => search.visit_token_stream_mut(&mut bound.clone()),
    }
    search.found
}

/// Returns whether the type can certainly be written without the block's bounds. `D::Row` cannot.
/// `Wrapper<D>` may not: its struct may have bounds, which the macro cannot see.
pub(crate) fn is_plain(params: &[&Ident], ty: &TokenStream) -> bool {
    syn::parse2::<Type>(ty.clone()).is_ok_and(|ty| is_plain_type(params, &ty))
}

fn is_plain_type(params: &[&Ident], ty: &Type) -> bool {
    if mentioned(params, &ty.to_token_stream()).is_empty() {
        return true;
    }
    match ty {
        Type::Path(path) if path.qself.is_none() => is_plain_path(params, &path.path),
        Type::Tuple(tuple) => tuple.elems.iter().all(|ty| is_plain_type(params, ty)),
        Type::Array(array) => is_plain_type(params, &array.elem),
        Type::Slice(slice) => is_plain_type(params, &slice.elem),
        Type::Paren(paren) => is_plain_type(params, &paren.elem),
        Type::Group(group) => is_plain_type(params, &group.elem),
        _ => false,
    }
}

fn is_plain_path(params: &[&Ident], path: &Path) -> bool {
    let Some(last) = path.segments.last() else { return true };
    match &last.arguments {
        PathArguments::None => path.segments.len() == 1,
        PathArguments::AngleBracketed(list) => {
            WITHOUT_BOUNDS.iter().any(|name| last.ident == name)
                && list.args.iter().all(|argument| match argument {
                    GenericArgument::Type(ty) => is_plain_type(params, ty),
                    _ => false,
                })
        }
        PathArguments::Parenthesized(_) => false,
    }
}

fn search<'a>(params: &'a [&'a Ident], ty: &TokenStream) -> Search<'a> {
    let mut search = Search { params, found: Vec::new(), projections: Vec::new() };
    match syn::parse2::<Type>(ty.clone()) {
        Ok(mut ty) => search.visit_type_mut(&mut ty),
        Err(_) => search.visit_token_stream_mut(&mut ty.clone()),
    }
    search
}

/// Finds parameters: a path that begins with a parameter's name is one.
struct Search<'a> {
    params: &'a [&'a Ident],
    found: Vec<Ident>,
    projections: Vec<TokenStream>,
}

impl Search<'_> {
    fn is_param(&self, name: &Ident) -> bool {
        self.params.contains(&name)
    }

    fn meet(&mut self, name: &Ident) {
        if self.is_param(name) && !self.found.contains(name) {
            self.found.push(name.clone());
        }
    }
}

impl VisitMut for Search<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if let (None, Some(first)) = (&path.leading_colon, path.segments.first()) {
            self.meet(&first.ident);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_path_mut(&mut self, ty: &mut syn::TypePath) {
        let of = match &ty.qself {
            Some(of) => match &*of.ty {
                Type::Path(of) => of.path.get_ident(),
                _ => None,
            },
            None if ty.path.segments.len() == 2 => ty.path.segments.first().map(|first| &first.ident),
            None => None,
        };
        if of.is_some_and(|of| self.is_param(of)) {
            self.projections.push(ty.to_token_stream());
        }
        visit_mut::visit_type_path_mut(self, ty);
    }

    // In tokens that do not parse every name counts.
    fn visit_token_stream_mut(&mut self, tokens: &mut TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(name) => self.meet(&name),
                TokenTree::Group(group) => self.visit_token_stream_mut(&mut group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}
