//! The request: eight typed parameters, encoded to and parsed from a form body.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::credentials::Login;
use crate::{Credentials, form};

/// The parameters of the request. All are optional. A parameter that is `None` is not sent, so the server's default
/// applies.
///
/// ```
/// use gettickets_protocol::{GetTickets, StatusFilter};
/// let request = GetTickets { status: Some(StatusFilter::AwaitingReply), limitnum: Some(50), ..GetTickets::default() };
/// assert_eq!(request.parameters(), "limitnum=50&status=Awaiting+Reply");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GetTickets {
    /// Offset of the first record. Server default: 0.
    pub limitstart: Option<u64>,
    /// Number of records. Server default: 25; a server may send fewer.
    pub limitnum: Option<u64>,
    /// Only tickets of this department.
    pub deptid: Option<u64>,
    /// Only tickets of this client.
    pub clientid: Option<u64>,
    /// Only tickets of this email address of a non-client.
    pub email: Option<String>,
    /// Only tickets of this status, or of one of the three special filters.
    pub status: Option<StatusFilter>,
    /// Only tickets whose subject contains this text, by the server's approximate matching.
    pub subject: Option<String>,
    /// Whether to include departments that the API user is not assigned to. Server default: `false`.
    pub ignore_dept_assignments: Option<bool>,
}

impl GetTickets {
    /// The action's name on the wire.
    pub const ACTION: &'static str = "GetTickets";
    /// The path of the API below the URL of an install.
    pub const PATH: &'static str = "includes/api.php";
    /// The content type of an encoded request.
    pub const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded";
    /// How many records a server sends if `limitnum` is not given.
    pub const DEFAULT_LIMITNUM: u64 = 25;

    /// Encodes the complete form body, as PHP's `http_build_query` does. It contains the credentials and is wiped when
    /// dropped.
    ///
    /// ```
    /// use gettickets_protocol::{Credentials, GetTickets, ResponseType};
    /// let body = GetTickets::default().encode(&Credentials::api("I", "S"), ResponseType::Json);
    /// assert_eq!(*body, "action=GetTickets&identifier=I&secret=S&responsetype=json");
    /// ```
    pub fn encode(&self, credentials: &Credentials, response: ResponseType) -> Zeroizing<String> {
        // Large enough, so that growing does not leave a copy of a secret in freed memory: a byte becomes at most
        // three.
        let room = 1024 + (self.text_len() + credentials.text_len()) * 3;
        let mut body = Zeroizing::new(String::with_capacity(room));
        form::push(&mut body, "action", GetTickets::ACTION);
        match &credentials.login {
            Login::Api { identifier, secret } => {
                form::push(&mut body, "identifier", identifier);
                form::push(&mut body, "secret", secret);
            }
            Login::Admin { username, password_md5 } => {
                form::push(&mut body, "username", username);
                form::push(&mut body, "password", password_md5);
            }
        }
        if let Some(key) = &credentials.access_key {
            form::push(&mut body, "accesskey", key);
        }
        self.push_parameters(&mut body);
        form::push(&mut body, "responsetype", response.as_str());
        body
    }

    /// Encodes the eight parameters as a form body, without action and credentials.
    pub fn parameters(&self) -> String {
        let mut body = String::new();
        self.push_parameters(&mut body);
        body
    }

