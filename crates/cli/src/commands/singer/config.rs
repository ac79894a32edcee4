//! The configuration of `--config`: one install with its credentials, or profiles.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gettickets::{Credentials, DateTime, ResponseType};
use gettickets_warehouse::singer::Method;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::args::{ConnectionArgs, Profiles};
use crate::connect::{Settings, Target};
use crate::exit::{self, Failure, Outcome};
use crate::output::names::Names;

/// The maximum size of a file, in bytes. A state has the cursors of all installs.
const MAX_LEN: u64 = 64 << 20;

/// The configuration. It does not implement `Debug`, because it holds credentials.
#[derive(Default, Deserialize)]
pub(super) struct Config {
    url: Option<String>,
    identifier: Option<String>,
    secret: Option<String>,
    username: Option<String>,
    password: Option<String>,
    access_key: Option<String>,
    /// The name of the install.
    pub(super) install: Option<String>,
    profile: Option<OneOrMany>,
    #[serde(default)]
    all_profiles: bool,
    time_zone: Option<String>,
    /// Seconds.
    timeout: Option<u32>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
    #[serde(default)]
    pub(super) ignore_dept_assignments: bool,
    #[serde(default)]
    pub(super) access_keys: bool,
    replication_method: Option<String>,
    start_date: Option<String>,
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Config {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Outcome<Config> {
        let config: Config = read_json(path, "the configuration")?;
        for key in config.unknown.keys() {
            exit::warn(format!("the configuration {} has an unknown setting {key:?}", path.display()));
        }
        Ok(config)
    }

    /// The arguments with the profiles of the configuration, unless a flag names any.
    pub(super) fn arguments(&self, args: &ConnectionArgs<Profiles>) -> ConnectionArgs<Profiles> {
        if !args.profile.profile.is_empty() || args.profile.all_profiles {
            return args.clone();
        }
        let profile = match &self.profile {
            None => Vec::new(),
            Some(OneOrMany::One(name)) => vec![name.clone()],
            Some(OneOrMany::Many(names)) => names.clone(),
        };
        args.with_profile(Profiles { profile, all_profiles: self.all_profiles })
    }

    /// The settings of the install that the configuration describes, if it has an address.
    pub(super) fn settings(&self) -> Outcome<Option<Settings>> {
        let Some(url) = self.url.clone() else { return Ok(None) };
        let missing = |what: &str, key: &str| {
            Failure::usage(format!("the configuration has no {what}")).hint(format!("Add {key} to it"))
        };
        let credentials = match (&self.identifier, &self.username) {
            (Some(identifier), _) => {
                let secret = self.secret.clone().ok_or_else(|| missing("API secret", "secret"))?;
                Credentials::api(identifier.clone(), secret)
            }
            (None, Some(username)) => {
                let password = self.password.clone().ok_or_else(|| missing("password", "password"))?;
                Credentials::admin(username.clone(), password)
            }
            (None, None) => return Err(missing("credentials", "identifier and secret")),
        };
        let credentials = match &self.access_key {
            None => credentials,
            Some(key) => credentials
                .with_access_key(key.clone())
                .map_err(|error| Failure::usage(format!("access_key of the configuration: {error}")))?,
        };
        Ok(Some(Settings {
            target: Target::Http { url },
            named_by: "the configuration".to_owned(),
            credentials: Some(credentials),
            timeout: self.timeout.map(|seconds| Duration::from_secs(seconds.max(1).into())),
            responsetype: ResponseType::default(),
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            allow_plain_http: self.allow_plain_http,
            retries: true,
            strict: false,
            time_zone: self.time_zone.clone(),
            names: Names::default(),
            secret_variables: Vec::new(),
        }))
    }

    /// The replication method, if the configuration has one.
    pub(super) fn method(&self) -> Outcome<Option<Method>> {
        match self.replication_method.as_deref() {
            None => Ok(None),
            Some("FULL_TABLE") => Ok(Some(Method::FullTable)),
            Some("INCREMENTAL") => Ok(Some(Method::Incremental)),
            Some(_) => Err(Failure::usage("replication_method is neither FULL_TABLE nor INCREMENTAL")
                .hint("Use one of them")),
        }
    }

    /// The date from which an incremental run without a bookmark reads.
    pub(super) fn start(&self) -> Outcome<Option<DateTime>> {
        let Some(text) = &self.start_date else { return Ok(None) };
        // Meltano appends Z to dates; the time is nevertheless taken as the install's local time.
        let text = text.trim_end_matches(['Z', 'z']);
        let date = || text.parse::<Date>().map(|date| date.at(0, 0, 0, 0));
        text.parse::<DateTime>().or_else(|_| date()).map(Some).map_err(|_| {
            Failure::usage("start_date is not a date")
                .hint("Give a date such as 2026-01-31 or 2026-01-31T12:30:00")
        })
    }
}

/// Reads a JSON file. Errors do not contain values of the file, which may be credentials.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Outcome<T> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("{what} cannot be read from {}: {why}", path.display()))
    };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_LEN + 1).read_to_string(&mut text));
    read.map_err(|error| unreadable(&error).hint("Check the name of the file and who may read it"))?;
    if text.len() as u64 > MAX_LEN {
        return Err(unreadable(&format!("it is longer than {} MiB", MAX_LEN >> 20)));
    }
    // Singer runners pass an empty file if there is no state yet.
    let text = if text.trim().is_empty() { "{}" } else { &text };
    serde_json::from_str(text).map_err(|error| {
        let problem = if error.is_data() { "a value is not of the expected type" } else { "it is not JSON" };
        let place = match error.line() {
            0 => String::new(),
            line => format!(" (line {line}, column {})", error.column()),
        };
        unreadable(&format!("{problem}{place}"))
    })
}

