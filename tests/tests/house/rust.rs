//! Just enough of Rust's syntax to find string literals in sources.

/// The text from an opening bracket to the one that closes it, both included. Brackets inside string literals do not count.
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

/// The string literals of a piece of source, unescaped, each with the text before it on the same line.
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
                    // A line that is continued: the blanks at the beginning of the next one do not count.
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
