//! Python: gettickets, msgspec, orjson, pydantic and the standard library, data frames, and the size and memory of the
//! package. The candidates are in `bindings/python/bench`.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::corpus::Corpus;
use crate::external::{self, BodyFile, External};
use crate::figures::{Figure, Figures};
use crate::options::Options;
use crate::table::Table;

/// The interpreter that has the packages, and the folder of the candidates.
const PROGRAM: &[&str] = &[PYTHON, FOLDER];
pub(crate) const PYTHON: &str = "GETTICKETS_BENCH_PYTHON";
pub(crate) const FOLDER: &str = "GETTICKETS_BENCH_PYTHON_FOLDER";
/// The package that is installed there, built like a release.
const WHEEL: &str = "GETTICKETS_BENCH_WHEEL";

pub(crate) fn fill_decode(options: &Options) -> Result<Table, Box<dyn Error>> {
    let references = &["msgspec", "msgspec, then 7 fields", "msgspec, then all fields"];
    External { name: "python", title: "Python: JSON to typed tickets", program: PROGRAM, references }
        .fill(options)
}

pub(crate) fn fill_frames(options: &Options) -> Result<Table, Box<dyn Error>> {
    let references = &["orjson, polars", "orjson, pyarrow", "orjson, pandas"];
    External { name: "python-frames", title: "Python: JSON to a data frame", program: PROGRAM, references }
        .fill(options)
}

/// Measures memory, import time, and sizes of files.
pub(crate) fn weigh(options: &Options) -> Result<Figures, Box<dyn Error>> {
    let name = "python-footprint";
    let corpus = Corpus::new(options.sizes());
    let bodies: Result<Vec<_>, _> =
        options.sizes().iter().map(|&size| BodyFile::new(&corpus, size)).collect();
    let bodies = bodies?;
    let mut command = Command::new(external::word(PYTHON, name)?);
    command.arg(Path::new(&external::word(FOLDER, name)?).join("footprint.py"));
    command.arg(external::word(WHEEL, name)?);
    for (body, size) in bodies.iter().zip(options.sizes()) {
        command.arg(&body.path).arg(size.to_string());
    }
    let rows = external::output_of::<Figure>(command, name)?;
    Ok(Figures { name, title: "Python: memory and size", rows })
}
