//! Encoding: from types to bytes, as a server of a given version would send them.

mod json;
mod xml;

use crate::{ApiError, Page, ResponseType, Version};

impl Page {
    /// Encodes the page as wire JSON: in the documented format, as a server of this version would send it, with ids as
    /// text, `\/` and `\u00e9`. [`decode`](crate::decode) reads it. This project's own format, canonical JSON, is
    /// [`to_json`](Page::to_json).
    ///
    /// ```
    /// use gettickets_protocol::{Page, Ticket, Tickets, Version};
    /// let tickets = Tickets::new(&[Ticket { id: 7, ..Ticket::default() }], Version::V8_0);
    /// let json = Page::new(tickets, 0, 1).to_wire_json(Version::V8_0);
    /// assert!(json.starts_with(r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":"7""#));
    /// ```
    pub fn to_wire_json(&self, version: Version) -> String {
        json::page(&self.as_of_version(version))
    }

    /// Encodes the page as XML, as a server of this version would send it.
    ///
    /// XML has no null and no types: null becomes an empty element, which is decoded as an empty text.
    ///
    /// An unknown field is dropped if its name is not a plain XML name (an ASCII letter or `_`, then ASCII letters,
    /// digits, `_`, `-` and `.`); [`to_wire_json`](Page::to_wire_json) keeps it. Unknown lists, objects, numbers and
    /// booleans become their JSON text.
    pub fn to_wire_xml(&self, version: Version) -> String {
        xml::page(&self.as_of_version(version), version)
    }
}

impl ApiError {
    /// Encodes the error as a server of this version would send it in this format.
    ///
    /// ```
    /// use gettickets_protocol::{ApiError, ResponseType, Version};
    /// let error = ApiError::new("Authentication Failed");
    /// assert_eq!(error.to_wire(ResponseType::Nvp, Version::V8_0), "result=error;message=Authentication Failed;");
    /// ```
    pub fn to_wire(&self, format: ResponseType, version: Version) -> String {
        match (format, self.message()) {
            (ResponseType::Json, message) => json::error(message),
            (ResponseType::Xml, message) => xml::error(message, version),
            (ResponseType::Nvp, Some(message)) => format!("result=error;message={message};"),
            (ResponseType::Nvp, None) => "result=error;".to_owned(),
        }
    }
}
