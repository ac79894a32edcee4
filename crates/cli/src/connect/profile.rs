//! The configuration file: connection profiles, without any secret in it.
//!
//! ```toml
//! default-profile = "main"
//!
//! [profiles.main]
//! url = "https://billing.example.com/"
//! identifier = "AbC123"
//! secret-file = "main.secret"        # beside this file; or secret-env = "NAME"
//! time-zone = "Europe/London"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::environment::Environment;
use crate::exit::{Failure, Outcome};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Configuration {
    /// The profile to use where none is named and nothing else says whom to ask.
    pub(crate) default_profile: Option<String>,
    /// The profiles by name.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// One connection.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    pub(crate) url: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) secret_env: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) password_env: Option<String>,
    pub(crate) access_key_file: Option<PathBuf>,
    pub(crate) access_key_env: Option<String>,
    pub(crate) local_api: Option<PathBuf>,
    pub(crate) admin_user: Option<String>,
    /// Seconds.
    pub(crate) timeout: Option<u32>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) allow_plain_http: Option<bool>,
    pub(crate) time_zone: Option<String>,
}

/// Where the file is: `gettickets/config.toml` below `XDG_CONFIG_HOME`, else below `~/.config`; on Windows
/// below `APPDATA`.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let windows = || if cfg!(windows) { absolute("APPDATA") } else { None };
    let home = || absolute("HOME").map(|home| home.join(".config"));
    let base = absolute("XDG_CONFIG_HOME").or_else(windows).or_else(home)?;
    Some(base.join("gettickets").join("config.toml"))
}

/// Reads the file; none where there is none.
pub(crate) fn load(path: &Path, environment: &Environment) -> Outcome<Option<Configuration>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::usage(format!(
                "the configuration file {} cannot be read: {error}",
                path.display()
            )));
        }
    };
    let mut configuration = parse(&text).map_err(|failure| failure.at(path.display()))?;
    for profile in configuration.profiles.values_mut() {
        profile.resolve_paths(path.parent().unwrap_or(Path::new("")), environment);
    }
    Ok(Some(configuration))
}

fn parse(text: &str) -> Outcome<Configuration> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        // The library's own text shows the line, which may hold a secret that should not be there.
        let message = error.message();
        let failure = Failure::usage(format!("{place}{}", message.replace('\n', " ")));
        let unknown = |key: &str| message.starts_with(&format!("unknown field `{key}`"));
        if ["secret", "password", "access-key", "accesskey", "access_key"].into_iter().any(unknown) {
            return failure.hint(
                "This file holds no secrets: put the secret into a file that only you can read, and name that file \
                 here, as in secret-file = \"main.secret\"",
            );
        }
        failure
    })
}

impl Configuration {
    /// The profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Outcome<Profile> {
        let profile = self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
            Failure::usage(format!("there is no profile {name:?}"))
                .hint(format!("Profiles in the file: {known}"))
        })?;
        profile.check().map_err(|failure| failure.at(format!("profile {name:?}")))?;
        Ok(profile)
    }
}

impl Profile {
    /// What a file may say and cannot mean.
    fn check(&self) -> Outcome {
        let both = |one: bool, other: bool, names: &str| match one && other {
            true => Err(Failure::usage(format!("{names} exclude each other")).hint("Keep one of them")),
            false => Ok(()),
        };
        both(self.url.is_some(), self.local_api.is_some(), "url and local-api")?;
        both(self.identifier.is_some(), self.username.is_some(), "identifier and username")?;
        both(self.secret_file.is_some(), self.secret_env.is_some(), "secret-file and secret-env")?;
        both(self.password_file.is_some(), self.password_env.is_some(), "password-file and password-env")?;
        both(
            self.access_key_file.is_some(),
            self.access_key_env.is_some(),
            "access-key-file and access-key-env",
        )?;
        match self.timeout {
            Some(0) => Err(Failure::usage("timeout is 0 seconds").hint("Give at least 1")),
            _ => Ok(()),
        }
    }

