//! An export into a directory of Parquet files, partitioned as in Hive.
//!
//! A run adds one file to each partition. Readers never see an incomplete file: all files are first written under names
//! that readers skip, and then renamed. A run that fails removes its files; the next run completes or removes the files
//! of a run that was killed ([`journal`]).

mod journal;
mod partition;
mod spill;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gettickets::Cancellation;
use gettickets_arrow::{TableInstall, TableSchema};
use gettickets_protocol::{TicketRef, Tickets};
use gettickets_warehouse::Fleet;

use self::journal::{Journal, PublishError, Recovered, Recovery};
use self::partition::Values;
use self::spill::Spill;
use super::combined::{self, InstallEnd};
use super::contents::Contents;
use super::is_stdout;
use crate::args::{Encoding, ExportArgs, ExportFormat, PartitionKey};
use crate::connect::installs::{self, Installs, Several};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::files;
use crate::output::batches::BatchSink;
use crate::output::batches::failed;
use crate::output::parquet::ParquetWriter;
use crate::output::{self, InstallContext};

/// The maximum number of tickets in memory before they are written to the spill file.
const MAX_ROWS: usize = 32 << 10;
/// The maximum size of the pages in memory, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// The maximum number of partitions of a run. The server's dates determine how many directories are created.
const MAX_PARTITIONS: usize = 10_000;

/// Exports these installs. `watch` receives a handle that cancels each scan.
pub(super) fn run(
    args: &ExportArgs,
    installs: Installs,
    watch: impl Fn(Cancellation),
    interrupted: &AtomicBool,
) -> Outcome {
    refuse_flags(args)?;
    let keys = &args.partition_by;
    let is_by_install = keys.contains(&PartitionKey::Install);
    let is_one = matches!(installs, Installs::One(..));
    let (installs, contexts) = side_by_side(installs, is_by_install)?;
    let Some(first) = contexts.first() else { return combined::ended(args, installs, Vec::new()) };
    if !is_by_install && !installs.unusable.is_empty() {
        // Without a directory for each install, the missing tickets of a failed install would not be noticed.
        return combined::ended(args, installs, Vec::new());
    }
    let encoding = Encoding { format: ExportFormat::Parquet, compression: None };
    let contents = match is_one {
        true => Contents::of_one(args, encoding, first)?,
        false => Contents::of_several(args, encoding, &contexts)?,
    };
    let table = contents.into_table(is_by_install)?;
    let directory = Directory::open(&args.output)?;
    let path = &directory.path;
    let failure_of = |error: io::Error| {
        Failure { exit: Exit::Output, ..Failure::of_file(path, &error) }.hint(
            "No file of this run was kept. Once the directory can be written, run the same command again",
        )
    };
    let journal = Journal::begin(path).map_err(failure_of)?;
    recover(args, path, &journal, failure_of)?;
    let earlier = partition::files_below(path).map_err(failure_of)?;
    refuse_earlier(args, &earlier)?;

    let mut lake = Lake::new(keys, table, &contexts, path).map_err(failure_of)?;
    let ends =
        combined::read(args, &installs, watch, interrupted, |index, tickets| lake.push(index, tickets))
            .map_err(failure_of)?;
    // If installs share files, the files of a run without one of them would lack its tickets.
    let is_kept =
        |end: &InstallEnd| end.is_complete && (is_by_install || ends.iter().all(|end| end.is_complete));
    let kept: Vec<bool> = ends.iter().map(is_kept).collect();
    let written = lake.write(path, journal.name(), &kept).map_err(failure_of)?;
    let (files, tickets) = (written.directories.len(), written.tickets);
    let replaced = if args.overwrite {
        let names = ends.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(end, _)| end.name.as_str());
        replaced(earlier, is_by_install, &names.collect::<Vec<_>>())
    } else {
        Vec::new()
    };
    written.publish(journal, &replaced).map_err(|failed| {
        let failure = failure_of(failed.error);
        match failed.is_kept {
            true => failure.hint(
                "All files were written under temporary names; the next run into the directory finishes this run",
            ),
            false => failure,
        }
    })?;
    exit::note(match files {
        0 => format!("nothing was written below {}", path.display()),
        1 => format!("{tickets} {} in 1 file below {}", output::tickets(tickets), path.display()),
        _ => format!("{tickets} {} in {files} files below {}", output::tickets(tickets), path.display()),
    });
    combined::ended(args, installs, ends.into_iter().filter_map(InstallEnd::failed).collect())
}

/// Fails on options that cannot be combined with `--partition-by`.
fn refuse_flags(args: &ExportArgs) -> Outcome {
    let name = args.output.display();
    if is_stdout(args) || installs::has_placeholder(&args.output) {
        return Err(Failure::usage(format!("--partition-by needs a directory, and {name} is not one"))
            .hint("Name a directory with --output; install is a key of --partition-by"));
    }
    if args.format.is_some_and(|format| format != ExportFormat::Parquet) {
        return Err(Failure::usage("--partition-by writes Parquet").hint("Leave out --format"));
    }
    if PartitionKey::repeated(&args.partition_by) {
        return Err(Failure::usage("--partition-by has a key twice").hint("Name each key once"));
    }
    let is_filtered = !args.query.to_query().parameters().is_empty();
    if args.overwrite && (args.updated_since.is_some() || is_filtered) {
        return Err(Failure::usage("--overwrite replaces all tickets, and only some are selected")
            .hint("Leave out the filters, or add to the files with --append"));
    }
    Ok(())
}

