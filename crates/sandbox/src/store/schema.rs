//! The database: tables, indexes, and how a million tickets get into them quickly.
//!
//! The database is SQLite's own temporary one: it lives in memory while it is small, spills into a nameless
//! file as it grows, and is gone when closed.

use gettickets_protocol::Ticket;
use rusqlite::Connection;

use super::{StoreError, row};

/// One column a field, one row a ticket. Times are seconds, see [`clock`](super::clock).
const TICKETS: &str = "
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY,
    tid TEXT NOT NULL,
    deptid INTEGER NOT NULL,
    userid INTEGER NOT NULL,
    name TEXT NOT NULL,
    owner_name TEXT,
    email TEXT NOT NULL,
    requestor_name TEXT,
    requestor_email TEXT,
    requestor_type TEXT,
    cc TEXT NOT NULL,
    c TEXT NOT NULL,
    date INTEGER NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    admin TEXT NOT NULL,
    attachment TEXT NOT NULL,
    attachments TEXT,
    attachments_removed INTEGER,
    lastreply INTEGER NOT NULL,
    flag INTEGER NOT NULL,
    service TEXT NOT NULL,
    extra TEXT
) STRICT;
";

/// Built once the tickets are in, which is several times faster than keeping them while tickets come.
///
/// `by_reply` covers everything that a list without a client, an address or a flag asks for, so that no row
/// is read for a ticket that is only counted or passed over. The others are for the few tickets of one
/// client, address or admin.
const INDEXES: &str = "
CREATE UNIQUE INDEX by_reply ON ticket (lastreply, id, deptid, status);
CREATE INDEX by_client ON ticket (userid, lastreply, id, deptid, status) WHERE userid <> 0;
CREATE INDEX by_address ON ticket (email COLLATE NOCASE, lastreply, id, deptid, status) WHERE userid = 0;
CREATE INDEX by_flag ON ticket (flag, lastreply, id, deptid, status) WHERE flag <> 0;
";

/// A new database with these tickets.
pub(super) fn create(tickets: impl Iterator<Item = Ticket>) -> Result<Connection, StoreError> {
    // The empty name is SQLite's for a temporary database on disk, cached in memory.
    let mut connection = Connection::open("")?;
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    let transaction = connection.transaction()?;
    transaction.execute_batch(TICKETS)?;
    {
        let mut insert = transaction.prepare(row::INSERT)?;
        for ticket in tickets {
            row::insert(&mut insert, &ticket)?;
        }
    }
    transaction.execute_batch(INDEXES)?;
    transaction.commit()?;
    Ok(connection)
}
