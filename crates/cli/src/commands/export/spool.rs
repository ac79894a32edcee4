//! [`Spool`]: the partial file of an export, and its checkpoint.
//!
//! A run locks the partial file that it writes. Between opening and locking, another run may have renamed the file, so
//! the name is checked after locking.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow_ipc::reader::StreamReader;
use gettickets_protocol::Tickets;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use super::checkpoint::{self, Checkpoint, Origin, Unusable};
use super::contents::Contents;
use super::encoder::Encoder;
use super::target::Target;
use crate::args::ExportFormat;
use crate::exit::{Exit, Failure, Outcome};
use crate::files::{self, Existing};
use crate::output::arrow::ArrowWriter;
use crate::output::batches::{BatchSink, failed};
use crate::output::parquet::ParquetWriter;

/// The hint after a failure of the disk that left nothing.
const NOTHING_KEPT: &str = "No ticket was saved. Once the file can be written, run the same command again";

/// How many times to retry when another run renames the file between opening and locking.
const MAX_TRIES: usize = 16;

/// What to do about an earlier, interrupted export with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// Continue it.
    Resume,
    /// Remove it.
    Restart,
    /// Fail, because it may represent hours of work.
    Refuse,
}

/// An export in progress. It holds the lock on the partial file.
pub(crate) struct Spool {
    target: Target,
    contents: Contents,
    existing: Existing,
    file: File,
    encoder: Encoder,
    /// The last checkpoint; `tickets`, `bytes` and `digest` are ahead of it.
    saved: Checkpoint,
    /// The file of the last checkpoint.
    resume: File,
    tickets: u64,
    bytes: u64,
    digest: Xxh3,
}

/// Fails if the output exists and must not be replaced.
pub(super) fn refuse_existing(output: &Path, existing: Existing) -> Outcome {
    if existing == Existing::Keep && fs::symlink_metadata(output).is_ok() {
        return Err(Failure::usage(format!("{} exists already", output.display()))
            .hint("Name another file, or leave out --no-clobber"));
    }
    Ok(())
}

impl Spool {
    /// Opens the partial file of `output`, and continues it if requested.
    pub(crate) fn open(
        output: &Path,
        contents: Contents,
        origin: Origin,
        earlier: Earlier,
        existing: Existing,
    ) -> Outcome<Spool> {
        let target = Target::new(output);
        refuse_existing(output, existing)?;
        let nothing = |failure: Failure| match failure.exit {
            Exit::Output => failure.hint(NOTHING_KEPT),
            _ => failure,
        };
        let (file, is_new) = lock(&target).map_err(nothing)?;
        let opened = continued(&target, &file, is_new, origin, earlier).and_then(|(saved, digest)| {
            Spool::begin(target.clone(), contents, existing, file, saved, digest)
        });
        if opened.is_err() && is_new {
            // The new partial file is empty.
            let _ = fs::remove_file(&target.partial);
            return opened.map_err(nothing);
        }
        opened.map_err(|failure| match failure.exit {
            Exit::Output => failure.hint(
                "What was exported before is kept. Once the file can be written, the same command with --resume continues it",
            ),
            _ => failure,
        })
    }

    fn begin(
        target: Target,
        contents: Contents,
        existing: Existing,
        mut file: File,
        saved: Checkpoint,
        digest: Xxh3,
    ) -> Outcome<Spool> {
        files::remove_leftovers(&target.output);
        files::remove_leftovers(&target.resume);
        // Tickets after the checkpoint are not counted and are fetched again.
        let cut = file.set_len(saved.bytes).and_then(|()| file.seek(SeekFrom::Start(saved.bytes)));
        cut.map_err(|error| Failure::of_file(&target.partial, &error))?;
        // With the checkpoint, a later run recognizes the partial file as that of an export.
        let resume = saved.write(&target.resume).map_err(|error| Failure::of_file(&target.resume, &error))?;
        let encoder = Encoder::after(saved.tickets, saved.bytes > 0, &contents)?;
        let (tickets, bytes) = (saved.tickets, saved.bytes);
        Ok(Spool { target, contents, existing, file, encoder, saved, resume, tickets, bytes, digest })
    }

    /// The cursor at which the scan continues; `None` at the beginning.
    pub(crate) fn cursor(&self) -> Option<&RawValue> {
        self.saved.cursor.as_deref()
    }

    /// Whether all tickets are in the partial file, and only the output has to be finished.
    pub(crate) fn is_complete(&self) -> bool {
        self.saved.complete
    }

    /// The tickets that the scan could not read, if it ended without them and only the output has to be finished.
    pub(crate) fn lacking(&self) -> Option<&str> {
        self.saved.lacking.as_deref().filter(|_| self.saved.complete)
    }

    /// The number of tickets in the partial file.
    pub(crate) fn tickets(&self) -> u64 {
        self.tickets
    }

    /// Adds a page.
    pub(crate) fn push(&mut self, tickets: &Tickets) -> Outcome {
        let pushed = self.encoder.push(tickets).and_then(|()| self.encoder.take());
        let pushed = pushed.and_then(|bytes| self.append(&bytes));
        pushed.map_err(|error| Failure::of_file(&self.target.partial, &error))?;
        self.tickets += tickets.len() as u64;
        Ok(())
    }

