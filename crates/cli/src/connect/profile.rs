//! The configuration file: connection profiles, without secrets.
//!
//! ```toml
//! default-profile = "main"
//!
//! [profiles.main]
//! url = "https://billing.example.com/"
//! identifier = "AbC123"
//! secret-file = "main.secret"        # relative to this file; or secret-env = "NAME"
//! time-zone = "Europe/London"
//!
//! [profiles.main.departments]
//! 1 = "Sales"
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::environment::Environment;
use super::invalid::{self, Levels, keys_of};
use crate::exit::{Failure, Outcome};
use crate::output::names::Names;

/// The maximum size of a configuration file, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Configuration {
    /// The profile to use if neither a flag nor the environment names a server.
    default_profile: Option<String>,
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
    pub(crate) php: Option<PathBuf>,
    /// Seconds.
    pub(crate) timeout: Option<u32>,
    pub(crate) responsetype: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) allow_plain_http: Option<bool>,
    pub(crate) time_zone: Option<String>,
    /// Names of departments by id.
    #[serde(default)]
    departments: BTreeMap<u64, String>,
    /// Names of admins by id.
    #[serde(default)]
    admins: BTreeMap<u64, String>,
}

/// The path of the file: `gettickets/config.toml` below `XDG_CONFIG_HOME`, else below `~/.config`; on Windows
/// below `APPDATA`.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let windows = || if cfg!(windows) { absolute("APPDATA") } else { None };
    let home = || absolute("HOME").map(|home| home.join(".config"));
    let base = absolute("XDG_CONFIG_HOME").or_else(windows).or_else(home)?;
    Some(base.join("gettickets").join("config.toml"))
}

/// Reads the file. Returns `None` if there is no file.
pub(crate) fn load(path: &Path, environment: &Environment) -> Outcome<Option<Configuration>> {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::usage(format!(
                "the configuration file {} cannot be read: {error}",
                path.display()
            ))
            .hint("Check who may read it, and that it is a text file"));
        }
    };
    let mut configuration = parse(&text).map_err(|failure| failure.at(path.display()))?;
    for profile in configuration.profiles.values_mut() {
        profile.resolve_paths(path.parent().unwrap_or(Path::new("")), environment);
    }
    Ok(Some(configuration))
}

/// Reads at most [`MAX_LEN`] bytes.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_LEN + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LEN {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {MAX_LEN} bytes")));
    }
    Ok(text)
}

/// Parses a configuration and checks each of its profiles.
#[cfg(feature = "fuzzing")]
pub(crate) fn check_all(text: &str) -> Outcome {
    let configuration = parse(text)?;
    if let Some(name) = configuration.default_name() {
        configuration.profile(name)?;
    }
    configuration.profiles.keys().try_for_each(|name| configuration.profile(name).map(|_| ()))
}

fn parse(text: &str) -> Outcome<Configuration> {
    let levels = || Levels { top: keys_of::<Configuration>(), profile: keys_of::<Profile>() };
    toml::from_str(text).map_err(|error| invalid::failure(text, &error, levels()))
}

impl Configuration {
    /// The profile to use if none is named: the one that the file sets, or the only one.
    pub(crate) fn default_name(&self) -> Option<&str> {
        match (&self.default_profile, self.profiles.len()) {
            (Some(name), _) => Some(name),
            (None, 1) => self.profiles.keys().next().map(String::as_str),
            (None, _) => None,
        }
    }

    /// The profile with this name.
    pub(crate) fn profile(&self, name: &str) -> Outcome<Profile> {
        let profile = self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let hint = match known.is_empty() {
                true => "The file has no profile; `gettickets profiles init` adds one".to_owned(),
                false => format!("Profiles in the file: {}", known.join(", ")),
            };
            Failure::usage(format!("there is no profile {name:?}")).hint(hint)
        })?;
        profile.check().map_err(|failure| failure.at(format!("profile {name:?}")))?;
        Ok(profile)
    }
}

