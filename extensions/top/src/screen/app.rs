//! What the screen shows, and what changes it.

use crate::columns::name_width;
use crate::data::order::{Sort, places};
use crate::data::tree::Place;
use crate::data::{Decision, Frame, Watch};
use crate::net::{Failure, Update};
use actors_core::observe::Snapshot;
use std::time::{Duration, Instant};

/// The longest text to search for: a name is rarely longer, and a text that is pasted by mistake is
/// cut.
const SEARCH_MAX: usize = 100;
/// Decisions that are kept while the screen is paused, as many as a system keeps.
const PENDING_MAX: usize = 1024;

/// A part of the screen that keys act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Table,
    Pane(Pane),
}

/// A part of the screen below the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Actor,
    Waits,
    Decisions,
}

impl Pane {
    pub(crate) const ALL: [Pane; 3] = [Pane::Actor, Pane::Waits, Pane::Decisions];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Pane::Actor => "Actor",
            Pane::Waits => "Waits",
            Pane::Decisions => "Decisions",
        }
    }
}

/// The way to the dashboard, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// No answer yet.
    Connecting,
    Live,
    /// The last poll failed.
    Broken {
        failure: Failure,
        retry: Duration,
    },
}

/// How far a key moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Up(usize),
    Down(usize),
    PageUp,
    PageDown,
    First,
    Last,
}

/// The state of the screen.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) address: String,
    pub(crate) watch: Watch,
    pub(crate) link: Link,
    /// When the last answer came.
    pub(crate) answered: Option<Instant>,
    pub(crate) is_paused: bool,
    /// What came while the screen was paused: the latest snapshot, all decisions.
    pending: Option<(Box<Snapshot>, Vec<Decision>)>,
    pub(crate) sort: Sort,
    pub(crate) search: String,
    pub(crate) is_typing: bool,
    pub(crate) is_help: bool,
    pub(crate) focus: Focus,
    /// The pane that is shown where there is room for one.
    pub(crate) pane: Pane,
    /// The pane takes the place of the table.
    pub(crate) is_zoomed: bool,
    /// The actors of the table, in its order.
    pub(crate) places: Vec<Place>,
    /// How wide their names are.
    pub(crate) name_width: usize,
    /// The selected row, and its actor: it stays selected when rows move.
    pub(crate) selected: usize,
    selected_name: Option<String>,
    /// The first row of the table and the first line of the pane that are seen; `draw` keeps them
    /// in range.
    pub(crate) top: usize,
    pub(crate) scroll: usize,
    /// How many rows a page has; `draw` sets it.
    pub(crate) page: usize,
}

impl App {
    pub(crate) fn new(address: String, sort: Sort) -> App {
        App {
            address,
            watch: Watch::default(),
            link: Link::Connecting,
            answered: None,
            is_paused: false,
            pending: None,
            sort,
            search: String::new(),
            is_typing: false,
            is_help: false,
            focus: Focus::Table,
            pane: Pane::Actor,
            is_zoomed: false,
            places: Vec::new(),
            name_width: 0,
            selected: 0,
            selected_name: None,
            top: 0,
            scroll: 0,
            page: 1,
        }
    }

    /// Takes what a poll found.
    pub(crate) fn update(&mut self, update: Update, now: Instant) {
        match update {
            Update::Broken { failure, retry } => self.link = Link::Broken { failure, retry },
            Update::Fresh { snapshot, decisions } => {
                (self.link, self.answered) = (Link::Live, Some(now));
                let (_, mut all) = self.pending.take().unwrap_or_else(|| (snapshot.clone(), Vec::new()));
                all.extend(decisions);
                let too_many = all.len().saturating_sub(PENDING_MAX);
                all.drain(..too_many);
                // The first answer is shown even so.
                if self.is_paused && self.watch.frame().is_some() {
                    self.pending = Some((snapshot, all));
                } else {
                    self.show(*snapshot, all);
                }
            }
        }
    }

    /// Freezes what is shown, or shows what has come meanwhile.
    pub(crate) fn pause(&mut self) {
        self.is_paused = !self.is_paused;
        if let Some((snapshot, decisions)) = self.pending.take_if(|_| !self.is_paused) {
            self.show(*snapshot, decisions);
        }
    }

    fn show(&mut self, snapshot: Snapshot, decisions: Vec<Decision>) {
        self.watch.add(snapshot, decisions);
        self.list();
    }

