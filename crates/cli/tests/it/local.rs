//! `--local-api`: the program through a real PHP, against a stand-in install.

use std::fs;
use std::path::Path;

use crate::installs::Installs;
use crate::program::{Ran, gettickets, run, text};

/// A copy of the stand-in install.
fn install() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/tests/it/install/init.php");
    fs::copy(init, folder.path().join("init.php")).unwrap();
    folder
}

#[test]
fn tickets_and_errors_come_from_an_install_on_this_machine() {
    let install = install();
    let list = |arguments: &[&str]| -> Ran {
        gettickets(
            &[&["list", "--format", "ndjson", "--local-api", text(install.path())], arguments].concat(),
        )
    };
    let ran = list(&["--subject", "printer"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("{\"id\":7,") && ran.out.lines().count() == 1, "{}", ran.out);
    let refused = list(&["--subject", "error"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("Action not found"), "{}", refused.err);
    let missing = list(&["--subject", "printer", "--php", "/nonexistent/php"]);
    assert!(missing.code != 0 && missing.err.contains("/nonexistent/php"), "{}", missing.err);
}

#[test]
fn php_inherits_no_secret_of_any_profile() {
    let install = install();
    let installs = Installs::start(&[("main", 5)]);
    installs.configure(&format!(
        "[profiles.other]\nurl = \"https://example.com\"\nidentifier = \"i\"\nsecret-env = \"OTHER_SECRET\"\n\
         access-key-env = \"OTHER_KEY\"\n[profiles.here]\nlocal-api = {:?}\n",
        text(install.path())
    ));
    let mut command = installs.program(&["list", "--profile", "here", "--subject", "environment"]);
    command.env("OTHER_SECRET", "s").env("OTHER_KEY", "k").env("GETTICKETS_SECRET", "g").env("HARMLESS", "h");
    let ran = run(&mut command);
    assert!(ran.err.contains("HARMLESS"), "{}", ran.err);
    for name in ["OTHER_SECRET", "OTHER_KEY", "GETTICKETS_SECRET"] {
        assert!(!ran.err.contains(name), "{}", ran.err);
    }
}