    /// Returns the name of a filter that servers ignore: a blank text, or the id 0. They list every ticket then.
    ///
    /// ```
    /// use gettickets_protocol::GetTickets;
    /// let request = GetTickets { email: Some(" ".into()), ..GetTickets::default() };
    /// assert_eq!(request.ignored_filter(), Some("email"));
    /// assert_eq!(GetTickets::default().ignored_filter(), None);
    /// ```
    pub fn ignored_filter(&self) -> Option<&'static str> {
        let is_ignored = |name, value: &str| match name {
            "deptid" | "clientid" => value == "0",
            "email" | "status" | "subject" => value.trim().is_empty(),
            _ => false,
        };
        self.pairs().find(|(name, value)| is_ignored(*name, value)).map(|(name, _)| name)
    }

    /// Returns one request for each of these statuses, as the call accepts a single status. Duplicates are removed. A
    /// ticket can be in several replies: merge them by id. Without statuses, returns this request.
    ///
    /// ```
    /// use gettickets_protocol::{GetTickets, StatusFilter};
    /// let requests = GetTickets::default().for_statuses(["Open", "Awaiting Reply", "Open"].map(StatusFilter::from));
    /// assert_eq!(requests.len(), 2);
    /// assert_eq!(requests[1].parameters(), "status=Awaiting+Reply");
    /// ```
    pub fn for_statuses(&self, statuses: impl IntoIterator<Item = StatusFilter>) -> Vec<GetTickets> {
        let mut requests: Vec<GetTickets> = Vec::new();
        for status in statuses {
            let request = GetTickets { status: Some(status), ..self.clone() };
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
        if requests.is_empty() { vec![self.clone()] } else { requests }
    }

    /// Iterates over the parameters that are set: wire name and value as text, unencoded.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let number = |value: Option<u64>| value.map(|value| Cow::from(value.to_string()));
        let text = |value: &'_ Option<String>| value.clone().map(Cow::from);
        let flag = self.ignore_dept_assignments.map(|value| Cow::from(if value { "1" } else { "0" }));
        [
            ("limitstart", number(self.limitstart)),
            ("limitnum", number(self.limitnum)),
            ("deptid", number(self.deptid)),
            ("clientid", number(self.clientid)),
            ("email", text(&self.email)),
            ("status", self.status.as_ref().map(|status| Cow::from(status.as_str()))),
            ("subject", text(&self.subject)),
            ("ignore_dept_assignments", flag),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    fn push_parameters(&self, body: &mut String) {
        for (name, value) in self.pairs() {
            form::push(body, name, &value);
        }
    }

    fn text_len(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        len(&self.email) + len(&self.subject) + self.status.as_ref().map_or(0, |status| status.as_str().len())
    }
}

/// A filter by status. Two filters are equal if they send the same word.
///
/// ```
/// use gettickets_protocol::StatusFilter;
/// assert_eq!(StatusFilter::from("All Active Tickets"), StatusFilter::AllActive);
/// assert_eq!(StatusFilter::from("Closed").as_str(), "Closed");
/// assert_eq!(StatusFilter::Is("Awaiting Reply".into()), StatusFilter::AwaitingReply);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StatusFilter {
    /// `Awaiting Reply`: the statuses that the install counts as awaiting a reply.
    AwaitingReply,
    /// `All Active Tickets`: the statuses that the install counts as active.
    AllActive,
    /// `My Flagged Tickets`: tickets flagged to the API user.
    MyFlagged,
    /// Exactly this configured status.
    Is(String),
}

impl StatusFilter {
    /// The three special filters, in the order of the documentation.
    pub const SPECIAL: [StatusFilter; 3] =
        [StatusFilter::AwaitingReply, StatusFilter::AllActive, StatusFilter::MyFlagged];

    /// Returns the word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            StatusFilter::AwaitingReply => "Awaiting Reply",
            StatusFilter::AllActive => "All Active Tickets",
            StatusFilter::MyFlagged => "My Flagged Tickets",
            StatusFilter::Is(status) => status,
        }
    }
}

impl PartialEq for StatusFilter {
    fn eq(&self, other: &StatusFilter) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for StatusFilter {}

impl Hash for StatusFilter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for StatusFilter {
    fn from(word: &str) -> StatusFilter {
        StatusFilter::SPECIAL
            .into_iter()
            .find(|special| special.as_str() == word)
            .unwrap_or_else(|| StatusFilter::Is(word.to_owned()))
    }
}

impl From<crate::Status<'_>> for StatusFilter {
    fn from(status: crate::Status<'_>) -> StatusFilter {
        StatusFilter::Is(status.as_str().to_owned())
    }
}

