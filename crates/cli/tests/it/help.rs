//! The help texts, which are the manual that everyone reads.

use crate::program::gettickets;

#[test]
fn help_is_as_reviewed() {
    insta::assert_snapshot!("help", gettickets(&["--help"]).quietly());
    for command in
        ["list", "export", "stats", "watch", "decode", "request", "doctor", "sandbox", "completions", "man"]
    {
        insta::assert_snapshot!(format!("help_{command}"), gettickets(&[command, "--help"]).quietly());
    }
}

#[test]
fn the_version_names_the_versions_of_the_protocol() {
    insta::assert_snapshot!(gettickets(&["--version"]).quietly(), @r"
    gettickets 0.1.0
    GetTickets as servers of versions 1.0, 7.10 and 8.0 and later answer it
    ");
    assert_eq!(gettickets(&["-V"]).quietly(), concat!("gettickets ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn completions_and_manual_pages_come_for_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = gettickets(&["completions", shell]).quietly();
        assert!(script.contains("updated-since"), "{shell}");
    }
    let page = gettickets(&["man"]).quietly();
    assert!(page.contains(".TH gettickets 1"), "{page}");
    let directory = tempfile::tempdir().unwrap();
    gettickets(&["man", "--dir", directory.path().to_str().unwrap()]).quietly();
    for name in ["gettickets.1", "gettickets-list.1", "gettickets-doctor.1"] {
        assert!(directory.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_slip_is_met_with_the_nearest_word() {
    let ran = gettickets(&["list", "--limitnumm", "5"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--limitnum"), "{}", ran.err);
    let ran = gettickets(&["sandbox", "--quirk", "php-notices"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("php-notice"), "{}", ran.err);
}
