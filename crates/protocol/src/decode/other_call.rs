//! Detects replies to other calls of the API, which must not be mistaken for an empty page of tickets.

use crate::DecodeErrorKind;

/// The rules: top-level keys of the documented reply to another call, and its name. A reply that has all keys of a rule
/// looks like that call; the first matching rule is used.
const CALLS: &[(&[&str], &str)] = &[
    (&["ticketid", "replies"], "GetTicket"),
    (&["ticketid", "tid"], "GetTicket"),
    (&["allActive"], "GetTicketCounts"),
    (&["filteredDepartments"], "GetTicketCounts"),
    (&["awaitingReply"], "GetTicketCounts"),
    (&["departments"], "GetSupportDepartments"),
    (&["statuses"], "GetSupportStatuses"),
    (&["predefinedreplies"], "GetTicketPredefinedReplies"),
    (&["notes"], "GetTicketNotes"),
    (&["clients"], "GetClients"),
    (&["client"], "GetClientsDetails"),
    (&["contacts"], "GetContacts"),
    (&["users"], "GetUsers"),
    (&["products"], "GetProducts or GetClientsProducts"),
    (&["domains"], "GetClientsDomains"),
    (&["invoices"], "GetInvoices"),
    (&["orders"], "GetOrders"),
    (&["quotes"], "GetQuotes"),
    (&["transactions"], "GetTransactions"),
    (&["emails"], "GetEmails"),
    (&["announcements"], "GetAnnouncements"),
    (&["projects"], "GetProjects"),
    (&["currencies"], "GetCurrencies"),
    (&["paymentmethods"], "GetPaymentMethods"),
    (&["activity"], "GetActivityLog"),
    (&["adminid"], "GetAdminDetails"),
    (&["admin_users"], "GetAdminUsers"),
    (&["servers"], "GetServers"),
    (&["whmcs"], "WhmcsDetails"),
];

/// Returns an error for a successful reply without `tickets`, unless it can be an empty page: it has a count, and no
/// list or object of another name. `keys` are its unknown keys, each with whether its value is a list or an object.
pub(super) fn check<'k>(
    has_count: bool,
    keys: impl Iterator<Item = (&'k str, bool)> + Clone,
) -> Result<(), DecodeErrorKind> {
    let has = |wanted: &str| keys.clone().any(|(key, _)| key == wanted);
    let fits = |rule: &&(&[&str], &'static str)| rule.0.iter().all(|key| has(key));
    let looks_like = CALLS.iter().find(fits).map(|(_, call)| *call);
    let is_empty_page =
        has_count && looks_like.is_none() && !keys.clone().any(|(_, is_container)| is_container);
    if is_empty_page { Ok(()) } else { Err(DecodeErrorKind::OtherCall { looks_like }) }
}
