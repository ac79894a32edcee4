//! The ways in which real servers misbehave, each a named switch.
//!
//! Where a quirk hits only some requests it says so, and lets a client that tries again through.

pub(crate) mod bytes;
pub(crate) mod pages;
pub(crate) mod refuse;
pub(crate) mod spelling;

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($variant:ident $name:literal $description:literal;)+) => {
        /// A way in which a server misbehaves. Any number of them can be switched on together.
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

            /// Its name, which stays.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Quirk::$variant => $name,)+
                }
            }

            /// What the server does, in one or two sentences.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Quirk::$variant => $description,)+
                }
            }
        }
    };
}

quirks! {
    Bom "bom" "A UTF-8 byte order mark and white space stand before the reply.";
    PhpNotice "php-notice" "PHP notices, in HTML, stand before the reply.";
    TrailingText "trailing-text" "A PHP warning stands after the reply.";
    SingleObject "single-object" "A page of one ticket has it as an object rather than a list of one.";
    NumericKeys "numeric-keys" "The list of tickets is an object with numbers as keys, some left out.";
    BareList "bare-list" "The list of tickets is `tickets` itself, without `ticket` below.";
    Strings "strings" "Every number is text, and a boolean is `\"1\"` or an empty text.";
    Ints "ints" "Every number is a number, and a boolean is 1 or 0.";
    EmptyString "empty-string" "An empty list is an empty text: `tickets` and `attachments` alike.";
    NullTickets "null-tickets" "On a page without tickets, `tickets` is null.";
    NoTicketsKey "no-tickets-key" "A page without tickets has no `tickets`.";
    ExtraFields "extra-fields" "Tickets carry `deptname` and `contactid`, and the page a `note`, which are in no documentation.";
    CountMismatch "count-mismatch" "`numreturned` is two more than the tickets on the page.";
    ControlChars "control-chars" "Subjects hold control characters, terminal sequences among them, which XML forbids and carries raw.";
    XmlOnly "xml-only" "The reply is XML, whatever was asked for.";
    Iso88591 "iso-8859-1" "The reply is XML in ISO-8859-1, as it declares, whatever was asked for.";
    XmlBomb "xml-bomb" "The reply is XML whose own document type defines entities that grow a billion times.";
    DeepNesting "deep-nesting" "The reply is JSON that is nested 100,000 levels deep.";
    MalformedUtf8 "malformed-utf8" "Tickets whose id leaves 17 when divided by 40 hold a byte that is not UTF-8: a page with one fails as JSON with the documented error, and carries the raw byte as XML.";
    MalformedUtf8Deep "malformed-utf8-deep" "As malformed-utf8, but such a page fails as XML too.";
    PageCap "page-cap" "A page has at most 10 tickets, however many are asked for.";
    IgnoreLimitstart "ignore-limitstart" "Every page is the first.";
    EmptyPage "empty-page" "Of every three pages asked for, the second comes without tickets.";
    Shifting "shifting" "Before every reply some tickets are opened, answered, closed or deleted.";
    Status403 "status-403" "Every request is refused at HTTP 403, with `Authentication Failed` in the API's own form.";
    Status200 "status-200" "What is refused is refused at HTTP 200 rather than 403.";
    StatusForResult "status-for-result" "Every request is refused, with `status` where `result` should be.";
    NoMessage "no-message" "Every request is refused, without a message.";
    IpRefused "ip-refused" "Every request is refused as coming from the address 203.0.113.7.";
    NotPermitted "not-permitted" "Every request is refused as the credentials lack the permission.";
    AccountDisabled "account-disabled" "Every request is refused as the account is disabled.";
    UnknownAction "unknown-action" "The server does not know the action.";
    EchoRequest "echo-request" "Every request is refused with its own body, secrets included, in the message and in a header.";
    WantsUserAgent "wants-user-agent" "A request without a User-Agent gets a bot protection's page at HTTP 406.";
    HtmlWaf "html-waf" "A web application firewall answers with a page at HTTP 403.";
    Maintenance "maintenance" "A maintenance page comes at HTTP 503.";
    LoginPage "login-page" "A login page comes at HTTP 200.";
    EmptyBody "empty-body" "The reply is empty, at HTTP 200.";
    Redirect "redirect" "A redirection to another host comes at HTTP 302.";
    RateLimit "rate-limit" "Of every four requests the first two get HTTP 429 and a Retry-After of one second.";
    Flaky503 "flaky-503" "Of every three requests the first gets HTTP 503.";
    Slow "slow" "The reply drips, 16 bytes four times a second.";
    Hang "hang" "Of every three requests the first is never answered.";
    Truncate "truncate" "Of every three replies the first ends in the middle, as if it were whole.";
    Reset "reset" "Of every three replies the first ends in the middle as the connection is closed.";
    GzipBomb "gzip-bomb" "A small compressed body grows to a gibibyte.";
    HugeBody "huge-body" "The body goes on for a gibibyte.";
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

/// A name that no quirk has.
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

/// The quirks that are switched on.
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

    /// Whether a quirk is on and hits this request, the `turn`-th of every `of`; both count from 0.
    pub(crate) fn hits(&self, quirk: Quirk, request: u64, turn: u64, of: u64) -> bool {
        self.has(quirk) && request % of == turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quirk_is_found_by_its_name() {
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