impl fmt::Display for StatusFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The format of the reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResponseType {
    /// `json`, which the documentation recommends.
    #[default]
    Json,
    /// `xml`, which also states the server's version.
    Xml,
    /// `nvp` (name-value pairs), deprecated; it cannot represent a list.
    Nvp,
}

impl ResponseType {
    /// Returns the word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            ResponseType::Json => "json",
            ResponseType::Xml => "xml",
            ResponseType::Nvp => "nvp",
        }
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ResponseType {
    type Err = UnknownResponseType;

    fn from_str(word: &str) -> Result<ResponseType, UnknownResponseType> {
        [ResponseType::Json, ResponseType::Xml, ResponseType::Nvp]
            .into_iter()
            .find(|kind| word.eq_ignore_ascii_case(kind.as_str()))
            .ok_or(UnknownResponseType)
    }
}

/// Error for a response type other than `json`, `xml` and `nvp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownResponseType;

impl fmt::Display for UnknownResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown response type; expected json, xml or nvp")
    }
}

impl std::error::Error for UnknownResponseType {}

/// A request parsed from a form body, as a server parses it: unknown parameters are ignored, the last of duplicates is
/// used, and values are converted as PHP converts them.
///
/// ```
/// use gettickets_protocol::ApiRequest;
/// let request = ApiRequest::parse(b"action=gettickets&limitnum=5&ignore_dept_assignments=on");
/// assert!(request.is_get_tickets());
/// assert_eq!(request.parameters.limitnum, Some(5));
/// assert_eq!(request.parameters.ignore_dept_assignments, Some(true));
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The action as it was sent. Servers ignore its case.
    pub action: Option<String>,
    /// The eight parameters.
    pub parameters: GetTickets,
    /// `responsetype`, as it was sent.
    pub responsetype: Option<String>,
    /// `identifier`, or `username`, in which an identifier may also be sent.
    pub user: Option<Zeroizing<String>>,
    /// `secret`, or `password`: an API secret, or the MD5 of an admin's password.
    pub secret: Option<Zeroizing<String>>,
    /// `accesskey`.
    pub access_key: Option<Zeroizing<String>>,
}

impl ApiRequest {
    /// Parses a form body. Never fails, like PHP.
    pub fn parse(body: &[u8]) -> ApiRequest {
        let mut request = ApiRequest::default();
        let (mut username, mut password) = (None, None);
        // The decoded text is moved, so that no copy is left that is not wiped.
        let secret = |value: Cow<'_, str>| Some(Zeroizing::new(value.into_owned()));
        for (name, value) in form::parameters(body) {
            let parameters = &mut request.parameters;
            match &*name {
                "action" => request.action = Some(value.into_owned()),
                "responsetype" => request.responsetype = Some(value.into_owned()),
                "identifier" => request.user = secret(value),
                "secret" => request.secret = secret(value),
                "username" => username = secret(value),
                "password" => password = secret(value),
                "accesskey" => request.access_key = secret(value),
                "limitstart" => parameters.limitstart = Some(form::php_integer(&value)),
                "limitnum" => parameters.limitnum = Some(form::php_integer(&value)),
                "deptid" => parameters.deptid = Some(form::php_integer(&value)),
                "clientid" => parameters.clientid = Some(form::php_integer(&value)),
                "email" => parameters.email = Some(value.into_owned()),
                "status" => parameters.status = Some(StatusFilter::from(&*value)),
                "subject" => parameters.subject = Some(value.into_owned()),
                "ignore_dept_assignments" => {
                    parameters.ignore_dept_assignments = Some(form::php_boolean(&value));
                }
                _ => {}
            }
        }
        request.user = request.user.or(username);
        request.secret = request.secret.or(password);
        request
    }

