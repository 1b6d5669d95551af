//! Checks the page in a browser: what a person would do in the first minute, and pictures of it.
//!
//! ```sh
//! bash .ci/browser                # installs chromium if it is missing, and runs this
//! cargo run -p actors-dashboard --example browser -- DIRECTORY    # where the pictures go
//! ```
//!
//! It uses the real clock, because a browser does. It exits with an error at the first thing that a
//! page does not show within 30 s.

mod chrome;
#[path = "../examples/storm/shop.rs"]
mod shop;

use actors_core::prelude::*;
use actors_dashboard::{Dashboard, Token};
use chrome::Page;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The sizes of the pictures: a phone, a laptop, a wall.
const SIZES: [(u32, u32); 3] = [(360, 740), (1280, 800), (3840, 2160)];
/// Names and texts of the watched program are text on the page, whatever they look like.
const HOSTILE: &str = "<img src=x onerror=document.title='owned'>";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The limit of the page's memory with 10,000 actors.
const HEAP_MAX: f64 = 50e6;

struct Idle;

#[actor(capacity = 4, reserve = 0)]
impl Idle {
    #[message(overflow = reject)]
    fn rest(&mut self) {}
}

/// A system in a storm, with its dashboard.
struct Watched {
    system: System,
    serving: JoinHandle<()>,
    address: SocketAddr,
    _hostile: IdleHandle,
}

async fn start(address: SocketAddr, sessions: usize) -> Result<Watched, BoxError> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let system = System::builder("storm").seed(1).histograms(shop::EVERY).build();
    shop::start(&system, sessions, 1)?;
    let hostile: IdleHandle = system.instance(Idle).name(HOSTILE).spawn()?;
    let dashboard = Dashboard::new(&system).allow_changes(Token::new(TOKEN)?);
    let serving = tokio::spawn(async move {
        if let Err(error) = dashboard.serve_on(listener).await {
            eprintln!("{error}");
        }
    });
    Ok(Watched { system, serving, address, _hostile: hostile })
}

