//! The program against a fake dashboard: its exit codes, what it prints and where.

mod server;

use actors_core::prelude::*;
use serde_json::{Value, json};
use server::{Answer, Server};
use std::process::{Command, Output, Stdio};

#[derive(Default)]
struct Shop;

#[actor(capacity = 4)]
impl Shop {
    #[message(overflow = reject)]
    fn viewed(&mut self) {}
}

fn actors(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actors"));
    command.args(args).env_remove("ACTORS_TOKEN").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    actors(args).output().unwrap()
}

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// A snapshot of a real system, with `handled` messages.
async fn snapshot(handled: usize) -> String {
    let system = System::builder("storm").histograms(1).build();
    let shop = system.actor(Shop::default).name("shop").spawn().unwrap();
    for _ in 0..handled {
        shop.viewed().ask().await.unwrap();
    }
    let json = serde_json::to_string(&system.snapshot()).unwrap();
    drop(system);
    json
}

/// Answers like a dashboard whose system handles 50 messages a second.
async fn dashboard() -> Server {
    let snapshot: Value = serde_json::from_str(&snapshot(3).await).unwrap();
    Server::start(move |request, nth| {
        if request.starts_with("GET /snapshot.json ") {
            let mut snapshot = snapshot.clone();
            let is_second = nth > 0;
            snapshot["uptime_ms"] = json!(if is_second { 2000.0 } else { 1000.0 });
            let handled = if is_second { 53 } else { 3 };
            snapshot["actors"][0]["messages"]["Viewed"] = json!({ "offered": handled, "handled": handled });
            Answer::json(&snapshot.to_string())
        } else if request.starts_with("GET /decisions.json?since=0 ") {
            let decision =
                json!({ "serial": 1, "age_ms": 5, "actor": "shop", "sentence": "at 92 %: elevated" });
            Answer::json(&json!([decision]).to_string())
        } else if request.starts_with("GET /boundaries.json ") {
            let warning = json!({ "kind": "cycle", "actors": [], "sentence": "shop waits for itself" });
            let boundary = json!({ "actors": ["shop"], "count": 1, "bound": "4 slots", "messages": [] });
            Answer::json(&json!({ "boundaries": [boundary], "warnings": [warning] }).to_string())
        } else {
            Answer::status(404)
        }
    })
}

#[tokio::test]
async fn once_prints_a_table_with_rates_of_a_real_snapshot() {
    let server = dashboard().await;
    let output = run(&["top", &server.url(), "--once", "--every", "100ms"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{table}");
    assert!(table.starts_with("storm  up 2 s  1 actor  50/s done"), "{table}");
    let row = table.lines().find(|line| line.starts_with("shop ")).unwrap();
    assert!(
        row.contains("Shop") && row.contains("calm") && row.contains("0/4") && row.contains(" 50 "),
        "{row}"
    );
    assert!(table.ends_with("ago  shop at 92 %: elevated\n"), "{table}");
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "a file gets no escape sequence");
}

#[tokio::test]
async fn once_without_rates_takes_one_sample() {
    let server = dashboard().await;
    let output = run(&["top", &server.url(), "--once", "--no-rates", "--json", "--limit", "0"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["total"], &json["actor_count"], &json["actors"]),
        (&Value::Null, &json!(1), &json!([]))
    );
    assert_eq!((server.requests().len(), server.connections()), (2, 2), "one snapshot and the decisions");
}

#[tokio::test]
async fn once_prints_an_object_for_scripts() {
    let server = dashboard().await;
    let output = run(&["top", &server.url(), "--once", "--json", "--every", "100ms", "--search", "SHO"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["total"]["handled"], &json["actors"][0]["rates"]["handled"]),
        (&json!(50.0), &json!(50.0))
    );
    assert!(json["actors"][0]["handled_p99_ms"].as_f64().unwrap() > 0.0, "{json}");
}

#[tokio::test]
async fn boundaries_prints_warnings_first() {
    let server = dashboard().await;
    let output = run(&["boundaries", &server.url()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("WARNING") && text.contains("\nshop\n  what is the bound?       4 slots\n"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn the_token_comes_from_the_environment_or_the_command_line() {
    let server = dashboard().await;
    let from_environment =
        actors(&["boundaries", &server.url()]).env("ACTORS_TOKEN", "of-the-environment").output();
    assert!(from_environment.unwrap().status.success());
    assert!(run(&["boundaries", &server.url(), "--token", "of-the-line"]).status.success());
    let requests = server.requests();
    assert!(requests[0].to_lowercase().contains("authorization: bearer of-the-environment"));
    assert!(requests[1].to_lowercase().contains("authorization: bearer of-the-line"));
    let help = actors(&["top", "--help"]).env("ACTORS_TOKEN", "a-secret").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("a-secret"));
}

#[test]
fn what_cannot_be_read_ends_with_1_and_says_what_to_do() {
    let (code, error) = code_and_error(&run(&["top", "127.0.0.1:1", "--once"]));
    assert_eq!(code, Some(1));
    assert!(error.starts_with("actors: http://127.0.0.1:1/snapshot.json is not reachable"), "{error}");
    let server = Server::start(|_, _| Answer::status(401));
    let (code, error) = code_and_error(&run(&["boundaries", &server.url()]));
    assert!(code == Some(1) && error.contains("set ACTORS_TOKEN"), "{error}");
    let hostile = Server::start(|_, _| Answer::raw(b"\x1b]0;x\x07\x9b2J"));
    let (code, error) = code_and_error(&run(&["top", &hostile.url(), "--once"]));
    assert!(code == Some(1) && error.trim_end().chars().all(|c| !c.is_control()), "{error:?}");
}

#[test]
fn mistakes_in_the_command_line_end_with_2() {
    let url = "127.0.0.1:1";
    for (args, hint) in [
        (&["top"][..], "<URL>"),
        (&["top", "https://example.org"], "ssh -L"),
        (&["top", url, "--json"], "--once"),
        (&["top", url, "--limit", "3"], "--once"),
        (&["top", url, "--search", "x"], "--once"),
        (&["top", url, "--once", "--every", "1"], "500ms"),
        (&["top", url, "--once", "--sort", "luck"], "fill"),
        (&["boundaries", url, "--token", "a b"], "visible ASCII"),
        // Neither input nor output is a terminal here.
        (&["top", url], "--once"),
    ] {
        let (code, error) = code_and_error(&run(args));
        assert_eq!(code, Some(2), "{args:?}: {error}");
        assert!(error.contains(hint), "{args:?}: {error}");
    }
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let server = dashboard().await;
    let mut command = actors(&["top", &server.url(), "--once", "--no-rates"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe has no reader any more before anything is written.
    drop(child.stdout.take());
    let (code, error) = code_and_error(&child.wait_with_output().unwrap());
    assert_eq!((code, error.as_str()), (Some(0), ""));
}
