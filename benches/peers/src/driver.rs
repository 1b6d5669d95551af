//! The run: which cells, in which order, and where their figures go.

use crate::contestants;
use crate::figures::{Cell, Row, spread};
use crate::process::Programs;
use crate::workload::{self, Info, Kind};
use crate::{chart, table};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
peers [--quick] [--only WORKLOAD[,…]] [--contestants NAME[,…]] [--rounds N] [--out DIR]
  --quick        fewer rounds of fewer messages, no instructions: an impression
  --only         these workloads
  --contestants  these, and the baseline
  --rounds       how often everything is measured by the clock
  --out          where RESULTS.md and peers.svg go; a run that is whole writes to benches/ without being told";

/// Rounds of timed cells, in a whole run and in a quick one.
const ROUNDS: [usize; 2] = [7, 2];

/// Rounds of counted cells, which hardly vary.
const COUNTED_ROUNDS: usize = 3;

/// The options of the command line.
#[derive(Debug, Default)]
struct Options {
    is_quick: bool,
    only: Vec<String>,
    contestants: Vec<String>,
    rounds: Option<usize>,
    out: Option<PathBuf>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("`{arg}` is followed by a value"));
            match arg.as_str() {
                "--quick" => options.is_quick = true,
                "--only" => options.only.extend(value()?.split(',').map(str::to_owned)),
                "--contestants" => options.contestants.extend(value()?.split(',').map(str::to_owned)),
                "--rounds" => match value()?.parse() {
                    Ok(rounds) if rounds > 0 => options.rounds = Some(rounds),
                    _ => return Err("`--rounds` is followed by a number, 1 or more".to_owned()),
                },
                "--out" => options.out = Some(value()?.into()),
                _ => return Err(format!("`{arg}` is no option")),
            }
        }
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), String> {
        for key in &self.only {
            if workload::ALL.iter().all(|info| info.key != key) {
                let keys: Vec<_> = workload::ALL.iter().map(|info| info.key).collect();
                return Err(format!("`{key}` is no workload; these are: {}", keys.join(", ")));
            }
        }
        for name in &self.contestants {
            if contestants::ALL.iter().all(|entry| !entry.is_called(name)) {
                let names: Vec<_> =
                    contestants::ALL.iter().map(|entry| format!("`{}`", entry.name)).collect();
                return Err(format!("`{name}` takes no part; these do: {}", names.join(", ")));
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        !self.is_quick && self.only.is_empty() && self.contestants.is_empty() && self.rounds.is_none()
    }

    fn wants(&self, info: &Info) -> bool {
        self.only.is_empty() || self.only.iter().any(|key| key == info.key)
    }

    /// The baseline always takes part: without it there are no ratios.
    fn takes_part(&self, at: usize) -> bool {
        let is_called = |name: &String| contestants::ALL[at].is_called(name);
        at == 0 || self.contestants.is_empty() || self.contestants.iter().any(is_called)
    }

    fn rounds(&self, kind: Kind) -> usize {
        let rounds = self.rounds.unwrap_or(ROUNDS[usize::from(self.is_quick)]);
        match kind {
            Kind::Timed => rounds,
            Kind::Counted | Kind::Instructions => rounds.min(COUNTED_ROUNDS),
        }
    }
}

/// Runs `peers`.
pub fn main(args: &[String]) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let programs = Programs::find()?;
    let began = Instant::now();
    let wanted = workload::ALL.iter().filter(|info| options.wants(info));
    let rows: Vec<Row> = wanted.map(|info| measure(options, &programs, info)).collect();
    let how = format!(
        "{} rounds by the clock, {} s in all",
        options.rounds(Kind::Timed),
        began.elapsed().as_secs()
    );
    let text = table::whole(&rows, &how, options.is_quick);
    println!("{text}");
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (results, svg) = match &options.out {
        Some(dir) => (dir.join("RESULTS.md"), dir.join("peers.svg")),
        None if options.is_whole() => (benches.join("peers/RESULTS.md"), benches.join("charts/peers.svg")),
        None => return Ok(()),
    };
    for file in [&results, &svg] {
        fs::create_dir_all(file.parent().unwrap_or(file)).map_err(|error| error.to_string())?;
    }
    fs::write(&results, text).map_err(|error| format!("the results could not be written: {error}"))?;
    chart::draw(&svg, &rows).map_err(|error| format!("the chart could not be written: {error}"))?;
    eprintln!("RESULTS.md and peers.svg are written.");
    Ok(())
}

/// All rounds of one workload. Each round has every contestant, and begins with another one.
fn measure(options: &Options, programs: &Programs, info: &'static Info) -> Row {
    let count = contestants::ALL.len();
    let cells = (0..count).map(|at| options.takes_part(at).then(Cell::default)).collect();
    let mut row = Row { info, cells, skipped: None };
    if info.kind == Kind::Instructions {
        row.skipped = match (options.is_quick, programs.count_instructions()) {
            (true, _) => Some("a quick run counts no instructions"),
            (_, false) => Some("valgrind is not installed"),
            _ => None,
        };
    }
    if let Some(why) = row.skipped {
        eprintln!("{}: {why}", info.key);
        return row;
    }
    let (began, rounds) = (Instant::now(), options.rounds(info.kind));
    for round in 0..rounds {
        let mut of_round = vec![None; count];
        for step in 0..count {
            let at = (step + round) % count;
            let entry = &contestants::ALL[at];
            let Some(cell) = &mut row.cells[at] else { continue };
            if entry.lacks(info.workload).is_some() || cell.failed.is_some() {
                continue;
            }
            match programs.measure(info, entry, info.sizes[usize::from(options.is_quick)]) {
                Ok(figure) => {
                    cell.figures.push(figure);
                    of_round[at] = Some(figure);
                }
                Err(error) => {
                    eprintln!("{}: {} failed: {error}", info.key, entry.name);
                    cell.failed = Some(error);
                }
            }
        }
        row.close_round(&of_round);
        let base =
            row.cells[0].as_ref().and_then(|cell| spread(&cell.figures)).map_or(0.0, |[median, ..]| median);
        let spent = began.elapsed().as_secs_f64();
        eprintln!(
            "{}: round {} of {rounds}, {spent:.1} s, baseline {base:.1} {}",
            info.key,
            round + 1,
            info.unit
        );
    }
    row
}
