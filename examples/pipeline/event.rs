//! An event: one line of JSON, and one row of the database.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// The sources of a generated file.
const SOURCES: u16 = 16;

/// What a source has measured. `sum` protects the other fields on the whole way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) source: u16,
    /// Counts the events of its source, from 0 on.
    pub(crate) seq: u32,
    pub(crate) cents: u32,
    pub(crate) sum: u32,
}

impl Event {
    pub(crate) fn new(source: u16, seq: u32, cents: u32) -> Event {
        Event { source, seq, cents, sum: checksum(source, seq, cents) }
    }

    pub(crate) fn is_intact(&self) -> bool {
        self.sum == checksum(self.source, self.seq, self.cents)
    }
}

/// FNV-1a, 32 bits, of the fields in order.
fn checksum(source: u16, seq: u32, cents: u32) -> u32 {
    let fields = [u32::from(source), seq, cents];
    let bytes = fields.iter().flat_map(|field| field.to_be_bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The events of a generated file: the sources take turns.
pub(crate) fn generated(count: u64) -> impl Iterator<Item = Event> {
    (0..count).map(|n| {
        let (source, seq) = (n % u64::from(SOURCES), n / u64::from(SOURCES));
        // Any numbers do, as long as neighbours differ.
        let cents = n.wrapping_mul(7919) % 100_000;
        Event::new(source as u16, seq as u32, cents as u32)
    })
}

/// Writes a file of generated events, a line each.
pub(crate) fn generate(path: &Path, count: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for event in generated(count) {
        serde_json::to_writer(&mut file, &event)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// What a file has: the program compares the database with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// Lines that are events.
    pub(crate) events: u64,
    /// The sum of their checksums.
    pub(crate) sum: u64,
    /// Other lines.
    pub(crate) malformed: u64,
}

/// Reads a file once, line by line.
pub(crate) fn content(path: &Path) -> io::Result<Content> {
    let mut content = Content::default();
    for line in BufReader::new(File::open(path)?).lines() {
        match serde_json::from_str::<Event>(&line?) {
            Ok(event) if event.is_intact() => {
                content.events += 1;
                content.sum = content.sum.wrapping_add(event.sum.into());
            }
            Ok(_) | Err(_) => content.malformed += 1,
        }
    }
    Ok(content)
}
