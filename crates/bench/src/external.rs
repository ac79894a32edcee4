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

use crate::corpus::{Corpus, Shape};
use crate::options::Options;
use crate::table::{Layout, Row, Table};

/// A table that a program fills.
pub(crate) struct External {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The environment variables with the program to run and its first arguments. `cargo xtask bench` builds it
    /// and sets them.
    pub(crate) program: &'static [&'static str],
    pub(crate) references: &'static [&'static str],
    pub(crate) layout: &'static Layout,
    pub(crate) bodies: Bodies,
}

/// The bodies that a program decodes.
#[derive(Clone, Copy)]
pub(crate) enum Bodies {
    /// JSON, as documented.
    Json,
    /// JSON of every shape. For bodies that deviate, only candidates whose name contains one of these texts are
    /// measured. An empty list means every candidate.
    Shapes(&'static [&'static str]),
    /// XML of every shape.
    Xml,
}

impl Bodies {
    fn shapes(self, tickets: usize) -> Vec<Shape> {
        match self {
            Bodies::Shapes(_) | Bodies::Xml => Shape::of_size(tickets).collect(),
            Bodies::Json => vec![Shape::Documented],
        }
    }

    fn text(self, corpus: &Corpus, tickets: usize, shape: Shape) -> Result<String, Box<dyn Error>> {
        if matches!(self, Bodies::Xml) { corpus.xml(tickets, shape) } else { corpus.shaped(tickets, shape) }
    }

    /// The names to pass to the program.
    fn only(self, shape: Shape, options: &Options) -> Vec<String> {
        match self {
            Bodies::Shapes(names) if shape != Shape::Documented && options.only().is_empty() => {
                names.iter().map(|name| (*name).to_owned()).collect()
            }
            _ => options.only().to_vec(),
        }
    }
}

impl External {
    /// Runs the program for each body.
    pub(crate) fn fill(&self, options: &Options) -> Result<Table, Box<dyn Error>> {
        let words = self.words()?;
        let corpus = Corpus::new(options.sizes());
        let mut rows = Vec::new();
        for &size in options.sizes() {
            for shape in self.bodies.shapes(size) {
                let body = BodyFile::new(&self.bodies.text(&corpus, size, shape)?, size)?;
                let mut command = Command::new(words.first().ok_or("no program")?);
                command.args(words.iter().skip(1)).arg(self.name).arg(&body.path).arg(size.to_string());
                command.arg(options.budget(size).as_secs_f64().to_string());
                command.args(self.bodies.only(shape, options));
                let measured = output_of::<Row>(command, self.name)?;
                rows.extend(measured.into_iter().map(|row| Row { shape, ..row }));
            }
        }
        Ok(Table::new(self.name, self.title, self.references, self.layout, rows))
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
    pub(crate) fn new(body: &str, tickets: usize) -> io::Result<BodyFile> {
        let path =
            std::env::temp_dir().join(format!("gettickets-bench-{}-{tickets}.body", std::process::id()));
        std::fs::write(&path, body)?;
        Ok(BodyFile { path })
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
