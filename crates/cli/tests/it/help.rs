//! The help texts.

use crate::program::{COMMANDS, gettickets, program, run, text};

#[test]
fn help_matches_the_snapshots() {
    insta::assert_snapshot!("help", gettickets(&["--help"]).quietly());
    for command in COMMANDS {
        insta::assert_snapshot!(format!("help_{command}"), gettickets(&[command, "--help"]).quietly());
    }
}

#[test]
fn the_version_names_the_versions_of_the_protocol() {
    insta::assert_snapshot!(gettickets(&["--version"]).quietly(), @r"
    gettickets 0.1.0
    GetTickets as in server versions 1.0, 7.10 and 8.0 and later
    ");
    assert_eq!(gettickets(&["-V"]).quietly(), concat!("gettickets ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn help_is_a_command_too() {
    let first_line = |text: &str| text.lines().next().unwrap().to_owned();
    for command in COMMANDS {
        let by_option = gettickets(&[command, "--help"]).quietly();
        assert_eq!(gettickets(&["help", command]).quietly(), by_option, "{command}");
    }
    assert!(first_line(&gettickets(&["help"]).quietly()).contains("support tickets"));
}

/// The completions that a shell offers after these words.
fn completed(words: &[&str], home: &str) -> Vec<String> {
    let mut command = program();
    command
        .env("GETTICKETS_COMPLETE", "fish")
        .env("XDG_CONFIG_HOME", home)
        .args(["--", "gettickets"])
        .args(words);
    let offered = run(&mut command).quietly();
    offered.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn shells_complete_commands_options_profiles_statuses_and_zones() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = gettickets(&["completions", shell]).quietly();
        assert!(script.contains("GETTICKETS_COMPLETE"), "{shell}: {script}");
    }
    let home = tempfile::tempdir().unwrap();
    let path = text(home.path());
    std::fs::create_dir(home.path().join("gettickets")).unwrap();
    std::fs::write(home.path().join("gettickets/config.toml"), "[profiles.berlin]\n[profiles.london]\n")
        .unwrap();
    for (words, offered) in [
        (&["li"][..], "list"),
        (&["list", "--updated"], "--updated-since"),
        (&["list", "--profile", ""], "berlin"),
        (&["doctor", "--profile", "lon"], "london"),
        (&["list", "--status", "Cu"], "Customer-Reply"),
        (&["stats", "--status", "All"], "All Active Tickets"),
        (&["list", "--priority", ""], "High"),
        (&["watch", "--time-zone", "Europe/Lond"], "Europe/London"),
        (&["list", "--columns", "subj"], "subject_text"),
        (&["profiles", "ch"], "check"),
    ] {
        let words = completed(words, path);
        assert!(words.iter().any(|word| word == offered), "{offered}: {words:?}");
    }
}

#[test]
fn a_manual_page_has_its_sections() {
    let page = gettickets(&["man"]).quietly();
    assert!(page.contains(".TH GETTICKETS 1"), "{page}");
    for section in
        ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "ENVIRONMENT", "FILES", "\"EXIT STATUS\""]
    {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}: {page}");
    }
    assert!(!page.contains("EXTRA"), "{page}");
    let directory = tempfile::tempdir().unwrap();
    gettickets(&["man", "--dir", text(directory.path())]).quietly();
    for command in COMMANDS {
        let page = std::fs::read_to_string(directory.path().join(format!("gettickets-{command}.1"))).unwrap();
        assert!(
            page.contains("\n.SH EXAMPLES\n") && page.contains("\n.SH \"EXIT STATUS\"\n"),
            "{command}: {page}"
        );
    }
    assert!(directory.path().join("gettickets-profiles-init.1").exists());
    assert!(!directory.path().join("gettickets-help.1").exists());
}

#[test]
fn manual_pages_go_only_into_an_existing_directory() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nonexistent");
    let ran = gettickets(&["man", "--dir", text(&missing)]);
    assert!(ran.code == 2 && ran.err.contains("not an existing directory"), "{}", ran.err);
    assert!(!missing.exists());
}

#[test]
fn a_typing_error_gets_a_suggestion() {
    let ran = gettickets(&["list", "--limitnumm", "5"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--limitnum"), "{}", ran.err);
    let ran = gettickets(&["sandbox", "--quirk", "php-notices"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("php-notice"), "{}", ran.err);
}
