//! Merges flags, profile and environment into settings.
//!
//! The precedence is, highest first: flags, a named profile, the environment, the default profile. The default profile
//! is not used if a flag or the environment names the server. A profile that `GETTICKETS_PROFILE` names is not used if
//! a flag names the server. So the secret of one server is never sent to another because the address was overridden.

use std::path::PathBuf;
use std::time::Duration;

use gettickets_protocol::{Credentials, ResponseType};

use super::environment::Environment;
use super::profile::{self, Configuration, Profile};
use super::secret::SecretSource;
use crate::args::ConnectionArgs;
use crate::exit::{Failure, Outcome};
use crate::output::names::Names;

/// The server to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The embedded sandbox.
    Sandbox,
    /// A server over HTTP.
    Http {
        /// Its address.
        url: String,
    },
    /// An install on this machine.
    Local {
        /// Its directory.
        path: PathBuf,
        /// The admin to act as.
        admin_user: Option<String>,
        /// The PHP program to run.
        php: Option<PathBuf>,
    },
}

/// The settings of a connection. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    /// The source that set the target: a flag, a profile, a variable.
    pub(crate) named_by: String,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) responsetype: ResponseType,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) allow_plain_http: bool,
    pub(crate) retries: bool,
    pub(crate) strict: bool,
    pub(crate) time_zone: Option<String>,
    pub(crate) names: Names,
    /// The environment variables that hold secrets of this connection.
    pub(crate) secret_variables: Vec<String>,
}

/// The settings without secrets, for a command that does not connect.
#[derive(Debug, Default)]
pub(crate) struct PublicSettings {
    pub(crate) url: Option<String>,
    pub(crate) local_api: Option<PathBuf>,
    pub(crate) admin_user: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) secret: Option<SecretSource>,
    pub(crate) password: Option<SecretSource>,
    pub(crate) password_md5: Option<SecretSource>,
    pub(crate) access_key: Option<SecretSource>,
}

/// The settings of one source.
#[derive(Clone, Debug, Default)]
struct Layer {
    name: String,
    url: Option<String>,
    local_api: Option<PathBuf>,
    admin_user: Option<String>,
    php: Option<PathBuf>,
    identifier: Option<String>,
    secret: Option<SecretSource>,
    username: Option<String>,
    password: Option<SecretSource>,
    password_md5: Option<SecretSource>,
    access_key: Option<SecretSource>,
    timeout: Option<Duration>,
    responsetype: Option<ResponseType>,
    ca_file: Option<PathBuf>,
    proxy: Option<String>,
    allow_plain_http: Option<bool>,
    time_zone: Option<String>,
    names: Option<Names>,
}

impl Layer {
    /// The environment variables that hold secrets.
    fn secret_variables(&self) -> impl Iterator<Item = String> {
        let sources = [&self.secret, &self.password, &self.password_md5, &self.access_key];
        sources.into_iter().flatten().filter_map(|source| match source {
            SecretSource::Variable(name) => Some(name.clone()),
            SecretSource::File(_) => None,
        })
    }

    fn of_flags(args: &ConnectionArgs) -> Layer {
        let file = |path: &Option<PathBuf>| path.clone().map(SecretSource::File);
        Layer {
            name: "the command line".to_owned(),
            url: args.url.clone(),
            local_api: args.local_api.clone(),
            admin_user: args.admin_user.clone(),
            php: args.php.clone(),
            identifier: args.identifier.clone(),
            secret: file(&args.secret_file),
            username: args.username.clone(),
            password: file(&args.password_file),
            password_md5: None,
            access_key: file(&args.access_key_file),
            timeout: args.timeout,
            responsetype: args.responsetype,
            ca_file: args.ca_file.clone(),
            proxy: args.proxy.clone(),
            allow_plain_http: args.allow_plain_http.then_some(true),
            time_zone: args.time_zone.clone(),
            names: None,
        }
    }

