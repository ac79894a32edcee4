//! Decides which columns fit, and how wide each is.

use gettickets_protocol::Tickets;

use super::column::Column;
use super::options::TableOptions;
use crate::output::{sanitize, width};

/// The space between two columns.
pub(super) const GAP: &str = "  ";

/// A column and its width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) column: Column,
    pub(super) width: usize,
}

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Layout {
    slots: Vec<Slot>,
    cuts: bool,
}

impl Layout {
    /// The layout for these tickets: the selected columns, or as many as fit, the important ones first.
    pub(super) fn of(tickets: &[Tickets], options: &TableOptions) -> Layout {
        let natural = |column: Column| {
            let tickets = tickets.iter().flat_map(Tickets::iter);
            let cells = tickets.map(|ticket| width::of(&column.cell(&ticket, options).text));
            let mut widest = cells.max().unwrap_or(0).max(column.title().len());
            if column == Column::Install {
                // Tickets of other installs follow.
                let names = options.installs.iter().map(|name| width::of(&sanitize::line(name)));
                widest = names.fold(widest, usize::max);
            }
            Slot { column, width: widest }
        };
        let install = (!options.installs.is_empty()).then_some(Column::Install);
        if !options.columns.is_empty() {
            let mut slots: Vec<Slot> =
                options.columns.iter().copied().map(Column::chosen).map(natural).collect();
            if let Some(room) = options.width {
                shrink(&mut slots, room);
            }
            return Layout { slots, cuts: options.width.is_some() };
        }
        let Some(room) = options.width else {
            let slots = install.into_iter().chain(Column::ALL).map(natural).collect();
            return Layout { slots, cuts: false };
        };
        let mut kept: Vec<Slot> = Vec::new();
        for slot in install.into_iter().chain(Column::BY_IMPORTANCE).map(natural) {
            kept.push(slot);
            if kept.len() > 1 && needed(kept.iter().map(|slot| least(slot, kept.len()))) > room {
                kept.pop();
                break;
            }
        }
        shrink(&mut kept, room);
        kept.sort_by_key(|slot| Column::ALL.iter().position(|column| *column == slot.column));
        Layout { slots: kept, cuts: true }
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Whether texts that are wider than their column are cut.
    pub(super) fn cuts(&self) -> bool {
        self.cuts
    }
}

/// The comfortable width of a subject: below it, names and addresses are shortened first.
const COMFORTABLE: usize = 48;

/// The minimum width at which a cut text is more useful than a cut number or time.
const MEANINGFUL: usize = 10;

/// The smallest useful width of a column beside this many.
fn least(slot: &Slot, columns: usize) -> usize {
    slot.column.narrowest(columns).map_or(slot.width, |narrowest| slot.width.min(narrowest))
}

/// The total width of these columns with the space between them.
fn needed(widths: impl ExactSizeIterator<Item = usize>) -> usize {
    let gaps = widths.len().saturating_sub(1) * GAP.len();
    gaps + widths.sum::<usize>()
}

/// Shortens columns until they fit: first a wide subject, then names and addresses to their smallest useful width, then
/// the subject, and finally the widest column.
fn shrink(slots: &mut [Slot], room: usize) {
    let excess = |slots: &[Slot]| needed(slots.iter().map(|slot| slot.width)).saturating_sub(room);
    let columns = slots.len();
    let steps = [
        (Column::Subject, COMFORTABLE),
        (Column::Email, 0),
        (Column::Department, 0),
        (Column::From, 0),
        (Column::Status, 0),
        (Column::Subject, 0),
    ];
    for (column, keep) in steps {
        let excess = excess(slots);
        if let Some(slot) = slots.iter_mut().find(|slot| slot.column == column) {
            slot.width -= excess.min(slot.width.saturating_sub(least(slot, columns).max(keep)));
        }
    }
    while excess(slots) > 0 {
        let is_cut_first = |slot: &Slot| slot.column.is_text() && slot.width > MEANINGFUL;
        match slots.iter_mut().max_by_key(|slot| (is_cut_first(slot), slot.width)) {
            Some(widest) if widest.width > 1 => widest.width -= 1,
            _ => break,
        }
    }
}
