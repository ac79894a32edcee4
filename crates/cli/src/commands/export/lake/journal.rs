//! [`Journal`]: a file in the directory of a lake that makes a run atomic, even if the run is interrupted.
//!
//! All files of a run have the same name, each in the directory of its partition: `part-TIME-RANDOM.parquet`. The
//! journal of the run is `.part-TIME-RANDOM.run` in the directory of the lake. A run holds a lock on its journal, so a
//! journal without a lock belongs to an interrupted run.
//!
//! 1. The journal is created, empty.
//! 2. The files are written under the name `.part-TIME-RANDOM.parquet.tmp`, which readers skip, and synced.
//! 3. The directories of the files are written to the journal, and it is synced. The run is now committed.
//! 4. The files are renamed to their final names, and the files that the run replaces are removed.
//! 5. The journal is removed.
//!
//! If a run was interrupted before the end of step 3, the next run removes its files; otherwise the next run performs
//! the remaining steps.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::partition;
use crate::files;

/// The version of the journal's format.
const FORMAT_NUMBER: u32 = 1;
/// The maximum length of a journal, in bytes: two paths for each of the maximum number of partitions.
const MAX_BYTES: u64 = 64 << 20;
/// The number of attempts to create a journal. Another run may remove a new journal before it is locked.
const MAX_ATTEMPTS: usize = 16;

/// The journal of this run.
#[derive(Debug)]
pub(super) struct Journal {
    root: PathBuf,
    path: PathBuf,
    file: File,
    /// The name of the files of the run.
    name: String,
    /// Whether the file is kept when this is dropped.
    is_kept: bool,
}

/// The contents of a journal. Paths are relative to the directory of the lake.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    gettickets_lake_run: u32,
    /// The directories in which the run has a file.
    directories: Vec<PathBuf>,
    /// The files of earlier runs that it replaces.
    replaced: Vec<PathBuf>,
}

/// Error for a run whose files could not all be renamed to their final names.
#[derive(Debug)]
pub(super) struct PublishError {
    pub(super) error: io::Error,
    /// Whether the files exist and the next run renames them.
    pub(super) is_kept: bool,
}

impl Journal {
    /// Begins a run below this directory.
    pub(super) fn begin(root: &Path) -> io::Result<Journal> {
        for _ in 0..MAX_ATTEMPTS {
            let random: String =
                std::iter::repeat_with(fastrand::alphanumeric).take(partition::RANDOM_LEN).collect();
            let name = partition::file_name(jiff::Timestamp::now(), &random);
            let path = root.join(partition::journal_name(&name));
            let file = files::create_own(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => {
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            }
            // Another run may have removed the journal before it was locked.
            if files::is_still_at(&file, &path)? {
                let journal = Journal { root: root.to_owned(), path, file, name, is_kept: false };
                // The journal must survive a power failure if any file of the run does.
                files::sync_directory(&journal.path)?;
                return Ok(journal);
            }
        }
        Err(io::Error::other("other runs keep removing the journal of this one"))
    }

    /// The name of the files of the run.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Renames the files in these directories to their final names, and removes the files that they replace. Returns
    /// the files that could not be removed, with the errors.
    pub(super) fn publish(
        mut self,
        directories: &[PathBuf],
        replaced: &[PathBuf],
    ) -> Result<Vec<(PathBuf, io::Error)>, PublishError> {
        if let Err(error) = self.commit(directories, replaced) {
            return Err(self.revoke(directories, error));
        }
        for directory in directories {
            let renamed =
                fs::rename(directory.join(partition::temporary_name(&self.name)), directory.join(&self.name));
            if let Err(error) = renamed {
                return Err(self.revoke(directories, error));
            }
        }
        if let Err(error) = sync(&self.root, directories) {
            return Err(self.revoke(directories, error));
        }
        match remove(&self.root, replaced) {
            Ok(failed) => Ok(failed),
            Err(error) => {
                self.is_kept = true;
                Err(PublishError { error, is_kept: true })
            }
        }
    }

    fn commit(&mut self, directories: &[PathBuf], replaced: &[PathBuf]) -> io::Result<()> {
        if !files::is_still_at(&self.file, &self.path)? {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the directory was removed or moved while the run wrote to it",
            ));
        }
        // The directory entries of the temporary files must be durable before the journal refers to them.
        sync(&self.root, directories)?;
        let below = |paths: &[PathBuf]| -> Vec<PathBuf> {
            let relative = |path: &PathBuf| path.strip_prefix(&self.root).ok().map(Path::to_owned);
            // The names that runs write are UTF-8.
            paths.iter().filter_map(relative).filter(|path| path.to_str().is_some()).collect()
        };
        let commit = Commit {
            gettickets_lake_run: FORMAT_NUMBER,
            directories: below(directories),
            replaced: below(replaced),
        };
        let mut text = serde_json::to_vec(&commit)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.file.sync_all()
    }

    /// Undoes the run after an error: empties the journal, and then removes the files. If the journal cannot be
    /// emptied, nothing is removed, and the next run finishes this one.
    fn revoke(mut self, directories: &[PathBuf], error: io::Error) -> PublishError {
        let emptied = self.file.set_len(0).and_then(|()| self.file.sync_all());
        // The journal is also without effect if it was not written completely.
        let is_revoked = emptied.is_ok() || matches!(read(&mut self.file), Ok(None));
        if !is_revoked && self.path.exists() {
            self.is_kept = true;
            return PublishError { error, is_kept: true };
        }
        for directory in directories {
            for name in [partition::temporary_name(&self.name), self.name.clone()] {
                let _ = fs::remove_file(directory.join(name));
            }
        }
        PublishError { error, is_kept: false }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.is_kept && files::is_still_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// An interrupted run that was finished or undone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recovered {
    /// The name of its files.
    pub(super) name: String,
    pub(super) outcome: Recovery,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// The run was finished. It has this many files; `missing` of those that it had written no longer exist.
    Finished { files: usize, missing: usize },
    /// The run had not written all of its files; those that existed were removed.
    Removed { files: usize },
}

