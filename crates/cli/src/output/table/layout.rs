//! Which columns fit, and how wide each is.

use gettickets_protocol::Tickets;

use super::TableOptions;
use super::column::Column;
use crate::output::width;

/// What stands between two columns.
pub(super) const GAP: &str = "  ";

/// A column and the width it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) column: Column,
    pub(super) width: usize,
}

/// The columns of one table.
#[derive(Debug)]
pub(super) struct Layout {
    slots: Vec<Slot>,
    cuts: bool,
}

impl Layout {
    /// A layout for these tickets: as many columns as fit, the important ones first.
    pub(super) fn of(tickets: &Tickets, options: &TableOptions) -> Layout {
        let natural = |column: Column| {
            let cells = tickets.iter().map(|ticket| width::of(&column.cell(&ticket, options).text));
            Slot { column, width: cells.max().unwrap_or(0).max(column.title().len()) }
        };
        let Some(room) = options.width else {
            return Layout { slots: Column::ALL.map(natural).to_vec(), cuts: false };
        };
        let mut kept: Vec<Slot> = Vec::new();
        for slot in Column::BY_IMPORTANCE.map(natural) {
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

    /// Whether a text that is wider than its column is cut.
    pub(super) fn cuts(&self) -> bool {
        self.cuts
    }
}

/// A subject of this width is told well; below it, names and addresses give way first.
const COMFORTABLE: usize = 48;

/// The least width at which a column is worth having beside this many.
fn least(slot: &Slot, columns: usize) -> usize {
    slot.column.narrowest(columns).map_or(slot.width, |narrowest| slot.width.min(narrowest))
}

/// The columns that these widths take together.
fn needed(widths: impl ExactSizeIterator<Item = usize>) -> usize {
    let gaps = widths.len().saturating_sub(1) * GAP.len();
    gaps + widths.sum::<usize>()
}

/// Takes away what is too much: from a subject that is comfortable, then from names and addresses as far as
/// they may be cut, then from the subject, and where even that is not enough, from whatever is widest.
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
        match slots.iter_mut().max_by_key(|slot| slot.width) {
            Some(widest) if widest.width > 1 => widest.width -= 1,
            _ => break,
        }
    }
}
