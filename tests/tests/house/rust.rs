//! Just enough of Rust's syntax to find string literals in sources.

use crate::{members, root, sources};

/// The text from an opening bracket to the one that closes it, both included. Brackets inside
/// string literals do not count.
pub(crate) fn balanced(text: &str, open: usize) -> &str {
    let mut depth = 0_usize;
    let mut rest = text[open..].char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return &text[open..open + at + 1];
                }
            }
            '"' => {
                let mut is_escaped = false;
                rest.by_ref().find(|(_, c)| {
                    let is_end = *c == '"' && !is_escaped;
                    is_escaped = *c == '\\' && !is_escaped;
                    is_end
                });
            }
            _ => {}
        }
    }
    panic!("a bracket is not closed: {}", &text[open..text.len().min(open + 80)]);
}

/// The string literals of a piece of source, unescaped, each with the text before it on the same
/// line.
pub(crate) fn literals(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some((_, c)) = rest.next() {
            match c {
                '"' => break,
                '\\' => match rest.next() {
                    // A line that is continued: the blanks at the beginning of the next one do not
                    // count.
                    Some((_, '\n')) => while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                    Some((_, c)) => literal.push(c),
                    None => {}
                },
                c => literal.push(c),
            }
        }
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        found.push((&text[line..at], literal));
    }
    found
}

/// Where comments are wrapped: the width of a split editor window or a review next to its diff.
const COMMENT_WIDTH: usize = 100;

/// The numbers of comment lines that are longer than [`COMMENT_WIDTH`] characters. Tables and code
/// blocks do not count.
fn long_comments(text: &str) -> Vec<usize> {
    let (mut long, mut is_code) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("//") else { continue };
        let comment = comment.trim_start_matches(['/', '!']).trim_start();
        is_code ^= comment.starts_with("```");
        if !is_code && !comment.starts_with('|') && line.chars().count() > COMMENT_WIDTH {
            long.push(at + 1);
        }
    }
    long
}

#[test]
fn comments_wrap_at_100_characters() {
    // The compile errors in `ui` name columns of these files; a program writes the expansions.
    let ignored = ["/ui/", "/target/", "/expansions/"];
    let mut bad = Vec::new();
    for dir in members() {
        let all = sources(&root().join(dir));
        for (path, text) in all.iter().filter(|(path, _)| !ignored.iter().any(|part| path.contains(part))) {
            bad.extend(long_comments(text).into_iter().map(|line| format!("{path}:{line}")));
        }
    }
    assert!(bad.is_empty(), "longer than {COMMENT_WIDTH} characters:\n{}", bad.join("\n"));
}
