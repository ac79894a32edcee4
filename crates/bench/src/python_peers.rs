//! Python: gettickets, msgspec, orjson, pydantic and the standard library, data frames, and the size and memory of the
//! package. The candidates are in `bindings/python/bench`.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::corpus::Corpus;
use crate::external::{self, Bodies, BodyFile, External};
use crate::figures::{Figure, Figures};
use crate::options::Options;
use crate::table::{Cell, Layout, Line, Table};

/// The interpreter that has the packages, and the folder of the candidates.
const PROGRAM: &[&str] = &[PYTHON, FOLDER];
pub(crate) const PYTHON: &str = "GETTICKETS_BENCH_PYTHON";
pub(crate) const FOLDER: &str = "GETTICKETS_BENCH_PYTHON_FOLDER";
/// The package that is installed there, built like a release.
const WHEEL: &str = "GETTICKETS_BENCH_WHEEL";

const DECODE: Layout = Layout {
    headings: &[
        "ns a ticket",
        "x msgspec",
        "x msgspec, collector off",
        "then 7 fields of each, x msgspec",
        "then all 23 of each, x msgspec",
        "x orjson, dicts",
        "x pydantic",
        "x json, dicts",
    ],
    lines: &[Line {
        label: "",
        cells: &[
            Cell::NsPerTicket("ours"),
            Cell::Ratio("msgspec", "ours"),
            Cell::Ratio("msgspec, collector off", "ours"),
            Cell::Ratio("msgspec, then 7 fields", "ours, then 7 fields"),
            Cell::Ratio("msgspec, then all fields", "ours, then all fields"),
            Cell::Ratio("orjson, dicts", "ours"),
            Cell::Ratio("pydantic", "ours"),
            Cell::Ratio("json, dicts", "ours"),
        ],
    }],
};

const XML: Layout = Layout {
    headings: &["ns a ticket", "x lxml, dicts", "x xml.etree, dicts", "then all 23 of each, x lxml"],
    lines: &[Line {
        label: "",
        cells: &[
            Cell::NsPerTicket("ours"),
            Cell::Ratio("lxml, dicts", "ours"),
            Cell::Ratio("xml.etree, dicts", "ours"),
            Cell::Ratio("lxml, dicts", "ours, then all fields"),
        ],
    }],
};

/// A row for each library: gettickets, the library's own part of it, and the peers.
const FRAMES: Layout = Layout {
    headings: &[
        "gettickets, µs",
        "of it the library itself, µs",
        "x orjson and the library",
        "x the same, columns typed",
    ],
    lines: &[
        Line {
            label: "polars",
            cells: &[
                Cell::Micros("ours, polars"),
                Cell::Micros("polars alone, ready columns"),
                Cell::Ratio("orjson, polars", "ours, polars"),
                Cell::Ratio("orjson, polars, columns typed", "ours, polars"),
            ],
        },
        Line {
            label: "pyarrow",
            cells: &[
                Cell::Micros("ours, pyarrow"),
                Cell::Micros("pyarrow alone, ready columns"),
                Cell::Ratio("orjson, pyarrow", "ours, pyarrow"),
                Cell::Ratio("orjson, pyarrow, columns typed", "ours, pyarrow"),
            ],
        },
        Line {
            label: "pandas",
            cells: &[
                Cell::Micros("ours, pandas"),
                Cell::Micros("pandas alone, ready columns"),
                Cell::Ratio("orjson, pandas", "ours, pandas"),
                Cell::Ratio("orjson, pandas, columns typed", "ours, pandas"),
            ],
        },
    ],
};

pub(crate) fn fill_decode(options: &Options) -> Result<Table, Box<dyn Error>> {
    External {
        name: "python",
        title: "Python: JSON to typed tickets",
        program: PROGRAM,
        references: &["msgspec", "msgspec, then 7 fields", "msgspec, then all fields"],
        layout: &DECODE,
        bodies: Bodies::Shapes(&[]),
    }
    .fill(options)
}

pub(crate) fn fill_xml(options: &Options) -> Result<Table, Box<dyn Error>> {
    External {
        name: "python-xml",
        title: "Python: XML to typed tickets",
        program: PROGRAM,
        references: &["lxml, dicts"],
        layout: &XML,
        bodies: Bodies::Xml,
    }
    .fill(options)
}

pub(crate) fn fill_frames(options: &Options) -> Result<Table, Box<dyn Error>> {
    External {
        name: "python-frames",
        title: "Python: JSON to a data frame",
        program: PROGRAM,
        references: &["orjson, polars", "orjson, pyarrow", "orjson, pandas"],
        layout: &FRAMES,
        bodies: Bodies::Json,
    }
    .fill(options)
}

/// Measures memory, import time, and sizes of files.
pub(crate) fn weigh(options: &Options) -> Result<Figures, Box<dyn Error>> {
    let name = "python-footprint";
    let corpus = Corpus::new(options.sizes());
    let bodies: Result<Vec<_>, _> =
        options.sizes().iter().map(|&size| BodyFile::new(&corpus.json(size), size)).collect();
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
