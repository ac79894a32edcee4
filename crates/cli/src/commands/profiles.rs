//! `gettickets profiles`: lists, checks and adds connection profiles.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::args::{ConnectionArgs, InitArgs, OneProfile, ProfilesAction, ProfilesArgs};
use crate::connect::environment::Environment;
use crate::connect::profile::{self, Configuration, Profile};
use crate::connect::{Settings, Target};
use crate::exit::{self, Failure, Outcome};
use crate::output::clock::Clock;
use crate::output::{sanitize, style, width};

pub(crate) fn run(args: &ProfilesArgs) -> Outcome {
    let environment = Environment::process();
    let path = profile::path(&environment).ok_or_else(|| {
        Failure::usage("no directory for the configuration file is known").hint("Set HOME or XDG_CONFIG_HOME")
    })?;
    match &args.action {
        None | Some(ProfilesAction::List) => list(&path, &environment),
        Some(ProfilesAction::Check { profile }) => check(&path, &environment, profile.as_deref()),
        Some(ProfilesAction::Init(args)) => init(&path, &environment, args),
    }
}

fn load(path: &Path, environment: &Environment) -> Outcome<Configuration> {
    profile::load(path, environment)?.ok_or_else(|| {
        Failure::usage(format!("the file {} does not exist", path.display()))
            .hint("`gettickets profiles init` creates it")
    })
}

fn list(path: &Path, environment: &Environment) -> Outcome {
    let configuration = load(path, environment)?;
    let default = configuration.default_name();
    let rows: Vec<[String; 4]> = configuration
        .profiles
        .iter()
        .map(|(name, profile)| {
            let is_default = if default == Some(name) { "default" } else { "" };
            [name, &server(profile), &user(profile), is_default].map(|text| sanitize::line(text).into_owned())
        })
        .collect();
    if rows.is_empty() {
        exit::note(format!("{} has no profile; `gettickets profiles init` adds one", path.display()));
        return Ok(());
    }
    let titles = ["NAME", "SERVER", "CREDENTIALS", ""].map(str::to_owned);
    let all: Vec<&[String; 4]> = std::iter::once(&titles).chain(&rows).collect();
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    for (index, row) in all.iter().enumerate() {
        let mut line = String::new();
        for (column, text) in row.iter().enumerate() {
            let widest = all.iter().filter_map(|row| row.get(column)).map(|text| width::of(text)).max();
            line += text;
            line += &width::fill(text, widest.unwrap_or(0) + 2);
        }
        let look = if index == 0 { style::DIM.bold() } else { style::PLAIN };
        writeln!(out, "{look}{}{look:#}", line.trim_end())?;
    }
    Ok(out.flush()?)
}

fn server(profile: &Profile) -> String {
    match (&profile.url, &profile.local_api) {
        (Some(url), _) => without_user_info(url),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "-".to_owned(),
    }
}

/// The address without user name and password.
fn without_user_info(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        _ => url.to_owned(),
    }
}

fn user(profile: &Profile) -> String {
    match (&profile.identifier, &profile.username, &profile.local_api) {
        (Some(identifier), ..) => format!("identifier {identifier}"),
        (None, Some(username), _) => format!("admin {username}"),
        (None, None, Some(_)) => match &profile.admin_user {
            Some(admin) => format!("Local API as {admin}"),
            None => "Local API".to_owned(),
        },
        (None, None, None) => "-".to_owned(),
    }
}

