//! [`StateFile`]: the state of a watch in a file, so that the next run continues without missing an event.
//!
//! The file is NDJSON: a header line, a line for each ticket, and a line for each event that is not delivered. It is
//! written after the events of a poll were delivered: if a run is killed in between, the next run delivers them again,
//! with the same ids.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::event::Record;
use super::known::{Known, Mark};
use crate::exit::{Failure, Outcome};
use crate::files::{self, Destination, Existing};

/// The version of this file format.
const FORMAT_NUMBER: u32 = 1;
/// The maximum length of a line, in bytes. A ticket has some hundreds.
const MAX_LINE: u64 = 64 << 20;
/// The maximum number of polls. No watch has as many, and counting on does not overflow.
const MAX_POLLS: u64 = u64::MAX / 4;

/// The header line.
#[derive(Serialize, Deserialize)]
struct Head {
    gettickets_watch: u32,
    server: String,
    request: String,
    full: bool,
    mark: Mark,
    /// The number of lines with tickets, and of lines with events after them.
    tickets: usize,
    events: usize,
}

/// The server and request of a watch. With the state of a different watch, every ticket would be an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) server: String,
    pub(super) request: String,
    pub(super) full: bool,
}

/// The state file of a run. No other run can use it at the same time.
pub(super) struct StateFile {
    path: PathBuf,
    watched: Watched,
    _lock: File,
}

/// The state of an earlier run: the tickets that it knew, and the events that were not delivered.
pub(super) type Saved = (Known, Vec<Record>);

impl StateFile {
    /// Opens the file. Returns its state, if it has one.
    pub(super) fn open(path: &Path, watched: Watched) -> Outcome<(StateFile, Option<Saved>)> {
        let failed = |error: io::Error| Failure::of_file(path, &error);
        let Destination::File(path) = files::destination(path).map_err(failed)? else {
            return Err(Failure::usage(format!("{} is not a regular file", path.display()))
                .hint("Use a separate file for the state"));
        };
        let lock = lock(&files::with_ending(&path, ".lock"))?;
        files::remove_leftovers(&path);
        let state = match files::open_own(&path).map_err(failed)? {
            None => None,
            Some(file) => Some(read(file, &watched).map_err(|failure| failure.at(path.display()))?),
        };
        Ok((StateFile { path, watched, _lock: lock }, state))
    }

    /// Replaces the state atomically.
    pub(super) fn write<'r>(
        &self,
        known: &Known,
        pending: impl ExactSizeIterator<Item = &'r Record>,
    ) -> Outcome {
        self.try_write(known, pending).map_err(|error| Failure::of_file(&self.path, &error))
    }

    fn try_write<'r>(
        &self,
        known: &Known,
        pending: impl ExactSizeIterator<Item = &'r Record>,
    ) -> io::Result<()> {
        let mut file = files::temporary(&self.path)?;
        let mut out = BufWriter::new(file.as_file_mut());
        write_to(&mut out, &self.watched, known, pending)?;
        out.flush()?;
        drop(out);
        files::put_temporary(file, &self.path, Existing::Replace)
    }
}

fn write_to<'r>(
    out: &mut impl Write,
    watched: &Watched,
    known: &Known,
    pending: impl ExactSizeIterator<Item = &'r Record>,
) -> io::Result<()> {
    let Watched { server, request, full } = watched.clone();
    let tickets = known.tickets();
    let head = Head {
        gettickets_watch: FORMAT_NUMBER,
        server,
        request,
        full,
        mark: known.mark(),
        tickets: tickets.len(),
        events: pending.len(),
    };
    writeln!(out, "{}", serde_json::to_string(&head)?)?;
    for ticket in tickets {
        writeln!(out, "{ticket}")?;
    }
    for record in pending {
        writeln!(out, "{}", record.json())?;
    }
    Ok(())
}

fn lock(path: &Path) -> Outcome<File> {
    let failed = |error: io::Error| Failure::of_file(path, &error);
    let file = match files::open_own(path).map_err(failed)? {
        Some(file) => file,
        None => match files::create_own(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                files::open_own(path).map_err(failed)?.ok_or_else(|| failed(error))?
            }
            created => created.map_err(failed)?,
        },
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::usage("another watch is using this state file")
            .hint("Use a separate state file for each watch")),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Parses the state of a watch of `https://a/` and serializes it again.
#[cfg(feature = "fuzzing")]
pub(crate) fn rewritten(text: &[u8]) -> Outcome<Vec<u8>> {
    let watched = Watched { server: "https://a/".to_owned(), request: String::new(), full: true };
    let (known, pending) = read(text, &watched)?;
    let mut out = Vec::new();
    write_to(&mut out, &watched, &known, pending.iter()).map_err(Failure::usage)?;
    Ok(out)
}

