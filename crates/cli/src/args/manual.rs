//! Sections of the help and the manual pages other than options: examples, environment, files, exit codes.

use std::fmt::Write;

use crate::exit::Exit;

/// Examples: the command, the line to type, and what it does.
pub(crate) const EXAMPLES: [(&str, &str, &str); 44] = [
    ("list", "gettickets list --sandbox", "try it without a server"),
    ("list", "gettickets list --status 'Awaiting Reply'", "one page from the server of GETTICKETS_URL"),
    ("list", "gettickets list --all --format ndjson > all.ndjson", "all tickets"),
    ("list", "gettickets list --status Open --status Answered --all", "two statuses, each ticket once"),
    ("list", "gettickets list --updated-since 7d --sort -lastreply", "a week's tickets, newest reply first"),
    ("list", "gettickets list --profile 'eu-*' --all", "all tickets of several installs"),
    ("list", "gettickets list --columns tid,subject,lastreply --limit 5", "five tickets, three columns"),
    ("export", "gettickets export --output tickets.parquet", "all tickets in a Parquet file"),
    ("export", "gettickets export --output tickets.csv --resume", "continue after an interruption"),
    ("export", "gettickets export --all-profiles --output all.parquet", "several installs in one file"),
    ("export", "gettickets export --all-profiles --output {install}.parquet", "a file for each install"),
    (
        "export",
        "gettickets export --all-profiles --output lake --partition-by install,opened_month",
        "a lake of Parquet files",
    ),
    ("stats", "gettickets stats", "charts in the terminal"),
    ("stats", "gettickets stats --all-profiles", "charts of each install"),
    ("stats", "gettickets stats --html tickets.html", "a page for a browser"),
    ("watch", "gettickets watch", "print tickets as they are opened and answered"),
    ("watch", "gettickets watch --full --interval 5m", "also closed, flagged and deleted tickets"),
    ("mirror", "gettickets mirror tickets.db", "one run, into a SQLite file"),
    (
        "mirror",
        "gettickets mirror tickets.db --all-profiles --interval 5m",
        "all installs, every five minutes",
    ),
    ("mirror", "gettickets mirror postgresql://me@db.example.com/tickets", "into PostgreSQL"),
    ("mirror", "gettickets mirror tickets.db --full --format json", "read everything; the report as JSON"),
    ("singer", "gettickets singer --config config.json | target-csv", "all tickets into a target"),
    (
        "singer",
        "gettickets singer --config config.json --discover > catalog.json",
        "the catalog, in which to select fields",
    ),
    ("singer", "gettickets singer --all-profiles --test", "check that all installs can be read"),
    ("decode", "gettickets decode reply.json", "a saved reply as a table"),
    ("decode", "gettickets decode --as findings reply.json", "where a reply deviates from the format"),
    ("request", "gettickets request --status Open", "a shell command with curl"),
    ("request", "gettickets request --as php --limitnum 5", "PHP code for the Local API"),
    ("doctor", "gettickets doctor", "find out why something does not work"),
    ("doctor", "gettickets doctor --format json --profile main", "the same as JSON, for programs"),
    ("profiles", "gettickets profiles", "list the profiles"),
    (
        "profiles",
        "gettickets profiles init main --url https://billing.example.com/ --identifier AbC123",
        "add a profile",
    ),
    ("profiles", "gettickets profiles check", "check all profiles"),
    ("sandbox", "gettickets sandbox --port 8080", "a server to try things out"),
    ("sandbox", "gettickets sandbox --quirk html-waf", "a server behind a firewall"),
    ("sandbox", "gettickets sandbox --list-quirks", "all deviations it can show"),
    ("completions", "source <(gettickets completions bash)", "in ~/.bashrc"),
    ("completions", "source <(gettickets completions zsh)", "in ~/.zshrc"),
    ("completions", "gettickets completions fish | source", "in ~/.config/fish/config.fish"),
    ("man", "gettickets man | man -l -", "read the manual page"),
    ("man", "gettickets man --dir ~/.local/share/man/man1", "install all manual pages"),
    ("", "gettickets list --sandbox", "try it without a server"),
    ("", "gettickets export --output tickets.parquet", "all tickets in a file"),
    ("", "gettickets doctor", "find out why something does not work"),
];

