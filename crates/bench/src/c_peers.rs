//! JSON decoding in C: libgettickets, yyjson and simdjson On-Demand, every field of every ticket.
//!
//! The candidates are in one program in C and C++ (bindings/c/bench). They all extract the same 23 fields by hand, and
//! their results are compared. `cargo xtask bench` builds the program: the peers for this machine's processor, and
//! gettickets as it is installed.

use std::error::Error;

use crate::external::External;
use crate::options::Options;
use crate::table::Table;

pub(crate) fn fill(options: &Options) -> Result<Table, Box<dyn Error>> {
    External {
        name: "decode-c",
        title: "JSON to every field of every ticket, from C",
        program: &["GETTICKETS_BENCH_C"],
        references: &["yyjson", "simdjson On-Demand"],
    }
    .fill(options)
}
