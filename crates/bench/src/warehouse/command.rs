//! [`CommandLine`]: runs the command line with a profile for each server, and measures it.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use super::report::Turn;
use super::servers::Servers;
use crate::external;
use crate::scan::export::PROGRAM;
use crate::scan::usage;

/// The command line with a separate configuration.
pub(super) struct CommandLine {
    program: OsString,
    folder: tempfile::TempDir,
}

/// Returns the name of the profile for a server.
pub(super) fn profile(index: usize) -> String {
    format!("install-{index:02}")
}

impl CommandLine {
    /// Writes a profile for each server.
    pub(super) fn new(servers: &Servers, table: &str) -> Result<CommandLine, Box<dyn Error>> {
        let program = external::word(PROGRAM, table)?;
        let folder = tempfile::tempdir()?;
        let home = folder.path().join("gettickets");
        fs::create_dir(&home)?;
        let mut configuration = String::new();
        for (index, address) in servers.addresses.iter().enumerate() {
            let name = profile(index);
            let secret = home.join(format!("{name}.secret"));
            fs::write(&secret, &address.secret)?;
            #[cfg(unix)]
            fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            configuration += &format!(
                "[profiles.{name}]\nurl = {:?}\nidentifier = {:?}\nsecret-file = \"{name}.secret\"\ntime-zone = \"UTC\"\n",
                address.url, address.identifier
            );
        }
        fs::write(home.join("config.toml"), configuration)?;
        Ok(CommandLine { program, folder })
    }

    /// Returns the path for a file or directory of this name, and removes what exists there.
    pub(super) fn fresh(&self, name: &str) -> Result<PathBuf, Box<dyn Error>> {
        for ending in ["", "-wal", "-shm"] {
            let path = self.folder.path().join(format!("{name}{ending}"));
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else if path.exists() {
                fs::remove_file(path)?;
            }
        }
        Ok(self.folder.path().join(name))
    }

    /// Runs a command and returns its measurements.
    pub(super) fn run(&self, servers: &mut Servers, args: &[&str]) -> Result<Turn, Box<dyn Error>> {
        let home = self.folder.path().as_os_str();
        let quiet = args.iter().chain(&["--quiet"]);
        let before = servers.served()?;
        let taken = usage::measured(&self.program, quiet, &[("XDG_CONFIG_HOME", home)])?;
        let after = servers.served()?;
        Ok(Turn {
            taken,
            server_cpu_seconds: after.cpu_seconds - before.cpu_seconds,
            requests: after.requests - before.requests,
        })
    }
}

/// A path as an argument.
pub(super) fn text(path: &std::path::Path) -> Result<&str, Box<dyn Error>> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()).into())
}
