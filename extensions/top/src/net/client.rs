//! One request at a time, with limits of time and of size.

use super::Address;
use crate::boundaries::Boundaries;
use crate::data::Decision;
use crate::number::spaced_time;
use crate::text::harmless;
use actors_core::observe::Snapshot;
use serde::de::DeserializeOwned;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use ureq::{Agent, Error, Timeout};

/// What a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Until there is a connection.
    pub(crate) connect: Duration,
    /// Until the next bytes of the answer arrive.
    pub(crate) read: Duration,
    /// Until the answer is complete.
    pub(crate) all: Duration,
    /// Bytes of an answer's body.
    pub(crate) bytes: u64,
}

impl Limits {
    /// A dashboard on loopback answers in milliseconds, at the far end of a tunnel in a second. The
    /// body is read into memory and then parsed into several times as much. A snapshot has about
    /// 1 KiB per actor, so 64 MiB are some 60,000 actors, and an answer without end takes no more.
    pub(crate) const DEFAULT: Limits = Limits {
        connect: Duration::from_secs(3),
        read: Duration::from_secs(5),
        all: Duration::from_secs(30),
        bytes: 64 << 20,
    };
}

/// What a dashboard asks for where it is not open to all. Its `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Token(String);

/// The text cannot be sent as a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is visible ASCII characters without spaces")]
pub(crate) struct BadToken;

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Token, BadToken> {
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Token(text.to_owned())) } else { Err(BadToken) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why a URL has no answer, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url} {why}")]
pub(crate) struct Failure {
    pub(crate) url: String,
    pub(crate) why: Why,
}

/// Why there is no answer, as a sentence whose subject is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Why {
    #[error("is not reachable: {0}; check that the service runs and has its dashboard there")]
    Unreachable(String),
    #[error("did not answer within {}; the machine may be overloaded, or the address wrong", spaced_time(*.0))]
    Slow(Duration),
    #[error("asks for a token: set ACTORS_TOKEN, or pass --token")]
    TokenMissing,
    #[error("refuses this token: compare it with the one that the service was started with")]
    TokenRefused,
    #[error("does not exist: check the address and its path; a dashboard of actors-dashboard has it")]
    NotFound,
    #[error("redirects elsewhere: pass the address that it leads to")]
    Redirects,
    #[error("answers with status {0}; the log of the service may say why")]
    Status(u16),
    #[error("answers with more than {} MiB, which this program does not read; look at the page instead", .0 >> 20)]
    TooLarge(u64),
    #[error(
        "answers with something else than a dashboard ({0}); check the address, and that both are of one version"
    )]
    Unreadable(String),
}

/// Asks a dashboard.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    address: Address,
    token: Option<Token>,
    limits: Limits,
}

impl Client {
    pub(crate) fn new(address: Address, token: Option<Token>, limits: Limits) -> Client {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could carry the token to another host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Loopback and tunnels are reached directly, whatever the environment says.
            .proxy(None)
            // A kept connection may be dead after a restart of the service, which would look like
            // an outage. A new one to loopback costs microseconds.
            .max_idle_connections(0)
            .timeout_connect(Some(limits.connect))
            .timeout_per_read(Some(limits.read))
            .timeout_global(Some(limits.all))
            .user_agent(concat!("actors-top/", env!("CARGO_PKG_VERSION")))
            .build();
        Client { agent: config.into(), address, token, limits }
    }

