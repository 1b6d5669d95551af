//! The screen in several sizes, as text.

use super::*;
use crate::data::Decision;
use crate::data::order::Sort;
use crate::data::tests::{actor, read};
use crate::net::{Update, Why};
use crate::screen::app::Move;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use serde_json::{Value, json};

const COLOURLESS: Palette = Palette { has_colour: false };
const COLOURED: Palette = Palette { has_colour: true };

fn summary_of(p99: f64) -> Value {
    json!({ "samples": 9, "mean_ms": 0, "p50_ms": p99 / 2.0, "p99_ms": p99, "p999_ms": p99 * 2.0, "max_ms": 0 })
}

/// A system at its second sample: `shop` waits for `orders`, whose mailbox is full.
fn system(uptime_ms: f64, handled: u64, refused: u64) -> Value {
    let counts = |handled: u64, refused: u64| json!({ "offered": handled + refused, "handled": handled, "refused_full": refused, "expired": refused / 2 });
    let mut orders = actor("orders", Some("shop"), 64, counts(handled, refused));
    orders["reading"]["level"] = json!("overloaded");
    orders["reading"]["waiting"] = json!(12);
    orders["reading"]["soft_limit"] = json!(32);
    orders["reading"]["lanes"] = json!({ "low": 0, "normal": 60, "high": 4, "urgent": 0 });
    orders["turns"] = json!([{ "worker": 0, "message": "Work", "age_ms": 3.5 }]);
    orders["restarts"] = json!(2);
    json!({
        "system": "storm", "uptime_ms": uptime_ms,
        "actors": [actor("shop", None, 3, counts(handled, 0)), orders, actor("mailer", None, 0, json!({}))],
        "waits": [{ "actor": "shop", "worker": 0, "waits_for": "orders", "what": "answer", "turn_ms": 120.0 }],
        "times": [{
            "type_name": "Type of orders", "message": "Work", "every": 1, "polled_share": 1.0, "failed": 0,
            "queued": summary_of(0.9), "handled": summary_of(12.0)
        }]
    })
}

fn fresh(snapshot: Value, serial: u64) -> Update {
    let decision = json!({ "serial": serial, "age_ms": 300.0, "actor": "orders", "sentence": "at 92 % for 300 ms: 3rd worker started" });
    let decision: Decision = serde_json::from_value(decision).unwrap();
    Update::Fresh { snapshot: Box::new(read(snapshot)), decisions: vec![decision] }
}

fn app(now: Instant) -> App {
    let mut app = App::new("http://127.0.0.1:9000".to_owned(), Sort::Tree);
    app.update(fresh(system(80_000.0, 0, 0), 1), now);
    app.update(fresh(system(81_000.0, 8900, 30), 2), now);
    app
}

fn drawn(app: &mut App, palette: Palette, size: (u16, u16), now: Instant) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(app, palette, frame.area(), frame.buffer_mut(), now)).unwrap();
    terminal
}

fn failure(why: Why) -> Failure {
    Failure { url: "http://127.0.0.1:9000/snapshot.json".to_owned(), why }
}

/// The lines of the screen, without blanks at their ends.
fn lines(app: &mut App, size: (u16, u16)) -> Vec<String> {
    lines_at(app, size, Instant::now())
}

fn lines_at(app: &mut App, size: (u16, u16), now: Instant) -> Vec<String> {
    let terminal = drawn(app, COLOURLESS, size, now);
    let cells = &terminal.backend().buffer().content;
    let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned();
    cells.chunks(size.0.into()).map(line).collect()
}

#[test]
fn a_screen_of_80_by_24_has_the_table_and_one_pane() {
    let mut app = app(Instant::now());
    app.go(Move::Down(1));
    let expected = "\
storm  up 81 s  3 actors  18k/s done  30/s refused  15/s lost (full)        live
bottleneck orders: shop waits for it; its turn of Work has been running for 3.5…
ACTOR        LEVEL      FILL             WAIT  WORK DONE/S REF/S QUEUE  TURN
shop         calm       █░░░░      3/64     0   1/1   8.9k     0     –     –
└ orders     overloaded █████     64/64    12   1/1   8.9k    30 900µs  12ms
mailer       calm       ░░░░░      0/64     0   1/1      0     0     –     –









──[Actor]─ Waits ─ Decisions ───────────────────────────────────────────────────
orders, type Type of orders, child of shop: overloaded, 2 restarts
64/64 slots (peak 64, soft limit 32): high 4, normal 60; 12 waiting, 0 stored,
  0 permits
1/1 workers busy, oldest message 1.5 ms, arrivals 0/s, drains 0/s, jobs 0/64
MESSAGE          OFFER/S DONE/S  QUEUE p50   p99  p99.9   TURN p50   p99  p99.9
Work                8.9k   8.9k     450µs  900µs  1.8ms       6ms   12ms   24ms
  full 30/s, expired 15/s
q quit  ? help  / search  s sort: tree  Tab pane  Enter detail  p pause      2/3";
    let lines = lines(&mut app, (80, 24));
    assert_eq!(lines.join("\n"), expected, "\n{}", lines.join("\n"));
}

