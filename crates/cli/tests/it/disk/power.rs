//! Simulates the state of a directory after a power failure, from a log of the calls on its files.
//!
//! The bytes of a file are durable after a sync of the file, and its name after a sync of its directory. Changes that
//! were not synced may be lost: the simulation keeps none of them, all of them, only the names, or a random part.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::preload::Call;

/// Which of the changes that were not synced are kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsynced {
    Nothing,
    All,
    /// Only the names; the files are empty.
    Names,
    /// A random number of the first names of each directory, and random writes of each file, with this seed.
    Drawn(u64),
}

impl Unsynced {
    /// Every variant; `seed` is that of the random one.
    pub(super) const fn each(seed: u64) -> [Unsynced; 4] {
        [Unsynced::Nothing, Unsynced::All, Unsynced::Names, Unsynced::Drawn(seed)]
    }
}

/// A change of a file's bytes that may be lost.
#[derive(Clone, Debug)]
enum Data {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Data {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Data::Length(length) => bytes.resize(*length as usize, 0),
            Data::Write(offset, data) => {
                let end = *offset as usize + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset as usize..end].copy_from_slice(data);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Data>,
}

/// A change of a name that may be lost.
#[derive(Clone, Debug)]
enum Name {
    File(PathBuf, usize),
    Directory(PathBuf),
    Rename(PathBuf, PathBuf),
    Removed(PathBuf),
}

impl Name {
    /// The directory whose sync makes the change durable.
    fn directory(&self) -> &Path {
        let (Name::File(path, _) | Name::Directory(path) | Name::Rename(_, path) | Name::Removed(path)) =
            self;
        path.parent().unwrap()
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Option<usize>>) {
        match self {
            Name::File(path, file) => drop(names.insert(path.clone(), Some(*file))),
            Name::Directory(path) => drop(names.insert(path.clone(), None)),
            Name::Removed(path) => drop(names.remove(path)),
            Name::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

/// A directory with its durable contents and the pending changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    /// The indices of files by inode.
    inodes: HashMap<u64, usize>,
    /// The index of each file, and `None` for directories.
    names: BTreeMap<PathBuf, Option<usize>>,
    pending: Vec<Name>,
}

impl Disk {
    /// Reads the files below a directory, which are all durable.
    pub(super) fn of(directory: &Path) -> Disk {
        use std::os::unix::fs::MetadataExt;
        let mut disk = Disk::default();
        let mut directories = vec![directory.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    disk.names.insert(entry.path(), None);
                    directories.push(entry.path());
                } else {
                    let number = disk.files.len();
                    disk.files.push(File { synced: fs::read(entry.path()).unwrap(), pending: Vec::new() });
                    disk.inodes.insert(entry.metadata().unwrap().ino(), number);
                    disk.names.insert(entry.path(), Some(number));
                }
            }
        }
        disk
    }

    /// Applies the effect of a call.
    pub(super) fn apply(&mut self, call: &Call) {
        let path = call.path.clone();
        match call.kind {
            b'c' => {
                let number = self.files.len();
                self.files.push(File::default());
                self.inodes.insert(call.inode, number);
                self.pending.push(Name::File(path, number));
            }
            // Unnamed files do not survive a power failure, so they are not tracked.
            b'w' | b't' => {
                let Some(file) = self.inodes.get(&call.inode) else { return };
                let data = match call.kind {
                    b'w' => Data::Write(call.offset, call.data.clone()),
                    _ => Data::Length(call.offset),
                };
                self.files[*file].pending.push(data);
            }
            b's' => match self.inodes.get(&call.inode) {
                Some(file) => {
                    let file = &mut self.files[*file];
                    let pending = std::mem::take(&mut file.pending);
                    pending.iter().for_each(|data| data.apply(&mut file.synced));
                }
                None => {
                    let (synced, pending) = std::mem::take(&mut self.pending)
                        .into_iter()
                        .partition(|name| name.directory() == path);
                    self.pending = pending;
                    let synced: Vec<Name> = synced;
                    synced.iter().for_each(|name| name.apply(&mut self.names));
                }
            },
            b'r' => self.pending.push(Name::Rename(path, call.second.clone())),
            b'u' | b'x' => self.pending.push(Name::Removed(path)),
            b'm' => self.pending.push(Name::Directory(path)),
            other => panic!("unknown kind of call {other}"),
        }
    }

    /// Creates the files as they are after a power failure at this point. The directory must be empty.
    pub(super) fn restore(&self, unsynced: Unsynced) {
        let mut random = match unsynced {
            Unsynced::Drawn(seed) => fastrand::Rng::with_seed(seed),
            _ => fastrand::Rng::with_seed(0),
        };
        let mut names = self.names.clone();
        // The number of changes to keep in each directory. The first ones are kept, because names are written in order.
        let mut left: HashMap<PathBuf, usize> = HashMap::new();
        for name in &self.pending {
            let is_left = match unsynced {
                Unsynced::Nothing => false,
                Unsynced::All | Unsynced::Names => true,
                Unsynced::Drawn(_) => {
                    let directory = name.directory().to_owned();
                    let of = self.pending.iter().filter(|other| other.directory() == directory).count();
                    let left = left.entry(directory).or_insert_with(|| random.usize(0..=of));
                    let is_left = *left > 0;
                    *left = left.saturating_sub(1);
                    is_left
                }
            };
            if is_left {
                name.apply(&mut names);
            }
        }
        for (path, file) in &names {
            // A name is lost if its directory is.
            if !path.parent().unwrap().is_dir() {
                continue;
            }
            let Some(file) = file else {
                fs::create_dir(path).unwrap();
                continue;
            };
            let file = &self.files[*file];
            let mut bytes = file.synced.clone();
            for data in &file.pending {
                let is_left = match unsynced {
                    Unsynced::Nothing | Unsynced::Names => false,
                    Unsynced::All => true,
                    Unsynced::Drawn(_) => random.bool(),
                };
                if is_left {
                    data.apply(&mut bytes);
                }
            }
            fs::write(path, bytes).unwrap();
            #[cfg(unix)]
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
}

/// The states of the disk before the first call and after each call.
pub(super) fn states(before: Disk, calls: &[Call]) -> Vec<Disk> {
    let mut states = vec![before];
    for call in calls {
        let mut next = states[states.len() - 1].clone();
        next.apply(call);
        states.push(next);
    }
    states
}

/// Empties a directory.
pub(super) fn empty(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
}
