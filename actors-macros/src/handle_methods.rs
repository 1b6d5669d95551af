//! The methods that every handle has. A message with such a name would hide the runtime's method.

use syn::Ident;

use crate::errors::Errors;
use crate::model::Role;
use crate::names::plain;

/// All methods of `actors_core::Handle`.
const HANDLE_METHODS: &[&str] = &[
    "adjust",
    "ask",
    "attach",
    "closed",
    "downgrade",
    "is_closed",
    "kill",
    "ledger",
    "name",
    "policy",
    "pressure",
    "reading",
    "ready",
    "recipient",
    "reserve",
    "resize",
    "sink",
    "stop",
    "tell",
    "try_reserve",
    "watch",
];

/// Checks that a message's name differs from these, or that the message declares that it hides the
/// runtime's method. `shadows` is the word, if it is present.
pub(crate) fn check(method: &Ident, role: Role, shadows: Option<&Ident>, errors: &mut Errors) {
    let name = plain(method);
    match (HANDLE_METHODS.contains(&name.as_str()), shadows) {
        (true, None) => {
            let word = role.word();
            let text = format!(
                "every handle has a method `{name}` already; rename the message, or write `#[{word}(shadows)]` and \
                 `Handle::{name}(&handle)` for the runtime's"
            );
            errors.at(method, text);
        }
        (false, Some(word)) => {
            errors.at(word, format!("no method of the runtime is called `{name}`; leave `shadows` out"));
        }
        (true, Some(_)) | (false, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_are_the_methods_of_a_handle() {
        let sources = [
            include_str!("../../actors-core/src/actor/handle.rs"),
            include_str!("../../actors-core/src/send/handle.rs"),
        ];
        let mut found = Vec::new();
        for source in sources {
            let (_, methods) = source.split_once("\nimpl<A: Actor> Handle<A> {").expect("the block is there");
            let (methods, _) = methods.split_once("\n}\n").expect("the block ends");
            let names = methods.lines().filter_map(|line| line.strip_prefix("    pub fn "));
            found.extend(names.filter_map(|line| line.split(['<', '(']).next()));
        }
        found.sort_unstable();
        assert_eq!(found, HANDLE_METHODS);
    }
}
