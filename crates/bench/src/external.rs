//! Candidates in other languages: programs that measure themselves, by the rules of this crate.
//!
//! Such a program is run as `PROGRAM… TABLE BODY TICKETS SECONDS [ONLY…]`, where BODY is a file. Its candidates take
//! turns in one process; with ONLY, only those whose name contains one of the texts. It prints their rows as one JSON
//! array of [`Row`].

use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;

use crate::corpus::Corpus;
use crate::options::Options;
use crate::table::{Row, Table};

/// A table that a program fills.
pub(crate) struct External {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The environment variables with the program to run and its first arguments. `cargo xtask bench` builds it
    /// and sets them.
    pub(crate) program: &'static [&'static str],
    pub(crate) references: &'static [&'static str],
}

impl External {
    /// Runs the program for each size.
    pub(crate) fn fill(&self, options: &Options) -> Result<Table, Box<dyn Error>> {
        let words = self.words()?;
        let corpus = Corpus::new(options.sizes());
        let mut rows = Vec::new();
        for &size in options.sizes() {
            let body = BodyFile::new(&corpus, size)?;
            let mut command = Command::new(words.first().ok_or("no program")?);
            command.args(words.iter().skip(1)).arg(self.name).arg(&body.path).arg(size.to_string());
            command.arg(options.budget(size).as_secs_f64().to_string()).args(options.only());
            rows.extend(output_of::<Row>(command, self.name)?);
        }
        Ok(Table::new(self.name, self.title, self.references, rows))
    }

    fn words(&self) -> Result<Vec<OsString>, String> {
        self.program.iter().map(|name| word(name, self.name)).collect()
    }
}

/// Returns an environment variable that `cargo xtask bench` sets for this table.
pub(crate) fn word(name: &str, table: &str) -> Result<OsString, String> {
    std::env::var_os(name).ok_or_else(|| {
        format!("{name} is not set; run `cargo xtask bench {table}`, which builds what the table needs")
    })
}

/// Runs a program and returns what it prints: one JSON array.
pub(crate) fn output_of<T: DeserializeOwned>(
    mut command: Command,
    table: &str,
) -> Result<Vec<T>, Box<dyn Error>> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("the program of table {table} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A file with a reply, which is deleted when this is dropped.
pub(crate) struct BodyFile {
    pub(crate) path: PathBuf,
}

impl BodyFile {
    pub(crate) fn new(corpus: &Corpus, tickets: usize) -> io::Result<BodyFile> {
        let path =
            std::env::temp_dir().join(format!("gettickets-bench-{}-{tickets}.json", std::process::id()));
        std::fs::write(&path, corpus.json(tickets))?;
        Ok(BodyFile { path })
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
