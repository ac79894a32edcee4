//! A hint for whoever asks for a status that no ticket has.
//!
//! Installs configure statuses of their own, so a word that is not known is no mistake, and the server answers it with
//! an empty list. Where the list is empty and the word nearly one that every install has, that is told.

use gettickets::{GetTickets, Status, StatusFilter};
use strsim::osa_distance;

use crate::exit;

/// Tells, after nothing matched, which word may have been meant.
pub(crate) fn tell(request: &GetTickets) {
    let Some(StatusFilter::Is(word)) = &request.status else { return };
    if let Some(meant) = meant_by(word) {
        exit::warn(format!("no ticket has the status '{word}'; is it '{meant}' that you mean?"));
    }
}

/// The known word that is nearly this one: a slip of the finger or two away, or its beginning.
fn meant_by(word: &str) -> Option<String> {
    let statuses = Status::KNOWN.iter().map(Status::as_str).map(str::to_owned);
    let known: Vec<String> =
        statuses.chain(StatusFilter::SPECIAL.iter().map(StatusFilter::to_string)).collect();
    // Servers compare without regard to case, so a word that differs in nothing else was understood.
    let word = word.trim().to_lowercase();
    if known.iter().any(|known| known.eq_ignore_ascii_case(&word)) {
        return None;
    }
    let slips = |known: &String| osa_distance(&word, &known.to_lowercase());
    let is_nearly = |known: &String| {
        let is_beginning = word.len() > 2 && known.to_lowercase().starts_with(&word);
        is_beginning || slips(known) <= if known.len() > 5 { 3 } else { 2 }
    };
    known.into_iter().filter(is_nearly).min_by_key(slips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_and_another_word_is_not() {
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
            assert_eq!(meant_by(word).as_deref(), meant, "{word}");
        }
    }
}
