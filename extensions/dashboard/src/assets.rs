//! The files of the page, in the binary: no other host is asked, and no build step is needed.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A file: its path, its type, its text.
type File = (&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// All files. A test compares them with the directory.
pub(crate) const FILES: &[File] = &[
    ("/", HTML, include_str!("../page/index.html")),
    ("/page/style.css", CSS, include_str!("../page/style.css")),
    ("/page/parts.css", CSS, include_str!("../page/parts.css")),
    ("/page/main.js", JS, include_str!("../page/main.js")),
    ("/page/state.js", JS, include_str!("../page/state.js")),
    ("/page/stream.js", JS, include_str!("../page/stream.js")),
    ("/page/table.js", JS, include_str!("../page/table.js")),
    ("/page/rows.js", JS, include_str!("../page/rows.js")),
    ("/page/charts.js", JS, include_str!("../page/charts.js")),
    ("/page/detail.js", JS, include_str!("../page/detail.js")),
    ("/page/limits.js", JS, include_str!("../page/limits.js")),
    ("/page/waits.js", JS, include_str!("../page/waits.js")),
    ("/page/warnings.js", JS, include_str!("../page/warnings.js")),
    ("/page/log.js", JS, include_str!("../page/log.js")),
    ("/page/answers.js", JS, include_str!("../page/answers.js")),
    ("/page/text.js", JS, include_str!("../page/text.js")),
    ("/page/vendor/uPlot.iife.min.js", JS, include_str!("../page/vendor/uPlot.iife.min.js")),
    ("/page/vendor/uPlot.min.css", CSS, include_str!("../page/vendor/uPlot.min.css")),
    ("/page/vendor/LICENSE", "text/plain; charset=utf-8", include_str!("../page/vendor/LICENSE")),
];

/// Answers with a file, or that the client's copy is the same one.
pub(crate) fn answer(file: &File, headers: &HeaderMap) -> Response {
    let (_, kind, text) = *file;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    // The browser keeps a copy, and asks each time whether it is current.
    let caching = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    ([(header::CONTENT_TYPE, kind)], caching, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_file_of_the_page_is_served_and_small_enough_to_be_read() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        for (dir, prefix) in [("", "/page/"), ("vendor", "/page/vendor/")] {
            for entry in fs::read_dir(page.join(dir)).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                let path = if name == "index.html" { "/".into() } else { format!("{prefix}{name}") };
                let is_page = entry.path().is_file() && name != "README.md";
                assert!(!is_page || FILES.iter().any(|file| file.0 == path), "{path} is not served");
                let lines =
                    if is_page { fs::read_to_string(entry.path()).unwrap().lines().count() } else { 0 };
                assert!(lines < 400, "{path} has {lines} lines");
            }
        }
    }
}
