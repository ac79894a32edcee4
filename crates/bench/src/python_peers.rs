//! Python: ours beside msgspec, orjson, pydantic and the standard library, and on to data frames. The contenders
//! are in `bindings/python/bench`.

use std::error::Error;

use crate::external::External;
use crate::options::Options;
use crate::table::Table;

/// The interpreter that has the packages, and the folder of the contenders.
const PROGRAM: &[&str] = &["GETTICKETS_BENCH_PYTHON", "GETTICKETS_BENCH_PYTHON_FOLDER"];

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