/// Fails if the directory has files of earlier runs, unless the arguments say what to do with them.
fn refuse_earlier(args: &ExportArgs, earlier: &[PathBuf]) -> Outcome {
    if earlier.is_empty() || args.append || args.overwrite {
        return Ok(());
    }
    let (count, name) = (earlier.len(), args.output.display());
    let (files, are) = if count == 1 { ("file", "is") } else { ("files", "are") };
    Err(Failure::usage(format!("{count} {files} of earlier runs {are} below {name}"))
        .hint("--overwrite replaces them, --append adds to them"))
}

/// Returns the installs and their contexts. A single install is treated like several.
fn side_by_side(installs: Installs, is_by_install: bool) -> Outcome<(Several, Vec<InstallContext>)> {
    let (profile, connection) = match installs {
        Installs::Several(installs) => {
            let contexts = installs.contexts();
            return Ok((installs, contexts));
        }
        Installs::One(profile, connection) => (profile, *connection),
    };
    if is_by_install && profile.is_none() {
        return Err(Failure::usage("the key install needs a profile, and none is selected")
            .hint("Name a profile with --profile, or leave out the key"));
    }
    let context = connection.context(profile.clone());
    let name = profile.unwrap_or_else(|| connection.place.clone());
    let fleet = Fleet::new([installs::install(&name, &connection)]).map_err(Failure::usage)?;
    let connections = vec![(name, connection)];
    Ok((Several { connections, fleet, unusable: Vec::new() }, vec![context]))
}

/// Finishes or undoes interrupted runs, and prints a warning for each. Fails if files may be replaced while another run
/// is in progress.
fn recover(
    args: &ExportArgs,
    root: &Path,
    own: &Journal,
    failure_of: impl Fn(io::Error) -> Failure,
) -> Outcome {
    let (recovered, alive) = journal::recover(root, own).map_err(failure_of)?;
    for Recovered { name, outcome } in recovered {
        let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        match outcome {
            Recovery::Removed { files: 0 } => {
                exit::warn(format!("an earlier run ({name}) was interrupted before it wrote a file"))
            }
            Recovery::Removed { .. } => exit::warn(format!(
                "an earlier run ({name}) was interrupted before its files were complete; they were removed"
            )),
            Recovery::Finished { files: count, missing: 0 } => exit::warn(format!(
                "an earlier run ({name}) was interrupted while its files were renamed; it is now complete, with {}",
                files(count)
            )),
            Recovery::Finished { files: count, missing } => exit::warn(format!(
                "an earlier run ({name}) was interrupted while its files were renamed; it now has {}, and {} missing",
                files(count),
                if missing == 1 { "1 is".to_owned() } else { format!("{missing} are") },
            )),
        }
    }
    if alive > 0 && !args.append {
        return Err(Failure::usage(format!("another export is writing below {}", root.display()))
            .hint("Wait until it has finished, or add to its files with --append"));
    }
    Ok(())
}

/// Returns the files of earlier runs that this run replaces: all of them, or those of these installs.
fn replaced(mut earlier: Vec<PathBuf>, is_by_install: bool, installs: &[&str]) -> Vec<PathBuf> {
    let names: Vec<String> = installs
        .iter()
        .map(|name| format!("{}={}", PartitionKey::Install.name(), partition::escaped(name)))
        .collect();
    earlier.retain(|file| {
        if !is_by_install {
            return !installs.is_empty();
        }
        file.iter().any(|part| names.iter().any(|name| part == name.as_str()))
    });
    earlier
}

/// The output directory. If this run created it and nothing was written, it is removed again.
struct Directory {
    path: PathBuf,
    _created: Created,
}

impl Directory {
    fn open(path: &Path) -> Outcome<Directory> {
        let mut created = Created::default();
        created.make(path).map_err(|error| Failure::of_file(path, &error))?;
        if !path.is_dir() {
            return Err(Failure::usage(format!("{}: it is not a directory", path.display()))
                .hint("Name a directory with --output"));
        }
        Ok(Directory { path: path.to_owned(), _created: created })
    }
}

/// The directories that this run created. Those that are empty at the end are removed.
#[derive(Default)]
struct Created(Vec<PathBuf>);

