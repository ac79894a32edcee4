//! The table: tickets for people.
//!
//! On a terminal it fits the width: columns that matter less go first, and long texts end in `…`. On a pipe
//! it is plain: every column, nothing cut, times in full instead of ages, no colour, columns told apart by
//! two spaces or more. Programs should ask for CSV or JSON instead.
//!
//! Its texts have their HTML entities decoded, and nothing in them can act on a terminal.

mod column;
mod layout;

use std::io::{self, Write};

use gettickets_protocol::{TicketRef, Tickets};

use self::column::Cell;
use self::layout::Layout;
use super::clock::Clock;
use super::{TicketWriter, style, width};

/// How a table is to look.
#[derive(Clone, Debug)]
pub(crate) struct TableOptions {
    /// The columns there are; none for as many as it takes, with times in full.
    pub(crate) width: Option<usize>,
    /// The install's clock, which ages are measured by.
    pub(crate) clock: Clock,
}

/// Writes tickets as a table. The columns are laid out by the first tickets that come, and stay so.
pub(crate) struct TableWriter<W> {
    out: W,
    options: TableOptions,
    layout: Option<Layout>,
}

impl<W: Write> TableWriter<W> {
    pub(crate) fn new(out: W, options: TableOptions) -> TableWriter<W> {
        TableWriter { out, options, layout: None }
    }

    fn row(&mut self, layout: &Layout, cells: impl Iterator<Item = Cell>) -> io::Result<()> {
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
                // Held back, so that no line ends in spaces.
                pending = fill + layout::GAP;
            }
        }
        self.out.write_all(b"\n")
    }

    fn header(&mut self, layout: &Layout) -> io::Result<()> {
        let look = style::DIM.bold();
        let titles = layout.slots().iter().map(|slot| Cell { text: slot.column.title().to_owned(), look });
        self.row(layout, titles)
    }

    fn ticket(&mut self, layout: &Layout, ticket: &TicketRef<'_>) -> io::Result<()> {
        let options = self.options.clone();
        let cells = layout.slots().iter().map(|slot| slot.column.cell(ticket, &options));
        self.row(layout, cells)
    }
}

impl<W: Write> TicketWriter for TableWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        if tickets.is_empty() {
            return Ok(());
        }
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => {
                let layout = Layout::of(tickets, &self.options);
                self.header(&layout)?;
                layout
            }
        };
        for ticket in tickets {
            self.ticket(&layout, &ticket)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        // A pipe gets its header even where no ticket matched; a person is told in words.
        if self.layout.is_none() && self.options.width.is_none() {
            let layout = Layout::of(&Tickets::default(), &self.options);
            self.header(&layout)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut out = Vec::new();
        let options = TableOptions { width, clock: datetime(2026, 7, 1, 12, 0, 0, 0).into() };
        let mut table = TableWriter::new(&mut out, options);
        table.write(tickets).unwrap();
        table.finish().unwrap();
        // The looks stay out of the snapshots; `anstream` takes them out of a pipe in the same way.
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
    fn a_pipe_gets_a_header_even_without_tickets() {
        assert!(table(None, &Tickets::default()).starts_with("TICKET  SUBJECT"));
        assert_eq!(table(Some(80), &Tickets::default()), "");
    }
}
