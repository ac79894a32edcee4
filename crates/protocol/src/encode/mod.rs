//! Encoding: from types to bytes, as a server of a given version would send them.

mod json;
mod xml;

use crate::{ApiError, Page, ResponseType, Version};

impl Page {
    /// Encodes the page as JSON in the documented spelling, as a server of this version would send it: ids as text,
    /// `\/`, `\u00e9`.
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
    /// An unknown field is left out if its name is not a plain XML name (an ASCII letter or `_`, then letters, digits,
    /// `_`, `-` and `.`). Unknown lists, objects, numbers and booleans become their JSON text.
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
