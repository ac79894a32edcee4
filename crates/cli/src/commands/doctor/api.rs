//! Checks the API: whether the endpoint is the API, whether it accepts the credentials, and what it sends.

use std::fmt::Display;
use std::time::Instant;

use gettickets::{
    ApiErrorClass, Client, DateTime, DetectedVersion, Error, ErrorKind, FindingKind, GetTickets, Page,
};

use super::report::{Report, Step, took};
use super::timed::Limits;
use crate::commands::scanning::Progress;
use crate::connect::failure_of;
use crate::exit::Exit;
use crate::output;

/// The steps that a single response decides, in the order in which a server checks them.
const API_STEPS: [(&str, &str); 4] = [
    ("API", "the server answers as the API"),
    ("credentials", "they are accepted"),
    ("IP address", "this machine's address is allowed"),
    ("permission", "GetTickets is allowed"),
];

/// The documented default page size.
const DEFAULT_PAGE_LEN: u64 = 25;

/// Checks by requesting pages: over HTTP as JSON and, with the second client, as XML; or through the Local API, which
/// has no formats.
pub(super) fn check(
    report: &mut Report,
    client: &Client,
    xml: Option<&Client>,
    now: DateTime,
    limits: Limits,
) {
    let reached = report.is_good();
    let start = Instant::now();
    let page = match (requested(client, &GetTickets::default()), xml) {
        (Ok(page), _) => page,
        // The Local API checks neither credentials nor addresses.
        (Err(error), None) => return report.add(Step::failed("local API", failure_of(&error))),
        (Err(error), Some(_)) => return add_api_steps(report, &error, reached),
    };
    let elapsed = start.elapsed();
    match xml {
        Some(_) => API_STEPS.into_iter().for_each(|(name, seen)| report.add(Step::good(name, seen))),
        None => report.add(Step::good("local API", "the install's PHP answers")),
    }
    let as_xml = xml
        .filter(|_| !limits.are_over())
        .map(|client| requested(client, &GetTickets { limitnum: Some(1), ..GetTickets::default() }));
    report.add(version(&page, as_xml.as_ref()));
    report.add(page_step(&page, took(elapsed)));
    report.add(second_page(client, &page, limits));
    report.add(encoding(&page));
    report.add(reply_format(&page, xml.is_some()));
    if let Some(step) = ages(&page, now) {
        report.add(step);
    }
}

/// Requests a page, and shows progress if that takes long.
fn requested(client: &Client, request: &GetTickets) -> Result<Page, Error> {
    let _waiting = Progress::waiting("waiting for the server");
    client.get_tickets(request)
}

/// Whether the server counts tickets behind those of the page.
fn more_match(page: &Page) -> bool {
    let (len, start) = (page.len() as u64, page.startnumber().unwrap_or(0));
    page.totalresults().is_some_and(|total| total.saturating_sub(start) > len)
}

/// Requests tickets from another offset. If a server ignores offsets, it sends the first page again, and a scan cannot
/// read the rest.
fn second_page(client: &Client, first: &Page, limits: Limits) -> Step {
    const NAME: &str = "second page";
    let len = first.len() as u64;
    let more_match = more_match(first);
    // Without a second page, the second half of the first page serves the same purpose.
    let offset = if more_match { len } else { len / 2 };
    if offset == 0 {
        return Step::skipped(NAME, "too few tickets match");
    }
    if limits.are_over() {
        return Step::skipped(NAME, "the time limit of the check has passed");
    }
    let request = GetTickets { limitstart: Some(offset), limitnum: Some(offset), ..GetTickets::default() };
    let second = match requested(client, &request) {
        Ok(second) => second,
        Err(error) => return Step::failed(NAME, failure_of(&error)),
    };
    let ids = |page: &Page| page.iter().map(|ticket| ticket.id()).collect::<Vec<u64>>();
    let (first, second) = (ids(first), ids(&second));
    if second.is_empty() && more_match {
        let seen = format!("no ticket from offset {offset} on, though the server counts more");
        return Step::doubtful(
            NAME,
            seen,
            "Departments that the API user is not assigned to may be hidden; try --ignore-dept-assignments.",
        );
    }
    if !second.is_empty() && first.starts_with(&second) {
        return Step::bad(
            NAME,
            Exit::Incomplete,
            format!("the server ignores limitstart: offset {offset} returned the tickets of offset 0"),
            "Only the first page can be listed. Look for a hook or a proxy that drops parameters.",
        );
    }
    Step::good(NAME, format!("offset {offset} returns other tickets"))
}

