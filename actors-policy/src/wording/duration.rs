//! Durations: `"1.5s"`.

/// The longest time a policy may speak of. Beyond a year it is a mistake.
const DURATION_MAX_NS: u64 = 365 * 86_400 * 1_000_000_000;

/// What to write for the duration of `word`.
pub fn example(word: &str) -> String {
    format!("write `{word} = \"5s\"`, `\"1.5s\"`, `\"20ms\"`, `\"2m\"` or `\"1h\"`")
}

/// A duration in nanoseconds; `None` is what was no text at all.
pub fn read(word: &str, text: Option<&str>) -> Result<u64, String> {
    let example = example(word);
    let Some(ns) = text.and_then(nanoseconds) else {
        return Err(format!("this is no duration; {example}"));
    };
    match u64::try_from(ns) {
        Ok(0) => Err(format!("a `{word}` of nothing {}; {example}", of_nothing(word))),
        Ok(ns) if ns <= DURATION_MAX_NS => Ok(ns),
        _ if matches!(word, "ttl" | "timeout") => {
            Err(format!("`{word}` is at most 365 days; leave it out for no limit"))
        }
        _ => Err(format!("`{word}` is at most 365 days; write less")),
    }
}

/// What a duration of nothing would do.
fn of_nothing(word: &str) -> &'static str {
    match word {
        "keep_alive" => "would end workers between two messages",
        "target" => "is always missed",
        "dwell" => "lets levels flutter",
        _ => "lets nothing through",
    }
}

/// `"1.5s"` → 1 500 000 000. Digits with at most one point, then a unit.
fn nanoseconds(text: &str) -> Option<u128> {
    const UNITS: &[(&str, u128)] = &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let text = text.trim();
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit_ns) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    // Nobody writes more than 18 digits, and so nothing here overflows.
    if whole.len() > 18 || part.len() > 18 {
        return None;
    }
    let scale = (0..part.len()).fold(1, |scale, _| scale * 10);
    Some(whole.parse::<u128>().ok()? * unit_ns + part.parse::<u128>().ok()? * unit_ns / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, ns) in [
            ("5s", 5_000_000_000),
            ("1.5s", 1_500_000_000),
            ("20ms", 20_000_000),
            ("10us", 10_000),
            ("500 ns", 500),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0s", 0),
        ] {
            assert_eq!(nanoseconds(text), Some(ns), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_not_guessed_at() {
        for text in ["", "5", "s", "5 sec", "-5s", "1.2.3s", ".5s", "5.s", "5d", "9999999999999999999s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
