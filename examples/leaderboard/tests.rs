//! The leaderboard over real loopback connections. No test waits for a clock: each waits for what
//! it checks.

use crate::board::{BoardFull, PLAYERS_MAX, Version};
use crate::http;
use crate::score::Player;
use crate::service::{Books, Service};
use crate::viewer::{Left, Viewer, ViewerHandle};
use crate::watcher::{Watcher, request};
use futures_util::{SinkExt, StreamExt, sink, stream};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

/// More scores than fill any buffers between the server and a client: half a kilobyte each.
const SCORES_MAX: u64 = 20_000;
/// Longer than any test: no viewer is closed because it is slow.
const PATIENT: Duration = Duration::from_secs(3600);

struct Server {
    at: SocketAddr,
    service: Service,
    task: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Server {
    async fn start(patience: Duration, viewers_max: u16) -> Server {
        let service = Service::open(patience, viewers_max).unwrap();
        let listener = http::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(http::serve(listener, service.clone(), async {
            let _ = stopped.await;
        }));
        Server { at, service, task, stop }
    }

    async fn expect(&self, status: u16, line: &str, body: &str) -> String {
        let response = request(self.at, line, body).await.unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {body}: {response}");
        response
    }

    /// A score from within the process.
    async fn score(&self, name: &str) -> u64 {
        self.service.board.scored(Player::new(name).unwrap(), 1).await.unwrap().unwrap()
    }

    async fn watch(&self) -> Watcher {
        let mut watcher = Watcher::connect(self.at, "test").await.unwrap();
        watcher.next().await.unwrap().expect("the version at the start");
        watcher
    }

    /// Waits until so many viewers have left for this reason.
    async fn left(&self, why: Left, count: u64) {
        while self.service.terms.tally.count(why) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn close(self) -> Books {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        let books = self.service.close().await;
        assert!(books.is_balanced(), "{books}");
        books
    }
}

#[tokio::test]
async fn a_score_is_shown_to_every_viewer() {
    let server = Server::start(PATIENT, 10).await;
    let (mut first, mut second) = (server.watch().await, server.watch().await);
    let response = server.expect(200, "POST /scores", r#"{"player": "Ada", "points": 990}"#).await;
    assert!(response.ends_with("\r\n\r\n990\n"), "{response}");
    for viewer in [&mut first, &mut second] {
        assert_eq!(viewer.next().await.unwrap(), Some(1));
    }
    let board = server.expect(200, "GET /board", "").await;
    assert!(board.ends_with(r#"{"version":1,"players":1,"top":[["Ada",990]]}"#), "{board}");
    let viewers = server.expect(200, "GET /viewers", "").await;
    assert_eq!(viewers.lines().filter(|line| line.starts_with("test ")).count(), 2, "{viewers}");
    server.close().await;
}

#[tokio::test]
async fn the_best_come_first_and_a_version_has_ten_lines() {
    let server = Server::start(PATIENT, 10).await;
    for n in 0..20 {
        for _ in 0..=n {
            server.score(&format!("player {n}")).await;
        }
    }
    let text = server.service.board.shown().await.unwrap().text;
    let body: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sums: Vec<_> = body["top"].as_array().unwrap().iter().map(|line| line[1].as_u64().unwrap()).collect();
    assert_eq!(sums, (11..=20).rev().collect::<Vec<_>>());
    assert_eq!((&body["players"], &body["top"][0][0]), (&20.into(), &"player 19".into()));
    server.close().await;
}

#[tokio::test]
async fn what_the_client_got_wrong_is_4xx() {
    let server = Server::start(PATIENT, 10).await;
    let long = "x".repeat(25);
    for (status, line, body) in [
        (400, "POST /scores", "{"),
        (422, "POST /scores", r#"{"player": "Ada"}"#),
        (422, "POST /scores", r#"{"player": "", "points": 1}"#),
        (422, "POST /scores", r#"{"player": "a\nb", "points": 1}"#),
        (422, "POST /scores", &format!(r#"{{"player": "{long}", "points": 1}}"#)),
        (422, "POST /scores", r#"{"player": "Ada", "points": 0}"#),
        (422, "POST /scores", r#"{"player": "Ada", "points": 1000001}"#),
        (413, "POST /scores", &" ".repeat(2000)),
        (400, "GET /ws", ""),
        (404, "GET /nothing", ""),
        (405, "GET /scores", ""),
    ] {
        server.expect(status, line, body).await;
    }
    assert!(Watcher::connect(server.at, &"x".repeat(33)).await.is_err(), "the label is too long");
    assert_eq!(server.service.board.shown().await.unwrap().number, 0);
    server.close().await;
}

#[tokio::test]
async fn many_scores_at_once_are_one_version() {
    let service = Service::open(PATIENT, 10).unwrap();
    // The board has no turn before this test waits.
    for _ in 0..100 {
        service.board.scored(Player::new("Ada").unwrap(), 1).tell().try_send().unwrap();
    }
    let Version { number, text } = service.board.shown().await.unwrap();
    assert_eq!(number, 0, "`publish` went behind what was queued before it");
    assert!(text.as_str().contains(r#"["Ada",100]"#), "{text}");
    assert_eq!(service.board.shown().await.unwrap().number, 1);
    assert!(service.close().await.is_balanced());
}

#[tokio::test]
async fn a_viewer_that_does_not_read_holds_up_nothing_and_sees_the_newest_state_in_the_end() {
    let server = Server::start(PATIENT, 10).await;
    let mut slow = server.watch().await;
    let mut fast = server.watch().await;
    let viewers = async || server.service.board.viewers().await.unwrap();
    let mut version = 0;
    // Until the buffers of the socket are full, and a hundred updates have found one waiting.
    while viewers().await[0].updates.conflated < 100 {
        server.score("Ada").await;
        version += 1;
        assert!(version < SCORES_MAX, "nothing was conflated: {:?}", viewers().await);
        // One score at a time, so each is a version of its own, and the fast viewer sees each.
        fast.until(version).await.unwrap();
        assert_eq!((fast.last, fast.is_in_order), (Some(version), true));
        let row = viewers().await[0].updates;
        assert!(row.queued <= 1 && row.in_service <= 1, "one is written, one waits: {row:?}");
    }
    let rows = viewers().await;
    assert_eq!((rows[1].updates.conflated, rows[1].updates.offered), (0, version + 1));
    slow.until(version).await.unwrap();
    assert_eq!((slow.last, slow.is_in_order), (Some(version), true));
    assert!(slow.seen + 100 <= version + 1, "it has missed what was conflated: {} of {version}", slow.seen);
    server.close().await;
}

#[tokio::test]
async fn a_viewer_that_takes_nothing_for_too_long_is_closed_and_its_place_is_free() {
    // Patience of zero: the first write that has to wait is one too many.
    let server = Server::start(Duration::ZERO, 1).await;
    let slow = Watcher::connect(server.at, "slow").await.unwrap();
    while server.service.terms.tally.count(Left::TooSlow) == 0 {
        assert!(server.score("Ada").await < SCORES_MAX, "it is not closed");
    }
    let _again = connected(&server).await;
    drop(slow);
    server.close().await;
}

#[tokio::test]
async fn one_write_that_does_not_end_closes_its_viewer_with_the_reason() {
    let service = Service::open(Duration::ZERO, 1).unwrap();
    let place = service.places.clone().try_acquire_owned().unwrap();
    // A sink that never has room.
    let stuck = sink::unfold((), async |(), _| std::future::pending().await);
    let viewer = Viewer::new(Box::pin(stuck), Box::pin(stream::pending()), service.terms.clone(), place);
    let viewer: ViewerHandle = service.system.spawn(viewer);
    let version = Version { number: 1, text: "{}".into() };
    for _ in 0..2 {
        // The sink takes the first one, and is busy with it when the second one comes.
        let _ = viewer.update(0, version.clone()).ask().await;
    }
    viewer.closed().await;
    assert_eq!(Left::ALL.map(|why| service.terms.tally.count(why)), [0, 0, 1, 0, 0, 0]);
    drop(viewer);
    while service.places.available_permits() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(service.close().await.is_balanced());
}

/// Reads until the server closes the connection. Returns the code and the reason.
async fn farewell(viewer: &mut Watcher) -> (u16, String) {
    loop {
        match viewer.socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
            Some(Ok(Message::Text(_))) => {}
            other => panic!("not a close frame: {other:?}"),
        }
    }
}

/// Connects as soon as there is a place.
async fn connected(server: &Server) -> Watcher {
    loop {
        if let Ok(watcher) = Watcher::connect(server.at, "test").await {
            return watcher;
        }
    }
}

#[tokio::test]
async fn one_viewer_too_many_is_answered_503_and_a_place_is_free_when_one_leaves() {
    let server = Server::start(PATIENT, 1).await;
    let first = server.watch().await;
    let error = Watcher::connect(server.at, "test").await.err().expect("there is one place");
    let Ok(error) = error.downcast::<tungstenite::Error>() else { panic!("not an answer") };
    let tungstenite::Error::Http(response) = *error else { panic!("{error}") };
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].as_bytes()), (503, &b"5"[..]));
    drop(first);
    server.left(Left::Gone, 1).await;
    connected(&server).await;
    server.close().await;
}

#[tokio::test]
async fn a_viewer_that_sends_data_is_closed_with_a_reason() {
    let server = Server::start(PATIENT, 10).await;
    let mut viewer = server.watch().await;
    viewer.socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(farewell(&mut viewer).await, (1008, "this connection only sends".to_owned()));
    server.left(Left::Talked, 1).await;
    server.close().await;
}

#[tokio::test]
async fn a_ping_is_answered_and_a_frame_above_the_limit_ends_the_connection() {
    let server = Server::start(PATIENT, 10).await;
    let mut viewer = server.watch().await;
    viewer.socket.send(Message::Ping("x".into())).await.unwrap();
    server.score("Ada").await;
    let (mut pong, mut update) = (false, false);
    while !(pong && update) {
        match viewer.socket.next().await.unwrap().unwrap() {
            Message::Pong(_) => pong = true,
            Message::Text(_) => update = true,
            other => panic!("{other:?}"),
        }
    }
    viewer.socket.send(Message::text("x".repeat(2000))).await.unwrap();
    assert_eq!(farewell(&mut viewer).await, (1009, "the message is too big".to_owned()));
    server.left(Left::TooBig, 1).await;
    server.close().await;
}

#[tokio::test]
async fn a_client_that_closes_gets_its_close_frame_back() {
    let server = Server::start(PATIENT, 10).await;
    let mut viewer = server.watch().await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "seen enough".into() };
    viewer.socket.close(Some(frame)).await.unwrap();
    assert_eq!(farewell(&mut viewer).await.0, 1000);
    assert!(viewer.socket.next().await.is_none(), "the connection ends without an error");
    server.left(Left::Closed, 1).await;
    server.close().await;
}

#[tokio::test]
async fn scores_that_fill_the_mailbox_leave_room_to_publish_and_to_look() {
    let service = Service::open(PATIENT, 10).unwrap();
    let ada = Player::new("Ada").unwrap();
    let score = || service.board.scored(ada.clone(), 1).tell();
    // The board has no turn before this test waits.
    let queued = (0..).take_while(|_| score().try_send().is_ok()).count();
    let waiting = (0..500).map(|_| {
        let (board, ada) = (service.board.clone(), ada.clone());
        async move { board.scored(ada, 1).tell().await.is_ok() }
    });
    let waiting: JoinSet<_> = waiting.collect();
    let Version { number, .. } = service.board.shown().await.expect("the board can be looked at");
    assert_eq!((queued, number), (800, 0));
    assert!(waiting.join_all().await.into_iter().all(|sent| sent));
    let Version { number, text } = service.board.shown().await.unwrap();
    assert!(text.as_str().contains(r#"["Ada",1300]"#), "{text}");
    assert!(number <= 10, "1300 scores are {number} versions");
    assert!(service.close().await.is_balanced());
}

#[tokio::test]
async fn viewers_are_told_that_the_server_stops() {
    let server = Server::start(PATIENT, 10).await;
    let mut viewer = server.watch().await;
    server.score("Ada").await;
    let (books, farewell) = tokio::join!(server.close(), farewell(&mut viewer));
    assert_eq!(farewell, (1001, "the server stops".to_owned()));
    assert!(books.to_string().contains("balanced"), "{books}");
}

#[tokio::test]
async fn a_board_that_is_full_takes_scores_of_its_players_only() {
    let service = Service::open(PATIENT, 1).unwrap();
    let score = async |n: usize| service.board.scored(Player::new(&n.to_string()).unwrap(), 1).await.unwrap();
    for n in 0..PLAYERS_MAX {
        assert_eq!(score(n).await, Ok(1));
    }
    assert_eq!(score(PLAYERS_MAX).await, Err(BoardFull));
    assert_eq!(score(7).await, Ok(2));
    assert!(service.close().await.is_balanced());
}

#[tokio::test]
async fn the_page_is_served_and_shows_names_as_text() {
    let server = Server::start(PATIENT, 1).await;
    let page = server.expect(200, "GET /", "").await;
    assert!(page.contains("content-type: text/html"), "{page}");
    assert!(page.contains("textContent = player") && !page.contains("innerHTML"));
    server.close().await;
}
