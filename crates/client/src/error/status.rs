//! Names of HTTP statuses that the `http` crate does not know.

use std::fmt;

use http::StatusCode;

/// Displays a status with its name.
pub(super) struct Named(pub(super) StatusCode);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.canonical_reason().or(match self.0.as_u16() {
            // Cloudflare's own.
            520 => Some("Web Server Returned an Unknown Error"),
            521 => Some("Web Server Is Down"),
            522 => Some("Connection Timed Out"),
            523 => Some("Origin Is Unreachable"),
            524 => Some("A Timeout Occurred"),
            525 => Some("SSL Handshake Failed"),
            526 => Some("Invalid SSL Certificate"),
            527 => Some("Railgun Error"),
            530 => Some("Origin DNS Error"),
            _ => None,
        });
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
    fn every_status_of_cloudflare_has_a_name() {
        for status in 520..=527 {
            let shown = Named(StatusCode::from_u16(status).unwrap()).to_string();
            assert!(shown.len() > "HTTP 520 ".len(), "{shown}");
        }
        assert_eq!(Named(StatusCode::FORBIDDEN).to_string(), "HTTP 403 Forbidden");
        assert_eq!(Named(StatusCode::from_u16(599).unwrap()).to_string(), "HTTP 599");
    }
}
