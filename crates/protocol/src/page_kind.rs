//! [`PageKind`]: pages that servers send in place of a reply of the API, and their visible text.

use std::borrow::Cow;
use std::fmt;

use crate::{entities, text};

/// How many bytes of a page are searched. Error pages have a few kilobytes.
const MAX_READ: usize = 64 << 10;
/// How many characters of the text of a page are shown.
pub(crate) const MAX_TEXT: usize = 300;
const MAX_TITLE: usize = 120;

/// The kind of page that a server sent in place of a reply.
///
/// ```
/// use gettickets_protocol::PageKind;
/// let page = "<b>Fatal error</b>: Allowed memory size of 134217728 bytes exhausted in x.php on line 4";
/// let kind = PageKind::detect(Some(500), page);
/// assert_eq!(kind, PageKind::MemoryExhausted);
/// assert!(kind.may_be_due_to_size() && kind.hint().contains("limitnum"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageKind {
    /// PHP ran out of memory, often because the page of tickets is large.
    MemoryExhausted,
    /// PHP reached its time limit, often because the page of tickets is large.
    TimeLimit,
    /// Something was printed before the reply, so that the reply could not be sent.
    OutputBeforeReply,
    /// Another fatal PHP error.
    PhpError,
    /// The install's license is not valid.
    License,
    /// A maintenance page.
    Maintenance,
    /// A login form.
    Login,
    /// A firewall, a bot protection or a browser challenge.
    Firewall,
    /// An error of a CDN that could not get a reply from the server: status 520 to 527, or 530.
    Cdn,
    /// Anything else.
    Other,
}

/// The rules: lowercase texts, and the kind of a page that contains all of them. The first matching rule is used.
const PATTERNS: &[(&[&str], PageKind)] = &[
    (&["allowed memory size of", "exhausted"], PageKind::MemoryExhausted),
    (&["out of memory (allocated"], PageKind::MemoryExhausted),
    (&["maximum execution time of"], PageKind::TimeLimit),
    (&["output has been emitted previously"], PageKind::OutputBeforeReply),
    (&["headers already sent"], PageKind::OutputBeforeReply),
    (&["fatal error"], PageKind::PhpError),
    (&["parse error", "on line"], PageKind::PhpError),
    (&["uncaught ", "exception"], PageKind::PhpError),
    (&["stack trace:", "#0 "], PageKind::PhpError),
    (&["license", "invalid"], PageKind::License),
    (&["license", "suspended"], PageKind::License),
    (&["license", "expired"], PageKind::License),
    (&["license error"], PageKind::License),
    (&["down for maintenance"], PageKind::Maintenance),
    (&["maintenance mode"], PageKind::Maintenance),
    (&["under maintenance"], PageKind::Maintenance),
    (&["scheduled maintenance"], PageKind::Maintenance),
    (&["undergoing maintenance"], PageKind::Maintenance),
    (&["<title>maintenance"], PageKind::Maintenance),
    (&["cloudflare", "error code 52"], PageKind::Cdn),
    (&["cloudflare", "error code: 52"], PageKind::Cdn),
    (&["cloudflare", "error 52"], PageKind::Cdn),
    (&["imunify360"], PageKind::Firewall),
    (&["bot-protection"], PageKind::Firewall),
    (&["bot protection"], PageKind::Firewall),
    (&["mod_security"], PageKind::Firewall),
    (&["modsecurity"], PageKind::Firewall),
    (&["captcha"], PageKind::Firewall),
    (&["challenge-platform"], PageKind::Firewall),
    (&["just a moment"], PageKind::Firewall),
    (&["checking your browser"], PageKind::Firewall),
    (&["attention required!"], PageKind::Firewall),
    (&["ddos protection"], PageKind::Firewall),
    (&["firewall"], PageKind::Firewall),
    (&["sucuri"], PageKind::Firewall),
    (&["incapsula"], PageKind::Firewall),
    (&["wordfence"], PageKind::Firewall),
    (&["request blocked"], PageKind::Firewall),
    (&["you have been blocked"], PageKind::Firewall),
    (&["\"status\":\"blocked\""], PageKind::Firewall),
    (&["access denied"], PageKind::Firewall),
    (&["not acceptable!"], PageKind::Firewall),
    (&["type=\"password\""], PageKind::Login),
    (&["type='password'"], PageKind::Login),
    (&["type=password"], PageKind::Login),
    (&["<title>log in"], PageKind::Login),
    (&["<title>login"], PageKind::Login),
    (&["<title>sign in"], PageKind::Login),
];

