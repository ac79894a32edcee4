//! CSV and JSON with selected columns, or with columns added after the fields.

use std::io::{self, Write};

use gettickets_protocol::{FIELDS, TicketRef, Tickets};

use super::{InstallContext, TicketWriter, csv, derived};
use crate::args::{Column, Format};

/// Which columns of each ticket to write.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Only these columns; `None` for every field.
    pub(crate) columns: Option<Vec<Column>>,
    /// Columns that follow the fields if no columns were selected.
    pub(crate) added: Vec<Column>,
    /// The install of the tickets. If it has a name, that is the first column unless columns were selected.
    pub(crate) install: InstallContext,
}

impl Selection {
    /// A column's value as JSON; `None` if the ticket does not have the field.
    fn json(&self, column: Column, ticket: &TicketRef<'_>) -> io::Result<Option<String>> {
        let text = |text: Option<String>| serde_json::to_string(&text);
        Ok(Some(match column {
            Column::Field(field) => match ticket.value(field) {
                Some(value) => serde_json::to_string(&value)?,
                None => return Ok(None),
            },
            Column::Decoded(field) => match ticket.decoded_text(field) {
                Some(decoded) => serde_json::to_string(&decoded)?,
                None => return Ok(None),
            },
            Column::Utc(field) => {
                text(self.install.clock.instant_of(ticket, field).map(|time| time.to_string()))?
            }
            Column::From => text(Some(derived::sender(ticket)))?,
            Column::Department => text(Some(derived::department(ticket, &self.install.names)))?,
            Column::FlaggedTo => text(derived::flagged_to(ticket, &self.install.names))?,
            Column::Files => derived::files(ticket).to_string(),
            Column::Install => text(self.install.name.clone())?,
            Column::Extra => match csv::extra(ticket) {
                extra if extra.is_empty() => return Ok(None),
                extra => extra,
            },
        }))
    }

    /// The ticket as a JSON object.
    fn object(&self, ticket: &TicketRef<'_>) -> io::Result<String> {
        // The canonical text is used unchanged, so that no number of an unknown field changes.
        let mut object = match &self.columns {
            None => serde_json::to_string(ticket)?,
            Some(_) => "{}".to_owned(),
        };
        object.pop();
        if let (None, Some(name)) = (&self.columns, &self.install.name) {
            // A ticket has at least an id, so the object is not empty.
            object.insert_str(1, &format!("\"install\":{},", serde_json::to_string(name)?));
        }
        for column in self.columns.as_ref().unwrap_or(&self.added) {
            if let Some(value) = self.json(*column, ticket)? {
                let comma = if object.len() > 1 { "," } else { "" };
                object += &format!("{comma}\"{}\":{value}", column.name());
            }
        }
        object.push('}');
        Ok(object)
    }

    /// The columns of CSV, without `extra`.
    fn csv_columns(&self) -> Vec<Column> {
        match &self.columns {
            Some(columns) => columns.clone(),
            None => self
                .install
                .name
                .iter()
                .map(|_| Column::Install)
                .chain(FIELDS.iter().map(|spec| Column::Field(spec.field)))
                .chain(self.added.iter().copied())
                .collect(),
        }
    }

    fn push_cell(&self, line: &mut String, column: Column, ticket: &TicketRef<'_>) {
        match column {
            Column::Field(field) => csv::push_field(line, ticket, field),
            Column::Decoded(field) => {
                csv::push_text(line, &ticket.decoded_text(field).unwrap_or_default());
            }
            Column::Utc(field) => {
                let time = self.install.clock.instant_of(ticket, field);
                line.push_str(&time.map(|time| time.to_string()).unwrap_or_default());
            }
            Column::From => csv::push_text(line, &derived::sender(ticket)),
            Column::Department => csv::push_text(line, &derived::department(ticket, &self.install.names)),
            Column::FlaggedTo => {
                csv::push_text(line, &derived::flagged_to(ticket, &self.install.names).unwrap_or_default());
            }
            Column::Files => line.push_str(&derived::files(ticket).to_string()),
            Column::Install => csv::push_text(line, self.install.name.as_deref().unwrap_or_default()),
            Column::Extra => csv::push_json(line, &csv::extra(ticket)),
        }
    }
}

/// The position of the tickets in the list, for the end of the JSON document.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// The server's count of matching tickets; `None` to write the number of written tickets.
    pub(crate) total: Option<u64>,
    pub(crate) start: u64,
}

/// Writes tickets as CSV, JSON or NDJSON by a [`Selection`].
pub(crate) struct SelectedWriter<W> {
    out: W,
    format: Format,
    selection: Selection,
    part: Part,
    written: u64,
    begun: bool,
}

impl<W: Write> SelectedWriter<W> {
    pub(crate) fn new(out: W, format: Format, selection: Selection, part: Part) -> SelectedWriter<W> {
        SelectedWriter { out, format, selection, part, written: 0, begun: false }
    }

