//! [`Spool`]: the partial file of an export, and the checkpoint beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use arrow_ipc::reader::StreamReader;
use gettickets_protocol::Tickets;
use serde_json::Value;

use super::checkpoint::{Checkpoint, Origin};
use super::encoder::Encoder;
use super::target::Target;
use crate::args::ExportFormat;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::arrow::{self, ArrowWriter};
use crate::output::parquet::ParquetWriter;

/// What to do about an interrupted export of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// Go on with it.
    Resume,
    /// Give it up.
    Restart,
    /// Don't touch it: it may be hours of work.
    Refuse,
}

/// An export under way. It alone holds the lock on the partial file.
pub(crate) struct Spool {
    target: Target,
    format: ExportFormat,
    file: File,
    encoder: Encoder,
    /// As far as it was saved; `tickets` runs ahead of that.
    saved: Checkpoint,
    tickets: u64,
    bytes: u64,
}

impl Spool {
    /// Opens the partial file, and takes up what is in it where that is wanted.
    pub(crate) fn open(
        output: &Path,
        format: ExportFormat,
        origin: Origin,
        earlier: Earlier,
    ) -> Outcome<Spool> {
        let target = Target::new(output);
        if output.is_dir() {
            return Err(
                Failure::usage(format!("{} is a directory", output.display())).hint("Name a file in it")
            );
        }
        let at_partial = |error| file_failure(&target.partial, &error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&target.partial)
            .map_err(at_partial)?;
        file.try_lock().map_err(|_| {
            Failure::usage(format!("another export is writing {}", output.display()))
                .hint("Wait for it, or name another file")
        })?;
        let found = match earlier {
            Earlier::Restart => None,
            _ => Checkpoint::read(&target.resume).map_err(|error| {
                file_failure(&target.resume, &error).hint("--restart begins the export again")
            })?,
        };
        let saved = match found {
            None => Checkpoint::new(origin),
            Some(found) if earlier == Earlier::Refuse => {
                let (count, tickets) = (found.tickets, crate::output::tickets(found.tickets));
                return Err(Failure::usage(format!(
                    "an interrupted export of {count} {tickets} stands beside {}",
                    output.display()
                ))
                .hint("--resume goes on with it, --restart gives it up"));
            }
            Some(found) => {
                if let Some(difference) = found.origin.difference(&origin) {
                    return Err(Failure::usage(format!(
                        "the interrupted export is another one: {difference}"
                    ))
                    .hint("Give the same arguments as then, or --restart to begin again"));
                }
                found
            }
        };
        if file.metadata().map_err(at_partial)?.len() < saved.bytes {
            return Err(Failure::usage(format!("{} is shorter than it was", target.partial.display()))
                .hint("--restart begins the export again"));
        }
        // What came after the checkpoint is not told in it, and will be fetched again.
        file.set_len(saved.bytes).map_err(at_partial)?;
        file.seek(SeekFrom::Start(saved.bytes)).map_err(at_partial)?;
        if earlier == Earlier::Restart {
            let _ = fs::remove_file(&target.resume);
        }
        let encoder = Encoder::after(saved.tickets, saved.bytes > 0, format)?;
        let (tickets, bytes) = (saved.tickets, saved.bytes);
        Ok(Spool { target, format, file, encoder, saved, tickets, bytes })
    }

    /// Where the scan goes on; none at the beginning.
    pub(crate) fn cursor(&self) -> Option<&Value> {
        self.saved.cursor.as_ref()
    }

    /// Whether all tickets are there, and only the file has to be finished.
    pub(crate) fn is_complete(&self) -> bool {
        self.saved.complete
    }

    /// How many tickets are in it.
    pub(crate) fn tickets(&self) -> u64 {
        self.tickets
    }

    /// Adds a page.
    pub(crate) fn push(&mut self, tickets: &Tickets) -> Outcome {
        let pushed = self.encoder.push(tickets).and_then(|()| self.drain());
        pushed.map_err(|error| file_failure(&self.target.partial, &error))?;
        self.tickets += tickets.len() as u64;
        Ok(())
    }

    /// Makes what is there last: first the tickets, then the word of where to go on.
    pub(crate) fn save(&mut self, cursor: Option<Value>, complete: bool) -> Outcome {
        let settled = self.encoder.settle().and_then(|()| self.drain()).and_then(|()| self.file.sync_data());
        settled.map_err(|error| file_failure(&self.target.partial, &error))?;
        let mut next = self.saved.clone();
        (next.bytes, next.tickets) = (self.bytes, self.tickets);
        (next.complete, next.cursor) = (complete, cursor);
        next.write(&self.target.resume).map_err(|error| file_failure(&self.target.resume, &error))?;
        self.saved = next;
        Ok(())
    }

    /// Gives the whole export its name.
    pub(crate) fn finish(mut self) -> Outcome {
        // From here on only the disk can fail us, and what is there can be taken up.
        self.save(None, true)?;
        let whole = match self.format {
            ExportFormat::Csv | ExportFormat::Ndjson | ExportFormat::Json => {
                let ended = self.encoder.finish().and_then(|()| self.drain());
                ended.and_then(|()| self.target.put(&self.target.partial, &self.file))
            }
            ExportFormat::Parquet | ExportFormat::Arrow => self.assemble(),
        };
        whole.map_err(|error| {
            let failure = file_failure(&self.target.output, &error);
            Failure { exit: Exit::Incomplete, ..failure }
                .hint("All tickets are there; the same command with --resume finishes the file")
        })?;
        self.target.clean();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn gathered_rows(&self) -> usize {
        self.encoder.gathered_rows()
    }

    /// Takes everything away, where nothing is worth keeping.
    pub(crate) fn discard(self) {
        self.target.clean();
    }

    fn drain(&mut self) -> io::Result<()> {
        let bytes = self.encoder.take();
        self.file.write_all(&bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes the file from the batches in the partial one, one after another.
    fn assemble(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let batches = StreamReader::try_new(BufReader::new(&self.file), None).map_err(arrow::failed)?;
        let out = BufWriter::with_capacity(256 << 10, File::create(&self.target.assembled)?);
        let out = if self.format == ExportFormat::Parquet {
            let mut writer = ParquetWriter::new(out)?;
            for batch in batches {
                writer.batch(&batch.map_err(arrow::failed)?)?;
            }
            writer.into_inner()?
        } else {
            let mut writer = ArrowWriter::new(out)?;
            for batch in batches {
                writer.batch(&batch.map_err(arrow::failed)?)?;
            }
            writer.into_inner()?
        };
        let Some(out) = out else { return Ok(()) };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.target.put(&self.target.assembled, &file)
    }
}

fn file_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}
