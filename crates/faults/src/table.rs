//! Writes the catalog as tables of Markdown.

use std::fmt::Write;

use crate::catalog::Section;
use crate::fault::Fault;
use crate::outcome::Outcome;

/// The lines of RELIABILITY.md between which the tables are.
pub const MARKERS: [&str; 2] =
    ["<!-- written by `cargo test -p gettickets --test faults` -->", "<!-- end of the faults -->"];

/// How many members of a family are named for each outcome.
const MOST_NAMES: usize = 8;

/// The tables of all sections: a row for each fault, or for each family of faults.
pub fn markdown(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        write!(
            out,
            "### {}\n\n| fault | what happens | outcome in all interfaces |\n|---|---|---|\n",
            section.title
        )
        .unwrap();
        for family in section.faults.chunk_by(|a, b| a.family().0 == b.family().0) {
            let (name, about) = (family[0].family().0, &family[0].about);
            let size = if family.len() == 1 { String::new() } else { format!(" ({})", family.len()) };
            writeln!(out, "| `{name}`{size} | {about} | {} |", outcomes(family)).unwrap();
        }
        out.push('\n');
    }
    out
}

/// The outcomes of a family, each with the members that have it if there are several.
fn outcomes(family: &[Fault]) -> String {
    let mut groups: Vec<(&Outcome, Vec<&str>)> = Vec::new();
    for fault in family {
        let member = fault.family().1.unwrap_or_default();
        if let Some(other) = &fault.asynchronous {
            // No family has a member of this kind.
            return format!("{}; asynchronous: {}", words(&fault.outcome, true), words(other, true));
        }
        match groups.iter_mut().find(|(outcome, _)| alike(outcome, &fault.outcome)) {
            Some((_, members)) => members.push(member),
            None => groups.push((&fault.outcome, vec![member])),
        }
    }
    let single = groups.len() == 1;
    let shown = groups.iter().map(|(outcome, members)| match single {
        true => words(outcome, members.len() == 1),
        false => format!("{}: {}", names(members), words(outcome, members.len() == 1)),
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// Whether two outcomes differ in their status and their number of tickets alone.
fn alike(a: &Outcome, b: &Outcome) -> bool {
    (a.code, a.wait, a.retryable, a.sent) == (b.code, b.wait, b.retryable, b.sent)
}

fn names(members: &[&str]) -> String {
    match members {
        [first, .., last] if members.len() > MOST_NAMES => format!("{first} to {last}"),
        _ => members.join(", "),
    }
}

fn words(outcome: &Outcome, alone: bool) -> String {
    if outcome.code == "page" {
        return match outcome.tickets {
            1 => "a page of 1 ticket".to_owned(),
            tickets => format!("a page of {tickets} tickets"),
        };
    }
    let mut words = format!("`{}`", outcome.code);
    if let Some(status) = outcome.status.filter(|_| alone) {
        write!(words, ", HTTP {status}").unwrap();
    }
    if let Some(wait) = outcome.wait {
        write!(words, ", wait {wait} s").unwrap();
    }
    if outcome.retryable {
        words.push_str(", retryable");
    }
    if !outcome.sent {
        words.push_str(", not sent");
    }
    words
}
