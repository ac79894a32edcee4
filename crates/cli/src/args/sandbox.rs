//! `gettickets sandbox`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use gettickets_protocol::Version;
use gettickets_sandbox::{Quirk, SandboxBuilder};

use super::Since;
use super::connection::duration;

/// Serve generated tickets over HTTP until Ctrl-C, for experiments and tests
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Port to listen on; 0 selects a free port
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// Address to listen on; any address other than a loopback address is open to other machines
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Host name to accept in the Host header, in addition to loopback names; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Delay every response by this long, such as 50ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) latency: Option<Duration>,
    /// Disconnect clients that take longer to send a request's headers, or its body [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) request_timeout: Option<Duration>,
    /// Number of tickets to generate
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u64).range(..=SandboxBuilder::MAX_TICKETS)
    )]
    pub(crate) tickets: u64,
    /// Seed of the generator: the same seed gives the same tickets
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Server version to imitate
    #[arg(long, value_name = "VERSION", default_value = "8.13.1")]
    pub(crate) server_version: Version,
    /// API identifier to accept [default: sandbox-identifier]
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: Option<String>,
    /// File with the API secret to accept [default: the secret is sandbox-secret]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// When the newest ticket was last answered: a date, or now [default: a fixed date, so that the same seed always
    /// gives the same tickets]
    #[arg(long, value_name = "WHEN")]
    pub(crate) newest: Option<Since>,
    /// Deviation to imitate; may be given several times
    #[arg(long, value_name = "QUIRK", value_parser = quirks(), hide_possible_values = true)]
    pub(crate) quirk: Vec<Quirk>,
    /// List the quirks
    #[arg(long)]
    pub(crate) list_quirks: bool,
    /// Serve the tickets of this file instead: a saved reply, canonical JSON, or NDJSON
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tickets", "seed", "newest"])]
    pub(crate) load: Option<PathBuf>,
}

/// Parses the name of a quirk, with suggestions for typing errors and completion in shells.
fn quirks() -> impl TypedValueParser<Value = Quirk> {
    let names = Quirk::ALL.iter().map(|quirk| PossibleValue::new(quirk.name()).help(quirk.description()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Quirk>())
}