impl PageKind {
    /// Classifies a page by its text and, if known, its HTTP status. The text may be HTML or plain text; its first 64
    /// KiB are searched.
    pub fn detect(status: Option<u16>, page: &str) -> PageKind {
        let page = head_of(page).to_ascii_lowercase();
        let fits = |patterns: &&(&[&str], PageKind)| patterns.0.iter().all(|pattern| page.contains(pattern));
        let kind = PATTERNS.iter().find(fits).map_or(PageKind::Other, |(_, kind)| *kind);
        status.map_or(kind, |status| kind.with_status(status))
    }

    /// Refines the kind by the HTTP status.
    #[must_use]
    pub fn with_status(self, status: u16) -> PageKind {
        match (self, status) {
            (PageKind::Other | PageKind::Firewall, 520..=527 | 530) => PageKind::Cdn,
            (PageKind::Other, 403 | 406) => PageKind::Firewall,
            (kind, _) => kind,
        }
    }

    /// A stable name for programs, such as `memory-exhausted`.
    pub const fn code(self) -> &'static str {
        match self {
            PageKind::MemoryExhausted => "memory-exhausted",
            PageKind::TimeLimit => "time-limit",
            PageKind::OutputBeforeReply => "output-before-reply",
            PageKind::PhpError => "php-error",
            PageKind::License => "license",
            PageKind::Maintenance => "maintenance",
            PageKind::Login => "login",
            PageKind::Firewall => "firewall",
            PageKind::Cdn => "cdn",
            PageKind::Other => "other",
        }
    }

    /// Its meaning in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            PageKind::MemoryExhausted => "PHP on the server ran out of memory",
            PageKind::TimeLimit => "PHP on the server reached its time limit",
            PageKind::OutputBeforeReply => "something on the server printed output before the reply",
            PageKind::PhpError => "a fatal PHP error on the server",
            PageKind::License => "the install's license is not valid",
            PageKind::Maintenance => "a maintenance page",
            PageKind::Login => "a login page",
            PageKind::Firewall => "a page of a firewall or bot protection",
            PageKind::Cdn => "an error of the CDN in front of the server",
            PageKind::Other => "a page",
        }
    }

    /// Returns whether fewer tickets per page may avoid the error.
    pub const fn may_be_due_to_size(self) -> bool {
        matches!(self, PageKind::MemoryExhausted | PageKind::TimeLimit)
    }

    /// Returns what the user can do about it, in one or two sentences.
    pub const fn hint(self) -> &'static str {
        match self {
            PageKind::MemoryExhausted => {
                "Request fewer tickets per page (limitnum), or raise PHP's memory_limit on the server."
            }
            PageKind::TimeLimit => {
                "Request fewer tickets per page (limitnum), or raise PHP's max_execution_time on the server."
            }
            PageKind::OutputBeforeReply => {
                "A hook, a module or a changed file of the install prints output. The page or the server's error log \
                 names the file."
            }
            PageKind::PhpError => {
                "See the server's error log. If a smaller page works, request fewer tickets per page (limitnum)."
            }
            PageKind::License => "Check the install's license in its admin area.",
            PageKind::Maintenance => "Retry when the install's maintenance mode is off.",
            PageKind::Login => "Check the URL of the install, and that includes/api.php requires no login.",
            PageKind::Firewall => {
                "Configure the firewall or bot protection to allow this machine's address and User-Agent for \
                 includes/api.php."
            }
            PageKind::Cdn => {
                "The CDN got no reply from the server. Check that the server is running, and retry. A large page can \
                 exceed the time limit of the CDN: request fewer tickets per page (limitnum)."
            }
            PageKind::Other => {
                "Check the HTTP status, the URL of the install, and that no firewall, login or maintenance page \
                 replaces the reply of includes/api.php."
            }
        }
    }
}

impl fmt::Display for PageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning())
    }
}

/// Returns the name of an HTTP status that only Cloudflare uses: 520 to 527 and 530.
///
/// ```
/// assert_eq!(gettickets_protocol::cloudflare_status(524), Some("A Timeout Occurred"));
/// ```
pub const fn cloudflare_status(status: u16) -> Option<&'static str> {
    Some(match status {
        520 => "Web Server Returned an Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        525 => "SSL Handshake Failed",
        526 => "Invalid SSL Certificate",
        527 => "Railgun Error",
        530 => "Origin DNS Error",
        _ => return None,
    })
}

