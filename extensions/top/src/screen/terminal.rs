//! The modes of the terminal, and that they end whatever happens.
//!
//! While the screen is shown, the terminal is in raw mode, on its alternate screen, without a
//! cursor. A shell in these modes is unusable. They end when [`Screen`] is dropped, and before the
//! message of a panic on any thread, which then ends the program.

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use std::io::{self, Stdout, Write, stdout};

/// The exit code of a Rust program that panics.
const PANICKED: i32 = 101;

/// The terminal while the screen is shown.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Enters the modes.
    ///
    /// # Errors
    /// Those of the terminal. The modes are left again.
    pub(super) fn open() -> io::Result<Screen> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
            // A thread less would be a screen that no longer changes.
            std::process::exit(PANICKED);
        }));
        let opened = enable_raw_mode()
            .and_then(|()| enter(&mut stdout()))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Screen { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(terminal: &mut impl Write) -> io::Result<()> {
    execute!(terminal, EnterAlternateScreen, Hide)
}

fn leave(terminal: &mut impl Write) -> io::Result<()> {
    execute!(terminal, LeaveAlternateScreen, Show)
}

/// Leaves the modes, each of them also where another cannot be left: the terminal may be gone.
fn restore() {
    let _ = disable_raw_mode();
    let _ = leave(&mut stdout());
}

// Elsewhere the modes may be calls of the system instead of bytes.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_entered_is_left() {
        let (mut entered, mut left) = (Vec::new(), Vec::new());
        enter(&mut entered).unwrap();
        leave(&mut left).unwrap();
        // The alternate screen is mode 1049, the cursor mode 25; `h` enters and `l` leaves.
        assert_eq!(String::from_utf8(entered).unwrap(), "\u{1b}[?1049h\u{1b}[?25l");
        assert_eq!(String::from_utf8(left).unwrap(), "\u{1b}[?1049l\u{1b}[?25h");
    }
}
