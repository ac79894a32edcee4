//! From types to bytes: a page or an error as a server of a given version would send it.

mod json;
mod xml;

use crate::{ApiError, Page, ResponseType, Version};

impl Page {
    /// The page as JSON in the documented spelling, as a server of this version would send it: ids as
    /// text, `\/`, `\u00e9`.
    ///
    /// ```
    /// use gettickets_protocol::{Page, Ticket, Tickets, Version};
    /// let tickets = Tickets::new(&[Ticket { id: 7, ..Ticket::default() }], Version::V8_0);
    /// let json = Page::new(tickets, 0, 1).to_wire_json(Version::V8_0);
    /// assert!(json.starts_with(r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":"7""#));
    /// ```
    pub fn to_wire_json(&self, version: Version) -> String {
        json::page(&self.at(version))
    }

    /// The page as XML, as a server of this version would send it.
    ///
    /// XML has no null and no types: null becomes an empty element, and decoding gives an empty text.
    ///
    /// An unknown field whose name is no plain XML name (an ASCII letter or `_`, then letters, digits, `_`,
    /// `-` and `.`) is left out, as no element can carry it; unknown lists, objects, numbers and truth values
    /// become their JSON text.
    pub fn to_wire_xml(&self, version: Version) -> String {
        xml::page(&self.at(version), version)
    }
}

impl ApiError {
    /// The error as a server of this version would send it in this format.
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