    /// Returns whether the action is GetTickets.
    pub fn is_get_tickets(&self) -> bool {
        self.action.as_ref().is_some_and(|action| action.eq_ignore_ascii_case(GetTickets::ACTION))
    }
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("action", &self.action)
            .field("parameters", &self.parameters)
            .field("responsetype", &self.responsetype)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_parameter() -> GetTickets {
        GetTickets {
            limitstart: Some(50),
            limitnum: Some(25),
            deptid: Some(2),
            clientid: Some(u64::MAX),
            email: Some("renée+x@example.com".into()),
            status: Some(StatusFilter::MyFlagged),
            subject: Some("50% off & more = \"good\"\n".into()),
            ignore_dept_assignments: Some(true),
        }
    }

    #[test]
    fn the_buffer_of_a_body_does_not_grow() {
        // Growing would leave a copy of the secret in freed memory. It doubles the capacity.
        let credentials = Credentials::api("identifier", "&".repeat(100_000));
        let body = GetTickets::default().encode(&credentials, ResponseType::Json);
        assert!(body.len() > 300_000);
        assert!(body.capacity() < body.len() + 2_000, "{} for {}", body.capacity(), body.len());
    }

    #[test]
    fn filters_that_servers_ignore_are_found() {
        let base = GetTickets::default;
        let status = |text: &str| Some(StatusFilter::Is(text.into()));
        for (request, ignored) in [
            (base(), None),
            (GetTickets { limitstart: Some(0), limitnum: Some(0), ..base() }, None),
            (GetTickets { deptid: Some(0), ..base() }, Some("deptid")),
            (GetTickets { deptid: Some(2), clientid: Some(0), ..base() }, Some("clientid")),
            (GetTickets { email: Some(" ".into()), ..base() }, Some("email")),
            (GetTickets { status: status("\t"), ..base() }, Some("status")),
            (GetTickets { subject: Some(String::new()), ..base() }, Some("subject")),
            (GetTickets { subject: Some("0".into()), status: status("Open"), ..base() }, None),
        ] {
            assert_eq!(request.ignored_filter(), ignored, "{}", request.parameters());
        }
    }

    #[test]
    fn there_is_one_request_for_each_status() {
        let request = GetTickets { deptid: Some(3), ..GetTickets::default() };
        let sent = |statuses: &[&str]| -> Vec<String> {
            let requests = request.for_statuses(statuses.iter().copied().map(StatusFilter::from));
            requests.iter().map(GetTickets::parameters).collect()
        };
        assert_eq!(sent(&[]), ["deptid=3"]);
        assert_eq!(sent(&["Open", "Closed", "Open"]), ["deptid=3&status=Open", "deptid=3&status=Closed"]);
    }

    #[test]
    fn equal_filters_have_equal_hashes_and_others_do_not() {
        let set: std::collections::HashSet<_> =
            ["Open", "Closed", "Awaiting Reply"].map(StatusFilter::from).into_iter().collect();
        assert!(set.contains(&StatusFilter::Is("Awaiting Reply".into())));
        let hash = |filter: &StatusFilter| {
            use std::hash::DefaultHasher;
            let mut hasher = DefaultHasher::new();
            filter.hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(&StatusFilter::AwaitingReply), hash(&StatusFilter::Is("Awaiting Reply".into())));
        assert_ne!(hash(&StatusFilter::AwaitingReply), hash(&StatusFilter::AllActive));
    }

    #[test]
    fn response_types_are_parsed_in_any_case() {
        for (word, kind) in
            [("json", ResponseType::Json), ("XML", ResponseType::Xml), ("Nvp", ResponseType::Nvp)]
        {
            assert_eq!(word.parse(), Ok(kind));
        }
        let error = "yaml".parse::<ResponseType>().unwrap_err();
        assert_eq!(error.to_string(), "unknown response type; expected json, xml or nvp");
    }

