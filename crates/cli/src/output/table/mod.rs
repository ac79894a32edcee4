//! The table: tickets for people.
//!
//! On a terminal the table fits the width: less important columns are dropped, and long texts end in `…`. On a pipe it
//! is plain: every column, nothing cut, full times instead of ages, no color, columns separated by two or more spaces.
//! Programs should use CSV or JSON instead.
//!
//! HTML entities in texts are decoded, and texts are sanitized.

mod column;
mod layout;
mod options;

use std::io::{self, Write};

use gettickets_protocol::{TicketRef, Tickets};

use self::column::Cell;
use self::layout::Layout;
pub(crate) use self::options::TableOptions;
use super::{InstallContext, TicketWriter, style, width};

/// Writes tickets as a table. The first tickets determine the columns and their widths.
pub(crate) struct TableWriter<W> {
    out: W,
    options: TableOptions,
    layout: Option<Layout>,
}

impl<W: Write> TableWriter<W> {
    pub(crate) fn new(out: W, options: TableOptions) -> TableWriter<W> {
        TableWriter { out, options, layout: None }
    }

    fn row(&mut self, layout: &Layout, cells: Vec<Cell>) -> io::Result<()> {
        let mut pending = String::new();
        for (slot, cell) in layout.slots().iter().zip(cells) {
            let text =
                if layout.cuts() { width::cut(&cell.text, slot.width) } else { cell.text.as_str().into() };
            let fill = width::fill(&text, slot.width);
            let look = cell.look;
            if slot.column.is_right() {
                write!(self.out, "{pending}{fill}{look}{text}{look:#}")?;
                pending = layout::GAP.to_owned();
            } else {
                write!(self.out, "{pending}{look}{text}{look:#}")?;
                // Held back, so that no line has trailing spaces.
                pending = fill + layout::GAP;
            }
        }
        self.out.write_all(b"\n")
    }

    fn header(&mut self, layout: &Layout) -> io::Result<()> {
        let look = style::DIM.bold();
        let titles = layout.slots().iter().map(|slot| Cell { text: slot.column.title().into_owned(), look });
        self.row(layout, titles.collect())
    }

    fn ticket(&mut self, layout: &Layout, ticket: &TicketRef<'_>) -> io::Result<()> {
        let cells = layout.slots().iter().map(|slot| slot.column.cell(ticket, &self.options)).collect();
        self.row(layout, cells)
    }
}

