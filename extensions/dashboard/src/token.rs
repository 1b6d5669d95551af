//! Secrets that open what is closed by default.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use constant_time_eq::constant_time_eq;
use std::fmt;

/// The shortest token: 16 bytes of a random generator cannot be guessed over a network.
const LEN_MIN: usize = 16;
/// The longest token: more does not fit into a header's usual share.
const LEN_MAX: usize = 256;

/// A secret text that a client must send. It is compared in a time that depends on its length
/// alone, and its `Debug` does not show it.
#[derive(Clone)]
pub struct Token(Box<str>);

/// The text cannot be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is 16 to 256 visible ASCII characters without spaces; take them from a random generator")]
#[non_exhaustive]
pub struct WeakToken;

impl Token {
    /// Makes a token of a secret text, for example of an environment variable.
    ///
    /// # Errors
    /// [`WeakToken`] for a text of less than 16 or more than 256 bytes, or with other characters
    /// than visible ASCII.
    ///
    /// ```
    /// use actors_dashboard::Token;
    ///
    /// assert!(Token::new("Zb2bGv0qCkq1yqg1").is_ok());
    /// assert!(Token::new("secret").is_err());
    /// ```
    pub fn new(text: impl Into<String>) -> Result<Token, WeakToken> {
        let text = text.into();
        let fits =
            (LEN_MIN..=LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Token(text.into_boxed_str())) } else { Err(WeakToken) }
    }

    /// Whether a header `Authorization` has this token as `Bearer`.
    pub(crate) fn is_bearer(&self, authorization: &str) -> bool {
        after_scheme(authorization, "bearer").is_some_and(|text| self.is(text.as_bytes()))
    }

    /// Whether a header `Authorization` has this token as the password of `Basic`, with any name. A
    /// browser asks for it and sends it with every request of a page.
    pub(crate) fn is_password(&self, authorization: &str) -> bool {
        let decoded = after_scheme(authorization, "basic").and_then(|text| STANDARD.decode(text).ok());
        let password = decoded.as_deref().and_then(|text| text.splitn(2, |byte| *byte == b':').nth(1));
        password.is_some_and(|password| self.is(password))
    }

    fn is(&self, text: &[u8]) -> bool {
        constant_time_eq(self.0.as_bytes(), text)
    }
}

/// The text after the scheme, whose case does not matter.
fn after_scheme<'a>(authorization: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = authorization.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim_start())
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_visible_and_never_printed() {
        assert_eq!(Token::new("short").err(), Some(WeakToken));
        assert_eq!(Token::new("sixteen bytes of").err(), Some(WeakToken), "a space");
        assert_eq!(Token::new("x".repeat(257)).err(), Some(WeakToken));
        assert_eq!(format!("{:?}", Token::new("0123456789abcdef").unwrap()), "Token(…)");
    }

    #[test]
    fn a_token_is_found_as_bearer_and_as_the_password_of_basic() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.is_bearer("Bearer 0123456789abcdef") && token.is_bearer("bearer 0123456789abcdef"));
        assert!(!token.is_bearer("Bearer 0123456789abcdeF") && !token.is_bearer("0123456789abcdef"));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(token.is_password(&basic("me:0123456789abcdef")));
        assert!(token.is_password(&basic(":0123456789abcdef")));
        assert!(!token.is_password(&basic("0123456789abcdef")) && !token.is_password("Basic %%"));
        assert!(!token.is_password(&basic("0123456789abcdef:me")));
    }
}
