//! `cargo xtask bench`: builds the bench crate like a release, and the programs in other languages that it needs, and
//! runs it with the given arguments.

use std::path::{Path, PathBuf};

use crate::c::peers;
use crate::process::{Program, Result, cargo, program, root, target};
use crate::tools;

/// The Python peers. Their versions are pinned, because the published measurements refer to them.
const PYTHON_PACKAGES: [&str; 10] = [
    "maturin==1.16.0",
    "msgspec==0.22.0",
    "orjson==3.13.0",
    "pydantic==2.14.4",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
    "httpx==0.28.1",
    "requests==2.34.2",
    "whmcspy==0.3.0",
];

/// Every table. Its name determines which programs it needs.
const TABLES: [&str; 10] = [
    "scan",
    "mirror",
    "fleet",
    "lake",
    "decode",
    "decode-xml",
    "decode-c",
    "python",
    "python-frames",
    "python-footprint",
];
/// The tables that measure the command line.
const OF_THE_COMMAND_LINE: [&str; 4] = ["scan", "mirror", "fleet", "lake"];

/// Compares the ratios with those in BENCHMARKS.md, and fails if one is smaller by more than [`TOLERANCE`].
const COMPARE: &str = "--compare";
const TOLERANCE: f64 = 0.1;
/// Replaces the tables in BENCHMARKS.md with the results.
const WRITE: &str = "--write";
const FILE: &str = "BENCHMARKS.md";
/// The tables that are written together, and the line of BENCHMARKS.md that precedes them.
const WRITTEN: [(&[&str], &str); 2] = [
    (&["scan"], "<!-- written by `cargo xtask bench scan --million --write` -->"),
    (
        &["mirror", "fleet", "lake"],
        "<!-- written by `cargo xtask bench mirror fleet lake --million --write` -->",
    ),
];
const END: &str = "<!-- end of what is written -->";

pub(crate) fn run(args: &[String]) -> Result {
    let mut bench = cargo("run --profile published --quiet --package gettickets-bench --");
    if wants(args, |table| table.starts_with("python") || table == "scan") {
        bench = with_python(bench)?;
    }
    if wants(args, |table| OF_THE_COMMAND_LINE.contains(&table)) {
        cargo("build --profile published --quiet --package gettickets-cli").run()?;
        let name = format!("gettickets{}", std::env::consts::EXE_SUFFIX);
        bench = bench.env("GETTICKETS_BENCH_CLI", target().join("published").join(name));
    }
    if wants(args, |table| table == "decode-c") {
        let (program, lib) = peers::built()?;
        bench = bench.env("GETTICKETS_BENCH_C", program).env("LD_LIBRARY_PATH", lib);
    }
    let has = |option: &str| args.iter().any(|arg| arg == option);
    let passed = args.iter().filter(|arg| *arg != WRITE && *arg != COMPARE);
    let bench = passed.fold(bench, |bench, arg| bench.arg(arg));
    if !has(WRITE) && !has(COMPARE) {
        return bench.run();
    }
    // Checked before the measurement, which takes minutes.
    let begin = has(WRITE).then(|| begin_of(&named(args))).transpose()?;
    let measured = String::from_utf8_lossy(&bench.printed()?).into_owned();
    println!("{measured}");
    let file = root().join(FILE);
    let failed = |error: std::io::Error| format!("{FILE}: {error}");
    let text = std::fs::read_to_string(&file).map_err(failed)?;
    if has(COMPARE) {
        compare(&text, &measured)?;
    }
    begin.map_or(Ok(()), |begin| std::fs::write(&file, replaced(&text, begin, &measured)?).map_err(failed))
}

/// Returns the line of the file that precedes these tables.
fn begin_of(named: &[&str]) -> Result<&'static str> {
    let known = || WRITTEN.map(|(tables, _)| tables.join(" ")).join("; ");
    let found = WRITTEN.iter().find(|(tables, _)| *tables == named);
    found.map(|(_, begin)| *begin).ok_or_else(|| format!("{WRITE} is for these tables together: {}", known()))
}