    /// Paths are meant from the file's own directory, `~/` from home.
    fn resolve_paths(&mut self, directory: &Path, environment: &Environment) {
        let home = environment.get("HOME").map(PathBuf::from);
        let paths = [
            &mut self.secret_file,
            &mut self.password_file,
            &mut self.access_key_file,
            &mut self.local_api,
            &mut self.ca_file,
        ];
        for path in paths.into_iter().flatten() {
            *path = match (path.strip_prefix("~"), &home) {
                (Ok(rest), Some(home)) => home.join(rest),
                _ => directory.join(&path),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::MANUAL;

    #[test]
    fn a_profile_is_read_with_its_paths() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        let text = "[profiles.main]\nurl = \"https://example.com\"\nsecret-file = \"main.secret\"\nca-file = \"~/ca.pem\"\n";
        fs::write(&file, text).unwrap();
        let environment = Environment::of([("HOME", "/home/me")]);
        let profile = load(&file, &environment).unwrap().unwrap().profile("main").unwrap();
        assert_eq!(profile.secret_file, Some(directory.path().join("main.secret")));
        assert_eq!(profile.ca_file, Some("/home/me/ca.pem".into()));
        assert!(load(&directory.path().join("none.toml"), &environment).unwrap().is_none());
    }

    #[test]
    fn the_example_of_the_manual_is_a_profile_and_every_key_is_named() {
        let (_, rest) = MANUAL.split_once("    default-profile").unwrap();
        let (example, rest) = rest.split_once("  A profile may also").unwrap();
        let profile = parse(&format!("default-profile{example}")).unwrap().profile("main").unwrap();
        assert_eq!(profile.time_zone.as_deref(), Some("Europe/London"));
        // The library lists every key where it meets one that it does not know.
        let known = parse("[profiles.main]\nx = 1").unwrap_err().what;
        let keys: Vec<&str> = known.split('`').skip(3).step_by(2).collect();
        assert!(keys.len() > 10, "{known}");
        let manual = format!("{example}{rest}");
        for key in keys {
            assert!(manual.contains(key), "{key}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let told = |text: &str| parse(text).unwrap_err().paragraph();
        insta::assert_snapshot!(told("[profiles.main]\nsecret = \"hunter2\"\n"), @r#"line 2: unknown field `secret`, expected one of `url`, `identifier`, `secret-file`, `secret-env`, `username`, `password-file`, `password-env`, `access-key-file`, `access-key-env`, `local-api`, `admin-user`, `timeout`, `ca-file`, `proxy`, `allow-plain-http`, `time-zone`. This file holds no secrets: put the secret into a file that only you can read, and name that file here, as in secret-file = "main.secret"."#);
        insta::assert_snapshot!(told("[profiles.main]\nurll = \"https://example.com\"\n"), @"line 2: unknown field `urll`, expected one of `url`, `identifier`, `secret-file`, `secret-env`, `username`, `password-file`, `password-env`, `access-key-file`, `access-key-env`, `local-api`, `admin-user`, `timeout`, `ca-file`, `proxy`, `allow-plain-http`, `time-zone`.");
        insta::assert_snapshot!(told("[profiles.main]\nurl = hunter2\n"), @"line 2: string values must be quoted, expected literal string.");
        for text in ["[profiles.main]\nsecret = \"hunter2\"", "secret = hunter2", "[x\nsecret=\"hunter2\""] {
            assert!(!told(text).contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for lines in [
            "url = \"https://example.com\"\nlocal-api = \"/var/www\"",
            "identifier = \"a\"\nusername = \"b\"",
            "secret-file = \"a\"\nsecret-env = \"B\"",
            "timeout = 0",
        ] {
            let configuration = parse(&format!("[profiles.main]\n{lines}\n")).unwrap();
            assert!(configuration.profile("main").is_err(), "{lines}");
        }
        let known = parse("[profiles.main]\n[profiles.test]\n").unwrap().profile("prod").unwrap_err();
        assert_eq!(known.paragraph(), "there is no profile \"prod\". Profiles in the file: main, test.");
    }

    #[test]
    fn the_file_is_where_the_convention_says() {
        let at = |pairs: &[(&str, &str)]| path(&Environment::of(pairs.iter().copied()));
        assert_eq!(at(&[("HOME", "/h")]), Some("/h/.config/gettickets/config.toml".into()));
        assert_eq!(
            at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]),
            Some("/x/gettickets/config.toml".into())
        );
        // The convention says that a relative one counts as none.
        assert_eq!(
            at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]),
            Some("/h/.config/gettickets/config.toml".into())
        );
        assert_eq!(at(&[]), None);
    }
}
