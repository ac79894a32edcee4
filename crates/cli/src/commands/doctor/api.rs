//! The look at the API: whether it is one, whom it lets in, and what it sends.

use std::fmt::Display;
use std::time::Instant;

use gettickets::{
    ApiErrorClass, Client, DateTime, Error, ErrorKind, FindingKind, GetTickets, Page, ShownVersion,
};

use super::report::{Report, Step, took};
use crate::connect::failure_of;
use crate::output;

/// The steps that one answer of the API decides, in the order in which a server decides them.
const LADDER: [(&str, &str); 4] = [
    ("API", "it answers as the API"),
    ("credentials", "they are let in"),
    ("IP address", "this machine's address is allowed"),
    ("permission", "GetTickets is allowed"),
];

/// The documented length of a page where the request names none.
const USUAL_PAGE_LEN: u64 = 25;

/// Looks by asking for a page: over HTTP as JSON and, by the second client, as XML; else through the Local
/// API, which knows neither.
pub(super) fn look(report: &mut Report, client: &Client, xml: Option<&Client>, now: DateTime) {
    let reached = report.is_good();
    let start = Instant::now();
    let page = match (client.get_tickets(&GetTickets::default()), xml) {
        (Ok(page), _) => page,
        // An install that is asked through its own PHP looks at nobody's credentials or address.
        (Err(error), None) => return report.add(Step::failed("local API", failure_of(&error))),
        (Err(error), Some(_)) => return climb(report, &error, reached),
    };
    let elapsed = start.elapsed();
    match xml {
        Some(_) => LADDER.into_iter().for_each(|(name, seen)| report.add(Step::good(name, seen))),
        None => report.add(Step::good("local API", "the install's PHP answers")),
    }
    let as_xml =
        xml.map(|client| client.get_tickets(&GetTickets { limitnum: Some(1), ..GetTickets::default() }));
    report.add(version(&page, as_xml.as_ref()));
    report.add(page_step(&page, took(elapsed)));
    report.add(encoding(&page));
    report.add(shape(&page, xml.is_some()));
    if let Some(step) = ages(&page, now) {
        report.add(step);
    }
}

/// How far up the ladder an error shows the request to have come.
fn climb(report: &mut Report, error: &Error, reached: bool) {
    let failure = failure_of(error);
    let fails_at = match error.api_class() {
        Some(ApiErrorClass::Authentication) => 1,
        Some(ApiErrorClass::IpNotAllowed) => 2,
        Some(ApiErrorClass::Permission) => 3,
        Some(_) => 0,
        // The look at the network has said why already, in as many words.
        None if matches!(error.kind(), ErrorKind::Transport(_)) && !reached => {
            for (name, _) in LADDER {
                report.add(Step::skipped(name, "not reached"));
            }
            return;
        }
        None => 0,
    };
    // Some servers look at the address before the credentials, so neither is known to be good then.
    let unknown = |index: usize| fails_at == 2 && index == 1;
    let mut failure = Some(failure);
    for (index, (name, seen)) in LADDER.into_iter().enumerate() {
        report.add(match index.cmp(&fails_at) {
            std::cmp::Ordering::Less if unknown(index) => Step::skipped(name, "not known yet"),
            std::cmp::Ordering::Less => Step::good(name, seen),
            std::cmp::Ordering::Equal => match failure.take() {
                Some(failure) => Step::failed(name, failure),
                None => Step::skipped(name, "not reached"),
            },
            std::cmp::Ordering::Greater => Step::skipped(name, "not reached"),
        });
    }
}

/// XML names the server's version; JSON only shows what it is at least.
fn version(page: &Page, xml: Option<&Result<Page, Error>>) -> Step {
    let shown = match xml {
        Some(Ok(xml)) => xml.shows_version(),
        _ => page.shows_version(),
    };
    match (shown, xml) {
        (ShownVersion::Exactly(version), _) => {
            Step::good("version", format!("{version}, as the server says in XML"))
        }
        (ShownVersion::AtLeast(version), _) if page.is_empty() => {
            Step::skipped("version", format!("{version} or later; without a ticket no more can be seen"))
        }
        (ShownVersion::AtLeast(version), Some(Err(error))) => {
            let seen = format!(
                "{version} or later, by the fields it sends; XML, which would name it, fails: {error}"
            );
            Step::doubtful(
                "version",
                seen,
                "XML is what a page with malformed text is read as; it should work.",
            )
        }
        (ShownVersion::AtLeast(version), _) => {
            Step::good("version", format!("{version} or later, by the fields it sends"))
        }
    }
}

/// How many tickets the server puts on a page where nobody says, and how long it takes.
fn page_step(page: &Page, took: impl Display) -> Step {
    let (len, start) = (page.len() as u64, page.startnumber().unwrap_or(0));
    let more_match = page.totalresults().is_some_and(|total| total > start + len);
    let cap = if more_match && len < USUAL_PAGE_LEN {
        format!("; the server caps a page at {len}, where {USUAL_PAGE_LEN} are usual")
    } else {
        String::new()
    };
    Step::good("page", format!("{}, in {took}{cap}", output::counted(page)))
}

fn encoding(page: &Page) -> Step {
    let replaced = page.findings().iter().find(|finding| finding.kind == FindingKind::ReplacedBytes);
    match replaced {
        Some(finding) => Step::doubtful(
            "encoding",
            format!("the server cannot send this page as JSON, and XML works: {finding}"),
            "Nothing is lost, as such pages are read as XML. To mend it, edit the text of that ticket in the install.",
        ),
        None => Step::good("encoding", "UTF-8"),
    }
}

/// Whatever else departs from the documented shape.
fn shape(page: &Page, asked_for_json: bool) -> Step {
    let has = |kind| page.findings().iter().any(|finding| finding.kind == kind);
    let mut odd: Vec<String> = page
        .findings()
        .iter()
        .filter(|finding| finding.kind != FindingKind::ReplacedBytes)
        .map(ToString::to_string)
        .collect();
    // XML alone names the version; a page with replaced bytes was asked for as XML in the end.
    let is_xml = matches!(page.shows_version(), ShownVersion::Exactly(_));
    if asked_for_json && is_xml && !has(FindingKind::ReplacedBytes) {
        odd.push("the reply is XML, where JSON was asked for".to_owned());
    }
    if odd.is_empty() {
        return Step::good("shape", "as documented");
    }
    let todo = if has(FindingKind::LeadingText) {
        "It is read all the same. Something in the install prints before the reply: a hook, or PHP's notices; turn display_errors off."
    } else {
        "It is read all the same; nothing needs to be done."
    };
    Step::doubtful("shape", odd.join("; "), todo)
}

/// A reply from the future shows that the install's clock is in another zone than was thought.
fn ages(page: &Page, now: DateTime) -> Option<Step> {
    let newest = page.iter().filter_map(|ticket| ticket.lastreply()).max()?;
    let ahead = newest.duration_since(now);
    (ahead.as_secs() > 120).then(|| {
        Step::doubtful(
            "time zone",
            format!(
                "the newest reply is {} ahead of the time thought to be the install's",
                took(ahead.unsigned_abs())
            ),
            "Name the install's time zone with --time-zone, or as time-zone in the profile, for right ages.",
        )
    })
}
