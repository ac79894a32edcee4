//! [`Store`]: the handle with which the server reads tickets and tests change them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gettickets_protocol::{DateTime, Field, Status, Ticket};

use super::database::{Behavior, Database};
use super::error::StoreError;
use super::query::{Filter, Slice};
use super::record;
use crate::generate::Rng;

/// The tickets of a running sandbox, for tests that change them. A clone is another handle to the same tickets.
///
/// Each change is atomic: the next request sees all of it.
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
    database: Arc<Mutex<Database>>,
}

impl Store {
    pub(crate) fn new(
        tickets: impl Iterator<Item = Ticket>,
        behavior: Behavior,
    ) -> Result<Store, StoreError> {
        Ok(Store { database: Arc::new(Mutex::new(Database::new(tickets, behavior)?)) })
    }

    /// Opens a ticket and returns its id: the ticket's own, or the next free one if that is 0. A missing `lastreply` is
    /// set to the current time, and a missing `date` to the `lastreply`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if another ticket has this id, or if the id is 0 and no id is left.
    pub fn open(&self, ticket: Ticket) -> Result<u64, StoreError> {
        self.lock().open(ticket)
    }

    /// Replies to a ticket: sets its last reply to the current time, which moves it to the front of the
    /// list, and sets its status. Returns `false` if there is no ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn reply(&self, id: u64, status: Status<'_>) -> Result<bool, StoreError> {
        self.lock().reply(id, owned(&status))
    }

    /// Sets a ticket's status, which does not move it in the list. Returns `false` if there is no ticket
    /// with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn set_status(&self, id: u64, status: Status<'_>) -> Result<bool, StoreError> {
        self.lock().update(id, |ticket| record::set_status(ticket, owned(&status)))
    }

    /// Closes a ticket. Returns `false` if there is no ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn close(&self, id: u64) -> Result<bool, StoreError> {
        self.set_status(id, Status::Closed)
    }

    /// Moves a ticket to another department. Returns `false` if there is no ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn set_department(&self, id: u64, deptid: u64) -> Result<bool, StoreError> {
        self.lock().update(id, |ticket| {
            ticket.deptid = deptid;
            record::send(ticket, Field::Deptid);
        })
    }

    /// Deletes a ticket. Returns `false` if there is no ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn delete(&self, id: u64) -> Result<bool, StoreError> {
        self.lock().delete(id)
    }

    /// Merges a ticket into another: deletes the first and replies to the second. Returns `false`, and does
    /// nothing, if either is missing or both are the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn merge(&self, id: u64, into: u64) -> Result<bool, StoreError> {
        self.lock().merge(id, into)
    }

    /// Makes a few random changes, determined by `seed`: replies, new tickets, closed and deleted ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn churn(&self, seed: u64) -> Result<(), StoreError> {
        self.lock().churn(&mut Rng::new(seed, 0))
    }

    /// Returns the ticket with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn get(&self, id: u64) -> Result<Option<Ticket>, StoreError> {
        self.lock().get(id)
    }

    /// Returns the number of tickets.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn len(&self) -> Result<u64, StoreError> {
        self.lock().len()
    }

    /// Returns whether there are no tickets.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    /// Returns the ids of all tickets in the order of the list, which is newest last reply first unless a
    /// quirk changes it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn ids(&self) -> Result<Vec<u64>, StoreError> {
        Ok(self.lock().ids()?.into_iter().map(record::unsigned).collect())
    }

    /// Returns the time that the next reply will have: a second after the newest one so far.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database fails.
    pub fn now(&self) -> Result<Option<DateTime>, StoreError> {
        self.lock().now()
    }

    /// Returns at most `limit` tickets of a list from `offset` on, without hidden ones.
    pub(crate) fn slice(&self, filter: &Filter, offset: u64, limit: u64) -> Result<Slice, StoreError> {
        let database = &mut *self.lock();
        let list = database.lists.ids(&database.connection, filter)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(list.len());
        let end =
            usize::try_from(limit).map_or(list.len(), |limit| start.saturating_add(limit).min(list.len()));
        let is_shown = |id: &&i64| !database.hidden.contains(id);
        let ids: Vec<i64> =
            list.get(start..end).unwrap_or_default().iter().filter(is_shown).copied().collect();
        let objects = database.objects(&ids)?;
        let hidden = match database.hidden.len() {
            0 => 0,
            _ => list.iter().filter(|id| database.hidden.contains(id)).count() as u64,
        };
        Ok(Slice {
            objects,
            ids: ids.into_iter().map(record::unsigned).collect(),
            total: list.len() as u64,
            hidden,
        })
    }

    /// Answers one to three random tickets, determined by `seed`.
    pub(crate) fn answer_some(&self, seed: u64) -> Result<(), StoreError> {
        self.lock().answer_some(&mut Rng::new(seed, 1))
    }

    /// Locks the database. Poisoning is ignored: every change is a transaction, so a panic leaves none half done.
    fn lock(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owned(status: &Status<'_>) -> Status<'static> {
    Status::from(status.as_str().to_owned())
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
