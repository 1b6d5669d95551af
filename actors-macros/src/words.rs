//! What the words of `#[actor(…)]` and `#[message(…)]` mean, and which values they take.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{LitInt, LitStr, Member, Type, Visibility};

use crate::attr::{self, Value, Word};
use crate::errors::Errors;
use crate::overflow::overflow;
use crate::pool::Pool;
use crate::weight::Weight;
use actors_policy::wording::{self, Number, Vocabulary, list};

/// Slots of a mailbox that says nothing.
const CAPACITY_DEFAULT: u64 = 256;

const ACTOR: Vocabulary<'static> = Vocabulary {
    of: "`#[actor]`",
    built: wording::OF_ACTOR,
    planned: &[],
    elsewhere: (wording::OF_MESSAGE, "`#[message]`"),
};
const MESSAGE: Vocabulary<'static> = Vocabulary {
    of: "`#[message]`",
    built: wording::OF_MESSAGE,
    planned: wording::MESSAGE_PLANNED,
    elsewhere: (wording::OF_ACTOR, "`#[actor]`"),
};
/// What belongs to the mail; the rest belongs to the message, which is a struct of its own.
const HANDLER: Vocabulary<'static> = Vocabulary {
    of: "`#[handler]`",
    built: &["boxed", "inline", "shadows"],
    planned: &[],
    elsewhere: (wording::OF_MESSAGE, "the message's struct, `#[derive(Message)] #[message(…)] struct …`"),
};

/// `#[actor(…)]`, read.
pub(crate) struct ActorWords {
    pub(crate) capacity: Option<u64>,
    pub(crate) max_waiting: Option<u64>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) reserve: Option<u64>,
    pub(crate) jobs: Option<u64>,
    /// The variant.
    pub(crate) schedule: Option<&'static str>,
    pub(crate) pool: Pool,
    /// Senders may run turns.
    pub(crate) inline: bool,
    pub(crate) vis: Visibility,
    pub(crate) local: bool,
    /// Slots, unless a mistake hides how many.
    slots: Option<u64>,
}

/// `#[message(…)]`, read.
#[derive(Default)]
pub(crate) struct MessageWords {
    pub(crate) priority: Option<Ident>,
    /// Each with the user's own token.
    pub(crate) overflow: Vec<(Ident, &'static str)>,
    /// The fill from which `drop_random` begins.
    pub(crate) early: Option<f64>,
    /// With the user's own tokens.
    pub(crate) max: Option<(u64, TokenStream)>,
    /// With the user's own tokens.
    pub(crate) max_per_key: Option<(u64, TokenStream)>,
    pub(crate) weight: Option<Weight>,
    /// The variant.
    pub(crate) order: Option<&'static str>,
    pub(crate) key: Option<Member>,
    pub(crate) ttl_ns: Option<u64>,
    pub(crate) timeout_ns: Option<u64>,
    pub(crate) reply: Option<Type>,
    pub(crate) boxed: bool,
    /// Senders do not run its turns.
    pub(crate) never_inline: bool,
    /// The handle's method hides the runtime's of the same name.
    pub(crate) shadows: Option<Ident>,
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
            max_bytes: None,
            reserve: None,
            jobs: None,
            schedule: None,
            pool: Pool::default(),
            inline: true,
            vis: Visibility::Inherited,
            local: false,
            slots: Some(CAPACITY_DEFAULT),
        };
        let (mut reserve, mut schedule_at) = (None, TokenStream::new());
        for word in attr::read(tokens, &ACTOR, errors) {
            match word.name.to_string().as_str() {
                "capacity" => {
                    read.capacity = number(&word, &wording::CAPACITY, errors);
                    read.slots = read.capacity;
                }
                "max_waiting" => read.max_waiting = number(&word, &wording::MAX_WAITING, errors),
                "max_bytes" => read.max_bytes = number(&word, &wording::MAX_BYTES, errors),
                "reserve" => {
                    read.reserve = number(&word, &wording::RESERVE, errors);
                    reserve = Some(word);
                }
                "schedule" => {
                    read.schedule = schedule(&word, errors);
                    schedule_at = word.value_tokens();
                }
                "workers" => read.pool.read_workers(&word, errors),
                "keep_alive" => read.pool.read_keep_alive(&word, errors),
                "pressure" => read.pool.read_pressure(&word, errors),
                "jobs" => read.jobs = number(&word, &wording::JOBS, errors),
                "inline" => read.inline = inline(&word, errors),
                "vis" => read.vis = visibility(&word, errors),
                _ => read.local = bare(&word, errors),
            }
        }
        if let (Some(word), Some(reserve), Some(slots)) = (reserve, read.reserve, read.slots) {
            let fits = errors.sound(word.value_tokens(), wording::reserve_fits(reserve, slots));
            read.reserve = fits.map(|()| reserve);
        }
        read.pool.check((read.schedule, &schedule_at), errors);
        read
    }
}