fn read(file: impl Read, watched: &Watched) -> Outcome<(Known, Vec<Record>)> {
    let begin_anew = "Remove the file to start again, or use another one";
    let damaged =
        |why: String| Failure::usage(format!("this is not a state of a watch: {why}")).hint(begin_anew);
    let mut lines = Lines(BufReader::new(file));
    let head =
        lines.next().unwrap_or_else(|| Ok(String::new())).map_err(|error| damaged(error.to_string()))?;
    let head: Head = serde_json::from_str(&head).map_err(|error| damaged(error.to_string()))?;
    if head.gettickets_watch != FORMAT_NUMBER {
        return Err(Failure::usage("another version of gettickets wrote this state").hint(begin_anew));
    }
    let stored = Watched { server: head.server, request: head.request, full: head.full };
    if stored != *watched {
        let differs = [
            ("server", &stored.server, &watched.server),
            ("request", &stored.request, &watched.request),
            ("--full", &stored.full.to_string(), &watched.full.to_string()),
        ];
        let what = differs.into_iter().find(|(_, was, is)| was != is);
        let what =
            what.map_or(String::new(), |(name, was, is)| format!(": its {name} is {was:?}, not {is:?}"));
        return Err(Failure::usage(format!("this is the state of another watch{what}"))
            .hint("Use a separate state file for each watch"));
    }
    if head.mark.polls > MAX_POLLS {
        return Err(damaged(format!("it counts {} polls", head.mark.polls)));
    }
    // Memory is allocated for the lines that exist, not for the numbers in the header.
    let mut tickets = Vec::new();
    let mut events = Vec::new();
    for line in lines {
        let line = line.map_err(|error| damaged(error.to_string()))?;
        if tickets.len() < head.tickets {
            let ticket: gettickets::Ticket =
                serde_json::from_str(&line).map_err(|error| damaged(error.to_string()))?;
            tickets.push((ticket.id, ticket.lastreply, line.into_boxed_str()));
        } else {
            events.push(serde_json::from_str(&line).map_err(|error| damaged(error.to_string()))?);
        }
    }
    if (tickets.len(), events.len()) != (head.tickets, head.events) {
        return Err(damaged("its end is missing".to_owned()));
    }
    Ok((Known::restore(head.mark, tickets.into_iter()), events))
}

/// Reads lines of bounded length.
struct Lines<R>(R);

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        let mut line = String::new();
        match self.0.by_ref().take(MAX_LINE).read_line(&mut line) {
            Ok(0) => None,
            Ok(_) if !line.ends_with('\n') => Some(Err(io::Error::other("the last line is incomplete"))),
            Ok(_) => {
                line.truncate(line.len() - 1);
                Some(Ok(line))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::watch::known::{Event, EventKind};
    use gettickets::{Ticket, Tickets, Version};
    use jiff::Timestamp;
    use jiff::civil::datetime;
    use std::fs;

    fn watched() -> Watched {
        Watched { server: "https://a/".into(), request: "status=Open".into(), full: true }
    }

    fn known(count: u64) -> Known {
        let mut known = Known::default();
        known.begin();
        let tickets: Vec<Ticket> = (1..=count)
            .map(|id| Ticket {
                id,
                subject: "line\nbreak".into(),
                lastreply: Some(datetime(2026, 7, 1, 12, 0, 0, 0)),
                ..Ticket::default()
            })
            .collect();
        Tickets::new(&tickets, Version::V8_0).iter().for_each(|ticket| known.remember(&ticket));
        known.end_full();
        known
    }

    fn record() -> Record {
        let event = Event {
            kind: EventKind::Gone,
            id: 9,
            tid: "T9".into(),
            changes: vec![],
            ticket: serde_json::json!({}),
        };
        Record::new(event, 1, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_state_round_trips() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let (file, state) = StateFile::open(&path, watched()).unwrap();
        assert!(state.is_none());
        let known = known(30);
        file.write(&known, [record()].iter()).unwrap();
        file.write(&known, [record()].iter()).unwrap();
        drop(file);
        let (_, state) = StateFile::open(&path, watched()).unwrap();
        let (restored, pending) = state.unwrap();
        assert_eq!((restored.mark(), restored.tickets().len()), (known.mark(), 30));
        assert_eq!(pending, [record()]);
        assert!(!fs::read_to_string(&path).unwrap().contains("\"c\":"), "no access key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_state_in_use_or_of_another_watch_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let (file, _) = StateFile::open(&path, watched()).unwrap();
        let second = StateFile::open(&path, watched()).err().unwrap();
        assert!(second.what.contains("another watch is using this state file"), "{}", second.what);
        file.write(&known(1), [].iter()).unwrap();
        drop(file);
        let other = Watched { request: "status=Closed".into(), ..watched() };
        let refused = StateFile::open(&path, other).err().unwrap();
        assert!(
            refused.what.ends_with("its request is \"status=Open\", not \"status=Closed\""),
            "{}",
            refused.what
        );
    }

    #[test]
    fn a_truncated_state_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let (file, _) = StateFile::open(&path, watched()).unwrap();
        file.write(&known(2), [record()].iter()).unwrap();
        drop(file);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let failure = StateFile::open(&path, watched()).err().unwrap();
            assert!(failure.what.contains("this is not a state of a watch"), "{end}: {}", failure.what);
        }
    }
}
