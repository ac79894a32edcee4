//! The tickets of a sandbox, in SQLite: what a server sends, and what tests change while it does.

mod changes;
mod clock;
mod query;
mod row;
mod schema;
mod search;
mod subjects;
mod tally;
mod text;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gettickets_protocol::{DateTime, Status, Ticket};
use rusqlite::{Connection, OptionalExtension};

pub(crate) use self::query::{Filter, Slice};
use self::query::{Listed, Source};
use self::subjects::Subjects;
use self::tally::{Standing, Tally};
use crate::generate::Draw;

/// The tickets of a running sandbox, for tests that change them while it serves. Cloning gives another
/// handle to the same tickets.
///
/// A change is whole before the next request sees it.
///
/// ```
/// use gettickets_protocol::{Status, Ticket};
/// let sandbox = gettickets_sandbox::Sandbox::builder().tickets(10).start()?;
/// let store = sandbox.store();
/// let id = store.open(Ticket { subject: "New".into(), ..Ticket::default() })?;
/// store.reply(id, Status::Answered)?;
/// store.close(3)?;
/// store.delete(4)?;
/// assert_eq!(store.len()?, 10);
/// assert_eq!(store.get(3)?.map(|ticket| ticket.status), Some(Status::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    connection: Connection,
    tally: Tally,
    subjects: Subjects,
    /// Counts changes.
    generation: u64,
    listed: Option<Listed>,
}

impl Store {
    pub(crate) fn new(tickets: impl Iterator<Item = Ticket>) -> Result<Store, StoreError> {
        let mut subjects = Subjects::default();
        let tickets = tickets.inspect(|ticket| {
            subjects.add(row::signed(ticket.id), &Standing::of(ticket), &text::folded(&ticket.subject));
        });
        let connection = schema::create(tickets)?;
        let tally = Tally::count(&connection)?;
        let inner = Inner { connection, tally, subjects, generation: 0, listed: None };
        Ok(Store { inner: Arc::new(Mutex::new(inner)) })
    }

    /// Opens a ticket and gives its id: the one it has, or the next free one if that is 0. Without a
    /// `lastreply` it comes to the front of the list; without a `date` it was opened then.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the id is taken.
    pub fn open(&self, ticket: Ticket) -> Result<u64, StoreError> {
        self.lock().open(ticket)
    }

    /// Replies to a ticket: it comes to the front of the list with this status. `false` if there is none
    /// with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn reply(&self, id: u64, status: Status<'_>) -> Result<bool, StoreError> {
        self.lock().reply(id, &status)
    }

    /// Gives a ticket this status and leaves it where it is in the list. `false` if there is none with
    /// this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn set_status(&self, id: u64, status: Status<'_>) -> Result<bool, StoreError> {
        self.lock().set_status(id, &status)
    }

    /// Closes a ticket. `false` if there is none with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn close(&self, id: u64) -> Result<bool, StoreError> {
        self.set_status(id, Status::Closed)
    }

    /// Moves a ticket to another department. `false` if there is none with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn set_department(&self, id: u64, deptid: u64) -> Result<bool, StoreError> {
        self.lock().set_department(id, deptid)
    }

    /// Deletes a ticket. `false` if there is none with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn delete(&self, id: u64) -> Result<bool, StoreError> {
        self.lock().delete(id)
    }

    /// Merges a ticket into another, which comes to the front of the list; the merged one leaves it.
    /// `false`, and nothing done, if either is missing or both are the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn merge(&self, id: u64, into: u64) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        let Some(survivor) = inner.get(into)? else { return Ok(false) };
        if id == into || !inner.delete(id)? {
            return Ok(false);
        }
        inner.reply(into, &survivor.status)
    }

    /// A few random changes that follow from `seed`: replies, new tickets, closed and deleted ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn churn(&self, seed: u64) -> Result<(), StoreError> {
        self.lock().churn(&mut Draw::new(seed, 0))
    }

    /// The ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn get(&self, id: u64) -> Result<Option<Ticket>, StoreError> {
        self.lock().get(id)
    }

    /// How many tickets there are.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn len(&self) -> Result<u64, StoreError> {
        Ok(self.lock().tally.total())
    }

    /// Whether there are none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    /// The ids of all tickets in the order of the list, newest last reply first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn ids(&self) -> Result<Vec<u64>, StoreError> {
        let inner = self.lock();
        let mut statement =
            inner.connection.prepare_cached("SELECT id FROM ticket ORDER BY lastreply DESC, id DESC")?;
        let ids = statement.query_map([], |row| row.get(0).map(row::unsigned))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// A moment after every reply so far, which the next reply will have.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn now(&self) -> Result<Option<DateTime>, StoreError> {
        self.lock().now()
    }

    /// Up to `limit` tickets of a list, from `offset` on.
    pub(crate) fn slice(&self, filter: &Filter, offset: u64, limit: u64) -> Result<Slice, StoreError> {
        let mut inner = self.lock();
        let Inner { connection, tally, subjects, generation, listed } = &mut *inner;
        Source { connection, tally, subjects, generation: *generation, listed }.slice(filter, offset, limit)
    }

    /// A panic elsewhere leaves no change half done, as every change is a transaction.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn get(&self, id: u64) -> Result<Option<Ticket>, StoreError> {
        let mut statement = self.connection.prepare_cached(row::SELECT)?;
        Ok(statement.query_row([row::signed(id)], row::ticket).optional()?)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The sandbox's database failed, or was given an id twice.
#[derive(Debug)]
pub struct StoreError(rusqlite::Error);

impl StoreError {
    /// Whether a ticket was added under an id that another has.
    pub fn is_id_taken(&self) -> bool {
        self.0.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_id_taken() {
            return f.write_str("two tickets have the same id");
        }
        f.write_str("the sandbox's database failed")
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