    /// Syncs the tickets so far to the disk: first the tickets, then the checkpoint.
    pub(crate) fn save(&mut self, cursor: Option<Box<RawValue>>, complete: bool) -> Outcome {
        let settled = self.encoder.settle().and_then(|bytes| self.append(&bytes));
        let settled = settled.and_then(|()| self.file.sync_data());
        settled.map_err(|error| Failure::of_file(&self.target.partial, &error))?;
        let mut next = self.saved.clone();
        (next.bytes, next.tickets) = (self.bytes, self.tickets);
        next.xxh3 = checkpoint::hex(&self.digest);
        (next.complete, next.cursor) = (complete, cursor);
        let path = &self.target.resume;
        self.resume = next.write(path).map_err(|error| Failure::of_file(path, &error))?;
        self.saved = next;
        Ok(())
    }

    /// Gives the complete export its final name.
    pub(crate) fn finish(self) -> Outcome {
        let (output, existing) = (self.target.output.clone(), self.existing);
        let incomplete = self.target.incomplete.clone();
        self.finish_as(&output, existing)?;
        // A complete export supersedes an earlier incomplete one.
        if files::open_own(&incomplete).is_ok_and(|file| file.is_some()) {
            let _ = fs::remove_file(incomplete);
        }
        Ok(())
    }

    /// Gives an incomplete export a name that shows that it is incomplete. Returns the name.
    pub(crate) fn finish_incomplete(mut self, lacking: &str) -> Outcome<PathBuf> {
        let name = self.target.incomplete.clone();
        self.saved.lacking = Some(lacking.to_owned());
        self.finish_as(&name, Existing::Replace)?;
        Ok(name)
    }

