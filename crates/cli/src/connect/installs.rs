//! Selects the installs that a command reads: one, or those of several profiles.

use std::path::{Path, PathBuf};

use gettickets_warehouse::{Fleet, Install, side_by_side};
use glob::Pattern;

use super::environment::Environment;
use super::profile::Configuration;
use super::settings::{self, Settings};
use super::{Connection, open};
use crate::args::{ConnectionArgs, OneProfile, Profiles};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::InstallContext;

/// The installs that the arguments select.
pub(crate) enum Installs {
    /// One install, with the name of its profile if one was named.
    One(Option<String>, Box<Connection>),
    /// Installs that were selected by several names, a pattern or `--all-profiles`.
    Several(Several),
}

/// The installs of several profiles.
pub(crate) struct Several {
    /// The installs that can be read, in the order of the profiles.
    pub(crate) connections: Vec<(String, Connection)>,
    /// The same installs, for concurrent reading.
    pub(crate) fleet: Fleet,
    /// The profiles that cannot be used, and the reasons.
    pub(crate) unusable: Vec<(String, Failure)>,
}

impl Several {
    /// The output's context of each install.
    pub(crate) fn contexts(&self) -> Vec<InstallContext> {
        let context = |(name, connection): &(String, Connection)| connection.context(Some(name.clone()));
        self.connections.iter().map(context).collect()
    }

    /// Runs a function for each install on threads, and returns the results in the order of the installs.
    pub(crate) fn side_by_side<T: Send>(&self, run: impl Fn(&str, &Connection) -> T + Sync) -> Vec<T> {
        side_by_side(&self.connections, |(name, connection)| run(name, connection))
    }
}

/// Opens the connections that the arguments select. Nothing is sent yet.
pub(crate) fn select(args: &ConnectionArgs<Profiles>) -> Outcome<Installs> {
    let environment = Environment::process();
    let Some(names) = selected(&args.profile, &environment)? else {
        let profile = args.profile.profile.first().cloned();
        let connection = open(&args.with_profile(OneProfile { profile: profile.clone() }))?;
        return Ok(Installs::One(profile, Box::new(connection)));
    };
    refuse_settings_of_one(args)?;
    let flags = args.with_profile(OneProfile::default());
    let mut connections = Vec::new();
    let mut unusable = Vec::new();
    for name in names {
        let connection =
            Settings::of_profile(&flags, &name, &environment).and_then(|settings| settings.connect());
        match connection {
            Ok(connection) => connections.push((name, connection)),
            Err(failure) => unusable.push((name, failure)),
        }
    }
    let fleet = Fleet::new(connections.iter().map(|(name, connection)| install(name, connection)))
        .map_err(|error| Failure::usage(&error).hint("Select one of these profiles"))?;
    Ok(Installs::Several(Several { connections, fleet, unusable }))
}

/// An install for the warehouse. Its time zone is that of the profile; this machine's is not used.
pub(crate) fn install(name: &str, connection: &Connection) -> Install {
    let install = Install::new(name, connection.client.clone());
    match connection.zone_is_known {
        true => install.time_zone(connection.clock.zone().clone()),
        false => install,
    }
}

/// The names of the selected profiles; `None` if at most one name was given.
fn selected(profiles: &Profiles, environment: &Environment) -> Outcome<Option<Vec<String>>> {
    if profiles.all_profiles {
        let configuration = settings::load_all(environment)?;
        let names: Vec<String> = configuration.profiles.into_keys().collect();
        return match names.is_empty() {
            true => Err(Failure::usage("the configuration file has no profile")
                .hint("`gettickets profiles init` adds one")),
            false => Ok(Some(names)),
        };
    }
    let has_pattern = profiles.profile.iter().any(|name| is_pattern(name));
    match profiles.profile.len() {
        0 => Ok(None),
        1 if !has_pattern => Ok(None),
        _ => names(&profiles.profile, environment).map(Some),
    }
}

/// The profiles of the configuration file that match these names and patterns, each once.
pub(crate) fn names(wanted: &[String], environment: &Environment) -> Outcome<Vec<String>> {
    matching(wanted, &settings::load_all(environment)?)
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The profiles that match these names and patterns, each once.
fn matching(wanted: &[String], configuration: &Configuration) -> Outcome<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for word in wanted {
        let found: Vec<&String> = if configuration.profiles.contains_key(word) || !is_pattern(word) {
            // An unknown name is an error that lists the known ones.
            configuration.profile(word)?;
            vec![word]
        } else {
            let pattern = Pattern::new(word).map_err(|error| {
                Failure::usage(format!("--profile {word:?} is not a pattern: {}", error.msg))
                    .hint("Write * for any characters and ? for any one, as in 'eu-*'")
            })?;
            configuration.profiles.keys().filter(|name| pattern.matches(name)).collect()
        };
        if found.is_empty() {
            let known: Vec<&str> = configuration.profiles.keys().map(String::as_str).collect();
            return Err(Failure::usage(format!("no profile matches {word:?}"))
                .hint(format!("Profiles in the file: {}", known.join(", "))));
        }
        for name in found {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    Ok(names)
}

/// Fails on flags that describe a single server.
fn refuse_settings_of_one(args: &ConnectionArgs<Profiles>) -> Outcome {
    let flags = [
        (args.url.is_some(), "--url"),
        (args.local_api.is_some(), "--local-api"),
        (args.identifier.is_some(), "--identifier"),
        (args.secret_file.is_some(), "--secret-file"),
        (args.username.is_some(), "--username"),
        (args.password_file.is_some(), "--password-file"),
        (args.access_key_file.is_some(), "--access-key-file"),
        (args.admin_user.is_some(), "--admin-user"),
    ];
    match flags.into_iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, flag)) => {
            Err(Failure::usage(format!("{flag} describes one server, and several profiles are selected"))
                .hint(format!("Leave out {flag}, or name one profile")))
        }
    }
}

