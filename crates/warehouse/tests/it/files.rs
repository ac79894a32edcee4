//! Files that are not a mirror, or not for this run.

use std::fs;

use gettickets_warehouse::{Install, Mirror, MirrorErrorKind, Mode};
use rusqlite::Connection;

use super::{Setup, client, options};

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
fn a_second_run_is_refused_while_one_is_under_way() {
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

#[cfg(unix)]
#[test]
fn a_new_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Setup::new(1);
    setup.run(Mode::Full);
    assert_eq!(fs::metadata(setup.file()).unwrap().permissions().mode() & 0o777, 0o600);
}
