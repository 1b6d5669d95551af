use crate::{Shop, overload, request};
use actors_core::testing;
use actors_http::ready::Readiness;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt;

async fn probe(readiness: &Readiness) -> (u16, String) {
    let response = readiness.clone().oneshot(request(None)).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    (response.status().as_u16(), response.into_body())
}

#[test]
fn a_probe_is_200_while_every_actor_is_open_and_not_overloaded() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        let orders = system.instance(Shop).name("orders").spawn().unwrap();
        let readiness = Readiness::new().actor(&shop).actor(&orders);
        assert_eq!(probe(&readiness).await, (200, "shop: ready\norders: ready\n".to_owned()));

        let held = testing::hold(&shop);
        overload(&shop).await;
        let full = "shop: overloaded, 8 of 8 slots are taken\norders: ready\n";
        assert_eq!(probe(&readiness).await, (503, full.to_owned()));
        held.release();
        testing::quiet(&system).await;

        orders.stop().await;
        let (status, body) = probe(&readiness).await;
        assert_eq!(status, 503);
        assert!(body.ends_with("\norders: closed\n"), "{body}");
        drop(orders);
        let (status, body) = probe(&readiness).await;
        assert_eq!(status, 503);
        assert!(body.ends_with("\norders: closed\n"), "{body}");
    });
}

#[tokio::test]
async fn a_check_decides_too() {
    let is_stopping = Arc::new(AtomicBool::new(false));
    let flag = is_stopping.clone();
    let readiness = Readiness::new().check("process", move || match flag.load(Ordering::Relaxed) {
        true => Err("shutting down".into()),
        false => Ok(()),
    });
    assert_eq!(probe(&readiness).await, (200, "process: ready\n".to_owned()));
    is_stopping.store(true, Ordering::Relaxed);
    assert_eq!(probe(&readiness).await, (503, "process: shutting down\n".to_owned()));
}

#[tokio::test]
async fn a_probe_of_nothing_is_ready() {
    assert_eq!(probe(&Readiness::new()).await, (200, String::new()));
}