impl MessageWords {
    pub(crate) fn read(tokens: TokenStream, place: Place, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let mut key_unsure = false;
        for word in attr::read(tokens, &MESSAGE, errors) {
            match word.name.to_string().as_str() {
                "priority" => read.priority = priority(&word, errors),
                "overflow" => {
                    if let Some(value) =
                        word.value("write `overflow = block`, or a list tried in order", errors)
                    {
                        (read.overflow, read.early) = overflow(value, errors);
                    }
                }
                "max" => {
                    read.max = number(&word, &wording::MAX, errors).map(|max| (max, word.value_tokens()));
                }
                "max_per_key" => {
                    let max = number(&word, &wording::MAX_PER_KEY, errors);
                    read.max_per_key = max.map(|max| (max, word.value_tokens()));
                }
                "weight" => read.weight = Weight::read(&word, errors),
                "order" => read.order = order(&word, errors),
                "key" => {
                    read.key = key(&word, errors);
                    key_unsure = read.key.is_none();
                }
                "ttl" => read.ttl_ns = duration(&word, errors),
                "timeout" => read.timeout_ns = duration(&word, errors),
                "boxed" => read.boxed = boxed(&word, place, errors),
                "shadows" if matches!(place, Place::Type) => {
                    let text = "the method has the name, not the struct: write `#[handler(shadows)]` there";
                    errors.at(&word.name, text);
                }
                "shadows" => read.shadows = bare(&word, errors).then_some(word.name),
                "inline" => {
                    read.never_inline = if let Place::Type = place {
                        let text =
                            "each actor decides who runs its turns: write `#[handler(inline = never)]` there";
                        errors.at(&word.name, text);
                        false
                    } else {
                        !inline(&word, errors)
                    };
                }
                _ => read.reply = reply(&word, place, errors),
            }
        }
        if key_unsure {
            read.forget_key();
        }
        read
    }

    /// A message of a block has no more slots than the block's actor.
    pub(crate) fn check_max(&mut self, actor: &ActorWords, errors: &mut Errors) {
        if let (Some((max, token)), Some(slots)) = (&self.max, actor.slots)
            && errors.sound(token, wording::max_fits(*max, slots)).is_none()
        {
            self.max = None;
        }
        if let (Some((max, token)), Some(slots)) = (&self.max_per_key, actor.slots)
            && errors.sound(token, wording::max_per_key_fits(*max, slots)).is_none()
        {
            self.max_per_key = None;
        }
    }

    /// The weight is one of `fields`, or a function.
    pub(crate) fn check_weight(&mut self, fields: &[Member], noun: &str, errors: &mut Errors) {
        self.weight = self.weight.take().and_then(|weight| weight.among(fields, noun, errors));
    }

