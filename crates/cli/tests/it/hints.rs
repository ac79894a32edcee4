//! Every option that a hint or another message names exists.

use std::fs;
use std::path::{Path, PathBuf};

use gettickets_protocol::HINT_SETTINGS;

use crate::program::{COMMANDS, gettickets};

/// The Rust files below a directory.
fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without its comments and its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The options that texts in this code name, such as `--limitnum`.
fn named(code: &str) -> Vec<String> {
    let mut options = Vec::new();
    for (at, _) in code.match_indices("--") {
        let before = code[..at].chars().next_back();
        let option: String =
            code[at + 2..].chars().take_while(|at| at.is_ascii_lowercase() || *at == '-').collect();
        let begins = before.is_none_or(|at| !at.is_alphanumeric() && at != '-' && at != '{');
        if begins && option.starts_with(|at: char| at.is_ascii_lowercase()) {
            options.push(format!("--{}", option.trim_end_matches('-')));
        }
    }
    options
}

/// Every option of every command.
fn known() -> Vec<String> {
    let mut known = Vec::new();
    for command in COMMANDS.iter().map(|command| vec![*command]).chain([vec!["profiles", "init"]]) {
        known.extend(named(&gettickets(&[&command[..], &["--help"]].concat()).quietly()));
    }
    known
}

#[test]
fn every_option_that_a_message_names_exists() {
    let known = known();
    // Options of other programs, in the shell command that `request` writes.
    let foreign = ["--data-urlencode", "--fail-with-body", "--config", "--version"];
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut checked = 0;
    for file in files.iter().filter(|file| !file.ends_with("args/manual.rs")) {
        for option in named(&code(&fs::read_to_string(file).unwrap())) {
            let exists = known.contains(&option) || foreign.contains(&option.as_str());
            assert!(exists, "{}: {option} is not an option", file.display());
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} options were found in messages");
}

/// The settings that texts of a library name in parentheses, such as `(limitnum)` and `(max_tickets)`.
fn settings(code: &str) -> Vec<String> {
    let quoted = code.lines().filter(|line| line.contains('"') && !line.contains("assert"));
    let mut settings = Vec::new();
    for line in quoted {
        for (at, _) in line.match_indices(" (") {
            let word: String =
                line[at + 2..].chars().take_while(|at| at.is_ascii_lowercase() || *at == '_').collect();
            let is_closed = line[at + 2 + word.len()..].starts_with(')');
            let is_named = word.contains('_') || HINT_SETTINGS.contains(&&*word);
            if is_closed && is_named {
                settings.push(word);
            }
        }
    }
    settings
}

#[test]
fn every_setting_that_a_library_names_is_an_option() {
    let known = known();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("../protocol/src"), &mut files);
    sources(&root.join("../client/src"), &mut files);
    let failure = fs::read_to_string(root.join("src/connect/failure.rs")).unwrap();
    let mut checked = 0;
    for file in files {
        let code = code(&fs::read_to_string(&file).unwrap());
        for setting in settings(&code) {
            assert!(HINT_SETTINGS.contains(&&*setting), "{}: ({setting}) is not translated", file.display());
            checked += 1;
        }
        for vague in ["Ask for xml", "Ask for json", "Request xml"] {
            assert!(!code.contains(vague), "{}: {vague:?} names no option", file.display());
        }
    }
    assert!(checked > 20, "only {checked} settings were found");
    // The options that replace the settings exist.
    for setting in HINT_SETTINGS.iter().filter(|setting| **setting != "max_response_len") {
        let (_, rest) = failure.split_once(&format!("\"{setting}\" => \"")).unwrap();
        let (option, _) = rest.split_once('"').unwrap();
        assert!(known.contains(&option.to_owned()), "{setting}: {option} is not an option");
    }
}