    fn of_environment(environment: &Environment) -> Layer {
        let get = |name: &str| environment.get(name);
        let secret = |name: &str| get(name).map(|_| SecretSource::Variable(name.to_owned()));
        Layer {
            name: "the environment".to_owned(),
            url: get("GETTICKETS_URL"),
            identifier: get("GETTICKETS_IDENTIFIER"),
            secret: secret("GETTICKETS_SECRET"),
            username: get("GETTICKETS_USERNAME"),
            password: secret("GETTICKETS_PASSWORD"),
            password_md5: secret("GETTICKETS_PASSWORD_MD5"),
            access_key: secret("GETTICKETS_ACCESS_KEY"),
            ..Layer::default()
        }
    }

    fn of_profile(name: &str, profile: Profile) -> Layer {
        let source = |file: Option<PathBuf>, variable: Option<String>| {
            file.map(SecretSource::File).or(variable.map(SecretSource::Variable))
        };
        let names = profile.names();
        Layer {
            name: format!("profile {name:?}"),
            url: profile.url,
            local_api: profile.local_api,
            admin_user: profile.admin_user,
            php: profile.php,
            identifier: profile.identifier,
            secret: source(profile.secret_file, profile.secret_env),
            username: profile.username,
            password: source(profile.password_file, profile.password_env),
            password_md5: None,
            access_key: source(profile.access_key_file, profile.access_key_env),
            timeout: profile.timeout.map(|seconds| Duration::from_secs(seconds.into())),
            // The profile was checked to have json or xml.
            responsetype: profile.responsetype.and_then(|word| word.parse().ok()),
            ca_file: profile.ca_file,
            proxy: profile.proxy,
            allow_plain_http: profile.allow_plain_http,
            time_zone: profile.time_zone,
            names: Some(names),
        }
    }

    fn names_a_target(&self) -> bool {
        self.url.is_some() || self.local_api.is_some()
    }
}

/// The sources that apply to these arguments, in order of precedence.
fn layers(args: &ConnectionArgs, environment: &Environment) -> Outcome<Vec<Layer>> {
    let flags = Layer::of_flags(args);
    if args.sandbox {
        return Ok(vec![flags]);
    }
    let variables = Layer::of_environment(environment);
    Ok(match named_profile(args, &flags, environment) {
        Some(name) => {
            let profile = load_named(&name, environment)?;
            vec![flags, Layer::of_profile(&name, profile), variables]
        }
        None if flags.names_a_target() || variables.names_a_target() => vec![flags, variables],
        None => {
            let default = load_default(environment)?;
            let default = default.map(|(name, profile)| Layer::of_profile(&name, profile));
            [flags, variables].into_iter().chain(default).collect()
        }
    })
}

impl PublicSettings {
    /// Merges the sources without reading any secret.
    pub(crate) fn of(args: &ConnectionArgs, environment: &Environment) -> Outcome<PublicSettings> {
        let layers = layers(args, environment)?;
        Ok(PublicSettings {
            url: first(&layers, |layer| layer.url.clone()),
            local_api: first(&layers, |layer| layer.local_api.clone()),
            admin_user: first(&layers, |layer| layer.admin_user.clone()),
            identifier: first(&layers, |layer| layer.identifier.clone()),
            username: first(&layers, |layer| layer.username.clone()),
            secret: first(&layers, |layer| layer.secret.clone()),
            password: first(&layers, |layer| layer.password.clone()),
            password_md5: first(&layers, |layer| layer.password_md5.clone()),
            access_key: first(&layers, |layer| layer.access_key.clone()),
        })
    }
}

impl Settings {
    /// Merges the sources and reads the secrets.
    pub(crate) fn of(args: &ConnectionArgs, environment: &Environment) -> Outcome<Settings> {
        Settings::merged(args, &layers(args, environment)?, environment)
    }

