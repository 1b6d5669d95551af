//! The words of `#[actor(…)]` and `#[message(…)]`, and the values they take.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Member, Type, Visibility};

use crate::attr::{self, Word};
use crate::errors::Errors;
use crate::measure::Measure;
use crate::overflow::overflow;
use crate::pool::{self, Pressure};
use crate::root;
use crate::values::WordValues;
use actors_policy::fields::{self, Field, Kind, Value};
use actors_policy::word::{Word as _, list};
use actors_policy::wording::{self, Vocabulary};
use actors_policy::{Inline, InvalidPolicy, Overflow, OverflowList, Policy, Priority, Ramp, Settings};

/// Words that belong to the mail. The others belong to the message, which has a struct of its own.
const OF_HANDLER: [&str; 3] = ["boxed", "inline", "shadows"];

/// The words of `#[actor(…)]`.
pub(crate) struct ActorWords {
    /// The words that policies know.
    pub(crate) values: WordValues,
    pub(crate) pressure: Option<Pressure>,
    /// Whether senders may run turns.
    pub(crate) inline: bool,
    pub(crate) vis: Visibility,
    pub(crate) local: bool,
    /// The path of the runtime.
    pub(crate) root: Option<TokenStream>,
    /// The number of slots; `None` where a mistake hides it.
    slots: Option<usize>,
}

/// The words of `#[message(…)]`.
#[derive(Default)]
pub(crate) struct MessageWords {
    /// The words that policies know.
    pub(crate) values: WordValues,
    /// The words of the overflow list, each with the user's own token.
    overflow: Vec<(Ident, Overflow)>,
    pub(crate) weight: Option<Measure>,
    pub(crate) cost: Option<Measure>,
    /// The word `exempt`: no token of the actor's rate is needed.
    pub(crate) exempt: Option<Ident>,
    pub(crate) key: Option<Member>,
    /// The field between whose values slots and turns are shared.
    pub(crate) fair_by: Option<Member>,
    pub(crate) reply: Option<Type>,
    pub(crate) boxed: bool,
    /// Whether senders never run its turns.
    pub(crate) never_inline: bool,
    /// The word `shadows`: the handle's method hides the runtime's of the same name.
    pub(crate) shadows: Option<Ident>,
    /// The word `cancel`: a turn without an asker is dropped.
    pub(crate) cancel: Option<Ident>,
    /// The path of the runtime, for a derived message.
    pub(crate) root: Option<TokenStream>,
}

/// The place of `#[message]`, which decides what its words refer to.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Method,
    Type,
}

impl ActorWords {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let vocabulary = Vocabulary {
            of: "`#[actor]`",
            built: fields::words(fields::ACTOR, false),
            planned: &[],
            elsewhere: (fields::words(fields::MESSAGE, false), "`#[message]`"),
        };
        let mut read = Self {
            values: WordValues::default(),
            pressure: None,
            inline: true,
            vis: Visibility::Inherited,
            local: false,
            root: None,
            slots: Some(Settings::new().declared_capacity()),
        };
        let mut workers_unsure = false;
        for word in attr::read(tokens, &vocabulary, errors) {
            let Some(field) = fields::find(fields::ACTOR, &word.name.to_string()) else { continue };
            match (field.kind, field.word) {
                (Kind::Table, _) => read.pressure = Pressure::read(&word, errors),
                (Kind::Code(_), "inline") => read.inline = inline(&word, errors),
                (Kind::Code(_), "crate") => read.root = root::read(&word, errors),
                (Kind::Code(_), "vis") => read.vis = visibility(&word, errors),
                (Kind::Code(_), _) => read.local = bare(&word, errors),
                _ => read.values.read(field, &word, errors),
            }
            match field.word {
                "capacity" => read.slots = read.values.number("capacity"),
                "workers" => workers_unsure = read.values.get("workers").is_none(),
                _ => {}
            }
        }
        if let Some(slots) = read.slots {
            let fits = |value: &Value| fits(value, |reserve| wording::reserve_fits(reserve, slots));
            read.values.check("reserve", fits, errors);
        }
        let workers = match read.values.get("workers").map(|entry| &entry.value) {
            Some(Value::Workers(least, most)) => Some((*least, *most)),
            _ => (!workers_unsure).then_some((1, 1)),
        };
        if let Some(pressure) = &mut read.pressure {
            pressure.check(workers, errors);
        }
        pool::check(&mut read.values, workers, errors);
        let said = read.values.said_of(fields::ACTOR, Settings::new());
        read.values.check_together(said.check_rate(), errors);
        read
    }
}

