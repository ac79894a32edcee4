//! [`Lock`]: prevents two runs from using one SQLite database at the same time, also between their transactions.
//!
//! The locked file is a separate one beside the database, `tickets.db-lock`; it is removed when the run ends. The
//! database file itself cannot be used: on Unix, closing a second handle of it would release SQLite's own locks.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::{MirrorError, MirrorErrorKind};

/// How long to wait for the lock, in case the other run is about to end.
const WAIT: Duration = Duration::from_secs(2);
/// The time between two attempts to take the lock.
const INTERVAL: Duration = Duration::from_millis(50);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a database.
    pub(super) fn take(database: &Path) -> Result<Lock, MirrorError> {
        let mut path = database.as_os_str().to_owned();
        path.push("-lock");
        let path = PathBuf::from(path);
        let failed = |error: io::Error| {
            let kind = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => MirrorErrorKind::Full,
                _ => MirrorErrorKind::ReadOnly,
            };
            let message = format!("{} cannot be locked: {error}", path.display());
            MirrorError::new(kind, message).with_source(error)
        };
        let begin = Instant::now();
        loop {
            let file = open(&path).map_err(failed)?;
            match attempt(&file, &path).map_err(failed)? {
                Attempt::Locked => return Ok(Lock { path, _file: file }),
                Attempt::Removed => {}
                Attempt::Busy if begin.elapsed() < WAIT => thread::sleep(INTERVAL),
                Attempt::Busy => {
                    let message = "another run has the database locked";
                    return Err(MirrorError::new(MirrorErrorKind::Locked, message));
                }
            }
        }
    }
}

/// The result of an attempt to lock a file.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Locked,
    /// Another run has locked it.
    Busy,
    /// The previous owner has removed the file after it was opened here, so its lock has no effect.
    Removed,
}

/// Tries to lock a file that was opened at this path.
fn attempt(file: &File, path: &Path) -> io::Result<Attempt> {
    match file.try_lock() {
        Ok(()) if Identity::of_file(file)?.is_still_at(path) => Ok(Attempt::Locked),
        Ok(()) => Ok(Attempt::Removed),
        Err(TryLockError::WouldBlock) => Ok(Attempt::Busy),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock is released after this. A file that is removed later could be locked by another run.
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Identifies a file independently of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    /// Returns the identity of the file at a path.
    pub(super) fn of(path: &Path) -> io::Result<Identity> {
        Ok(Identity(number(&fs::metadata(path)?)))
    }

    fn of_file(file: &File) -> io::Result<Identity> {
        Ok(Identity(number(&file.metadata()?)))
    }

    /// Whether the file at this path is still the same one.
    pub(super) fn is_still_at(self, path: &Path) -> bool {
        Identity::of(path).is_ok_and(|found| found == self)
    }
}

#[cfg(unix)]
fn number(found: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

/// Returns `None`: on other systems the standard library has no number for a file, and an open file cannot be removed.
#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the failure report of a test")]

    use super::*;

    #[test]
    fn a_lock_has_one_owner_and_its_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tickets.db");
        let lock = Lock::take(&database).unwrap();
        assert_eq!(Lock::take(&database).unwrap_err().kind(), MirrorErrorKind::Locked);
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // When a run is killed, the file remains and the system releases its lock.
        fs::write(folder.path().join("tickets.db-lock"), "").unwrap();
        drop(Lock::take(&database).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_removed_after_it_was_opened_is_not_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tickets.db-lock");
        let file = open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(attempt(&file, &path).unwrap(), Attempt::Removed);
        let other = open(&path).unwrap();
        assert_eq!(attempt(&file, &path).unwrap(), Attempt::Removed);
        assert_eq!(attempt(&other, &path).unwrap(), Attempt::Locked);
        assert_eq!(attempt(&open(&path).unwrap(), &path).unwrap(), Attempt::Busy);
    }

    #[test]
    fn a_run_waits_for_one_that_is_about_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tickets.db");
        let other = Lock::take(&database).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(2 * INTERVAL);
                drop(other);
            });
            drop(Lock::take(&database).unwrap());
        });
    }

    #[test]
    fn runs_that_wait_for_a_lock_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tickets.db");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let lock = Lock::take(&database).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