#[test]
fn a_screen_of_200_by_50_has_all_columns_and_all_panes() {
    let mut app = app(Instant::now());
    app.go(Move::Down(1));
    let lines = lines(&mut app, (200, 50));
    for title in ["TYPE", "SOFT", "HISTORY", "LOST", "MOSTLY", "OLDEST", "RESTARTS"] {
        assert!(lines[2].contains(title), "{}", lines[2]);
    }
    for part in
        ["└ orders", "Type of orders", "overloaded", "██████████     64/64", "    32 ", "full", "1.5ms", " 2"]
    {
        assert!(lines[4].contains(part), "{part}: {}", lines[4]);
    }
    assert!(lines[4].ends_with('2'), "{}", lines[4]);
    let text = lines.join("\n");
    for part in [
        "── Actor ─",
        "── Waits ─",
        "── Decisions ─",
        "worker 0 runs Work for 3.5 ms",
        "shop waits for orders (answer) up to 120 ms, 1 turn",
        "300 ms ago orders at 92 % for 300 ms: 3rd worker started",
        "fill, last minute   ██",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_tiny_screen_has_the_essential() {
    let mut app = app(Instant::now());
    app.go(Move::Down(1));
    let expected = "\
storm  up 81 s  3 actors  18k/s d…  live
bottleneck orders: shop waits for it; i…
ACTOR        LEVEL      FILL
shop         calm       █░░░░      3/64
└ orders     overloaded █████     64/64
mailer       calm       ░░░░░      0/64



q quit  ? help  / search  s sort: t… 2/3";
    let lines = lines(&mut app, (40, 10));
    assert_eq!(lines.join("\n"), expected, "\n{}", lines.join("\n"));
}

#[test]
fn no_size_panics_in_any_state() {
    let now = Instant::now();
    for is_help in [false, true] {
        for turns in 0..4 {
            let mut app = app(now);
            app.is_help = is_help;
            (0..turns).for_each(|_| app.turn(true));
            for is_zoomed in [false, true] {
                app.is_zoomed = is_zoomed;
                for width in [0, 1, 2, 5, 19, 40, 79, 80, 149, 150, 151, 210] {
                    for height in [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 50] {
                        drawn(&mut app, COLOURED, (width, height), now);
                    }
                }
            }
        }
    }
}

#[test]
fn an_outage_is_told_over_the_last_frame() {
    let now = Instant::now();
    let mut app = app(now);
    let failure = failure(Why::Status(503));
    app.update(Update::Broken { failure, retry: Duration::from_secs(4) }, now);
    let lines = lines_at(&mut app, (80, 24), now + Duration::from_secs(12));
    assert!(lines[0].ends_with("STALE") && lines[0].starts_with("storm  up 81 s"), "{}", lines[0]);
    assert!(
        lines[1].starts_with("last answer 12 s ago, tries every 4 s: the dashboard answers with status 503"),
        "{}",
        lines[1]
    );
    assert!(lines[4].starts_with("└ orders"), "{}", lines[4]);
    app.update(fresh(system(95_000.0, 9000, 30), 3), now);
    assert!(self::lines(&mut app, (80, 24))[0].ends_with("live"));
}

#[test]
fn before_the_first_answer_the_screen_says_where_it_looks() {
    let now = Instant::now();
    let mut app = App::new("http://127.0.0.1:9000".to_owned(), Sort::Tree);
    assert!(lines(&mut app, (80, 24))[0].starts_with("http://127.0.0.1:9000"));
    let failure = failure(Why::TokenMissing);
    app.update(Update::Broken { failure, retry: Duration::from_secs(1) }, now);
    let lines = lines(&mut app, (80, 24));
    assert!(lines[0].ends_with("no answer") && lines[1].starts_with("tries every 1 s"), "{lines:?}");
    let rest = lines[2..4].join(" ");
    assert!(
        rest.starts_with("http://127.0.0.1:9000/snapshot.json asks for a token: set ACTORS_TOKEN"),
        "{rest}"
    );
}

#[test]
fn hostile_names_reach_no_cell_of_the_screen() {
    let hostile = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\r\n注文";
    let mut system = system(80_000.0, 0, 0);
    system["system"] = json!(hostile);
    for actor in system["actors"].as_array_mut().unwrap() {
        for field in ["name", "type_name", "parent"] {
            actor[field] = json!(hostile);
        }
        actor["turns"] = json!([{ "worker": 0, "message": hostile, "age_ms": 1.0 }]);
        actor["messages"] = json!({ hostile: { "offered": 1 } });
    }
    system["waits"] =
        json!([{ "actor": hostile, "worker": 0, "waits_for": hostile, "what": "slot", "turn_ms": null }]);
    let decision =
        Decision { serial: 1, age_ms: 0.0, actor: hostile.to_owned(), sentence: hostile.to_owned() };
    let mut app = App::new(hostile.to_owned(), Sort::Tree);
    let snapshot = Box::new(read(system));
    app.update(Update::Fresh { snapshot, decisions: vec![decision] }, Instant::now());
    app.search = hostile.to_owned();
    app.list();
    assert_eq!(app.places.len(), 3);
    for turns in 0..4 {
        (0..turns).for_each(|_| app.turn(true));
        for size in [(80, 24), (200, 50)] {
            let terminal = drawn(&mut app, COLOURED, size, Instant::now());
            for cell in &terminal.backend().buffer().content {
                let symbol = cell.symbol();
                assert!(!symbol.chars().any(|c| c.is_control() || c == '\u{202e}'), "{symbol:?}");
            }
        }
    }
}

#[test]
fn without_colours_no_cell_has_one_and_the_selected_row_is_still_marked() {
    let mut app = app(Instant::now());
    for (palette, has_colours) in [(COLOURLESS, false), (COLOURED, true)] {
        let terminal = drawn(&mut app, palette, (80, 24), Instant::now());
        let cells = &terminal.backend().buffer().content;
        let is_coloured = |cell: &Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
        assert_eq!(cells.iter().any(is_coloured), has_colours);
        let is_marked = |cell: &&Cell| cell.modifier.contains(Modifier::REVERSED);
        let marked: Vec<_> =
            (0..24).filter(|y| cells.get(y * 80).is_some_and(|cell| is_marked(&cell))).collect();
        assert_eq!(marked, [3]);
    }
}

#[test]
fn of_thousands_of_actors_the_selected_one_is_seen() {
    let one = read(system(1000.0, 0, 0)).actors.pop().unwrap();
    let mut snapshot = read(system(1000.0, 0, 0));
    snapshot.actors = (0..20_000)
        .map(|at| {
            let mut actor = one.clone();
            actor.name = serde_json::from_value(json!(format!("session-{at:05}"))).unwrap();
            actor
        })
        .collect();
    let mut app = App::new(String::new(), Sort::Tree);
    app.update(Update::Fresh { snapshot: Box::new(snapshot), decisions: Vec::new() }, Instant::now());
    for (by, shown, at_row) in [
        (Move::First, "session-00000", 3),
        (Move::Last, "session-19999", 14),
        (Move::Up(1), "session-19998", 13),
        (Move::PageUp, "session-19986", 3),
        (Move::Up(1), "session-19985", 3),
    ] {
        app.go(by);
        let lines = lines(&mut app, (80, 24));
        assert!(lines[at_row].starts_with(shown), "{by:?}:\n{}", lines.join("\n"));
        assert!(lines[23].ends_with("/20000"), "{}", lines[23]);
    }
}

#[test]
fn a_pane_scrolls_to_its_end_and_no_further() {
    let mut app = app(Instant::now());
    let many = (3..60).map(|serial| Decision {
        serial,
        age_ms: 0.0,
        actor: "orders".to_owned(),
        sentence: format!("decision {serial}"),
    });
    let snapshot = Box::new(read(system(82_000.0, 9000, 30)));
    app.update(Update::Fresh { snapshot, decisions: many.collect() }, Instant::now());
    app.turn(false);
    assert!(lines(&mut app, (80, 24))[16].contains("decision 59"));
    app.go(Move::Last);
    let last = lines(&mut app, (80, 24));
    assert!(last[22].contains("3rd worker started"), "{}", last.join("\n"));
    app.go(Move::Down(5));
    assert_eq!(lines(&mut app, (80, 24)), last);
    app.go(Move::Up(1));
    assert_ne!(lines(&mut app, (80, 24)), last);
}

#[test]
fn the_help_names_every_key() {
    let mut app = app(Instant::now());
    app.is_help = true;
    let text = lines(&mut app, (80, 24)).join("\n");
    for (key, _) in KEYS {
        assert!(text.contains(key), "{key}:\n{text}");
    }
    let help = text.lines().skip(2).take(20).collect::<String>();
    assert!(!help.contains('…'), "a line is cut:\n{text}");
}