/// Finishes or undoes the interrupted runs below this directory. Also returns the number of other runs in progress.
pub(super) fn recover(root: &Path, own: &Journal) -> io::Result<(Vec<Recovered>, usize)> {
    let (mut recovered, mut alive) = (Vec::new(), 0);
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().and_then(partition::name_of_journal) else { continue };
        let path = entry.path();
        if path == own.path {
            continue;
        }
        let Some(mut file) = files::open_own(&path)? else { continue };
        match file.try_lock() {
            Ok(()) if files::is_still_at(&file, &path)? => {}
            Ok(()) => continue,
            Err(TryLockError::WouldBlock) => {
                alive += 1;
                continue;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let outcome = match read(&mut file)? {
            Some(commit) => finish(root, &name, &commit)?,
            None => undo(root, &name)?,
        };
        fs::remove_file(&path)?;
        recovered.push(Recovered { name, outcome });
    }
    Ok((recovered, alive))
}

/// Reads a journal. Returns `None` if its run was interrupted before it was committed.
fn read(file: &mut File) -> io::Result<Option<Commit>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_BYTES).read_to_end(&mut text)?;
    if text.last() != Some(&b'\n') {
        return Ok(None);
    }
    let Ok(commit) = serde_json::from_slice::<Commit>(&text) else { return Ok(None) };
    if commit.gettickets_lake_run != FORMAT_NUMBER {
        return Err(io::Error::other(
            "a run of another version of gettickets was interrupted; run that version again",
        ));
    }
    Ok(Some(commit))
}

/// Whether a path from a journal can only refer to a partition of the lake.
fn is_partition(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(name) if name.to_string_lossy().contains('=')))
}

fn finish(root: &Path, name: &str, commit: &Commit) -> io::Result<Recovery> {
    let (mut files, mut missing) = (0, 0);
    let directories: Vec<PathBuf> =
        commit.directories.iter().filter(|path| is_partition(path)).map(|path| root.join(path)).collect();
    for directory in &directories {
        let whole = directory.join(name);
        match fs::rename(directory.join(partition::temporary_name(name)), &whole) {
            Ok(()) => files += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(&whole) {
                Ok(_) => files += 1,
                Err(_) => missing += 1,
            },
            Err(error) => return Err(error),
        }
    }
    sync(root, &directories)?;
    let is_replaced = |path: &&PathBuf| {
        let is_file = path.file_name().and_then(|name| name.to_str()).is_some_and(partition::is_file_name);
        is_file && path.parent().is_some_and(is_partition)
    };
    let replaced: Vec<PathBuf> =
        commit.replaced.iter().filter(is_replaced).map(|path| root.join(path)).collect();
    match remove(root, &replaced)?.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(Recovery::Finished { files, missing }),
    }
}

