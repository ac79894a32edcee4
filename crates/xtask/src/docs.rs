//! `cargo xtask docs`: builds the documentation site.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Program, Result, cargo, program, root, target};
use crate::{files, tools};

const HELP: &str = "\
usage: cargo xtask docs [--pages | --book]

Builds the documentation site below target/docs/site: builds the pages of docs and the generated pages with mdBook,
and adds the API references of Rust (rustdoc), C and C++ (Doxygen) and Python (pdoc). Fails if a link has no target.

  --pages   only write the pages and check them, without mdBook
  --book    without the references of Rust, C and Python

docs/README.md describes how pages are written.";

/// Builds the program that writes the pages.
const BUILD: &str = "build --workspace --bin gettickets-site --locked --quiet";

/// The packages that generate the API reference of the Python package, with pinned versions. All but the first two are
/// needed for the types in its signatures.
const PYTHON_PACKAGES: [&str; 6] = [
    "maturin==1.16.0",
    "pdoc==16.0.0",
    "typing_extensions==4.16.0",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
];

/// Crates that users of gettickets do not need, and which are left out of the reference.
const INTERNAL: [&str; 7] = [
    "gettickets-bench",
    "gettickets-c",
    "gettickets-faults",
    "gettickets-models",
    "gettickets-mutants",
    "gettickets-site",
    "xtask",
];

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

/// Like [`pages`], for the test run. Builds with the same features as its other steps, so that nothing is compiled
/// twice.
pub(crate) fn tested_pages() -> Result {
    pages("build --workspace --bins --tests --locked --quiet")
}

/// Writes the pages, without mdBook. Fails if a page is incomplete or a link has no target.
fn pages(build: &str) -> Result {
    cargo(build).run()?;
    generator("write").arg(home().join("src")).run()
}

/// Builds the site, with or without the API references.
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

/// The directory of the site.
fn home() -> PathBuf {
    target().join("docs")
}

/// Returns a command of the program that writes and checks the pages.
fn generator(command: &str) -> Program {
    let binary =
        target().join("debug").join("gettickets-site").with_extension(std::env::consts::EXE_EXTENSION);
    program(binary, command)
}

/// Builds the API reference of the crates.
fn rust(destination: &Path) -> Result {
    let built = target().join("doc");
    // Removes the pages of crates and items that no longer exist.
    let _ = fs::remove_dir_all(&built);
    INTERNAL
        .iter()
        .fold(cargo("doc --workspace --no-deps --locked --quiet"), |doc, name| doc.arg("--exclude").arg(name))
        .run()?;
    copy(&built, destination)
}

/// Builds the API reference of the C and C++ headers.
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
        // Include graphs need another program and are not useful here.
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
    files::write(&file, text)?;
    program("doxygen", "").arg(&file).run()
}

/// Builds the API reference of the Python package from its docstrings.
fn python(destination: &Path) -> Result {
    let python = tools::python_with("docs-python", &PYTHON_PACKAGES)?;
    let wheel = crate::test::wheel(&python)?;
    tools::install_wheel(&python, &wheel)?;
    let _ = fs::remove_dir_all(destination);
    // Modules import types only for type checkers, so that they are imported quickly; pdoc shows the annotation as it is
    // written and warns.
    program(&python, "-W")
        .arg("ignore:Error parsing type annotation")
        .args("-m pdoc --docformat restructuredtext --output-directory")
        .arg(destination)
        .arg("gettickets")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()
}

/// Replaces a directory by a copy of another one.
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
