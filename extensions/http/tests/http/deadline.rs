use crate::{Shop, ok, request};
use actors_core::{Reason, testing};
use actors_http::deadline::{Deadline, DeadlineLayer};
use http::header::HeaderName;
use http::{Request, Response};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

const MAX: Duration = Duration::from_secs(5);

/// Answers with the milliseconds that are left.
async fn left(request: Request<()>) -> Result<Response<String>, Infallible> {
    let deadline = request.extensions().get::<Deadline>().expect("the layer sets a deadline");
    Ok(Response::new(deadline.remaining().as_millis().to_string()))
}

async fn left_behind(layer: &DeadlineLayer, request: Request<()>) -> String {
    layer.layer(tower::service_fn(left)).oneshot(request).await.unwrap().into_body()
}

#[tokio::test(start_paused = true)]
async fn a_handler_sees_what_the_caller_has_left() {
    let layer = DeadlineLayer::new(MAX).default_timeout(Duration::from_secs(2));
    let cases = [
        (None, "2000"),
        (Some(("x-request-timeout-ms", "250")), "250"),
        (Some(("grpc-timeout", "3S")), "3000"),
        // A header cannot extend the time.
        (Some(("x-request-timeout-ms", "60000")), "5000"),
        (Some(("grpc-timeout", "99999999H")), "5000"),
        // What cannot be read counts as absent.
        (Some(("x-request-timeout-ms", "soon")), "2000"),
        (Some(("grpc-timeout", "1 minute")), "2000"),
    ];
    for (header, millis) in cases {
        assert_eq!(left_behind(&layer, request(header)).await, millis, "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_headers_the_shorter_time_counts() {
    let layer = DeadlineLayer::new(MAX);
    for (millis, grpc, left) in [("250", "1S", "250"), ("1500", "1S", "1000")] {
        let mut request = request(Some(("x-request-timeout-ms", millis)));
        request.headers_mut().insert("grpc-timeout", grpc.parse().unwrap());
        assert_eq!(left_behind(&layer, request).await, left);
    }
}

#[tokio::test(start_paused = true)]
async fn the_header_of_a_proxy_is_read_instead() {
    let name = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
    let layer = DeadlineLayer::new(MAX).header(name.clone());
    assert_eq!(left_behind(&layer, request(Some((name.as_str(), "40")))).await, "40");
    assert_eq!(left_behind(&layer, request(Some(("x-request-timeout-ms", "40")))).await, "5000");
}

#[tokio::test(start_paused = true)]
async fn an_inner_layer_does_not_extend_the_deadline_of_an_outer_one() {
    let layer = DeadlineLayer::new(MAX);
    let mut request = request(None);
    request.extensions_mut().insert(Deadline(Instant::now() + Duration::from_millis(30)));
    assert_eq!(left_behind(&layer, request).await, "30");
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_work_is_dropped_and_the_answer_is_504() {
    let work = Arc::new(());
    let kept = work.clone();
    let inner = tower::service_fn(move |_: Request<()>| {
        let work = kept.clone();
        async move {
            std::future::pending::<()>().await;
            drop(work);
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    let began = Instant::now();
    let mut service = DeadlineLayer::new(MAX).layer(inner);
    let header = Some(("x-request-timeout-ms", "250"));
    let mut answer = pin!(service.ready().await.unwrap().call(request(header)));
    assert_eq!(Arc::strong_count(&work), 3);
    let response = answer.as_mut().await.unwrap();
    assert_eq!(Arc::strong_count(&work), 2, "the work ends before the future of the answer is dropped");
    assert_eq!(
        (response.status(), response.body().as_str()),
        (504.try_into().unwrap(), "the time allowed is too short\n")
    );
    // tokio's timers have a resolution of a millisecond.
    let waited = began.elapsed().as_millis();
    assert!((250..=251).contains(&waited), "{waited} ms");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_late_does_not_reach_the_service() {
    let inner = tower::service_fn(async |_: Request<()>| -> Result<Response<String>, Infallible> {
        panic!("the service is called")
    });
    let header = Some(("grpc-timeout", "0m"));
    let response = DeadlineLayer::new(MAX).layer(inner).oneshot(request(header)).await.unwrap();
    assert_eq!(response.status(), 504);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_uses_up_the_budget_in_each_poll_ends_in_time_too() {
    let inner = tower::service_fn(async |_: Request<()>| -> Result<Response<String>, Infallible> {
        loop {
            tokio::task::coop::consume_budget().await;
        }
    });
    let answer = tokio::spawn(DeadlineLayer::new(MAX).layer(inner).oneshot(request(None)));
    tokio::task::yield_now().await;
    tokio::time::advance(MAX).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(answer.is_finished());
    assert_eq!(answer.await.unwrap().unwrap().status(), 504);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_passes_unchanged() {
    let response = DeadlineLayer::new(Duration::MAX).layer(ok()).oneshot(request(None)).await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().as_str()), (200, "served\n"));
}

#[test]
fn an_actor_is_asked_with_the_time_that_is_left() {
    testing::run(async |system| {
        let shop = system.spawn(Shop);
        let held = testing::hold(&shop);
        let deadline = Deadline(Instant::now() + Duration::from_millis(80));
        tokio::time::advance(Duration::from_millis(30)).await;
        assert_eq!(deadline.remaining(), Duration::from_millis(50));
        let error = shop.charge(990).timeout(deadline.remaining()).await.unwrap_err();
        assert_eq!(error.reason(), Reason::TimedOut);
        assert!(deadline.remaining().is_zero());
        held.release();
    });
}