    /// Merges the flags and one of several profiles, and reads its secrets. The environment is ignored, because its
    /// settings are those of one server.
    pub(crate) fn of_profile(
        args: &ConnectionArgs,
        name: &str,
        environment: &Environment,
    ) -> Outcome<Settings> {
        let layers = [Layer::of_flags(args), Layer::of_profile(name, load_named(name, environment)?)];
        Settings::merged(args, &layers, environment)
    }

    fn merged(args: &ConnectionArgs, layers: &[Layer], environment: &Environment) -> Outcome<Settings> {
        let (target, named_by) = match args.sandbox {
            true => (Target::Sandbox, "the command line".to_owned()),
            false => target_of(layers)?,
        };
        let credentials = match target {
            Target::Http { .. } => Some(credentials_of(layers, environment)?),
            Target::Sandbox | Target::Local { .. } => None,
        };
        Ok(Settings {
            target,
            named_by,
            credentials,
            timeout: first(layers, |layer| layer.timeout),
            responsetype: first(layers, |layer| layer.responsetype).unwrap_or_default(),
            ca_file: first(layers, |layer| layer.ca_file.clone()),
            proxy: first(layers, |layer| layer.proxy.clone()),
            allow_plain_http: first(layers, |layer| layer.allow_plain_http).unwrap_or(false),
            retries: !args.no_retries,
            strict: args.strict,
            time_zone: first(layers, |layer| layer.time_zone.clone()),
            names: first(layers, |layer| layer.names.clone()).unwrap_or_default(),
            secret_variables: layers.iter().flat_map(Layer::secret_variables).collect(),
        })
    }
}

/// The profile that was named. A profile that the environment names is ignored if a flag names the server: a secret
/// must not be sent to an address that it does not belong to.
fn named_profile(args: &ConnectionArgs, flags: &Layer, environment: &Environment) -> Option<String> {
    let set = || environment.get("GETTICKETS_PROFILE").filter(|_| !flags.names_a_target());
    args.profile.profile.clone().or_else(set)
}

fn load_named(name: &str, environment: &Environment) -> Outcome<Profile> {
    let Some(file) = profile::path(environment) else {
        return Err(Failure::usage(format!(
            "there is no profile {name:?}: no directory for the configuration file is known"
        ))
        .hint("Set HOME or XDG_CONFIG_HOME"));
    };
    let place = file.display();
    let Some(configuration) = profile::load(&file, environment)? else {
        return Err(Failure::usage(format!("there is no profile {name:?}: the file {place} does not exist"))
            .hint("`gettickets profiles init` creates it"));
    };
    configuration.profile(name).map_err(|failure| failure.at(place))
}

/// The configuration file, which must exist.
pub(super) fn load_all(environment: &Environment) -> Outcome<Configuration> {
    let Some(file) = profile::path(environment) else {
        return Err(Failure::usage("there is no profile: no directory for the configuration file is known")
            .hint("Set HOME or XDG_CONFIG_HOME"));
    };
    profile::load(&file, environment)?.ok_or_else(|| {
        Failure::usage(format!("there is no profile: the file {} does not exist", file.display()))
            .hint("`gettickets profiles init` creates it")
    })
}

/// The environment variables that hold the secrets of all profiles, as far as the configuration file can be read.
pub(super) fn secret_variables_of_profiles(environment: &Environment) -> Vec<String> {
    let configuration = load_all(environment).unwrap_or_default();
    configuration.profiles.into_values().flat_map(Profile::into_secret_variables).collect()
}

fn load_default(environment: &Environment) -> Outcome<Option<(String, Profile)>> {
    let Some(file) = profile::path(environment) else { return Ok(None) };
    let Some(configuration) = profile::load(&file, environment)? else { return Ok(None) };
    let Some(name) = configuration.default_name().map(str::to_owned) else { return Ok(None) };
    let profile = configuration.profile(&name).map_err(|failure| failure.at(file.display()))?;
    Ok(Some((name, profile)))
}

fn first<T>(layers: &[Layer], get: impl Fn(&Layer) -> Option<T>) -> Option<T> {
    layers.iter().find_map(get)
}