impl Profile {
    /// Fails on settings that cannot be combined or have no effect.
    fn check(&self) -> Outcome {
        let both = |one: bool, other: bool, names: &str| match one && other {
            true => {
                Err(Failure::usage(format!("{names} cannot be used together")).hint("Remove one of them"))
            }
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
        if self.timeout == Some(0) {
            return Err(Failure::usage("timeout is 0 seconds").hint("Give at least 1"));
        }
        if self.responsetype.as_deref().is_some_and(|word| !["json", "xml"].contains(&word)) {
            return Err(Failure::usage("responsetype is neither json nor xml").hint("Set it to json or xml"));
        }
        Ok(())
    }

    /// The environment variables that hold its secrets.
    pub(crate) fn into_secret_variables(self) -> impl Iterator<Item = String> {
        [self.secret_env, self.password_env, self.access_key_env].into_iter().flatten()
    }

    /// The names of departments and admins.
    pub(crate) fn names(&self) -> Names {
        Names::new(self.departments.clone(), self.admins.clone())
    }

    /// Resolves paths: relative to the directory of the file, and `~/` to the home directory.
    fn resolve_paths(&mut self, directory: &Path, environment: &Environment) {
        let home = environment.get("HOME").map(PathBuf::from);
        // A program name without a slash is searched for in PATH.
        let php = self.php.as_mut().filter(|php| php.components().count() > 1);
        let paths = [
            self.secret_file.as_mut(),
            self.password_file.as_mut(),
            self.access_key_file.as_mut(),
            self.local_api.as_mut(),
            self.ca_file.as_mut(),
            php,
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
    use crate::args::manual::FILES;

    #[test]
    fn a_profile_is_read_with_its_paths() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        let text = "[profiles.main]\nurl = \"https://example.com\"\nsecret-file = \"main.secret\"\nca-file = \"~/ca.pem\"\n";
        std::fs::write(&file, text).unwrap();
        let environment = Environment::of([("HOME", "/home/me")]);
        let profile = load(&file, &environment).unwrap().unwrap().profile("main").unwrap();
        assert_eq!(profile.secret_file, Some(directory.path().join("main.secret")));
        assert_eq!(profile.ca_file, Some("/home/me/ca.pem".into()));
        assert!(load(&directory.path().join("none.toml"), &environment).unwrap().is_none());
    }

    #[test]
    fn the_manual_has_a_valid_example_and_names_every_key() {
        let (_, rest) = FILES.split_once("  default-profile").unwrap();
        let (example, rest) = rest.split_once("A profile may also").unwrap();
        let profile = parse(&format!("default-profile{example}")).unwrap().profile("main").unwrap();
        assert_eq!(profile.time_zone.as_deref(), Some("Europe/London"));
        let names = profile.names();
        assert_eq!((names.department(1), names.admin(3)), (Some("Sales"), Some("Ada")));
        assert_eq!(names.admin_id("ada"), Some(3));
        let keys = keys_of::<Profile>();
        assert!(keys.len() > 10, "{keys:?}");
        let manual = format!("{example}{rest}");
        for key in keys {
            assert!(manual.contains(*key), "{key}");
        }
    }

    #[test]
    fn errors_never_show_a_value() {
        let shown = |text: &str| {
            let error = parse(text).and_then(|parsed| parsed.profile("main")).unwrap_err();
            error.paragraph()
        };
        for text in [
            "[profiles.main]\nsecret = \"hunter2\"",
            "[profiles.main]\nurl = hunter2",
            "[profiles.main]\nhunter2",
            "[profiles.main]\nhunter2 = 1",
            "[profiles.main]\n\"hunter2, expected\" = 1",
            "[profiles.main]\nurl = [\"hunter2\"]",
            "[profiles.main]\ntimeout = \"hunter2\"",
            "[profiles.main]\ntimeout = \"hunter2, expected \\\"x\"",
            "[profiles.main]\nallow-plain-http = \"hunter2\"",
            "[profiles.main]\ntimeout = -77702",
            "[profiles.main]\nresponsetype = \"hunter2\"",
            "[profiles.main.departments]\nhunter2 = \"x\"",
            "[profiles.main.departments]\n1 = [\"hunter2\"]",
            "profiles = \"hunter2\"",
            "[profiles.main]\nurl = \"hunter2",
            "[profiles.main]\nurl = \"\\hunter2\"",
            "[profiles.main]\nurl = 'a'\nurl = 'hunter2'",
            "secret = hunter2",
            "[x\nsecret=\"hunter2\"",
            "[profiles.hunter2]\n[profiles.hunter2]",
            "[hunter2.main]\nurl = \"https://example.com\"",
            "[profiles]\nhunter2 = \"hunter2\"",
            "[profiles.main]\nurl.hunter2 = 1",
            "[profiles.main]\nurl = { hunter2 = \"hunter2\" }",
            "[profiles.main]\nhunter2 = { url = 1 }",
            "[[profiles.hunter2]]",
            "default-profile = [\"hunter2\"]",
            "[profiles.main]\ntimeout = 0x77702_ffff_ffff",
            "[profiles.main]\ntimeout = 77702.5",
            "[profiles.main.admins]\n1 = { hunter2 = \"hunter2\" }",
        ] {
            let shown = shown(text);
            assert!(!shown.contains("hunter2") && !shown.contains("77702"), "{text}: {shown}");
        }
    }

    #[test]
    fn errors_name_the_line_and_the_key_and_say_what_to_write() {
        let shown = |text: &str| parse(text).map(|_| ()).unwrap_err().paragraph();
        let in_profile = |line: &str| shown(&format!("[profiles.main]\nphp = \"php\"\n{line}\n"));
        let table = [
            shown("[profile.main]\nurl = \"https://example.com\"\n"),
            shown("default = \"main\"\n"),
            shown("\n[main]\nurl = \"https://example.com\"\n"),
            shown("url = \"https://example.com\"\n"),
            shown("language = \"en\"\n"),
            in_profile("urll = \"https://example.com\""),
            in_profile("secretfile = \"main.secret\""),
            in_profile("CA_file = \"ca.pem\""),
            in_profile("secret = \"a\""),
            in_profile("access_key = \"a\""),
            in_profile("default-profile = \"main\""),
            in_profile("language = \"en\""),
            in_profile("X4-F = \"en\""),
            in_profile("timeout = \"5\""),
            in_profile("timeout = -5"),
            in_profile("url = 5"),
            in_profile("secret-file = [\"a\"]"),
            in_profile("allow-plain-http = \"yes\""),
            in_profile("departments = \"Sales\""),
            in_profile("departments = { 1 = 2 }"),
            in_profile("admins = { Ada = 1 }"),
            shown("profiles = \"main\""),
            shown("[profiles]\nmain = \"https://example.com\"\n"),
            shown("[[profiles]]\nurl = \"https://example.com\"\n"),
            shown("profiles.main.urll = \"https://example.com\"\n"),
            in_profile("url = https://example.com"),
            in_profile("url"),
            in_profile("url = \"a"),
            in_profile("php = \"php\""),
            in_profile("[profiles.test"),
        ];
        insta::assert_snapshot!(table.join("\n"), @r#"
        line 1: unknown key `profile`. Did you mean `profiles`?
        line 1: unknown key `default`. Did you mean `default-profile`?
        line 2: unknown key `main`. The table of a profile has `profiles` before its name, as in [profiles.main].
        line 1: unknown key `url`. `url` is a key of a profile: write it below a line such as [profiles.main].
        line 1: unknown key `language`. Known keys: `default-profile`, `profiles`.
        line 3: unknown key `urll`. Did you mean `url`?
        line 3: unknown key `secretfile`. Did you mean `secret-file`?
        line 3: unknown key `CA_file`. Did you mean `ca-file`?
        line 3: unknown key `secret`. This file holds no secrets: write the secret into a file that only you can read, and name that file in the key `secret-file` of a profile, as in secret-file = "main.secret".
        line 3: unknown key `access_key`. This file holds no secrets: write the secret into a file that only you can read, and name that file in the key `access-key-file` of a profile, as in access-key-file = "main.secret".
        line 3: unknown key `default-profile`. Write `default-profile` at the top of the file, above the first line in brackets.
        line 3: unknown key `language`. Known keys: `url`, `identifier`, `secret-file`, `secret-env`, `username`, `password-file`, `password-env`, `access-key-file`, `access-key-env`, `local-api`, `admin-user`, `php`, `timeout`, `responsetype`, `ca-file`, `proxy`, `allow-plain-http`, `time-zone`, `departments`, `admins`.
        line 3: unknown key. Known keys: `url`, `identifier`, `secret-file`, `secret-env`, `username`, `password-file`, `password-env`, `access-key-file`, `access-key-env`, `local-api`, `admin-user`, `php`, `timeout`, `responsetype`, `ca-file`, `proxy`, `allow-plain-http`, `time-zone`, `departments`, `admins`.
        line 3: `timeout` must be a whole number from 0 to 4294967295.
        line 3: `timeout` must be a whole number from 0 to 4294967295.
        line 3: `url` must be a text in quotes.
        line 3: `secret-file` must be a text in quotes.
        line 3: `allow-plain-http` must be true or false, without quotes.
        line 3: `departments` must be a table.
        line 3: a name in the table `departments` must be a text in quotes.
        line 3: a key in the table `admins` is not an id. Write ids as keys and names as values, as in admins = { 1 = "Sales" }.
        line 1: `profiles` must be a table.
        line 2: a profile must be a table.
        line 1: `profiles` must be a table.
        line 1: unknown key `urll`. Did you mean `url`?
        line 3: string values must be quoted, expected literal string.
        line 3: key with no value, expected `=`.
        line 3: invalid basic string, expected `"`.
        line 3: duplicate key.
        line 3: unclosed table, expected `]`.
        "#);
    }

    #[test]
    fn the_only_profile_is_the_default() {
        let name = |text: &str| parse(text).unwrap().default_name().map(str::to_owned);
        assert_eq!(name("[profiles.a]"), Some("a".to_owned()));
        assert_eq!(name("[profiles.a]\n[profiles.b]"), None);
        assert_eq!(name("default-profile = \"b\"\n[profiles.a]\n[profiles.b]"), Some("b".to_owned()));
        assert_eq!(name(""), None);
    }

    #[test]
    fn a_file_without_end_is_read_up_to_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        std::fs::write(&file, vec![b'#'; 2 << 20]).unwrap();
        let failure = load(&file, &Environment::of([])).unwrap_err();
        assert!(failure.what.contains("longer than 1048576 bytes"), "{}", failure.what);
    }

    #[test]
    fn conflicting_settings_are_refused() {
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
    fn the_path_follows_the_convention() {
        let at = |pairs: &[(&str, &str)]| path(&Environment::of(pairs.iter().copied()));
        assert_eq!(at(&[("HOME", "/h")]), Some("/h/.config/gettickets/config.toml".into()));
        assert_eq!(
            at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]),
            Some("/x/gettickets/config.toml".into())
        );
        // The convention says to ignore a relative path.
        assert_eq!(
            at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]),
            Some("/h/.config/gettickets/config.toml".into())
        );
        assert_eq!(at(&[]), None);
    }
}
