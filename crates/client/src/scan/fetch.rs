//! [`Fetch`]: all that a scan needs of whom it asks, so that it can be tried against a list in memory.

use std::sync::atomic::AtomicBool;

use crate::protocol::{GetTickets, Page};
use crate::{Client, Error};

/// Whom a scan asks for its pages. A [`Client`] is one.
///
/// A scan holds of a page that it is one moment's state of the list; nothing of what happens between two.
pub trait Fetch: Send + 'static {
    /// Brings one page, after retries and in another format where that helps.
    ///
    /// # Errors
    ///
    /// Any ends the scan, but one of the class [`Encoding`](crate::ApiErrorClass::Encoding): it says that a
    /// ticket on the page can't be carried, and the scan narrows down to it.
    fn fetch(&self, request: &GetTickets) -> Result<Fetched, Error>;

    /// Who is asked, without credentials: a cursor of one server is refused at another. Default: empty.
    fn identity(&self) -> String {
        String::new()
    }
}

/// A page, and what it took to get it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The page.
    pub page: Page,
    /// How many requests were made for it, at least one.
    pub requests: u32,
}

impl Fetch for Client {
    fn fetch(&self, request: &GetTickets) -> Result<Fetched, Error> {
        let fetched = Client::fetch(self, request, &AtomicBool::new(false))?;
        Ok(Fetched { page: fetched.page, requests: fetched.requests })
    }

    fn identity(&self) -> String {
        self.place()
    }
}
