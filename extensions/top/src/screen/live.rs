//! The loop of the screen, and the threads that feed it.
//!
//! ```text
//!   polls ────┐
//!   keys  ────┼──► one bounded channel ──► loop: change the state, draw
//!   signals ──┘
//! ```

use super::app::App;
use super::draw::{Palette, draw};
use super::keys::{After, press};
use super::terminal::Screen;
use crate::data::order::Sort;
use crate::net::{Client, Poller, Update};
use ratatui::crossterm::event::{self, Event, KeyEvent};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Events that wait for the loop. A key that is held down repeats thirty times a second, and the
/// loop takes all of them at once; a sender that finds the channel full waits.
const EVENTS_MAX: usize = 64;
/// Times that count up, such as the age of the last answer, change once a second.
const REDRAW: Duration = Duration::from_secs(1);

/// What happens.
#[derive(Debug)]
enum Happened {
    Update(Update),
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// The terminal cannot be read any more.
    Deaf(io::Error),
    /// A signal asks the program to end.
    #[cfg(unix)]
    Signal(i32),
}

/// How the screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By a key.
    Quit,
    /// By this signal.
    #[cfg(unix)]
    Signal(i32),
}

/// Shows the screen until a key or a signal ends it.
///
/// # Errors
/// Those of the terminal.
pub(crate) fn run(client: Client, every: Duration, sort: Sort) -> io::Result<Ended> {
    let mut app = App::new(client.address().to_string(), sort);
    let palette = Palette::from_environment();
    let (sender, events) = sync_channel(EVENTS_MAX);
    signals(sender.clone())?;
    let mut screen = Screen::open()?;
    // Dropping it ends the polls at once, whatever they wait for.
    let (running, stopped) = sync_channel(0);
    poll(Poller::new(client, every), sender.clone(), stopped);
    keys(sender);
    let ended = show(&mut app, palette, &mut screen, &events);
    drop(running);
    ended
}

fn show(
    app: &mut App,
    palette: Palette,
    screen: &mut Screen,
    events: &Receiver<Happened>,
) -> io::Result<Ended> {
    loop {
        screen.terminal.draw(|frame| {
            let area = frame.area();
            draw(app, palette, area, frame.buffer_mut(), Instant::now());
        })?;
        let mut next = match events.recv_timeout(REDRAW) {
            Ok(happened) => Some(happened),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        // What has gathered is taken at once, so that held keys do not draw one screen each.
        while let Some(happened) = next {
            if let Some(ended) = apply(app, happened)? {
                return Ok(ended);
            }
            next = events.try_recv().ok();
        }
    }
}

fn apply(app: &mut App, happened: Happened) -> io::Result<Option<Ended>> {
    match happened {
        Happened::Update(update) => app.update(update, Instant::now()),
        Happened::Key(key) if press(app, key) == After::Quit => return Ok(Some(Ended::Quit)),
        Happened::Key(_) | Happened::Resized => {}
        Happened::Deaf(error) => return Err(error),
        #[cfg(unix)]
        Happened::Signal(signal) => return Ok(Some(Ended::Signal(signal))),
    }
    Ok(None)
}

fn poll(mut poller: Poller, sender: SyncSender<Happened>, stopped: Receiver<()>) {
    thread::spawn(move || {
        loop {
            let (update, wait) = poller.step();
            let is_over = sender.send(Happened::Update(update)).is_err();
            if is_over || stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    });
}

/// Reads keys. A read cannot be cancelled, so the thread ends with the program.
fn keys(sender: SyncSender<Happened>) {
    thread::spawn(move || {
        loop {
            let happened = match event::read() {
                Ok(Event::Key(key)) => Happened::Key(key),
                Ok(Event::Resize(..)) => Happened::Resized,
                Ok(_) => continue,
                Err(error) => Happened::Deaf(error),
            };
            let is_last = matches!(happened, Happened::Deaf(_));
            if sender.send(happened).is_err() || is_last {
                return;
            }
        }
    });
}

/// Waits for signals that ask the program to end.
#[cfg(unix)]
fn signals(sender: SyncSender<Happened>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Happened::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Elsewhere the program is ended by a key.
#[cfg(not(unix))]
fn signals(_sender: SyncSender<Happened>) -> io::Result<()> {
    Ok(())
}
