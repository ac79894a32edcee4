//! JSON decoding in C: libgettickets, yyjson and simdjson On-Demand, every field of every ticket.
//!
//! The candidates are in one program in C and C++ (bindings/c/bench). They all extract the same 23 fields by hand, and
//! their results are compared. `cargo xtask bench` builds the program: the peers for this machine's processor, and
//! gettickets as it is installed.

use std::error::Error;

use crate::external::{Bodies, External};
use crate::options::Options;
use crate::table::{Cell, Layout, Line, Table};

const OURS: &str = "ours from C, body kept";
const YYJSON: &str = "yyjson";
const YYJSON_IN_PLACE: &str = "yyjson, in place";
const SIMDJSON: &str = "simdjson On-Demand";
const SIMDJSON_PADDED: &str = "simdjson On-Demand, padded and kept";
/// simdjson finds fields in the order of the documented format only, as its program is written.
const IN_ANY_ORDER: &[&str] = &["ours from C", YYJSON];

const LAYOUT: Layout = Layout {
    headings: &[
        "ns a ticket",
        "allocations",
        "x yyjson",
        "x yyjson, in place",
        "x simdjson On-Demand",
        "x the same, padded and kept",
    ],
    lines: &[Line {
        label: "",
        cells: &[
            Cell::NsPerTicket(OURS),
            Cell::Allocations(OURS),
            Cell::Ratio(YYJSON, OURS),
            Cell::Ratio(YYJSON_IN_PLACE, OURS),
            Cell::Ratio(SIMDJSON, OURS),
            Cell::Ratio(SIMDJSON_PADDED, OURS),
        ],
    }],
};

pub(crate) fn fill(options: &Options) -> Result<Table, Box<dyn Error>> {
    External {
        name: "decode-c",
        title: "JSON to every field of every ticket, from C",
        program: &["GETTICKETS_BENCH_C"],
        references: &[YYJSON, SIMDJSON],
        layout: &LAYOUT,
        bodies: Bodies::Shapes(IN_ANY_ORDER),
    }
    .fill(options)
}
