//! A headless Chromium that is driven through a pipe (the DevTools protocol): no driver program, no
//! WebSocket, no port.

use actors_core::BoxError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The longest time for one command, and for what a page is to show.
const ANSWER_MAX: Duration = Duration::from_secs(40);

/// A browser with one page.
pub(crate) struct Page {
    _browser: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    serial: u64,
    session: String,
    /// Errors of the page since the last look.
    pub(crate) errors: Vec<String>,
}

impl Page {
    /// Starts the browser. The variable `CHROMIUM` names another program.
    pub(crate) async fn open(profile: &Path) -> Result<Page, BoxError> {
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
        // The protocol is spoken on the descriptors 3 and 4: the shell makes them from ours.
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut browser = Command::new("sh")
            .args(["-c", script, &program, "--headless=new", "--no-sandbox", "--disable-gpu"])
            .args([
                "--remote-debugging-pipe",
                "--no-first-run",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .arg("--enable-precise-memory-info")
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (browser.stdin.take(), browser.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err("no pipe".into()) };
        let output = BufReader::with_capacity(1 << 20, output);
        let (serial, session, errors) = (0, String::new(), Vec::new());
        let mut page = Page { _browser: browser, input, output, serial, session, errors };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.call("Target.attachToTarget", attach).await?;
        page.session = attached["sessionId"].as_str().ok_or("no session")?.to_owned();
        for domain in ["Page", "Runtime", "Log", "Performance", "HeapProfiler"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(page)
    }

    /// Sends a command, and returns its result.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, BoxError> {
        self.serial += 1;
        let mut command = json!({ "id": self.serial, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.input.write_all(&text).await?;
        let answer = tokio::time::timeout(ANSWER_MAX, self.answer()).await;
        answer
            .map_err(|_| format!("{method}: no answer"))?
            .map_err(|error| format!("{method}: {error}").into())
    }

    async fn answer(&mut self) -> Result<Value, BoxError> {
        loop {
            let mut text = Vec::new();
            if self.output.read_until(0, &mut text).await? == 0 {
                return Err("the browser has ended".into());
            }
            text.pop();
            let message: Value = serde_json::from_slice(&text)?;
            if message["id"] == json!(self.serial) {
                let error = &message["error"];
                return if error.is_null() {
                    Ok(message["result"].clone())
                } else {
                    Err(error.to_string().into())
                };
            }
            self.note(&message);
        }
    }

    /// Keeps what a developer would see as an error in the console.
    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        let is_error = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => params["type"] == "error" || params["type"] == "warning",
            Some("Log.entryAdded") => params["entry"]["level"] == "error",
            _ => false,
        };
        if is_error {
            self.errors.push(params.to_string());
        }
    }

    /// Returns the value of an expression; a promise is awaited.
    pub(crate) async fn eval(&mut self, expression: &str) -> Result<Value, BoxError> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params).await?;
        match result.get("exceptionDetails") {
            None => Ok(result["result"]["value"].clone()),
            Some(thrown) => Err(format!("{expression}: {thrown}").into()),
        }
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&mut self, what: &str, expression: &str) -> Result<(), BoxError> {
        let script = format!(
            "new Promise((resolve) => {{
                const ends = performance.now() + 30000;
                const look = () => {{
                    let is = false;
                    try {{ is = Boolean({expression}); }} catch {{ is = false; }}
                    if (is || performance.now() > ends) resolve(is); else setTimeout(look, 50);
                }};
                look();
            }})"
        );
        match self.eval(&script).await? {
            Value::Bool(true) => {
                println!("  ✓ {what}");
                Ok(())
            }
            _ => Err(format!("{what}: not so after 30 s: {expression}").into()),
        }
    }

    pub(crate) async fn navigate(&mut self, url: &str) -> Result<(), BoxError> {
        self.call("Page.navigate", json!({ "url": url })).await.map(drop)
    }

    /// Presses a key; `text` is what it types.
    pub(crate) async fn press(&mut self, key: &str, text: Option<&str>) -> Result<(), BoxError> {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key });
            if let (Some(text), "keyDown") = (text, kind) {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Sets the size of the window and the colour scheme that the system wants.
    pub(crate) async fn look(&mut self, width: u32, height: u32, scheme: &str) -> Result<(), BoxError> {
        let is_phone = width < 600;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Writes a picture of the window; `whole` for the page below the window too.
    pub(crate) async fn shoot(&mut self, file: &Path, whole: bool) -> Result<(), BoxError> {
        let params = json!({ "format": "png", "captureBeyondViewport": whole });
        let shot = self.call("Page.captureScreenshot", params).await?;
        let bytes = STANDARD.decode(shot["data"].as_str().ok_or("no picture")?)?;
        Ok(std::fs::write(file, bytes)?)
    }

    /// Returns the memory of the page's scripts after a collection, in bytes.
    pub(crate) async fn heap(&mut self) -> Result<f64, BoxError> {
        self.call("HeapProfiler.collectGarbage", json!({})).await?;
        let metrics = self.call("Performance.getMetrics", json!({})).await?;
        let all = metrics["metrics"].as_array().ok_or("no metrics")?;
        let used = all.iter().find(|metric| metric["name"] == "JSHeapUsedSize").ok_or("no heap")?;
        used["value"].as_f64().ok_or_else(|| "no number".into())
    }
}
