use crate::{change, get, json, send, shop, token};
use actors_core::testing;
use actors_dashboard::Dashboard;
use axum::extract::ConnectInfo;
use std::net::SocketAddr;

#[test]
fn a_change_holds_at_once_and_is_a_decision_with_its_author() {
    testing::run(async |system| {
        let shop = shop(&system, "shop/1 <b>");
        let router = Dashboard::new(&system).allow_changes(token()).router();
        let path = "/actors/shop%2F1%20%3Cb%3E/config";
        assert_eq!(json(&router, path).await["capacity"], 8);
        let mut request =
            change("shop%2F1%20%3Cb%3E", r#"{ "capacity": 16, "messages": { "Traced": { "max": 3 } } }"#);
        let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (status, _, body) = send(&router, request).await;
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&answer["capacity"], &answer["messages"]["Traced"]["max"]), (&16.into(), &3.into()));
        assert_eq!(shop.reading().capacity, 16);
        let decisions = json(&router, "/decisions.json").await;
        let sentence = decisions[0]["sentence"].as_str().unwrap();
        assert!(
            sentence.starts_with("reconfigured by dashboard, from 127.0.0.1: capacity = 16 (was 8)"),
            "{sentence}"
        );
    });
}

#[test]
fn a_change_with_mistakes_changes_nothing_and_names_them_all() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let router = Dashboard::new(&system).allow_changes(token()).router();
        let body =
            r#"{ "capacity": 16, "messages": { "Viewd": { "max": 3 }, "Charge": { "priority": "low" } } }"#;
        let (status, _, why) = send(&router, change("shop", body)).await;
        assert_eq!(status, 422);
        assert!(why.contains("did you mean `Viewed`?") && why.contains("messages.Charge.priority"), "{why}");
        assert_eq!(shop.reading().capacity, 8);
        assert_eq!(system.decisions().len(), 0);
        assert_eq!(send(&router, change("nobody", "{}")).await.0, 404);
        assert_eq!(get(&router, "/actors/nobody/config").await.0, 404);
    });
}

#[test]
fn boundaries_answer_the_four_questions_for_the_settings_of_now() {
    testing::run(async |system| {
        let (_first, _second) = (shop(&system, "first"), shop(&system, "second"));
        let router = Dashboard::new(&system).allow_changes(token()).router();
        let found = json(&router, "/boundaries.json").await;
        let boundary = &found["boundaries"][0];
        assert_eq!(
            (&boundary["count"], &boundary["actors"]),
            (&2.into(), &serde_json::json!(["first", "second"]))
        );
        assert_eq!(boundary["bound"], "8 slots, at most 4 senders in line");
        assert_eq!(boundary["messages"][0]["message"], "Charge");
        assert_eq!(found["warnings"], serde_json::json!([]));
        assert_eq!(send(&router, change("second", r#"{ "capacity": 9 }"#)).await.0, 200);
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let found = json(&router, "/boundaries.json").await;
        assert_eq!(found["boundaries"].as_array().unwrap().len(), 2, "two kinds now: {found}");
    });
}
