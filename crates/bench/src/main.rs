//! Compares gettickets with its peers: `cargo xtask bench`.
//!
//! The candidates of a table take turns in one run, so that a slow phase of the machine affects all of them. Quote
//! ratios; absolute times depend on the machine.

mod allocations;
mod c_peers;
mod corpus;
mod external;
mod figures;
mod instructions;
mod json_peers;
mod measure;
mod numbers;
mod options;
mod python_peers;
mod scan;
mod start;
mod table;
mod warehouse;
mod xml_peers;

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use crate::figures::Figures;
use crate::options::Options;
use crate::table::Table;

/// How to fill a table.
enum Fill {
    Times(fn(&Options) -> Result<Table, Box<dyn Error>>),
    Figures(fn(&Options) -> Result<Figures, Box<dyn Error>>),
    Instructions(fn(&Options) -> Result<instructions::Report, Box<dyn Error>>),
    Scan(fn(&Options) -> Result<scan::Report, Box<dyn Error>>),
    Warehouse(fn(&Options) -> Result<warehouse::Report, Box<dyn Error>>),
}

/// The result of a table.
#[derive(Serialize)]
#[serde(untagged)]
enum Filled {
    Times(Table),
    Figures(Figures),
    Instructions(instructions::Report),
    Scan(scan::Report),
    Warehouse(warehouse::Report),
}

/// Every table. To add one, add a module and a line here. Candidates in another language are separate programs
/// ([`external::External`]).
const TABLES: &[(&str, Fill)] = &[
    ("scan", Fill::Scan(scan::fill)),
    ("start", Fill::Scan(start::fill)),
    ("mirror", Fill::Warehouse(warehouse::fill_mirror)),
    ("fleet", Fill::Warehouse(warehouse::fill_fleet)),
    ("lake", Fill::Warehouse(warehouse::fill_lake)),
    ("decode", Fill::Times(json_peers::fill)),
    ("decode-xml", Fill::Times(xml_peers::fill)),
    ("decode-c", Fill::Times(c_peers::fill)),
    ("python", Fill::Times(python_peers::fill_decode)),
    ("python-xml", Fill::Times(python_peers::fill_xml)),
    ("python-frames", Fill::Times(python_peers::fill_frames)),
    ("python-footprint", Fill::Figures(python_peers::weigh)),
    ("instructions", Fill::Instructions(instructions::fill)),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let helpers = [scan::helper, warehouse::helper, instructions::helper];
    if let Some(outcome) = helpers.iter().find_map(|helper| helper(&args)) {
        return outcome;
    }
    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    let Some(options) = Options::parse(args, &names)? else {
        println!("{}", options::help(&names));
        return Ok(());
    };
    if cfg!(debug_assertions) {
        eprintln!("warning: this is a debug build; its numbers mean nothing (use `cargo xtask bench`)");
    }
    let mut tables = Vec::new();
    for (name, fill) in TABLES {
        if options.wants_table(name) {
            let table = match fill {
                Fill::Times(fill) => Filled::Times(fill(&options)?),
                Fill::Figures(fill) => Filled::Figures(fill(&options)?),
                Fill::Instructions(fill) => Filled::Instructions(fill(&options)?),
                Fill::Scan(fill) => Filled::Scan(fill(&options)?),
                Fill::Warehouse(fill) => Filled::Warehouse(fill(&options)?),
            };
            match &table {
                _ if options.json => {}
                Filled::Times(table) if options.markdown => println!("{}", table.to_markdown()),
                Filled::Figures(figures) if options.markdown => println!("{}", figures.to_markdown()),
                table => println!("{table}"),
            }
            tables.push(table);
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&table::document(&tables))?);
    }
    Ok(())
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filled::Times(table) => table.fmt(f),
            Filled::Figures(figures) => figures.fmt(f),
            Filled::Instructions(report) => report.fmt(f),
            Filled::Scan(report) => report.fmt(f),
            Filled::Warehouse(report) => report.fmt(f),
        }
    }
}
