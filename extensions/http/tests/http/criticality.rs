use crate::request;
use actors_core::Priority;
use actors_http::criticality::{Criticality, CriticalityLayer};
use http::{Request, Response};
use std::convert::Infallible;
use tower::{Layer, ServiceExt};

async fn seen(layer: CriticalityLayer, word: Option<&str>) -> Priority {
    let inner = tower::service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(Response::new(*request.extensions().get::<Criticality>().unwrap()))
    });
    let request = request(word.map(|word| ("x-criticality", word)));
    layer.layer(inner).oneshot(request).await.unwrap().into_body().priority()
}

#[tokio::test]
async fn every_priority_has_a_word_that_the_header_takes() {
    let words = ["sheddable", "sheddable_plus", "critical", "critical_plus"];
    for (priority, word) in Priority::ALL.iter().zip(words) {
        assert_eq!(Criticality(*priority).to_string(), word);
        assert_eq!(seen(CriticalityLayer::new(), Some(word)).await, *priority);
        assert_eq!(seen(CriticalityLayer::new(), Some(&word.to_uppercase())).await, *priority);
    }
    assert_eq!(Priority::ALL.len(), words.len());
}

#[tokio::test]
async fn without_a_word_that_exists_the_default_applies() {
    let layer = CriticalityLayer::new();
    for word in [None, Some(""), Some("critical-plus"), Some("urgent")] {
        assert_eq!(seen(layer, word).await, Priority::Normal, "{word:?}");
        assert_eq!(seen(layer.default_priority(Priority::High), word).await, Priority::High, "{word:?}");
    }
}

#[tokio::test]
async fn a_header_cannot_claim_more_than_the_limit() {
    let layer = CriticalityLayer::new().at_most(Priority::High);
    assert_eq!(seen(layer, Some("critical_plus")).await, Priority::High);
    assert_eq!(seen(layer, Some("sheddable")).await, Priority::Low);
}
