//! The words of attributes and of configuration, what their values mean, and every sentence about a mistake in them.
//!
//! One file for two crates: the macros put spans around what is said here, and `actors-core` reads the very same file by
//! a symbolic link, behind its feature `serde`, for configuration. So the two cannot come to say different things.
//! Everything here is text in and a value or a sentence out; both crates use all of it.

pub mod duration;
mod pool;

pub use pool::{
    OF_PRESSURE, action, fill, fills_fit, keep_alive_fits, no_response, schedule_fits, spawn_fits, workers,
};

/// All words of `#[actor]` that are built.
pub const OF_ACTOR: &[&str] = &[
    "capacity",
    "max_waiting",
    "max_bytes",
    "reserve",
    "schedule",
    "workers",
    "keep_alive",
    "pressure",
    "jobs",
    "inline",
    "vis",
    "local",
];
/// All words of `#[message]` that are built.
pub const OF_MESSAGE: &[&str] = &[
    "priority",
    "overflow",
    "max",
    "max_per_key",
    "weight",
    "order",
    "key",
    "ttl",
    "timeout",
    "inline",
    "reply",
    "boxed",
    "shadows",
];
/// Words of the message that are planned: refused, never ignored.
pub const MESSAGE_PLANNED: &[&str] = &["rate", "burst"];

/// The words that something knows.
pub struct Vocabulary<'a> {
    /// Whose words they are, as sentences say it: `#[actor]`.
    pub of: &'a str,
    /// Words that can be used.
    pub built: &'a [&'a str],
    /// Words that are refused for now.
    pub planned: &'a [&'a str],
    /// Words that belong to somebody else, and to whom.
    pub elsewhere: (&'a [&'a str], &'a str),
}

impl Vocabulary<'_> {
    /// Why this is none of the words.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let Self { of, built, planned, elsewhere: (others, other) } = self;
        Err(if built.contains(&name) {
            return Ok(());
        } else if planned.contains(&name) {
            format!("`{name}` is not built yet; leave it out for now")
        } else if others.contains(&name) {
            format!("`{name}` is a word of {other}, not of {of}")
        } else {
            match nearest(name, built) {
                Some(meant) => format!("{of} has no word `{name}`; did you mean `{meant}`?"),
                None => format!("{of} has no word `{name}`; its words are {}", list(built)),
            }
        })
    }
}

/// The sentence about a word that stands there already.
pub fn twice(name: &str) -> String {
    format!("`{name}` is said twice; leave one of them out")
}

/// A word whose value is a whole number.
pub struct Number {
    /// The word.
    pub word: &'static str,
    least: u64,
    /// Why it is not less.
    because: &'static str,
    most: u64,
    /// How a person says the most.
    most_said: &'static str,
    example: u64,
}

/// Slots of a mailbox at most: 2^24, so that a slot's index and its generation fit one word.
const SLOTS_MAX: u64 = 1 << 24;

const fn slots(word: &'static str, least: u64, because: &'static str) -> Number {
    Number { word, least, because, most: SLOTS_MAX, most_said: "2^24", example: 64 }
}

/// `capacity`
pub const CAPACITY: Number = slots("capacity", 1, "a mailbox without a slot takes nothing");
/// `max_waiting`
pub const MAX_WAITING: Number = slots("max_waiting", 0, "");
/// `reserve`
pub const RESERVE: Number = slots("reserve", 0, "");
/// `max`
pub const MAX: Number = slots("max", 1, "a type without a slot is never let in");
/// `max_per_key`
pub const MAX_PER_KEY: Number = slots("max_per_key", 1, "a key without a slot is never let in");
/// All jobs of an actor are ended together with it, in one go.
pub const JOBS: Number =
    Number { word: "jobs", least: 0, because: "", most: 1 << 16, most_said: "2^16", example: 64 };
/// Weights are kept in 32 bits beside each message.
pub const MAX_BYTES: Number = Number {
    word: "max_bytes",
    least: 1,
    because: "a mailbox without a byte takes nothing; leave it out for no bound",
    most: u32::MAX as u64,
    most_said: "4 GiB",
    example: 65_536,
};

impl Number {
    /// What to write.
    pub fn example(&self) -> String {
        format!("write a whole number, as in `{} = {}`", self.word, self.example)
    }