    fn finish_as(mut self, output: &Path, existing: Existing) -> Outcome {
        // After this, only the disk can fail, and a later run can finish the file.
        if let Err(failure) = self.save(None, true) {
            return Err(self.failed(failure));
        }
        let finished = if self.contents.encoding.format.is_columnar() {
            self.assemble(output, existing)
        } else {
            let ended = self.encoder.finish().and_then(|bytes| self.append(&bytes));
            ended.and_then(|()| files::put(&self.target.partial, &mut self.file, output, existing))
        };
        finished.map_err(|error| {
            let failure = Failure::of_file(output, &error);
            if error.kind() == io::ErrorKind::AlreadyExists {
                return failure.hint(
                    "It was created in the meantime. Move it away; the same command with --resume finishes the export",
                );
            }
            Failure { exit: Exit::Output, ..failure }
                .hint("All tickets are there; the same command with --resume finishes the file")
        })?;
        if self.contents.encoding.format.is_columnar() {
            self.discard();
        } else {
            self.remove_checkpoint();
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn gathered_rows(&self) -> usize {
        self.encoder.gathered_rows()
    }

    /// Removes the files of this export if it has no tickets. The partial file is removed first: if the run is killed
    /// in between, the remaining checkpoint does not prevent the next run.
    pub(crate) fn discard(self) {
        let _ = fs::remove_file(&self.target.partial);
        self.remove_checkpoint();
    }

    /// Removes the checkpoint, unless the partial file has been renamed: then another export may have begun, whose
    /// checkpoint stays.
    fn remove_checkpoint(&self) {
        if files::is_still_at(&self.resume, &self.target.resume).unwrap_or(false) {
            let _ = fs::remove_file(&self.target.resume);
        }
    }

    /// Ends an export after a failed write: removes the data since the last checkpoint, and adds to the failure what
    /// was kept and how to continue.
    pub(crate) fn failed(mut self, failure: Failure) -> Failure {
        let failure = Failure { exit: Exit::Output, ..failure };
        // The checkpoint may have been written although the call failed.
        if let Ok(Some(found)) = Checkpoint::read(&self.target.resume) {
            self.saved = found;
        }
        let tickets = self.saved.tickets;
        if self.saved.complete {
            return failure.hint("All tickets are there; the same command with --resume finishes the file");
        }
        if tickets == 0 {
            self.discard();
            return failure.hint(NOTHING_KEPT);
        }
        let _ = self.file.set_len(self.saved.bytes);
        let are = if tickets == 1 { "ticket is" } else { "tickets are" };
        Failure { what: format!("{}; {tickets} {are} kept", failure.what), ..failure }
            .hint("Once the file can be written, the same command with --resume continues from there")
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes the output from the batches in the partial file.
    fn assemble(&mut self, output: &Path, existing: Existing) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let batches = StreamReader::try_new(BufReader::new(&self.file), None).map_err(failed)?;
        let mut whole = files::temporary(&self.target.output)?;
        let out = BufWriter::with_capacity(256 << 10, whole.as_file_mut());
        let finished = if self.contents.encoding.format == ExportFormat::Parquet {
            let mut writer = ParquetWriter::new(out, self.contents.schema())?;
            for batch in batches {
                writer.batch(&batch.map_err(failed)?)?;
            }
            writer.into_inner()?
        } else {
            let mut writer = ArrowWriter::new(out, &self.contents.schema())?;
            for batch in batches {
                writer.batch(&batch.map_err(failed)?)?;
            }
            writer.into_inner()?
        };
        finished.map_or(Ok(()), |mut out| out.flush())?;
        files::put_temporary(whole, output, existing)
    }
}

/// Opens or creates the partial file, and locks it. Returns whether it is new.
fn lock(target: &Target) -> Outcome<(File, bool)> {
    let path = &target.partial;
    let failed = |error: io::Error| Failure::of_file(path, &error);
    for _ in 0..MAX_TRIES {
        let opened = files::open_own(path).map_err(|error| foreign(path, &error))?;
        let (file, is_new) = match opened {
            Some(file) => (file, false),
            None => match files::create_own(path) {
                Ok(file) => (file, true),
                // Another run created the file first.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed(error)),
            },
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(target)),
            Err(TryLockError::Error(error)) => return Err(failed(error).at("the lock failed")),
        }
        // The run that held the lock may have renamed or removed the file.
        if files::is_still_at(&file, path).map_err(failed)? {
            return Ok((file, is_new));
        }
    }
    Err(busy(target))
}

fn busy(target: &Target) -> Failure {
    Failure::usage(format!("another export is writing {}", target.output.display()))
        .hint("Wait until it has finished, or name another file")
}

/// The failure for a file that is in the way and does not belong to this program.
fn foreign(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::of_file(path, error);
    if error.kind() == io::ErrorKind::Other { failure.hint(removal(&[path])) } else { failure }
}

/// The command that removes these files.
fn removal(paths: &[&Path]) -> String {
    let quoted = paths.iter().map(|path| format!("'{}'", path.display().to_string().replace('\'', r"'\''")));
    format!("Move it away, or remove it: rm -- {}", quoted.collect::<Vec<_>>().join(" "))
}

/// Decides where an export begins: at an earlier checkpoint, or from the start.
fn continued(
    target: &Target,
    partial: &File,
    is_new: bool,
    origin: Origin,
    earlier: Earlier,
) -> Outcome<(Checkpoint, Xxh3)> {
    let (resume_name, partial_name) = (target.resume.display(), target.partial.display());
    let anew = |origin| Ok((Checkpoint::new(origin), Xxh3::new()));
    let restart = "The same command with --restart removes it and begins again";
    let found = match Checkpoint::read(&target.resume) {
        Ok(found) => found,
        Err(Unusable::Io(error)) => return Err(foreign(&target.resume, &error)),
        Err(Unusable::OtherVersion) if earlier == Earlier::Restart => return anew(origin),
        Err(Unusable::OtherVersion) => {
            return Err(Failure::usage(format!(
                "{resume_name} was written by another version of gettickets"
            ))
            .hint(restart));
        }
        Err(Unusable::Foreign(why)) => {
            let files: &[&Path] = if is_new { &[&target.resume] } else { &[&target.resume, &target.partial] };
            return Err(Failure::usage(format!("{resume_name} is not a checkpoint of an export: {why}"))
                .hint(removal(files)));
        }
    };
    let is_empty = partial.metadata().map_err(|error| Failure::of_file(&target.partial, &error))?.len() == 0;
    let Some(found) = found else {
        // An export writes its checkpoint before any ticket.
        return if is_empty {
            anew(origin)
        } else {
            Err(Failure::usage(format!("{partial_name} has no {resume_name} beside it"))
                .hint(removal(&[&target.partial])))
        };
    };
    // Nothing is lost: no ticket was saved, or the file got its final name and only the checkpoint remained, perhaps
    // beside the new partial file of a run that was killed before it wrote a checkpoint.
    let is_gone = is_new || (is_empty && found.bytes > 0);
    let is_worthless = (found.tickets == 0 && !found.complete) || (found.complete && is_gone);
    if earlier == Earlier::Restart || is_worthless {
        return anew(origin);
    }
    if is_new {
        return Err(Failure::usage(format!(
            "{resume_name} is left over from an export whose {partial_name} is gone"
        ))
        .hint(restart));
    }
    if earlier == Earlier::Refuse {
        let (count, tickets) = (found.tickets, crate::output::tickets(found.tickets));
        return Err(Failure::usage(format!(
            "an interrupted export of {count} {tickets} is in {partial_name}"
        ))
        .hint("--resume continues it, --restart removes it and begins again"));
    }
    if let Some(difference) = found.origin.difference(&origin) {
        return Err(Failure::usage(format!("{resume_name} belongs to another export: {difference}"))
            .hint("Use the same arguments as that export, or --restart to begin again"));
    }
    match found.verify(partial).map_err(|error| Failure::of_file(&target.partial, &error))? {
        Some(digest) => Ok((found, digest)),
        None => Err(Failure::usage(format!(
            "{partial_name} is not the file that {resume_name} describes: its length or its digest differs"
        ))
        .hint("The same command with --restart removes both and begins again")),
    }
}
