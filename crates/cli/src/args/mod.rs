//! The command line. One file for each command; arguments that several commands share have a file of their own.
//!
//! A parameter of the call has its wire name, as everywhere in this project. No argument holds a secret, because other
//! users of the machine can read arguments.

mod columns;
mod completions;
mod connection;
mod decode;
mod doctor;
mod export;
mod format;
mod list;
mod man;
pub(crate) mod manual;
mod mirror;
mod profiles;
mod query;
mod request;
mod sandbox;
mod scan;
mod since;
mod singer;
mod stats;
mod watch;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

pub(crate) use self::columns::{Column, SortKey};
pub(crate) use self::completions::CompletionsArgs;
pub(crate) use self::connection::{ConnectionArgs, OneProfile, Profiles};
pub(crate) use self::decode::{DecodeArgs, DecodeAs};
pub(crate) use self::doctor::{DoctorArgs, DoctorFormat};
pub(crate) use self::export::{Compression, Encoding, ExportArgs, ExportFormat, PartitionKey};
pub(crate) use self::format::{Format, FormatArgs};
pub(crate) use self::list::ListArgs;
pub(crate) use self::man::ManArgs;
pub(crate) use self::mirror::{MirrorArgs, MirrorFormat};
pub(crate) use self::profiles::{InitArgs, ProfilesAction, ProfilesArgs};
pub(crate) use self::query::{Query, QueryArgs, ScanQueryArgs};
pub(crate) use self::request::{RequestArgs, RequestAs};
pub(crate) use self::sandbox::SandboxArgs;
pub(crate) use self::scan::ScanArgs;
pub(crate) use self::since::Since;
pub(crate) use self::singer::SingerArgs;
pub(crate) use self::stats::{StatsArgs, StatsFormat};
pub(crate) use self::watch::{WatchArgs, WatchFormat};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The long form of `--version`: the program's version and those of the protocol.
const LONG_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), "\nGetTickets as in server versions 1.0, 7.10 and 8.0 and later");

/// List, export and watch the support tickets of a WHMCS install
#[derive(Debug, Parser)]
#[command(
    name = "gettickets",
    bin_name = "gettickets",
    version,
    long_version = LONG_VERSION,
    styles = STYLES,
    after_help = manual::examples(""),
    after_long_help = manual::text(),
    max_term_width = 100,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// The options of every command.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Global")]
pub(crate) struct GlobalArgs {
    /// Log to stderr; -vv logs more. Secrets are never logged
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Write only errors to stderr: no warnings, notes or progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to use color: auto is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
    /// Format of errors, warnings and notes on stderr: text, or one JSON object on each line
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) error_format: ErrorFormat,
}

/// When to use color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // The names are self-explanatory, and the help stays short.
    Auto,
    Always,
    Never,
}

/// The format of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    // The names are self-explanatory, and the help stays short.
    Text,
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is only one value per run")]
pub(crate) enum Command {
    #[command(after_help = manual::examples("list"))]
    List(ListArgs),
    #[command(after_help = manual::examples("export"))]
    Export(ExportArgs),
    #[command(after_help = manual::examples("stats"))]
    Stats(StatsArgs),
    #[command(after_help = manual::examples("watch"))]
    Watch(WatchArgs),
    #[command(after_help = manual::examples("mirror"))]
    Mirror(MirrorArgs),
    #[command(after_help = manual::examples("singer"))]
    Singer(SingerArgs),
    #[command(after_help = manual::examples("decode"))]
    Decode(DecodeArgs),
    #[command(after_help = manual::examples("request"))]
    Request(RequestArgs),
    #[command(after_help = manual::examples("doctor"))]
    Doctor(DoctorArgs),
    #[command(after_help = manual::examples("profiles"))]
    Profiles(ProfilesArgs),
    #[command(after_help = manual::examples("sandbox"))]
    Sandbox(SandboxArgs),
    #[command(after_help = manual::examples("completions"))]
    Completions(CompletionsArgs),
    #[command(after_help = manual::examples("man"))]
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use gettickets_protocol::Version;

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_long_version_names_the_protocol_versions() {
        for milestone in Version::MILESTONES {
            assert!(LONG_VERSION.contains(&milestone.to_string()), "{milestone}");
        }
    }

    #[test]
    fn no_argument_holds_a_secret() {
        let mut root = Cli::command();
        root.build();
        let nested = root.get_subcommands().flat_map(|command| command.get_subcommands());
        for command in root.get_subcommands().chain(nested) {
            for argument in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let secret = ["secret", "password", "accesskey", "access-key"].contains(&argument);
                assert!(!secret, "{} --{argument}", command.get_name());
            }
        }
    }
}