    /// `conflate` needs a key, and the key is one of `fields`. Without `conflate` it orders the messages of a pool, which an
    /// actor may be made at its start.
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
            if let Some((_, token)) = self.max_per_key.take() {
                let advice = match names.first() {
                    Some(name) => format!("so name the {noun} that is the key: `key = {name}`"),
                    None => format!("but there is no {noun} to be the key: leave it out, or write `max`"),
                };
                errors.at(token, format!("`max_per_key` counts the messages of one key, {advice}"));
            }
            return;
        };
        let name = key.to_token_stream().to_string();
        if !names.contains(&name) {
            errors.at(key, format!("the key `{name}` names no {noun}; {}", choice_of(fields, noun)));
            self.forget_key();
        }
    }

    /// After an error about the key: goes on as if nothing had been said about it.
    pub(crate) fn forget_key(&mut self) {
        self.key = None;
        self.max_per_key = None;
        self.overflow.clear();
    }
}

/// The fields as the end of a sentence.
pub(crate) fn choice_of(fields: &[Member], noun: &str) -> String {
    let names: Vec<String> = fields.iter().map(|field| field.to_token_stream().to_string()).collect();
    match names.len() {
        0 => format!("there is no {noun}"),
        1 => format!("the only {noun} is {}", list(&names)),
        _ => format!("the {noun}s are {}", list(&names)),
    }
}

fn number(word: &Word, number: &Number, errors: &mut Errors) -> Option<u64> {
    let value = word.value(&number.example(), errors)?;
    // Literals may have underscores, other bases, a type; anything else is shown as it is written.
    let text = match syn::parse2::<LitInt>(value.clone()) {
        Ok(literal) => literal.base10_digits().to_owned(),
        Err(_) => value.to_string(),
    };
    errors.sound(value, number.read(&text))
}

pub(crate) fn duration(word: &Word, errors: &mut Errors) -> Option<u64> {
    let name = word.name.to_string();
    let value = word.value(&wording::duration::example(&name), errors)?;
    let text = syn::parse2::<LitStr>(value.clone()).ok().map(|text| text.value());
    errors.sound(value, wording::duration::read(&name, text.as_deref()))
}

fn order(word: &Word, errors: &mut Errors) -> Option<&'static str> {
    let value = word.value("write `order = fifo` or `order = lifo_under_pressure`", errors)?;
    errors.sound(value, wording::order(&value.to_string()))
}

fn schedule(word: &Word, errors: &mut Errors) -> Option<&'static str> {
    let value = word.value("write `schedule = strict` or `schedule = weighted`", errors)?;
    let (head, inside) = with_parentheses(value);
    let variant = errors.sound(&head, wording::schedule(&head.to_string(), None))?;
    let Some(inside) = inside else { return Some(variant) };
    let result = wording::schedule(&head.to_string(), Some(&inside.to_string()));
    errors.sound(if inside.is_empty() { value } else { &inside }, result)
}

/// `weighted(by = time)` → (`weighted`, `by = time`); anything of another form stays in one piece.
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
    if !matches!(word.value, Value::Bare) {
        errors.at(word.value_tokens(), format!("`{}` stands alone and takes no value", word.name));
    }
    true
}

/// The words of `#[handler]`: how the mail holds the message, and who may run its turns.
#[derive(Default)]
pub(crate) struct HandlerWords {
    pub(crate) boxed: bool,
    pub(crate) never_inline: bool,
    pub(crate) shadows: Option<Ident>,
}

impl HandlerWords {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for word in attr::read(tokens, &HANDLER, errors) {
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
    let choices = &[("auto", "Auto"), ("never", "Never")];
    errors.sound(value, wording::choice("inline", &value.to_string(), choices, &[])) != Some("Never")
}

/// How a message travels is the mail's affair, so a struct cannot say it.
fn boxed(word: &Word, place: Place, errors: &mut Errors) -> bool {
    if let Place::Type = place {
        let text = "each actor decides how its mail holds a shared message: write `#[handler(boxed)]` there";
        errors.at(&word.name, text);
        return false;
    }
    bare(word, errors)
}

fn priority(word: &Word, errors: &mut Errors) -> Option<Ident> {
    let value = word.value("write `priority = high`", errors)?;
    let variant = errors.sound(value, wording::priority(&value.to_string()))?;
    Some(Ident::new(variant, value.span()))
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