impl<W: Write> TicketWriter for TableWriter<W> {
    fn begin_install(&mut self, install: &InstallContext) {
        self.options.install = install.clone();
    }

    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        if tickets.is_empty() {
            return Ok(());
        }
        self.prepare(std::slice::from_ref(tickets))?;
        let Some(layout) = self.layout.take() else { return Ok(()) };
        for ticket in tickets {
            self.ticket(&layout, &ticket)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn prepare(&mut self, tickets: &[Tickets]) -> io::Result<()> {
        if self.layout.is_none() && tickets.iter().any(|tickets| !tickets.is_empty()) {
            let layout = Layout::of(tickets, &self.options);
            self.header(&layout)?;
            self.layout = Some(layout);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        // On a pipe there is a header even if no ticket matched; on a terminal a note says so.
        if self.layout.is_none() && self.options.width.is_none() {
            let layout = Layout::of(&[], &self.options);
            self.header(&layout)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::names::Names;
    use gettickets_protocol::{Priority, Status, Ticket, Version};
    use jiff::civil::datetime;

    fn tickets() -> Tickets {
        let reilly = Ticket {
            id: 1,
            tid: "516757".into(),
            deptid: 1,
            userid: 1,
            name: "Cynthia Reilly".into(),
            requestor_name: Some("Cynthia Reilly".into()),
            email: "testuser@whmcs.com".into(),
            subject: "Invoice &amp; receipt don&#039;t agree with what was said on the telephone last week"
                .into(),
            status: Status::CustomerReply,
            priority: Priority::High,
            date: Some(datetime(2026, 6, 28, 6, 26, 29, 0)),
            lastreply: Some(datetime(2026, 7, 1, 9, 0, 0, 0)),
            service: "S12".into(),
            ..Ticket::default()
        };
        let stranger = Ticket {
            id: 20431,
            tid: "ABC-12345".into(),
            name: "Renée \u{1b}[31m山田太郎".into(),
            email: "renee@example.com".into(),
            subject: "你好，我的网站无法打开".into(),
            status: Status::from_word("Waiting on vendor"),
            lastreply: Some(datetime(2025, 12, 1, 9, 0, 0, 0)),
            ..Ticket::default()
        };
        Tickets::new(&[reilly, stranger], Version::V8_0)
    }

    fn table(width: Option<usize>, tickets: &Tickets) -> String {
        table_with(TableOptions::new(width, datetime(2026, 7, 1, 12, 0, 0, 0).into()), tickets)
    }

    fn table_with(options: TableOptions, tickets: &Tickets) -> String {
        let mut out = Vec::new();
        let mut table = TableWriter::new(&mut out, options);
        table.write(tickets).unwrap();
        table.finish().unwrap();
        // Snapshots have no styles; `anstream` removes them on a pipe in the same way.
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn the_table_fits_the_width() {
        insta::assert_snapshot!("width_60", table(Some(60), &tickets()));
        insta::assert_snapshot!("width_80", table(Some(80), &tickets()));
        insta::assert_snapshot!("width_120", table(Some(120), &tickets()));
        insta::assert_snapshot!("width_200", table(Some(200), &tickets()));
        insta::assert_snapshot!("pipe", table(None, &tickets()));
        for width in 12..300 {
            for line in table(Some(width), &tickets()).lines() {
                assert!(width::of(line) <= width, "{line:?} is wider than {width}");
                assert_eq!(line.trim_end(), line);
            }
        }
    }

    #[test]
    fn selected_columns_are_shown_in_the_given_order_and_fit_the_width() {
        let names = |id, name: &str| std::collections::BTreeMap::from([(id, name.to_owned())]);
        let mut options = TableOptions::new(Some(70), datetime(2026, 7, 1, 12, 0, 0, 0).into());
        options.columns = ["id", "subject", "department", "lastreply", "attachments", "date_utc"]
            .map(|name| name.parse().unwrap())
            .to_vec();
        options.install.names = Names::new(names(1, "Sales"), names(3, "Ada"));
        options.utc = true;
        insta::assert_snapshot!(table_with(options.clone(), &tickets()), @r"
           ID  SUBJECT     DEPT           REPLIED  ATTACHMEN…  DATE_UTC
            1  Invoice &…  Sales  2026-07-01 09:…              2026-06-28 06:…
        20431  你好，我…   0      2025-12-01 09:…              -
        ");
        for width in 12..200 {
            options.width = Some(width);
            for line in table_with(options.clone(), &tickets()).lines().skip(1) {
                assert!(width::of(line) <= width.max(24), "{line:?} is wider than {width}");
            }
        }
    }

    #[test]
    fn tickets_that_are_written_one_by_one_share_a_layout() {
        let tickets = tickets();
        let expected = table(Some(80), &tickets);
        let single: Vec<Tickets> = (0..tickets.len()).rev().map(|at| tickets.slice(at..=at)).collect();
        let mut out = Vec::new();
        let mut table =
            TableWriter::new(&mut out, TableOptions::new(Some(80), datetime(2026, 7, 1, 12, 0, 0, 0).into()));
        table.prepare(&single).unwrap();
        single.iter().try_for_each(|one| table.write(one)).unwrap();
        table.finish().unwrap();
        let shown = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        let mut lines: Vec<&str> = expected.lines().collect();
        lines[1..].reverse();
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_pipe_has_a_header_even_without_tickets() {
        assert!(table(None, &Tickets::default()).starts_with("TICKET  SUBJECT"));
        assert_eq!(table(Some(80), &Tickets::default()), "");
    }
}