/// Checks a value that is a whole number.
fn fits(value: &Value, check: impl FnOnce(usize) -> Result<(), InvalidPolicy>) -> Result<(), InvalidPolicy> {
    match value {
        Value::Number(number) => check(*number),
        _ => Ok(()),
    }
}

impl MessageWords {
    pub(crate) fn read(tokens: TokenStream, place: Place, errors: &mut Errors) -> Self {
        let vocabulary = Vocabulary {
            of: "`#[message]`",
            built: fields::words(fields::MESSAGE, false),
            planned: fields::MESSAGE_PLANNED,
            elsewhere: (fields::words(fields::ACTOR, false), "`#[actor]`"),
        };
        let mut read = Self::default();
        let mut key_unsure = false;
        for word in attr::read(tokens, &vocabulary, errors) {
            let Some(field) = fields::find(fields::MESSAGE, &word.name.to_string()) else { continue };
            match (field.kind, field.word) {
                (Kind::Overflow, _) => read.read_overflow(field, &word, errors),
                (Kind::Code(_), "weight") => read.weight = Measure::read("weight", &word, errors),
                (Kind::Code(_), "cost") => read.cost = Measure::read("cost", &word, errors),
                (Kind::Code(_), "exempt") => read.exempt = bare(&word, errors).then_some(word.name),
                (Kind::Code(_), "fair_by") => {
                    read.fair_by = field_of(&word, "fair_by", "user", errors);
                }
                (Kind::Code(_), "key") => {
                    read.key = field_of(&word, "key", "sku", errors);
                    key_unsure = read.key.is_none();
                }
                (Kind::Code(_), "crate") => read.root = of_type(&word, place, errors),
                (Kind::Code(_), "boxed") => read.boxed = boxed(&word, place, errors),
                (Kind::Code(_), "shadows") => read.shadows = shadows(word, place, errors),
                (Kind::Code(_), "inline") => read.never_inline = never_inline(&word, place, errors),
                (Kind::Code(_), "cancel") => read.cancel = cancel(word, errors),
                (Kind::Code(_), _) => read.reply = reply(&word, place, errors),
                _ => read.values.read(field, &word, errors),
            }
        }
        if key_unsure {
            read.forget_key();
        }
        read.check_exempt(errors);
        read
    }

    fn read_overflow<T>(&mut self, field: &Field<T>, word: &Word, errors: &mut Errors) {
        let Some(tokens) = word.value(&field.example(), errors) else { return };
        let (list, early) = overflow(tokens, errors);
        let words: Vec<Overflow> = list.iter().map(|(_, word)| *word).collect();
        self.overflow = list;
        if !words.is_empty() {
            let value = Value::Overflow(OverflowList::new(&words), early.map(Ramp::from));
            self.values.push(field.word, word, value);
        }
    }

    /// Checks that a message of a block has no more slots than the block's actor.
    pub(crate) fn check_max(&mut self, actor: &ActorWords, errors: &mut Errors) {
        let Some(slots) = actor.slots else { return };
        let max = |value: &Value| fits(value, |max| wording::max_fits(max, slots));
        self.values.check("max", max, errors);
        let max_per_key = |value: &Value| fits(value, |max| wording::max_per_key_fits(max, slots));
        self.values.check("max_per_key", max_per_key, errors);
    }

    /// Checks that there is a turn to cancel: that of an `async fn` which answers itself.
    pub(crate) fn check_cancel(&mut self, is_async: bool, answers_later: bool, errors: &mut Errors) {
        let Some(cancel) = &self.cancel else { return };
        let why = match (is_async, answers_later) {
            (true, false) => return,
            (true, true) => "`ReplyTo::is_wanted` tells this method whether its asker is there: leave it out",
            (false, _) => "a plain `fn` runs to its end once it has begun: write `async fn`, or leave it out",
        };
        errors.at(cancel, why);
        self.cancel = None;
    }

    /// Checks that weight and cost are one of `fields`, or functions.
    pub(crate) fn check_measures(&mut self, fields: &[Member], noun: &str, errors: &mut Errors) {
        self.weight = self.weight.take().and_then(|weight| weight.among(fields, noun, errors));
        self.cost = self.cost.take().and_then(|cost| cost.among(fields, noun, errors));
    }

    /// Checks that only types above `normal` are exempt from the actor's rate.
    fn check_exempt(&mut self, errors: &mut Errors) {
        let Some(exempt) = &self.exempt else { return };
        let lowest = match self.values.get("priority").map(|entry| &entry.value) {
            Some(Value::Priority(lowest, _)) => *lowest,
            _ => Priority::Normal,
        };
        if errors.ok_or_report(exempt, wording::exempt_fits(lowest)).is_none() {
            self.exempt = None;
        }
    }

