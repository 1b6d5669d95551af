//! The tables, as Markdown.

use crate::contestant::Note;
use crate::contestants::{self, Entry};
use crate::figures::{Cell, Row, spread};
use crate::machine;
use crate::workload::{Info, Kind};
use std::fmt::Write;

/// Footnotes, numbered in order of appearance.
#[derive(Debug, Default)]
struct Footnotes(Vec<String>);

impl Footnotes {
    fn mark(&mut self, text: String) -> String {
        let at = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        format!("<sup>{}</sup>", at + 1)
    }
}

/// The results of a run.
pub fn whole(rows: &[Row], how: &str, is_quick: bool) -> String {
    let mut text = String::from("# Peers\n\n");
    let _ = writeln!(text, "{}; {how}.\n", machine::describe());
    if is_quick {
        text.push_str("**A quick run: an impression, no figures to quote.**\n\n");
    }
    let _ = writeln!(text, "{}\n", versions());
    let mut notes = Footnotes::default();
    let timed: Vec<_> = rows.iter().filter(|row| row.info.kind == Kind::Timed).collect();
    let counted: Vec<_> = rows.iter().filter(|row| row.info.kind != Kind::Timed).collect();
    if !timed.is_empty() {
        text.push_str(
            "## Time, as a ratio\n\nTo the hand-written actor over tokio's mpsc, in the same round: the median of the \
             rounds' ratios. Below 1 is faster.\n\n",
        );
        text.push_str(&across(&timed, &mut notes, |_, cell| {
            spread(&cell.ratios).map(|[median, ..]| format!("{median:.2}"))
        }));
    }
    if !counted.is_empty() {
        text.push_str("## Memory, allocations, instructions\n\n");
        text.push_str(&across(&counted, &mut notes, |info, cell| {
            spread(&cell.figures).map(|[median, ..]| number(info, median))
        }));
    }
    for (at, note) in notes.0.iter().enumerate() {
        let _ = writeln!(text, "{}. {note}", at + 1);
    }
    text.push_str("\n## Figures\n\nMedian (least–most) of the rounds, and the ratio.\n");
    for row in rows {
        text.push_str(&details(row));
    }
    text
}

fn versions() -> String {
    let mut known: Vec<&str> = Vec::new();
    for entry in &contestants::ALL {
        if !known.contains(&entry.krate) {
            known.push(entry.krate);
        }
    }
    let all: Vec<_> = known.iter().map(|krate| format!("{krate} {}", machine::version(krate))).collect();
    format!("Versions: {}.", all.join(", "))
}

/// Contestants as rows, workloads as columns.
fn across(rows: &[&Row], notes: &mut Footnotes, figure: impl Fn(&Info, &Cell) -> Option<String>) -> String {
    let titles: Vec<_> = rows.iter().map(|row| format!(" {} |", row.info.title)).collect();
    let mut text = format!("| |{}\n|---|{}\n", titles.concat(), "---:|".repeat(rows.len()));
    for (at, entry) in contestants::ALL.iter().enumerate() {
        if rows.iter().all(|row| row.cells[at].is_none()) {
            continue;
        }
        let _ = write!(text, "| {}{} |", entry.name, about(entry, notes));
        for row in rows {
            let shown = row.cells[at].as_ref().map_or(String::new(), |cell| {
                let (why_not, aside) = remarks(row, entry, cell, notes);
                why_not.or_else(|| figure(row.info, cell)).unwrap_or_else(|| "–".to_owned()) + &aside
            });
            let _ = write!(text, " {shown} |");
        }
        text.push('\n');
    }
    text + "\n"
}

/// Remarks on all figures of a contestant.
fn about(entry: &Entry, notes: &mut Footnotes) -> String {
    let of_all = |note: &Note| match note {
        Note::All(text) => Some(notes.mark(format!("{}: {text}", entry.krate))),
        _ => None,
    };
    entry.notes.iter().filter_map(of_all).collect()
}

/// Why a cell has no figure, if so, and remarks on the figure that it has.
fn remarks(row: &Row, entry: &Entry, cell: &Cell, notes: &mut Footnotes) -> (Option<String>, String) {
    if let Some(why) = row.skipped {
        return (Some("–".to_owned()), notes.mark(format!("Not measured: {why}.")));
    }
    if let Some(why) = entry.lacks(row.info.workload) {
        return (Some("–".to_owned()), notes.mark(format!("{}: {why}.", entry.krate)));
    }
    if let Some(why) = &cell.failed {
        return (Some(format!("failed: {}", why.replace('|', "\\|"))), String::new());
    }
    let aside = entry.notes.iter().filter_map(|note| match note {
        Note::On(workload, text) if *workload == row.info.workload => {
            Some(notes.mark(format!("{}: {text}", entry.krate)))
        }
        _ => None,
    });
    (None, aside.collect())
}

fn details(row: &Row) -> String {
    let info = row.info;
    let mut text = format!("\n### {} (`{}`)\n\n{}\n\n", info.title, info.key, info.what);
    if let Some(why) = row.skipped {
        let _ = writeln!(text, "Not measured: {why}.");
        return text;
    }
    let _ = writeln!(text, "| | {} | ratio |\n|---|---:|---:|", info.unit);
    for (entry, cell) in row.entries() {
        let shown = match (&cell.failed, spread(&cell.figures)) {
            (Some(why), _) => format!("failed: {}", why.replace('|', "\\|")),
            (None, None) => "–".to_owned(),
            (None, Some([median, least, most])) => {
                format!("{} ({}–{})", number(info, median), number(info, least), number(info, most))
            }
        };
        let ratio = spread(&cell.ratios)
            .map_or("–".to_owned(), |[median, least, most]| format!("{median:.2} ({least:.2}–{most:.2})"));
        let _ = writeln!(text, "| {} | {shown} | {ratio} |", entry.name);
    }
    text
}

/// With as many digits as are significant.
fn number(info: &Info, figure: f64) -> String {
    match figure {
        figure if info.key.starts_with("alloc") => format!("{figure:.2}"),
        figure if figure < 100.0 => format!("{figure:.1}"),
        figure => format!("{figure:.0}"),
    }
}