/// Replaces the text between the two lines.
fn replaced(text: &str, begin: &str, measured: &str) -> Result<String> {
    let missing = || format!("{FILE} lacks the line {begin:?} or, after it, {END:?}");
    let (before, rest) = text.split_once(begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n\n{}\n\n{END}{after}", measured.trim()))
}

/// Fails if a ratio of the text is smaller in the measured tables by more than the tolerance.
fn compare(text: &str, measured: &str) -> Result {
    let published = ratios(text);
    let mut slower = Vec::new();
    let mut compared = 0;
    for (name, now) in ratios(measured) {
        if let Some((_, before)) = published.iter().find(|(published, _)| *published == name) {
            compared += 1;
            println!("{name}: {before} in {FILE}, {now} now");
            if now < before * (1.0 - TOLERANCE) {
                slower.push(format!("{name}: {before} in {FILE}, {now} now"));
            }
        }
    }
    match (compared, slower.is_empty()) {
        (0, _) => Err(format!("none of the measured tables has a ratio in {FILE}; the table scan has")),
        (_, true) => Ok(()),
        _ => Err(format!("slower by more than {:.0} %:\n{}", 100.0 * TOLERANCE, slower.join("\n"))),
    }
}

/// The ratios of the tables, which are bold, with the job and the peer of their row. A row without a job belongs to the
/// job above it.
fn ratios(text: &str) -> Vec<(String, f64)> {
    let mut job = "";
    let mut found = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", first, peer, ..] = cells[..] else { continue };
        if !first.is_empty() {
            job = first;
        }
        let ratio = line.split("**").nth(1).and_then(|bold| bold.parse().ok());
        found.extend(ratio.map(|ratio| (format!("{job}: {peer}"), ratio)));
    }
    found
}

/// The tables that the arguments name.
fn named(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).filter(|arg| TABLES.contains(arg)).collect()
}

/// Whether a table of this kind is measured: it is named, or no table is.
fn wants(args: &[String], such: impl Fn(&str) -> bool) -> bool {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return false;
    }
    let named = named(args);
    named.is_empty() || named.into_iter().any(such)
}

/// Builds the package like a release, but only for this machine, and sets the variables with the paths of the programs.
fn with_python(bench: Program) -> Result<Program> {
    let python = tools::python_with("bench-python", &PYTHON_PACKAGES)?;
    let wheel = release_wheel(&python)?;
    program(&python, "-m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall")
        .arg(&wheel)
        .run()?;
    Ok(bench
        .env("GETTICKETS_BENCH_PYTHON", python)
        .env("GETTICKETS_BENCH_WHEEL", wheel)
        .env("GETTICKETS_BENCH_PYTHON_FOLDER", root().join("bindings").join("python").join("bench")))
}

fn release_wheel(python: &Path) -> Result<PathBuf> {
    let wheels = target().join("bench-wheels");
    // Otherwise a wheel of an earlier version could be installed.
    let _ = std::fs::remove_dir_all(&wheels);
    tools::maturin(python, "build --profile published --locked --quiet --compatibility linux --out")
        .arg(&wheels)
        .run()?;
    tools::only_file(&wheels, "whl")
}

#[cfg(test)]
mod tests {
    #[test]
    fn programs_are_built_only_for_their_own_tables() {
        let wants = |line: &str, start: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            super::wants(&args, |table| table.starts_with(start))
        };
        for line in ["", "--size 25", "decode decode-c python --json"] {
            assert!(wants(line, "decode-c") && wants(line, "python"), "{line}");
        }
        for line in ["decode", "decode-xml --only ours", "--help"] {
            assert!(!wants(line, "decode-c") && !wants(line, "python"), "{line}");
        }
    }

    #[test]
    fn a_smaller_ratio_fails_beyond_the_tolerance() {
        let table = |a: &str, b: &str| {
            format!(
                "| 10 tickets | program | x |\n|---|---|---|\n| Rust | gettickets | |\n| | a loop | **{a}** (goal 2: met) |\n\
                 | | another | **{b}** |\n"
            )
        };
        let published = table("4.0", "13.1");
        assert_eq!(super::compare(&published, &table("3.7", "20.5")), Ok(()));
        let slower = super::compare(&published, &table("3.5", "13.0")).unwrap_err();
        assert!(slower.contains("Rust: a loop: 4 in BENCHMARKS.md, 3.5 now") && !slower.contains("another"));
        assert!(super::compare(&published, "no table").is_err());
    }

    #[test]
    fn results_are_written_between_the_two_lines() {
        let ([(_, other), (_, begin)], end) = (super::WRITTEN, super::END);
        let text = format!("a\n{other}\nothers\n{end}\n{begin}\nold\n{end}\nb\n");
        let new = super::replaced(&text, begin, "new\n").unwrap();
        assert_eq!(new, format!("a\n{other}\nothers\n{end}\n{begin}\n\nnew\n\n{end}\nb\n"));
        assert_eq!(super::replaced(&new, begin, "new\n").unwrap(), new);
        assert!(super::replaced("a", begin, "new").is_err());
    }
}