impl Watched {
    async fn stop(self) -> Result<(), BoxError> {
        self.system.shutdown(Duration::from_secs(5)).await;
        Ok(self.serving.await?)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pictures =
        std::env::args().nth(1).map_or_else(|| PathBuf::from("target/browser/pictures"), PathBuf::from);
    std::fs::create_dir_all(&pictures)?;
    // The storm panics on purpose, many times.
    std::panic::set_hook(Box::new(|_| {}));
    let profile = std::env::temp_dir().join(format!("actors-browser-{}", std::process::id()));
    let mut page = Page::open(&profile).await?;
    let result = checks(&mut page, &pictures).await;
    drop(page);
    let _ = std::fs::remove_dir_all(&profile);
    result
}

async fn checks(page: &mut Page, pictures: &Path) -> Result<(), BoxError> {
    let watched = start("127.0.0.1:0".parse()?, 40).await?;
    let address = watched.address;
    page.look(1280, 800, "light").await?;
    page.navigate(&format!("http://{address}/")).await?;
    println!("what the page shows");
    shows(page).await?;
    println!("limits");
    limits(page).await?;
    println!("keyboard");
    keyboard(page).await?;
    println!("pictures in {}", pictures.display());
    shoot(page, pictures).await?;
    no_errors(page)?;
    println!("a broken stream");
    page.until("live before", "document.querySelector('#stream').textContent.includes('live')").await?;
    watched.stop().await?;
    let banner = "document.querySelector('#banner')";
    page.until(
        "the page says that the stream broke",
        &format!("{banner}.textContent.includes('Next attempt')"),
    )
    .await?;
    page.shoot(&pictures.join("broken.png"), false).await?;
    let watched = start(address, 40).await?;
    page.until("it connects again", "document.querySelector('#stream').textContent.includes('live')").await?;
    page.until("the banner goes", &format!("{banner}.hidden || !{banner}.textContent.includes('attempt')"))
        .await?;
    page.navigate("about:blank").await?;
    page.until("another page", "location.href === 'about:blank'").await?;
    // Requests of the broken time are errors in a console, as they should be.
    page.errors.clear();
    watched.stop().await?;
    println!("10,000 actors");
    thousands(page, pictures).await
}

async fn shows(page: &mut Page) -> Result<(), BoxError> {
    page.until("rows of actors", "document.querySelectorAll('#table .body .row').length >= 6").await?;
    page.until("five answers", "document.querySelectorAll('#answers .card').length === 5").await?;
    let row = |name: &str| {
        format!(
            "[...document.querySelectorAll('#table .body .text')].find((node) => node.textContent === {name:?})"
        )
    };
    page.until(
        "a hostile name is text",
        &format!("({}) && document.images.length === 0 && document.title !== 'owned'", row(HOSTILE)),
    )
    .await?;
    page.until("the bottleneck", "document.querySelector('#answers .card').textContent.includes('orders')")
        .await?;
    page.until("the wait graph", "document.querySelectorAll('#graph .node').length >= 2 && document.querySelector('#graph .bottleneck')").await?;
    page.until("waits as sentences", "document.querySelectorAll('#edges li').length >= 1").await?;
    page.until("decisions as sentences", "document.querySelectorAll('#decisions li .sentence').length >= 3")
        .await?;
    page.until(
        "the warning that nothing absorbs pressure",
        "document.querySelector('#warnings').textContent.includes('pressure ends at `auditor`')",
    )
    .await?;
    page.until("samples of lost messages", "document.querySelectorAll('#letters tbody tr').length >= 3")
        .await?;
    let text = "[...document.querySelectorAll('#letters .payload')].some((node) => node.textContent.includes('<b>'))";
    page.until("their texts are text", &format!("{text} && !document.querySelector('#letters b')")).await?;
    page.eval(&format!("({}).click()", row("web"))).await?;
    page.until("the selected actor", "document.querySelector('#detail h2').textContent === 'web'").await?;
    page.until("four charts", "document.querySelectorAll('#detail .plot canvas').length === 4").await?;
    page.until(
        "stacked outcomes",
        "document.querySelectorAll('#detail figure:nth-child(2) .legend li').length >= 3",
    )
    .await?;
    page.until("quantiles", "document.querySelector('#detail').textContent.includes('p99.9')").await?;
    page.until(
        "decisions as marks on its charts",
        "document.querySelector('#detail .uplot').dataset.marks > 0",
    )
    .await?;
    page.until("the four questions", "document.querySelectorAll('#detail .boundaries tbody tr').length === 2")
        .await
}

async fn limits(page: &mut Page) -> Result<(), BoxError> {
    page.until(
        "the settings",
        "document.querySelector('#detail .limits pre').textContent.includes('\"capacity\": 128')",
    )
    .await?;
    for (token, result) in [("0123456789abcdef", "✕ 401"), (TOKEN, "✓ changed")] {
        let fill = format!(
            "(() => {{
                document.querySelector('#detail textarea').value = '{{ \"capacity\": 160 }}';
                document.querySelector('#detail input').value = '{token}';
                document.querySelector('#detail form').requestSubmit();
            }})()"
        );
        page.eval(&fill).await?;
        let shown = format!("document.querySelector('#detail .result').textContent.startsWith('{result}')");
        page.until(&format!("a change with this token: {result}"), &shown).await?;
    }
    page.until("the change holds", "document.querySelector('#detail .facts').textContent.includes('of 160')")
        .await?;
    page.until(
        "the change is a decision",
        "document.querySelector('#decisions').textContent.includes('reconfigured by dashboard')",
    )
    .await?;
    // The refused change is an error in a console, as it should be.
    page.errors.retain(|error| !error.contains("status of 401"));
    Ok(())
}

