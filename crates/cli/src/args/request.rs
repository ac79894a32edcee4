//! `gettickets request`.

use clap::{Args, ValueEnum};
use gettickets_protocol::ResponseType;

use super::QueryArgs;

/// Show the request as PHP, as a curl command or as the form body, with the secrets left to be filled in.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// What to write it as
    #[arg(long = "as", value_name = "FORM", default_value = "curl")]
    pub(crate) form: RequestAs,
    /// Address of the install, or of its api.php [env: GETTICKETS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// With an admin's user name and password, as for servers before 7.2
    #[arg(long)]
    pub(crate) as_admin: bool,
    /// With an access key
    #[arg(long)]
    pub(crate) with_access_key: bool,
    /// Format to ask for: json, xml or nvp
    #[arg(long, value_name = "TYPE", default_value = "json")]
    pub(crate) responsetype: ResponseType,
}

/// A way to write a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestAs {
    /// PHP that runs inside the install
    Php,
    /// A curl command, its secrets from the environment
    Curl,
    /// The form body alone
    Form,
}