    /// Lists the actors again. The selected one stays selected while it is listed; otherwise the
    /// row stays.
    pub(crate) fn list(&mut self) {
        let Some(frame) = self.watch.frame() else { return };
        self.places = places(frame, self.sort, &self.search);
        self.name_width = name_width(frame, &self.places);
        let is_selected = |place: &Place| {
            self.selected_name.as_deref() == Some(frame.snapshot.actors[place.actor].name.as_str())
        };
        let found = self.places.iter().position(is_selected);
        let row = found.unwrap_or(self.selected).min(self.places.len().saturating_sub(1));
        self.select(row);
    }

    fn select(&mut self, row: usize) {
        self.selected = row;
        let name = self.selected_actor().map(|(frame, actor)| frame.snapshot.actors[actor].name.to_string());
        if name != self.selected_name && self.focus == Focus::Table {
            self.scroll = 0;
        }
        // Without a row the name is kept: a search that finds nothing must not lose it.
        self.selected_name = name.or(self.selected_name.take());
    }

    /// The index of the selected actor.
    pub(crate) fn selected_actor(&self) -> Option<(&Frame, usize)> {
        Some((self.watch.frame()?, self.places.get(self.selected)?.actor))
    }

    /// Moves in the part of the screen that has the focus.
    pub(crate) fn go(&mut self, by: Move) {
        let (at, last) = match self.focus {
            Focus::Table => (self.selected, self.places.len().saturating_sub(1)),
            // `draw` knows how many lines there are.
            Focus::Pane(_) => (self.scroll, usize::MAX),
        };
        let to = match by {
            Move::Up(rows) => at.saturating_sub(rows),
            Move::Down(rows) => at.saturating_add(rows),
            Move::PageUp => at.saturating_sub(self.page.max(1)),
            Move::PageDown => at.saturating_add(self.page.max(1)),
            Move::First => 0,
            Move::Last => last,
        };
        match self.focus {
            Focus::Table => self.select(to.min(last)),
            Focus::Pane(_) => self.scroll = to,
        }
    }

    /// Gives the focus to the next part, or the one before.
    pub(crate) fn turn(&mut self, is_forward: bool) {
        let all = [Focus::Table].into_iter().chain(Pane::ALL.map(Focus::Pane)).collect::<Vec<_>>();
        let at = all.iter().position(|focus| *focus == self.focus).unwrap_or_default();
        let step = if is_forward { 1 } else { all.len() - 1 };
        self.focus = all[(at + step) % all.len()];
        match self.focus {
            Focus::Pane(pane) => self.open(pane),
            Focus::Table => self.is_zoomed = false,
        }
    }

    /// Shows the selected actor in the place of the table.
    pub(crate) fn zoom(&mut self) {
        if self.focus == Focus::Table {
            self.open(Pane::Actor);
        }
        self.is_zoomed = true;
    }

    /// Gives the focus to a pane.
    fn open(&mut self, pane: Pane) {
        (self.focus, self.pane, self.scroll) = (Focus::Pane(pane), pane, 0);
    }

    /// Leaves what was opened last: the help, a pane, a search.
    pub(crate) fn back(&mut self) {
        if self.is_help {
            self.is_help = false;
        } else if self.focus != Focus::Table {
            (self.focus, self.is_zoomed, self.scroll) = (Focus::Table, false, 0);
        } else {
            self.search_for(String::new());
        }
    }

    /// Lists in the next order.
    pub(crate) fn sort(&mut self) {
        self.sort = self.sort.next();
        self.list();
    }

    /// Lets a text be typed, beside the table where its matches are.
    pub(crate) fn begin_search(&mut self) {
        (self.is_typing, self.is_help, self.is_zoomed, self.focus) = (true, false, false, Focus::Table);
    }

