//! Text from outside as it may be printed: on one line, with unprintable characters escaped.

use std::fmt;

use gettickets_protocol::{cloudflare_status, text};
use http::StatusCode;

/// Displays a text on one line.
pub(super) struct Visible<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::escape(&self.0.to_string().replace(['\n', '\r', '\t'], " ")))
    }
}

/// Displays an HTTP status with its name.
pub(super) struct Named(pub(super) StatusCode);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.canonical_reason().or(cloudflare_status(self.0.as_u16()));
        match name {
            Some(name) => write!(f, "HTTP {} {name}", self.0.as_u16()),
            None => write!(f, "HTTP {}", self.0.as_u16()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_on_one_line_and_shows_what_is_invisible() {
        assert_eq!(Visible("a\nb\tc \u{1b}[2J\u{2060}").to_string(), "a b c \\u{1b}[2J\\u{2060}");
    }

    #[test]
    fn every_status_of_cloudflare_has_a_name() {
        for status in 520..=527 {
            let shown = Named(StatusCode::from_u16(status).unwrap()).to_string();
            assert!(shown.len() > "HTTP 520 ".len(), "{shown}");
        }
        assert_eq!(Named(StatusCode::FORBIDDEN).to_string(), "HTTP 403 Forbidden");
        assert_eq!(Named(StatusCode::from_u16(599).unwrap()).to_string(), "HTTP 599");
    }
}
