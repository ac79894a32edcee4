//! `profiles`: list, check, add.

use std::fs;
use std::path::Path;

use gettickets_sandbox::Sandbox;

use crate::program::{Ran, program, run};

fn profiles(home: &Path, arguments: &[&str]) -> Ran {
    run(program().env("XDG_CONFIG_HOME", home).arg("profiles").args(arguments))
}

#[test]
fn a_new_profile_is_listed_checked_and_used() {
    let sandbox = Sandbox::builder().tickets(3).start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let init = ["init", "--url", &sandbox.url(), "--identifier", sandbox.identifier(), "--time-zone", "UTC"];
    let ran = profiles(home.path(), &init);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("write the API secret into"), "{}", ran.err);

    let ran = profiles(home.path(), &["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("✗ main: the API secret cannot be read from the file"), "{}", ran.out);

    let secret = home.path().join("gettickets/main.secret");
    fs::write(&secret, sandbox.secret()).unwrap();
    private(&secret);
    assert_eq!(profiles(home.path(), &["check"]).quietly(), "✓ main\n");
    let listed = profiles(home.path(), &[]).quietly();
    assert!(
        listed.contains("main") && listed.contains(&sandbox.url()) && listed.contains("default"),
        "{listed}"
    );
    assert!(!listed.contains(sandbox.secret()), "{listed}");
    // It is the only profile, so it is the default.
    let list = run(program().env("XDG_CONFIG_HOME", home.path()).arg("list")).quietly();
    assert_eq!(list.lines().count(), 4);

    let again = profiles(home.path(), &init);
    assert!(again.code == 2 && again.err.contains("already has a profile"), "{}", again.err);
    let other =
        ["init", "other", "--url", "https://example.com", "--identifier", "i\"d", "--secret-env", "X"];
    assert_eq!(profiles(home.path(), &other).code, 0);
    let file = fs::read_to_string(home.path().join("gettickets/config.toml")).unwrap();
    insta::assert_snapshot!(file.rsplit_once("\n\n").unwrap().1, @r#"
    [profiles.other]
    url = "https://example.com"
    identifier = "i\"d"
    secret-env = "X"
    "#);
    let refused = profiles(home.path(), &["init", "a.b", "--url", "x", "--identifier", "i"]);
    assert!(refused.code == 2 && refused.err.contains("letters, digits"), "{}", refused.err);
}

#[test]
fn a_check_names_each_problem() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("gettickets")).unwrap();
    let ran = profiles(home.path(), &["list"]);
    assert!(
        ran.code == 2 && ran.err.contains("does not exist") && ran.err.contains("profiles init"),
        "{}",
        ran.err
    );
    let configuration = "[profiles.a]\nurl = \"https://me:hunter2@example.com\"\nidentifier = \"i\"\nsecret-env = \"HOME\"\n\
         [profiles.b]\nlocal-api = \"/nonexistent\"\n[profiles.c]\nidentifier = \"i\"\n\
         [profiles.d]\nurl = \"https://example.com\"\nidentifier = \"i\"\nsecret-env = \"HOME\"\ntime-zone = \"Mars\"\n";
    fs::write(home.path().join("gettickets/config.toml"), configuration).unwrap();
    let ran = profiles(home.path(), &["check"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    for problem in
        ["✗ a: ", "✗ b: /nonexistent has no init.php", "✗ c: no server is configured", "✗ d: \"Mars\" is not"]
    {
        assert!(ran.out.contains(problem), "{problem}: {}", ran.out);
    }
    assert!(!profiles(home.path(), &["list"]).quietly().contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn a_new_configuration_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    profiles(home.path(), &["init", "--url", "https://example.com", "--identifier", "i"]);
    let mode = fs::metadata(home.path().join("gettickets/config.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
fn private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path) {}
