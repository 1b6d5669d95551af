//! Where a dashboard is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use ureq::http::Uri;

/// The address of a dashboard: `http://127.0.0.1:9000`, with a path where it is not at the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme, host, port and path, without a slash at the end.
    base: String,
    is_loopback: bool,
}

/// Why a text is not the address of a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAddress {
    #[error(
        "https is not supported: a dashboard listens on loopback; reach it through \
         `ssh -L 9000:127.0.0.1:9000 HOST` and http://127.0.0.1:9000"
    )]
    Https,
    #[error("the scheme must be http, as in http://127.0.0.1:9000")]
    Scheme,
    #[error("a user or a password in the address would show in lists of processes; set ACTORS_TOKEN instead")]
    Secret,
    #[error("write the address without `?` and `#`, as in http://127.0.0.1:9000")]
    Query,
    #[error("write an address with a host and a port, as in http://127.0.0.1:9000")]
    Unreadable,
}

impl Address {
    /// Returns the URL of a path, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Whether requests stay on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Address, BadAddress> {
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        match with_scheme.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("http") => {}
            Some("https") => return Err(BadAddress::Https),
            _ => return Err(BadAddress::Scheme),
        }
        if with_scheme.contains(['?', '#']) {
            return Err(BadAddress::Query);
        }
        let uri: Uri = with_scheme.parse().map_err(|_| BadAddress::Unreadable)?;
        let authority = uri.authority().ok_or(BadAddress::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(BadAddress::Secret);
        }
        // The parser takes a port that is not a number for a missing one.
        let has_bad_port = authority.port().is_none()
            && authority.as_str().ends_with(|c| c != ']')
            && authority.as_str().rsplit(']').next().is_some_and(|rest| rest.contains(':'));
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || has_bad_port {
            return Err(BadAddress::Unreadable);
        }
        let is_loopback = match host.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        };
        let base = format!("http://{authority}{}", uri.path().trim_end_matches('/'));
        Ok(Address { base, is_loopback })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_lack_its_scheme_and_have_a_path() {
        for (text, url, is_loopback) in [
            ("127.0.0.1:9000", "http://127.0.0.1:9000/x", true),
            ("localhost:9000", "http://localhost:9000/x", true),
            ("http://[::1]:9000/", "http://[::1]:9000/x", true),
            ("HTTP://ops.example/admin/actors/", "http://ops.example/admin/actors/x", false),
            ("http://10.0.0.1", "http://10.0.0.1/x", false),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.url("/x").as_str(), address.is_loopback()), (url, is_loopback), "{text}");
        }
    }

    #[test]
    fn a_bad_address_is_refused_with_the_remedy() {
        for (text, why) in [
            ("https://127.0.0.1:9000", BadAddress::Https),
            ("HTTPS://127.0.0.1", BadAddress::Https),
            ("file:///etc/passwd", BadAddress::Scheme),
            ("http://me:secret@127.0.0.1", BadAddress::Secret),
            ("http://127.0.0.1/?token=x", BadAddress::Query),
            ("http://127.0.0.1/#top", BadAddress::Query),
            ("", BadAddress::Unreadable),
            ("http://", BadAddress::Unreadable),
            ("http://127.0.0.1:port", BadAddress::Unreadable),
            ("http://127.0.0.1:99999", BadAddress::Unreadable),
            ("http://:9000", BadAddress::Unreadable),
            ("a b", BadAddress::Unreadable),
            ("http://a\r\nHost: b/", BadAddress::Unreadable),
        ] {
            assert_eq!(text.parse::<Address>(), Err(why), "{text}");
        }
        assert!(BadAddress::Https.to_string().contains("ssh -L"));
    }
}
