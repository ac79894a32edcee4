//! [`Journal`]: a file in the directory of a lake that makes a run of it whole or nothing, whatever cuts the run off.
//!
//! All files of a run have one name, each in the directory of its partition: `part-TIME-RANDOM.parquet`. The journal of the run
//! is `.part-TIME-RANDOM.run` in the directory of the lake. The run that owns it has it locked, so an unlocked journal is that
//! of a run that was cut off.
//!
//! 1. The journal is created, empty.
//! 2. The files are written under the name `.part-TIME-RANDOM.parquet.tmp`, which readers skip, and synced.
//! 3. The directories of the files are written into the journal, and it is synced. From here on the run counts.
//! 4. The files get their names, and what the run replaces is removed.
//! 5. The journal is removed.
//!
//! Where a run was cut off before step 3 has ended, the next run removes what is left of it; afterwards it does the rest.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::partition;
use crate::files;

/// The number of the format of a journal, raised when it changes.
const FORMAT_NUMBER: u32 = 1;
/// The most bytes that a journal may have: two paths for each of the most partitions.
const MOST_BYTES: u64 = 64 << 20;
/// How often another run may take a new journal for one that was left.
const MOST_TRIES: usize = 16;

/// The journal of a run under way.
#[derive(Debug)]
pub(super) struct Journal {
    root: PathBuf,
    path: PathBuf,
    file: File,
    /// The name of the files of the run.
    name: String,
    /// Whether the file is to be kept if the run ends here.
    is_kept: bool,
}

/// What a journal states, with paths below the directory of the lake.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    gettickets_lake_run: u32,
    /// The directories in which the run has a file.
    directories: Vec<PathBuf>,
    /// The files of earlier runs that it replaces.
    replaced: Vec<PathBuf>,
}

/// Why a run did not get all its files their names.
#[derive(Debug)]
pub(super) struct PublishError {
    pub(super) error: io::Error,
    /// Whether the files are there, and the next run gives them their names.
    pub(super) is_kept: bool,
}

impl Journal {
    /// Begins a run below this directory.
    pub(super) fn begin(root: &Path) -> io::Result<Journal> {
        for _ in 0..MOST_TRIES {
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
            // Another run may have taken it for one that was left, as it was not locked yet.
            if files::is_still_at(&file, &path)? {
                let journal = Journal { root: root.to_owned(), path, file, name, is_kept: false };
                // A file of the run must not survive a power failure that the journal does not.
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

    /// Gives the files in these directories their names, and removes the files that they replace. Returns those that could not be
    /// removed, with why.
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
        // The names of the temporary files must be as permanent as the journal that counts on them.
        sync(&self.root, directories)?;
        let below = |paths: &[PathBuf]| -> Vec<PathBuf> {
            let relative = |path: &PathBuf| path.strip_prefix(&self.root).ok().map(Path::to_owned);
            // Runs write names that are UTF-8.
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

    /// Undoes the run after this error: the journal states nothing any more, and then the files are removed. If that fails, all
    /// is left to the next run.
    fn revoke(mut self, directories: &[PathBuf], error: io::Error) -> PublishError {
        let emptied = self.file.set_len(0).and_then(|()| self.file.sync_all());
        // One that could not be written states nothing either.
        let states_nothing = emptied.is_ok() || matches!(read(&mut self.file), Ok(None));
        if !states_nothing && self.path.exists() {
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

/// What was done about a run that was cut off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recovered {
    /// The name of its files.
    pub(super) name: String,
    pub(super) outcome: Recovery,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// The rest of it was done. It has so many files; some that it wrote may be missing since.
    Finished { files: usize, missing: usize },
    /// It had not written all files, and those that it had were removed.
    Removed { files: usize },
}

/// Finishes or undoes the runs below this directory that were cut off. Returns also how many other runs are under way.
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

/// What a journal states; `None` where its run was cut off before that.
fn read(file: &mut File) -> io::Result<Option<Commit>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MOST_BYTES).read_to_end(&mut text)?;
    if text.last() != Some(&b'\n') {
        return Ok(None);
    }
    let Ok(commit) = serde_json::from_slice::<Commit>(&text) else { return Ok(None) };
    if commit.gettickets_lake_run != FORMAT_NUMBER {
        return Err(io::Error::other(
            "a run of another version of gettickets was cut off; run that version again",
        ));
    }
    Ok(Some(commit))
}

/// Whether a path from a journal leads to a partition below the lake and nowhere else.
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
            // Fails where a file is in it.
            let _ = fs::remove_dir(directory);
        }
    }
    Ok(Recovery::Removed { files })
}

/// Removes files, and directories that are empty then, and makes that permanent: the journal must not be gone before them.
/// Returns the files that could not be removed.
fn remove(root: &Path, paths: &[PathBuf]) -> io::Result<Vec<(PathBuf, io::Error)>> {
    let mut failed = Vec::new();
    for path in paths {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => failed.push((path.clone(), error)),
            _ => {
                // Fails where another file is there.
                let _ = path.parent().map(fs::remove_dir);
            }
        }
    }
    let directories: Vec<PathBuf> = paths.iter().filter_map(|path| Some(path.parent()?.to_owned())).collect();
    sync(root, &directories)?;
    Ok(failed)
}

/// Makes the names in these directories permanent, and those of the directories themselves. Those that are gone are left out.
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

    /// Leaves a journal as a run that is killed does.
    fn cut_off(mut journal: Journal) -> String {
        journal.is_kept = true;
        journal.name.clone()
    }

    #[test]
    fn a_run_that_was_cut_off_before_it_counted_is_removed() {
        let (root, directories) = lake();
        let journal = Journal::begin(root.path()).unwrap();
        write(&journal, &directories[..2]);
        let name = cut_off(journal);
        let own = Journal::begin(root.path()).unwrap();
        let outcome = Recovery::Removed { files: 2 };
        assert_eq!(recover(root.path(), &own).unwrap(), (vec![Recovered { name, outcome }], 0));
        drop(own);
        assert!(names(root.path()).is_empty());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "empty directories are removed too");
    }

    #[test]
    fn a_run_that_counted_is_finished_wherever_it_was_cut_off() {
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
            let name = cut_off(journal);
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
    fn a_run_under_way_is_left_alone() {
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
    fn files_that_cannot_all_get_their_names_are_removed() {
        let (root, directories) = lake();
        let journal = Journal::begin(root.path()).unwrap();
        write(&journal, &directories);
        // A directory in the way of the last one.
        fs::create_dir(directories[2].join(journal.name())).unwrap();
        let error = journal.publish(&directories, &[]).unwrap_err();
        assert!(!error.is_kept, "{error:?}");
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_journal_leads_to_nothing_outside_of_the_lake() {
        let (root, directories) = lake();
        let outside = root.path().join("part-20250101T000000Z-Ab3xYz.parquet");
        fs::write(&outside, "not of a lake below").unwrap();
        let below = directories[0].join("a=b");
        fs::create_dir(&below).unwrap();
        let journal = Journal::begin(&below).unwrap();
        let path = journal.path.clone();
        cut_off(journal);
        let text = r#"{"gettickets_lake_run":1,"directories":["../..",".."],"replaced":["../../../part-20250101T000000Z-Ab3xYz.parquet","/etc/part-20250101T000000Z-Ab3xYz.parquet"]}"#;
        fs::write(&path, format!("{text}\n")).unwrap();
        let own = Journal::begin(&below).unwrap();
        let (recovered, _) = recover(&below, &own).unwrap();
        assert_eq!(recovered[0].outcome, Recovery::Finished { files: 0, missing: 0 });
        assert!(outside.exists());
    }
}
