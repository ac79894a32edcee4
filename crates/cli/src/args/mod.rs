//! The command line: what may be said. One file a command; what several share has a file of its own.
//!
//! A parameter of the call has its name on the wire, as everywhere in this project. Nothing secret is ever
//! an argument: other users of a machine can read those.

mod completions;
mod connection;
mod decode;
mod doctor;
mod export;
mod format;
mod list;
mod man;
mod query;
mod request;
mod sandbox;
mod stats;
mod watch;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

pub(crate) use self::completions::CompletionsArgs;
pub(crate) use self::connection::ConnectionArgs;
pub(crate) use self::decode::{DecodeArgs, DecodeAs};
pub(crate) use self::doctor::DoctorArgs;
pub(crate) use self::export::{Compression, Encoding, ExportArgs, ExportFormat};
pub(crate) use self::format::{Format, FormatArgs};
pub(crate) use self::list::{ListArgs, Since};
pub(crate) use self::man::ManArgs;
pub(crate) use self::query::{QueryArgs, WholeArgs};
pub(crate) use self::request::{RequestArgs, RequestAs};
pub(crate) use self::sandbox::SandboxArgs;
pub(crate) use self::stats::{StatsArgs, StatsFormat};
pub(crate) use self::watch::{WatchArgs, WatchFormat};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Examples, for the short help and the long one.
macro_rules! examples {
    () => {
        "\
Examples:
  gettickets list --sandbox                       try it, without any server
  gettickets list --status 'Awaiting Reply'       the server of GETTICKETS_URL
  gettickets list --all --format ndjson > all.ndjson
  gettickets export --output tickets.parquet
  gettickets stats --html tickets.html
  gettickets decode --as findings reply.json      a saved reply, offline
  gettickets doctor                               when something does not work"
    };
}

/// What the long help and the manual page end with.
pub(crate) const MANUAL: &str = concat!(
    examples!(),
    "

Environment:
  GETTICKETS_URL           address of the install, or of its api.php
  GETTICKETS_IDENTIFIER    API identifier
  GETTICKETS_SECRET        API secret
  GETTICKETS_ACCESS_KEY    access key
  GETTICKETS_USERNAME      admin's user name, for servers before 7.2
  GETTICKETS_PASSWORD      admin's password, or its MD5 in GETTICKETS_PASSWORD_MD5
  GETTICKETS_PROFILE       connection profile to use
  HTTPS_PROXY, NO_PROXY    proxy, and the hosts asked without it
  NO_COLOR                 no colour

Files:
  ~/.config/gettickets/config.toml, or below XDG_CONFIG_HOME: connection profiles.

    default-profile = \"main\"

    [profiles.main]
    url = \"https://billing.example.com/\"
    identifier = \"AbC123\"
    secret-file = \"main.secret\"   # beside this file; or secret-env = \"NAME\"
    time-zone = \"Europe/London\"

  A profile may also have username, password-file, password-env, access-key-file,
  access-key-env, local-api, admin-user, timeout (seconds), ca-file, proxy and
  allow-plain-http. A flag counts before a profile that was named, that before the
  environment, and that before the default profile, which is passed over where a flag
  or the environment names the server.

Exit codes:
  0  done
  1  the server answered with an error, or that it is asked too often
  2  the command, its settings or its files are at fault
  3  what came is not a reply that can be read
  4  the server was not reached
  5  something was delivered and something is missing
  6  the output could not be written, such as on a full disk

Not affiliated with WHMCS Limited."
);

/// What `--version` says beside the program's own.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nGetTickets as servers of versions 1.0, 7.10 and 8.0 and later answer it"
);

/// Lists, exports and watches the support tickets of a WHMCS install.
#[derive(Debug, Parser)]
#[command(
    name = "gettickets",
    bin_name = "gettickets",
    version,
    long_version = LONG_VERSION,
    styles = STYLES,
    after_help = examples!(),
    after_long_help = MANUAL,
    max_term_width = 100,
    propagate_version = false,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// What every command takes.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArgs {
    /// Tell on stderr what is done; -vv tells more. Nothing secret shows.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colour: auto is on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // Their names say it, and help stays short.
    Auto,
    Always,
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them in the life of the program")]
pub(crate) enum Command {
    List(ListArgs),
    Export(ExportArgs),
    Stats(StatsArgs),
    Watch(WatchArgs),
    Decode(DecodeArgs),
    Request(RequestArgs),
    Doctor(DoctorArgs),
    Sandbox(SandboxArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use gettickets_protocol::Version;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_names_every_milestone() {
        for milestone in Version::MILESTONES {
            assert!(LONG_VERSION.contains(&milestone.to_string()), "{milestone}");
        }
    }

    #[test]
    fn nothing_secret_is_an_argument() {
        let mut root = Cli::command();
        root.build();
        for command in root.get_subcommands() {
            for argument in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let secret = ["secret", "password", "accesskey", "access-key"].contains(&argument);
                assert!(!secret, "{} --{argument}", command.get_name());
            }
        }
    }
}
