//! Instructions, counted by callgrind. The same program has the same count, whatever the machine's
//! load and clock.
//!
//! A bench that counts starts itself again under valgrind for each figure, as a [`Cell`] with a
//! number of operations, and then with twice as many. The difference divided by that number is one
//! operation, and one-time work cancels out. Cells have one worker thread, and the processor's
//! clock stands still in them. So everything that depends on the length of a turn (how much is
//! claimed at once, and which task runs a turn) behaves as if turns took no time.

use actors_core::__private::freeze_cpu_clock;
use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::Builder;

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Its row.
    pub name: &'static str,
    /// Does this many operations, after the setup.
    pub run: fn(u64),
}

/// The command of a bench that counts.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Nothing more to do: the process was a cell, and it has run.
    Over,
    /// No counts: the process is a test, perhaps without optimisation. Each cell has run once.
    Tested,
    /// The counts of these cells.
    Counts(Vec<Cell>),
}

/// Reads the command line: `cell NAME OPERATIONS` runs a cell in this process; `--bench PART`
/// counts the cells whose names contain the part.
///
/// # Panics
/// When the cell does, or when no cell has that name.
pub fn wish(cells: impl IntoIterator<Item = Cell>) -> Wish {
    let args: Vec<String> = env::args().skip(1).collect();
    let mut cells = cells.into_iter();
    if let [first, name, operations] = &args[..]
        && first == "cell"
    {
        match (cells.find(|cell| cell.name == name), operations.parse()) {
            (Some(cell), Ok(operations)) => (cell.run)(operations),
            _ => panic!("there is no cell `{name}`, or `{operations}` is no number of operations"),
        }
        return Wish::Over;
    }
    if !args.iter().any(|arg| arg == "--bench") {
        cells.for_each(|cell| (cell.run)(256));
        return Wish::Tested;
    }
    let part = args.iter().find(|arg| !arg.starts_with("--"));
    Wish::Counts(cells.filter(|cell| part.is_none_or(|part| cell.name.contains(part.as_str()))).collect())
}

/// Runs a cell's work as a task, as most senders are, on the one worker of a runtime.
///
/// # Panics
/// When the work does.
pub fn on_one_worker(work: impl Future<Output = ()> + Send + 'static) {
    freeze_cpu_clock();
    // tokio would otherwise adapt the interval to the length of polls.
    let runtime =
        Builder::new_multi_thread().worker_threads(1).global_queue_interval(61).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime to count on: {error}"));
    runtime.block_on(runtime.spawn(work)).unwrap_or_else(|error| panic!("a cell failed: {error}"));
}

/// Instructions of one operation of each cell. As many cells run at once as there are processors,
/// which does not change the counts.
///
/// # Errors
/// When there is no valgrind, or a cell failed.
pub fn count(cells: &[Cell], operations: u64) -> Result<Vec<f64>, String> {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Err("instructions are counted by valgrind, which is not there: install it (`apt-get install valgrind`, \
                    `dnf install valgrind`) and try again"
            .to_owned());
    }
    let counts = Mutex::new(vec![Ok(0.0); cells.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((at, cell)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, cells.get(at)?)))
        {
            let count = one(cell, operations);
            counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner())[at] = count;
        }
    };
    thread::scope(|scope| {
        (0..thread::available_parallelism().map_or(1, usize::from)).for_each(|_| drop(scope.spawn(work)));
    });
    counts.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()).into_iter().collect()
}

fn one(cell: &Cell, operations: u64) -> Result<f64, String> {
    let (once, twice) = (whole(cell, operations)?, whole(cell, 2 * operations)?);
    Ok((twice - once) / operations as f64)
}

/// Instructions of a whole process.
fn whole(cell: &Cell, operations: u64) -> Result<f64, String> {
    let program =
        env::current_exe().map_err(|error| format!("the path of this program is unknown: {error}"))?;
    let file = env::temp_dir().join(format!(
        "benches.{}.{}.callgrind",
        std::process::id(),
        name_of(cell, operations)
    ));
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--vgdb=no"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(["cell", cell.name, &operations.to_string()])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output();
    let written = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(&file);
    let ran = ran.map_err(|error| format!("valgrind could not be started: {error}"))?;
    if !ran.status.success() {
        return Err(format!("`{}` failed:\n{}", cell.name, String::from_utf8_lossy(&ran.stderr)));
    }
    let total =
        written.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    let total = total.and_then(|total| total.split_whitespace().next()?.parse().ok());
    total.ok_or_else(|| format!("callgrind wrote no total for `{}`", cell.name))
}

/// A file name: letters and digits only.
fn name_of(cell: &Cell, operations: u64) -> String {
    let name: String = cell.name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{name}.{operations}")
}
