use crate::{TOKEN, get, request, send, shop, token};
use actors_core::testing;
use actors_dashboard::Dashboard;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::SocketAddr;

#[test]
fn a_local_dashboard_answers_only_hosts_of_this_machine() {
    testing::run(async |system| {
        let router = crate::reading(&system);
        let ok = ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:9900", "[::1]", "[::1]:9900"];
        // The last ones are what a page of another origin sends after DNS rebinding.
        let refused =
            ["", "127.0.0.2", "localhost.evil.example", "evil.example:9900", "127.0.0.1.evil.example", "::1"];
        for (hosts, status) in [(&ok[..], 200), (&refused[..], 403)] {
            for host in hosts {
                let request = Request::get("/healthz").header("host", *host).body(Body::empty()).unwrap();
                assert_eq!(send(&router, request).await.0, status, "{host:?}");
            }
        }
        let without = Request::get("/healthz").body(Body::empty()).unwrap();
        assert_eq!(send(&router, without).await.0, 403);
    });
}

#[test]
fn a_local_dashboard_answers_only_clients_of_this_machine_where_it_knows_them() {
    testing::run(async |system| {
        let router = crate::reading(&system);
        for (peer, status) in
            [("127.0.0.1:1", 200), ("[::1]:1", 200), ("[::ffff:127.0.0.1]:1", 200), ("192.0.2.1:1", 403)]
        {
            let peer: SocketAddr = peer.parse().unwrap();
            let request = request("/healthz").extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
            assert_eq!(send(&router, request).await.0, status, "{peer}");
        }
    });
}

#[test]
fn pages_of_other_origins_are_refused_but_may_link_to_the_page() {
    testing::run(async |system| {
        let router = crate::reading(&system);
        let cases =
            [("same-origin", "cors", 200), ("none", "navigate", 200), ("cross-site", "navigate", 200)];
        let refused =
            [("cross-site", "cors", 403), ("cross-site", "no-cors", 403), ("same-site", "cors", 403)];
        for (site, mode, status) in cases.into_iter().chain(refused) {
            let request = request("/").header("sec-fetch-site", site).header("sec-fetch-mode", mode);
            assert_eq!(send(&router, request.body(Body::empty()).unwrap()).await.0, status, "{site} {mode}");
        }
    });
}

#[test]
fn every_answer_has_the_headers_that_keep_foreign_code_out() {
    testing::run(async |system| {
        let router = crate::reading(&system);
        for path in ["/", "/page/main.js", "/snapshot.json", "/readyz", "/nowhere", "/events"] {
            let request = request(path).body(Body::empty()).unwrap();
            // The stream's body does not end.
            let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
            let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(response.headers()["cross-origin-resource-policy"], "same-origin", "{path}");
            assert!(!response.headers().contains_key("access-control-allow-origin"), "{path}");
        }
    });
}

#[test]
fn a_remote_dashboard_answers_nothing_without_its_token() {
    testing::run(async |system| {
        let router = Dashboard::new(&system).allow_remote(token()).router();
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let cases = [
            (format!("Bearer {TOKEN}"), 200),
            (basic(&format!("operator:{TOKEN}")), 200),
            ("Bearer 0123456789abcdeF".to_owned(), 401),
            (basic("operator:0123456789abcdeF"), 401),
            (TOKEN.to_owned(), 401),
            (String::new(), 401),
        ];
        for path in ["/", "/page/style.css", "/snapshot.json", "/healthz", "/readyz", "/metrics", "/nowhere"]
        {
            for (authorization, status) in &cases {
                let request = Request::get(path)
                    .header("host", "actors.example")
                    .header("authorization", authorization);
                let (found, headers, _) = send(&router, request.body(Body::empty()).unwrap()).await;
                assert_eq!(found == 401, *status == 401, "{path} {authorization:?}: {found}");
                let asks =
                    headers.get("www-authenticate").is_some_and(|how| how.as_bytes().starts_with(b"Basic"));
                assert_eq!(asks, *status == 401, "{path} {authorization:?}");
            }
        }
    });
}

#[test]
fn changes_need_their_own_token_as_bearer() {
    testing::run(async |system| {
        let _shop = shop(&system, "shop");
        let post = |authorization: &str| {
            let request = Request::post("/actors/shop/config").header("host", "localhost");
            let request =
                request.header("content-type", "application/json").header("authorization", authorization);
            request.body(Body::from(r#"{"capacity": 16}"#)).unwrap()
        };
        let bearer = format!("Bearer {TOKEN}");
        let reads = Dashboard::new(&system).router();
        assert_eq!(send(&reads, post(&bearer)).await.0, 403, "a dashboard that only reads");
        let changes = Dashboard::new(&system).allow_changes(token()).router();
        let basic = format!("Basic {}", STANDARD.encode(format!("operator:{TOKEN}")));
        // A browser that was logged in sends Basic by itself, so it is not enough.
        for authorization in ["", "Bearer 0123456789abcdeF", basic.as_str()] {
            let (status, headers, _) = send(&changes, post(authorization)).await;
            assert_eq!((status.as_u16(), &headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
        }
        let other = actors_dashboard::Token::new("fedcba9876543210").unwrap();
        let remote = Dashboard::new(&system).allow_remote(token()).allow_changes(other).router();
        assert_eq!(send(&remote, post(&bearer)).await.0, 401, "the token of readers");
        assert_eq!(get(&changes, "/healthz").await.0, 200, "reading needs no token on this machine");
    });
}
