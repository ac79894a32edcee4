//! [`Report`]: what a scan met on its way.

use serde::{Deserialize, Serialize};

/// What a scan met so far. It may be a page ahead of the tickets told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Tickets told.
    pub tickets: u64,
    /// Pages that brought tickets to tell.
    pub pages: u64,
    /// Requests sent, whatever they brought.
    pub requests: u64,
    /// Requests that were sent again, after a failure or in another format.
    pub retries: u64,
    /// Times that the list was found to have moved under the reader.
    pub shifts: u64,
    /// Tickets met again after they had been told, as they had moved; they are not told twice.
    pub duplicates: u64,
    /// Tickets met again with a later reply than the one told. [`renewed`](Report::renewed) has their ids.
    pub renewals: u64,
    /// Ids of the tickets that have a later reply than the one told; the first 1,000 of them.
    pub renewed: Vec<u64>,
    /// Times that the front of the list, or the whole, was read again to be certain.
    pub closings: u64,
    /// Tickets that the server can't send.
    pub holes: Vec<Hole>,
    /// How many tickets match, as the server counted them last; it may be wrong.
    pub total: Option<u64>,
}

/// A ticket that the server can't send, as a text in it is not UTF-8 and no format carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hole {
    /// Its offset (`limitstart`) when it was met.
    pub offset: u64,
    /// The id of the nearest ticket before it that can be read; none at the front of the list.
    pub after: Option<u64>,
    /// How many such tickets stand between that one and this.
    pub nth: u64,
}

impl Report {
    /// How many ids [`renewed`](Report::renewed) holds at most.
    pub(super) const MOST_RENEWED: usize = 1000;
}
