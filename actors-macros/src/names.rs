//! Names derived from names: `order_book` gives the message `OrderBook`, `OrderBook` the module
//! `order_book_messages`.

use proc_macro2::{Ident, Span};

/// `page_viewed` → `PageViewed`; `None` where that is not a type name (`_`, `_1`, `self_`).
pub(crate) fn type_name(method: &Ident) -> Option<Ident> {
    let mut name = String::new();
    for part in plain(method).split('_') {
        let mut letters = part.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    let mut ident = syn::parse_str::<Ident>(&name).ok()?;
    ident.set_span(method.span());
    Some(ident)
}

/// `OrderBook` → `order_book`, `HTTPServer` → `http_server`.
pub(crate) fn snake_case(name: &Ident) -> String {
    let letters: Vec<char> = plain(name).chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before != '_' && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if begins {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The identifier without `r#`.
pub(crate) fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// An identifier that belongs to the expansion.
pub(crate) fn ident(name: impl AsRef<str>) -> Ident {
    Ident::new(name.as_ref(), Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_names_a_type() {
        let name = |method: &str| type_name(&ident(method)).map(|name| name.to_string());
        assert_eq!(name("page_viewed").as_deref(), Some("PageViewed"));
        assert_eq!(name("viewed").as_deref(), Some("Viewed"));
        assert_eq!(name("_http2_get").as_deref(), Some("Http2Get"));
        assert_eq!(name("self_"), None);
        assert_eq!(name("_1"), None);
        assert_eq!(name("__"), None);
    }

    #[test]
    fn a_type_names_a_module() {
        let name = |name: &str| snake_case(&ident(name));
        assert_eq!(name("Shop"), "shop");
        assert_eq!(name("OrderBook"), "order_book");
        assert_eq!(name("HTTPServer"), "http_server");
        assert_eq!(name("Shop2Go"), "shop2_go");
        assert_eq!(name("Order_Book"), "order_book");
    }
}
