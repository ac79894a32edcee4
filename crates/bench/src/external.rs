//! Contenders in other languages: programs that measure themselves, by the rules that hold here.
//!
//! Such a program is run as `PROGRAM… TABLE BODY TICKETS SECONDS [ONLY…]`, where BODY is a file. Its contenders
//! take turns in one process, those whose name contains one of ONLY if any is given, and it prints their rows as
//! one JSON array of [`Row`].

use std::error::Error;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::corpus::Corpus;
use crate::options::Options;
use crate::table::{Row, Table};

/// A table that a program fills.
pub(crate) struct External {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The environment variables that say what to run: a program, and its first arguments. `cargo xtask bench`
    /// builds it and sets them.
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
            let body =
                std::env::temp_dir().join(format!("gettickets-bench-{}-{size}.json", std::process::id()));
            std::fs::write(&body, corpus.json(size))?;
            let mut command = Command::new(words.first().ok_or("no program")?);
            command.args(words.iter().skip(1)).arg(self.name).arg(&body).arg(size.to_string());
            command.arg(options.budget(size).as_secs_f64().to_string()).args(options.only());
            let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
            std::fs::remove_file(&body)?;
            let output = output?;
            if !output.status.success() {
                return Err(format!("the program of table {} failed: {}", self.name, output.status).into());
            }
            rows.extend(serde_json::from_slice::<Vec<Row>>(&output.stdout)?);
        }
        Ok(Table::new(self.name, self.title, self.references, rows))
    }

    fn words(&self) -> Result<Vec<OsString>, String> {
        let word = |name: &&str| {
            std::env::var_os(name).ok_or_else(|| {
                format!("table {} needs a program that `cargo xtask bench {}` builds", self.name, self.name)
            })
        };
        self.program.iter().map(word).collect()
    }
}
