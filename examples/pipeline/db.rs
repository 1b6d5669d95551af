//! The file of rows. SQLite blocks, so all of it runs on blocking threads, never on a thread that
//! drives actors.

use crate::event::Event;
use actors_core::BoxError;
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A parsed event with what the enricher has added.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) event: Event,
    pub(crate) region: &'static str,
}

/// Called on the blocking thread before each commit, with the number of rows that are written.
pub(crate) type BeforeCommit = Box<dyn FnMut(u64) + Send>;

/// Sleeps before each commit in the middle third of so many rows: the database is slow.
pub(crate) fn slow_in_the_middle(by: Duration, rows: u64) -> BeforeCommit {
    Box::new(move |written| {
        if (rows / 3..rows * 2 / 3).contains(&written) {
            std::thread::sleep(by);
        }
    })
}

struct Open {
    connection: Connection,
    before_commit: BeforeCommit,
    written: u64,
}

/// An open file of rows. One actor owns it, so the lock is never contended. The lock exists because
/// the blocking thread may outlive a turn that is cut off.
#[derive(Clone)]
pub(crate) struct Db {
    open: Arc<Mutex<Open>>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

impl Db {
    /// Creates the file; one that exists must have no rows. Blocks.
    pub(crate) fn create(path: &Path, before_commit: BeforeCommit) -> rusqlite::Result<Db> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // After a power cut the last commits may be missing, but the file is whole.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute(
            "CREATE TABLE events (id INTEGER PRIMARY KEY, source INTEGER, seq INTEGER, cents INTEGER, \
             sum INTEGER, region TEXT)",
            (),
        )?;
        Ok(Db { open: Arc::new(Mutex::new(Open { connection, before_commit, written: 0 })) })
    }

    /// Writes all rows in one transaction: the file has all of them afterwards, or none.
    pub(crate) async fn insert(&self, rows: Vec<Row>) -> Result<(), BoxError> {
        let open = self.open.clone();
        let blocking = move || open.lock().unwrap_or_else(PoisonError::into_inner).insert(&rows);
        Ok(tokio::task::spawn_blocking(blocking).await??)
    }
}

impl Open {
    fn insert(&mut self, rows: &[Row]) -> rusqlite::Result<()> {
        (self.before_commit)(self.written);
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO events (source, seq, cents, sum, region) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for Row { event, region } in rows {
                insert.execute((event.source, event.seq, event.cents, event.sum, region))?;
            }
        }
        // An error above returns, and dropping the transaction rolls it back.
        transaction.commit()?;
        self.written += rows.len() as u64;
        Ok(())
    }
}

/// Calls `visit` with every row in the order in which they were written. Blocks.
pub(crate) fn rows(path: &Path, mut visit: impl FnMut(Event)) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    let mut select = connection.prepare("SELECT source, seq, cents, sum FROM events ORDER BY id")?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        visit(Event { source: row.get(0)?, seq: row.get(1)?, cents: row.get(2)?, sum: row.get(3)? });
    }
    Ok(())
}

/// A directory for the files of one run, which is removed at the end.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Creates it. `name` tells the runs of one process apart.
    pub(crate) fn create(name: &str) -> std::io::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("pipeline-{}-{name}", std::process::id()));
        // A run that was killed, whose number this process has again, may have left one.
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir(&path)?;
        Ok(Scratch { path })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary directory does no harm.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