/// Checks each profile as a command would use it, without sending anything.
fn check(path: &Path, environment: &Environment, only: Option<&str>) -> Outcome {
    let configuration = load(path, environment)?;
    let names: Vec<&str> = match only {
        Some(name) => vec![name],
        None => configuration.profiles.keys().map(String::as_str).collect(),
    };
    let mut worst = None;
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let (good, bad) = (style::GOOD, style::ERROR);
    for name in names {
        let shown = sanitize::line(name);
        match check_one(name, environment) {
            Ok(()) => writeln!(out, "{good}✓{good:#} {shown}")?,
            Err(failure) => {
                writeln!(out, "{bad}✗{bad:#} {shown}: {}", failure.message())?;
                if let Some(advice) = failure.advice() {
                    writeln!(out, "  {bad}→{bad:#} {advice}")?;
                }
                worst = worst.or(Some(failure.exit));
            }
        }
    }
    out.flush()?;
    worst.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

fn check_one(name: &str, environment: &Environment) -> Outcome {
    let args = ConnectionArgs {
        profile: OneProfile { profile: Some(name.to_owned()) },
        ..ConnectionArgs::default()
    };
    let settings = Settings::of(&args, environment)?;
    Clock::new(settings.time_zone.as_deref())?;
    match &settings.target {
        Target::Local { path, .. } if !path.join("init.php").is_file() => {
            Err(Failure::usage(format!("{} has no init.php", path.display()))
                .hint("Give local-api the directory of the install"))
        }
        // Building the client checks the address, the proxy and the certificates.
        _ => settings.connect().map(|_| ()),
    }
}

fn init(path: &Path, environment: &Environment, args: &InitArgs) -> Outcome {
    let is_name = |at: char| at.is_ascii_alphanumeric() || "-_".contains(at);
    if args.name.is_empty() || !args.name.chars().all(is_name) {
        return Err(Failure::usage(format!("{:?} cannot be the name of a profile", args.name))
            .hint("Use letters, digits, - and _"));
    }
    Clock::new(args.time_zone.as_deref())?;
    let existing = profile::load(path, environment)?;
    if existing.is_some_and(|configuration| configuration.profiles.contains_key(&args.name)) {
        return Err(Failure::usage(format!("{} already has a profile {:?}", path.display(), args.name))
            .hint("Edit the file, or give the new profile another name"));
    }
    append(path, &table(args)).map_err(|error| {
        Failure::of_file(path, &error).hint("Check who may write there, and the space left")
    })?;
    exit::note(format!("profile {:?} was added to {}", args.name, path.display()));
    match (&args.secret_env, secret_file(args)) {
        (Some(variable), _) => exit::note(format!("set the variable {variable} to the API secret")),
        (None, file) => {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            if !file.exists() {
                exit::note(format!("write the API secret into {}, readable only by you", file.display()));
            }
        }
    }
    Ok(())
}

fn secret_file(args: &InitArgs) -> PathBuf {
    args.secret_file.clone().unwrap_or_else(|| format!("{}.secret", args.name).into())
}

/// The profile as TOML.
fn table(args: &InitArgs) -> String {
    // A JSON string is also a TOML string.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut table = format!(
        "[profiles.{}]\nurl = {}\nidentifier = {}\n",
        args.name,
        quoted(&args.url),
        quoted(&args.identifier)
    );
    table += &match &args.secret_env {
        Some(variable) => format!("secret-env = {}\n", quoted(variable)),
        None => format!("secret-file = {}\n", quoted(&secret_file(args).to_string_lossy())),
    };
    if let Some(zone) = &args.time_zone {
        table += &format!("time-zone = {}\n", quoted(zone));
    }
    table
}

/// Appends text to a file. A new file is readable only by its owner.
fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let before = match fs::read_to_string(path) {
        Ok(before) => before,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let gap = match before.as_str() {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let mut file = private(OpenOptions::new().append(true).create(true), path)?;
    // A single write, so that an interruption leaves either all of the text or nothing.
    file.write_all(format!("{gap}{text}").as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_listed_without_a_password() {
        for (url, shown) in [
            ("https://example.com/", "https://example.com/"),
            ("https://me:hunter2@example.com/", "https://example.com/"),
            ("me:hunter2@example.com", "example.com"),
            ("https://me:p@ss@example.com", "https://example.com"),
        ] {
            assert_eq!(without_user_info(url), shown);
        }
    }
}
