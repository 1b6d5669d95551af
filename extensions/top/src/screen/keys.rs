//! Keys.

use super::app::{App, Move};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The keys and what they do, for the help.
pub(super) const KEYS: [(&str, &str); 10] = [
    ("up, down, j, k", "move one row or line"),
    ("PageUp, PageDown", "move a page; Home, End: to the first and the last row"),
    ("/", "search in names and types; Enter keeps it, Esc clears"),
    ("s", "next order; each puts its greatest first, tree is the tree"),
    ("Tab", "next pane; Shift-Tab: the one before"),
    ("Enter", "the selected actor in full"),
    ("Esc", "back"),
    ("p", "pause; what comes meanwhile is shown afterwards"),
    ("?", "this help"),
    ("q, Ctrl-C", "quit"),
];

/// Whether the program goes on after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Continue,
    Quit,
}

/// Does what a key says.
pub(super) fn press(app: &mut App, key: KeyEvent) -> After {
    if key.kind == KeyEventKind::Release {
        return After::Continue;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return if key.code == KeyCode::Char('c') { After::Quit } else { After::Continue };
    }
    if app.is_typing {
        type_in(app, key.code);
        return After::Continue;
    }
    match key.code {
        KeyCode::Char('q') => return After::Quit,
        KeyCode::Up | KeyCode::Char('k') => app.go(Move::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => app.go(Move::Down(1)),
        KeyCode::PageUp => app.go(Move::PageUp),
        KeyCode::PageDown | KeyCode::Char(' ') => app.go(Move::PageDown),
        KeyCode::Home | KeyCode::Char('g') => app.go(Move::First),
        KeyCode::End | KeyCode::Char('G') => app.go(Move::Last),
        KeyCode::Char('/') => app.begin_search(),
        KeyCode::Char('s') => app.sort(),
        KeyCode::Tab => app.turn(true),
        KeyCode::BackTab => app.turn(false),
        KeyCode::Enter => app.zoom(),
        KeyCode::Esc => app.back(),
        KeyCode::Char('p') => app.pause(),
        KeyCode::Char('?') => app.is_help = !app.is_help,
        _ => {}
    }
    After::Continue
}

/// Changes the text to search for.
fn type_in(app: &mut App, key: KeyCode) {
    match key {
        KeyCode::Enter => app.is_typing = false,
        KeyCode::Esc => {
            app.is_typing = false;
            app.search_for(String::new());
        }
        KeyCode::Backspace => {
            let mut text = app.search.clone();
            text.pop();
            app.search_for(text);
        }
        KeyCode::Char(c) if !c.is_control() => app.search_for(format!("{}{c}", app.search)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::app::tests::app;
    use super::*;
    use crate::data::order::Sort;

    fn press_all(app: &mut App, keys: &[KeyCode]) -> After {
        keys.iter().map(|key| press(app, KeyEvent::from(*key))).last().unwrap()
    }

    #[test]
    fn q_and_ctrl_c_quit_but_q_is_a_letter_in_a_search() {
        let mut app = app(&["queue", "b"]);
        assert_eq!(press_all(&mut app, &[KeyCode::Char('/'), KeyCode::Char('q')]), After::Continue);
        assert_eq!((app.search.as_str(), app.places.len()), ("q", 1));
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(press(&mut app, ctrl_c), After::Quit, "also while a text is typed");
        assert_eq!(press_all(&mut app, &[KeyCode::Enter, KeyCode::Char('q')]), After::Quit);
    }

    #[test]
    fn a_search_is_typed_kept_and_cleared() {
        let mut app = app(&["a", "ab", "b"]);
        press_all(
            &mut app,
            &[KeyCode::Char('/'), KeyCode::Char('a'), KeyCode::Char('x'), KeyCode::Backspace],
        );
        assert_eq!(app.places.len(), 2);
        press_all(&mut app, &[KeyCode::Enter]);
        assert_eq!((app.is_typing, app.places.len()), (false, 2));
        press_all(&mut app, &[KeyCode::Char('/'), KeyCode::Esc]);
        assert_eq!((app.is_typing, app.places.len()), (false, 3));
    }

    #[test]
    fn each_key_does_what_the_help_says() {
        let mut app = app(&["a", "b", "c"]);
        press_all(&mut app, &[KeyCode::Char('j'), KeyCode::Down, KeyCode::Char('k')]);
        assert_eq!(app.selected, 1);
        press_all(&mut app, &[KeyCode::End]);
        assert_eq!(app.selected, 2);
        press_all(&mut app, &[KeyCode::Home, KeyCode::Char('s')]);
        assert_eq!((app.selected, app.sort), (0, Sort::Fill));
        press_all(&mut app, &[KeyCode::Char('p'), KeyCode::Char('?'), KeyCode::Tab, KeyCode::Enter]);
        assert!(app.is_paused && app.is_help && app.is_zoomed);
        let mut released = KeyEvent::from(KeyCode::Char('q'));
        released.kind = KeyEventKind::Release;
        assert_eq!(press(&mut app, released), After::Continue);
    }
}
