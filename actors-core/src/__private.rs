#![allow(missing_docs, reason = "called by generated code and by our own benches only")]
//! What `#[actor]` and `#[derive(Message)]` emit calls to, and what the benches need. Not part of the public face.

use crate::error::BoxError;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::clock::freeze_cpu_clock;
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

/// What a field named by `weight = field` may be. A whole number counts for itself, text and sequences for their length in
/// bytes; what the elements of a sequence own elsewhere is not looked at.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no weight by itself",
    label = "neither a whole number nor something with a length in bytes",
    note = "name a function instead: `weight = page_bytes`, with `fn page_bytes(message: &TheMessage) -> usize`"
)]
pub trait Weigh {
    fn weigh(&self) -> usize;
}

/// The weight of a field.
pub fn weigh<W: Weigh + ?Sized>(field: &W) -> usize {
    field.weigh()
}

macro_rules! numbers_count_for_themselves {
    ($($number:ty)*) => {$(
        impl Weigh for $number {
            fn weigh(&self) -> usize {
                // Nothing weighs less than nothing; what does not fit is more than any mailbox takes.
                usize::try_from((*self).max(0)).unwrap_or(usize::MAX)
            }
        }
    )*};
}
numbers_count_for_themselves!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl Weigh for str {
    fn weigh(&self) -> usize {
        self.len()
    }
}

impl Weigh for String {
    fn weigh(&self) -> usize {
        self.len()
    }
}

impl Weigh for OsStr {
    fn weigh(&self) -> usize {
        self.len()
    }
}

impl Weigh for OsString {
    fn weigh(&self) -> usize {
        self.len()
    }
}

impl Weigh for PathBuf {
    fn weigh(&self) -> usize {
        self.as_os_str().len()
    }
}

impl<T> Weigh for [T] {
    fn weigh(&self) -> usize {
        size_of_val(self)
    }
}

impl<T, const N: usize> Weigh for [T; N] {
    fn weigh(&self) -> usize {
        size_of_val(self)
    }
}

impl<T> Weigh for Vec<T> {
    fn weigh(&self) -> usize {
        size_of_val(&self[..])
    }
}

impl<T> Weigh for VecDeque<T> {
    fn weigh(&self) -> usize {
        self.len().saturating_mul(size_of::<T>())
    }
}

impl<W: Weigh + ?Sized> Weigh for &W {
    fn weigh(&self) -> usize {
        (**self).weigh()
    }
}

impl<W: Weigh + ?Sized> Weigh for Box<W> {
    fn weigh(&self) -> usize {
        (**self).weigh()
    }
}

impl<W: Weigh + ?Sized> Weigh for Arc<W> {
    fn weigh(&self) -> usize {
        (**self).weigh()
    }
}

impl<W: Weigh> Weigh for Option<W> {
    fn weigh(&self) -> usize {
        self.as_ref().map_or(0, W::weigh)
    }
}