/// The output of `--about`.
pub(super) fn about() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let secret = |description: &str| json!({"type": "string", "description": description, "secret": true});
    let flag = |description: &str| json!({"type": "boolean", "description": description, "default": false});
    json!({
        "name": "gettickets",
        "description": "The support tickets of WHMCS installs",
        "version": env!("CARGO_PKG_VERSION"),
        "capabilities": ["about", "activate-version", "catalog", "discover", "state", "test"],
        "settings": {
            "type": "object",
            "properties": {
                "url": text("URL of the install, or of its api.php"),
                "identifier": text("API identifier"),
                "secret": secret("API secret"),
                "username": text("Admin's user name, for servers before 7.2, instead of identifier and secret"),
                "password": secret("Admin's password"),
                "access_key": secret("API access key"),
                "install": text("Name of the install in the records; default: main"),
                "profile": {
                    "type": ["string", "array"],
                    "items": {"type": "string"},
                    "description": "Profiles of the configuration file of gettickets, or patterns such as eu-*, instead of url",
                },
                "all_profiles": flag("Read the installs of all profiles"),
                "time_zone": text("Time zone of the install's clock, such as Europe/London, for date_utc and lastreply_utc"),
                "timeout": {"type": "integer", "description": "Time limit of one request in seconds; default: 60"},
                "ca_file": text("File of the certificate authorities to trust instead of the system's, as PEM"),
                "proxy": text("Proxy to use, such as http://proxy.example.com:3128"),
                "allow_plain_http": flag("Send the credentials over http://"),
                "ignore_dept_assignments": flag("Include tickets of departments that the API user is not assigned to"),
                "access_keys": flag("Include the tickets' access keys (c), which open a ticket together with its number"),
                "replication_method": {
                    "type": "string",
                    "enum": ["FULL_TABLE", "INCREMENTAL"],
                    "description": "Replication method if the catalog selects none; default: FULL_TABLE",
                },
                "start_date": text("Date of the earliest reply that an incremental run without a bookmark reads"),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_lists_every_setting() {
        let about = about();
        let listed = about["settings"]["properties"].as_object().unwrap();
        let known = json!({
            "url": "u", "identifier": "i", "secret": "s", "username": "n", "password": "p", "access_key": "k",
            "install": "m", "profile": "x", "all_profiles": true, "time_zone": "UTC", "timeout": 1, "ca_file": "f",
            "proxy": "p", "allow_plain_http": true, "ignore_dept_assignments": true, "access_keys": true,
            "replication_method": "FULL_TABLE", "start_date": "2026-01-31",
        });
        assert!(listed.keys().eq(known.as_object().unwrap().keys()));
        let config: Config = serde_json::from_value(known).unwrap();
        assert!(config.unknown.is_empty());
    }

    #[test]
    fn a_start_date_is_a_date_or_a_local_time() {
        let start = |text: &str| Config { start_date: Some(text.to_owned()), ..Config::default() }.start();
        for text in ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31T00:00:00Z", "2026-01-31 00:00:00"] {
            assert_eq!(start(text).unwrap().unwrap().to_string(), "2026-01-31T00:00:00", "{text}");
        }
        assert!(start("soon").is_err());
    }
}
