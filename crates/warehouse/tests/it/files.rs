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
    let database = |name: &str, sql: &str| {
        let file = folder.path().join(name);
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        file
    };
    let tables = database("tables.db", "CREATE TABLE contacts (name TEXT)");
    let application = database("application.db", "PRAGMA application_id = 7");
    let version = database("version.db", "PRAGMA user_version = 1");
    for file in [text, tables, application, version] {
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
fn a_file_that_another_program_has_locked_is_reported() {
    let setup = Setup::new(5);
    setup.run(Mode::Full);
    let other = Connection::open(setup.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let error = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Locked, "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
}

/// Without this, the run would write to a file that no path leads to, and report success.
#[cfg(unix)]
#[test]
fn a_file_that_is_moved_or_replaced_during_a_run_is_reported() {
    for is_replaced in [false, true] {
        let setup = Setup::new(30);
        setup.run(Mode::Full);
        setup.sandbox.store().open(gettickets::Ticket::default()).unwrap();
        let (file, moved) = (setup.file(), setup.folder.path().join("moved.db"));
        let mut mirror = Mirror::open(&setup.target()).unwrap();
        let error = mirror
            .run(&setup.install(), &options(Mode::Full), &mut |_| {
                if !moved.exists() {
                    fs::rename(&file, &moved).unwrap();
                    if is_replaced {
                        fs::copy(&moved, &file).unwrap();
                    }
                }
            })
            .unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::Database, "{error}");
        assert!(error.to_string().contains("removed or moved"), "{error}");
    }
}

#[test]
fn a_mirror_whose_write_ahead_log_was_turned_off_gets_it_again() {
    let setup = Setup::new(5);
    setup.run(Mode::Full);
    let set = "PRAGMA journal_mode = DELETE";
    let mode: String = Connection::open(setup.file()).unwrap().query_row(set, [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    setup.run(Mode::Full);
    let mode: String =
        super::read(&setup.file()).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
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

/// A small file system, which only root can mount. It is unmounted when this is dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// Mounts a file system with this limit, or prints a message and returns `None`.
    fn new(limit: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", limit, "gettickets-test"])
            .arg(folder.path())
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(SmallDisk(folder));
        }
        eprintln!("skipped: a small file system can be mounted by root only");
        None
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
    let Some(disk) = SmallDisk::new("size=600k") else { return };
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

/// A file system has a limit for the number of files too.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_on_which_no_file_can_be_created_is_full() {
    // The root of the file system counts as one.
    let Some(disk) = SmallDisk::new("nr_inodes=3") else { return };
    let target = |name: &str| disk.0.path().join(name).to_str().unwrap().to_owned();
    let setup = Setup::new(5);
    let mut mirror = Mirror::open(&target("tickets.db")).unwrap();
    fs::write(target("other"), "").unwrap();
    let error = Mirror::open(&target("second.db")).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Full, "{error}");
    let error = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Full, "{error}");
    assert!(error.to_string().contains("cannot be locked"), "{error}");
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
