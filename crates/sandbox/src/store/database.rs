//! [`Database`]: the table of tickets, its indexes, and its deviations for a sandbox's quirks.
//!
//! The database is a temporary SQLite database: it is in memory while it is small, spills into an unnamed file as it
//! grows, and is deleted when it is closed.

use std::collections::HashSet;

use gettickets_protocol::Ticket;
use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::query::{ListOrder, Lists};
use super::{clock, record};
use crate::wire;

/// One row for each ticket. `lastreply` is in seconds, see [`clock`].
const TABLE: &str = "
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY,
    deptid INTEGER NOT NULL,
    userid INTEGER NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE,
    status TEXT NOT NULL COLLATE NOCASE,
    priority TEXT NOT NULL,
    lastreply INTEGER NOT NULL,
    flag INTEGER NOT NULL,
    folded TEXT NOT NULL,
    wire TEXT NOT NULL
) STRICT;
";

/// Created after the tickets are inserted, which is several times faster than updating them for each ticket.
///
/// Every list of ids is read from a single index; rows of the table are read only for the tickets of a page.
const INDEXES: &str = "
CREATE UNIQUE INDEX by_reply ON ticket (lastreply, id, deptid, status);
CREATE UNIQUE INDEX by_subject ON ticket (lastreply, id, deptid, status, folded);
CREATE INDEX by_client ON ticket (userid, lastreply, id, deptid, status, folded) WHERE userid <> 0;
CREATE INDEX by_address ON ticket (email, lastreply, id, deptid, status, folded) WHERE userid = 0;
CREATE INDEX by_flag ON ticket (flag, lastreply, id, deptid, status, folded) WHERE flag <> 0;
";

const HOUR: i64 = 3_600;

/// The deviations of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behavior {
    /// The order of every list.
    pub(crate) order: ListOrder,
    /// Whether the tickets in the middle half of the list are left out of pages.
    pub(crate) hides_rows: bool,
    /// Whether the clock was set back an hour after the newest quarter of the tickets was answered in that
    /// hour.
    pub(crate) clock_set_back: bool,
}

/// The tickets, and the cached lists.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) lists: Lists,
    /// The tickets that are left out of pages.
    pub(super) hidden: HashSet<i64>,
    /// The time of the install's clock, if it differs from the newest reply.
    pub(super) clock: Option<i64>,
}

impl Database {
    /// Creates a database with these tickets.
    pub(super) fn new(
        tickets: impl Iterator<Item = Ticket>,
        behavior: Behavior,
    ) -> Result<Database, StoreError> {
        // An empty name means a temporary database on disk, cached in memory.
        let mut connection = Connection::open("")?;
        connection.execute_batch(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLE)?;
        {
            let mut insert = transaction.prepare(record::INSERT)?;
            for ticket in tickets {
                record::write(&mut insert, &ticket)?;
            }
        }
        transaction.execute_batch(INDEXES)?;
        transaction.commit()?;
        let mut database =
            Database { connection, lists: Lists::new(behavior.order), hidden: HashSet::new(), clock: None };
        if behavior.clock_set_back {
            database.set_clock_back()?;
        }
        if behavior.hides_rows {
            let ids = database.ids()?;
            let middle = ids.iter().skip(ids.len() / 4).take(ids.len() / 2);
            database.hidden = middle.copied().collect();
        }
        Ok(database)
    }

    /// Every id in the order of the list.
    pub(super) fn ids(&mut self) -> Result<Vec<i64>, StoreError> {
        Ok(self.lists.ids(&self.connection, &Default::default())?.to_vec())
    }

    pub(super) fn len(&self) -> Result<u64, StoreError> {
        let count = self.connection.query_row("SELECT count(*) FROM ticket", [], |row| row.get(0))?;
        Ok(record::unsigned(count))
    }

    /// The stored JSON objects of these tickets, without those that do not exist.
    pub(super) fn objects(&self, ids: &[i64]) -> Result<Vec<String>, StoreError> {
        // In one transaction, so that SQLite does not begin and end one for each ticket.
        let transaction = self.connection.unchecked_transaction()?;
        let mut statement = transaction.prepare_cached("SELECT wire FROM ticket WHERE id = ?1")?;
        let objects = ids.iter().filter_map(|id| {
            statement.query_row([id], |row| row.get(0)).optional().map_err(StoreError::from).transpose()
        });
        objects.collect()
    }

    pub(super) fn get(&self, id: u64) -> Result<Option<Ticket>, StoreError> {
        let object = self.objects(&[record::signed(id)])?;
        let tickets = wire::parse(&object).ok_or(StoreError::unreadable())?;
        Ok(tickets.get(0).map(|ticket| ticket.to_ticket()))
    }

    /// Spreads the last replies of the newest quarter of the list over one hour, and sets the clock back to
    /// the beginning of that hour.
    fn set_clock_back(&mut self) -> Result<(), StoreError> {
        let newest = self.newest()?;
        let ids = self.ids()?;
        let quarter = ids.len().div_ceil(4);
        for (rank, id) in ids.into_iter().take(quarter).enumerate() {
            let ago = HOUR * rank as i64 / quarter as i64;
            self.update(record::unsigned(id), |ticket| {
                record::set_lastreply(ticket, clock::time(newest - ago));
            })?;
        }
        self.clock = Some(newest - HOUR);
        Ok(())
    }
}
