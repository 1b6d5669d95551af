//! The answers that layers give themselves: over HTTP, or over gRPC to requests of gRPC.
//!
//! The request decides, so one stack of layers serves both. A request whose `content-type` is
//! `application/grpc`, with any codec (`+proto`) and parameters, gets a *trailers-only* response
//! (gRPC over HTTP/2, "Responses"): status 200, no body, and the gRPC status in the headers. Every
//! other request gets the status and the line of text that [`refusal`](crate::refusal) lists; of
//! the method HEAD, without the line. This needs the feature `tonic`. Without it, all answers are
//! plain HTTP, and gRPC's mapping of statuses makes `UNAVAILABLE` of both 503 and 504.
//!
//! # gRPC-Web
//!
//! `application/grpc-web` and `application/grpc-web-text` get the same response with the content
//! type of the request: the protocol allows a status in the headers of a response without a body,
//! and the clients read it there. Requests from other origins are not covered. A layer of CORS
//! outside these has to send `access-control-expose-headers` and to answer `OPTIONS`. With
//! `tonic_web::GrpcWebLayer`, put these layers inside it: it translates what they answer.

#[cfg(feature = "tonic")]
use crate::grpc::{grpc_content_type, trailers_only};
use crate::refusal::Refused;
use http::{HeaderValue, Method, Request, Response};

/// A body that a layer can make from its own answer: a line of text, or nothing for gRPC.
///
/// Implemented for `String` and, with the features of their names, for the bodies of axum and of
/// tonic. Implement it for the body of another stack:
///
/// ```
/// use actors_http::answer::AnswerBody;
///
/// struct Chunks(Vec<Vec<u8>>);
///
/// impl AnswerBody for Chunks {
///     fn of_text(text: String) -> Self {
///         Chunks(if text.is_empty() { Vec::new() } else { vec![text.into_bytes()] })
///     }
/// }
/// ```
pub trait AnswerBody {
    /// Creates a body with this text. A body without text must be at its end from the start: a
    /// trailers-only response of gRPC has none.
    fn of_text(text: String) -> Self;
}

impl AnswerBody for String {
    fn of_text(text: String) -> Self {
        text
    }
}

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl AnswerBody for axum_core::body::Body {
    fn of_text(text: String) -> Self {
        text.into()
    }
}

#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
impl AnswerBody for tonic::body::Body {
    fn of_text(text: String) -> Self {
        tonic::body::Body::new(text)
    }
}

/// The protocol of a request, in which a layer answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    /// A request of the method HEAD: its answer has the same head, and no body.
    Head,
    /// gRPC or gRPC-Web, with the content type of the answer.
    Grpc(HeaderValue),
}

impl Protocol {
    /// Returns the protocol of a request.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        match grpc_content_type(request.headers()) {
            Some(content_type) => Protocol::Grpc(content_type),
            None if request.method() == Method::HEAD => Protocol::Head,
            None => Protocol::Http,
        }
    }

    /// Returns the answer to a request of this protocol.
    pub(crate) fn answer<B: AnswerBody>(&self, refused: Refused) -> Response<B> {
        match self {
            Protocol::Http => Response::<String>::from(refused).map(B::of_text),
            Protocol::Head => Response::<String>::from(refused).map(|_| B::of_text(String::new())),
            Protocol::Grpc(content_type) => trailers_only(refused, content_type),
        }
    }
}

#[cfg(not(feature = "tonic"))]
fn grpc_content_type(_: &http::HeaderMap) -> Option<HeaderValue> {
    None
}

/// Without the feature `tonic` no request is one of gRPC.
#[cfg(not(feature = "tonic"))]
fn trailers_only<B: AnswerBody>(refused: Refused, _: &HeaderValue) -> Response<B> {
    Protocol::Http.answer(refused)
}
