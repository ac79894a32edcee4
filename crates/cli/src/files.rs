//! Writes files safely: other users of the machine cannot interfere, and a crash leaves no incomplete file.
//!
//! - Until it is complete, a file has a temporary name beside the final one. The temporary file is always newly created
//!   (`O_EXCL`), so that it is not a symbolic link of another user, and only its owner may read it (mode 0600).
//! - A file that is replaced keeps its owner and its mode. A symbolic link stays, and its target is replaced.
//! - Devices and FIFOs are written to and never replaced.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The suffix of temporary files, before some random letters.
const TEMPORARY: &str = ".tmp-";
/// The number of random letters.
const RANDOM: usize = 6;
/// The maximum number of symbolic links to follow, as in Linux.
const MAX_LINKS: usize = 40;

/// Makes a write beyond the file size limit (`ulimit -f`) fail with an error, as on a full disk, instead of ending the
/// process.
pub(crate) fn report_size_limit() {
    #[cfg(unix)]
    {
        let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // If this fails, the limit ends the process as it does by default.
        let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), seen);
    }
}

/// What kind of file an output's name refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A regular file, or no file. Symbolic links have been followed.
    File(PathBuf),
    /// A device or a FIFO, which is written to directly.
    Stream(PathBuf),
}

/// Finds out what an output's name refers to.
pub(crate) fn destination(path: &Path) -> io::Result<Destination> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(found) if !found.is_file() => Ok(Destination::Stream(path.to_owned())),
        Ok(_) => Ok(Destination::File(follow_links(path)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Destination::File(follow_links(path)?)),
        Err(error) => Err(error),
    }
}

/// The path at the end of a chain of symbolic links, whether or not a file exists there.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                unix::check_link(&path, &found)?;
                let target = fs::read_link(&path)?;
                path = directory(&path).join(target);
            }
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The same path with a suffix after the file's name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Opens an existing file of an earlier run for reading and writing. Returns `None` if there is none, and an error if
/// it is not a regular file of this user.
pub(crate) fn open_own(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match unix::no_follow(&mut options).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // The error of `O_NOFOLLOW` for a symbolic link mentions loops.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) => {
            return Err(not_own("it is a symbolic link"));
        }
        Err(error) => return Err(error),
    };
    check_own(&file.metadata()?)?;
    Ok(Some(file))
}

fn check_own(found: &Metadata) -> io::Result<()> {
    if !found.is_file() {
        return Err(not_own("it is not a regular file"));
    }
    unix::check_own(found)
}

fn not_own(why: &str) -> io::Error {
    io::Error::other(format!("{why}, and gettickets uses only files of its own there"))
}

/// Creates a new file that only its owner may read.
pub(crate) fn create_own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    unix::private(unix::no_follow(&mut options)).open(path)
}

/// Whether this open file still has this name.
pub(crate) fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(named) => unix::are_same(&file.metadata()?, &named),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates a temporary file beside `path`. Dropping it removes it, unless it was renamed. It is locked, so that other
/// runs see that it is in use.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(path.file_name().unwrap_or_default());
    prefix.push(TEMPORARY);
    loop {
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(&prefix).rand_bytes(RANDOM).tempfile_in(directory(path))?;
        // Where there are no locks, nothing is removed that cannot be locked.
        let is_locked = !matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        // Another run may have taken it for one that was left, as it was not locked yet.
        if is_locked && is_still_at(file.as_file(), file.path())? {
            return Ok(file);
        }
    }
}

