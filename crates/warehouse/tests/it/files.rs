//! Database files that a mirror cannot use: of other programs, locked, damaged, not writable, or on a full disk.

use std::fs;

use gettickets_warehouse::{Install, Mirror, MirrorErrorKind, Mode};
use rusqlite::Connection;

use super::{Setup, client, count, options};

#[test]
fn files_of_other_programs_are_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, but long enough to be taken for the head of one\n".repeat(30)).unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE contacts (name TEXT)").unwrap();
    for file in [text, other] {
        let before = fs::read(&file).unwrap();
        let error = Mirror::open(file.to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::NotAMirror, "{error}");
        assert_eq!(fs::read(&file).unwrap(), before);
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let setup = Setup::new(1);
    setup.run(Mode::Full);
    Connection::open(setup.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Mirror::open(&setup.target()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::NewerVersion, "{error}");
}

#[test]
fn a_second_run_is_refused_during_a_run() {
    let setup = Setup::new(300);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let mut second = None;
    let mut first_page = true;
    mirror
        .run(&setup.install(), &options(Mode::Full), &mut |_| {
            if std::mem::take(&mut first_page) {
                let mut other = Mirror::open(&setup.target()).unwrap();
                second = Some(other.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap_err());
            }
        })
        .unwrap();
    assert_eq!(second.unwrap().kind(), MirrorErrorKind::Locked);
}

#[test]
fn an_install_has_one_name() {
    let setup = Setup::new(5);
    setup.run(Mode::Full);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let again = Install::new("other", client(&setup.sandbox));
    let error = mirror.run(&again, &options(Mode::Full), &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Install, "{error}");
    let elsewhere = Setup::new(5);
    let moved = Install::new("main", client(&elsewhere.sandbox));
    let error = mirror.run(&moved, &options(Mode::Full), &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Install, "{error}");
}

#[test]
fn a_target_that_is_neither_a_file_nor_postgresql_is_refused() {
    for target in ["mysql://root:hunter2@localhost/tickets", "sqlite://tickets.db", ""] {
        let error = Mirror::open(target).unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::Target, "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_damaged_file_is_reported_and_the_error_names_it() {
    let setup = Setup::new(400);
    setup.run(Mode::Full);
    let mut bytes = fs::read(setup.file()).unwrap();
    // The first page, which has the schema, is not overwritten.
    let damaged = bytes.len() / 3..bytes.len();
    bytes[damaged].fill(0xa5);
    fs::write(setup.file(), bytes).unwrap();
    let error = Mirror::open(&setup.target())
        .and_then(|mut mirror| mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()))
        .unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Damaged, "{error}");
    assert!(error.to_string().starts_with(&setup.target()), "{error}");
}

#[test]
fn a_folder_that_does_not_exist_or_is_not_writable_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("tickets.db");
    for target in [missing.to_str().unwrap(), "/proc/tickets.db", "/sys/tickets.db"] {
        let error = Mirror::open(target).unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::ReadOnly, "{error}");
        assert!(error.to_string().starts_with(target), "{error}");
    }
}

/// A file system of 600 KiB, which only root can mount. It is unmounted when this is dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn new() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=600k", "gettickets-test"])
            .arg(folder.path())
            .output();
        mount.is_ok_and(|mount| mount.status.success()).then(|| SmallDisk(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_last_complete_state() {
    let Some(disk) = SmallDisk::new() else {
        eprintln!("skipped: a small file system can be mounted by root only");
        return;
    };
    let file = disk.0.path().join("tickets.db");
    let target = file.to_str().unwrap();
    let small = Setup::new(20);
    Mirror::open(target).unwrap().run(&small.install(), &options(Mode::Full), &mut |_| ()).unwrap();
    let large = gettickets_sandbox::Sandbox::builder().tickets(3000).seed(2).start().unwrap();
    let mut mirror = Mirror::open(target).unwrap();
    let error =
        mirror.run(&Install::new("large", client(&large)), &options(Mode::Full), &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Full, "{error}");
    drop(mirror);
    assert_eq!(count(&file, "SELECT count(*) FROM tickets"), 20);
    assert_eq!(count(&file, "SELECT count(*) FROM installs"), 1);
    Mirror::open(target).unwrap().run(&small.install(), &options(Mode::Full), &mut |_| ()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_new_file_is_readable_only_by_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::new(1);
    setup.run(Mode::Full);
    assert_eq!(fs::metadata(setup.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_run_after_the_first_does_not_disturb_programs_that_read() {
    let setup = Setup::new(300);
    setup.run(Mode::Full);
    setup.sandbox.store().open(gettickets::Ticket::default()).unwrap();
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let mut counts = Vec::new();
    let reader = super::read(&setup.file());
    mirror
        .run(&setup.install(), &options(Mode::Full), &mut |_| {
            let count = reader.query_row("SELECT count(*) FROM tickets", [], |row| row.get::<_, i64>(0));
            counts.push(count.unwrap());
        })
        .unwrap();
    assert!(counts.len() > 1 && counts.iter().all(|count| *count == 300), "{counts:?}");
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets"), 301);
}

#[test]
fn a_program_that_reads_during_the_first_run_sees_no_part_of_it() {
    let setup = Setup::new(300);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let reader = super::read(&setup.file());
    let mut pages = 0;
    mirror
        .run(&setup.install(), &options(Mode::Full), &mut |_| {
            pages += 1;
            // The run may have the file locked.
            let count = reader.query_row("SELECT count(*) FROM tickets", [], |row| row.get::<_, i64>(0));
            assert!(count.as_ref().map_or(true, |count| *count == 0), "{count:?}");
        })
        .unwrap();
    assert!(pages > 1);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets"), 300);
    let mode: String =
        super::read(&setup.file()).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}
