//! `gettickets request`: the request, written down for other tools. Nothing secret is read, so nothing
//! secret can show.

use gettickets_protocol::{Credentials, GetTickets};

use crate::args::{RequestArgs, RequestAs};
use crate::connect::environment::Environment;
use crate::exit::{Failure, Outcome};
use crate::output::{sanitise, stdout};

pub(crate) fn run(args: &RequestArgs) -> Outcome {
    let text = match args.form {
        RequestAs::Php => php(args),
        RequestAs::Curl => curl(args, &url(args, &Environment::process())?),
        RequestAs::Form => form(args)?,
    };
    Ok(stdout::write_text(&text, sanitise::lines)?)
}

/// The address of `api.php`.
fn url(args: &RequestArgs, environment: &Environment) -> Outcome<String> {
    let url = args.url.clone().or_else(|| environment.get("GETTICKETS_URL"));
    let url = url.unwrap_or_else(|| "https://whmcs.example.com/".to_owned());
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).split('/').next();
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(Failure::usage("the address has a user name or a password in it")
            .hint("Give it without; credentials go into the form body"));
    }
    let url = url.trim_end_matches('/');
    if url.ends_with(".php") { Ok(url.to_owned()) } else { Ok(format!("{url}/{}", GetTickets::PATH)) }
}

/// Parameter and variable of each credential, in the order in which they are sent.
fn credentials(args: &RequestArgs) -> Vec<(&'static str, &'static str)> {
    let mut names = if args.as_admin {
        vec![("username", "GETTICKETS_USERNAME"), ("password", "GETTICKETS_PASSWORD_MD5")]
    } else {
        vec![("identifier", "GETTICKETS_IDENTIFIER"), ("secret", "GETTICKETS_SECRET")]
    };
    if args.with_access_key {
        names.push(("accesskey", "GETTICKETS_ACCESS_KEY"));
    }
    names
}

/// The Local API sends no credentials.
fn php(args: &RequestArgs) -> String {
    let request = args.query.to_request();
    let numbers = ["limitstart", "limitnum", "deptid", "clientid"];
    let mut code = String::from("<?php\n\nrequire '/path/to/whmcs/init.php';\n\n$postData = [\n");
    for (name, value) in request.pairs() {
        let value = match name {
            "ignore_dept_assignments" => if value == "1" { "true" } else { "false" }.to_owned(),
            name if numbers.contains(&name) => value.into_owned(),
            _ => php_text(&value),
        };
        code += &format!("    '{name}' => {value},\n");
    }
    code + "];\n\n// Before 7.2 a third argument names the admin to act as.\n\
            $results = localAPI('GetTickets', $postData);\n\nprint_r($results);\n"
}

/// A PHP text: in single quotes only these two mean something else.
fn php_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Credentials are variables, which the shell fills in.
fn curl(args: &RequestArgs, url: &str) -> String {
    let mut lines = vec![
        format!("curl --fail-with-body {}", shell_text(url)),
        format!("--data-urlencode 'action={}'", GetTickets::ACTION),
    ];
    lines.extend(
        credentials(args).iter().map(|(name, variable)| format!("--data-urlencode \"{name}=${variable}\"")),
    );
    for (name, value) in args.query.to_request().pairs() {
        lines.push(format!("--data-urlencode {}", shell_text(&format!("{name}={value}"))));
    }
    lines.push(format!("--data-urlencode 'responsetype={}'", args.responsetype));
    lines.join(" \\\n  ") + "\n"
}

/// A text for a POSIX shell.
fn shell_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Credentials are their variables' names.
fn form(args: &RequestArgs) -> Outcome<String> {
    let credentials = if args.as_admin {
        // Built from the placeholders of an API pair, as a password's MD5 has no room for one.
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

    #[test]
    fn php_runs_inside_the_install() {
        insta::assert_snapshot!(php(&args(&[])), @r"
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
    }

    #[test]
    fn curl_takes_its_secrets_from_the_environment() {
        insta::assert_snapshot!(curl(&args(&["--with-access-key"]), "https://example.com/includes/api.php"), @r#"
        curl --fail-with-body 'https://example.com/includes/api.php' \
          --data-urlencode 'action=GetTickets' \
          --data-urlencode "identifier=$GETTICKETS_IDENTIFIER" \
          --data-urlencode "secret=$GETTICKETS_SECRET" \
          --data-urlencode "accesskey=$GETTICKETS_ACCESS_KEY" \
          --data-urlencode 'limitnum=5' \
          --data-urlencode 'status=Awaiting Reply' \
          --data-urlencode 'subject=it'\''s \ $HOME' \
          --data-urlencode 'ignore_dept_assignments=1' \
          --data-urlencode 'responsetype=json'
        "#);
        insta::assert_snapshot!(curl(&args(&["--as-admin"]), "https://example.com/includes/api.php"), @r#"
        curl --fail-with-body 'https://example.com/includes/api.php' \
          --data-urlencode 'action=GetTickets' \
          --data-urlencode "username=$GETTICKETS_USERNAME" \
          --data-urlencode "password=$GETTICKETS_PASSWORD_MD5" \
          --data-urlencode 'limitnum=5' \
          --data-urlencode 'status=Awaiting Reply' \
          --data-urlencode 'subject=it'\''s \ $HOME' \
          --data-urlencode 'ignore_dept_assignments=1' \
          --data-urlencode 'responsetype=json'
        "#);
    }

    #[test]
    fn the_form_body_has_names_in_place_of_secrets() {
        insta::assert_snapshot!(form(&args(&["--with-access-key"])).unwrap(), @"action=GetTickets&identifier=GETTICKETS_IDENTIFIER&secret=GETTICKETS_SECRET&accesskey=GETTICKETS_ACCESS_KEY&limitnum=5&status=Awaiting+Reply&subject=it%27s+%5C+%24HOME&ignore_dept_assignments=1&responsetype=json");
        insta::assert_snapshot!(form(&args(&["--as-admin"])).unwrap(), @"action=GetTickets&username=GETTICKETS_USERNAME&password=GETTICKETS_PASSWORD_MD5&limitnum=5&status=Awaiting+Reply&subject=it%27s+%5C+%24HOME&ignore_dept_assignments=1&responsetype=json");
    }

    #[test]
    fn an_address_leads_to_api_php() {
        let url = |given: &str| url(&args(&["--url", given]), &Environment::of([]));
        assert_eq!(
            url("https://example.com/billing/").unwrap(),
            "https://example.com/billing/includes/api.php"
        );
        assert_eq!(
            url("https://example.com/x/includes/api.php").unwrap(),
            "https://example.com/x/includes/api.php"
        );
        let told = url("https://me:hunter2@example.com").unwrap_err().paragraph();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
