use crate::{TOKEN, get, json, reading, request, send, shop, token};
use actors_core::testing;
use actors_dashboard::Dashboard;
use axum::body::Body;
use axum::http::Request;
use std::time::Duration;

#[test]
fn the_page_and_its_files_come_from_the_binary_and_ask_no_other_host() {
    testing::run(async |system| {
        let router = reading(&system);
        let (status, headers, page) = get(&router, "/").await;
        assert_eq!(
            (status.as_u16(), &headers["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        let links = page.split(['"', '\'']).filter(|part| part.starts_with('/') && part.contains('.'));
        let links: Vec<_> = links.filter(|part| !part.contains(' ')).collect();
        assert!(links.len() >= 5, "{links:?}");
        for link in links {
            let (status, headers, text) = get(&router, link).await;
            assert_eq!(status, 200, "{link}");
            let tag = headers["etag"].to_str().unwrap();
            let again = request(link).header("if-none-match", tag).body(Body::empty()).unwrap();
            assert_eq!(send(&router, again).await.0, 304, "{link}");
            let is_own = !link.contains("vendor");
            assert!(!is_own || !text.contains("innerHTML ="), "{link} makes markup of text");
            assert!(
                !is_own || !text.replace("http://www.w3.org/2000/svg", "").contains("http"),
                "{link} asks a host"
            );
        }
    });
}

#[test]
fn a_snapshot_is_the_core_s_and_is_made_at_most_four_times_a_second() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let router = reading(&system);
        let first = json(&router, "/snapshot.json").await;
        assert_eq!((&first["system"], &first["actors"][0]["name"]), (&"test".into(), &"shop".into()));
        assert_eq!(first["actors"][0]["reading"]["capacity"], 8);
        shop.charge(1).await.unwrap();
        assert_eq!(json(&router, "/snapshot.json").await, first, "kept for a quarter of a second");
        tokio::time::advance(Duration::from_millis(250)).await;
        let second = json(&router, "/snapshot.json").await;
        assert_eq!(second["actors"][0]["messages"]["Charge"]["handled"], 1);
    });
}

#[test]
fn decisions_are_those_after_a_serial_number_with_their_sentences() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let router = reading(&system);
        assert_eq!(json(&router, "/decisions.json").await, serde_json::json!([]));
        let held = testing::hold(&shop);
        for _ in 0..8 {
            shop.viewed("a".into()).try_send().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let all = json(&router, "/decisions.json").await;
        let all = all.as_array().unwrap();
        assert!(all.len() >= 2, "{all:?}");
        assert_eq!((&all[0]["serial"], &all[0]["actor"]), (&1.into(), &"shop".into()));
        assert!(all[0]["sentence"].as_str().unwrap().contains("elevated"), "{all:?}");
        let later = json(&router, "/decisions.json?since=1").await;
        assert_eq!(later.as_array().unwrap().len(), all.len() - 1);
        held.release();
    });
}

#[test]
fn mistakes_in_a_query_are_400_and_unknown_paths_404() {
    testing::run(async |system| {
        let router = reading(&system);
        for (path, status) in [
            ("/decisions.json?since=soon", 400),
            ("/letters.json?since=-1", 400),
            ("/nowhere", 404),
            ("/actors/nobody/config", 404),
            ("/page/../src/lib.rs", 404),
        ] {
            assert_eq!(get(&router, path).await.0, status, "{path}");
        }
        let long = format!("/events?actor={}", "x".repeat(1025));
        assert_eq!(get(&router, &long).await.0, 400);
    });
}

