//! `cargo xtask docs`: the documentation site.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Program, Result, cargo, program, root, target};
use crate::tools;

const HELP: &str = "\
usage: cargo xtask docs [--pages | --book]

Builds the documentation site below target/docs/site: the pages of docs and those generated from the code with mdBook, and
beside them the references of Rust (rustdoc), C and C++ (Doxygen) and Python (pdoc). Fails if a link leads nowhere.

  --pages   only write the pages and check them, without mdBook
  --book    without the references of Rust, C and Python

docs/README.md describes how pages are written.";

/// Builds the program that writes the pages.
const BUILD: &str = "build --workspace --bin gettickets-site --locked --quiet";

/// What makes the reference of the Python package, pinned so that a change in it is noticed. Those after the first two are
/// in the types of its functions.
const PYTHON_PACKAGES: [&str; 6] = [
    "maturin==1.16.0",
    "pdoc==16.0.0",
    "typing_extensions==4.16.0",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
];

/// Crates whose documentation is of no use to users of gettickets.
const INTERNAL: [&str; 5] =
    ["gettickets-bench", "gettickets-c", "gettickets-faults", "gettickets-site", "xtask"];

pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => site(true),
        [only] if only == "--book" => site(false),
        [only] if only == "--pages" => pages(BUILD),
        [only] if only == "--help" || only == "-h" => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    }
}

/// The same in the test run, whose other steps have built the program with the features of all tests.
pub(crate) fn tested_pages() -> Result {
    pages("build --workspace --bins --tests --locked --quiet")
}

/// Writes the pages, without mdBook. Fails if one is incomplete or a link leads nowhere.
fn pages(build: &str) -> Result {
    cargo(build).run()?;
    generator("write").arg(home().join("src")).run()
}

/// Builds the site, with the references of the languages or without.
fn site(with_references: bool) -> Result {
    pages(BUILD)?;
    let home = home();
    for file in ["book.toml", "site.css"] {
        let from = root().join("docs").join(file);
        fs::copy(&from, home.join(file)).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    let site = home.join("site");
    program(tools::mdbook()?, "build").arg(&home).arg("--dest-dir").arg(&site).run()?;
    if !with_references {
        println!("{}", site.join("index.html").display());
        return Ok(());
    }
    rust(&site.join("api").join("rust"))?;
    c(&site.join("api").join("c"))?;
    python(&site.join("api").join("python"))?;
    generator("check").arg(&site).run()?;
    println!("{}", site.join("index.html").display());
    Ok(())
}

/// Where the site is built.
fn home() -> PathBuf {
    target().join("docs")
}

/// The program that writes and checks the pages, with a command.
fn generator(command: &str) -> Program {
    let binary =
        target().join("debug").join("gettickets-site").with_extension(std::env::consts::EXE_EXTENSION);
    program(binary, command)
}

/// The reference of the crates.
fn rust(destination: &Path) -> Result {
    let built = target().join("doc");
    // Pages of crates and items that are gone would remain.
    let _ = fs::remove_dir_all(&built);
    INTERNAL
        .iter()
        .fold(cargo("doc --workspace --no-deps --locked --quiet"), |doc, name| doc.arg("--exclude").arg(name))
        .run()?;
    copy(&built, destination)
}

/// The reference of the C and C++ headers.
fn c(destination: &Path) -> Result {
    tools::doxygen()?;
    let _ = fs::remove_dir_all(destination);
    fs::create_dir_all(destination).map_err(|error| format!("{}: {error}", destination.display()))?;
    let settings = [
        ("PROJECT_NAME", "libgettickets".to_owned()),
        ("PROJECT_NUMBER", env!("CARGO_PKG_VERSION").to_owned()),
        ("INPUT", root().join("bindings").join("c").join("include").display().to_string()),
        ("FILE_PATTERNS", "*.h *.hpp".to_owned()),
        ("RECURSIVE", "YES".to_owned()),
        ("STRIP_FROM_PATH", root().join("bindings").join("c").join("include").display().to_string()),
        ("OUTPUT_DIRECTORY", destination.display().to_string()),
        ("HTML_OUTPUT", ".".to_owned()),
        ("GENERATE_LATEX", "NO".to_owned()),
        ("EXTRACT_ALL", "YES".to_owned()),
        ("JAVADOC_AUTOBRIEF", "YES".to_owned()),
        ("OPTIMIZE_OUTPUT_FOR_C", "YES".to_owned()),
        ("MACRO_EXPANSION", "YES".to_owned()),
        ("PREDEFINED", "__cplusplus=201703L".to_owned()),
        ("MAX_INITIALIZER_LINES", "0".to_owned()),
        // Graphs of inclusion need another program and show nothing of interest.
        ("HAVE_DOT", "NO".to_owned()),
        ("INCLUDE_GRAPH", "NO".to_owned()),
        ("INCLUDED_BY_GRAPH", "NO".to_owned()),
        ("DIRECTORY_GRAPH", "NO".to_owned()),
        ("CLASS_GRAPH", "NO".to_owned()),
        ("QUIET", "YES".to_owned()),
        ("WARNINGS", "NO".to_owned()),
    ];
    let text: String = settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    let file = home().join("Doxyfile");
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    program("doxygen", "").arg(&file).run()
}

/// The reference of the Python package, from its own docstrings.
fn python(destination: &Path) -> Result {
    let python = tools::python_with("docs-python", &PYTHON_PACKAGES)?;
    let wheel = crate::test::wheel(&python)?;
    tools::install_wheel(&python, &wheel)?;
    let _ = fs::remove_dir_all(destination);
    program(&python, "-m pdoc --docformat restructuredtext --output-directory")
        .arg(destination)
        .arg("gettickets")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()
}

/// Copies a directory, in place of what is there.
fn copy(from: &Path, to: &Path) -> Result {
    let _ = fs::remove_dir_all(to);
    copy_into(from, to).map_err(|error| format!("{} could not be copied: {error}", from.display()))
}

fn copy_into(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_into(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
