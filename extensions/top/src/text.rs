//! Foreign texts on a terminal: harmless, and exactly as wide as their column.
//!
//! Names of actors and messages, sentences and errors come from another process. Written as they
//! are, they could move the cursor, change colours, set the clipboard (escape sequences), turn the
//! order of a line around (bidirectional controls), or push columns apart (characters without
//! width). Each such character is shown as its escape, `\u{1b}`. What is left has the width that
//! `unicode-width` says.
//!
//! Letters that are written from right to left stay. A word in Latin letters stands after each name
//! on every line, so a terminal that reorders them does not move numbers.

use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Shows that a text goes on.
const CUT: char = '…';

/// Returns a text without characters that a terminal does not simply show.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut shown, c);
    }
    shown
}

/// Returns a text that is at most `width` columns wide. It reads no more of a long text than it
/// shows.
pub(crate) fn cut(text: &str, width: usize) -> String {
    fitted(text, width).0
}

/// Returns a text that is exactly `width` columns wide, with blanks at its end.
pub(crate) fn left(text: &str, width: usize) -> String {
    let (mut shown, taken) = fitted(text, width);
    shown.extend(std::iter::repeat_n(' ', width - taken));
    shown
}

/// Returns a text that is exactly `width` columns wide, with blanks at its beginning.
pub(crate) fn right(text: &str, width: usize) -> String {
    let (shown, taken) = fitted(text, width);
    " ".repeat(width - taken) + &shown
}

/// Returns a text as harmless lines that are at most `width` columns wide, broken at blanks. A word
/// that is longer than a line is cut.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word = cut(word, width);
        let last = lines.last().map_or(0, |line| self::width(line));
        match lines.last_mut() {
            Some(line) if last == 0 => line.push_str(&word),
            Some(line) if last + 1 + self::width(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Returns how many columns a harmless text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Returns a text and its width, which is at most `width`.
fn fitted(text: &str, width: usize) -> (String, usize) {
    let (mut shown, mut taken) = (String::new(), 0);
    // The longest text that leaves room for the mark, and its width.
    let mut kept = (0, 0);
    let mut one = String::new();
    for c in text.chars() {
        one.clear();
        push(&mut one, c);
        let wide = self::width(&one);
        if taken + wide > width {
            shown.truncate(kept.0);
            if width > 0 {
                shown.push(CUT);
            }
            return (shown, if width > 0 { kept.1 + 1 } else { 0 });
        }
        shown.push_str(&one);
        taken += wide;
        if taken < width {
            kept = (shown.len(), taken);
        }
    }
    (shown, taken)
}

fn push(shown: &mut String, c: char) {
    if is_harmless(c) {
        shown.push(c);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(shown, "{}", c.escape_unicode());
    }
}

/// Whether a terminal shows the character in columns of its own, wherever it stands.
fn is_harmless(c: char) -> bool {
    // None for controls; 0 for combining marks, joiners, bidirectional controls, tags, fillers.
    let is_visible = c.width().is_some_and(|width| width > 0);
    is_visible
        && !matches!(c,
            // Separators of lines and paragraphs, and annotations.
            '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}'
            // Bidirectional controls, whatever their width is said to be.
            | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Blanks that are no spaces.
            | '\u{00ad}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            // Colours of a preceding emoji, which join it in one place.
            | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a hostile service could call an actor.
    pub(crate) const HOSTILE: [&str; 9] = [
        "\u{1b}]52;c;cm0gLXJm\u{7}",
        "\u{1b}[2J\u{1b}[H",
        "\u{9b}31m",
        "a\r\nb\tc",
        "user\u{202e}nimda",
        "a\u{301}\u{301}\u{301}\u{301}",
        "x\u{200b}\u{200d}\u{feff}y",
        "\u{2066}\u{2069}\u{2028}\u{e0041}",
        "\u{7f}\0",
    ];

    #[test]
    fn hostile_characters_are_shown_as_escapes() {
        assert_eq!(harmless("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(harmless("user\u{202e}nimda"), "user\\u{202e}nimda");
        for text in HOSTILE {
            for shown in [harmless(text), cut(text, 30), left(text, 30), right(text, 30)] {
                assert!(shown.chars().all(|c| (' '..='~').contains(&c) || c == CUT), "{shown:?}");
                assert_eq!(harmless(&shown), shown, "what is harmless stays as it is");
            }
        }
    }

    #[test]
    fn names_of_every_language_stay_as_they_are() {
        for text in ["orders-7", "Bestellungen für Zürich", "注文", "заказы", "الطلبات", "🦀"]
        {
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn a_sentence_is_broken_at_blanks() {
        assert_eq!(wrapped("its sender waits\nfor 5 s", 10), ["its sender", "waits for", "5 s"]);
        assert_eq!(wrapped("unbreakable \u{7}", 6), ["unbre…", "\\u{7}"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn a_text_is_exactly_as_wide_as_its_column() {
        assert_eq!((left("shop", 6), right("shop", 6)), ("shop  ".to_owned(), "  shop".to_owned()));
        assert_eq!((cut("orders", 6), cut("orders", 5)), ("orders".to_owned(), "orde…".to_owned()));
        // A wide character that would stand half in the column is left out.
        assert_eq!((left("注文", 4), left("注文", 3)), ("注文".to_owned(), "注…".to_owned()));
        assert_eq!(
            (left("注文", 2), cut("注", 1), cut("x", 0)),
            ("… ".to_owned(), "…".to_owned(), String::new())
        );
        for text in HOSTILE.iter().chain(&["注文処理", "orders", "🦀🦀", ""]) {
            for wide in 0..40 {
                assert_eq!(width(&left(text, wide)), wide, "{text:?}");
                assert_eq!(width(&right(text, wide)), wide, "{text:?}");
            }
        }
    }
}
