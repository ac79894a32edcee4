//! `gettickets request`: shows the request in the form of other tools. It reads no secret.

use gettickets_protocol::{Credentials, GetTickets};

use crate::args::{ConnectionArgs, OneProfile, RequestArgs, RequestAs};
use crate::connect::PublicSettings;
use crate::connect::environment::Environment;
use crate::connect::secret::SecretSource;
use crate::exit::{self, Failure, Outcome};
use crate::output::{sanitize, stdout};

pub(crate) fn run(args: &RequestArgs) -> Outcome {
    let connection = ConnectionArgs {
        url: args.url.clone(),
        profile: OneProfile { profile: args.profile.clone() },
        ..ConnectionArgs::default()
    };
    let settings = PublicSettings::of(&connection, &Environment::process())?;
    let text = match args.form {
        RequestAs::Php => php(args, &settings),
        RequestAs::Curl => curl(args, &settings, &url(&settings)?),
        RequestAs::Form => form(args)?,
    };
    if args.form == RequestAs::Form {
        exit::note("names of variables are shown instead of the secrets");
    }
    Ok(stdout::write_text(&text, sanitize::lines)?)
}

/// The address of `api.php`.
fn url(settings: &PublicSettings) -> Outcome<String> {
    let url = settings.url.as_deref().unwrap_or("https://whmcs.example.com/");
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(Failure::usage("the address contains a user name or a password")
            .hint("Give the address without them; the credentials are sent in the form body"));
    }
    let url = url.trim_end_matches('/');
    if url.ends_with(".php") { Ok(url.to_owned()) } else { Ok(format!("{url}/{}", GetTickets::PATH)) }
}

/// PHP code. The Local API needs no credentials.
fn php(args: &RequestArgs, settings: &PublicSettings) -> String {
    let request = args.query.to_request();
    let numbers = ["limitstart", "limitnum", "deptid", "clientid"];
    let init = match &settings.local_api {
        Some(path) => php_text(&path.join("init.php").to_string_lossy()),
        None => "'/path/to/whmcs/init.php'".to_owned(),
    };
    let mut code = format!("<?php\n\nrequire {init};\n\n$postData = [\n");
    for (name, value) in request.pairs() {
        let value = match name {
            "ignore_dept_assignments" => if value == "1" { "true" } else { "false" }.to_owned(),
            name if numbers.contains(&name) => value.into_owned(),
            _ => php_text(&value),
        };
        code += &format!("    '{name}' => {value},\n");
    }
    code += "];\n\n";
    code += &match &settings.admin_user {
        Some(admin) => format!("$results = localAPI('GetTickets', $postData, {});\n", php_text(admin)),
        None => "// Before 7.2 a third argument names the admin to act as.\n\
                 $results = localAPI('GetTickets', $postData);\n"
            .to_owned(),
    };
    code + "\nprint_r($results);\n"
}

/// A PHP string in single quotes, in which only these two characters are special.
fn php_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Writes a form field as an option of a curl configuration to standard output. Shell functions and printf are not
/// separate processes, so other users of the machine cannot see the value.
const FIELD: &str =
    r#"field() { printf 'data-urlencode = "%s=%s"\n' "$1" "$(printf %s "$2" | sed 's/[\\"]/\\&/g')"; }"#;

/// A shell command with curl.
fn curl(args: &RequestArgs, settings: &PublicSettings, url: &str) -> String {
    let mut text = format!("{FIELD}\n{{\n");
    for (name, value) in credentials(args, settings) {
        text += &format!("  field {name} {value}\n");
    }
    text += &format!(
        "}} | curl --fail-with-body --config - \\\n  --data-urlencode 'action={}' \\\n",
        GetTickets::ACTION
    );
    for (name, value) in args.query.to_request().pairs() {
        text += &format!("  --data-urlencode {} \\\n", shell_text(&format!("{name}={value}")));
    }
    text += &format!("  --data-urlencode 'responsetype={}' \\\n  {}\n", args.responsetype, shell_text(url));
    text
}