fn undo(root: &Path, name: &str) -> io::Result<Recovery> {
    let mut files = 0;
    for directory in partition::directories_below(root)? {
        for name in [partition::temporary_name(name), name.to_owned()] {
            match fs::remove_file(directory.join(name)) {
                Ok(()) => files += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if directory != root {
            // Fails if the directory is not empty.
            let _ = fs::remove_dir(directory);
        }
    }
    Ok(Recovery::Removed { files })
}

/// Removes files, and the directories that become empty. Makes this durable, because the journal must not be removed
/// before them. Returns the files that could not be removed.
fn remove(root: &Path, paths: &[PathBuf]) -> io::Result<Vec<(PathBuf, io::Error)>> {
    let mut failed = Vec::new();
    for path in paths {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => failed.push((path.clone(), error)),
            _ => {
                // Fails if the directory has other files.
                let _ = path.parent().map(fs::remove_dir);
            }
        }
    }
    let directories: Vec<PathBuf> = paths.iter().filter_map(|path| Some(path.parent()?.to_owned())).collect();
    sync(root, &directories)?;
    Ok(failed)
}

/// Makes the entries of these directories durable, and the entries of the directories themselves. Directories that no
/// longer exist are skipped.
fn sync(root: &Path, directories: &[PathBuf]) -> io::Result<()> {
    let mut all = BTreeSet::from([root]);
    for directory in directories {
        all.extend(directory.ancestors().take_while(|above| *above != root));
    }
    all.into_iter().rev().try_for_each(|directory| files::sync_directory(&directory.join("file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lake() -> (tempfile::TempDir, Vec<PathBuf>) {
        let root = tempfile::tempdir().unwrap();
        let directories: Vec<PathBuf> =
            ["install=eu/opened_year=2025", "install=eu/opened_year=2026", "install=us/opened_year=2026"]
                .iter()
                .map(|path| root.path().join(path))
                .collect();
        directories.iter().for_each(|directory| fs::create_dir_all(directory).unwrap());
        (root, directories)
    }

    fn names(root: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for directory in partition::directories_below(root).unwrap() {
            for entry in fs::read_dir(directory).unwrap().flatten().filter(|entry| entry.path().is_file()) {
                names.push(entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
        names.sort();
        names
    }

    fn write(journal: &Journal, directories: &[PathBuf]) {
        for directory in directories {
            fs::write(directory.join(partition::temporary_name(journal.name())), "tickets").unwrap();
        }
    }

    /// Leaves the journal in place, as a run that is killed does.
    fn interrupt(mut journal: Journal) -> String {
        journal.is_kept = true;
        journal.name.clone()
    }

    #[test]
    fn a_run_that_was_interrupted_before_its_commit_is_removed() {
        let (root, directories) = lake();
        let journal = Journal::begin(root.path()).unwrap();
        write(&journal, &directories[..2]);
        let name = interrupt(journal);
        let own = Journal::begin(root.path()).unwrap();
        let outcome = Recovery::Removed { files: 2 };
        assert_eq!(recover(root.path(), &own).unwrap(), (vec![Recovered { name, outcome }], 0));
        drop(own);
        assert!(names(root.path()).is_empty());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "empty directories are removed too");
    }

    #[test]
    fn a_committed_run_is_finished_wherever_it_was_interrupted() {
        for renamed in 0..=3 {
            let (root, directories) = lake();
            let earlier = directories[0].join("part-20250101T000000Z-Ab3xYz.parquet");
            fs::write(&earlier, "earlier").unwrap();
            let mut journal = Journal::begin(root.path()).unwrap();
            write(&journal, &directories);
            journal.commit(&directories, std::slice::from_ref(&earlier)).unwrap();
            for directory in &directories[..renamed] {
                let temporary = directory.join(partition::temporary_name(journal.name()));
                fs::rename(temporary, directory.join(journal.name())).unwrap();
            }
            let name = interrupt(journal);
            let own = Journal::begin(root.path()).unwrap();
            let outcome = Recovery::Finished { files: 3, missing: 0 };
            let recovered = vec![Recovered { name: name.clone(), outcome }];
            assert_eq!(recover(root.path(), &own).unwrap(), (recovered, 0), "{renamed}");
            drop(own);
            let expected: Vec<String> = directories
                .iter()
                .map(|directory| {
                    directory.join(&name).strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned()
                })
                .collect();
            assert_eq!(names(root.path()), expected);
        }
    }

    #[test]
    fn a_run_in_progress_is_not_changed() {
        let (root, directories) = lake();
        let other = Journal::begin(root.path()).unwrap();
        write(&other, &directories);
        let own = Journal::begin(root.path()).unwrap();
        assert_eq!(recover(root.path(), &own).unwrap(), (Vec::new(), 1));
        assert!(other.publish(&directories, &[]).unwrap().is_empty());
        drop(own);
        assert_eq!(names(root.path()).len(), 3);
    }

    #[test]
    fn files_that_cannot_all_be_renamed_are_removed() {
        let (root, directories) = lake();
        let journal = Journal::begin(root.path()).unwrap();
        write(&journal, &directories);
        // A directory has the name of the last file.
        fs::create_dir(directories[2].join(journal.name())).unwrap();
        let error = journal.publish(&directories, &[]).unwrap_err();
        assert!(!error.is_kept, "{error:?}");
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_journal_cannot_affect_files_outside_of_the_lake() {
        let (root, directories) = lake();
        let outside = root.path().join("part-20250101T000000Z-Ab3xYz.parquet");
        fs::write(&outside, "not of a lake below").unwrap();
        let below = directories[0].join("a=b");
        fs::create_dir(&below).unwrap();
        let journal = Journal::begin(&below).unwrap();
        let path = journal.path.clone();
        interrupt(journal);
        let text = r#"{"gettickets_lake_run":1,"directories":["../..",".."],"replaced":["../../../part-20250101T000000Z-Ab3xYz.parquet","/etc/part-20250101T000000Z-Ab3xYz.parquet"]}"#;
        fs::write(&path, format!("{text}\n")).unwrap();
        let own = Journal::begin(&below).unwrap();
        let (recovered, _) = recover(&below, &own).unwrap();
        assert_eq!(recovered[0].outcome, Recovery::Finished { files: 0, missing: 0 });
        assert!(outside.exists());
    }
}
