//! What the words of `#[actor(…)]` and `#[message(…)]` mean, and which values they take.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{LitInt, Member, Type, Visibility};

use crate::attr::{Value, Vocabulary, Word, split};
use crate::duration::duration;
use crate::errors::Errors;
use crate::names::{list, nearest};

/// Slots of a mailbox at most: 2^24, so that a slot's index and its generation fit one word.
const CAPACITY_MAX: u64 = 1 << 24;
/// Slots of a mailbox that says nothing.
const CAPACITY_DEFAULT: u64 = 256;

const OF_ACTOR: &[&str] = &["capacity", "max_waiting", "reserve", "schedule", "vis", "local"];
const OF_MESSAGE: &[&str] = &["priority", "overflow", "key", "ttl", "timeout", "reply"];

const ACTOR: Vocabulary = Vocabulary {
    attribute: "`#[actor]`",
    built: OF_ACTOR,
    planned: &["max_bytes", "workers", "pressure", "inline"],
    elsewhere: (OF_MESSAGE, "`#[message]`"),
};
const MESSAGE: Vocabulary = Vocabulary {
    attribute: "`#[message]`",
    built: OF_MESSAGE,
    planned: &["max", "rate", "burst", "weight", "boxed", "inline"],
    elsewhere: (OF_ACTOR, "`#[actor]`"),
};

/// What a value may be: the word, and the variant that stands for it in the expansion.
type Choices = &'static [(&'static str, &'static str)];

const PRIORITIES: Choices = &[("low", "Low"), ("normal", "Normal"), ("high", "High"), ("urgent", "Urgent")];
const OVERFLOWS: Choices = &[
    ("block", "Block"),
    ("reject", "Reject"),
    ("drop_newest", "DropNewest"),
    ("drop_oldest", "DropOldest"),
    ("conflate", "Conflate"),
];
const OVERFLOWS_PLANNED: &[&str] = &["drop_random", "evict_lower", "spill"];

/// `#[actor(…)]`, read.
pub(crate) struct ActorWords {
    pub(crate) capacity: Option<u64>,
    pub(crate) max_waiting: Option<u64>,
    pub(crate) reserve: Option<u64>,
    pub(crate) vis: Visibility,
    pub(crate) local: bool,
}

/// `#[message(…)]`, read.
#[derive(Default)]
pub(crate) struct MessageWords {
    pub(crate) priority: Option<Ident>,
    /// Each with the user's own token.
    pub(crate) overflow: Vec<(Ident, &'static str)>,
    /// Something in the list was wrong, so nothing is to be concluded from what is in it.
    overflow_unsure: bool,
    pub(crate) key: Option<Member>,
    pub(crate) ttl_ns: Option<u64>,
    pub(crate) timeout_ns: Option<u64>,
    pub(crate) reply: Option<Type>,
}

/// Where `#[message]` stands decides what its words speak of.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Method,
    Type,
}

impl ActorWords {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Self {
            capacity: None,
            max_waiting: None,
            reserve: None,
            vis: Visibility::Inherited,
            local: false,
        };
        let mut reserve = None;
        let mut capacity_known = true;
        for word in ACTOR.read(tokens, errors) {
            match word.name.to_string().as_str() {
                "capacity" => {
                    read.capacity = number(&word, 1, errors);
                    capacity_known = read.capacity.is_some();
                }
                "max_waiting" => read.max_waiting = number(&word, 0, errors),
                "reserve" => {
                    read.reserve = number(&word, 0, errors);
                    reserve = Some(word);
                }
                "schedule" => schedule(&word, errors),
                "vis" => read.vis = visibility(&word, errors),
                _ => read.local = bare(&word, errors),
            }
        }
        let capacity = read.capacity.unwrap_or(CAPACITY_DEFAULT);
        if let (Some(word), Some(slots)) = (reserve, read.reserve)
            && slots >= capacity
            && capacity_known
        {
            let message = format!("the reserve is a part of the capacity, which is {capacity}: write less");
            errors.at(word.value_tokens(), message);
            read.reserve = None;
        }
        read
    }
}

impl MessageWords {
    pub(crate) fn read(tokens: TokenStream, place: Place, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let mut key_unsure = false;
        for word in MESSAGE.read(tokens, errors) {
            match word.name.to_string().as_str() {
                "priority" => read.priority = priority(&word, errors),
                "overflow" => read.read_overflow(&word, errors),
                "key" => {
                    read.key = key(&word, errors);
                    key_unsure = read.key.is_none();
                }
                "ttl" => read.ttl_ns = duration(&word, errors),
                "timeout" => read.timeout_ns = duration(&word, errors),
                _ => read.reply = reply(&word, place, errors),
            }
        }
        if key_unsure {
            read.forget_key();
        }
        read
    }

    fn read_overflow(&mut self, word: &Word, errors: &mut Errors) {
        let before = errors.count();
        if let Some(value) = word.value("write `overflow = block`, or a list tried in order", errors) {
            self.overflow = overflow(value, errors);
        }
        self.overflow_unsure = errors.count() > before;
    }