    /// Reads decimal digits; of anything else it says that it is no whole number.
    pub fn read(&self, text: &str) -> Result<u64, String> {
        let Self { word, least, because, most, most_said, .. } = self;
        match number_of(text) {
            None => Err(format!("this is no whole number; {}", self.example())),
            Some(number) if number < *least => Err(format!("`{word}` is at least {least}: {because}")),
            Some(number) if number <= *most => Ok(number),
            Some(_) => Err(format!("`{word}` is at most {most} ({most_said}); write less")),
        }
    }
}

/// The number that decimal digits say; where they fit none, the largest.
fn number_of(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The reserve leaves lower lanes a slot.
pub fn reserve_fits(reserve: u64, capacity: u64) -> Result<(), String> {
    if reserve < capacity {
        return Ok(());
    }
    Err(format!("the reserve is a part of the capacity, which is {capacity}: write less"))
}

/// One type's share of the slots is no more than there are.
pub fn max_fits(max: u64, capacity: u64) -> Result<(), String> {
    if max <= capacity {
        return Ok(());
    }
    Err(format!("`max` is a part of the capacity, which is {capacity}: write at most that, or leave it out"))
}

/// One key's share of the slots is no more than there are.
pub fn max_per_key_fits(max: u64, capacity: u64) -> Result<(), String> {
    if max <= capacity {
        return Ok(());
    }
    Err(format!(
        "`max_per_key` is a part of the capacity, which is {capacity}: write at most that, or leave it out for a quarter of it"
    ))
}

/// What a value may be: the word, and the variant that stands for it in code.
pub type Choices = &'static [(&'static str, &'static str)];

const PRIORITIES: Choices = &[("low", "Low"), ("normal", "Normal"), ("high", "High"), ("urgent", "Urgent")];
const ORDERS: Choices = &[("fifo", "Fifo"), ("lifo_under_pressure", "LifoUnderPressure")];
const SCHEDULES: Choices = &[("strict", "Strict"), ("weighted", "Weighted")];
const OVERFLOWS: Choices = &[
    ("block", "Block"),
    ("reject", "Reject"),
    ("drop_newest", "DropNewest"),
    ("drop_oldest", "DropOldest"),
    ("drop_random", "DropRandom"),
    ("evict_lower", "EvictLower"),
    ("conflate", "Conflate"),
];
const OVERFLOWS_PLANNED: &[&str] = &["spill"];

/// The variant of a priority.
pub fn priority(text: &str) -> Result<&'static str, String> {
    choice("priority", text, PRIORITIES, &[])
}

/// The variant of an order.
pub fn order(text: &str) -> Result<&'static str, String> {
    choice("order", text, ORDERS, &[])
}

/// The variant of a schedule; `inside` is what stands in parentheses behind it.
pub fn schedule(text: &str, inside: Option<&str>) -> Result<&'static str, String> {
    let variant = choice("schedule", text, SCHEDULES, &[])?;
    match (variant, inside) {
        (_, None) => Ok(variant),
        ("Weighted", Some(inside)) => match value_of("by", inside) {
            Some("turns") => Ok(variant),
            Some("time") => Ok("WeightedByTime"),
            _ => {
                Err("lanes share turns or time: write `weighted(by = turns)` or `weighted(by = time)`".into())
            }
        },
        (_, Some(_)) => Err(no_parentheses(text)),
    }
}

/// The variant of one word of an overflow list and, for `drop_random(from = 0.5)`, the fill.
pub fn overflow(text: &str, inside: Option<&str>) -> Result<(&'static str, Option<f64>), String> {
    let variant = choice("overflow", text, OVERFLOWS, OVERFLOWS_PLANNED)?;
    let Some(inside) = inside else { return Ok((variant, None)) };
    if variant != "DropRandom" {
        return Err(no_parentheses(text));
    }
    let example = "write `drop_random(from = 0.5)`, or `drop_random` alone to begin when there is no room";
    let Some(value) = value_of("from", inside) else {
        return Err(format!("`drop_random` may begin early, from a fill: {example}"));
    };
    match value.replace('_', "").parse::<f64>() {
        Ok(fill) if (0.0..1.0).contains(&fill) => Ok((variant, Some(fill))),
        _ => Err(format!("this is no fill from 0 up to, but not including, 1: {example}")),
    }
}

