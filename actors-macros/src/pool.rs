//! Reads and checks `workers`, `keep_alive` and `pressure(…)`: the words inside `pressure`, and
//! which values fit together.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;

use crate::attr::{self, Value as AttrValue, Word};
use crate::errors::Errors;
use crate::overflow::list;
use crate::values::WordValues;
use actors_policy::Action;
use actors_policy::fields::{self, Kind, Value};
use actors_policy::wording::{self, Vocabulary};

/// The words inside `pressure(…)`.
#[derive(Default)]
pub(crate) struct Pressure {
    values: WordValues,
    /// Whether a mistake hides one of the fills.
    fills_unsure: bool,
    /// The actions, with the user's own tokens.
    respond: Vec<(Ident, Action)>,
    /// The word `pressure`, if no action is declared inside.
    without_respond: Option<Ident>,
}

impl Pressure {
    /// Reads `pressure(…)`; without parentheses it is an error.
    pub(crate) fn read(word: &Word, errors: &mut Errors) -> Option<Self> {
        if let AttrValue::In(inside) = &word.value {
            return Some(Self::read_words(&word.name, inside.clone(), errors));
        }
        let text = "`pressure` has its words in parentheses: write `pressure(respond = shed)`, or a list of what is done, \
                    in order: `pressure(respond = [spawn, shed, block])`";
        errors.at(&word.name, text);
        None
    }

    fn read_words(name: &Ident, inside: TokenStream, errors: &mut Errors) -> Self {
        let vocabulary = Vocabulary {
            of: "`pressure`",
            built: fields::words(fields::PRESSURE, false),
            planned: &[],
            elsewhere: (fields::words(fields::ACTOR, false), "`#[actor]`"),
        };
        let mut read = Self::default();
        let before = errors.count();
        let words = attr::read(inside, &vocabulary, errors);
        // A word that did not parse may have been `respond`.
        let is_without_respond = errors.count() == before && !words.iter().any(|word| word.name == "respond");
        read.without_respond = is_without_respond.then(|| name.clone());
        for word in words {
            let Some(field) = fields::find(fields::PRESSURE, &word.name.to_string()) else { continue };
            match field.kind {
                Kind::Actions => read.read_respond(field, &word, errors),
                _ => read.values.read(field, &word, errors),
            }
            read.fills_unsure |= matches!(field.kind, Kind::Fill) && read.values.get(field.word).is_none();
        }
        read
    }

    /// Reads one action, or a list in brackets that is taken in order.
    fn read_respond<T>(&mut self, field: &fields::Field<T>, word: &Word, errors: &mut Errors) {
        let Some(tokens) = word.value(&field.example(), errors) else { return };
        let chunks = list(tokens);
        if chunks.is_empty() {
            errors.at(tokens, "an empty list does nothing; write `respond = shed`, or leave `pressure` out");
        }
        for chunk in chunks {
            let text = chunk.to_string();
            let before: Vec<Action> = self.respond.iter().map(|(_, action)| *action).collect();
            if let Some(action) = errors.ok_or_report(&chunk, wording::action(&text, &before)) {
                self.respond.push((Ident::new(&text, chunk.span()), action));
            }
        }
        let actions: Vec<Action> = self.respond.iter().map(|(_, action)| *action).collect();
        if !actions.is_empty() {
            self.values.push(field.word, word, Value::Actions(actions));
        }
    }

    /// Checks what must fit together, and what must fit the number of workers if that is known.
    pub(crate) fn check(&mut self, workers: Option<(usize, usize)>, errors: &mut Errors) {
        let fill = |word| match self.values.get(word)?.value {
            Value::Fill(fill) => Some(fill),
            _ => None,
        };
        let fits = wording::fills_fit(fill("low"), fill("high"));
        let at = self.values.get("low").or(self.values.get("high")).map(|entry| &entry.tokens);
        if !self.fills_unsure && errors.ok_or_report(at, fits).is_none() {
            self.values.remove("low");
            self.values.remove("high");
        }
        if let Some(name) = &self.without_respond {
            errors.at(name, wording::no_response(workers));
        }
        let spawn = self.respond.iter().find(|(_, action)| *action == Action::Spawn);
        if let (Some((token, _)), Some(workers)) = (spawn, workers) {
            errors.ok_or_report(token, wording::spawn_fits(workers));
        }
    }
}

/// Checks what must fit the number of workers; `None` where a mistake hides it.
pub(crate) fn check(values: &mut WordValues, workers: Option<(usize, usize)>, errors: &mut Errors) {
    let Some(workers) = workers else { return };
    // The word is underlined, because its value is right.
    if let Some(keep_alive) = values.get("keep_alive")
        && errors.ok_or_report(&keep_alive.name, wording::keep_alive_fits(workers)).is_none()
    {
        values.remove("keep_alive");
    }
    if let Some(entry) = values.get("schedule")
        && let Value::Schedule(schedule) = entry.value
    {
        errors.ok_or_report(&entry.tokens, wording::schedule_fits(schedule, workers));
    }
}

/// The call on `Settings`.
impl ToTokens for Pressure {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let values = &self.values;
        tokens.extend(quote! { .pressure(::actors_core::policy::Pressure::new() #values) });
    }
}