/// The environment variables that the program reads.
pub(crate) const ENVIRONMENT: [(&str, &str); 17] = [
    ("GETTICKETS_URL", "address of the install, or of its api.php"),
    ("GETTICKETS_IDENTIFIER", "API identifier"),
    ("GETTICKETS_SECRET", "API secret"),
    ("GETTICKETS_ACCESS_KEY", "API access key"),
    ("GETTICKETS_USERNAME", "admin's user name, for servers before 7.2"),
    ("GETTICKETS_PASSWORD", "admin's password"),
    ("GETTICKETS_PASSWORD_MD5", "MD5 of the admin's password, instead of the password"),
    ("GETTICKETS_PROFILE", "connection profile to use"),
    ("GETTICKETS_WEBHOOK_SECRET", "secret that `watch --webhook` signs its requests with"),
    ("DATABASE_URL", "database of `mirror`, if the command line names none"),
    ("PGPASSWORD", "password of a PostgreSQL database, if its address has none"),
    ("HTTPS_PROXY, ALL_PROXY", "proxy to use"),
    ("NO_PROXY", "hosts to connect to without the proxy"),
    ("SSL_CERT_FILE", "file of the certificate authorities to trust"),
    ("XDG_CONFIG_HOME", "directory of the configuration, instead of ~/.config"),
    ("TZ", "time zone of this machine"),
    ("NO_COLOR", "no color"),
];

/// The configuration file.
pub(crate) const FILES: &str = "\
~/.config/gettickets/config.toml, or below XDG_CONFIG_HOME: connection profiles.

  default-profile = \"main\"

  [profiles.main]
  url = \"https://billing.example.com/\"
  identifier = \"AbC123\"
  secret-file = \"main.secret\"   # relative to this file; or secret-env = \"NAME\"
  time-zone = \"Europe/London\"

  [profiles.main.departments]   # names for tables, charts and CSV
  1 = \"Sales\"

  [profiles.main.admins]
  3 = \"Ada\"

A profile may also have username, password-file, password-env, access-key-file,
access-key-env, local-api, admin-user, php, timeout (seconds), responsetype,
ca-file, proxy and allow-plain-http.

A single profile in the file is the default profile. The precedence is, highest first:
flags, a named profile, the environment, the default profile. The default profile is
not used if a flag or the environment names the server.";

/// The examples of a command, or of the whole program if `command` is empty, as a section of the help.
pub(crate) fn examples(command: &str) -> String {
    let mut text = "Examples:".to_owned();
    for (line, meaning) in examples_of(command) {
        // Writing to a string cannot fail.
        let _ = match line.len() {
            ..=54 => write!(text, "\n  {line:<54}  {meaning}"),
            _ => write!(text, "\n  {line}\n  {:54}  {meaning}", ""),
        };
    }
    text
}

/// The lines of these examples and what they do.
pub(crate) fn examples_of(command: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let wanted = command.to_owned();
    EXAMPLES
        .into_iter()
        .filter(move |(command, ..)| *command == wanted)
        .map(|(_, line, meaning)| (line, meaning))
}

/// The end of the long help.
pub(crate) fn text() -> String {
    let mut text = examples("");
    text += "\n\nEnvironment:";
    for (name, meaning) in ENVIRONMENT {
        let _ = write!(text, "\n  {name:<25}  {meaning}");
    }
    text += "\n\nFiles:";
    for line in FILES.lines() {
        let _ = write!(text, "\n  {line}");
    }
    text += "\n\nExit codes:";
    for (exit, meaning) in Exit::MEANINGS {
        let _ = write!(text, "\n  {}  {meaning}", exit as u8);
    }
    // Empty lines have no trailing white space.
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n\nNot affiliated with WHMCS Limited."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::{CommandFactory, Parser};

    /// The commands of a page: what follows `gettickets` on a line of a block of code.
    fn commands(page: &str) -> Vec<Vec<String>> {
        let blocks = page.split("```").skip(1).step_by(2);
        let lines = blocks.flat_map(str::lines).filter_map(|line| {
            let (_, command) = line.split_once("gettickets ")?;
            let is_command = line.starts_with(['g', '*']) || line.starts_with("ExecStart=");
            is_command.then(|| command.split([' ']).map(|word| word.trim_matches('\'').to_owned()).collect())
        });
        lines.collect()
    }

    #[test]
    fn the_commands_of_every_page_of_the_documentation_parse() {
        let mut parsed = 0;
        for folder in ["recipes", "src/start", "src/use"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/").to_owned() + folder;
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                for words in commands(&std::fs::read_to_string(&path).unwrap()) {
                    let line = words.join(" ");
                    let words = std::iter::once("gettickets".to_owned()).chain(words);
                    let result = Cli::try_parse_from(words.filter(|word| !word.is_empty()));
                    assert!(result.is_ok(), "{}: {line}: {result:?}", path.display());
                    parsed += 1;
                }
            }
        }
        assert!(parsed >= 14, "only {parsed} commands were found");
    }

    #[test]
    fn every_command_has_examples_that_parse() {
        let names: Vec<String> =
            Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        for name in names {
            assert!(examples_of(&name).count() > 0, "{name}");
        }
        for (_, line, _) in EXAMPLES {
            let line = line.trim_start_matches("source <(").split([')', '|', '>']).next().unwrap();
            // The shell removes the quotes.
            let words: Vec<String> = line
                .replace("'Awaiting Reply'", "Awaiting\u{a0}Reply")
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(|word| word.replace('\u{a0}', " "))
                .collect();
            assert!(Cli::try_parse_from(&words).is_ok(), "{line}");
        }
    }
}
