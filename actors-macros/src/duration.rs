//! Times as policies say them: `"5s"`, `"1.5s"`, `"20ms"`.

use syn::LitStr;

use crate::attr::Word;
use crate::errors::Errors;

/// The longest time a policy may speak of. Beyond a year it is a mistake.
const DURATION_MAX_NS: u64 = 365 * 86_400 * 1_000_000_000;

/// The word's value in nanoseconds.
pub(crate) fn duration(word: &Word, errors: &mut Errors) -> Option<u64> {
    let example = format!("write `{} = \"5s\"`, `\"1.5s\"`, `\"20ms\"`, `\"2m\"` or `\"1h\"`", word.name);
    let value = word.value(&example, errors)?;
    let text = syn::parse2::<LitStr>(value.clone()).ok().map(|text| text.value());
    match text.as_deref().and_then(nanoseconds) {
        Some(0) => errors.at(value, format!("a `{}` of nothing lets nothing through; {example}", word.name)),
        Some(ns) if ns <= u128::from(DURATION_MAX_NS) => return u64::try_from(ns).ok(),
        Some(_) => {
            errors.at(value, format!("`{}` is at most 365 days; leave it out for no limit", word.name));
        }
        None => errors.at(value, format!("this is no duration; {example}")),
    }
    None
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
    let mut scale = 1;
    // Nobody writes more than 18 digits, and so nothing here overflows.
    if whole.len() > 18 || part.len() > 18 {
        return None;
    }
    for _ in 0..part.len() {
        scale *= 10;
    }
    Some(whole.parse::<u128>().ok()? * unit_ns + part.parse::<u128>().ok()? * unit_ns / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        assert_eq!(nanoseconds("5s"), Some(5_000_000_000));
        assert_eq!(nanoseconds("1.5s"), Some(1_500_000_000));
        assert_eq!(nanoseconds("20ms"), Some(20_000_000));
        assert_eq!(nanoseconds("10us"), Some(10_000));
        assert_eq!(nanoseconds("500 ns"), Some(500));
        assert_eq!(nanoseconds("2m"), Some(120_000_000_000));
        assert_eq!(nanoseconds("1h"), Some(3_600_000_000_000));
        assert_eq!(nanoseconds("0s"), Some(0));
    }

    #[test]
    fn what_is_no_duration_is_not_guessed_at() {
        for text in ["", "5", "s", "5 sec", "-5s", "1.2.3s", ".5s", "5.s", "5d", "9999999999999999999s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
