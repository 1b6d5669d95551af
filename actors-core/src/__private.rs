#![allow(missing_docs, reason = "called by generated code and by our own benches only")]
//! The items that generated code and our own benches use. They are not part of the public API and
//! change without notice.

use crate::actor::message::{Envelope, Message};
use crate::error::BoxError;
use crate::text::written;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Debug};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::clock::freeze_cpu_clock;

/// Returns a handler's future. Its bound reports a future that is not `Send` at the handler's name.
#[rustfmt::skip]
pub fn send_future<F>(future: F) -> F
where
    F: Future + Send, // end guards and `Rc`s before `.await`; `&mut self` for an actor not `Sync`
{
    future
}

// What the macro asserts about the user's types. The compiler prints the line of the bound, so the
// comment on it says what to write instead.

/// An actor, for the compiler: every generated `impl` assumes it, so an actor that is not `Send`
/// gives one error, here.
#[rustfmt::skip]
pub trait AnActor: Send + 'static {} // write `Arc` for `Rc`, `Box<dyn T + Send>` for `Box<dyn T>`

/// A message of an actor's block, for the compiler: its own `impl Message` assumes it.
#[rustfmt::skip]
pub trait AMessage: Send + 'static {} // write `Arc` for `Rc`, `Box<dyn T + Send>` for `Box<dyn T>`

/// A method of the actor's block that is a message. No type implements it: the handle's stand-ins
/// for methods without a mark assume it, so that a call of one says what is missing.
#[diagnostic::on_unimplemented(
    message = "this method of `{A}` is not a message, so `{Self}` does not have it",
    label = "not a message",
    note = "write `#[message]` above the method in the `#[actor]` block of `{A}`"
)]
#[rustfmt::skip]
pub trait MethodIsAMessage<A> {} // write `#[message]` above the method in the `#[actor]` block

/// The mail of an actor, for the compiler.
pub trait AMail: Send + 'static {}

/// A envelope, to the compiler: that it is `Send` follows from `impl Message`, which is where it is
/// reported if it is not.
pub trait SentEnvelope: Send + 'static {}

impl<M: Message> SentEnvelope for Envelope<M> {}

#[rustfmt::skip]
pub const fn an_argument_is_send<T>() -> bool
where
    T: Send + 'static, // write `Arc` for `Rc`, `Box<dyn T + Send>` for `Box<dyn T>`
{
    true
}

#[rustfmt::skip]
pub const fn a_reply_is_send<T>() -> bool
where
    T: Send + 'static, // write `BoxError` for `Box<dyn Error>`, `Arc` for `Rc`
{
    true
}

pub const fn is_a_message<M>() -> bool
where
    M: Message,
{
    true
}

/// The type `T` under a check. Where the check does not compile, the constant and so the whole type
/// is an error that the compiler has reported already: it stays silent about everything that uses
/// the type.
#[derive(Debug)]
pub struct Checked<const OK: bool>;

/// Projects the type; implemented for every constant, so that no tool has to evaluate one in order
/// to see the type.
pub trait Of<T> {
    type Is;
}

impl<T, const OK: bool> Of<T> for Checked<OK> {
    type Is = T;
}

/// Projects `T` by way of types that were checked: an error type where one of them is, so that the
/// compiler stays silent.
pub trait By<T> {
    type Is;
}

impl<C, T> By<T> for C {
    type Is = T;
}

/// What a field named by `key = field` has to be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key: a key is `Hash + Eq`",
    label = "a key is hashed and compared",
    note = "write `#[derive(Hash, PartialEq, Eq)]` on its type; for a float choose another key, such as its bits or an id"
)]
pub trait Key {
    fn hash_with<H: Hasher>(&self, state: &mut H);
    fn is(&self, other: &Self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T: Hash + PartialEq> Key for T {
    fn hash_with<H: Hasher>(&self, state: &mut H) {
        self.hash(state);
    }

    fn is(&self, other: &Self) -> bool {
        self == other
    }
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

/// A field that is shown if it can be: method lookup finds `TextDebug` if `T: Debug`, and otherwise
/// `TextOpaque`.
#[derive(Debug)]
pub struct Text<'a, T: ?Sized>(pub &'a T);

pub trait TextDebug {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result;
}

impl<T: Debug + ?Sized> TextDebug for Text<'_, T> {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{:?}", self.0)
    }
}

pub trait TextOpaque {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result;
}

impl<T: ?Sized> TextOpaque for &Text<'_, T> {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(OPAQUE)
    }
}

/// The text of a value without a text.
const OPAQUE: &str = "_";

/// Writes the text of a field.
pub type WriteField<'a> = &'a dyn Fn(&mut dyn fmt::Write) -> fmt::Result;

/// Writes `Viewed { page: "/" }`.
pub fn write_fields(out: &mut dyn fmt::Write, name: &str, fields: &[(&str, WriteField<'_>)]) -> fmt::Result {
    out.write_str(name)?;
    let mut before = " { ";
    for (field, write) in fields {
        write!(out, "{before}{field}: ")?;
        write(out)?;
        before = ", ";
    }
    if fields.is_empty() { Ok(()) } else { out.write_str(" }") }
}

/// Returns such a text, cut to what a dead letter keeps.
pub fn fields(name: &str, fields: &[(&str, WriteField<'_>)]) -> Option<String> {
    Some(written(|out| write_fields(out, name, fields)))
}

/// Returns the text of a message, cut to what a dead letter keeps, or its name if it has no text.
pub fn whole(name: &str, write: WriteField<'_>) -> Option<String> {
    let text = written(write);
    Some(if text == OPAQUE { name.to_owned() } else { text })
}

/// What a field named by `weight = field` may be. A whole number counts for itself, text and
/// sequences for their length in bytes; what the elements of a sequence own elsewhere is not looked
/// at.
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
                // A weight is at least 0; one that does not fit is more than any mailbox accepts.
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
