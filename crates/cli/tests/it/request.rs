//! `request`: the shell commands that it writes work, and put no secret into arguments of processes.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::program::{gettickets, program, run, text};

/// Runs a shell command with a `curl` that records its arguments and its standard input.
fn shell(script: &str, variables: &[(&str, &str)]) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let curl = directory.path().join("curl");
    fs::write(&curl, "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$OUT/arguments\"\ncat > \"$OUT/input\"\n")
        .unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", text(directory.path()));
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("PATH", path).env("OUT", directory.path()).envs(variables.iter().copied());
    assert!(command.args(["-c", script]).status().unwrap().success());
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    (read("arguments"), read("input"))
}

#[test]
fn the_shell_command_hides_its_secrets_from_other_processes() {
    let script = gettickets(&["request", "--status", "Open", "--with-access-key"]).quietly();
    let secret = "hu\"nter\\2 $HOME `x` %s é";
    let (arguments, input) = shell(
        &script,
        &[("GETTICKETS_IDENTIFIER", "me"), ("GETTICKETS_SECRET", secret), ("GETTICKETS_ACCESS_KEY", "k3y")],
    );
    assert!(!arguments.contains("nter") && !arguments.contains("k3y"), "{arguments}");
    assert!(arguments.contains("status=Open") && arguments.contains("--config\n-\n"), "{arguments}");
    insta::assert_snapshot!(input, @r#"
    data-urlencode = "identifier=me"
    data-urlencode = "secret=hu\"nter\\2 $HOME `x` %s é"
    data-urlencode = "accesskey=k3y"
    "#);
}

#[test]
fn an_admin_s_password_is_hashed_when_the_command_runs() {
    let mut command = program();
    command
        .args(["request", "--as-admin"])
        .env("GETTICKETS_USERNAME", "admin")
        .env("GETTICKETS_PASSWORD", "x");
    let script = run(&mut command).quietly();
    let (_, input) = shell(&script, &[("GETTICKETS_USERNAME", "admin"), ("GETTICKETS_PASSWORD", "password")]);
    if input.contains("password=\"") {
        // The check needs openssl.
        return;
    }
    assert!(input.contains("password=5f4dcc3b5aa765d61d8327deb882cf99"), "{input}");
}

#[test]
fn a_profile_sets_the_address_and_the_secret_file() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("gettickets")).unwrap();
    fs::write(home.path().join("gettickets/main.secret"), "hunter2\n").unwrap();
    let configuration = "[profiles.main]\nurl = \"https://main.example.com/whmcs\"\nidentifier = \"AbC\"\nsecret-file = \"main.secret\"\n";
    fs::write(home.path().join("gettickets/config.toml"), configuration).unwrap();
    for arguments in [&["request"][..], &["request", "--profile", "main"]] {
        let script = run(program().env("XDG_CONFIG_HOME", home.path()).args(arguments)).quietly();
        assert!(script.contains("'https://main.example.com/whmcs/includes/api.php'"), "{script}");
        assert!(!script.contains("hunter2"), "{script}");
        let (arguments, input) = shell(&script, &[]);
        assert!(!arguments.contains("hunter2"), "{arguments}");
        assert_eq!(input, "data-urlencode = \"identifier=AbC\"\ndata-urlencode = \"secret=hunter2\"\n");
    }
}
