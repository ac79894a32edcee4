//! What lists of one install and of several installs have in common.

use gettickets::Page;
use gettickets_protocol::Field;

use crate::args::{Column, Format, ListArgs};
use crate::commands::columns;
use crate::connect::Connection;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::output::names::Names;

/// The columns that follow the fields.
pub(super) fn added<'n>(args: &ListArgs, names: impl Iterator<Item = &'n Names> + Clone) -> Vec<Column> {
    let mut added = Vec::new();
    if args.utc {
        added.extend([Column::Utc(Field::Date), Column::Utc(Field::Lastreply)]);
    }
    if args.decoded_text {
        added.extend(Column::DECODED.map(Column::Decoded));
    }
    // JSON has the ids, and stays canonical.
    if args.format.format == Format::Csv {
        added.extend(columns::of_names(names));
    }
    added
}

/// Returns the id of an admin, given as an id or by a name in the profile.
pub(super) fn admin(text: &str, connection: &Connection) -> Outcome<u64> {
    match text.trim().parse() {
        Ok(id) => Ok(id),
        Err(_) => connection.names.admin_id(text).ok_or_else(|| {
            Failure::usage(format!("--flag {text:?} is not the id of an admin or a name in the profile"))
                .hint("Give the id, or add the name to the admins of the profile in the configuration file")
        }),
    }
}

/// The range of a page and the total, and how to list the rest; `None` if the page is the last.
pub(super) fn rest_of(page: &Page) -> Option<String> {
    let start = page.startnumber().unwrap_or(0);
    let next = start.saturating_add(page.len() as u64);
    let how = format!("--limitstart {next} lists the next page, --all lists every ticket");
    match page.totalresults() {
        Some(total) if next < total && page.is_empty() => {
            Some(format!("the server counts {total} tickets and sent none from offset {start} on; try --all"))
        }
        Some(total) if next < total => Some(format!("{}; {how}", output::counted(page))),
        Some(_) => None,
        // Without a count, another page may follow a full page.
        None if page.is_empty() => None,
        None => Some(format!("{}, and the server does not say how many match; {how}", output::counted(page))),
    }
}
