//! The two text formats that Prometheus reads, and the choice between them.
//!
//! OpenMetrics has units, and names that end in `_total` by rule. The older text format is what
//! `curl`, agents and `promtool check metrics` expect. A scraper says which it takes, in the header
//! `Accept`.

/// A text format of a page of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// OpenMetrics 1.0.0. The page ends with `# EOF`.
    OpenMetrics,
    /// The text format 0.0.4 of Prometheus.
    Text,
}

const OPEN_METRICS: &str = "application/openmetrics-text";
const TEXT: &str = "text/plain";

impl Format {
    /// Returns the value of the header `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Chooses by the value of the header `Accept`: OpenMetrics if the scraper names it with a
    /// weight above zero and not below that of `text/plain`. Otherwise, and without the header, the
    /// text format.
    ///
    /// ```
    /// use actors_metrics::Format;
    ///
    /// let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    /// assert_eq!(Format::accepted(Some(prometheus)), Format::OpenMetrics);
    /// assert_eq!(Format::accepted(Some("*/*")), Format::Text);
    /// assert_eq!(Format::accepted(None), Format::Text);
    /// ```
    pub fn accepted(accept: Option<&str>) -> Format {
        let weight = |wanted: &str| {
            let ranges = accept.unwrap_or_default().split(',').filter_map(range);
            let weights = ranges.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            weights.map(|(_, weight)| weight).fold(0.0, f64::max)
        };
        let open_metrics = weight(OPEN_METRICS);
        match open_metrics > 0.0 && open_metrics >= weight(TEXT) {
            true => Format::OpenMetrics,
            false => Format::Text,
        }
    }
}

/// A media range and its weight. OpenMetrics of another major version is left out.
fn range(text: &str) -> Option<(&str, f64)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?;
    let mut weight = 1.0;
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match key.trim() {
            // A weight that cannot be read is none.
            key if key.eq_ignore_ascii_case("q") => weight = value.parse().unwrap_or(0.0),
            key if key.eq_ignore_ascii_case("version") && name.eq_ignore_ascii_case(OPEN_METRICS) => {
                value.starts_with("1.").then_some(())?;
            }
            _ => {}
        }
    }
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scraper_gets_the_format_that_it_prefers() {
        for (accept, format) in [
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.2", Format::OpenMetrics),
            ("text/plain;q=0.5, application/openmetrics-text;q=0.5", Format::OpenMetrics),
            ("text/plain;q=0.6, application/openmetrics-text;q=0.5", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=soon", Format::Text),
            // Prometheus 2.5 to 2.33 also offered a draft, after the version that it prefers.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text;version=0.0.1", Format::Text),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("text/html, */*", Format::Text),
            ("", Format::Text),
            (";;=,,;q", Format::Text),
        ] {
            assert_eq!(Format::accepted(Some(accept)), format, "{accept}");
        }
    }
}
