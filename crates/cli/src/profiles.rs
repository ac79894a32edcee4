//! The profiles of the configuration file, for packages that ship the command.

use std::error::Error;
use std::fmt;

use gettickets::{ClientBuilder, LocalBuilder};

use crate::args::ConnectionArgs;
use crate::connect::environment::Environment;
use crate::connect::{Settings, Target, installs};
use crate::exit::{Failure, Outcome};

/// The hint that replaces hints about command-line options.
const HINT: &str = "Complete the profile in the configuration file; `gettickets profiles check` checks it.";

/// A profile: everything that a client of its install needs.
#[derive(Debug)]
#[non_exhaustive]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// A client with its settings and secrets.
    pub builder: Builder,
    /// The name of the time zone of the install's clock, if the profile sets it.
    pub time_zone: Option<String>,
}

/// The settings of a client that has not been built.
#[derive(Debug)]
pub enum Builder {
    /// A client that sends requests over HTTP.
    Http(Box<ClientBuilder>),
    /// A client of an install on this machine.
    Local(Box<LocalBuilder>),
}

/// Error for a profile that cannot be used. It contains no secret.
#[derive(Clone, Debug)]
pub struct ProfileError {
    message: String,
    hint: Option<String>,
}

impl ProfileError {
    /// Returns what to do about the error.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ProfileError {}

impl From<Failure> for ProfileError {
    fn from(failure: Failure) -> ProfileError {
        let names_an_option = |hint: &String| hint.contains("--");
        let hint = failure.advice().map(|hint| if names_an_option(&hint) { HINT.to_owned() } else { hint });
        ProfileError { message: failure.message(), hint }
    }
}

/// Returns the names of the profiles that match these names and patterns, such as `eu-*`: each once, in the order of
/// the patterns. No secret is read.
///
/// # Errors
///
/// [`ProfileError`] if the configuration file cannot be read, if a name is unknown, or if a pattern matches nothing.
pub fn names(patterns: &[String]) -> Result<Vec<String>, ProfileError> {
    Ok(installs::names(patterns, &Environment::process())?)
}

/// Reads the profile with this name and its secrets. The settings of the environment (`GETTICKETS_URL` and so on) have
/// no effect: they apply to one install.
///
/// # Errors
///
/// [`ProfileError`] if the configuration file has no such profile, or if the profile is not complete.
pub fn open(name: &str) -> Result<Profile, ProfileError> {
    Ok(read(name, &Environment::process()).map_err(|failure| failure.at(format!("profile {name:?}")))?)
}

fn read(name: &str, environment: &Environment) -> Outcome<Profile> {
    let settings = Settings::of_profile(&ConnectionArgs::default(), name, environment)?;
    let builder = match &settings.target {
        Target::Local { path, admin_user, php } => {
            Builder::Local(Box::new(settings.local(path, admin_user.as_deref(), php.as_deref())))
        }
        Target::Http { url } => {
            let missing = || Failure::usage("the credentials are missing");
            let credentials = settings.credentials.clone().ok_or_else(missing)?;
            Builder::Http(Box::new(settings.http(url, credentials)?))
        }
        Target::Sandbox => return Err(Failure::usage("a profile cannot be a sandbox")),
    };
    Ok(Profile { name: name.to_owned(), builder, time_zone: settings.time_zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(file: &str, name: &str) -> ProfileError {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("gettickets");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("config.toml"), file).unwrap();
        let environment = Environment::of([
            ("XDG_CONFIG_HOME", home.path().to_str().unwrap()),
            ("GETTICKETS_URL", "https://other.example.com"),
            ("GETTICKETS_IDENTIFIER", "i"),
            ("GETTICKETS_SECRET", "s"),
        ]);
        read(name, &environment).unwrap_err().into()
    }

    #[test]
    fn the_environment_does_not_complete_a_profile() {
        let error = error("[profiles.main]\nurl = \"https://example.com\"\n", "main");
        assert_eq!(error.to_string(), "the API identifier is missing");
        assert_eq!(error.hint(), Some(HINT), "options of the command line are not named");
    }

    #[test]
    fn the_error_for_an_unknown_profile_lists_the_known_ones() {
        let error = error("[profiles.main]\n[profiles.test]\n", "prod");
        assert!(error.to_string().contains("there is no profile \"prod\""), "{error}");
        assert_eq!(error.hint(), Some("Profiles in the file: main, test."));
    }
}
