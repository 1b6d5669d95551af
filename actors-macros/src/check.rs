//! Turns the parsed block into the model. All errors of a block are reported at once. A method with
//! a mistake in its signature is left out of the model, so that one mistake gives one error and the
//! other methods still work.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Member, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::attr;
use crate::errors::Errors;
use crate::generics::{Generics, OfMessage};
use crate::handle_methods;
use crate::model::{
    Actor, Answer, Block, Hook, Item, Message, Method, Mistaken, Param, Role, Source, Target, Unmarked,
};
use crate::names::{plain, type_name};
use crate::params::{is_argument, params};
use crate::types::{check_owned, without_self};
use crate::words::{ActorWords, HandlerWords, MessageWords, Place};

/// Returns the model of a block; `None` where its type cannot be an actor.
pub(crate) fn check(block: &Block, words: ActorWords, errors: &mut Errors) -> Option<Actor> {
    let known = block.actor.clone();
    // Without a type the methods are checked too, for their errors.
    let target = known.clone().unwrap_or_else(|| {
        let name = crate::names::ident("Self");
        Target { path: name.to_token_stream(), name, generics: Generics::default() }
    });
    let mut actor = Actor {
        target,
        words,
        messages: Vec::new(),
        mistaken: Vec::new(),
        unmarked: Vec::new(),
        started: None,
        stopped: None,
    };
    for item in &block.items {
        let Item::Method(method) = item else { continue };
        match role(method, errors) {
            Some(role) => add(&mut actor, method, role, errors),
            None => actor.unmarked.extend(unmarked(method)),
        }
    }
    let is_marked = |item: &Item| matches!(item, Item::Method(method) if !method.roles.is_empty());
    if errors.count() == 0 && !block.items.iter().any(is_marked) {
        report_nothing_marked(&mut actor, errors);
    }
    for message in &actor.messages {
        let types = message.args().map(|arg| &arg.ty).chain(message.answer.reply());
        types.for_each(|ty| actor.target.generics.assume(ty));
    }
    known.map(|_| actor)
}

/// Returns the role of the method; it has at most one.
fn role(method: &Method, errors: &mut Errors) -> Option<(Role, TokenStream)> {
    let (first, rest) = method.roles.split_first()?;
    for (role, attr) in rest {
        let message = if *role == first.0 {
            format!("`#[{}]` is said twice; write all words into one", role.word())
        } else {
            format!("this method is `#[{}]` already; leave one of them out", first.0.word())
        };
        errors.at(attr, message);
    }
    let (role, attr) = first;
    let words = attr::inside(attr, errors);
    if matches!(role, Role::Started | Role::Stopped) && !words.is_empty() {
        errors.at(words, "this attribute takes no words");
        return Some((*role, TokenStream::new()));
    }
    Some((*role, words))
}

fn add(actor: &mut Actor, method: &Method, (role, words): (Role, TokenStream), errors: &mut Errors) {
    match role {
        Role::Message | Role::Handler => {
            let before = errors.count();
            match message(actor, method, role, words, errors) {
                Some(message) if is_new(actor, &message, errors) => actor.messages.push(message),
                _ if errors.count() > before => mistaken(actor, method),
                _ => {}
            }
        }
        Role::Started | Role::Stopped => {
            let hook = hook(actor, method, role, errors);
            let place = if role == Role::Started { &mut actor.started } else { &mut actor.stopped };
            if let Some(first) = place {
                let message = format!("`{}` is `#[{}]` already; an actor has one", first.method, role.word());
                errors.at(&method.signature.ident, message);
            } else {
                *place = hook;
            }
        }
    }
}

/// Returns a method that a caller may expect on the handle.
fn unmarked(method: &Method) -> Option<Unmarked> {
    method.signature.receiver()?;
    Some(Unmarked {
        method: method.signature.ident.clone(),
        cfgs: method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
        arguments: arguments(method),
    })
}

/// Reports a block without a message and without a hook: such an actor never runs code, so a mark
/// was forgotten.
fn report_nothing_marked(actor: &mut Actor, errors: &mut Errors) {
    let name = &actor.target.name;
    match actor.unmarked.first() {
        Some(first) => errors.at(
            &first.method,
            format!("no method of `{name}` is a message; write `#[message]` above those that the handle has"),
        ),
        None => errors.at(
            name,
            format!(
                "`{name}` has no message; add a method that is one: `#[message] fn viewed(&mut self) {{ … }}`"
            ),
        ),
    }
    // One mistake gives one error: until it is fixed, calls of these methods on the handle compile.
    let stand_ins = std::mem::take(&mut actor.unmarked).into_iter().filter(|method| method.cfgs.is_empty());
    actor.mistaken.extend(stand_ins.map(|Unmarked { method, arguments, .. }| Mistaken { method, arguments }));
}

/// Returns the number of arguments of a call on the handle.
fn arguments(method: &Method) -> usize {
    method.signature.inputs.iter().filter(|input| is_argument(input)).count()
}

