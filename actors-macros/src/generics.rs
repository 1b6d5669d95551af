//! The block's type and const parameters: which of them an item of the expansion declares, and with
//! which bounds. Without parameters all of this is empty, and emits nothing.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{GenericParam, Token, TypeParamBound, WherePredicate};

use crate::search;
use crate::types::without_self;

/// Bounds that do not imply `Send + 'static`.
const IMPLY_NOTHING: &[&str] = &[
    "Send",
    "static",
    "Sync",
    "Unpin",
    "Clone",
    "Copy",
    "Debug",
    "Display",
    "Default",
    "Hash",
    "Eq",
    "PartialEq",
    "Ord",
    "PartialOrd",
];

/// Some of the block's parameters, in order, with their bounds.
#[derive(Clone, Default)]
pub(crate) struct Generics {
    params: Vec<Parameter>,
    bounds: Vec<Bound>,
    /// Types like `D::Row` that must be `Send`.
    assumed: Vec<TokenStream>,
}

#[derive(Clone)]
struct Parameter {
    name: Ident,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Type,
    /// A `?Sized` type, which every item that declares it must repeat.
    Unsized,
    /// A constant of this type.
    Const(TokenStream),
}

/// One bound of one type, so that each can be left out separately.
#[derive(Clone)]
struct Bound {
    of: TokenStream,
    bound: TokenStream,
    /// The parameters in `of`, and in `of` and the bound together.
    subjects: Vec<Ident>,
    all: Vec<Ident>,
}

/// What the struct of a message is generic over.
#[derive(Clone, Default)]
pub(crate) struct OfMessage {
    /// The parameters of the arguments and of the reply, and the bounds that mention no others.
    pub(crate) generics: Generics,
    /// Whether some type can only be written under the block's bounds, so that the struct has them
    /// too.
    pub(crate) is_bounded: bool,
    /// Parameters that no argument mentions: the struct needs a hidden field for them.
    pub(crate) hidden: Vec<Ident>,
}

impl Generics {
    /// Reads the parameters of the block `impl<…> actor where …`. Lifetimes are left out, because
    /// actors cannot have them.
    pub(crate) fn of_block(generics: &syn::Generics, actor: &TokenStream) -> Self {
        let mut read = Self::default();
        for param in &generics.params {
            let (name, kind) = match param {
                GenericParam::Type(param) => (&param.ident, Kind::Type),
                GenericParam::Const(param) => (&param.ident, Kind::Const(param.ty.to_token_stream())),
                GenericParam::Lifetime(_) => continue,
            };
            read.params.push(Parameter { name: name.clone(), kind });
        }
        for param in generics.type_params() {
            read.bind(&param.ident, None, &param.bounds, actor);
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            if let WherePredicate::Type(predicate) = predicate {
                let lifetimes = predicate.lifetimes.as_ref().map(ToTokens::to_token_stream);
                read.bind(&predicate.bounded_ty, lifetimes, &predicate.bounds, actor);
            }
        }
        read
    }