/// The credentials in the order in which they are sent: the parameter, and a shell word for its value.
fn credentials(args: &RequestArgs, settings: &PublicSettings) -> Vec<(&'static str, String)> {
    let word = |source: &Option<SecretSource>, variable: &str| match source {
        Some(source) => shell_secret(source),
        None => format!("\"${variable}\""),
    };
    // A profile holds no secrets, so its values are shown. The environment may change until the command runs.
    let named = |value: &Option<String>, variable: &str| match value {
        Some(value) if Environment::process().get(variable).as_ref() != Some(value) => shell_text(value),
        _ => format!("\"${variable}\""),
    };
    let as_admin = args.as_admin || (settings.username.is_some() && settings.identifier.is_none());
    let mut credentials = if as_admin {
        let password = match (&settings.password, &settings.password_md5) {
            (None, Some(hashed)) => shell_secret(hashed),
            (password, _) => {
                let password = word(password, "GETTICKETS_PASSWORD");
                format!("\"$(printf %s {password} | openssl md5 -r | cut -c1-32)\"")
            }
        };
        vec![("username", named(&settings.username, "GETTICKETS_USERNAME")), ("password", password)]
    } else {
        vec![
            ("identifier", named(&settings.identifier, "GETTICKETS_IDENTIFIER")),
            ("secret", word(&settings.secret, "GETTICKETS_SECRET")),
        ]
    };
    if args.with_access_key || settings.access_key.is_some() {
        credentials.push(("accesskey", word(&settings.access_key, "GETTICKETS_ACCESS_KEY")));
    }
    credentials
}

/// A shell word that reads the secret when the command runs.
fn shell_secret(source: &SecretSource) -> String {
    match source {
        SecretSource::Variable(name) => format!("\"${name}\""),
        // Command substitution removes the line feed at the end.
        SecretSource::File(path) => format!("\"$(cat {})\"", shell_text(&path.to_string_lossy())),
    }
}

