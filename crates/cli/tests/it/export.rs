//! `export` against a real server on loopback: complete files, interruptions, unreadable tickets.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{ask, asking, gettickets, names, sandbox_with, text};

fn ids(file: &Path) -> Vec<u64> {
    let lines = fs::read_to_string(file).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap()).collect()
}

#[test]
fn the_extension_determines_the_format_and_no_other_file_is_left() {
    let sandbox = Sandbox::builder().tickets(130).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (name, magic) in [
        ("t.csv", &b"id,tid,deptid"[..]),
        ("t.ndjson", b"{\"id\":"),
        ("t.json", b"{\"result\":\"success\""),
        ("t.parquet", b"PAR1"),
        ("t.arrow", b"ARROW1"),
        ("t.csv.gz", b"\x1f\x8b"),
        ("t.ndjson.zst", b"\x28\xb5\x2f\xfd"),
    ] {
        let file = directory.path().join(name);
        assert_eq!(ask(&sandbox, &["export", "--output", text(&file)]).quietly(), "", "{name}");
        assert!(fs::read(&file).unwrap().starts_with(magic), "{name}");
    }
    assert_eq!(
        names(directory.path()),
        ["t.arrow", "t.csv", "t.csv.gz", "t.json", "t.ndjson", "t.ndjson.zst", "t.parquet"]
    );
    let distinct: BTreeSet<u64> = ids(&directory.path().join("t.ndjson")).into_iter().collect();
    assert_eq!(distinct, (1..=130).collect());
}

