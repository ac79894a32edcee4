//! Generates one believable ticket.

use std::borrow::Cow;

use gettickets_protocol::{Attachment, DateTime, Priority, RequestorType, Status, Ticket};

use super::names::{self, Person};
use super::rng::Rng;
use super::words;

/// What determines a ticket's position in the list, decided before its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Counted from 1 in the order of opening.
    pub(crate) id: u64,
    /// How many tickets there are.
    pub(crate) count: u64,
    pub(crate) opened: Option<DateTime>,
    pub(crate) lastreply: Option<DateTime>,
    /// Whether there are messages after the opening one.
    pub(crate) replied: bool,
    /// Seconds from the last reply to the newest time.
    pub(crate) quiet: i64,
}

const DAY: i64 = 86_400;

/// Departments and their shares of the tickets: support, sales, billing, abuse.
const DEPARTMENTS: &[(u64, u64)] = &[(1, 50), (2, 20), (3, 25), (4, 5)];
const PRIORITIES: &[(Priority<'static>, u64)] =
    &[(Priority::Medium, 62), (Priority::Low, 18), (Priority::High, 20)];
const KEY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The people of a ticket.
struct Parties {
    userid: u64,
    opener: Person,
    owner_name: String,
    requestor: Person,
    requestor_type: RequestorType<'static>,
    /// The admin who opened it for a client, or empty.
    admin: String,
}

/// The ticket of an outline. The same seed and outline give the same ticket.
pub(crate) fn ticket(seed: u64, outline: &Outline) -> Ticket {
    let rng = &mut Rng::new(seed, outline.id);
    let parties = parties(rng, seed, outline);
    let (attachments, attachment) = attachments(rng);
    let removed = !attachments.is_empty() && outline.quiet > 300 * DAY && rng.one_in(3);
    // The oldest tickets are older than the field and have null there.
    let before_requestors = outline.id <= outline.count / 5 || rng.one_in(40);
    Ticket {
        id: outline.id,
        tid: tid(rng, seed, outline),
        deptid: *rng.weighted(DEPARTMENTS),
        userid: parties.userid,
        name: parties.opener.name,
        owner_name: Some(parties.owner_name),
        email: parties.opener.email,
        requestor_name: (!before_requestors).then_some(parties.requestor.name),
        requestor_email: Some(parties.requestor.email),
        requestor_type: Some(parties.requestor_type),
        cc: copies(rng),
        c: rng.characters(KEY, 8),
        date: outline.opened,
        subject: words::subject(rng),
        status: status(rng, outline),
        priority: rng.weighted(PRIORITIES).clone(),
        admin: parties.admin,
        attachment,
        attachments: Some(attachments),
        attachments_removed: Some(removed),
        lastreply: outline.lastreply,
        flag: if rng.one_in(12) { 1 + rng.below(names::ADMINS.len() as u64) } else { 0 },
        service: service(rng),
        ..Ticket::default()
    }
}

fn parties(rng: &mut Rng, seed: u64, outline: &Outline) -> Parties {
    if rng.one_in(8) {
        let guest = names::person(rng);
        return Parties {
            userid: 0,
            owner_name: guest.name.clone(),
            requestor: guest.clone(),
            requestor_type: RequestorType::Other(Cow::Borrowed("Guest")),
            opener: guest,
            admin: String::new(),
        };
    }
    let userid = 1 + rng.below(outline.count / 6 + 10);
    let owner = names::client(seed, userid);
    let owner_name = owner.name.clone();
    match rng.below(20) {
        0 => {
            let admin = names::admin(1 + rng.below(names::ADMINS.len() as u64));
            Parties {
                userid,
                opener: owner,
                owner_name,
                admin: admin.name.clone(),
                requestor: admin,
                requestor_type: RequestorType::Operator,
            }
        }
        1 => {
            let user = names::person(rng);
            Parties {
                userid,
                opener: user.clone(),
                owner_name,
                admin: String::new(),
                requestor: user,
                requestor_type: RequestorType::Other(Cow::Borrowed("Authorized User")),
            }
        }
        _ => Parties {
            userid,
            opener: owner.clone(),
            owner_name,
            admin: String::new(),
            requestor: owner,
            requestor_type: RequestorType::Owner,
        },
    }
}

/// A public number: six digits, or more if there are too many tickets for six digits, and on a few tickets the
/// install's earlier number format.
fn tid(rng: &mut Rng, seed: u64, outline: &Outline) -> String {
    if rng.one_in(50) {
        return format!("TKT-{:05}", outline.id);
    }
    let digits = outline.count.checked_ilog10().unwrap_or(0).max(5);
    let lowest = 10_u64.saturating_pow(digits);
    let room = lowest.saturating_mul(9);
    // The factor is coprime to 9 and to powers of 10, so that numbers are unique.
    let scattered = (u128::from(outline.id) * 7_368_787 + u128::from(seed)) % u128::from(room);
    (lowest + scattered as u64).to_string()
}

/// Up to three attachments, and their stored names.
fn attachments(rng: &mut Rng) -> (Vec<Attachment>, String) {
    let count = *rng.weighted(&[(0, 70), (1, 20), (2, 7), (3, 3)]);
    let list: Vec<Attachment> =
        (0..count).map(|index| Attachment { filename: words::file_name(rng).to_owned(), index }).collect();
    let stored: Vec<String> = list
        .iter()
        .map(|attachment| format!("{}_{}", 100_000 + rng.below(900_000), attachment.filename))
        .collect();
    (list, stored.join("|"))
}

fn copies(rng: &mut Rng) -> String {
    let count = *rng.weighted(&[(0, 84), (1, 12), (2, 4)]);
    let addresses: Vec<String> = (0..count).map(|_| names::person(rng).email).collect();
    addresses.join(",")
}

/// Most old tickets are closed, and most recent ones await an answer.
fn status(rng: &mut Rng, outline: &Outline) -> Status<'static> {
    let fresh = outline.quiet < 3 * DAY;
    let closed_in_100 = if fresh {
        25
    } else if outline.quiet < 21 * DAY {
        75
    } else {
        97
    };
    if rng.below(100) < closed_in_100 {
        return Status::Closed;
    }
    if !outline.replied {
        return rng.weighted(&[(Status::Open, 90), (Status::InProgress, 7), (Status::OnHold, 3)]).clone();
    }
    let words =
        [(Status::Answered, 55), (Status::CustomerReply, 28), (Status::OnHold, 8), (Status::InProgress, 9)];
    rng.weighted(&words).clone()
}

fn service(rng: &mut Rng) -> String {
    match rng.below(10) {
        0..=5 => format!("S{}", 1 + rng.below(5_000)),
        6 => format!("D{}", 1 + rng.below(2_000)),
        _ => String::new(),
    }
}
