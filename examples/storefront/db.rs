//! The file of orders. SQLite blocks, so all of it runs on blocking threads, never on a thread that
//! drives actors.

use actors_core::prelude::*;
use rusqlite::{Connection, OptionalExtension};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An order before it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) card: u64,
    pub(crate) cents: u64,
}

/// Makes every write slower, for the storm's `--slow-db`. Clones share the setting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slowness {
    ms: Arc<AtomicU64>,
}

impl Slowness {
    pub(crate) fn set(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        // An independent setting: no other data is published with it.
        self.ms.store(ms, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_millis(self.ms.load(Ordering::Relaxed))
    }
}

/// An open file of orders. One actor owns it, so the lock is never contended. The lock exists
/// because the blocking thread may outlive a turn that is cut off.
#[derive(Debug)]
pub(crate) struct Db {
    connection: Arc<Mutex<Connection>>,
    slowness: Slowness,
}

impl Db {
    /// Opens the file, or creates it. Blocks.
    pub(crate) fn open(path: &Path, slowness: Slowness) -> rusqlite::Result<Db> {
        let connection = Connection::open(path)?;
        // A commit returns when the order is on the disk. The receipt promises that.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute(
            "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, card INTEGER, cents INTEGER)",
            (),
        )?;
        Ok(Db { connection: Arc::new(Mutex::new(connection)), slowness })
    }

    /// Runs `work` on a blocking thread. Once begun it ends, even if its caller stops waiting.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, BoxError> {
        let connection = self.connection.clone();
        let blocking = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(blocking).await??)
    }

    /// The configured slow-down.
    pub(crate) fn slowness(&self) -> Duration {
        self.slowness.get()
    }
}

/// Writes all orders in one transaction: the file has all of them afterwards, or none. Returns
/// their numbers.
pub(crate) fn insert(
    connection: &mut Connection,
    orders: impl Iterator<Item = Order>,
) -> rusqlite::Result<Vec<u64>> {
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare_cached("INSERT INTO orders (card, cents) VALUES (?1, ?2)")?;
    let ids: rusqlite::Result<_> = orders
        .map(|order| {
            let id = insert.insert((order.card.cast_signed(), order.cents.cast_signed()))?;
            Ok(id.cast_unsigned())
        })
        .collect();
    drop(insert);
    // An error returns here, and dropping the transaction rolls it back.
    let ids = ids?;
    transaction.commit()?;
    Ok(ids)
}

/// Returns the price of an order, if the order exists.
pub(crate) fn find(connection: &Connection, id: u64) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached("SELECT cents FROM orders WHERE id = ?1")?
        .query_row([id.cast_signed()], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
        .optional()
}

/// The path of the orders: a file of the user's, or a temporary one that is removed at the end.
#[derive(Debug)]
pub(crate) struct DbFile {
    path: PathBuf,
    is_temporary: bool,
}

impl DbFile {
    pub(crate) fn new(kept: Option<PathBuf>) -> DbFile {
        match kept {
            Some(path) => DbFile { path, is_temporary: false },
            None => DbFile::temporary(std::env::temp_dir().join("storefront")),
        }
    }

    /// A temporary file on the same disk, for measurements.
    pub(crate) fn beside(&self) -> DbFile {
        DbFile::temporary(self.path.with_extension("measuring"))
    }

    fn temporary(stem: PathBuf) -> DbFile {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        DbFile {
            path: with_suffix(&stem, &format!("-{}-{serial}.db", std::process::id())),
            is_temporary: true,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The numbers of all orders in the file, in order. Blocks.
    pub(crate) fn ids(&self) -> rusqlite::Result<Vec<u64>> {
        let connection = Connection::open(&self.path)?;
        let mut select = connection.prepare("SELECT id FROM orders ORDER BY id")?;
        let ids = select.query_map((), |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?;
        ids.collect()
    }
}

impl Drop for DbFile {
    fn drop(&mut self) {
        if self.is_temporary {
            for suffix in ["", "-wal", "-shm"] {
                // Two of them are usually gone already. A leftover in the temporary directory does
                // no harm.
                let _ = std::fs::remove_file(with_suffix(&self.path, suffix));
            }
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
