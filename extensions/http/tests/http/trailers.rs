//! What the layers answer to requests of gRPC.

use crate::wire;
use crate::{Shop, ok, request};
use actors_core::observe::Level;
use actors_core::{Reason, testing};
use actors_http::concurrency::ConcurrencyLayer;
use actors_http::criticality::CriticalityLayer;
use actors_http::deadline::DeadlineLayer;
use actors_http::grpc::RETRY_PUSHBACK_MS;
use actors_http::load::{LoadLayer, Observed};
use actors_http::refusal::Refused;
use actors_http::refusing::{Decide, Refusing};
use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response};
use std::convert::Infallible;
use std::future::Pending;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Layer, Service, ServiceExt};

fn grpc(content_type: &str) -> Request<()> {
    request(Some(("content-type", content_type)))
}

async fn answer<S>(service: S, request: Request<()>) -> Response<String>
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    service.oneshot(request).await.unwrap()
}

/// Reads the status of a trailers-only response like a client does.
fn status_of(response: &Response<String>) -> Status {
    assert_eq!((response.status().as_u16(), response.body().as_str()), (200, ""), "it has no body");
    Status::from_header_map(response.headers()).expect("the status is in the headers")
}

/// Refuses every request with one answer.
#[derive(Clone)]
struct Never(Refused);

impl Decide for Never {
    type Limit = Pending<Refused>;

    fn decide<B>(&self, _: &mut Request<B>) -> Result<Self::Limit, Refused> {
        Err(self.0.clone())
    }
}

#[tokio::test]
async fn the_content_type_of_the_request_decides() {
    let layer = ConcurrencyLayer::new(0);
    let web_text = "application/grpc-web-text";
    let cases = [
        ("application/grpc", Some("application/grpc")),
        ("application/grpc+proto", Some("application/grpc")),
        ("application/grpc+json", Some("application/grpc")),
        ("application/grpc;charset=utf-8", Some("application/grpc")),
        ("application/grpc+proto ; charset=utf-8", Some("application/grpc")),
        ("Application/gRPC+Proto", Some("application/grpc")),
        ("application/grpc-web", Some("application/grpc-web")),
        ("application/grpc-web+proto;x=y", Some("application/grpc-web+proto")),
        (web_text, Some(web_text)),
        ("application/grpc-other", None),
        ("application/grpcx", None),
        ("application/json", None),
        ("text/plain; application/grpc", None),
        ("", None),
    ];
    for (asked, answered) in cases {
        let response = answer(layer.layer(ok()), grpc(asked)).await;
        match answered {
            Some(content_type) => {
                assert_eq!(response.headers()[CONTENT_TYPE], content_type, "{asked}");
                assert_eq!(status_of(&response).code(), Code::ResourceExhausted, "{asked}");
            }
            None => {
                assert_eq!(response.status(), 503, "{asked}");
                assert!(!response.headers().contains_key("grpc-status"), "{asked}");
                assert!(response.headers().contains_key(RETRY_AFTER), "{asked}");
            }
        }
    }
    // A value that is not text, and requests that have no content.
    let mut strange = request(None);
    strange
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_bytes(b"application/grpc\xff").unwrap());
    let head = Request::head("/").body(()).unwrap();
    let options = Request::options("/").body(()).unwrap();
    for request in [strange, head, options] {
        assert_eq!(answer(layer.layer(ok()), request).await.status(), 503);
    }
}

#[tokio::test]
async fn an_overload_is_resource_exhausted_and_says_when_to_retry_twice() {
    let observed = Observed { level: Level::Overloaded, retry_after: Some(Duration::from_secs(10)) };
    let load = LoadLayer::new(move || observed);
    let concurrency = ConcurrencyLayer::new(0).retry_after(Duration::from_secs(10));
    for response in [
        answer(load.layer(ok()), grpc("application/grpc")).await,
        answer(concurrency.layer(ok()), grpc("application/grpc")).await,
    ] {
        let status = status_of(&response);
        assert_eq!(status.code(), Code::ResourceExhausted);
        let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!((8.0..=12.0).contains(&delay.as_secs_f64()), "{delay:?}");
        let pushback: u64 = response.headers()[RETRY_PUSHBACK_MS].to_str().unwrap().parse().unwrap();
        assert!(u128::from(pushback) - delay.as_millis() <= 1, "{pushback} ms, {delay:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_deadline_exceeded_before_and_while_the_service_works() {
    let hangs = tower::service_fn(async |_: Request<()>| {
        std::future::pending::<Result<Response<String>, Infallible>>().await
    });
    for timeout in ["0m", "250m"] {
        let mut request = grpc("application/grpc");
        request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let response = answer(DeadlineLayer::new(Duration::MAX).layer(hangs), request).await;
        assert_eq!(status_of(&response).code(), Code::DeadlineExceeded, "{timeout}");
        assert!(!response.headers().contains_key(RETRY_PUSHBACK_MS));
    }
}

#[tokio::test]
async fn every_reason_and_every_text_survives_the_headers() {
    for reason in Reason::ALL {
        let service = Refusing::new(ok(), Never(Refused::new(*reason).with_reason()));
        let status = status_of(&answer(service, grpc("application/grpc")).await);
        assert_eq!(status.code(), actors_http::grpc::code(*reason));
        assert_eq!(status.message(), format!("{}: {reason}", reason.word()));
    }
    let text = "100 % full\r\ngrpc-status: 0 – später\0";
    let service = Refusing::new(ok(), Never(Refused::new(Reason::Full).with_body(text)));
    let response = answer(service, grpc("application/grpc")).await;
    assert!(response.headers()["grpc-message"].as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte)));
    assert_eq!(status_of(&response).message(), text);
}

#[test]
fn one_stack_of_layers_serves_both_protocols() {
    testing::run(async |system| {
        let shop = system.spawn(Shop);
        let held = testing::hold(&shop);
        crate::overload(&shop).await;
        let layers =
            (DeadlineLayer::new(Duration::from_secs(5)), CriticalityLayer::new(), LoadLayer::of(&shop));
        let response = answer(layers.layer(ok()), grpc("application/grpc")).await;
        assert_eq!(status_of(&response).code(), Code::ResourceExhausted);
        assert_eq!(answer(layers.layer(ok()), request(None)).await.status(), 503);
        held.release();
    });
}

#[tokio::test]
async fn a_client_of_tonic_understands_the_refusal_of_a_layer() {
    let layers = (DeadlineLayer::new(Duration::from_secs(5)), ConcurrencyLayer::new(0));
    let (_system, _wire, mut client) = wire::open_behind(layers).await;
    // Also while it still sends: its stream is not read.
    for sacks in [stream::empty().boxed(), stream::repeat(vec![0; 1024]).boxed()] {
        let status = wire::grind(&mut client, sacks).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.message(), "the service cannot take the request now");
        assert!(status.get_details_retry_info().is_some());
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_body_of_axum_is_at_its_end_from_the_start() {
    use axum::body::{Body, HttpBody};
    let inner = tower::service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let service = ConcurrencyLayer::new(0).layer(inner);
    let response = service.clone().oneshot(grpc("application/grpc")).await.unwrap();
    assert!(response.body().is_end_stream());
    assert!(!service.oneshot(request(None)).await.unwrap().body().is_end_stream());
}
