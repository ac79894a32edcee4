//! Tests the modules for Spark and dlt, and the recipes for lakes and data frames.

use crate::process::{Result, program, root};
use crate::tools;

/// The packages that the tests and the recipes need, pinned so that changes in them are noticed.
const PACKAGES: [&str; 10] = [
    "maturin==1.16.0",
    "pytest==9.2.0",
    // Daft does not work with a newer version.
    "pyarrow==25.0.1",
    "pyspark==4.3.0",
    "dlt==1.31.0",
    "duckdb==2.0.1",
    "polars==2.1.0",
    "deltalake==1.6.6",
    "pyiceberg[sql-sqlite]==0.12.0",
    "daft==0.7.26",
];

/// DuckDB with its extension for SQLite, which is on PyPI for this version; others download it from elsewhere.
const DUCKDB_SQLITE: [&str; 2] = ["duckdb==1.5.5", "duckdb-extension-sqlite-scanner==1.5.5"];

const TESTS: [&str; 3] = ["tests/test_spark.py", "tests/test_dlt.py", "tests/test_recipes.py"];

pub(super) fn run() -> Result {
    tools::java()?;
    let python = tools::python_with("engines", &PACKAGES)?;
    let duckdb = tools::python_with("duckdb-sqlite", &DUCKDB_SQLITE)?;
    let wheel = super::python::wheel(&python)?;
    tools::install_wheel(&python, &wheel)?;
    let home = root().join("bindings").join("python");
    TESTS
        .iter()
        .fold(program(&python, "-m pytest --quiet"), |pytest, file| pytest.arg(file))
        .directory(&home)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("GETTICKETS_DUCKDB_SQLITE", duckdb)
        // A missing library fails the step instead of skipping its tests.
        .env("GETTICKETS_ENGINES", "1")
        .run()
}