    /// The key and `conflate` need each other, and the key is one of `fields`.
    pub(crate) fn check_key(&mut self, fields: &[Member], noun: &str, errors: &mut Errors) {
        let names: Vec<String> = fields.iter().map(|field| field.to_token_stream().to_string()).collect();
        let conflate = self.overflow.iter().find(|(_, variant)| *variant == "Conflate");
        let Some(key) = &self.key else {
            if let Some((token, _)) = conflate {
                let advice = match names.first() {
                    Some(name) => format!("so name the {noun} that is the key: `key = {name}`"),
                    None => format!("but there is no {noun} to be the key: write `drop_oldest`"),
                };
                let message = format!("`conflate` keeps the newest message of each key, {advice}");
                errors.at(token, message);
                self.overflow.clear();
            }
            return;
        };
        let name = key.to_token_stream().to_string();
        if !names.contains(&name) {
            let choice = match names.len() {
                0 => format!("there is no {noun}"),
                1 => format!("the only {noun} is {}", list(&names)),
                _ => format!("the {noun}s are {}", list(&names)),
            };
            errors.at(key, format!("the key `{name}` names no {noun}; {choice}"));
        } else if conflate.is_none() && !self.overflow_unsure {
            let message = "a key orders the messages of a pool, but workers are not built yet: \
                           for now it needs `overflow = conflate` beside it";
            errors.at(key, message);
        } else {
            return;
        }
        self.forget_key();
    }

    /// After an error about the key: goes on as if nothing had been said about it.
    pub(crate) fn forget_key(&mut self) {
        self.key = None;
        self.overflow.clear();
    }
}

fn number(word: &Word, least: u64, errors: &mut Errors) -> Option<u64> {
    let example = format!("write a whole number, as in `{} = 64`", word.name);
    let value = word.value(&example, errors)?;
    // What overflows a number is too large; what is below zero is none of ours.
    let literal = syn::parse2::<LitInt>(value.clone()).ok();
    let Some(literal) = literal.filter(|literal| !literal.base10_digits().starts_with('-')) else {
        errors.at(value, format!("this is no whole number; {example}"));
        return None;
    };
    match literal.base10_parse::<u64>() {
        Ok(number) if number < least => {
            let message =
                format!("`{}` is at least {least}: a mailbox without a slot takes nothing", word.name);
            errors.at(value, message);
            None
        }
        Ok(number) if number <= CAPACITY_MAX => Some(number),
        _ => {
            errors.at(value, format!("`{}` is at most {CAPACITY_MAX} (2^24); write less", word.name));
            None
        }
    }
}

fn schedule(word: &Word, errors: &mut Errors) {
    let Some(value) = word.value("write `schedule = strict`", errors) else {
        return;
    };
    match value.to_string().as_str() {
        "strict" => {}
        "weighted" => errors.at(value, "`weighted` is not built yet; leave it out for now"),
        _ => errors.at(value, "the schedule is `strict`, which may be left out"),
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
    if !matches!(word.value, Value::Bare) {
        errors.at(word.value_tokens(), format!("`{}` stands alone and takes no value", word.name));
    }
    true
}

fn priority(word: &Word, errors: &mut Errors) -> Option<Ident> {
    let value = word.value("write `priority = high`", errors)?;
    let (token, variant) = choice(value, PRIORITIES, &[], "priority", errors)?;
    Some(Ident::new(variant, token.span()))
}

fn key(word: &Word, errors: &mut Errors) -> Option<Member> {
    let value = word.value("write `key = field`", errors)?;
    match syn::parse2(value.clone()) {
        Ok(member) => Some(member),
        Err(_) => {
            errors.at(value, "the key is the name of one field or argument, as in `key = sku`");
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

/// One word, or a list in brackets that is tried in order.
fn overflow(value: &TokenStream, errors: &mut Errors) -> Vec<(Ident, &'static str)> {
    let Ok(list) = syn::parse2::<proc_macro2::Group>(value.clone()) else {
        return choice(value, OVERFLOWS, OVERFLOWS_PLANNED, "overflow", errors).into_iter().collect();
    };
    let chunks = split(list.stream());
    if chunks.is_empty() {
        errors.at(value, "an empty list says nothing; write `block`, or leave `overflow` out");
    }
    let last = chunks.len().saturating_sub(1);
    let mut read: Vec<(Ident, &'static str)> = Vec::new();
    for (at, chunk) in chunks.into_iter().enumerate() {
        let value = chunk.into_iter().collect();
        let Some((token, variant)) = choice(&value, OVERFLOWS, OVERFLOWS_PLANNED, "overflow", errors) else {
            continue;
        };
        if read.iter().any(|(_, known)| *known == variant) {
            errors.at(&token, format!("`{token}` is in the list twice; leave one of them out"));
        } else if variant == "Conflate" && at > 0 {
            errors
                .at(&token, "`conflate` applies always, not only when full, so it stands first in the list");
        } else if at < last && matches!(variant, "Block" | "Reject" | "DropNewest") {
            let message = format!("nothing is tried after `{token}`, so it stands last in the list");
            errors.at(&token, message);
        }
        read.push((token, variant));
    }
    read
}

fn choice(
    value: &TokenStream,
    choices: Choices,
    planned: &[&str],
    word: &str,
    errors: &mut Errors,
) -> Option<(Ident, &'static str)> {
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let Ok(token) = syn::parse2::<Ident>(value.clone()) else {
        errors.at(value, format!("`{word}` is one of {}", list(&words)));
        return None;
    };
    let text = token.to_string();
    if let Some((_, variant)) = choices.iter().find(|(word, _)| *word == text) {
        return Some((token, variant));
    }
    let message = if planned.contains(&text.as_str()) {
        format!("`{text}` is not built yet; for now `{word}` is one of {}", list(&words))
    } else if let Some(meant) = nearest(&text, &words) {
        format!("there is no {word} `{text}`; did you mean `{meant}`?")
    } else {
        format!("there is no {word} `{text}`; it is one of {}", list(&words))
    };
    errors.at(&token, message);
    None
}
