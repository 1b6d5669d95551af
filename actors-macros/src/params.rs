//! The parameters of a method: owned arguments, the `ReplyTo`, the context.

use syn::{FnArg, Ident, Pat, PatType, Signature, Type};

use crate::errors::Errors;
use crate::model::{Actor, Arg, Param, Role};
use crate::types::{check_owned, last_segment, without_self};

/// Returns the valid parameters after `self`, and reports the others.
pub(crate) fn params(actor: &Actor, signature: &Signature, role: Role, errors: &mut Errors) -> Vec<Param> {
    let typed: Vec<&PatType> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let mut params: Vec<Param> = Vec::new();
    for (at, typed_arg) in typed.iter().enumerate() {
        let Some(param) = param(actor, typed_arg, role, errors) else {
            continue;
        };
        let again = match &param {
            Param::Reply(_) => params.iter().any(|param| matches!(param, Param::Reply(_))),
            Param::Context => params.iter().any(|param| matches!(param, Param::Context)),
            Param::Value(_) | Param::StopReason => false,
        };
        if again {
            errors.at(typed_arg, "this parameter is there already; a method has one");
        } else if matches!(param, Param::Context) && at + 1 < typed.len() {
            errors.at(typed_arg, "the context comes last: move this parameter to the end");
        } else {
            params.push(param);
        }
    }
    params
}

fn param(actor: &Actor, typed: &PatType, role: Role, errors: &mut Errors) -> Option<Param> {
    let text = "`&mut Context<Self>` is how the context comes; write that";
    match &*typed.ty {
        Type::Reference(reference) if is_named(&reference.elem, "Context") => {
            if reference.mutability.is_some() {
                return Some(Param::Context);
            }
            errors.at(&typed.ty, text);
            None
        }
        ty if is_named(ty, "Context") && last_segment(ty).is_some_and(|(_, of)| of.is_some()) => {
            errors.at(ty, text);
            None
        }
        ty if role == Role::Stopped && is_named(ty, "StopReason") => Some(Param::StopReason),
        ty if is_named(ty, "ReplyTo") => {
            // The compiler itself reports a missing `<T>`.
            let (_, reply) = last_segment(ty)?;
            let reply = reply?;
            check_owned(reply, errors);
            Some(Param::Reply(without_self(reply, &actor.target.path)))
        }
        ty => {
            let before = errors.count();
            check_owned(ty, errors);
            let name = argument_name(typed, errors)?;
            let arg = Arg { name, ty: without_self(ty, &actor.target.path) };
            (errors.count() == before).then_some(Param::Value(arg))
        }
    }
}

/// Whether a call on the handle has this parameter: not `self`, the context or the `ReplyTo`.
pub(crate) fn is_argument(input: &FnArg) -> bool {
    match input {
        FnArg::Receiver(_) => false,
        FnArg::Typed(typed) => match &*typed.ty {
            Type::Reference(reference) => !is_named(&reference.elem, "Context"),
            ty => !is_named(ty, "ReplyTo"),
        },
    }
}

fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|(last, _)| last == name)
}

fn argument_name(typed: &PatType, errors: &mut Errors) -> Option<Ident> {
    for attr in typed.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
        errors.at(attr, "an argument of a message is always there; leave the `cfg` out");
    }
    match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        pat => {
            let text = "an argument becomes a field, so it needs a name: write `name: Type` and take it apart inside";
            errors.at(pat, text);
            None
        }
    }
}
