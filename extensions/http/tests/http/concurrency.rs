use crate::request;
use actors_http::concurrency::ConcurrencyLayer;
use actors_http::refusal::RETRY_AFTER_MS;
use futures_util::FutureExt;
use http::{Request, Response};
use std::convert::Infallible;
use std::future::Pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};

/// A gate that lets no request pass.
fn closed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

/// A service whose requests end when the gate has a permit for each.
fn gated(
    gate: &Arc<Semaphore>,
) -> impl Service<
    Request<()>,
    Response = Response<String>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<String>, Infallible>> + Send,
> + Clone
+ Send
+ 'static {
    let gate = gate.clone();
    tower::service_fn(move |_: Request<()>| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(Response::new("served\n".to_owned()))
        }
    })
}

#[tokio::test]
async fn one_request_more_than_the_limit_is_refused_at_once() {
    let gate = closed();
    let layer = ConcurrencyLayer::new(2).retry_after(Duration::from_secs(10));
    let mut service = layer.layer(gated(&gate));
    let mut clone = service.clone();
    let mut another = layer.layer(gated(&gate));
    // A clone, and another service of the layer: both count.
    let first = clone.ready().await.unwrap().call(request(None));
    let second = another.ready().await.unwrap().call(request(None));
    assert_eq!(layer.in_flight(), 2);

    let refused = service.ready().await.unwrap().call(request(None)).await.unwrap();
    assert_eq!(refused.status(), 503);
    let millis: u64 = refused.headers()[RETRY_AFTER_MS].to_str().unwrap().parse().unwrap();
    assert!((8000..=12_000).contains(&millis), "{millis} ms");
    assert_eq!(layer.in_flight(), 2, "a refusal holds no slot");

    gate.add_permits(1);
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(layer.in_flight(), 1);
    let third = service.ready().await.unwrap().call(request(None));
    assert_eq!(layer.in_flight(), 2);
    gate.add_permits(2);
    for served in [second.await, third.await] {
        assert_eq!(served.unwrap().status(), 200);
    }
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test]
async fn a_request_that_is_dropped_frees_its_slot() {
    let layer = ConcurrencyLayer::new(1);
    let mut service = layer.layer(gated(&closed()));
    let answer = service.ready().await.unwrap().call(request(None));
    assert_eq!(layer.in_flight(), 1);
    drop(answer);
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test]
async fn the_answer_frees_the_slot_before_its_future_is_dropped() {
    let gate = closed();
    gate.add_permits(1);
    let layer = ConcurrencyLayer::new(1);
    let mut service = layer.layer(gated(&gate));
    let mut answer = std::pin::pin!(service.ready().await.unwrap().call(request(None)));
    assert_eq!(answer.as_mut().await.unwrap().status(), 200);
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test]
async fn a_service_that_panics_frees_its_slot_whether_in_its_call_or_in_its_future() {
    fn panics(request: Request<()>) -> Pending<Result<Response<String>, Infallible>> {
        panic!("{}", request.uri())
    }
    let layer = ConcurrencyLayer::new(1);
    let mut in_call = layer.layer(tower::service_fn(panics));
    in_call.ready().await.unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| in_call.call(request(None)))).is_err());
    assert_eq!(layer.in_flight(), 0);

    let in_future = layer.layer(tower::service_fn(async |request| panics(request).await));
    let answer = AssertUnwindSafe(in_future.oneshot(request(None))).catch_unwind();
    assert!(answer.await.is_err());
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test]
async fn a_refusal_leaves_the_inner_service_ready_for_the_next_call() {
    // Like tower's `Buffer`: being ready is a permit, and a call without one panics.
    #[derive(Clone)]
    struct Strict(bool);
    impl Service<Request<()>> for Strict {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<String>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.0 = true;
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            assert!(std::mem::take(&mut self.0), "called without being ready");
            std::future::ready(Ok(Response::new("served\n".to_owned())))
        }
    }
    let layer = ConcurrencyLayer::new(1);
    let mut service = layer.layer(Strict(false));
    let held = layer.layer(gated(&closed())).ready().await.unwrap().call(request(None));
    assert_eq!(service.ready().await.unwrap().call(request(None)).await.unwrap().status(), 503);
    drop(held);
    assert_eq!(service.ready().await.unwrap().call(request(None)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_service_that_is_ready_and_not_called_holds_no_slot() {
    let layer = ConcurrencyLayer::new(1);
    let mut service = layer.layer(gated(&closed()));
    service.ready().await.unwrap();
    assert_eq!(layer.in_flight(), 0);
}

#[tokio::test]
async fn a_limit_of_zero_refuses_everything() {
    let layer = ConcurrencyLayer::new(0);
    let response = layer.layer(gated(&closed())).oneshot(request(None)).await.unwrap();
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn an_answer_to_head_has_the_same_head_and_no_body() {
    let service = ConcurrencyLayer::new(0).layer(gated(&closed()));
    let head = Request::head("/").body(()).unwrap();
    let response = service.oneshot(head).await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().as_str()), (503, ""));
    assert!(response.headers().contains_key(RETRY_AFTER_MS));
}

#[test]
fn a_limit_larger_than_any_semaphore_limits_nothing() {
    assert_eq!(ConcurrencyLayer::new(usize::MAX).in_flight(), 0);
}