/// Removes the temporary files that killed runs left beside `path`. The files of runs in progress are locked, and stay.
pub(crate) fn remove_leftovers(path: &Path) {
    let Some(name) = path.file_name() else { return };
    let mut prefix = name.to_owned();
    prefix.push(TEMPORARY);
    let prefix = prefix.into_encoded_bytes();
    for entry in fs::read_dir(directory(path)).into_iter().flatten().flatten() {
        let found = entry.file_name().into_encoded_bytes();
        let is_temporary = found
            .strip_prefix(prefix.as_slice())
            .is_some_and(|rest| rest.len() == RANDOM && rest.iter().all(u8::is_ascii_alphanumeric));
        if is_temporary
            && let Ok(Some(file)) = open_own(&entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What to do with a file that already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Replace it, and keep its owner and mode.
    Replace,
    /// Keep it, and fail.
    Keep,
}

/// Gives a complete file at `from` its final name. Its content is synchronized to the disk before the rename, so that a
/// power failure leaves either the old file or the new one.
pub(crate) fn put(from: &Path, file: &mut File, output: &Path, existing: Existing) -> io::Result<()> {
    match fs::symlink_metadata(output) {
        Ok(_) if existing == Existing::Keep => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(found) if found.is_file() => {
            if unix::take_owner(file, &found).is_err() {
                // Only the superuser can give files away. Otherwise the existing file is overwritten.
                overwrite(file, output)?;
                return fs::remove_file(from);
            }
            file.set_permissions(found.permissions())?;
        }
        _ => {}
    }
    file.sync_all()?;
    match existing {
        Existing::Replace => fs::rename(from, output)?,
        Existing::Keep => unix::rename_new(from, output)?,
    }
    sync_directory(output)
}

/// Gives a temporary file its final name, or removes it if that fails.
pub(crate) fn put_temporary(file: NamedTempFile, output: &Path, existing: Existing) -> io::Result<()> {
    let (mut file, mut from) = file.into_parts();
    put(&from, &mut file, output, existing)?;
    from.disable_cleanup(true);
    Ok(())
}

/// Overwrites a file with the content of another.
fn overwrite(file: &mut File, output: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut out = unix::no_follow(options.write(true)).open(output)?;
    file.seek(SeekFrom::Start(0))?;
    let length = io::copy(file, &mut out)?;
    out.set_len(length)?;
    out.sync_all()
}

/// Makes a rename permanent. Not every system can open or sync a directory; there the system decides when.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let Ok(directory) = File::open(directory(path)) else { return Ok(()) };
    match directory.sync_all() {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Writes a file atomically. A device or a FIFO is written to directly.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    match destination(path)? {
        Destination::Stream(path) => OpenOptions::new().write(true).open(path)?.write_all(content),
        Destination::File(path) => {
            let mut file = temporary(&path)?;
            file.write_all(content)?;
            put_temporary(file, &path, Existing::Replace)
        }
    }
}

/// Reads a file of at most `most` bytes. A longer file, such as an endless pipe, is an error.
pub(crate) fn read_at_most(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", most >> 20),
        ));
    }
    Ok(content)
}

#[cfg(unix)]
mod unix {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
    use std::path::Path;

    use rustix::fs::OFlags;

    use super::{directory, not_own};

    /// The mode bits of a directory such as `/tmp`, in which everyone may write and only owners may remove files.
    const SHARED: u32 = 0o1002;

    fn flags(flags: OFlags) -> i32 {
        // The bits are those of `open(2)`, whose argument is an `int`.
        flags.bits().cast_signed()
    }

    /// Opens without following a symbolic link, and without blocking on a FIFO.
    pub(super) fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
        options.custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
    }

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn check_own(found: &Metadata) -> io::Result<()> {
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(not_own("it belongs to another user"));
        }
        if found.nlink() > 1 {
            return Err(not_own("it has another name elsewhere"));
        }
        Ok(())
    }

    pub(super) fn are_same(one: &Metadata, other: &Metadata) -> io::Result<bool> {
        Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
    }

    /// Applies the rule of Linux's `protected_symlinks`: in a shared directory, a link is followed only if it belongs
    /// to this user or to the directory's owner.
    pub(super) fn check_link(path: &Path, link: &Metadata) -> io::Result<()> {
        let directory = directory(path).metadata()?;
        let trusted = [rustix::process::geteuid().as_raw(), directory.uid()];
        if directory.mode() & SHARED == SHARED && !trusted.contains(&link.uid()) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it is a symbolic link of another user in a directory where everyone may write",
            ));
        }
        Ok(())
    }

    /// Sets the owner and group of a file to those of another.
    pub(super) fn take_owner(file: &File, like: &Metadata) -> io::Result<()> {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
            return Ok(());
        }
        let changed = |own: u32, like: u32| (own != like).then_some(like);
        fchown(file, changed(own.uid(), like.uid()), changed(own.gid(), like.gid()))
    }

    /// Renames, and fails if the new name exists.
    pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
                // This file system does not support the call.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                outcome => return Ok(outcome?),
            }
        }
        std::fs::hard_link(from, to)?;
        std::fs::remove_file(from)
    }
}

