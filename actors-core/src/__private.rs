#![allow(missing_docs, reason = "called by generated code only")]
//! What `#[actor]` and `#[derive(Message)]` emit calls to. Not part of the public face.

use crate::error::BoxError;
use std::fmt::Debug;
use std::future::Future;

pub use std::hash::RandomState;

/// Gives a handler's future back; the bound makes a future that is not `Send` an error at the handler's name.
pub fn send_future<F: Future + Send>(future: F) -> F {
    future
}

/// What a `#[started]` method may return.
#[diagnostic::on_unimplemented(message = "`#[started]` returns nothing or `Result<(), E>`, not `{Self}`")]
pub trait StartOutcome {
    fn outcome(self) -> Result<(), BoxError>;
}

impl StartOutcome for () {
    fn outcome(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> StartOutcome for Result<(), E> {
    fn outcome(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

pub fn outcome<T: StartOutcome>(outcome: T) -> Result<(), BoxError> {
    outcome.outcome()
}

/// A field whose text is wanted if it has one: method lookup finds `TextDebug` first where `T: Debug`, else `TextOpaque`.
#[derive(Debug)]
pub struct Text<'a, T: ?Sized>(pub &'a T);

pub trait TextDebug {
    fn text(&self) -> String;
}

impl<T: Debug + ?Sized> TextDebug for Text<'_, T> {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

pub trait TextOpaque {
    fn text(&self) -> String;
}

impl<T: ?Sized> TextOpaque for &Text<'_, T> {
    fn text(&self) -> String {
        "_".to_owned()
    }
}

/// `Viewed { page: "/" }`.
pub fn fields(name: &str, fields: &[(&str, String)]) -> Option<String> {
    if fields.is_empty() {
        return Some(name.to_owned());
    }
    let inside: Vec<_> = fields.iter().map(|(field, text)| format!("{field}: {text}")).collect();
    Some(format!("{name} {{ {} }}", inside.join(", ")))
}

/// The text of a whole message; its name where it has none.
pub fn whole(name: &str, text: String) -> Option<String> {
    Some(if text == "_" { name.to_owned() } else { text })
}
