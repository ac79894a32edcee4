//! Converts an offset in XML to a path such as `tickets.ticket[3].id`.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::text;

/// The most levels that a path names.
const MAX_LEVELS: usize = 16;

/// Returns the path of the element that is open at this offset. The document may be incomplete.
pub(super) fn path_at(document: &str, offset: usize) -> String {
    let mut reader = Reader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    // The names of the open elements, and how many tickets each contained so far.
    let mut open: Vec<(String, usize)> = Vec::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(element) => {
                let name = text::excerpt(element.name().as_ref(), 64);
                let index = open.last_mut().filter(|_| name == "ticket").map(|(_, tickets)| {
                    *tickets += 1;
                    *tickets - 1
                });
                let name = index.map_or(name.clone(), |index| format!("{name}[{index}]"));
                open.push((name, 0));
            }
            Event::End(_) => {
                open.pop();
            }
            _ => {}
        }
        if usize::try_from(reader.buffer_position()).is_ok_and(|end| end >= offset) {
            break;
        }
    }
    render(&open)
}

/// Joins the names below the root.
fn render(open: &[(String, usize)]) -> String {
    let names: Vec<&str> = open.iter().skip(1).take(MAX_LEVELS).map(|(name, _)| name.as_str()).collect();
    names.join(".")
}