#[test]
fn stdout_needs_a_format_and_carries_only_data() {
    let csv = gettickets(&["export", "--sandbox", "--output", "-", "--format", "csv"]).quietly();
    assert!(csv.starts_with("id,tid,deptid,"), "{csv}");
    let ran = gettickets(&["export", "--sandbox", "--output", "-"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "error: standard output needs a format\nhint: Add --format with csv, ndjson, json, parquet or arrow.\n"
    );
}

#[test]
fn a_refused_export_leaves_nothing() {
    let sandbox = sandbox_with(Quirk::NotPermitted);
    let directory = tempfile::tempdir().unwrap();
    let ran = ask(&sandbox, &["export", "--output", text(&directory.path().join("t.parquet"))]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn an_unreadable_ticket_makes_the_export_incomplete_and_loses_no_other() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.ndjson");
    let ran = ask(&sandbox, &["export", "--output", text(&file)]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("cannot send 2 tickets"), "{}", ran.err);
    assert!(ran.err.contains("58 tickets are in "), "{}", ran.err);
    assert_eq!(names(directory.path()), ["t.ndjson.incomplete"]);
    let found: BTreeSet<u64> = ids(&directory.path().join("t.ndjson.incomplete")).into_iter().collect();
    // The sandbox makes tickets unreadable whose id modulo 40 is 17.
    assert_eq!(found, (1..=60).filter(|id| id % 40 != 17).collect());
}

#[cfg(unix)]
#[test]
fn resume_continues_after_ctrl_c() {
    let sandbox = Sandbox::builder().tickets(400).quirk(Quirk::PageCap).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for name in ["t.ndjson", "t.parquet"] {
        let file = directory.path().join(name);
        let partial = directory.path().join(format!("{name}.partial"));
        let mut command = asking(&sandbox);
        command.args(["export", "--output", text(&file)]).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // After something was written, which is after some of the forty pages.
        while fs::metadata(&partial).map_or(0, |partial| partial.len()) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(interrupted.success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.code() == Some(0) {
            // The export ended before the signal, so nothing was tested.
            continue;
        }
        assert_eq!(output.status.code(), Some(5), "{said}");
        if !said.contains("--resume continues") {
            // The signal arrived before the first complete page.
            continue;
        }
        assert!(!file.exists());
        let again = ask(&sandbox, &["export", "--output", text(&file)]);
        assert_eq!(again.code, 2);
        assert!(
            again.err.contains("--resume continues it, --restart removes it and begins again"),
            "{}",
            again.err
        );
        ask(&sandbox, &["export", "--output", text(&file), "--resume"]).quietly();
        assert!(!partial.exists());
        if name == "t.ndjson" {
            let mut found = ids(&file);
            found.sort_unstable();
            assert_eq!(found, (1..=400).collect::<Vec<u64>>(), "nothing lost, nothing double");
        }
    }
}

#[test]
fn a_checkpoint_with_a_count_that_no_list_has_is_refused() {
    let sandbox = Sandbox::builder().tickets(400).start().unwrap();
    for (count, refusal) in [
        ("/tickets", "is not a checkpoint of an export: it counts 18446744073709551615 tickets"),
        ("/cursor/cursor/yielded", "not a cursor of a scan"),
        ("/cursor/cursor/position/region", "not a cursor of a scan"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.json");
        let export = |flags: &[&str]| {
            ask(&sandbox, &[&["export", "--limitnum", "20", "--output", text(&file)], flags].concat())
        };
        let interrupted = export(&["--max-requests", "5"]);
        assert!(interrupted.err.contains("--resume continues"), "{}", interrupted.err);
        let checkpoint = directory.path().join("t.json.resume");
        let mut saved: Value = serde_json::from_slice(&fs::read(&checkpoint).unwrap()).unwrap();
        *saved.pointer_mut(count).unwrap() = u64::MAX.into();
        fs::write(&checkpoint, saved.to_string()).unwrap();
        let ran = export(&["--resume"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{count}: {}", ran.err);
        assert!(ran.err.contains(refusal) && !file.exists(), "{count}: {}", ran.err);
    }
}

#[test]
fn a_full_export_with_updated_since_reads_the_whole_list() {
    let sandbox =
        Sandbox::builder().tickets(2_000).newest("2024-05-01T12:00:00".parse().unwrap()).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut exports = Vec::new();
    for options in [&[][..], &["--full"][..]] {
        let file = directory.path().join("t.ndjson");
        let before = sandbox.request_count();
        let arguments =
            ["export", "--output", text(&file), "--limitnum", "50", "--updated-since", "2024-04-28"];
        ask(&sandbox, &[&arguments, options].concat()).quietly();
        exports.push((ids(&file), sandbox.request_count() - before));
    }
    assert_eq!(exports[0].0, exports[1].0);
    assert!(!exports[0].0.is_empty() && exports[0].0.len() < 500, "{}", exports[0].0.len());
    assert!(exports[0].1 < 30 && exports[1].1 >= 40, "{} and {}", exports[0].1, exports[1].1);
}

#[test]
fn each_ticket_of_a_changing_list_is_exported_once() {
    let sandbox = Sandbox::builder().tickets(300).quirk(Quirk::Shifting).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.ndjson");
    let ran = ask(&sandbox, &["export", "--output", text(&file)]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let found = ids(&file);
    assert!(found.len() >= 250, "{}", found.len());
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
}

#[cfg(unix)]
#[test]
fn a_device_or_a_fifo_is_written_to_and_never_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let sandbox = Sandbox::builder().tickets(30).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("fifo", &link).unwrap();
    for (name, format) in [(&fifo, "ndjson"), (&link, "ndjson"), (&fifo, "parquet")] {
        let reader = fifo.clone();
        let reader = thread::spawn(move || fs::read(reader).unwrap());
        ask(&sandbox, &["export", "--output", text(name), "--format", format]).quietly();
        let written = reader.join().unwrap();
        match format {
            "ndjson" => assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 30),
            _ => assert!(written.starts_with(b"PAR1") && written.ends_with(b"PAR1")),
        }
        assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    }
    ask(&sandbox, &["export", "--output", "/dev/null", "--format", "csv"]).quietly();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(names(directory.path()), ["fifo", "link"]);
    let ran = ask(&sandbox, &["export", "--output", "/dev/null", "--format", "csv", "--resume"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("--resume needs a file, and /dev/null is not one"), "{}", ran.err);
    let ran = ask(&sandbox, &["export", "--output", "-", "--format", "csv", "--resume"]);
    assert!(ran.code == 2 && ran.err.contains("standard output is not one"), "{}", ran.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_of_the_output() {
    let sandbox = Sandbox::builder().tickets(30).start().unwrap();
    for format in ["csv", "ndjson", "json", "parquet", "arrow"] {
        let ran = ask(&sandbox, &["export", "--output", "/dev/full", "--format", format]);
        assert_eq!(ran.code, 6, "{format}: {}", ran.err);
        assert!(ran.err.contains("/dev/full: No space left on device"), "{format}: {}", ran.err);
        assert_eq!(ran.err.matches("error: ").count(), 1, "{}", ran.err);
    }
    for command in [&["export", "--output", "-", "--format", "csv"][..], &["list", "--format", "csv"]] {
        let mut command_line = asking(&sandbox);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = command_line.args(command).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ran.status.code(), Some(6), "{command:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_size_limit_is_an_error_that_names_the_kept_file() {
    let sandbox = Sandbox::builder().tickets(400).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for name in ["t.ndjson", "t.parquet"] {
        let file = directory.path().join(name);
        let program = asking(&sandbox);
        // In units of 512 or 1024 bytes, depending on the shell.
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -f 8 && exec \"$0\" \"$@\""]).arg(program.get_program());
        limited.args(["export", "--output", text(&file)]).env_clear();
        for (variable, value) in program.get_envs() {
            limited.env(variable, value.unwrap());
        }
        let ran = limited.output().unwrap();
        let err = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(6), "{name}: {err}");
        assert!(err.contains("File too large") || err.contains("file too large"), "{name}: {err}");
        assert!(err.contains("No ticket was saved") || err.contains("--resume"), "{name}: {err}");
        assert!(!file.exists());
        ask(&sandbox, &["export", "--output", text(&file), "--resume"]).quietly();
    }
    assert_eq!(ids(&directory.path().join("t.ndjson")).len(), 400);
    assert_eq!(names(directory.path()), ["t.ndjson", "t.parquet"]);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_and_its_target_is_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::builder().tickets(30).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (link, there) = (directory.path().join("t.csv"), directory.path().join("there"));
    fs::create_dir(&there).unwrap();
    fs::write(there.join("real.csv"), "old").unwrap();
    fs::set_permissions(there.join("real.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("there/real.csv", &link).unwrap();
    ask(&sandbox, &["export", "--output", text(&link)]).quietly();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&link).unwrap().lines().count(), 31);
    assert_eq!(fs::metadata(there.join("real.csv")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(&there), ["real.csv"]);
    let ran = ask(&sandbox, &["export", "--output", text(&link), "--no-clobber"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("exists already"), "{}", ran.err);
}
