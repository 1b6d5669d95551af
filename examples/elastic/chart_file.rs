//! Makes a drawing a file for everybody: with a title and a description for screen readers, and
//! readable on a light and on a dark page.

/// What follows the opening tag of an image.
const STYLE: &str = "<style>svg{color:#1b1b1b;background:#ffffff}\
                     @media(prefers-color-scheme:dark){svg{color:#e4e4e4;background:#16181d}}</style>";

/// Returns the drawing with title and description. Black becomes the text colour of the page, white
/// its background; other colours stay.
pub(crate) fn finished(drawing: &str, title: &str, description: &str) -> String {
    let drawing = drawing.replace("#000000", "currentColor").replace("#FFFFFF", "none");
    let head = format!(
        "<svg role=\"img\" aria-labelledby=\"title description\"><title id=\"title\">{}</title>\
         <desc id=\"description\">{}</desc>{STYLE}",
        escaped(title),
        escaped(description)
    );
    match drawing.strip_prefix("<svg ").and_then(|rest| rest.split_once('>')) {
        Some((size, body)) => format!("{}\n{body}", head.replacen("<svg ", &format!("<svg {size} "), 1)),
        None => drawing,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_a_title_and_takes_the_colours_of_the_page() {
        let drawing =
            "<svg width=\"9\" xmlns=\"x\">\n<rect fill=\"#FFFFFF\"/><text fill=\"#000000\">a</text>\n</svg>";
        let file = finished(drawing, "Queue & workers", "a < b");
        assert!(file.starts_with("<svg width=\"9\" xmlns=\"x\" role=\"img\""), "{file}");
        assert!(file.contains("<title id=\"title\">Queue &amp; workers</title>"), "{file}");
        assert!(file.contains("a &lt; b</desc><style>") && file.ends_with("</svg>"), "{file}");
        assert!(file.contains("<rect fill=\"none\"/><text fill=\"currentColor\">"), "{file}");
    }
}