    #[test]
    fn user_names_and_passwords_are_parsed_unless_there_are_identifiers() {
        let parsed = |body: &str| {
            let request = ApiRequest::parse(body.as_bytes());
            (request.user.map(|user| user.to_string()), request.secret.map(|secret| secret.to_string()))
        };
        let both = |user: &str, secret: &str| (Some(user.to_owned()), Some(secret.to_owned()));
        assert_eq!(parsed("username=u&password=p"), both("u", "p"));
        assert_eq!(parsed("username=u&password=p&identifier=i&secret=s"), both("i", "s"));
    }

    #[test]
    fn words_are_displayed_as_they_are_sent() {
        for (shown, sent) in [
            (ResponseType::Nvp.to_string(), "nvp"),
            (format!("{:>5}", ResponseType::Xml), "  xml"),
            (StatusFilter::AwaitingReply.to_string(), "Awaiting Reply"),
            (format!("{:<5}|", StatusFilter::Is("Open".into())), "Open |"),
        ] {
            assert_eq!(shown, sent);
        }
    }

    #[test]
    fn every_parameter_round_trips_through_the_form_body() {
        let request = every_parameter();
        let credentials = Credentials::api("id entifier", "se&cret").with_access_key("k(1)").unwrap();
        let body = request.encode(&credentials, ResponseType::Xml);
        let parsed = ApiRequest::parse(body.as_bytes());
        assert!(parsed.is_get_tickets());
        assert!(!ApiRequest::parse(b"action=GetTicket").is_get_tickets());
        assert_eq!(parsed.parameters, request);
        assert_eq!(parsed.responsetype.as_deref(), Some("xml"));
        assert_eq!(parsed.user.as_ref().unwrap().as_str(), "id entifier");
        assert_eq!(parsed.secret.as_ref().unwrap().as_str(), "se&cret");
        assert_eq!(parsed.access_key.as_ref().unwrap().as_str(), "k(1)");
        assert!(!format!("{parsed:?}").contains("cret"));
    }

    #[test]
    fn debug_hides_the_encoded_body() {
        let credentials = Credentials::api("id entifier", "se&cret").with_access_key("k3y(1)").unwrap();
        for format in [ResponseType::Json, ResponseType::Xml, ResponseType::Nvp] {
            let shown = format!("{:?}", every_parameter().encode(&credentials, format));
            for part in ["entifier", "cret", "k3y", "limitnum", "example.com"] {
                assert!(!shown.contains(part), "{shown}");
            }
        }
    }

    #[test]
    fn the_body_never_exceeds_its_reserved_capacity() {
        let long = "€ ".repeat(5_000);
        let credentials =
            Credentials::api(long.as_str(), long.as_str()).with_access_key("(".repeat(9_999)).unwrap();
        let request = GetTickets { subject: Some(long.clone()), email: Some(long), ..every_parameter() };
        let body = request.encode(&credentials, ResponseType::Json);
        let room = 1024 + (request.text_len() + credentials.text_len()) * 3;
        assert!(body.len() <= room && body.capacity() <= room + 64, "{} {room}", body.capacity());
    }

    #[test]
    fn an_admin_is_sent_under_username_and_password() {
        let body = GetTickets::default().encode(&Credentials::admin("admin", "password"), ResponseType::Json);
        assert_eq!(
            *body,
            "action=GetTickets&username=admin&password=5f4dcc3b5aa765d61d8327deb882cf99&responsetype=json"
        );
    }

    #[test]
    fn a_parameter_that_is_not_given_is_not_sent() {
        assert_eq!(GetTickets::default().parameters(), "");
        let ignoring = GetTickets { ignore_dept_assignments: Some(false), ..GetTickets::default() };
        assert_eq!(ignoring.parameters(), "ignore_dept_assignments=0");
    }

    #[test]
    fn the_last_of_duplicate_parameters_is_used() {
        let request = ApiRequest::parse(b"deptid=1&deptid=2&unknown=3&username=u&identifier=i");
        assert_eq!(request.parameters.deptid, Some(2));
        assert_eq!(request.user.unwrap().as_str(), "i");
    }
}
