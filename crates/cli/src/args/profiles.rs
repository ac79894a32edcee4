//! `gettickets profiles`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// List, check or add the connection profiles of the configuration file
#[derive(Debug, Args)]
pub(crate) struct ProfilesArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ProfilesAction>,
}

/// What to do with the profiles; the default is to list them.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfilesAction {
    /// List the profiles: name, server and credentials, without secrets
    List,
    /// Check that profiles are complete and that their secrets can be read; nothing is sent
    Check {
        /// Profile to check [default: all]
        #[arg(value_name = "NAME")]
        profile: Option<String>,
    },
    /// Add a profile to the configuration file, and create the file if there is none
    Init(InitArgs),
}

/// The new profile.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Name of the new profile
    #[arg(value_name = "NAME", default_value = "main")]
    pub(crate) name: String,
    /// Address of the install
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// API identifier
    #[arg(long, value_name = "ID")]
    pub(crate) identifier: String,
    /// File that holds the API secret, relative to the configuration file [default: NAME.secret]
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Environment variable that holds the API secret
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) secret_env: Option<String>,
    /// Time zone of the install's clock, such as Europe/London
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}