/// Records a method with a mistake, so that its calls are not errors too.
fn mistaken(actor: &mut Actor, method: &Method) {
    let name = &method.signature.ident;
    let known = actor.messages.iter().map(|message| &message.method);
    if plain(name) == "clone"
        || known.chain(actor.mistaken.iter().map(|known| &known.method)).any(|known| known == name)
    {
        return;
    }
    actor.mistaken.push(Mistaken { method: name.clone(), arguments: arguments(method) });
}

fn message(
    actor: &Actor,
    method: &Method,
    role: Role,
    words: TokenStream,
    errors: &mut Errors,
) -> Option<Message> {
    let signature = &method.signature;
    let before = errors.count();
    check_function(method, role, errors);
    let name = message_name(actor, &signature.ident, role, errors);
    if signature.generics.lifetimes().next().is_some() {
        // Already reported: the use of the lifetime is the same mistake.
        return None;
    }
    let params = params(actor, signature, role, errors);
    let answer = answer(actor, signature, &params, errors);
    if role == Role::Handler && errors.count() == before {
        check_handler(signature, &params, errors);
    }
    let sound = errors.count() == before && is_complete(signature, &params);
    let (source, is_boxed, never_inline, shadows) = match role {
        Role::Handler => {
            let HandlerWords { boxed, never_inline, shadows } = HandlerWords::read(words, errors);
            (Source::Shared, boxed, never_inline, shadows)
        }
        _ => {
            let mut words = policy(actor, words, sound.then_some(&params), errors);
            let answers_later = matches!(answer, Answer::Later(_));
            words.check_cancel(signature.asyncness.is_some(), answers_later, errors);
            let (is_boxed, never_inline, shadows) = (words.boxed, words.never_inline, words.shadows.clone());
            (Source::Own(Box::new(words)), is_boxed, never_inline, shadows)
        }
    };
    handle_methods::check(&signature.ident, role, shadows.as_ref(), errors);
    let docs = method.attrs.iter().filter(|attr| is_doc(attr)).cloned().collect();
    let is_async = signature.asyncness.is_some();
    let mut message = Message {
        method: signature.ident.clone(),
        name: name?,
        docs,
        is_async,
        params,
        answer,
        source,
        is_boxed,
        may_inline: actor.words.inline && !never_inline,
        generics: OfMessage::default(),
    };
    message.generics = generics(actor, &message);
    sound.then_some(message)
}

/// Returns what the message's struct is generic over; a shared message declares that itself.
fn generics(actor: &Actor, message: &Message) -> OfMessage {
    if matches!(message.source, Source::Shared) {
        return OfMessage::default();
    }
    let args: Vec<_> = message.args().map(|arg| &arg.ty).collect();
    actor.target.generics.of_message(&args, message.answer.reply())
}

/// Returns whether the signature has no mistake that the compiler reports by itself: two parameters
/// of one name, a `ReplyTo` without a type.
fn is_complete(signature: &Signature, params: &[Param]) -> bool {
    let names: Vec<&Ident> = params.iter().filter_map(Param::name).collect();
    let distinct = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    distinct && params.len() + 1 == signature.inputs.len()
}

fn is_doc(attr: &Attribute) -> bool {
    attr.path().is_ident("doc") || attr.path().is_ident("deprecated")
}

/// Reads the words. Those that name arguments are resolved only if all arguments are valid.
fn policy(
    actor: &Actor,
    words: TokenStream,
    params: Option<&Vec<Param>>,
    errors: &mut Errors,
) -> MessageWords {
    let before = errors.count();
    let mut words = MessageWords::read(words, Place::Method, errors);
    words.check_max(&actor.words, errors);
    let Some(params) = params else { return words };
    let names: Vec<Member> = params.iter().filter_map(Param::name).cloned().map(Member::Named).collect();
    words.check_key(&names, "argument", errors);
    words.check_fair_by(&names, "argument", errors);
    words.check_measures(&names, "argument", errors);
    if errors.count() == before {
        words.check_together(errors);
    }
    words
}

/// Returns whether no earlier message has this name and no earlier handler this type; otherwise
/// reports it.
fn is_new(actor: &Actor, message: &Message, errors: &mut Errors) -> bool {
    if let Some(known) = actor.messages.iter().find(|known| known.name == message.name) {
        // The compiler reports two methods of one name.
        if known.method != message.method {
            let text = format!(
                "`{}` and `{}` would both be the message `{}`; rename one of them",
                known.method, message.method, message.name
            );
            errors.at(&message.method, text);
        }
        return false;
    }
    let shared = |message: &Message| match (&message.source, message.args().next()) {
        (Source::Shared, Some(arg)) => Some(arg.ty.clone()),
        _ => None,
    };
    let Some(ty) = shared(message) else { return true };
    let known = actor
        .messages
        .iter()
        .find(|known| shared(known).is_some_and(|known| known.to_string() == ty.to_string()));
    if let Some(known) = known {
        errors.at(&ty, format!("`{}` handles `{ty}` already; a message has one handler", known.method));
    }
    known.is_none()
}

