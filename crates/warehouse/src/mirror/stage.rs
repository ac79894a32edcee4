//! [`Stage`]: keeps the rows of an install until its transaction begins, in memory and, if there are many, in an
//! unnamed temporary file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::mem;
use std::path::Path;

use super::error::{MirrorError, MirrorErrorKind};
use crate::row::Row;

/// The number of rows that are collected in memory before they are written to the file, and the number of rows read
/// back at a time. With 64 installs at the same time they take less than 100 MB.
const MAX_ROWS: usize = 1_000;

/// Rows to be stored later, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Stage {
    rows: Vec<Row>,
    file: Option<BufWriter<File>>,
}

impl Stage {
    /// Adds rows. If a file is needed, it is created in `directory`, or else in the system's directory for temporary
    /// files.
    pub(super) fn push(&mut self, rows: Vec<Row>, directory: Option<&Path>) -> Result<(), MirrorError> {
        self.rows.extend(rows);
        if self.rows.len() < MAX_ROWS { Ok(()) } else { self.spill(directory).map_err(failed) }
    }

    fn spill(&mut self, directory: Option<&Path>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = match directory {
                    Some(directory) => tempfile::tempfile_in(directory)?,
                    None => tempfile::tempfile()?,
                };
                self.file.insert(BufWriter::with_capacity(256 << 10, file))
            }
        };
        for row in self.rows.drain(..) {
            serde_json::to_writer(&mut *file, &row)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Passes all rows to `take`, at most [`MAX_ROWS`] at a time, and leaves the stage empty.
    pub(super) fn drain(
        &mut self,
        mut take: impl FnMut(Vec<Row>) -> Result<(), MirrorError>,
    ) -> Result<(), MirrorError> {
        if let Some(file) = self.file.take() {
            let mut file = file.into_inner().map_err(|error| failed(error.into_error()))?;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut lines = BufReader::with_capacity(256 << 10, file);
            let mut rows = Vec::with_capacity(MAX_ROWS);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).map_err(failed)? > 0 {
                rows.push(serde_json::from_slice(&line).map_err(|error| failed(error.into()))?);
                line.clear();
                if rows.len() == MAX_ROWS {
                    take(mem::replace(&mut rows, Vec::with_capacity(MAX_ROWS)))?;
                }
            }
            take(rows)?;
        }
        take(mem::take(&mut self.rows))
    }
}

fn failed(error: io::Error) -> MirrorError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            MirrorErrorKind::Full
        }
        _ => MirrorErrorKind::Database,
    };
    MirrorError::new(kind, format!("the temporary file for tickets failed: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the failure report of a test")]

    use super::*;
    use crate::row::Cell;

    #[test]
    fn rows_are_returned_in_the_order_in_which_they_were_added() {
        let folder = tempfile::tempdir().unwrap();
        for count in [0, 1, 999, 1_000, 1_001, 3_500] {
            let row = |id: i64| Row {
                id,
                cells: vec![
                    Cell::Null,
                    Cell::Integer(i64::MIN + id),
                    Cell::Text(format!("{id}\n\"\u{fffd}ü")),
                ],
                fingerprint: -id,
                had_nul: id % 2 == 0,
            };
            let rows: Vec<Row> = (0..count).map(row).collect();
            let mut stage = Stage::default();
            for page in rows.chunks(7) {
                stage.push(page.to_vec(), Some(folder.path())).unwrap();
                assert!(stage.rows.len() < MAX_ROWS);
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
            let mut found = Vec::new();
            stage
                .drain(|rows| {
                    assert!(rows.len() <= MAX_ROWS);
                    found.extend(rows);
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, rows);
        }
    }
}