/// Whether the word at `at` of a list of `len` may stand there, behind `before` (variants).
pub fn overflow_place(
    text: &str,
    (variant, at, len): (&str, usize, usize),
    before: &[&str],
) -> Result<(), String> {
    let twins = ["DropOldest", "DropRandom"];
    Err(if before.contains(&variant) {
        format!("`{text}` is in the list twice; leave one of them out")
    } else if variant == "Conflate" && at > 0 {
        "`conflate` applies always, not only when full, so it stands first in the list".into()
    } else if at + 1 < len && matches!(variant, "Block" | "Reject" | "DropNewest") {
        format!("nothing is tried after `{text}`, so it stands last in the list")
    } else if twins.contains(&variant) && twins.iter().any(|twin| before.contains(twin)) {
        "`drop_oldest` and `drop_random` both give up a message of the same type; leave one of them out"
            .into()
    } else {
        return Ok(());
    })
}

/// The sentence about `[]`.
pub const OVERFLOW_EMPTY: &str = "an empty list says nothing; write `block`, or leave `overflow` out";

fn no_parentheses(word: &str) -> String {
    format!("`{word}` takes nothing in parentheses; write `{word}` alone")
}

/// `by = time` → `time`.
fn value_of<'a>(word: &str, inside: &'a str) -> Option<&'a str> {
    let (name, value) = inside.split_once('=')?;
    (name.trim() == word).then(|| value.trim())
}

/// The variant of one word of a list of choices.
pub fn choice(word: &str, text: &str, choices: Choices, planned: &[&str]) -> Result<&'static str, String> {
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let is_word = text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if !is_word {
        return Err(format!("`{word}` is one of {}", list(&words)));
    }
    if let Some((_, variant)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(variant);
    }
    // What one of its values is called.
    let noun = if word == "respond" { "action" } else { word };
    Err(if planned.contains(&text) {
        format!("`{text}` is not built yet; for now `{word}` is one of {}", list(&words))
    } else if let Some(meant) = nearest(text, &words) {
        format!("there is no {noun} `{text}`; did you mean `{meant}`?")
    } else {
        format!("there is no {noun} `{text}`; it is one of {}", list(&words))
    })
}

/// The one of `words` that was probably meant: the only one that begins like this, or the one with at most two letters
/// wrong, and no more than half of them.
pub fn nearest<'a>(wrong: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut longer = words.iter().filter(|word| wrong.len() > 2 && word.starts_with(wrong));
    if let (Some(word), None) = (longer.next(), longer.next()) {
        return Some(word);
    }
    words
        .iter()
        .map(|word| (distance(wrong, word), *word))
        .filter(|(distance, word)| *distance <= 2 && 2 * distance <= word.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `a`, `b`, `c` as words of a sentence.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Letters to add, drop or change to make `a` into `b` (Levenshtein, one row at a time).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds_and_digits_without_end_are_too_large() {
        assert_eq!(CAPACITY.read("16777216"), Ok(1 << 24));
        assert_eq!(MAX_WAITING.read("0"), Ok(0));
        assert!(CAPACITY.read("99999999999999999999999").unwrap_err().contains("2^24"));
        assert!(MAX_BYTES.read("4294967296").unwrap_err().contains("4 GiB"));
        for text in ["", "-1", "1.5", "many", "\"8\"", "1_000"] {
            assert!(CAPACITY.read(text).unwrap_err().contains("no whole number"), "{text}");
        }
    }

    #[test]
    fn what_stands_in_parentheses_is_read_whatever_the_spaces() {
        assert_eq!(overflow("drop_random", Some("from=0.5")), Ok(("DropRandom", Some(0.5))));
        assert_eq!(overflow("drop_random", Some(" from = 0 ")), Ok(("DropRandom", Some(0.0))));
        assert_eq!(schedule("weighted", Some("by = time")), Ok("WeightedByTime"));
        for inside in ["from = 1", "from = -0.1", "from = nan", "from = 0.5, from = 0.6", "from", "", "0.5"] {
            assert!(overflow("drop_random", Some(inside)).is_err(), "{inside}");
        }
    }

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let words = ["priority", "overflow", "key", "ttl"];
        assert_eq!(nearest("prority", &words), Some("priority"));
        assert_eq!(nearest("overlfow", &words), Some("overflow"));
        assert_eq!(nearest("kex", &words), Some("key"));
        assert_eq!(nearest("tlt", &words), None);
        assert_eq!(nearest("volume", &words), None);
        assert_eq!(nearest("x", &words), None);
        assert_eq!(nearest("prio", &words), Some("priority"));
        assert_eq!(nearest("lifo", &["fifo", "lifo_under_pressure"]), Some("lifo_under_pressure"));
        assert_eq!(nearest("drop", &["drop_oldest", "drop_newest"]), None);
    }
}