    /// Checks words that exclude each other, where each word by itself is sound.
    pub(crate) fn check_together(&self, errors: &mut Errors) {
        let mut said = self.values.said_of(fields::MESSAGE, Policy::tell());
        (said.keyed, said.fair) = (self.key.is_some(), self.fair_by.is_some());
        self.values.check_together(said.check(), errors);
    }

    /// Checks that the field between whose values turns are shared is one of `fields`.
    pub(crate) fn check_fair_by(&mut self, fields: &[Member], noun: &str, errors: &mut Errors) {
        let Some(fair_by) = &self.fair_by else { return };
        let name = fair_by.to_token_stream().to_string();
        let names: Vec<String> = fields.iter().map(|field| field.to_token_stream().to_string()).collect();
        let why = if !names.contains(&name) {
            format!("`fair_by = {name}` names no {noun}; {}", choice_of(fields, noun))
        } else if self.key.is_some() {
            wording::FAIR_AND_KEYED.to_owned()
        } else {
            return;
        };
        errors.at(fair_by, why);
        self.fair_by = None;
    }

    /// Checks that the key is one of `fields`, and that `conflate` has one. Without `conflate` the
    /// key orders the messages of a pool, which an actor may become at its start.
    pub(crate) fn check_key(&mut self, fields: &[Member], noun: &str, errors: &mut Errors) {
        let names: Vec<String> = fields.iter().map(|field| field.to_token_stream().to_string()).collect();
        let conflate = self.overflow.iter().find(|(_, word)| *word == Overflow::Conflate);
        let Some(key) = &self.key else {
            if let Some((token, _)) = conflate {
                let advice = match names.first() {
                    Some(name) => format!("so name the {noun} that is the key: `key = {name}`"),
                    None => format!("but there is no {noun} to be the key: write `drop_oldest`"),
                };
                let message = format!("`conflate` keeps the newest message of each key, {advice}");
                errors.at(token, message);
                self.forget_overflow();
            }
            if let Some(entry) = self.values.remove("max_per_key") {
                let advice = match names.first() {
                    Some(name) => format!("so name the {noun} that is the key: `key = {name}`"),
                    None => format!("but there is no {noun} to be the key: leave it out, or write `max`"),
                };
                errors.at(entry.tokens, format!("`max_per_key` counts the messages of one key, {advice}"));
            }
            return;
        };
        let name = key.to_token_stream().to_string();
        if !names.contains(&name) {
            errors.at(key, format!("the key `{name}` names no {noun}; {}", choice_of(fields, noun)));
            self.forget_key();
        }
    }

    /// Continues without a key after an error about it.
    pub(crate) fn forget_key(&mut self) {
        self.key = None;
        self.values.remove("max_per_key");
        self.forget_overflow();
    }

    /// Whether a send may choose its priority.
    pub(crate) fn has_range(&self) -> bool {
        let range = self.values.get("priority").map(|entry| &entry.value);
        matches!(range, Some(Value::Priority(lowest, highest)) if lowest < highest)
    }

    fn forget_overflow(&mut self) {
        self.overflow.clear();
        self.values.remove("overflow");
    }
}

/// Lists the fields as the end of a sentence.
pub(crate) fn choice_of(fields: &[Member], noun: &str) -> String {
    let names: Vec<String> = fields.iter().map(|field| field.to_token_stream().to_string()).collect();
    match names.len() {
        0 => format!("there is no {noun}"),
        1 => format!("the only {noun} is {}", list(&names)),
        _ => format!("the {noun}s are {}", list(&names)),
    }
}

/// `weighted(by = time)` → (`weighted`, `by = time`); anything else stays in one piece.
pub(crate) fn with_parentheses(value: &TokenStream) -> (TokenStream, Option<TokenStream>) {
    let tokens: Vec<TokenTree> = value.clone().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(head), TokenTree::Group(inside)]
            if inside.delimiter() == Delimiter::Parenthesis =>
        {
            (head.to_token_stream(), Some(inside.stream()))
        }
        _ => (value.clone(), None),
    }
}

fn visibility(word: &Word, errors: &mut Errors) -> Visibility {
    let example = "write `vis = pub` or `vis = pub(crate)`";
    let Some(value) = word.value(example, errors) else {
        return Visibility::Inherited;
    };
    match syn::parse2::<Visibility>(value.clone()) {
        Ok(vis) if !matches!(vis, Visibility::Inherited) => vis,
        _ => {
            errors.at(value, format!("this is no visibility; {example}, or leave it out for private items"));
            Visibility::Inherited
        }
    }
}