impl Created {
    /// Creates a directory and its parents.
    fn make(&mut self, directory: &Path) -> io::Result<()> {
        match fs::create_dir(directory) {
            Ok(()) => self.0.push(directory.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => match (error.kind(), directory.parent()) {
                (io::ErrorKind::NotFound, Some(parent)) if !parent.as_os_str().is_empty() => {
                    self.make(parent)?;
                    return self.make(directory);
                }
                _ => return Err(error),
            },
        }
        Ok(())
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            // Fails if the directory is not empty.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// A run in progress.
struct Lake {
    keys: Vec<PartitionKey>,
    table: TableSchema,
    installs: Vec<TableInstall>,
    numbers: HashMap<Values, usize>,
    parts: Vec<Part>,
    spill: Spill,
    /// Pages that are not in the spill file yet, with the indexes of their installs.
    pages: Vec<(usize, Tickets)>,
    /// The partition of each ticket in these pages.
    rows: Vec<usize>,
    bytes: usize,
}

/// A partition.
struct Part {
    values: Values,
    /// The install of its first ticket.
    install: usize,
    tickets: u64,
}

impl Lake {
    fn new(
        keys: &[PartitionKey],
        table: TableSchema,
        installs: &[InstallContext],
        directory: &Path,
    ) -> io::Result<Lake> {
        let spill = Spill::new(directory, table.schema())?;
        Ok(Lake {
            keys: keys.to_vec(),
            table,
            installs: installs.iter().map(InstallContext::for_tables).collect(),
            numbers: HashMap::new(),
            parts: Vec::new(),
            spill,
            pages: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
        })
    }

    /// Adds a page of the install at this index.
    fn push(&mut self, install: usize, tickets: &Tickets) -> io::Result<()> {
        for ticket in tickets {
            let values = Values::of(&self.keys, install, &ticket);
            let number = match self.numbers.get(&values) {
                Some(number) => *number,
                None if self.parts.len() >= MAX_PARTITIONS => {
                    return Err(io::Error::other(format!(
                        "the tickets have more than {MAX_PARTITIONS} partitions; partition by fewer keys"
                    )));
                }
                None => {
                    let number = self.parts.len();
                    self.numbers.insert(values, number);
                    self.parts.push(Part { values, install, tickets: 0 });
                    number
                }
            };
            if let Some(part) = self.parts.get_mut(number) {
                part.tickets += 1;
            }
            self.rows.push(number);
        }
        self.pages.push((install, tickets.clone()));
        self.bytes += tickets.memory_size();
        if self.rows.len() >= MAX_ROWS || self.bytes >= MAX_BYTES { self.spill() } else { Ok(()) }
    }

    /// Writes the tickets in memory to the spill file, one batch for each partition.
    fn spill(&mut self) -> io::Result<()> {
        let mut batches: BTreeMap<usize, Vec<(&TableInstall, TicketRef<'_>)>> = BTreeMap::new();
        let mut numbers = self.rows.iter();
        for (install, tickets) in &self.pages {
            let Some(install) = self.installs.get(*install) else { continue };
            for (ticket, number) in tickets.iter().zip(numbers.by_ref()) {
                batches.entry(*number).or_default().push((install, ticket));
            }
        }
        for (number, rows) in batches {
            self.spill.push(number, &self.table.record_batch_of_rows(&rows).map_err(failed)?)?;
        }
        self.pages.clear();
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Writes the files of the partitions under names that readers skip. `name` is their final name, and `kept` says
    /// for each install whether its files are written.
    fn write(mut self, root: &Path, name: &str, kept: &[bool]) -> io::Result<Written> {
        self.spill()?;
        let mut written = Written {
            name: name.to_owned(),
            directories: Vec::new(),
            tickets: 0,
            created: Created::default(),
        };
        for (number, part) in self.parts.iter().enumerate() {
            if !kept.get(part.install).copied().unwrap_or(false) {
                continue;
            }
            let install = self.installs.get(part.install).and_then(|install| install.name.as_deref());
            let directory = root.join(part.values.directory(&self.keys, install.unwrap_or_default()));
            written.created.make(&directory)?;
            // Each file is closed before the next one is created, because the number of open files is limited.
            let mut file = files::create_own(&directory.join(partition::temporary_name(name)))?;
            written.directories.push(directory);
            let out = BufWriter::with_capacity(256 << 10, &mut file);
            let mut writer = ParquetWriter::new(out, self.table.schema())?;
            for batch in self.spill.batches(number)? {
                writer.batch(&batch?)?;
            }
            writer.into_inner()?.map_or(Ok(()), |mut out| out.flush())?;
            file.sync_all()?;
            written.tickets += part.tickets;
        }
        Ok(written)
    }
}

/// Files of a run that do not have their final names yet. Dropping this removes them.
struct Written {
    /// The final name of each file.
    name: String,
    /// The directories, each of which contains one file.
    directories: Vec<PathBuf>,
    tickets: u64,
    /// Dropped last, because it removes only empty directories.
    created: Created,
}

impl Written {
    /// Renames the files to their final names, and removes the files that they replace.
    fn publish(mut self, journal: Journal, replaced: &[PathBuf]) -> Result<(), PublishError> {
        // From here on the journal decides whether the files are completed or removed.
        let directories = std::mem::take(&mut self.directories);
        for (file, error) in journal.publish(&directories, replaced)? {
            exit::warn(format!(
                "{}: this file of an earlier run could not be removed: {error}",
                file.display()
            ));
        }
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for directory in &self.directories {
            let _ = fs::remove_file(directory.join(partition::temporary_name(&self.name)));
        }
    }
}

#[cfg(test)]
mod tests;