/// A single-quoted word for a POSIX shell.
fn shell_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The form body, with the names of variables in place of the credentials.
fn form(args: &RequestArgs) -> Outcome<String> {
    let credentials = if args.as_admin {
        // Made from the placeholders of API credentials, because an MD5 must have 32 digits.
        Credentials::api("GETTICKETS_USERNAME", "GETTICKETS_PASSWORD_MD5")
    } else {
        Credentials::api("GETTICKETS_IDENTIFIER", "GETTICKETS_SECRET")
    };
    let credentials = match args.with_access_key {
        true => credentials.with_access_key("GETTICKETS_ACCESS_KEY").map_err(Failure::usage)?,
        false => credentials,
    };
    let body = args.query.to_request().encode(&credentials, args.responsetype);
    let body = match args.as_admin {
        true => body.replace("&identifier=", "&username=").replace("&secret=", "&password="),
        false => body.to_string(),
    };
    Ok(body + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn args(flags: &[&str]) -> RequestArgs {
        let every = [
            "gettickets",
            "request",
            "--status",
            "Awaiting Reply",
            "--limitnum=5",
            "--ignore-dept-assignments",
        ];
        let cli = Cli::try_parse_from([&every[..], &["--subject", "it's \\ $HOME"], flags].concat()).unwrap();
        let Command::Request(args) = cli.command else { panic!("request") };
        args
    }

    const URL: &str = "https://example.com/includes/api.php";

    #[test]
    fn php_runs_inside_the_install() {
        insta::assert_snapshot!(php(&args(&[]), &PublicSettings::default()), @r"
        <?php

        require '/path/to/whmcs/init.php';

        $postData = [
            'limitnum' => 5,
            'status' => 'Awaiting Reply',
            'subject' => 'it\'s \\ $HOME',
            'ignore_dept_assignments' => true,
        ];

        // Before 7.2 a third argument names the admin to act as.
        $results = localAPI('GetTickets', $postData);

        print_r($results);
        ");
        let settings = PublicSettings {
            local_api: Some("/var/www/whmcs".into()),
            admin_user: Some("o'brien".into()),
            ..PublicSettings::default()
        };
        let code = php(&args(&[]), &settings);
        assert!(code.contains("require '/var/www/whmcs/init.php';"), "{code}");
        assert!(code.contains("localAPI('GetTickets', $postData, 'o\\'brien');"), "{code}");
    }

    #[test]
    fn curl_reads_its_secrets_from_standard_input() {
        insta::assert_snapshot!(curl(&args(&["--with-access-key"]), &PublicSettings::default(), URL), @r#"
        field() { printf 'data-urlencode = "%s=%s"\n' "$1" "$(printf %s "$2" | sed 's/[\\"]/\\&/g')"; }
        {
          field identifier "$GETTICKETS_IDENTIFIER"
          field secret "$GETTICKETS_SECRET"
          field accesskey "$GETTICKETS_ACCESS_KEY"
        } | curl --fail-with-body --config - \
          --data-urlencode 'action=GetTickets' \
          --data-urlencode 'limitnum=5' \
          --data-urlencode 'status=Awaiting Reply' \
          --data-urlencode 'subject=it'\''s \ $HOME' \
          --data-urlencode 'ignore_dept_assignments=1' \
          --data-urlencode 'responsetype=json' \
          'https://example.com/includes/api.php'
        "#);
        let fields = |flags: &[&str], settings: &PublicSettings| -> String {
            let text = curl(&args(flags), settings, URL);
            text.lines()
                .filter(|line| line.starts_with("  field"))
                .map(|line| format!("{}\n", line.trim()))
                .collect()
        };
        insta::assert_snapshot!(fields(&["--as-admin"], &PublicSettings::default()), @r#"
        field username "$GETTICKETS_USERNAME"
        field password "$(printf %s "$GETTICKETS_PASSWORD" | openssl md5 -r | cut -c1-32)"
        "#);
        let hashed = Some(SecretSource::Variable("GETTICKETS_PASSWORD_MD5".into()));
        let settings = PublicSettings { password_md5: hashed, ..PublicSettings::default() };
        insta::assert_snapshot!(fields(&["--as-admin"], &settings), @r#"
        field username "$GETTICKETS_USERNAME"
        field password "$GETTICKETS_PASSWORD_MD5"
        "#);
        let settings = PublicSettings {
            identifier: Some("AbC123".into()),
            secret: Some(SecretSource::File("/home/o'brien/main.secret".into())),
            access_key: Some(SecretSource::Variable("KEY".into())),
            ..PublicSettings::default()
        };
        insta::assert_snapshot!(fields(&[], &settings), @r#"
        field identifier 'AbC123'
        field secret "$(cat '/home/o'\''brien/main.secret')"
        field accesskey "$KEY"
        "#);
    }

    #[test]
    fn the_form_body_has_names_in_place_of_secrets() {
        insta::assert_snapshot!(form(&args(&["--with-access-key"])).unwrap(), @"action=GetTickets&identifier=GETTICKETS_IDENTIFIER&secret=GETTICKETS_SECRET&accesskey=GETTICKETS_ACCESS_KEY&limitnum=5&status=Awaiting+Reply&subject=it%27s+%5C+%24HOME&ignore_dept_assignments=1&responsetype=json");
        insta::assert_snapshot!(form(&args(&["--as-admin"])).unwrap(), @"action=GetTickets&username=GETTICKETS_USERNAME&password=GETTICKETS_PASSWORD_MD5&limitnum=5&status=Awaiting+Reply&subject=it%27s+%5C+%24HOME&ignore_dept_assignments=1&responsetype=json");
    }

    #[test]
    fn an_address_leads_to_api_php() {
        let url =
            |given: &str| url(&PublicSettings { url: Some(given.to_owned()), ..PublicSettings::default() });
        assert_eq!(
            url("https://example.com/billing/").unwrap(),
            "https://example.com/billing/includes/api.php"
        );
        assert_eq!(
            url("https://example.com/x/includes/api.php").unwrap(),
            "https://example.com/x/includes/api.php"
        );
        let shown = url("https://me:hunter2@example.com").unwrap_err().paragraph();
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
