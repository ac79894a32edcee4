//! The quirks: their names and descriptions, and the set of a server's quirks.
//!
//! If a quirk affects only some requests, its description says so; a client that retries then succeeds.

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($variant:ident $name:literal $description:literal;)+) => {
        /// A deviation of a server. Any number of them can be combined.
        ///
        /// ```
        /// use gettickets_sandbox::Quirk;
        /// let quirk: Quirk = "php-notice".parse()?;
        /// assert_eq!(quirk, Quirk::PhpNotice);
        /// assert_eq!(quirk.to_string(), "php-notice");
        /// # Ok::<(), gettickets_sandbox::UnknownQuirk>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Quirk {
            $(#[doc = $description] $variant,)+
        }

        impl Quirk {
            /// Every quirk, related ones together.
            pub const ALL: &'static [Quirk] = &[$(Quirk::$variant),+];

            /// Returns its name, which never changes.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Quirk::$variant => $name,)+
                }
            }

            /// Returns what the server does, in one or two sentences.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Quirk::$variant => $description,)+
                }
            }
        }
    };
}

quirks! {
    Bom "bom" "A UTF-8 byte order mark and white space precede the reply.";
    PhpNotice "php-notice" "PHP notices, in HTML, precede the reply.";
    TrailingText "trailing-text" "A PHP warning follows the reply.";
    SingleObject "single-object" "A page of one ticket has it as an object rather than as a list of one.";
    NumericKeys "numeric-keys" "The list of tickets is an object with numbers as keys, some left out.";
    BareList "bare-list" "The list of tickets is `tickets` itself, without `ticket` inside it.";
    Strings "strings" "Every number is a string, and a boolean is `\"1\"` or an empty string.";
    Ints "ints" "Every number is a number, and a boolean is 1 or 0.";
    EmptyString "empty-string" "An empty list is an empty string: `tickets` and `attachments` alike.";
    NullTickets "null-tickets" "On a page without tickets, `tickets` is null.";
    NoTicketsKey "no-tickets-key" "A page without tickets has no `tickets`.";
    AttachmentsEmptyList "attachments-empty-list" "In JSON, a ticket without attachments has `[[]]`: a list that holds an empty list.";
    AttachmentsEmptyObject "attachments-empty-object" "In JSON, a ticket without attachments has `[{}]`: a list that holds an empty object.";
    AttachmentsNested "attachments-nested" "In JSON, the list of attachments is nested as in XML: `{\"attachment\":[…]}`.";
    DatesIso "dates-iso" "In JSON, dates are in ISO 8601: `date` with a fraction and Z, `lastreply` with an offset.";
    DatesCarbon "dates-carbon" "In JSON, dates are objects as PHP's Carbon writes them, with a time zone.";
    DatesWithoutTime "dates-without-time" "In JSON, dates have no time of day.";
    DatesUnreadable "dates-unreadable" "In JSON, dates are in a format whose day and month cannot be distinguished, such as 04/03/2025.";
    ExtraFields "extra-fields" "Tickets have `deptname` and `contactid`, and the page has a `note`, none of which is documented.";
    CountMismatch "count-mismatch" "`numreturned` is two more than the tickets on the page.";
    Overcounted "overcounted" "`totalresults` is 15 more than the tickets that are ever sent.";
    ControlChars "control-chars" "Subjects hold control characters, including terminal sequences, which XML forbids; XML replies hold them unescaped.";
    XmlOnly "xml-only" "The reply is XML, whatever was requested.";
    Iso88591 "iso-8859-1" "The reply is XML in ISO-8859-1, as it declares, whatever was requested.";
    XmlBomb "xml-bomb" "The reply is XML whose own document type defines entities that grow a billion times.";
    DeepNesting "deep-nesting" "The reply is JSON that is nested 100,000 levels deep.";
    MalformedUtf8 "malformed-utf8" "Tickets whose id divided by 40 leaves 17 hold a byte that is not UTF-8: a page with one fails as JSON with the documented error, and has the raw byte as XML.";
    MalformedUtf8Deep "malformed-utf8-deep" "As malformed-utf8, but such a page fails as XML too.";
    PageCap "page-cap" "A page has at most 10 tickets, however many are requested.";
    MemoryExhausted "memory-exhausted" "A page of more than 30 tickets fails with HTTP 500 and PHP's message that its memory is exhausted.";
    IgnoreLimitstart "ignore-limitstart" "Every page is the first.";
    EmptyPage "empty-page" "Of every three pages requested, the second has no tickets.";
    Shifting "shifting" "Before every reply some tickets are opened, answered, closed or deleted.";
    ClockSetBack "clock-set-back" "The clock was set back an hour, as in autumn: the newest quarter of the list was answered in that hour, and tickets that are answered before every reply are listed among them rather than at the front.";
    GroupedByPriority "grouped-by-priority" "The list is grouped by priority, high first, and each group is in order of the last reply.";
    GroupedByStatus "grouped-by-status" "The list is grouped by status, and each group is in order of the last reply.";
    GroupedByDepartment "grouped-by-department" "The list is grouped by department, and each group is in order of the last reply.";
    GroupedByFlag "grouped-by-flag" "Tickets that are flagged to an admin come first, and both groups are in order of the last reply.";
    PinnedFirst "pinned-first" "Pinned tickets, whose id divided by 40 leaves 3, come first.";
    HiddenRows "hidden-rows" "The middle half of the list is left out of pages after they were cut out of it, so that pages there are short or empty; `totalresults` counts the missing tickets.";
    HiddenRowsUncounted "hidden-rows-uncounted" "As hidden-rows, but `totalresults` does not count the missing tickets.";
    Status403 "status-403" "Every request is refused with HTTP 403 and `Authentication Failed` in the API's own form.";
    Status200 "status-200" "Refusals are sent with HTTP 200 rather than 403.";
    StatusForResult "status-for-result" "Every request is refused, with `status` in place of `result`.";
    NoMessage "no-message" "Every request is refused, without a message.";
    IpRefused "ip-refused" "Every request is refused as coming from the address 203.0.113.7.";
    NotPermitted "not-permitted" "Every request is refused because the credentials lack the permission.";
    AccountDisabled "account-disabled" "Every request is refused because the account is disabled.";
    UnknownAction "unknown-action" "The server does not know the action.";
    EchoRequest "echo-request" "Every request is refused with its own parameters, secrets included, in the message and in a header.";
    WantsUserAgent "wants-user-agent" "A request without a User-Agent gets the page of a bot protection with HTTP 406.";
    HtmlWaf "html-waf" "A web application firewall replies with a page and HTTP 403.";
    Maintenance "maintenance" "The reply is a maintenance page with HTTP 503.";
    LoginPage "login-page" "The reply is a login page with HTTP 200.";
    EmptyBody "empty-body" "The reply is empty, with HTTP 200.";
    Redirect "redirect" "The reply is a redirection to another host, with HTTP 302.";
    RateLimit "rate-limit" "Of every four requests the first two get HTTP 429 and a Retry-After of one second.";
    LongRetryAfter "long-retry-after" "Every request gets HTTP 429 and a Retry-After of an hour.";
    Flaky503 "flaky-503" "Of every three requests the first gets HTTP 503.";
    Cloudflare520 "cloudflare-520" "Of every three requests the first gets HTTP 520 and Cloudflare's page.";
    Slow "slow" "The reply drips, 16 bytes four times a second.";
    Hang "hang" "Of every three requests the first gets no reply.";
    Truncate "truncate" "Of every three replies the first ends in the middle, as if it were complete.";
    Reset "reset" "Of every three replies the first ends in the middle because the connection is closed.";
    GzipBomb "gzip-bomb" "A small compressed body expands to a gibibyte.";
    HugeBody "huge-body" "The body is a gibibyte long.";
    HugeHeaders "huge-headers" "The reply has a mebibyte of headers.";
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Quirk {
    type Err = UnknownQuirk;

    fn from_str(name: &str) -> Result<Quirk, UnknownQuirk> {
        Quirk::ALL
            .iter()
            .copied()
            .find(|quirk| quirk.name() == name)
            .ok_or_else(|| UnknownQuirk { name: name.chars().take(40).collect() })
    }
}

/// Error for an unknown name of a quirk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownQuirk {
    name: String,
}

