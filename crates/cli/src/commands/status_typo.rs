//! Warns of a status that is probably mistyped.
//!
//! Installs can configure statuses, so an unknown status may be correct, and the server sends an empty list for it. If
//! the list is empty and the word is similar to a default status, the program prints a warning.

use gettickets::{GetTickets, Status, StatusFilter};

use crate::exit;
use crate::similar::Comparison;

/// Warns, after nothing matched, if the status of a request is probably mistyped.
pub(crate) fn warn(requests: &[GetTickets]) {
    for request in requests {
        if let Some(StatusFilter::Is(word)) = &request.status
            && let Some(warning) = warning(word)
        {
            exit::warn(warning);
        }
    }
}

fn warning(word: &str) -> Option<String> {
    if let Some(known) = known_word(word) {
        return Some(format!("no ticket has the status '{word}'; did you mean '{known}'?"));
    }
    word.contains(',').then(|| {
        format!("no ticket has the status '{word}'; for several statuses give --status once for each")
    })
}

/// The known status that this word is probably meant to be: one or two typing errors away, or starting with this word.
fn known_word(word: &str) -> Option<String> {
    let statuses = Status::KNOWN.iter().map(Status::as_str).map(str::to_owned);
    let known: Vec<String> =
        statuses.chain(StatusFilter::SPECIAL.iter().map(StatusFilter::to_string)).collect();
    let word = word.trim();
    if known.iter().any(|known| known.eq_ignore_ascii_case(word)) {
        return None;
    }
    SIMILAR.nearest(word, known.iter().map(String::as_str)).map(str::to_owned)
}

/// Servers ignore case.
const SIMILAR: Comparison =
    Comparison { plain: |word| word.to_lowercase(), errors: |len| if len > 5 { 3 } else { 2 } };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_noticed_and_a_different_word_is_not() {
        for (word, meant) in [
            ("Opne", Some("Open")),
            ("opened", Some("Open")),
            ("Closd", Some("Closed")),
            ("customer reply", Some("Customer-Reply")),
            ("inprogress", Some("In Progress")),
            ("all active", Some("All Active Tickets")),
            ("Awaiting", Some("Awaiting Reply")),
            ("Open", None),
            ("ON HOLD", None),
            ("Terminé", None),
            ("Escalated", None),
        ] {
            assert_eq!(known_word(word).as_deref(), meant, "{word}");
        }
        assert!(warning("Open,Answered").is_some_and(|warning| warning.contains("once for each")));
        assert_eq!(warning("Escalated"), None);
    }
}