/// The visible text of a page.
pub(crate) struct VisibleText {
    /// The page's title.
    pub(crate) title: Option<String>,
    /// The text without markup. If its first heading would be cut off, it is put first.
    pub(crate) text: String,
}

/// Extracts the visible text of a page: without markup, scripts and styles, with white space collapsed and entities
/// decoded. Plain text stays as it is. The result is truncated and escaped.
pub(crate) fn visible_text(page: &str) -> VisibleText {
    let page = head_of(page);
    // Only ASCII letters change case, so offsets are the same in both.
    let lower = page.to_ascii_lowercase();
    let title = element(page, &lower, "title").map(|title| text::excerpt(&title, MAX_TITLE));
    let body = readable(page, &lower);
    let heading = ["h1", "h2", "h3"].into_iter().find_map(|name| element(page, &lower, name));
    let body = match heading {
        Some(heading) if !text::excerpt(&body, MAX_TEXT).contains(&heading) => {
            format!("{}: {body}", text::excerpt(&heading, MAX_TITLE))
        }
        _ => body,
    };
    VisibleText { title, text: text::excerpt(&body, MAX_TEXT) }
}

/// Returns the part of a page that is searched.
fn head_of(page: &str) -> &str {
    // A character has at most four bytes, so one of the last four positions is a boundary.
    let end = (0..=MAX_READ.min(page.len())).rev().find(|&end| page.is_char_boundary(end));
    end.and_then(|end| page.get(..end)).unwrap_or(page)
}

