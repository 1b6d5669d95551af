//! `workers`, `keep_alive` and `pressure(…)`: how many instances share the mailbox, and what is done while it is under
//! pressure.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::LitInt;
use syn::spanned::Spanned;

use crate::attr::{self, Value, Word};
use crate::errors::Errors;
use crate::names::ident;
use crate::overflow::list;
use crate::words::duration;
use actors_policy::wording::{self, Vocabulary};

const PRESSURE: Vocabulary<'static> = Vocabulary {
    of: "`pressure`",
    built: wording::OF_PRESSURE,
    planned: &[],
    elsewhere: (wording::OF_ACTOR, "`#[actor]`"),
};

/// The words, read; each with the user's own tokens where something is checked against another word.
#[derive(Default)]
pub(crate) struct Pool {
    /// The least and the greatest number.
    workers: Option<(u64, u64)>,
    /// A mistake hides how many there are.
    workers_unsure: bool,
    keep_alive: Option<(u64, Ident)>,
    pressure: Option<Pressure>,
}

/// What stands inside `pressure(…)`.
#[derive(Default)]
struct Pressure {
    high: Option<(f64, TokenStream)>,
    low: Option<(f64, TokenStream)>,
    /// A mistake hides one of them.
    fills_unsure: bool,
    target_ns: Option<u64>,
    dwell_ns: Option<u64>,
    /// The variants.
    respond: Vec<(Ident, &'static str)>,
    /// The word `pressure`, where nothing inside says what is done.
    mute: Option<Ident>,
}

impl Pool {
    pub(crate) fn read_workers(&mut self, word: &Word, errors: &mut Errors) {
        let example = "write `workers = 4`, or `workers = 1..=8` where their number may change";
        let value = word.value(example, errors);
        self.workers = value.and_then(|value| errors.sound(value, wording::workers(&digits(value))));
        self.workers_unsure = self.workers.is_none();
    }

    pub(crate) fn read_keep_alive(&mut self, word: &Word, errors: &mut Errors) {
        self.keep_alive = duration(word, errors).map(|time_ns| (time_ns, word.name.clone()));
    }

    pub(crate) fn read_pressure(&mut self, word: &Word, errors: &mut Errors) {
        if let Value::In(inside) = &word.value {
            self.pressure = Some(Pressure::read(&word.name, inside.clone(), errors));
            return;
        }
        let text = "`pressure` has its words in parentheses: write `pressure(respond = shed)`, or a list of what is done, \
                    in order: `pressure(respond = [spawn, shed, block])`";
        errors.at(&word.name, text);
    }

    /// What must fit together, and with the schedule (a variant and its tokens).
    pub(crate) fn check(&mut self, (schedule, at): (Option<&str>, &TokenStream), errors: &mut Errors) {
        let workers = (!self.workers_unsure).then(|| self.workers.unwrap_or((1, 1)));
        if let Some(pressure) = &mut self.pressure {
            pressure.check(workers, errors);
        }
        let Some(workers) = workers else { return };
        if let Some((_, token)) = &self.keep_alive
            && errors.sound(token, wording::keep_alive_fits(workers)).is_none()
        {
            self.keep_alive = None;
        }
        if let Some(schedule) = schedule {
            errors.sound(at, wording::schedule_fits(schedule, workers));
        }
    }
}

impl Pressure {
    fn read(name: &Ident, inside: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let before = errors.count();
        let words = attr::read(inside, &PRESSURE, errors);
        // A word that was not understood may have been this one.
        let is_mute = errors.count() == before && !words.iter().any(|word| word.name == "respond");
        read.mute = is_mute.then(|| name.clone());
        for word in words {
            match word.name.to_string().as_str() {
                "high" => read.high = read.fill(&word, errors),
                "low" => read.low = read.fill(&word, errors),
                "target" => read.target_ns = duration(&word, errors),
                "dwell" => read.dwell_ns = duration(&word, errors),
                _ => read.respond = respond(&word, errors),
            }
        }
        read
    }

