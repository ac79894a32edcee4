//! The server to connect to, and the credentials for it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gettickets_protocol::ResponseType;

/// The server to connect to, and the credentials for it.
///
/// Secrets come from the environment or a file. Flags take precedence over a named profile, which takes precedence over
/// the environment, which takes precedence over the default profile.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ConnectionArgs<P: Args = OneProfile> {
    /// Start the embedded sandbox with generated tickets and connect to it
    #[arg(long, conflicts_with_all = ["url", "local_api", "profile"])]
    pub(crate) sandbox: bool,
    /// URL of the install, or of its api.php [env: GETTICKETS_URL]
    #[arg(long, value_name = "URL", conflicts_with = "local_api")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) profile: P,
    /// API identifier; its secret comes from GETTICKETS_SECRET or --secret-file [env: GETTICKETS_IDENTIFIER]
    #[arg(long, value_name = "ID", conflicts_with = "username")]
    pub(crate) identifier: Option<String>,
    /// File with the API secret; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Admin's user name, for servers before 7.2; the password comes from GETTICKETS_PASSWORD or
    /// --password-file [env: GETTICKETS_USERNAME]
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// File with the admin's password; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// File with the API access key, which exempts requests from the server's list of allowed addresses; or set
    /// GETTICKETS_ACCESS_KEY
    #[arg(long, value_name = "FILE")]
    pub(crate) access_key_file: Option<PathBuf>,
    /// Call the install in this directory through its own PHP, without HTTP
    #[arg(long, value_name = "PATH")]
    pub(crate) local_api: Option<PathBuf>,
    /// Admin to act as with --local-api
    #[arg(long, value_name = "NAME")]
    pub(crate) admin_user: Option<String>,
    /// PHP program to run for --local-api [default: php, found on PATH]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) php: Option<PathBuf>,
    /// Time limit of one request, such as 30, 30s or 2m [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Format to request: json, or xml, which works for texts that are not UTF-8 [default: json]
    #[arg(long, value_name = "TYPE", hide_possible_values = true, value_parser = responsetype())]
    pub(crate) responsetype: Option<ResponseType>,
    /// Certificate authorities to trust instead of the system's, as PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Proxy to use, such as http://proxy.example.com:3128
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Send the credentials over http://, where anyone on the network can read them
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
    /// Send each request once and do not retry it
    #[arg(long)]
    pub(crate) no_retries: bool,
    /// Fail if a reply deviates from the documented format
    #[arg(long)]
    pub(crate) strict: bool,
    /// Time zone of the install's clock, such as Europe/London, for ages and UTC [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// The profile of a command that reads one install.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct OneProfile {
    /// Connection profile of the configuration file; `gettickets profiles` lists them [env: GETTICKETS_PROFILE]
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

/// The profiles of a command that can read several installs.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Profiles {
    /// Connection profile of the configuration file; `gettickets profiles` lists them. May be given several times, and
    /// may be a pattern such as 'eu-*': the installs are then read concurrently [env: GETTICKETS_PROFILE]
    #[arg(long = "profile", value_name = "NAME")]
    pub(crate) profile: Vec<String>,
    /// Read the installs of all profiles concurrently
    #[arg(long, conflicts_with_all = ["profile", "sandbox", "url", "local_api"])]
    pub(crate) all_profiles: bool,
}

impl<P: Args + Clone> ConnectionArgs<P> {
    /// The same arguments with another profile.
    pub(crate) fn with_profile<Q: Args>(&self, profile: Q) -> ConnectionArgs<Q> {
        let ConnectionArgs {
            sandbox,
            url,
            profile: _,
            identifier,
            secret_file,
            username,
            password_file,
            access_key_file,
            local_api,
            admin_user,
            php,
            timeout,
            responsetype,
            ca_file,
            proxy,
            allow_plain_http,
            no_retries,
            strict,
            time_zone,
        } = self.clone();
        ConnectionArgs {
            sandbox,
            url,
            profile,
            identifier,
            secret_file,
            username,
            password_file,
            access_key_file,
            local_api,
            admin_user,
            php,
            timeout,
            responsetype,
            ca_file,
            proxy,
            allow_plain_http,
            no_retries,
            strict,
            time_zone,
        }
    }
}

/// The formats that can represent a list of tickets.
fn responsetype() -> impl TypedValueParser<Value = ResponseType> {
    PossibleValuesParser::new([ResponseType::Json.as_str(), ResponseType::Xml.as_str()])
        .try_map(|word| word.parse::<ResponseType>())
}

/// Parses `30`, `30s`, `500ms` or `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number of seconds, or a number with ms, s, m or h".to_owned();
    let digits = text.trim_end_matches(|at: char| at.is_ascii_alphabetic());
    let number: f64 = digits.parse().map_err(|_| expected())?;
    let factor = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(expected()),
    };
    match Duration::try_from_secs_f64(number * factor) {
        Ok(time) if !time.is_zero() => Ok(time),
        Ok(_) => Err("must be longer than 0".to_owned()),
        Err(_) => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed() {
        for (text, seconds) in [("30", 30.0), ("30s", 30.0), ("500ms", 0.5), ("2m", 120.0), ("1.5h", 5400.0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "s", "0", "-1", "5 days", "inf", "nan", "1e400"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