/// Returns the text of the first element of this name, if it has any.
fn element(page: &str, lower: &str, name: &str) -> Option<String> {
    let open = format!("<{name}");
    let mut from = 0;
    while let Some(found) = lower.get(from..)?.find(&open) {
        let start = from + found + open.len();
        from = start;
        if lower.as_bytes().get(start).is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let start = start + lower.get(start..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find(&format!("</{name}"))?;
        let text = readable(page.get(start..end)?, lower.get(start..end)?);
        return (!text.is_empty()).then_some(text);
    }
    None
}

/// Returns the text between the tags.
fn readable(page: &str, lower: &str) -> String {
    /// Elements whose content is not visible.
    const HIDDEN: [&str; 4] = ["script", "style", "title", "template"];
    let mut out = String::new();
    let mut at = 0;
    while let Some(rest) = page.get(at..).filter(|rest| !rest.is_empty()) {
        let text_len = rest.find('<').unwrap_or(rest.len());
        out.push_str(rest.get(..text_len).unwrap_or_default());
        let Some(tag) = rest.get(text_len..).filter(|tag| !tag.is_empty()) else { break };
        let lower_tag = lower.get(at + text_len..).unwrap_or_default();
        let tag_len = if tag.starts_with("<!--") {
            tag.find("-->").map_or(tag.len(), |end| end + 3)
        } else if tag.chars().nth(1).is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(next)) {
            let hidden = HIDDEN.into_iter().find(|name| {
                lower_tag
                    .get(1..)
                    .and_then(|tag| tag.strip_prefix(name))
                    .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
            });
            let open_len = tag.find('>').map_or(tag.len(), |end| end + 1);
            match hidden {
                // An element that is never closed hides the rest, so that the page is searched once.
                Some(name) => lower_tag
                    .get(open_len..)
                    .and_then(|rest| rest.find(&format!("</{name}")))
                    .map_or(tag.len(), |len| open_len + len),
                None => open_len,
            }
        } else {
            out.push('<');
            at += text_len + 1;
            continue;
        };
        out.push(' ');
        // A tag has at least one byte.
        at += text_len + tag_len;
    }
    let decoded: Cow<'_, str> = entities::decoded(&out);
    let mut words = String::new();
    for word in decoded.split_whitespace() {
        if !words.is_empty() && !word.starts_with([',', '.', ';', ':', '!', '?']) {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_page_is_recognized() {
        for (status, page, kind) in [
            (
                500,
                "<br />\n<b>Fatal error</b>:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in <b>/srv/x.php</b> on line <b>412</b><br />",
                PageKind::MemoryExhausted,
            ),
            (
                200,
                "Fatal error: Maximum execution time of 30 seconds exceeded in /srv/x.php",
                PageKind::TimeLimit,
            ),
            (
                500,
                "<title>Error</title><b>Laminas\\HttpHandlerRunner\\Exception\\EmitterException</b>: Output has been emitted previously in /srv/x.php:27",
                PageKind::OutputBeforeReply,
            ),
            (200, "PHP Fatal error:  Uncaught Error: Call to undefined function x()", PageKind::PhpError),
            (200, "Parse error: syntax error, unexpected '}' in x.php on line 3", PageKind::PhpError),
            (200, "License Invalid", PageKind::License),
            (
                503,
                "<div class=\"notice\"><strong>Down for Maintenance (Err 2)</strong></div>",
                PageKind::Maintenance,
            ),
            (200, "<title>Log In - Example</title>", PageKind::Login),
            (200, "<form><input type=\"password\"></form>", PageKind::Login),
            (
                200,
                "Access denied by Imunify360 bot-protection. IPs used for automation should be whitelisted",
                PageKind::Firewall,
            ),
            (403, "<title>Just a moment...</title>", PageKind::Firewall),
            (406, "<title>Not Acceptable!</title>", PageKind::Firewall),
            (403, "<h1>Forbidden</h1>", PageKind::Firewall),
            (524, "<title>example.com | 524: A timeout occurred</title>", PageKind::Cdn),
            (521, "", PageKind::Cdn),
            (200, "<html>cloudflare Error code 522</html>", PageKind::Cdn),
            (200, "<h1>It works!</h1>", PageKind::Other),
            (404, "<h1>Not Found</h1>", PageKind::Other),
        ] {
            assert_eq!(PageKind::detect(Some(status), page), kind, "{status}: {page}");
        }
    }

    #[test]
    fn statuses_that_only_cloudflare_uses_have_names() {
        let names: Vec<_> = (100..1000).filter_map(cloudflare_status).collect();
        assert_eq!(names.len(), 9);
        assert!((520..=527).chain([530]).all(|status| cloudflare_status(status).is_some()));
        assert_eq!(
            names.first().zip(names.last()),
            Some((&"Web Server Returned an Unknown Error", &"Origin DNS Error"))
        );
    }

    #[test]
    fn a_smaller_page_may_avoid_the_errors_of_memory_and_time() {
        let smaller = [PageKind::MemoryExhausted, PageKind::TimeLimit];
        assert!(smaller.into_iter().all(PageKind::may_be_due_to_size));
        assert!(
            ![PageKind::PhpError, PageKind::Cdn, PageKind::Other]
                .into_iter()
                .any(PageKind::may_be_due_to_size)
        );
    }

    #[test]
    fn the_visible_text_of_a_page_is_shown() {
        let page = visible_text(
            "<!DOCTYPE html><html><head><TITLE>\n Down for\n Maintenance &amp; more </TITLE><style>p{color:red}</style>\
             <script>var x = '<p>no</p>';</script></head><body><!-- <p>no</p> --><h1>Back soon</h1>\n<p>We <b>will</b> be \
             back<br>at 5&nbsp;pm.</p> 1 < 2</body></html>",
        );
        assert_eq!(page.title.as_deref(), Some("Down for Maintenance & more"));
        assert_eq!(page.text, "Back soon We will be back at 5 pm. 1 < 2");
        let page = visible_text(
            "<div class=\"notice\"><strong>Down for Maintenance (Err 2)</strong><br>We are updating.</div>",
        );
        assert_eq!((page.title, &*page.text), (None, "Down for Maintenance (Err 2) We are updating."));
        // A heading after a long menu is shown first.
        let page = visible_text(&format!("<p>{}</p><h2>Access denied</h2>", "Menu ".repeat(200)));
        assert!(
            page.text.starts_with("Access denied: Menu Menu") && page.text.ends_with('…'),
            "{}",
            page.text
        );
        assert_eq!(page.text.chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn broken_markup_terminates() {
        for page in
            ["<", "<!--", "<script>", "<script", "<title>", "<h1", "<a <a <a", "< <", "&#", "<é>", "é<"]
        {
            let many = page.repeat(10_000);
            assert!(visible_text(&many).text.chars().count() <= 2 * MAX_TEXT, "{page}");
        }
    }
}