async fn keyboard(page: &mut Page) -> Result<(), BoxError> {
    page.press("/", Some("/")).await?;
    page.until("/ goes to the search", "document.activeElement.id === 'search'").await?;
    for letter in ["s", "h", "o", "p"] {
        page.press(letter, Some(letter)).await?;
    }
    page.until("the search filters", "document.querySelectorAll('#table .body .row').length === 1").await?;
    page.press("Escape", None).await?;
    page.until(
        "Esc clears it, and goes to the table",
        "document.activeElement.id === 'table' && document.querySelector('#search').value === ''",
    )
    .await?;
    page.press("Home", None).await?;
    page.press("ArrowDown", None).await?;
    let active =
        "document.getElementById(document.querySelector('#table').getAttribute('aria-activedescendant'))";
    page.until("arrows move", &format!("{active}.getAttribute('aria-rowindex') === '3'")).await?;
    let lobby = format!(
        "[...{active}.parentElement.children].find((row) => row.querySelector('.text').textContent === 'lobby')"
    );
    page.eval(&format!("({lobby}).click()")).await?;
    page.eval("document.querySelector('#table').focus()").await?;
    page.until("a large family is folded", &format!("{active}.getAttribute('aria-expanded') === 'false'"))
        .await?;
    page.press("ArrowRight", None).await?;
    page.until("→ unfolds", &format!("{active}.getAttribute('aria-expanded') === 'true'")).await?;
    page.press("ArrowLeft", None).await?;
    page.until("← folds", &format!("{active}.getAttribute('aria-expanded') === 'false'")).await?;
    page.press("Enter", None).await?;
    page.until("Enter shows it", "document.querySelector('#detail h2').textContent === 'lobby'").await?;
    page.press("Escape", None).await?;
    page.until("Esc closes it", "!document.querySelector('#detail h2')").await
}

async fn shoot(page: &mut Page, pictures: &Path) -> Result<(), BoxError> {
    page.eval("[...document.querySelectorAll('#table .body .text')].find((node) => node.textContent === 'web').click()").await?;
    page.eval("document.activeElement.blur(); scrollTo(0, 0)").await?;
    for (width, height) in SIZES {
        for scheme in ["light", "dark"] {
            page.look(width, height, scheme).await?;
            // Two frames of the stream, in which everything is drawn in the new size and colours.
            page.eval("new Promise((resolve) => setTimeout(resolve, 2500))").await?;
            let overflow = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
            page.until(&format!("nothing wider than {width} in {scheme}"), overflow).await?;
            page.shoot(&pictures.join(format!("{width}x{height}-{scheme}.png")), false).await?;
            page.shoot(&pictures.join(format!("{width}x{height}-{scheme}-whole.png")), true).await?;
        }
    }
    page.look(1280, 800, "light").await
}

async fn thousands(page: &mut Page, pictures: &Path) -> Result<(), BoxError> {
    let watched = start("127.0.0.1:0".parse()?, 10_000).await?;
    page.look(1280, 800, "dark").await?;
    page.navigate(&format!("http://{}/", watched.address)).await?;
    page.until("10,000 actors", "document.querySelector('#totals').textContent.includes('10 k')").await?;
    page.press("/", Some("/")).await?;
    page.eval("(() => { const box = document.querySelector('#search'); box.value = 's'; box.dispatchEvent(new Event('input')); })()").await?;
    page.until(
        "a search of thousands",
        "document.querySelector('#table').getAttribute('aria-rowcount') > 10000",
    )
    .await?;
    page.until(
        "only rows in view are elements",
        "document.querySelectorAll('#table .body .row').length < 60",
    )
    .await?;
    page.eval("document.querySelector('#table .scroll').scrollTop = 1e7").await?;
    page.until(
        "the end of the list",
        "[...document.querySelectorAll('#table .body .text')].some((node) => node.textContent === 'shop')",
    )
    .await?;
    // Half a minute of history.
    page.eval("new Promise((resolve) => setTimeout(resolve, 30000))").await?;
    let longest = page
        .eval("new Promise((resolve) => {
            let [longest, last] = [0, performance.now()];
            const ends = last + 5000;
            const step = (now) => { longest = Math.max(longest, now - last); last = now; now > ends ? resolve(longest) : requestAnimationFrame(step); };
            requestAnimationFrame(step);
        })")
        .await?;
    let heap = page.heap().await?;
    println!(
        "  memory of its scripts: {:.1} MB; longest pause between two frames in 5 s: {longest} ms",
        heap / 1e6
    );
    if heap > HEAP_MAX {
        return Err(format!("{heap} bytes are more than {HEAP_MAX}").into());
    }
    page.shoot(&pictures.join("thousands.png"), false).await?;
    no_errors(page)?;
    watched.stop().await
}

fn no_errors(page: &Page) -> Result<(), BoxError> {
    match page.errors.as_slice() {
        [] => {
            println!("  ✓ no errors in the console");
            Ok(())
        }
        errors => Err(format!("errors in the console:\n{}", errors.join("\n")).into()),
    }
}