fn message_name(actor: &Actor, method: &Ident, role: Role, errors: &mut Errors) -> Option<Ident> {
    if plain(method) == "clone" {
        errors.at(method, "on the handle, `clone` clones the handle; give the message another name");
        return None;
    }
    let name = type_name(method);
    match &name {
        None => errors.at(method, "no struct can be named after this method; begin its name with a letter"),
        Some(name) if actor.words.local && role == Role::Message && *name == "Handle" => {
            let text =
                format!("in a `local` block this message would be `{}Handle`; rename it", actor.target.name);
            errors.at(method, text);
        }
        Some(_) => {}
    }
    name
}

/// Checks what holds for every method that the runtime calls.
fn check_function(method: &Method, role: Role, errors: &mut Errors) {
    let signature = &method.signature;
    let word = role.word();
    for attr in method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
        let text = format!("a `#[{word}]` method is always there; put the `cfg` inside its body");
        errors.at(attr, text);
    }
    if let Some(token) = &signature.constness {
        errors.at(token, format!("a `#[{word}]` method is a plain `fn` or an `async fn`; leave `const` out"));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(token, format!("a `#[{word}]` method is called by the runtime; leave `unsafe` out"));
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, format!("a `#[{word}]` method is a plain `fn` or an `async fn`; leave `extern` out"));
    }
    if !signature.generics.params.is_empty() {
        let text = format!("a `#[{word}]` method has no generics: write concrete, owned types");
        errors.at(&signature.generics, text);
    } else if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, format!("a `#[{word}]` method has no where clause; leave it out"));
    }
    if signature.generics.lifetimes().next().is_none() {
        check_receiver(signature, word, errors);
    }
}

fn check_receiver(signature: &Signature, word: &str, errors: &mut Errors) {
    let fix = format!("a `#[{word}]` method borrows the actor: write `&mut self` or `&self`");
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, None, _) => {}
            _ => errors.at(receiver, fix),
        },
        Some(FnArg::Typed(_)) | None => errors.at(&signature.ident, fix),
    }
}

fn answer(actor: &Actor, signature: &Signature, params: &[Param], errors: &mut Errors) -> Answer {
    let later = params.iter().find_map(|param| match param {
        Param::Reply(reply) => Some(reply.clone()),
        _ => None,
    });
    let returned = match &signature.output {
        ReturnType::Type(_, ty) if !is_nothing(ty) => Some(&**ty),
        _ => None,
    };
    match (later, returned) {
        (Some(_), Some(ty)) => {
            errors
                .at(ty, "the answer travels in the `ReplyTo`, so the method returns nothing; leave one out");
            Answer::Nothing
        }
        (Some(reply), None) => Answer::Later(reply),
        (None, Some(ty)) => {
            check_owned(ty, errors);
            Answer::Returned(without_self(ty, &actor.target.path))
        }
        (None, None) => Answer::Nothing,
    }
}

fn is_nothing(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Checks a handler's parameters: it takes only the struct that it handles.
fn check_handler(signature: &Signature, params: &[Param], errors: &mut Errors) {
    let args = params.iter().filter(|param| matches!(param, Param::Value(_))).count();
    if args != 1 {
        let text = "a `#[handler]` takes one argument, the message it handles: `ask: GetStock`; \
                    a method with arguments of its own is a `#[message]`";
        errors.at(&signature.ident, text);
    }
}

fn hook(actor: &Actor, method: &Method, role: Role, errors: &mut Errors) -> Option<Hook> {
    let signature = &method.signature;
    let before = errors.count();
    check_function(method, role, errors);
    let params = params(actor, signature, role, errors);
    let (fits, text): (fn(&Param) -> bool, _) = match role {
        Role::Started => (
            |param| matches!(param, Param::Context),
            "`#[started]` takes `ctx: &mut Context<Self>` or nothing",
        ),
        _ => (|param| matches!(param, Param::StopReason), "`#[stopped]` takes `why: StopReason` or nothing"),
    };
    let misfit = params.iter().enumerate().find(|(at, param)| *at > 0 || !fits(param));
    if let (true, Some((at, _))) = (errors.count() == before, misfit) {
        errors.at(signature.inputs.iter().nth(at + 1), text);
    }
    let returns = match &signature.output {
        ReturnType::Type(_, ty) if !is_nothing(ty) => Some(ty),
        _ => None,
    };
    if let (Role::Stopped, Some(ty)) = (role, returns) {
        errors.at(ty, "`#[stopped]` returns nothing: no caller is left to receive it");
    }
    let output = returns.map_or(signature.ident.span(), |ty| ty.span());
    let hook = Hook {
        method: signature.ident.clone(),
        is_async: signature.asyncness.is_some(),
        takes_one: !params.is_empty(),
        output,
    };
    (errors.count() == before).then_some(hook)
}