impl fmt::Display for UnknownQuirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no quirk {:?}; quirks are", self.name)?;
        for (index, quirk) in Quirk::ALL.iter().enumerate() {
            write!(f, "{} {quirk}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownQuirk {}

/// The quirks that a server has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quirks(Vec<Quirk>);

impl Quirks {
    pub(crate) fn insert(&mut self, quirk: Quirk) {
        if !self.has(quirk) {
            self.0.push(quirk);
        }
    }

    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }

    pub(crate) fn has_any(&self, quirks: &[Quirk]) -> bool {
        quirks.iter().any(|quirk| self.has(*quirk))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Quirk> + '_ {
        self.0.iter().copied()
    }

    /// Whether the server has a quirk and this request is the `turn`-th of every `of`; both are counted from 0.
    pub(crate) fn hits(&self, quirk: Quirk, request: u64, turn: u64, of: u64) -> bool {
        self.has(quirk) && request % of == turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quirk_is_parsed_from_its_name() {
        for quirk in Quirk::ALL {
            assert_eq!(quirk.name().parse(), Ok(*quirk));
            let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(quirk.name().bytes().all(kebab), "{quirk}");
            assert!(quirk.description().ends_with('.'), "{quirk}");
        }
        let error = "php".parse::<Quirk>().unwrap_err().to_string();
        assert!(error.starts_with("there is no quirk \"php\"; quirks are bom, php-notice,"), "{error}");
    }
}
