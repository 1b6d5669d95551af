use crate::{Events, Shop, column, reading, shop};
use actors_core::prelude::*;
use actors_core::testing;
use axum::http::StatusCode;
use std::time::Duration;

#[test]
fn a_stream_has_a_frame_at_once_and_one_each_second() {
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let router = reading(&system);
        let mut events = Events::open(&router, "").await.unwrap();
        let began = tokio::time::Instant::now();
        let first = events.frame().await;
        assert_eq!((&first["system"], &first["window_ms"]), (&"test".into(), &0.0.into()));
        assert_eq!((column(&first, "shop", "capacity"), column(&first, "shop", "handled_s")), (8.0, 0.0));
        for cents in 0..5 {
            shop.charge(cents).await.unwrap();
        }
        let second = events.frame().await;
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        assert_eq!((column(&second, "shop", "offered_s"), column(&second, "shop", "handled_s")), (5.0, 5.0));
        assert_eq!(second["outcomes_s"], serde_json::json!({ "handled": 5.0 }));
        let third = events.frame().await;
        assert_eq!(column(&third, "shop", "handled_s"), 0.0);
        assert_eq!(third["outcomes_s"], serde_json::json!({}));
    });
}

/// The promise that a stuck page costs one frame: a reader that was away gets the latest.
#[test]
fn a_slow_reader_gets_the_latest_frame_and_not_those_between() {
    testing::run(async |system| {
        let _shop = shop(&system, "shop");
        let router = reading(&system);
        let (mut quick, mut slow) =
            (Events::open(&router, "").await.unwrap(), Events::open(&router, "").await.unwrap());
        let serial = |frame: &serde_json::Value| frame["serial"].as_u64().unwrap();
        assert_eq!(serial(&slow.frame().await), 1);
        let mut last = 0;
        for _ in 0..20 {
            last = serial(&quick.frame().await);
        }
        assert_eq!(serial(&slow.frame().await), last, "none of those between");
        assert_eq!(serial(&slow.frame().await), last + 1);
    });
}

#[test]
fn all_streams_share_the_bytes_of_one_frame() {
    testing::run(async |system| {
        let _shop = shop(&system, "shop");
        let router = reading(&system);
        let mut chunks = Vec::new();
        for _ in 0..3 {
            let request = crate::request("/events").body(axum::body::Body::empty()).unwrap();
            let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
            let mut body = response.into_body().into_data_stream();
            chunks.push(futures_util::StreamExt::next(&mut body).await.unwrap().unwrap());
        }
        assert!(chunks.iter().all(|chunk| chunk.as_ptr() == chunks[0].as_ptr()), "copied");
    });
}

#[test]
fn the_101st_stream_is_refused_until_another_one_ends() {
    testing::run(async |system| {
        let router = reading(&system);
        let mut open = Vec::new();
        for _ in 0..100 {
            open.push(Events::open(&router, "").await.unwrap());
        }
        assert_eq!(Events::open(&router, "").await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        let (_, headers, body) = crate::get(&router, "/events").await;
        assert_eq!(
            (&headers["retry-after"], body.as_str()),
            (&"10".parse().unwrap(), "100 streams are open; close a page\n")
        );
        open.pop();
        assert!(Events::open(&router, "").await.is_ok());
    });
}

#[test]
fn a_stream_for_an_actor_has_its_detail_after_each_frame() {
    testing::run(async |system| {
        let shop = shop(&system, "shop <b>");
        let router = reading(&system);
        let mut events = Events::open(&router, "?actor=shop%20%3Cb%3E").await.unwrap();
        let held = testing::hold(&shop);
        for _ in 0..9 {
            let _ = shop.viewed("a".into()).try_send();
        }
        events.frame().await;
        events.next().await.unwrap();
        for _ in 0..4 {
            let _ = shop.viewed("a".into()).try_send();
        }
        events.frame().await;
        let (kind, detail) = events.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &detail["name"], &detail["found"]),
            ("actor", &"shop <b>".into(), &true.into())
        );
        assert_eq!(
            (&detail["reading"]["depth"], &detail["reading"]["lanes"]["normal"]),
            (&8.into(), &8.into())
        );
        let viewed = &detail["messages"][0];
        assert_eq!((&viewed["message"], &viewed["outcomes_s"]["full"]), (&"Viewed".into(), &4.0.into()));
        assert_eq!(viewed["counts"]["refused_full"], 5);
        held.release();
        shop.stop().await;
        // The frame of before the end may be under way.
        for _ in 0..2 {
            events.frame().await;
            events.next().await.unwrap();
        }
        events.frame().await;
        assert_eq!(events.next().await.unwrap().1["found"], false);
    });
}

#[test]
fn a_parent_is_a_place_among_the_rows() {
    struct Parent;
    #[actor(local)]
    impl Parent {
        #[message]
        fn open(&mut self, ctx: &mut Context<Self>) -> String {
            let child: crate::ShopHandle = ctx.actor(|| Shop).name("child").spawn().unwrap();
            child.name().to_string()
        }
    }
    testing::run(async |system| {
        let _first = shop(&system, "first");
        let parent: ParentHandle = system.actor(|| Parent).name("parent").spawn().unwrap();
        parent.open().await.unwrap();
        let router = reading(&system);
        let frame = Events::open(&router, "").await.unwrap().frame().await;
        let place = column(&frame, "child", "parent") as usize;
        assert_eq!(frame["rows"][place - 1][0], "parent");
        assert_eq!(column(&frame, "parent", "parent"), 0.0);
    });
}

#[test]
fn waits_name_the_bottleneck() {
    struct Front {
        shop: crate::ShopHandle,
    }
    #[actor(local)]
    impl Front {
        #[message]
        async fn visit(&mut self) -> u64 {
            self.shop.charge(1).await.unwrap_or_default()
        }
    }
    testing::run(async |system| {
        let shop = shop(&system, "shop");
        let inner = shop.clone();
        let front: FrontHandle =
            system.actor(move || Front { shop: inner.clone() }).name("front").spawn().unwrap();
        let held = testing::hold(&shop);
        let visit = tokio::spawn(async move { front.visit().await });
        let router = reading(&system);
        let mut events = Events::open(&router, "").await.unwrap();
        events.frame().await;
        let frame = events.frame().await;
        let wait = &frame["waits"][0];
        assert_eq!(
            (&wait["actor"], &wait["waits_for"], &wait["what"]),
            (&"front".into(), &"shop".into(), &"answer".into())
        );
        assert_eq!(frame["bottleneck"]["actor"], "shop");
        assert!(frame["bottleneck"]["why"].as_str().unwrap().starts_with("front waits for it; "), "{frame}");
        held.release();
        visit.await.unwrap().unwrap();
    });
}

#[test]
fn the_shutdown_of_the_system_ends_streams_and_says_so() {
    testing::run(async |system| {
        let router = reading(&system);
        let mut events = Events::open(&router, "").await.unwrap();
        events.frame().await;
        system.token().cancel();
        assert_eq!(events.next().await.unwrap().0, "end");
        assert!(events.next().await.is_none());
    });
}