    /// Continues after an earlier writer that wrote this many tickets.
    pub(crate) fn resumed(out: W, format: Format, selection: Selection, written: u64) -> SelectedWriter<W> {
        SelectedWriter {
            written,
            begun: true,
            ..SelectedWriter::new(out, format, selection, Part::default())
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Json => self.out.write_all(br#"{"result":"success","tickets":["#),
            Format::Csv => {
                let mut names: Vec<&str> =
                    self.selection.csv_columns().into_iter().map(Column::name).collect();
                if self.selection.columns.is_none() {
                    names.push(csv::EXTRA);
                }
                writeln!(self.out, "{}", names.join(","))
            }
            Format::Ndjson | Format::Table => Ok(()),
        }
    }

    fn ticket(&mut self, ticket: &TicketRef<'_>) -> io::Result<()> {
        if self.format == Format::Csv {
            let mut line = String::new();
            for (index, column) in self.selection.csv_columns().into_iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                self.selection.push_cell(&mut line, column, ticket);
            }
            if self.selection.columns.is_none() {
                line.push(',');
                csv::push_json(&mut line, &csv::extra(ticket));
            }
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
        } else {
            let object = self.selection.object(ticket)?;
            match self.format {
                Format::Json if self.written > 0 => write!(self.out, ",\n{object}")?,
                Format::Json => write!(self.out, "{object}")?,
                _ => writeln!(self.out, "{object}")?,
            }
        }
        self.written += 1;
        Ok(())
    }
}

impl<W: Write> TicketWriter for SelectedWriter<W> {
    fn begin_install(&mut self, install: &InstallContext) {
        self.selection.install = install.clone();
    }

    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        self.begin()?;
        tickets.iter().try_for_each(|ticket| self.ticket(&ticket))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        if self.format == Format::Json {
            let Part { total, start } = self.part;
            let count = self.written;
            let total = total.unwrap_or(count);
            writeln!(self.out, r#"],"totalresults":{total},"startnumber":{start},"numreturned":{count}}}"#)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::clock::Clock;
    use crate::output::names::Names;
    use gettickets_protocol::{Ticket, Version};
    use jiff::civil::datetime;
    use std::collections::BTreeMap;

    fn written(format: Format, columns: Option<&str>, added: &[Column]) -> String {
        let mut ticket = Ticket {
            id: 7,
            deptid: 1,
            flag: 3,
            subject: "Tom &amp; Jerry".into(),
            name: "=1+1".into(),
            lastreply: Some(datetime(2026, 7, 1, 12, 0, 0, 0)),
            ..Ticket::default()
        };
        ticket.extra.insert("rate".into(), serde_json::json!(0.5));
        let named = |id, name: &str| BTreeMap::from([(id, name.to_owned())]);
        let selection = Selection {
            columns: columns.map(|names| names.split(',').map(|name| name.parse().unwrap()).collect()),
            added: added.to_vec(),
            install: InstallContext {
                name: None,
                zone_is_known: true,
                clock: Clock::new(Some("Africa/Johannesburg")).unwrap(),
                names: Names::new(named(1, "Sales"), named(3, "Ada")),
            },
        };
        let mut out = Vec::new();
        let part = Part { total: Some(40), start: 20 };
        let mut writer = SelectedWriter::new(&mut out, format, selection, part);
        writer.write(&Tickets::new(&[ticket], Version::V1_0)).unwrap();
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn selected_columns_are_written_in_the_given_order() {
        let columns = Some("lastreply_utc,id,subject_text,department,flagged_to,from,owner_name,files,extra");
        insta::assert_snapshot!(written(Format::Csv, columns, &[]), @r#"
        lastreply_utc,id,subject_text,department,flagged_to,from,owner_name,files,extra
        2026-07-01T10:00:00Z,7,Tom & Jerry,Sales,Ada,'=1+1,,0,"{""rate"":0.5}"
        "#);
        insta::assert_snapshot!(written(Format::Ndjson, columns, &[]), @r#"{"lastreply_utc":"2026-07-01T10:00:00Z","id":7,"subject_text":"Tom & Jerry","department":"Sales","flagged_to":"Ada","from":"=1+1","files":0,"extra":{"rate":0.5}}"#);
        insta::assert_snapshot!(written(Format::Json, Some("id"), &[]), @r#"{"result":"success","tickets":[{"id":7}],"totalresults":40,"startnumber":20,"numreturned":1}"#);
    }

    #[test]
    fn added_columns_follow_every_field() {
        let added = [Column::Utc(gettickets_protocol::Field::Lastreply), Column::Department];
        let csv = written(Format::Csv, None, &added);
        assert!(csv.starts_with("id,tid,"), "{csv}");
        assert!(csv.contains(",service,lastreply_utc,department,extra\n"), "{csv}");
        assert!(csv.ends_with(",2026-07-01T10:00:00Z,Sales,\"{\"\"rate\"\":0.5}\"\n"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&written(Format::Ndjson, None, &added)).unwrap();
        assert_eq!((&json["id"], &json["extra"]["rate"]), (&7.into(), &0.5.into()));
        assert_eq!(json["lastreply_utc"], "2026-07-01T10:00:00Z");
    }
}
