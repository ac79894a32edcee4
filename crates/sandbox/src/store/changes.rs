//! Changes to tickets while a server runs: opening, answering, closing, merging and deleting.

use gettickets_protocol::{DateTime, Status, Ticket};
use rusqlite::Transaction;

use super::database::Database;
use super::error::StoreError;
use super::{clock, record};
use crate::generate::Rng;

impl Database {
    /// Runs a change in a transaction and drops the cached lists.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.connection.transaction()?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        self.lists.clear();
        Ok(changed)
    }

    /// The newest last reply, in seconds.
    pub(super) fn newest(&self) -> Result<i64, StoreError> {
        let newest: Option<i64> =
            self.connection.query_row("SELECT max(lastreply) FROM ticket", [], |row| row.get(0))?;
        Ok(newest.unwrap_or(clock::NEVER).max(0))
    }

    /// The time that the next reply will have, in seconds.
    fn next_moment(&self) -> Result<i64, StoreError> {
        Ok(self.clock.map_or_else(|| self.newest(), Ok)? + 1)
    }

    pub(super) fn now(&self) -> Result<Option<DateTime>, StoreError> {
        Ok(clock::time(self.next_moment()?))
    }

    /// Advances the clock by a second and returns the time.
    fn tick(&mut self) -> Result<Option<DateTime>, StoreError> {
        let moment = self.next_moment()?;
        if let Some(clock) = &mut self.clock {
            *clock = moment;
        }
        Ok(clock::time(moment))
    }

    pub(super) fn open(&mut self, mut ticket: Ticket) -> Result<u64, StoreError> {
        if ticket.id == 0 {
            let highest = self.highest_id()?.unwrap_or(0);
            ticket.id = highest.checked_add(1).ok_or(StoreError::no_id_left())?;
        }
        if ticket.lastreply.is_none() {
            record::set_lastreply(&mut ticket, self.tick()?);
        }
        ticket.date = ticket.date.or(ticket.lastreply);
        self.change(|transaction| {
            let mut statement = transaction.prepare_cached(record::INSERT)?;
            Ok(record::write(&mut statement, &ticket)?)
        })?;
        Ok(ticket.id)
    }

    /// Changes a ticket. Returns `false` if no ticket has this id. The change must keep the id.
    pub(super) fn update(&mut self, id: u64, change: impl FnOnce(&mut Ticket)) -> Result<bool, StoreError> {
        let Some(mut ticket) = self.get(id)? else { return Ok(false) };
        change(&mut ticket);
        self.change(|transaction| {
            let mut statement = transaction.prepare_cached(record::UPDATE)?;
            Ok(record::write(&mut statement, &ticket)? == 1)
        })
    }

    pub(super) fn reply(&mut self, id: u64, status: Status<'static>) -> Result<bool, StoreError> {
        let moment = self.tick()?;
        self.update(id, |ticket| {
            record::set_lastreply(ticket, moment);
            record::set_status(ticket, status);
        })
    }

    pub(super) fn delete(&mut self, id: u64) -> Result<bool, StoreError> {
        self.change(|transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM ticket WHERE id = ?1")?;
            Ok(statement.execute([record::signed(id)])? == 1)
        })
    }

    pub(super) fn merge(&mut self, id: u64, into: u64) -> Result<bool, StoreError> {
        let Some(survivor) = self.get(into)? else { return Ok(false) };
        if id == into || !self.delete(id)? {
            return Ok(false);
        }
        self.reply(into, survivor.status)
    }

    /// Makes a few random changes, like those between two requests to a busy install.
    pub(super) fn churn(&mut self, rng: &mut Rng) -> Result<(), StoreError> {
        for _ in 0..1 + rng.below(3) {
            let Some(id) = self.random_id(rng)? else {
                self.open(Ticket::default())?;
                continue;
            };
            match rng.below(10) {
                0..=3 => self.reply(id, Status::CustomerReply).map(drop)?,
                4..=6 => {
                    let mut ticket = self.get(id)?.unwrap_or_default();
                    ticket.id = 0;
                    (ticket.date, ticket.lastreply, ticket.status) = (None, None, Status::Open);
                    ticket.tid = format!("NEW-{}", 100_000 + rng.below(900_000));
                    self.open(ticket).map(drop)?;
                }
                7..=8 => self.update(id, |ticket| record::set_status(ticket, Status::Closed)).map(drop)?,
                _ => self.delete(id).map(drop)?,
            }
        }
        Ok(())
    }

    /// Answers one to three random tickets.
    pub(super) fn answer_some(&mut self, rng: &mut Rng) -> Result<(), StoreError> {
        for _ in 0..1 + rng.below(3) {
            if let Some(id) = self.random_id(rng)? {
                self.reply(id, Status::Answered)?;
            }
        }
        Ok(())
    }

    /// The highest id. Ids from 2^63 on are stored as negative numbers, and are higher than all others.
    fn highest_id(&self) -> Result<Option<u64>, StoreError> {
        let query =
            "SELECT coalesce((SELECT max(id) FROM ticket WHERE id < 0), (SELECT max(id) FROM ticket))";
        let highest: Option<i64> = self.connection.prepare_cached(query)?.query_row([], |row| row.get(0))?;
        Ok(highest.map(record::unsigned))
    }

    /// The id of a random ticket.
    fn random_id(&self, rng: &mut Rng) -> Result<Option<u64>, StoreError> {
        let Some(highest) = self.highest_id()? else { return Ok(None) };
        let from = record::signed(1 + rng.below(highest.max(1)));
        // Behind the highest id below 2^63, the lowest negative number follows.
        let query = "SELECT coalesce((SELECT min(id) FROM ticket WHERE id >= ?1), \
                     (SELECT min(id) FROM ticket WHERE id < 0))";
        let id: Option<i64> = self.connection.prepare_cached(query)?.query_row([from], |row| row.get(0))?;
        Ok(id.map(record::unsigned))
    }
}
