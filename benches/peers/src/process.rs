//! Cells as processes: each figure comes from a fresh one, so a failure affects only that figure.

use crate::contestants::Entry;
use crate::workload::{Info, Kind};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A cell that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs of cells.
#[derive(Clone, Debug)]
pub struct Programs {
    /// This program.
    plain: PathBuf,
    /// The program that counts allocations.
    counted: PathBuf,
    /// Whether valgrind is available to count instructions.
    has_valgrind: bool,
}

impl Programs {
    /// Finds the programs. The one that counts allocations is built if cargo is available.
    ///
    /// # Errors
    /// When it is missing and cannot be built.
    pub fn find() -> Result<Self, String> {
        let plain = env::current_exe().map_err(|error| format!("the path of this program is unknown: {error}"))?;
        let counted = plain.with_file_name("counted");
        if let Ok(cargo) = env::var("CARGO") {
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
            let mut build = Command::new(cargo);
            build.args(["build", "--release", "--quiet", "--locked", "--bin", "counted", "--manifest-path"]);
            let target = plain.parent().and_then(Path::parent).unwrap_or(Path::new("target"));
            match build.arg(manifest).arg("--target-dir").arg(target).status() {
                Ok(status) if status.success() => {}
                _ => return Err("the program that counts allocations could not be built".to_owned()),
            }
        }
        if !counted.exists() {
            return Err(
                "there is no program that counts allocations: cargo build --release --bin counted".to_owned()
            );
        }
        let valgrind =
            Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        Ok(Self { plain, counted, has_valgrind: valgrind.is_ok_and(|status| status.success()) })
    }

    /// Whether instructions can be counted.
    pub fn count_instructions(&self) -> bool {
        self.has_valgrind
    }

    /// Measures a cell.
    ///
    /// # Errors
    /// The last output of the process when it failed, or that it took too long.
    pub fn measure(&self, info: &Info, entry: &Entry, size: u64) -> Result<f64, String> {
        let cell = |program: &Path| {
            let mut command = Command::new(program);
            command.args(["cell", info.key, entry.name, &size.to_string()]);
            command
        };
        match info.kind {
            Kind::Timed => output(cell(&self.plain)).and_then(|out| figure(&out)),
            Kind::Counted => output(cell(&self.counted)).and_then(|out| figure(&out)),
            Kind::Instructions => {
                let (some, more) =
                    (self.instructions(info, entry, size)?, self.instructions(info, entry, 2 * size)?);
                Ok((more - some) / size as f64)
            }
        }
    }

    /// Instructions of a whole process that has one thread, its start and end included.
    fn instructions(&self, info: &Info, entry: &Entry, size: u64) -> Result<f64, String> {
        let file = env::temp_dir().join(format!("peers.{}.callgrind", std::process::id()));
        let mut command = Command::new("valgrind");
        command
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(&self.plain);
        command.args(["cell", info.key, entry.name, &size.to_string(), "single"]);
        let ran = output(command);
        let written = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        ran?;
        let total =
            written.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
        let total = total.and_then(|total| total.split_whitespace().next()?.parse().ok());
        total.ok_or_else(|| "callgrind wrote no total".to_owned())
    }
}

fn figure(out: &str) -> Result<f64, String> {
    out.trim().parse().map_err(|_| format!("it printed no figure but `{}`", out.trim()))
}

/// Runs a process to its end, with a time limit.
fn output(mut command: Command) -> Result<String, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| error.to_string())?;
    let id = child.id();
    let (done, end) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(ended) = end.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        return Err(format!("took longer than {} s", PATIENCE.as_secs()));
    };
    let ended = ended.map_err(|error| error.to_string())?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    Err(reason(&String::from_utf8_lossy(&ended.stderr)).unwrap_or_else(|| ended.status.to_string()))
}

/// The first panic's message, because later ones follow from it. An assertion's values are on
/// separate lines.
fn reason(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().map(str::trim);
    let panicked = lines.find(|line| line.contains("panicked at")).and_then(|_| lines.next());
    let message = panicked.or_else(|| stderr.lines().map(str::trim).rfind(|line| !line.is_empty()))?;
    let sides = lines.take_while(|line| line.starts_with("left: ") || line.starts_with("right: "));
    Some(sides.fold(message.to_owned(), |message, side| format!("{message}, {side}")))
}
