//! Whole numbers: `capacity = 64`.

use crate::{CAPACITY_MAX, InvalidPolicy, JOBS_MAX, MAX_BYTES_MAX};

/// The bounds of a word whose value is a whole number.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    pub(crate) least: usize,
    /// Why the least is not less.
    because: &'static str,
    pub(crate) most: usize,
    /// The greatest value, as text.
    pub(crate) most_text: &'static str,
    example: usize,
}

impl Number {
    /// Slots of a mailbox: 2^24 at most.
    pub(crate) const fn slots(least: usize, because: &'static str) -> Number {
        Number { least, because, most: CAPACITY_MAX, most_text: "2^24", example: 64 }
    }

    /// Jobs of an actor: 2^16 at most, because all of them end together with it.
    pub(crate) const JOBS: Number =
        Number { least: 0, because: "", most: JOBS_MAX, most_text: "2^16", example: 64 };

    /// Bytes of a mailbox: 2^32 - 2 at most, because weights are kept in 32 bits.
    pub(crate) const BYTES: Number = Number {
        least: 1,
        because: "a mailbox without a byte takes nothing; leave it out for no bound",
        most: MAX_BYTES_MAX,
        most_text: "4 GiB",
        example: 65_536,
    };

    /// What to write.
    pub fn example(&self, word: &str) -> String {
        format!("write a whole number, as in `{word} = {}`", self.example)
    }

    /// Reads decimal digits.
    ///
    /// # Errors
    /// The text is not a whole number, or out of bounds.
    pub fn read(&self, word: &'static str, text: &str) -> Result<usize, InvalidPolicy> {
        match digits(text) {
            None => {
                let why = format!("this is no whole number; {}", self.example(word));
                Err(InvalidPolicy::new(word, why))
            }
            Some(number) => self.check(word, number).map(|()| number),
        }
    }

    /// Checks the bounds.
    ///
    /// # Errors
    ///
    /// The bound that the number violates, and why it is there.
    pub fn check(&self, word: &'static str, number: usize) -> Result<(), InvalidPolicy> {
        let Self { least, because, most, most_text, .. } = self;
        if number < *least {
            return Err(InvalidPolicy::new(word, format!("`{word}` is at least {least}: {because}")));
        }
        if number > *most {
            return Err(InvalidPolicy::new(
                word,
                format!("`{word}` is at most {most} ({most_text}); write less"),
            ));
        }
        Ok(())
    }
}

/// The number of these decimal digits; the largest number where they do not fit.
pub(crate) fn digits(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds_and_digits_without_end_are_too_large() {
        let capacity = Number::slots(1, "a mailbox without a slot takes nothing");
        assert_eq!(capacity.read("capacity", "16777216"), Ok(1 << 24));
        assert_eq!(Number::JOBS.read("jobs", "0"), Ok(0));
        let why = |result: Result<usize, InvalidPolicy>| result.unwrap_err().to_string();
        assert!(why(capacity.read("capacity", "0")).contains("at least 1"));
        assert!(why(capacity.read("capacity", "99999999999999999999999")).contains("2^24"));
        assert!(why(Number::BYTES.read("max_bytes", "4294967296")).contains("4 GiB"));
        for text in ["", "-1", "1.5", "many", "\"8\"", "1_000"] {
            assert!(why(capacity.read("capacity", text)).contains("no whole number"), "{text}");
        }
    }
}