    fn fill(&mut self, word: &Word, errors: &mut Errors) -> Option<(f64, TokenStream)> {
        let name = word.name.to_string();
        let example = if name == "low" { "write `low = 0.5`" } else { "write `high = 0.8`" };
        let value = word.value(example, errors);
        let fill = value.and_then(|value| errors.sound(value, wording::fill(&name, &value.to_string())));
        self.fills_unsure |= fill.is_none();
        fill.zip(value.cloned())
    }

    fn check(&mut self, workers: Option<(u64, u64)>, errors: &mut Errors) {
        let fill = |fill: &Option<(f64, TokenStream)>| fill.as_ref().map(|(fill, _)| *fill);
        let fits = wording::fills_fit(fill(&self.low), fill(&self.high));
        let at = self.low.as_ref().or(self.high.as_ref()).map(|(_, token)| token);
        if !self.fills_unsure && errors.sound(at, fits).is_none() {
            (self.high, self.low) = (None, None);
        }
        if let Some(name) = &self.mute {
            errors.at(name, wording::no_response(workers));
        }
        let spawn = self.respond.iter().find(|(_, variant)| *variant == "Spawn");
        if let (Some((token, _)), Some(workers)) = (spawn, workers) {
            errors.sound(token, wording::spawn_fits(workers));
        }
    }
}

/// One action, or a list in brackets that is taken in order.
fn respond(word: &Word, errors: &mut Errors) -> Vec<(Ident, &'static str)> {
    let example = "write `respond = shed`, or a list taken in order: `respond = [spawn, shed, block]`";
    let Some(value) = word.value(example, errors) else { return Vec::new() };
    let chunks = list(value);
    if chunks.is_empty() {
        errors.at(value, "an empty list does nothing; write `respond = shed`, or leave `pressure` out");
    }
    let mut read: Vec<(Ident, &'static str)> = Vec::new();
    for chunk in chunks {
        let text = chunk.to_string();
        let before: Vec<&str> = read.iter().map(|(_, variant)| *variant).collect();
        if let Some(variant) = errors.sound(&chunk, wording::action(&text, &before)) {
            read.push((Ident::new(&text, chunk.span()), variant));
        }
    }
    read
}

/// The tokens as text. Literals may have underscores, other bases, a type.
fn digits(value: &TokenStream) -> String {
    let mut text = String::new();
    for token in value.clone() {
        if !matches!(token, TokenTree::Punct(_)) {
            text.push(' ');
        }
        match syn::parse2::<LitInt>(token.to_token_stream()) {
            Ok(literal) => text.push_str(literal.base10_digits()),
            Err(_) => text.push_str(&token.to_string()),
        }
    }
    text
}

/// The calls on `Settings`.
impl ToTokens for Pool {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some((least, most)) = self.workers {
            let (least, most) = (Literal::u64_unsuffixed(least), Literal::u64_unsuffixed(most));
            tokens.extend(quote! { .workers(#least, #most) });
        }
        if let Some((time_ns, _)) = &self.keep_alive {
            let time_ns = Literal::u64_unsuffixed(*time_ns);
            tokens.extend(quote! { .keep_alive(::core::time::Duration::from_nanos(#time_ns)) });
        }
        if let Some(pressure) = &self.pressure {
            tokens.extend(quote! { .pressure(::actors_core::Pressure::new() #pressure) });
        }
    }
}

/// The calls on `Pressure`.
impl ToTokens for Pressure {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for (word, fill) in [("high", &self.high), ("low", &self.low)] {
            if let Some((fill, _)) = fill {
                let (word, fill) = (ident(word), Literal::f64_unsuffixed(*fill));
                tokens.extend(quote! { .#word(#fill) });
            }
        }
        for (word, time_ns) in [("target", self.target_ns), ("dwell", self.dwell_ns)] {
            if let Some(time_ns) = time_ns {
                let (word, time_ns) = (ident(word), Literal::u64_unsuffixed(time_ns));
                tokens.extend(quote! { .#word(::core::time::Duration::from_nanos(#time_ns)) });
            }
        }
        if !self.respond.is_empty() {
            let actions = self.respond.iter().map(|(token, variant)| Ident::new(variant, token.span()));
            tokens.extend(quote! { .respond(&[#(::actors_core::Action::#actions),*]) });
        }
    }
}
