//! `gettickets request`.

use clap::{Args, ValueEnum};
use gettickets_protocol::ResponseType;

use super::QueryArgs;

/// Show the request as a shell command with curl, as PHP or as the form body, without secrets
///
/// Secrets are neither read nor shown. When the shell command runs, it reads them from the environment or the files of
/// the profile and passes them to curl on standard input, where other users of the machine cannot see them.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// The form in which to show the request
    #[arg(long = "as", value_name = "FORM", default_value = "curl")]
    pub(crate) form: RequestAs,
    /// URL of the install, or of its api.php [env: GETTICKETS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Connection profile of the configuration file [env: GETTICKETS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Use an admin's user name and password, as servers before 7.2 need
    #[arg(long)]
    pub(crate) as_admin: bool,
    /// Send an access key
    #[arg(long)]
    pub(crate) with_access_key: bool,
    /// Format to request: json, xml or nvp
    #[arg(long, value_name = "TYPE", default_value = "json")]
    pub(crate) responsetype: ResponseType,
}

/// How a request is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestAs {
    /// PHP code that runs inside the install
    Php,
    /// A command for a POSIX shell, with curl
    Curl,
    /// The form body alone
    Form,
}