/// Other systems use the standard library.
#[cfg(not(unix))]
#[path = "files_other.rs"]
mod unix;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_even_if_its_target_does_not_exist() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("there")).unwrap();
        std::os::unix::fs::symlink("there/final", at("one")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("two")).unwrap();
        std::os::unix::fs::symlink("loop", at("loop")).unwrap();
        assert_eq!(destination(&at("two")).unwrap(), Destination::File(at("there/final")));
        assert_eq!(destination(&at("plain")).unwrap(), Destination::File(at("plain")));
        assert!(destination(&at("loop")).is_err());
        assert_eq!(destination(&at("there")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(destination(Path::new("/dev/null")).unwrap(), Destination::Stream("/dev/null".into()));
    }

    #[test]
    fn only_a_regular_file_of_this_user_with_one_name_is_reopened() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let why = |name: &str| open_own(&at(name)).unwrap_err().to_string();
        assert!(open_own(&at("absent")).unwrap().is_none());
        fs::write(at("own"), "").unwrap();
        assert!(open_own(&at("own")).unwrap().is_some());
        std::os::unix::fs::symlink("own", at("link")).unwrap();
        assert!(why("link").starts_with("it is a symbolic link"), "{}", why("link"));
        fs::hard_link(at("own"), at("second")).unwrap();
        assert!(why("own").starts_with("it has another name elsewhere"), "{}", why("own"));
        let fifo = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(fifo.success());
        assert!(why("fifo").starts_with("it is not a regular file"), "{}", why("fifo"));
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(at("link").with_file_name("own"), Some(12_345), None).unwrap();
            fs::remove_file(at("second")).unwrap();
            assert!(why("own").starts_with("it belongs to another user"), "{}", why("own"));
        }
    }

    #[test]
    fn a_replaced_file_keeps_its_owner_and_mode_and_a_new_one_is_private() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t");
        let mode = || fs::metadata(&path).unwrap().mode() & 0o7777;
        write(&path, b"new").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&path, Some(12_345), Some(54_321)).unwrap();
        }
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("t", &link).unwrap();
        write(&link, b"newer").unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode()), (b"newer".to_vec(), 0o640));
        let found = fs::metadata(&path).unwrap();
        assert!(!root || (found.uid(), found.gid()) == (12_345, 54_321));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn an_existing_file_is_kept_if_it_must_not_be_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        let mut file = create_own(&from).unwrap();
        fs::write(&to, "old").unwrap();
        let refused = put(&from, &mut file, &to, Existing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(unix::rename_new(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        fs::remove_file(&to).unwrap();
        put(&from, &mut file, &to, Existing::Keep).unwrap();
        assert!(to.exists() && !from.exists());
    }

    #[test]
    fn only_leftovers_of_a_killed_run_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t.csv");
        for name in ["t.csv.tmp-Ab3xYz", "t.csv.tmp-notes.txt", "t.csv.tmp-", "other.csv.tmp-Ab3xYz"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("other.csv.tmp-Ab3xYz", directory.path().join("t.csv.tmp-symlnk"))
            .unwrap();
        // One that another run has in use stays.
        let in_use = temporary(&output).unwrap();
        remove_leftovers(&output);
        assert!(in_use.path().exists());
        drop(in_use);
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["other.csv.tmp-Ab3xYz", "t.csv.tmp-", "t.csv.tmp-notes.txt", "t.csv.tmp-symlnk"]);
    }
}