/// Adds the steps up to the one that the error shows to have failed.
fn add_api_steps(report: &mut Report, error: &Error, reached: bool) {
    let failure = failure_of(error);
    let fails_at = match error.api_class() {
        Some(ApiErrorClass::Authentication) => 1,
        Some(ApiErrorClass::IpNotAllowed) => 2,
        Some(ApiErrorClass::Permission) => 3,
        Some(_) => 0,
        // The network check has already reported the cause.
        None if matches!(error.kind(), ErrorKind::Transport(_)) && !reached => {
            for (name, _) in API_STEPS {
                report.add(Step::skipped(name, "not reached"));
            }
            return;
        }
        None => 0,
    };
    // Some servers check the address before the credentials, which may be wrong too.
    let unknown = |index: usize| fails_at == 2 && index == 1;
    let mut failure = Some(failure);
    for (index, (name, seen)) in API_STEPS.into_iter().enumerate() {
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

/// The server's version. XML states it; JSON only gives a lower bound.
fn version(page: &Page, xml: Option<&Result<Page, Error>>) -> Step {
    let shown = match xml {
        Some(Ok(xml)) => xml.detected_version(),
        _ => page.detected_version(),
    };
    match (shown, xml) {
        (DetectedVersion::Exact(version), _) => {
            Step::good("version", format!("{version}, as the server states in XML"))
        }
        (DetectedVersion::AtLeast(version), _) if page.is_empty() => {
            Step::skipped("version", format!("{version} or later; without a ticket no more can be known"))
        }
        (DetectedVersion::AtLeast(version), Some(Err(error))) => {
            let seen =
                format!("{version} or later, by the fields it sends; XML, which states it, fails: {error}");
            Step::doubtful(
                "version",
                seen,
                "XML should work: pages with malformed text are requested as XML.",
            )
        }
        (DetectedVersion::AtLeast(version), _) => {
            Step::good("version", format!("{version} or later, by the fields it sends"))
        }
    }
}

/// The number of tickets on a page of default size, and the time that it takes.
fn page_step(page: &Page, took: impl Display) -> Step {
    let len = page.len() as u64;
    let more_match = more_match(page);
    if len == 0 && more_match {
        return Step::bad(
            "page",
            Exit::Incomplete,
            format!("{}, in {took}", output::counted(page)),
            "The API user may not read any of these departments: try --ignore-dept-assignments, assign the departments to \
             the user's admin, and look for a hook that hides tickets.",
        );
    }
    let cap = if more_match && len < DEFAULT_PAGE_LEN {
        format!("; the server caps a page at {len}, where {DEFAULT_PAGE_LEN} are usual")
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
            format!("the server cannot send this page as JSON, but as XML: {finding}"),
            "Nothing is lost: such pages are requested as XML. To repair the text, edit that ticket in the install.",
        ),
        None => Step::good("encoding", "UTF-8"),
    }
}

/// Deviations from the documented format that the other steps do not report.
fn reply_format(page: &Page, asked_for_json: bool) -> Step {
    let has = |kind| page.findings().iter().any(|finding| finding.kind == kind);
    let mut odd: Vec<String> = page
        .findings()
        .iter()
        // Other steps report these two kinds.
        .filter(|finding| !matches!(finding.kind, FindingKind::ReplacedBytes | FindingKind::MissingTickets))
        .map(ToString::to_string)
        .collect();
    // Only XML states the version; a page with replaced bytes was finally requested as XML.
    let is_xml = matches!(page.detected_version(), DetectedVersion::Exact(_));
    if asked_for_json && is_xml && !has(FindingKind::ReplacedBytes) {
        odd.push("the reply is XML, though JSON was requested".to_owned());
    }
    if odd.is_empty() {
        return Step::good("format", "as documented");
    }
    let todo = if has(FindingKind::LeadingText) {
        "The reply is accepted. Something in the install prints text before it: a hook, or PHP; turn display_errors off."
    } else {
        "The reply is accepted; no action is needed."
    };
    Step::doubtful("format", odd.join("; "), todo)
}

/// Warns of a reply in the future: the install's clock is in another zone than assumed.
fn ages(page: &Page, now: DateTime) -> Option<Step> {
    let newest = page.iter().filter_map(|ticket| ticket.lastreply()).max()?;
    let ahead = newest.duration_since(now);
    (ahead.as_secs() > 120).then(|| {
        Step::doubtful(
            "time zone",
            format!(
                "the newest reply is {} ahead of the install's clock in the assumed time zone",
                took(ahead.unsigned_abs())
            ),
            "Set the install's time zone with --time-zone, or as time-zone in the profile, for correct ages.",
        )
    })
}