    fn bind(
        &mut self,
        ty: &impl ToTokens,
        lifetimes: Option<TokenStream>,
        bounds: &Punctuated<TypeParamBound, Token![+]>,
        actor: &TokenStream,
    ) {
        let ty = without_self(ty, actor);
        for bound in bounds {
            if let TypeParamBound::Trait(bound) = bound
                && bound.maybe.is_some()
            {
                let name = ty.to_string();
                for param in self.params.iter_mut().filter(|param| param.name == name) {
                    param.kind = Kind::Unsized;
                }
                continue;
            }
            let bound = without_self(bound, actor);
            let subjects = self.mentioned(&ty);
            let of_bound = search::mentioned_in_bound(&self.names(), &bound);
            let all = subjects.iter().cloned().chain(of_bound).collect();
            self.bounds.push(Bound { of: quote! { #lifetimes #ty }, bound, subjects, all });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// `<D, const N: usize>`, without bounds.
    pub(crate) fn declared(&self) -> TokenStream {
        let params = self.params.iter().map(|Parameter { name, kind }| match kind {
            Kind::Type => name.to_token_stream(),
            Kind::Unsized => quote! { #name: ?::core::marker::Sized },
            Kind::Const(ty) => quote! { const #name: #ty },
        });
        if self.is_empty() {
            TokenStream::new()
        } else {
            quote! { <#(#params),*> }
        }
    }

    /// `<D, N>`.
    pub(crate) fn arguments(&self) -> TokenStream {
        let names = self.params.iter().map(|param| &param.name);
        if self.is_empty() {
            TokenStream::new()
        } else {
            quote! { <#(#names),*> }
        }
    }

    /// `::<D, N>`, as an expression needs it.
    pub(crate) fn turbofish(&self) -> TokenStream {
        let arguments = self.arguments();
        if self.is_empty() {
            arguments
        } else {
            quote! { ::#arguments }
        }
    }

    /// Returns `where` and all bounds. Those include that every parameter is `Send + 'static`, and
    /// every `D::Row` is `Send`, even where the block does not state it. One place reports the
    /// omission, and the rest of the expansion compiles.
    pub(crate) fn clause(&self) -> TokenStream {
        let assumed = self.assumed.iter().map(|ty| quote! { #ty: ::core::marker::Send, });
        clause([self.bounds(), self.sendable(), assumed.collect()])
    }

    /// Like [`clause`](Self::clause), but without what is assumed of `D::Row`, for the place that
    /// checks it.
    pub(crate) fn checked_clause(&self) -> TokenStream {
        clause([self.bounds(), self.sendable()])
    }

    /// Returns only the bounds that the block states.
    pub(crate) fn stated_clause(&self) -> TokenStream {
        clause([self.bounds()])
    }

    fn sendable(&self) -> TokenStream {
        self.forgotten().map(|name| quote! { #name: ::core::marker::Send + 'static, }).collect()
    }

    fn bounds(&self) -> TokenStream {
        self.bounds.iter().map(|Bound { of, bound, .. }| quote! { #of: #bound, }).collect()
    }

    /// Returns type parameters for which the block does not state `Send + 'static` itself; a trait
    /// bound may imply it.
    pub(crate) fn forgotten(&self) -> impl Iterator<Item = &Ident> {
        self.types().filter(|name| {
            let has = |word: &str| self.bounds_of(name).any(|bound| bound == word);
            !(has("Send") && has("static"))
        })
    }

    /// Returns those of the [`forgotten`](Self::forgotten) parameters whose bounds are all known
    /// and imply nothing.
    pub(crate) fn surely_forgotten(&self) -> impl Iterator<Item = &Ident> {
        self.forgotten().filter(|name| {
            let mut bounds = self.bounds_of(name);
            bounds.all(|bound| IMPLY_NOTHING.iter().any(|known| bound == *known))
        })
    }

    /// Returns the last names of the type's bounds: `Send`, `static`.
    fn bounds_of(&self, name: &Ident) -> impl Iterator<Item = String> {
        let of_it = self.bounds.iter().filter(move |bound| *name == bound.of.to_string());
        of_it.filter_map(|bound| Some(bound.bound.clone().into_iter().last()?.to_string()))
    }

    fn types(&self) -> impl Iterator<Item = &Ident> {
        self.params.iter().filter(|param| !matches!(param.kind, Kind::Const(_))).map(|param| &param.name)
    }

    /// Returns the type parameters that none of the types mentions.
    pub(crate) fn unmentioned<'a>(&self, types: impl Iterator<Item = &'a TokenStream>) -> Vec<Ident> {
        let mentioned: Vec<Ident> = types.flat_map(|ty| self.mentioned(ty)).collect();
        self.types().filter(|name| !mentioned.contains(name)).cloned().collect()
    }

    /// Returns whether the type mentions any of the parameters.
    pub(crate) fn mentions_any(&self, ty: &TokenStream) -> bool {
        !self.is_empty() && !self.mentioned(ty).is_empty()
    }

    fn names(&self) -> Vec<&Ident> {
        self.params.iter().map(|param| &param.name).collect()
    }

    fn mentioned(&self, ty: &TokenStream) -> Vec<Ident> {
        search::mentioned(&self.names(), ty)
    }

    /// Returns parameters that the actor's type does not mention, and that nothing could infer.
    pub(crate) fn unconstrained(&self, actor: &TokenStream) -> Vec<Ident> {
        let mentioned = self.mentioned(actor);
        let names = self.params.iter().map(|param| &param.name);
        names.filter(|name| !mentioned.contains(name)).cloned().collect()
    }

    /// Returns what a message of these arguments and this reply is generic over.
    pub(crate) fn of_message(&self, args: &[&TokenStream], reply: Option<&TokenStream>) -> OfMessage {
        if self.is_empty() {
            return OfMessage::default();
        }
        let all = || args.iter().copied().chain(reply);
        let mut mentioned: Vec<Ident> = all().flat_map(|ty| self.mentioned(ty)).collect();
        let needs_bounds = |ty: &TokenStream| !search::is_plain(&self.names(), ty);
        if all().any(needs_bounds) {
            // `D::Row` is written under `D: Db<K>`, and so is the struct: then it has K too.
            while let Some(more) = self.missing(&mentioned) {
                mentioned.push(more);
            }
        }
        let is_ours = |name: &Ident| mentioned.contains(name);
        let params = self.params.iter().filter(|param| is_ours(&param.name)).cloned().collect();
        let ours = self.bounds.iter().filter(|bound| !bound.all.is_empty() && bound.all.iter().all(is_ours));
        let mut generics = Self { params, bounds: ours.cloned().collect(), assumed: Vec::new() };
        all().for_each(|ty| generics.assume(ty));
        let hidden = generics.unmentioned(args.iter().copied());
        OfMessage { generics, is_bounded: args.iter().any(|ty| needs_bounds(ty)), hidden }
    }

    /// Returns a parameter that a bound of these parameters mentions and that is not one of them.
    fn missing(&self, names: &[Ident]) -> Option<Ident> {
        let of_them = |bound: &&Bound| {
            !bound.subjects.is_empty() && bound.subjects.iter().all(|name| names.contains(name))
        };
        let mut mentioned = self.bounds.iter().filter(of_them).flat_map(|bound| &bound.all);
        mentioned.find(|name| !names.contains(name)).cloned()
    }

    /// Records that what the type projects from parameters, as in `D::Row`, is `Send`: see
    /// [`clause`](Self::clause).
    pub(crate) fn assume(&mut self, ty: &TokenStream) {
        for projection in search::projections(&self.names(), ty) {
            if self.assumed.iter().all(|known| known.to_string() != projection.to_string()) {
                self.assumed.push(projection);
            }
        }
    }
}

impl OfMessage {
    /// Returns the bounds of the struct itself.
    pub(crate) fn clause_of_struct(&self) -> TokenStream {
        if self.is_bounded { self.generics.stated_clause() } else { TokenStream::new() }
    }
}

fn clause<const N: usize>(predicates: [TokenStream; N]) -> TokenStream {
    let predicates: TokenStream = predicates.into_iter().collect();
    if predicates.is_empty() {
        predicates
    } else {
        quote! { where #predicates }
    }
}

/// Returns a field type that uses the parameters and stores nothing.
pub(crate) fn phantom(names: &[Ident]) -> TokenStream {
    quote! { ::core::marker::PhantomData<(#(fn() -> #names,)*)> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::ItemImpl;

    /// What a message with this argument and this reply declares, whether its struct is bounded,
    /// and what it hides.
    fn of(block: &str, arg: &str, reply: &str) -> (String, bool, String) {
        let block: ItemImpl = syn::parse_str(block).expect("a block");
        let generics = Generics::of_block(&block.generics, &block.self_ty.to_token_stream());
        let tokens = |text: &str| -> TokenStream { text.parse().expect("a type") };
        let of = generics.of_message(&[&tokens(arg)], Some(&tokens(reply)));
        let hidden: Vec<_> = of.hidden.iter().map(ToString::to_string).collect();
        (of.generics.declared().to_string().replace(' ', ""), of.is_bounded, hidden.join(","))
    }

    fn expected(declared: &str, is_bounded: bool, hidden: &str) -> (String, bool, String) {
        (declared.to_owned(), is_bounded, hidden.to_owned())
    }

    #[test]
    fn a_message_declares_what_it_mentions_in_the_block_s_order() {
        let block = "impl<A, B: Db, const N: usize> Shop<A, B, N> {}";
        assert_eq!(of(block, "u32", "()"), expected("", false, ""));
        assert_eq!(of(block, "(B, Vec<A>)", "()"), expected("<A,B>", false, ""));
        assert_eq!(of(block, "[Option<A>; N]", "u8"), expected("<A,constN:usize>", false, ""));
        assert_eq!(of(block, "other::A", "::B"), expected("", false, ""));
    }

    #[test]
    fn what_only_the_reply_mentions_is_hidden() {
        let block = "impl<A, B: Db, const N: usize> Shop<A, B, N> {}";
        assert_eq!(of(block, "u32", "Vec<A>"), expected("<A>", false, "A"));
        assert_eq!(of(block, "A", "B::Row"), expected("<A,B>", false, "B"));
        assert_eq!(of(block, "u32", "[u8; N]"), expected("<constN:usize>", false, ""));
    }

    #[test]
    fn a_type_that_may_need_bounds_brings_them_and_whom_they_speak_of() {
        let block = "impl<K: From<V>, V, D: Db<K>> Shop<K, V, D> where D::Row: Clone {}";
        assert_eq!(of(block, "D", "()"), expected("<D>", false, ""));
        assert_eq!(of(block, "D::Row", "()"), expected("<K,V,D>", true, "K,V"));
        assert_eq!(of(block, "Wrapper<V>", "()"), expected("<V>", true, ""));
        assert_eq!(
            of("impl<D: ?Sized> Shop<D> {}", "Box<D>", "()"),
            expected("<D:?::core::marker::Sized>", false, "")
        );
    }

    #[test]
    fn only_what_is_sure_is_reported_by_the_macro_itself() {
        let forgotten = |block: &str| {
            let block: ItemImpl = syn::parse_str(block).expect("a block");
            let generics = Generics::of_block(&block.generics, &block.self_ty.to_token_stream());
            (generics.forgotten().count(), generics.surely_forgotten().count())
        };
        assert_eq!(forgotten("impl<D: Send + 'static> Shop<D> {}"), (0, 0));
        assert_eq!(forgotten("impl<D: 'static> Shop<D> where D: std::marker::Send {}"), (0, 0));
        assert_eq!(forgotten("impl<D> Shop<D> {}"), (1, 1));
        assert_eq!(forgotten("impl<D: Send, const N: usize> Shop<D, N> where Vec<D>: 'static {}"), (1, 1));
        assert_eq!(forgotten("impl<D: Db> Shop<D> {}"), (1, 0));
    }
}
