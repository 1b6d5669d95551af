//! Texts of bounded length. The text of a message or a panic is foreign, and may have any size.
//!
//! A [`Brief`] returns an error once it is full. A `Debug` that passes errors on, as derived ones
//! do, stops there. So the dead letter of a message of 1 MB costs 256 characters.

use std::fmt;

/// Characters kept of a message's text: a dead letter identifies the message, it does not copy it.
pub(crate) const TEXT_MAX: usize = 256;

/// Characters kept of a panic's text. It goes into the log, where a few more lines help.
const PANIC_MAX: usize = 1024;

/// A text with room for a limited number of characters.
#[derive(Debug)]
struct Brief {
    text: String,
    /// Characters that still fit.
    room: usize,
}

impl fmt::Write for Brief {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let end = more.char_indices().nth(self.room).map_or(more.len(), |(at, _)| at);
        let kept = &more[..end];
        self.text.push_str(kept);
        self.room -= kept.chars().count();
        if end < more.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Returns the first 256 characters that `write` writes. Its errors are ignored: the text is full.
pub(crate) fn written(write: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) -> String {
    let mut brief = Brief { text: String::new(), room: TEXT_MAX };
    let _ = write(&mut brief);
    brief.text
}

/// Formats the first 256 characters of a text, and no more.
///
/// For [`Message::describe`](crate::Message::describe) in a message that is written by hand.
///
/// ```
/// let all = vec![7; 1_000_000];
/// let text = actors_core::observe::brief(format_args!("{all:?}"));
/// assert_eq!(text.chars().count(), 256);
/// ```
pub fn brief(text: fmt::Arguments<'_>) -> String {
    written(|out| out.write_fmt(text))
}

/// Returns at most the first `most` characters of a text.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

/// Shortens a message's text to [`TEXT_MAX`] characters.
pub(crate) fn shortened(mut text: String) -> String {
    let end = cut(&text, TEXT_MAX).len();
    text.truncate(end);
    text
}

/// Returns the first [`PANIC_MAX`] characters of a panic's text.
pub(crate) fn of_panic(text: &str) -> String {
    cut(text, PANIC_MAX).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A value whose `Debug` counts its writes.
    struct Long<'a>(&'a Cell<usize>);

    impl fmt::Debug for Long<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for _ in 0..1_000_000 {
                self.0.set(self.0.get() + 1);
                f.write_str("ä")?;
            }
            Ok(())
        }
    }

    #[test]
    fn o10_a_text_is_written_no_further_than_it_is_kept() {
        let writes = Cell::new(0);
        let text = brief(format_args!("{:?}", Long(&writes)));
        assert_eq!((text.chars().count(), writes.get()), (TEXT_MAX, TEXT_MAX + 1));
        assert_eq!(brief(format_args!("{}", "ä".repeat(TEXT_MAX))).chars().count(), TEXT_MAX);
        assert_eq!(brief(format_args!("{}{}", "x".repeat(TEXT_MAX - 1), "äöü")).chars().last(), Some('ä'));
        assert_eq!(brief(format_args!("short")), "short");
        assert_eq!(of_panic(&"ü".repeat(5000)).chars().count(), PANIC_MAX);
        assert_eq!(shortened("ü".repeat(5000)).chars().count(), TEXT_MAX);
    }
}