fn bare(word: &Word, errors: &mut Errors) -> bool {
    if !matches!(word.value, attr::Value::Bare) {
        errors.at(word.value_tokens(), format!("`{}` stands alone and takes no value", word.name));
    }
    true
}

/// The words of `#[handler]`: how the mail holds the message, and whether senders may run its
/// turns.
#[derive(Default)]
pub(crate) struct HandlerWords {
    pub(crate) boxed: bool,
    pub(crate) never_inline: bool,
    pub(crate) shadows: Option<Ident>,
}

impl HandlerWords {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let vocabulary = Vocabulary {
            of: "`#[handler]`",
            built: OF_HANDLER.to_vec(),
            planned: &[],
            elsewhere: (
                fields::words(fields::MESSAGE, false),
                "the message's struct, `#[derive(Message)] #[message(…)] struct …`",
            ),
        };
        let mut read = Self::default();
        for word in attr::read(tokens, &vocabulary, errors) {
            match word.name.to_string().as_str() {
                "inline" => read.never_inline = !inline(&word, errors),
                "shadows" => read.shadows = bare(&word, errors).then_some(word.name),
                _ => read.boxed = bare(&word, errors),
            }
        }
        read
    }
}

fn inline(word: &Word, errors: &mut Errors) -> bool {
    let Some(value) = word.value("write `inline = never`", errors) else { return true };
    errors.ok_or_report(value, Inline::read(&value.to_string())) != Some(Inline::Never)
}

/// Reports `crate` on a block's message, which uses the runtime of its actor.
fn of_type(word: &Word, place: Place, errors: &mut Errors) -> Option<TokenStream> {
    if let Place::Method = place {
        errors.at(&word.name, "the block says where the runtime is found: write `#[actor(crate = path)]`");
        return None;
    }
    root::read(word, errors)
}

/// Reports `inline` on a struct: only handlers decide which senders run turns.
fn never_inline(word: &Word, place: Place, errors: &mut Errors) -> bool {
    if let Place::Type = place {
        let text = "each actor decides who runs its turns: write `#[handler(inline = never)]` there";
        errors.at(&word.name, text);
        return false;
    }
    !inline(word, errors)
}

/// Reports `shadows` on a struct: the method has the name, not the struct.
fn shadows(word: Word, place: Place, errors: &mut Errors) -> Option<Ident> {
    if let Place::Type = place {
        let text = "the method has the name, not the struct: write `#[handler(shadows)]` there";
        errors.at(&word.name, text);
        return None;
    }
    bare(&word, errors).then_some(word.name)
}

fn cancel(word: Word, errors: &mut Errors) -> Option<Ident> {
    let example = "write `cancel = on_abandon`";
    let value = word.value(example, errors)?;
    if value.to_string() != "on_abandon" {
        errors.at(value, format!("a turn is cancelled when its asker has gone away, or never; {example}"));
        return None;
    }
    Some(word.name)
}

/// Reports `boxed` on a struct: the mail decides how a message is stored.
fn boxed(word: &Word, place: Place, errors: &mut Errors) -> bool {
    if let Place::Type = place {
        let text = "each actor decides how its mail holds a shared message: write `#[handler(boxed)]` there";
        errors.at(&word.name, text);
        return false;
    }
    bare(word, errors)
}

fn field_of(word: &Word, name: &str, example: &str, errors: &mut Errors) -> Option<Member> {
    let value = word.value(&format!("write `{name} = field`"), errors)?;
    match syn::parse2(value.clone()) {
        Ok(member) => Some(member),
        Err(_) => {
            let what = if name == "key" { "the key" } else { "this" };
            let text = format!("{what} is the name of one field or argument, as in `{name} = {example}`");
            errors.at(value, text);
            None
        }
    }
}

fn reply(word: &Word, place: Place, errors: &mut Errors) -> Option<Type> {
    if let Place::Method = place {
        let message = "the method's return type says what the reply is; leave `reply` out";
        errors.at(&word.name, message);
        return None;
    }
    let value = word.value("write `reply = u32`", errors)?;
    match syn::parse2(value.clone()) {
        Ok(reply) => Some(reply),
        Err(_) => {
            errors.at(value, "the reply is a type, as in `reply = u32` or `reply = Result<u32, Declined>`");
            None
        }
    }
}
