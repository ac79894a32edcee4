//! What happens to tickets while a server runs: they are opened, answered, closed, merged and deleted.
//!
//! Every change goes through [`Inner::rewrite`], and tells the tally and the subjects once the database has it.

use gettickets_protocol::{DateTime, Status, Ticket};
use rusqlite::{OptionalExtension, Transaction, params};

use super::tally::Standing;
use super::{Inner, StoreError, clock, row, text};
use crate::generate::Draw;

impl Inner {
    /// Applies a change to the database and tells queries that there was one.
    fn rewrite<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.connection.transaction()?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        self.generation += 1;
        Ok(changed)
    }

    /// The newest moment that the list knows.
    fn newest(&self) -> Result<i64, StoreError> {
        let newest: Option<i64> =
            self.connection.query_row("SELECT max(lastreply) FROM ticket", [], |row| row.get(0))?;
        Ok(newest.unwrap_or(clock::NEVER).max(0))
    }

    pub(super) fn now(&self) -> Result<Option<DateTime>, StoreError> {
        Ok(clock::time(self.newest()? + 1))
    }

    pub(super) fn open(&mut self, mut ticket: Ticket) -> Result<u64, StoreError> {
        if ticket.id == 0 {
            let highest: Option<i64> =
                self.connection.query_row("SELECT max(id) FROM ticket", [], |row| row.get(0))?;
            ticket.id = row::unsigned(highest.unwrap_or(0) + 1);
        }
        if ticket.lastreply.is_none() {
            ticket.lastreply = self.now()?;
        }
        ticket.date = ticket.date.or(ticket.lastreply);
        self.rewrite(|transaction| {
            let mut statement = transaction.prepare_cached(row::INSERT)?;
            Ok(row::insert(&mut statement, &ticket)?)
        })?;
        let standing = Standing::of(&ticket);
        self.tally.add(&standing);
        self.subjects.add(row::signed(ticket.id), &standing, &text::folded(&ticket.subject));
        Ok(ticket.id)
    }

    pub(super) fn reply(&mut self, id: u64, status: &Status<'_>) -> Result<bool, StoreError> {
        let newest = self.newest()? + 1;
        self.stand(id, |standing| {
            standing.lastreply = newest;
            standing.status = status.as_str().to_owned();
        })
    }

    pub(super) fn set_status(&mut self, id: u64, status: &Status<'_>) -> Result<bool, StoreError> {
        self.stand(id, |standing| standing.status = status.as_str().to_owned())
    }

    pub(super) fn set_department(&mut self, id: u64, deptid: u64) -> Result<bool, StoreError> {
        self.stand(id, |standing| standing.deptid = row::signed(deptid))
    }

    fn stand(&mut self, id: u64, change: impl FnOnce(&mut Standing)) -> Result<bool, StoreError> {
        let Some(before) = self.standing(id)? else { return Ok(false) };
        let mut after = before.clone();
        change(&mut after);
        self.rewrite(|transaction| {
            let mut statement = transaction
                .prepare_cached("UPDATE ticket SET lastreply = ?2, deptid = ?3, status = ?4 WHERE id = ?1")?;
            let Standing { lastreply, deptid, status } = &after;
            Ok(statement.execute(params![row::signed(id), lastreply, deptid, status])?)
        })?;
        self.tally.remove(&before);
        self.tally.add(&after);
        let folded = self.subjects.remove(row::signed(id), &before);
        self.subjects.add(row::signed(id), &after, &folded);
        Ok(true)
    }

    pub(super) fn delete(&mut self, id: u64) -> Result<bool, StoreError> {
        let Some(before) = self.standing(id)? else { return Ok(false) };
        self.rewrite(|transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM ticket WHERE id = ?1")?;
            Ok(statement.execute([row::signed(id)])?)
        })?;
        self.tally.remove(&before);
        self.subjects.remove(row::signed(id), &before);
        Ok(true)
    }

    fn standing(&self, id: u64) -> Result<Option<Standing>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT lastreply, deptid, status FROM ticket WHERE id = ?1")?;
        let standing = statement.query_row([row::signed(id)], |row| {
            Ok(Standing { lastreply: row.get(0)?, deptid: row.get(1)?, status: row.get(2)? })
        });
        Ok(standing.optional()?)
    }

    /// A few random changes, as happen between two requests to a busy install.
    pub(super) fn churn(&mut self, draw: &mut Draw) -> Result<(), StoreError> {
        for _ in 0..1 + draw.below(3) {
            let Some(id) = self.somewhere(draw)? else {
                self.open(Ticket::default())?;
                continue;
            };
            match draw.below(10) {
                0..=3 => self.reply(id, &Status::CustomerReply).map(drop)?,
                4..=6 => {
                    let mut ticket = self.get(id)?.unwrap_or_default();
                    ticket.id = 0;
                    (ticket.date, ticket.lastreply, ticket.status) = (None, None, Status::Open);
                    ticket.tid = format!("NEW-{}", 100_000 + draw.below(900_000));
                    self.open(ticket).map(drop)?;
                }
                7..=8 => self.set_status(id, &Status::Closed).map(drop)?,
                _ => self.delete(id).map(drop)?,
            }
        }
        Ok(())
    }

    /// The id of some ticket.
    fn somewhere(&self, draw: &mut Draw) -> Result<Option<u64>, StoreError> {
        let highest: Option<i64> =
            self.connection.query_row("SELECT max(id) FROM ticket", [], |row| row.get(0))?;
        let Some(highest) = highest else { return Ok(None) };
        let from = 1 + draw.below(row::unsigned(highest).max(1));
        let mut statement = self.connection.prepare_cached("SELECT min(id) FROM ticket WHERE id >= ?1")?;
        let id: Option<i64> = statement.query_row([row::signed(from)], |row| row.get(0))?;
        Ok(id.map(row::unsigned))
    }
}
