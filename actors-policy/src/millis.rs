//! Durations on a wire: numbers of milliseconds, which scripts and pages can use as they are.
//!
//! The name of such a field ends in `_ms`. A fraction keeps the nanoseconds: times below twelve
//! days read back exactly, also with a parser that misses the last bit of a number.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::time::Duration;

const NANOS_PER_MS: f64 = 1e6;

fn to_ms(time: Duration) -> f64 {
    time.as_nanos() as f64 / NANOS_PER_MS
}

fn from_ms<E: de::Error>(ms: f64) -> Result<Duration, E> {
    // A float converts to the nearest integer that there is; not a number is 0, so it is asked
    // first.
    let is_time = ms >= 0.0 && ms.is_finite();
    let nanos = (ms * NANOS_PER_MS).round();
    is_time.then(|| Duration::from_nanos(nanos as u64)).ok_or_else(|| {
        E::custom(format_args!("{ms} is not a time: write a number of milliseconds, 0 or more"))
    })
}

/// Writes a duration as a number of milliseconds.
///
/// # Errors
/// Those of the format.
pub fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(to_ms(*time))
}

/// Reads a number of milliseconds.
///
/// # Errors
/// Negative and infinite numbers, and those of the format.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    from_ms(f64::deserialize(deserializer)?)
}

/// Durations that may be missing.
pub mod optional {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, from_ms, to_ms};

    /// Writes a number of milliseconds, or nothing.
    ///
    /// # Errors
    /// Those of the format.
    // The shape of the parameter is serde's.
    pub fn serialize<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(to_ms).serialize(serializer)
    }

    /// Reads a number of milliseconds, or nothing.
    ///
    /// # Errors
    /// Negative and infinite numbers, and those of the format.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        <Option<f64>>::deserialize(deserializer)?.map(from_ms).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times {
        #[serde(with = "super")]
        age_ms: Duration,
        #[serde(with = "super::optional", default)]
        wait_ms: Option<Duration>,
    }

    #[test]
    fn a_time_is_a_number_of_milliseconds_and_reads_back_exactly() {
        let times = Times { age_ms: Duration::from_nanos(1_250_001), wait_ms: None };
        let text = serde_json::to_string(&times).unwrap();
        assert_eq!(text, r#"{"age_ms":1.250001,"wait_ms":null}"#);
        for nanos in [0, 1, 999_999, 1_000_000_007, 86_400 * 12 * 1_000_000_000 - 1] {
            let time = Duration::from_nanos(nanos);
            let times = Times { age_ms: time, wait_ms: Some(time) };
            let text = serde_json::to_string(&times).unwrap();
            assert_eq!(serde_json::from_str::<Times>(&text).unwrap(), times);
        }
    }

    #[test]
    fn a_number_that_is_no_time_is_an_error_that_says_so() {
        for ms in ["-1", "-0.5", "1e999"] {
            let read = serde_json::from_str::<Times>(&format!(r#"{{"age_ms":{ms}}}"#));
            assert!(read.is_err(), "{ms}");
        }
        let why = serde_json::from_str::<Times>(r#"{"age_ms":-2}"#).unwrap_err().to_string();
        assert!(why.contains("-2 is not a time: write a number of milliseconds, 0 or more"), "{why}");
    }
}