/// The placeholder for the install's name in a file name.
pub(crate) const PLACEHOLDER: &str = "{install}";

/// The file of an install: `{install}` in the name is replaced by the install's name.
pub(crate) fn file_of(name: &Path, install: Option<&str>) -> Outcome<PathBuf> {
    let Some(text) = name.to_str().filter(|text| text.contains(PLACEHOLDER)) else {
        return Ok(name.to_owned());
    };
    let unusable = |what: &str| Failure::usage(format!("{}: {what}", name.display()));
    let Some(install) = install else {
        return Err(unusable("{install} needs a profile, and none is selected")
            .hint("Name a profile with --profile, or leave out {install}"));
    };
    if install.is_empty() || install.starts_with('.') || install.contains(['/', '\\', '\0']) {
        return Err(unusable(&format!("the profile name {install:?} cannot be part of a file name"))
            .hint("Rename the profile in the configuration file"));
    }
    Ok(text.replace(PLACEHOLDER, install).into())
}

/// Whether a file name has a placeholder for the install's name.
pub(crate) fn has_placeholder(name: &Path) -> bool {
    name.to_str().is_some_and(|text| text.contains(PLACEHOLDER))
}

/// Reports the failures of installs, and returns the highest exit code.
pub(crate) fn report(failures: Vec<(String, Failure)>) -> Outcome {
    let exits: Vec<Exit> = failures.iter().map(|(_, failure)| failure.exit).collect();
    for (name, failure) in failures {
        exit::report(Err(failure.at(name)));
    }
    worst(exits)
}

/// The failure of a command after the failures of installs were reported: the highest exit code.
pub(crate) fn worst(exits: impl IntoIterator<Item = Exit>) -> Outcome {
    match exits.into_iter().max_by_key(|exit| *exit as u8) {
        None | Some(Exit::Done) => Ok(()),
        Some(exit) => Err(Failure::silent(exit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(profiles: &[&str], all_profiles: bool) -> Outcome<Option<Vec<String>>> {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("gettickets");
        std::fs::create_dir(&directory).unwrap();
        let text = "[profiles.eu-1]\n[profiles.eu-2]\n[profiles.us]\n[profiles.\"a*\"]\n";
        std::fs::write(directory.join("config.toml"), text).unwrap();
        let environment = Environment::of([("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
        let profile = profiles.iter().map(|name| (*name).to_owned()).collect();
        selected(&Profiles { profile, all_profiles }, &environment)
    }

    #[test]
    fn names_and_patterns_select_profiles_in_their_order() {
        for (wanted, all, found) in [
            (&[][..], false, None),
            (&["us"], false, None),
            (&["us", "eu-1"], false, Some(&["us", "eu-1"][..])),
            (&["us", "us"], false, Some(&["us"])),
            (&["eu-*"], false, Some(&["eu-1", "eu-2"])),
            (&["eu-?", "eu-2", "us"], false, Some(&["eu-1", "eu-2", "us"])),
            (&["a*"], false, Some(&["a*"])),
            (&[], true, Some(&["a*", "eu-1", "eu-2", "us"])),
        ] {
            let names = names(wanted, all).unwrap_or_else(|failure| panic!("{}", failure.what));
            let names: Option<Vec<&str>> =
                names.as_ref().map(|names| names.iter().map(String::as_str).collect());
            assert_eq!(names.as_deref(), found, "{wanted:?}");
        }
    }

    #[test]
    fn an_empty_selection_is_an_error_that_lists_the_profiles() {
        for (wanted, message) in [
            (&["us", "uk"][..], "there is no profile \"uk\". Profiles in the file: a*, eu-1, eu-2, us."),
            (&["asia-*"], "no profile matches \"asia-*\". Profiles in the file: a*, eu-1, eu-2, us."),
            (
                &["eu-[1"],
                "--profile \"eu-[1\" is not a pattern: invalid range pattern. Write * for any characters and ? for any one, as in 'eu-*'.",
            ),
        ] {
            assert_eq!(names(wanted, false).unwrap_err().paragraph(), message);
        }
    }

    #[test]
    fn the_worst_exit_code_is_the_highest() {
        assert!(worst([]).is_ok() && worst([Exit::Done]).is_ok());
        assert_eq!(worst([Exit::Unreached, Exit::Done, Exit::Server]).unwrap_err().exit, Exit::Unreached);
    }
}