fn target_of(layers: &[Layer]) -> Outcome<(Target, String)> {
    let Some(layer) = layers.iter().find(|layer| layer.names_a_target()) else {
        return Err(Failure::usage("no server is configured").hint(
            "Give --url or set GETTICKETS_URL, name a profile with --profile, or try --sandbox, which needs no server",
        ));
    };
    let target = match (&layer.url, &layer.local_api) {
        (Some(url), _) => Target::Http { url: url.clone() },
        (None, path) => Target::Local {
            path: path.clone().unwrap_or_default(),
            admin_user: first(layers, |layer| layer.admin_user.clone()),
            php: first(layers, |layer| layer.php.clone()),
        },
    };
    Ok((target, layer.name.clone()))
}

/// Reads the credentials. The first source with an identifier or a user name determines their kind.
fn credentials_of(layers: &[Layer], environment: &Environment) -> Outcome<Credentials> {
    let missing = |what: &str, hint: &str| Failure::usage(format!("{what} is missing")).hint(hint);
    let Some(layer) = layers.iter().find(|layer| layer.identifier.is_some() || layer.username.is_some())
    else {
        return Err(missing(
            "the API identifier",
            "Give --identifier or set GETTICKETS_IDENTIFIER, and with it the secret in GETTICKETS_SECRET or --secret-file",
        ));
    };
    let credentials = if let Some(identifier) = &layer.identifier {
        let secret = first(layers, |layer| layer.secret.clone()).ok_or_else(|| {
            missing(
                "the API secret",
                "Set GETTICKETS_SECRET, or name a file that holds the secret with --secret-file",
            )
        })?;
        Credentials::api(identifier.clone(), secret.read("the API secret", environment)?)
    } else {
        let username = layer.username.clone().unwrap_or_default();
        let password = layers.iter().find(|layer| layer.password.is_some() || layer.password_md5.is_some());
        match password.map(|layer| (&layer.password, &layer.password_md5)) {
            Some((Some(password), _)) => {
                Credentials::admin(username, password.read("the admin's password", environment)?)
            }
            Some((None, Some(hashed))) => {
                Credentials::admin_md5(username, hashed.read("the MD5 of the password", environment)?)
                    .map_err(|error| Failure::usage(format!("GETTICKETS_PASSWORD_MD5: {error}")))?
            }
            _ => {
                return Err(missing(
                    "the admin's password",
                    "Set GETTICKETS_PASSWORD, or name a file that holds the password with --password-file",
                ));
            }
        }
    };
    match first(layers, |layer| layer.access_key.clone()) {
        None => Ok(credentials),
        Some(source) => credentials
            .with_access_key(source.read("the access key", environment)?)
            .map_err(|error| Failure::usage(format!("{source}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use crate::args::Command;
    use clap::Parser;

    const CONFIGURATION: &str = r#"
        default-profile = "main"
        [profiles.main]
        url = "https://main.example.com"
        identifier = "main"
        secret-env = "MAIN_SECRET"
        timeout = 5
        [profiles.test]
        url = "https://test.example.com"
        [profiles.inside]
        local-api = "/var/www/whmcs"
        admin-user = "robot"
    "#;

    fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Outcome<Settings> {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("gettickets");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("config.toml"), CONFIGURATION).unwrap();
        let base = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
        let environment = Environment::of(base.into_iter().chain(variables.iter().copied()));
        let cli = Cli::try_parse_from([&["gettickets", "watch"], flags].concat()).unwrap();
        let Command::Watch(watch) = cli.command else { panic!("watch") };
        Settings::of(&watch.connection, &environment)
    }

    #[test]
    fn sources_are_used_by_precedence() {
        let api = [("GETTICKETS_IDENTIFIER", "i"), ("GETTICKETS_SECRET", "s"), ("MAIN_SECRET", "m")];
        let with_url = [&api[..], &[("GETTICKETS_URL", "https://env.example.com")]].concat();
        let with_profile = [&with_url[..], &[("GETTICKETS_PROFILE", "test")]].concat();
        for (flags, variables, url, named_by) in [
            (&["--url", "https://flag.example.com"][..], &with_url[..], "flag", "the command line"),
            (&["--url", "https://flag.example.com"], &with_profile, "flag", "the command line"),
            (&["--profile", "test"], &with_url, "test", "profile \"test\""),
            (&[], &with_profile, "test", "profile \"test\""),
            (&[], &with_url, "env", "the environment"),
            (&[], &api, "main", "profile \"main\""),
        ] {
            let settings = settings(flags, variables).unwrap();
            assert_eq!(settings.target, Target::Http { url: format!("https://{url}.example.com") });
            assert_eq!(settings.named_by, named_by);
        }
        let inside = settings(&["--profile", "inside"], &with_url).unwrap();
        let robot =
            Target::Local { path: "/var/www/whmcs".into(), admin_user: Some("robot".into()), php: None };
        assert_eq!((inside.target, inside.credentials.is_none()), (robot, true));
    }

    #[test]
    fn a_secret_is_not_sent_to_an_address_of_another_source() {
        let refused = settings(&["--url", "https://other.example.com"], &[("MAIN_SECRET", "m")]).unwrap_err();
        assert!(refused.what.contains("the API identifier is missing"), "{}", refused.what);
        let set = [("MAIN_SECRET", "m"), ("GETTICKETS_PROFILE", "main")];
        let refused = settings(&["--url", "https://other.example.com"], &set).unwrap_err();
        assert!(refused.what.contains("the API identifier is missing"), "{}", refused.what);
    }

    #[test]
    fn a_missing_setting_is_reported_with_its_possible_sources() {
        let shown =
            |flags: &[&str], variables: &[(&str, &str)]| settings(flags, variables).unwrap_err().paragraph();
        insta::assert_snapshot!(shown(&["--profile", "none"], &[]).rsplit("config.toml: ").next().unwrap(), @r#"there is no profile "none". Profiles in the file: inside, main, test."#);
        insta::assert_snapshot!(shown(&["--profile", "test"], &[]), @"the API identifier is missing. Give --identifier or set GETTICKETS_IDENTIFIER, and with it the secret in GETTICKETS_SECRET or --secret-file.");
        insta::assert_snapshot!(shown(&["--profile", "test", "--identifier", "i"], &[]), @"the API secret is missing. Set GETTICKETS_SECRET, or name a file that holds the secret with --secret-file.");
        insta::assert_snapshot!(shown(&["--profile", "test", "--username", "admin"], &[]), @"the admin's password is missing. Set GETTICKETS_PASSWORD, or name a file that holds the password with --password-file.");
        insta::assert_snapshot!(shown(&[], &[]), @"the API secret is read from the variable MAIN_SECRET, which is not set. Set the variable, or use another source.");
        insta::assert_snapshot!(shown(&["--profile", "test", "--username", "a"], &[("GETTICKETS_PASSWORD_MD5", "plain")]), @"GETTICKETS_PASSWORD_MD5: the MD5 of a password has 32 hexadecimal digits.");
    }

    #[test]
    fn public_settings_are_merged_without_reading_a_secret() {
        let environment =
            Environment::of([("GETTICKETS_URL", "https://env.example.com"), ("GETTICKETS_SECRET", "s")]);
        let public = PublicSettings::of(&ConnectionArgs::default(), &environment).unwrap();
        assert_eq!(public.url.as_deref(), Some("https://env.example.com"));
        assert_eq!(public.secret, Some(SecretSource::Variable("GETTICKETS_SECRET".into())));
        assert!(!format!("{public:?}").contains("\"s\""));
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let settings = settings(&[], &[("MAIN_SECRET", "hunter2")]).unwrap();
        assert_eq!(settings.timeout, Some(Duration::from_secs(5)));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
