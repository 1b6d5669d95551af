//! Who may ask: the checks before every route, and the headers after it.
//!
//! | check | refuses with | against |
//! |---|---|---|
//! | the client's address is this machine's, where the server knows it | 403 | a router that was bound to all addresses by mistake |
//! | `Host` names this machine | 403 | a page of another origin whose name leads to 127.0.0.1 (DNS rebinding) |
//! | `Sec-Fetch-Site`, for everything but the page itself | 403 | a page of another origin that embeds this one's answers |
//! | the token, where the dashboard is remote | 401 | readers without it |
//! | `Bearer` with the token of changes, for a change | 401 | changes without it, also by a browser that was logged in |
//!
//! With a token for remote clients the first two checks do not apply: the token is the check.

use crate::token::Token;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// What a dashboard allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    /// Opens everything but changes to clients of other machines.
    pub(crate) remote: Option<Token>,
    /// Opens changes.
    pub(crate) changes: Option<Token>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// From another machine.
    Remote,
    /// For another host.
    Host,
    /// By a page of another origin.
    Origin,
    /// Without the token.
    Token,
    /// A change, which this dashboard does not take.
    ReadOnly,
}

impl Rights {
    /// Returns why a request may not be served.
    pub(crate) fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        peer: Option<SocketAddr>,
    ) -> Result<(), Forbidden> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = text(header::AUTHORIZATION).unwrap_or_default();
        let may_change = || self.changes.as_ref().is_some_and(|token| token.is_bearer(authorization));
        match &self.remote {
            Some(token) => {
                let knows =
                    token.is_bearer(authorization) || token.is_password(authorization) || may_change();
                knows.then_some(()).ok_or(Forbidden::Token)?;
            }
            None => {
                let is_local = peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback());
                is_local.then_some(()).ok_or(Forbidden::Remote)?;
                text(header::HOST).is_some_and(is_this_machine).then_some(()).ok_or(Forbidden::Host)?;
            }
        }
        // Browsers set it and pages cannot; a navigation to the page from elsewhere is harmless.
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let is_navigation = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
        let is_own = matches!(site, None | Some(b"same-origin" | b"none")) || is_navigation;
        if !is_own || (is_navigation && method == Method::POST) {
            return Err(Forbidden::Origin);
        }
        if method == Method::GET || method == Method::HEAD {
            return Ok(());
        }
        self.changes.as_ref().ok_or(Forbidden::ReadOnly)?;
        may_change().then_some(()).ok_or(Forbidden::Token)
    }
}

/// Whether a header `Host` names this machine, with any port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || ["127.0.0.1", "[::1]"].contains(&name)
}

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Forbidden::Remote => {
                (StatusCode::FORBIDDEN, "only for clients of this machine; see `allow_remote`\n")
            }
            Forbidden::Host => (StatusCode::FORBIDDEN, "ask for localhost, 127.0.0.1 or [::1]\n"),
            Forbidden::Origin => (StatusCode::FORBIDDEN, "not for pages of other origins\n"),
            Forbidden::Token => (StatusCode::UNAUTHORIZED, "send the token: Authorization: Bearer …\n"),
            Forbidden::ReadOnly => {
                (StatusCode::FORBIDDEN, "this dashboard only reads; see `allow_changes`\n")
            }
        };
        (status, why).into_response()
    }
}

/// Checks a request, and sets the headers of every answer.
pub(crate) async fn check(State(rights): State<Arc<Rights>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let checked = rights.check(request.method(), request.headers(), peer);
    let is_change = request.method() == Method::POST;
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(forbidden) => forbidden.into_response(),
    };
    // A browser asks for the token of readers. That of changes is asked for by the page.
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = if is_change { "Bearer" } else { "Basic realm=\"actors\", charset=\"UTF-8\"" };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The page runs its own scripts and nothing else, and no other page may embed it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];