    /// Lists the actors that match.
    pub(crate) fn search_for(&mut self, text: String) {
        self.search = text.chars().take(SEARCH_MAX).collect();
        self.list();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::data::tests::{actor, snapshot};
    use crate::net::Why;
    use serde_json::json;

    /// A screen after an answer with these actors.
    pub(crate) fn app(names: &[&str]) -> App {
        let mut app = App::new("http://127.0.0.1:9000".to_owned(), Sort::Tree);
        answer(&mut app, 1000.0, names);
        app
    }

    fn answer(app: &mut App, uptime_ms: f64, names: &[&str]) {
        let actors: Vec<_> = names.iter().map(|name| actor(name, None, 1, json!({}))).collect();
        let snapshot = Box::new(snapshot(uptime_ms, &actors));
        let decision = Decision {
            serial: uptime_ms as u64,
            age_ms: 0.0,
            actor: "a".to_owned(),
            sentence: "at 92 %: elevated".to_owned(),
        };
        app.update(Update::Fresh { snapshot, decisions: vec![decision] }, Instant::now());
    }

    fn selected(app: &App) -> &str {
        let (frame, actor) = app.selected_actor().unwrap();
        frame.snapshot.actors[actor].name.as_str()
    }

    #[test]
    fn the_selected_actor_stays_selected_when_rows_move() {
        let mut app = app(&["a", "b", "c"]);
        app.go(Move::Down(1));
        answer(&mut app, 2000.0, &["new", "a", "b", "c"]);
        assert_eq!((selected(&app), app.selected), ("b", 2));
        answer(&mut app, 3000.0, &["a"]);
        assert_eq!((selected(&app), app.selected), ("a", 0), "it has ended");
        answer(&mut app, 4000.0, &[]);
        assert!(app.selected_actor().is_none());
        answer(&mut app, 5000.0, &["x", "a"]);
        assert_eq!(selected(&app), "a");
    }

    #[test]
    fn moves_stay_within_the_rows() {
        let mut app = app(&["a", "b", "c"]);
        app.page = 2;
        for (by, row) in [
            (Move::Up(1), 0),
            (Move::PageDown, 2),
            (Move::Down(1), 2),
            (Move::PageUp, 0),
            (Move::Last, 2),
            (Move::First, 0),
        ] {
            app.go(by);
            assert_eq!(app.selected, row, "{by:?}");
        }
    }

    #[test]
    fn a_pause_freezes_the_screen_and_loses_no_decision() {
        let mut app = app(&["a"]);
        app.pause();
        answer(&mut app, 2000.0, &["a", "b"]);
        answer(&mut app, 3000.0, &["a", "b", "c"]);
        let frame = app.watch.frame().unwrap();
        assert_eq!((app.places.len(), frame.decisions.len()), (1, 1));
        app.pause();
        let frame = app.watch.frame().unwrap();
        assert_eq!((app.places.len(), frame.decisions.len()), (3, 3));
    }

    #[test]
    fn an_outage_keeps_the_last_frame_and_ends() {
        let mut app = app(&["a"]);
        let failure = Failure { url: "http://x".to_owned(), why: Why::NotFound };
        app.update(Update::Broken { failure, retry: Duration::from_secs(2) }, Instant::now());
        assert!(matches!(&app.link, Link::Broken { failure, .. } if failure.why == Why::NotFound));
        assert_eq!(selected(&app), "a");
        answer(&mut app, 2000.0, &["a"]);
        assert_eq!(app.link, Link::Live);
    }

    #[test]
    fn the_focus_goes_round_and_back_leaves_one_thing_at_a_time() {
        let mut app = app(&["a", "b"]);
        let titles = std::array::from_fn::<_, 4, _>(|_| {
            app.turn(true);
            match app.focus {
                Focus::Table => "table",
                Focus::Pane(pane) => pane.title(),
            }
        });
        assert_eq!(titles, ["Actor", "Waits", "Decisions", "table"]);
        app.turn(false);
        assert_eq!(app.focus, Focus::Pane(Pane::Decisions));
        app.back();
        app.search_for("b".to_owned());
        app.zoom();
        assert!(app.is_zoomed && app.focus == Focus::Pane(Pane::Actor));
        app.is_help = true;
        app.back();
        assert!(!app.is_help && app.is_zoomed);
        app.back();
        assert!(!app.is_zoomed && app.focus == Focus::Table && app.places.len() == 1);
        app.back();
        assert_eq!((app.places.len(), app.search.as_str()), (2, ""));
    }

    #[test]
    fn a_search_that_finds_nothing_keeps_the_selected_actor() {
        let mut app = app(&["a", "b"]);
        app.go(Move::Last);
        app.search_for("zzz".to_owned());
        assert!(app.selected_actor().is_none());
        app.search_for(String::new());
        assert_eq!(selected(&app), "b");
        app.search_for("x".repeat(1000));
        assert_eq!(app.search.len(), SEARCH_MAX);
    }
}
