//! Several sandboxes, with a profile for each.

use std::fs;
use std::path::Path;
use std::process::Command;

use gettickets_sandbox::Sandbox;

use crate::program::program;

/// Sandboxes and a configuration file with a profile for each.
pub(crate) struct Installs {
    pub(crate) sandboxes: Vec<Sandbox>,
    pub(crate) home: tempfile::TempDir,
}

impl Installs {
    /// A sandbox for each of these names and numbers of tickets.
    pub(crate) fn start(installs: &[(&str, u64)]) -> Installs {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("gettickets")).unwrap();
        let mut configuration = String::new();
        let mut sandboxes = Vec::new();
        for (name, tickets) in installs {
            let sandbox = Sandbox::builder()
                .tickets(*tickets)
                .seed(*tickets)
                .api_credentials(format!("{name}-identifier"), format!("{name}-secret"))
                .start()
                .unwrap();
            secret(home.path(), name, sandbox.secret());
            configuration += &format!(
                "[profiles.{name}]\nurl = {:?}\nidentifier = {:?}\nsecret-file = \"{name}.secret\"\ntime-zone = \"UTC\"\n",
                sandbox.url(),
                sandbox.identifier()
            );
            sandboxes.push(sandbox);
        }
        fs::write(home.path().join("gettickets/config.toml"), configuration).unwrap();
        Installs { sandboxes, home }
    }

    /// The program with this configuration file.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.env("XDG_CONFIG_HOME", self.home.path()).args(arguments);
        command
    }

    /// Appends to the configuration file.
    pub(crate) fn configure(&self, text: &str) {
        let file = self.home.path().join("gettickets/config.toml");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(file, before + text).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    /// Replaces the secret of a profile, so that its sandbox rejects it.
    pub(crate) fn spoil(&self, name: &str) {
        secret(self.home.path(), name, "wrong");
    }
}

fn secret(home: &Path, name: &str, secret: &str) {
    let file = home.join(format!("gettickets/{name}.secret"));
    fs::write(&file, secret).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}