#[test]
fn it_is_alive_however_full_the_queues_are_and_unready_before_they_are_full() {
    testing::run(async |system| {
        let (shop, _other) = (shop(&system, "shop"), shop(&system, "orders"));
        let all = reading(&system);
        let one = Dashboard::new(&system).ready_while(["orders", "bank"]).router();
        assert_eq!(get(&all, "/readyz").await.2, "ready\n");
        let held = testing::hold(&shop);
        for _ in 0..5 {
            shop.viewed("a".into()).try_send().unwrap();
        }
        assert_eq!(get(&all, "/readyz").await.0, 200);
        shop.viewed("a".into()).try_send().unwrap();
        let (status, _, why) = get(&all, "/readyz").await;
        assert_eq!(
            (status.as_u16(), why.as_str()),
            (503, "shop: 6 of 8 slots are taken; its `high` mark is 6\n")
        );
        shop.viewed("a".into()).try_send().unwrap();
        assert_eq!(get(&all, "/healthz").await.2, "alive\n");
        let (status, _, why) = get(&one, "/readyz").await;
        assert_eq!(
            (status.as_u16(), why.as_str()),
            (503, "bank: is not there\n"),
            "only the named ones count"
        );
        held.release();
        testing::quiet(&system).await;
        assert_eq!(get(&all, "/readyz").await.0, 200);
        system.token().cancel();
        assert_eq!(get(&all, "/readyz").await.2, "test: shutting down\n");
        assert_eq!(get(&all, "/healthz").await.0, 200);
    });
}

#[test]
fn lost_messages_are_sampled_with_reason_age_and_text() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let router = reading(&system);
        assert_eq!(json(&router, "/letters.json").await["total"], 0);
        // The sampler subscribes in its own task.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let held = testing::hold(&shop);
        for at in 0..5 {
            shop.traced(format!("<script>{at}")).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let letters = json(&router, "/letters.json").await;
        assert_eq!((&letters["total"], &letters["missed"]), (&3.into(), &0.into()));
        let first = &letters["letters"][0];
        assert_eq!(
            (&first["actor"], &first["message"], &first["reason"]),
            (&"shop".into(), &"Traced".into(), &"dropped".into())
        );
        assert!(first["text"].as_str().unwrap().contains("<script>0"), "text is text: {first}");
        let since = json(&router, "/letters.json?since=2").await;
        assert_eq!(since["letters"].as_array().unwrap().len(), 1);
        held.release();
    });
}

#[test]
fn a_body_of_more_than_16_kib_is_refused_and_so_is_another_type() {
    testing::run(async |system| {
        let _shop = shop(&system, "shop");
        let router = Dashboard::new(&system).allow_changes(token()).router();
        let post = |kind: &str, body: String| {
            let request =
                Request::post("/actors/shop/config").header("host", "localhost").header("content-type", kind);
            request.header("authorization", format!("Bearer {TOKEN}")).body(Body::from(body)).unwrap()
        };
        assert_eq!(send(&router, post("application/json", " ".repeat(16 * 1024 + 1))).await.0, 413);
        assert_eq!(send(&router, post("text/plain", "{}".into())).await.0, 415);
        let (status, _, why) =
            send(&router, post("application/json", r#"{"capacity": "many"}"#.into())).await;
        assert_eq!(status, 422);
        assert!(why.starts_with("capacity: "), "{why}");
    });
}

#[test]
fn a_body_that_does_not_arrive_ends_the_request_after_five_seconds() {
    testing::run(async |system| {
        let _shop = shop(&system, "shop");
        let router = Dashboard::new(&system).allow_changes(token()).router();
        let never = Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
        let request = Request::post("/actors/shop/config").header("host", "localhost");
        let request = request
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {TOKEN}"));
        let began = tokio::time::Instant::now();
        assert_eq!(send(&router, request.body(never).unwrap()).await.0, 408);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
    });
}

#[test]
fn metrics_are_in_the_format_that_is_accepted() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        shop.charge(1).await.unwrap();
        let router = reading(&system);
        for (accept, kind) in
            [("application/openmetrics-text", "application/openmetrics-text"), ("text/plain", "text/plain")]
        {
            let (status, headers, text) =
                send(&router, request("/metrics").header("accept", accept).body(Body::empty()).unwrap())
                    .await;
            assert_eq!(status, 200);
            let found = headers["content-type"].to_str().unwrap();
            assert!(found.starts_with(kind), "{accept}: {found}");
            assert!(text.contains("Charge"), "{text}");
        }
    });
}