    /// Where the dashboard is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// All actors, now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.get("/snapshot.json")
    }

    /// The decisions with higher serial numbers, oldest first.
    pub(crate) fn decisions(&self, since: u64) -> Result<Vec<Decision>, Failure> {
        self.get(&format!("/decisions.json?since={since}"))
    }

    /// The bounds of all actors.
    pub(crate) fn boundaries(&self) -> Result<Boundaries, Failure> {
        self.get("/boundaries.json")
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let url = self.address.url(path);
        let answer = self.body(&url).and_then(|body| {
            serde_json::from_slice(&body).map_err(|error| Why::Unreadable(harmless(&error.to_string())))
        });
        answer.map_err(|why| Failure { url, why })
    }

    fn body(&self, url: &str) -> Result<Vec<u8>, Why> {
        let mut request = self.agent.get(url);
        if let Some(Token(token)) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|error| self.why(error))?;
        match response.status().as_u16() {
            200 => {
                let body = response.body_mut().with_config().limit(self.limits.bytes).read_to_vec();
                body.map_err(|error| self.why(error))
            }
            401 | 403 if self.token.is_none() => Err(Why::TokenMissing),
            401 | 403 => Err(Why::TokenRefused),
            404 => Err(Why::NotFound),
            300..=399 => Err(Why::Redirects),
            status => Err(Why::Status(status)),
        }
    }

    fn why(&self, error: Error) -> Why {
        let Limits { connect, read, all, bytes } = self.limits;
        match error {
            Error::BodyExceedsLimit(_) => Why::TooLarge(bytes),
            Error::Timeout(Timeout::Connect) => Why::Slow(connect),
            Error::Timeout(Timeout::PerRead) => Why::Slow(read),
            Error::Timeout(_) => Why::Slow(all),
            Error::HostNotFound => Why::Unreachable("this machine knows no such host".to_owned()),
            Error::Protocol(_) | Error::LargeResponseHeader(..) => {
                Why::Unreadable(harmless(&error.to_string()))
            }
            error => Why::Unreachable(match error.into_io() {
                error if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                    "the connection was refused".to_owned()
                }
                error => harmless(&error.to_string()),
            }),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::net::server::{Answer, Server};
    use serde_json::json;

    /// Limits that no test but those of slow servers reaches.
    pub(crate) fn client(server: &Server, token: Option<&str>) -> Client {
        limited(server, token, Limits::DEFAULT)
    }

    fn limited(server: &Server, token: Option<&str>, limits: Limits) -> Client {
        Client::new(server.url().parse().unwrap(), token.map(|token| token.parse().unwrap()), limits)
    }

    fn failure(answer: impl Fn() -> Answer + Send + 'static, token: Option<&str>, limits: Limits) -> Failure {
        let server = Server::start(move |_, _| answer());
        limited(&server, token, limits).snapshot().unwrap_err()
    }

    fn sentence(answer: impl Fn() -> Answer + Send + 'static, token: Option<&str>) -> String {
        failure(answer, token, Limits::DEFAULT).to_string()
    }

    #[test]
    fn an_answer_is_read_with_the_token_and_without_a_kept_connection() {
        let snapshot = json!({ "system": "shop", "actors": [], "of a newer version": 1 }).to_string();
        // A server that would take more requests on a connection.
        let server = Server::start(move |_, _| Answer { stays_open: true, ..Answer::json(&snapshot) });
        let client = client(&server, Some("secret-of-the-test"));
        assert_eq!(client.snapshot().unwrap().system.as_str(), "shop");
        client.snapshot().unwrap();
        let requests = server.requests();
        assert_eq!((requests.len(), server.connections()), (2, 2));
        assert!(requests[0].starts_with("GET /snapshot.json HTTP/1.1\r\n"), "{}", requests[0]);
        assert!(requests[0].to_lowercase().contains("\r\nauthorization: bearer secret-of-the-test\r\n"));
    }

    #[test]
    fn without_a_token_no_header_is_sent() {
        let server = Server::start(|_, _| Answer::json("[]"));
        assert_eq!(client(&server, None).decisions(7).unwrap(), []);
        let request = server.requests().remove(0).to_lowercase();
        assert!(request.starts_with("get /decisions.json?since=7 ") && !request.contains("authorization"));
    }

    #[test]
    fn each_failure_says_what_to_do() {
        let missing = sentence(|| Answer::status(401), None);
        assert!(missing.ends_with("asks for a token: set ACTORS_TOKEN, or pass --token"), "{missing}");
        assert!(sentence(|| Answer::status(401), Some("x")).contains("refuses this token"));
        assert!(sentence(|| Answer::status(404), None).contains("check the address"));
        assert!(sentence(|| Answer::status(503), None).contains("status 503"));
        assert!(sentence(|| Answer::json("<html>"), None).contains("something else"));
        assert!(sentence(|| Answer::raw(b"\x1b[2J no http\r\n\r\n"), None).contains("something else"));
        assert!(sentence(|| Answer::raw(""), None).contains("check that the service runs"));
        let client = Client::new("127.0.0.1:1".parse().unwrap(), None, Limits::DEFAULT);
        let refused = client.snapshot().unwrap_err().to_string();
        assert!(refused.contains("the connection was refused"), "{refused}");
    }

    #[test]
    fn a_redirect_is_not_followed() {
        let redirect = || Answer::raw(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n");
        assert!(matches!(failure(redirect, Some("x"), Limits::DEFAULT), Failure { why: Why::Redirects, .. }));
    }

    #[test]
    fn a_server_that_is_silent_is_given_up() {
        let limits = Limits { read: Duration::from_millis(20), ..Limits::DEFAULT };
        let failure = failure(|| Answer { stays_open: true, ..Answer::raw("") }, None, limits);
        assert_eq!(failure.why, Why::Slow(Duration::from_millis(20)));
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let endless = failure(
            || Answer { is_endless: true, ..Answer::raw("HTTP/1.1 200 OK\r\n\r\n") },
            None,
            Limits { bytes: 1 << 20, ..Limits::DEFAULT },
        );
        assert_eq!(endless.why, Why::TooLarge(1 << 20));
        let announced = || Answer::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n[");
        let failure = failure(announced, None, Limits { read: Duration::from_millis(20), ..Limits::DEFAULT });
        assert!(matches!(failure.why, Why::Unreachable(_) | Why::TooLarge(_) | Why::Slow(_)), "{failure}");
    }

    #[test]
    fn an_error_of_a_hostile_server_is_harmless() {
        let json = json!({ "system": "\u{1b}]0;x\u{7}", "actors": "\u{1b}[2J" }).to_string();
        let said = sentence(move || Answer::json(&json), None);
        assert!(said.chars().all(|c| !c.is_control()), "{said:?}");
    }

    #[test]
    fn a_token_is_never_printed_and_breaks_no_header() {
        assert_eq!(format!("{:?}", "secret".parse::<Token>().unwrap()), "Token(…)");
        for text in ["", "a b", "a\r\nb", "é"] {
            assert_eq!(text.parse::<Token>().err(), Some(BadToken));
        }
    }
}
