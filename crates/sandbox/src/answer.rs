//! [`Answer`]: a response before it is sent.

use gettickets_protocol::{ApiError, ResponseType, Version};

pub(crate) const JSON: &str = "application/json";
pub(crate) const XML: &str = "application/xml; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A response before it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delivery: Delivery,
}

/// How a response is sent.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// At once.
    Whole,
    /// A few bytes at a time.
    Dripping,
    /// The first half, and then the connection is closed.
    CutOff,
    /// Not at all: the client waits.
    Never,
    /// The body, then one piece many times, then an end.
    Repeated { piece: Vec<u8>, times: usize, end: Vec<u8> },
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        let (headers, delivery) = (Vec::new(), Delivery::Whole);
        Answer { status, content_type, headers, body: body.into(), delivery }
    }

    /// An error of the API in the requested format.
    pub(crate) fn error(status: u16, error: &ApiError, format: ResponseType, version: Version) -> Answer {
        let content_type = match format {
            ResponseType::Json => JSON,
            ResponseType::Xml => XML,
            ResponseType::Nvp => TEXT,
        };
        Answer::new(status, content_type, error.to_wire(format, version))
    }

    /// An HTML page. Both texts are inserted unescaped.
    pub(crate) fn page(status: u16, title: &str, text: &str) -> Answer {
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body><h1>{title}</h1><p>{text}</p></body>\n</html>\n"
        );
        Answer::new(status, HTML, html)
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }
}
