//! The table of endpoints, used by `--help`, `GET /` and the answers 404 and 405.

/// Method, path, and what it does.
pub(crate) const ENDPOINTS: [(&str, &str, &str); 12] = [
    ("POST", "/charge", r#"pays an order: {"card": 4242, "cents": 990}; 201 with its number"#),
    ("GET", "/orders/{id}", "where an order is"),
    ("POST", "/view?page=/", "counts a page view; may be lost"),
    ("PUT", "/prices/{sku}", r#"sets a price of products 0 to 63: {"cents": 990}"#),
    ("GET", "/audit", "the shop's own books"),
    ("GET", "/", "this list"),
    ("GET", "/healthz", "200 while the actors live: restart the process when it is not"),
    (
        "GET",
        "/readyz",
        "200 while more requests are welcome: 503 with the reason when the queue is nearly full, or at the end",
    ),
    ("GET", "/metrics", "numbers of every actor, for Prometheus"),
    ("GET", "/snapshot", "the same and more, as JSON"),
    ("GET", "/ledger", "what became of every message, as tables"),
    ("GET", "/decisions", "what the runtime decided by itself"),
];

/// The table as text, one line per endpoint.
pub(crate) fn list() -> String {
    let lines = ENDPOINTS.iter().map(|(method, path, what)| format!("  {method:<5} {path:<15} {what}\n"));
    lines.collect()
}
