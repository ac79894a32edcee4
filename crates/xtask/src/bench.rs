//! `cargo xtask bench`: builds the bench crate like a release, and the programs in other languages that it needs, and
//! runs it with the given arguments. It writes the tables of BENCHMARKS.md and compares results with them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::c::peers;
use crate::process::{Program, Result, cargo, program, root, target};
use crate::{files, tools, written};

/// The Python peers. Their versions are pinned, because the published measurements refer to them.
const PYTHON_PACKAGES: [&str; 12] = [
    "maturin==1.16.0",
    "msgspec==0.22.0",
    "orjson==3.13.0",
    "pydantic==2.14.4",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
    "aiohttp==3.14.5",
    "httpx==0.28.1",
    "lxml==6.1.3",
    "requests==2.34.2",
    "whmcspy==0.3.0",
];

/// Every table. Those of a group are written together.
const GROUPS: [&[&str]; 11] = [
    &["scan"],
    &["start"],
    &["mirror", "fleet", "lake"],
    &["decode"],
    &["decode-xml"],
    &["decode-c"],
    &["python"],
    &["python-xml"],
    &["python-frames"],
    &["python-footprint"],
    &["instructions"],
];
/// The tables that measure the command line.
const OF_THE_COMMAND_LINE: [&str; 6] = ["scan", "start", "mirror", "fleet", "lake", "instructions"];

/// Replaces the tables in BENCHMARKS.md with the results.
const WRITE: &str = "--write";
const FILE: &str = "BENCHMARKS.md";
/// Published tables include the jobs with a million tickets; the other tables ignore the option.
const PUBLISHED: &str = "--million";
/// Options of runs that are not published, because they measure a part of the table or print something else.
const PARTIAL: [&str; 4] = ["--quick", "--only", "--size", "--json"];

/// Compares the figures with those in BENCHMARKS.md, and fails if one is worse by more than [`TOLERANCE`].
const COMPARE: &str = "--compare";
const TOLERANCE: f64 = 0.1;
/// The headings of columns that identify a row, together with the first column.
const LABELS: [&str; 4] = ["program", "tickets", "body", "library"];
/// The headings of columns in which less is better. In all others, figures are ratios of which more is better.
const LESS_IS_BETTER: [&str; 3] = ["goal", "measured", "instructions a ticket"];

pub(crate) fn run(args: &[String]) -> Result {
    let has = |option: &str| args.iter().any(|arg| arg == option);
    // Checked before the programs are built and measured, which takes minutes.
    let groups = if has(WRITE) { groups_to_write(args)? } else { groups_of(&named(args)) };
    let bench = Bench::built(args)?;
    if asks_for_help(args) || (!has(WRITE) && !has(COMPARE)) {
        return bench.with(args).run();
    }
    let mut comparison = Comparison::default();
    for group in groups {
        let mut passed = group.clone();
        let options =
            args.iter().map(String::as_str).filter(|arg| !is_table(arg) && ![WRITE, COMPARE].contains(arg));
        passed.extend(options);
        passed.push("--markdown");
        if has(WRITE) && !has(PUBLISHED) {
            passed.push(PUBLISHED);
        }
        let measured = String::from_utf8_lossy(&bench.with(&passed).printed()?).into_owned();
        println!("{measured}");
        // The file is read again for each group, because they take long and it may have been edited in the meantime.
        let begin = begin_of(&group)?;
        if has(COMPARE) {
            let text = files::read(root().join(FILE))?;
            comparison.add(&figures(written::part(&text, &begin)?.1), figures(&measured));
        }
        if has(WRITE) {
            written::replace(FILE, &begin, &measured)?;
        }
    }
    if has(COMPARE) { comparison.outcome() } else { Ok(()) }
}

fn asks_for_help(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--help" || arg == "-h")
}

fn is_table(arg: &str) -> bool {
    GROUPS.iter().any(|group| group.contains(&arg))
}

/// The tables that the arguments name.
fn named(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).filter(|arg| is_table(arg)).collect()
}

/// The named tables of each group; all tables if none is named.
fn groups_of<'a>(named: &[&'a str]) -> Vec<Vec<&'a str>> {
    let of_group = |group: &&[&'static str]| -> Vec<&'a str> {
        group.iter().copied().filter(|table| named.is_empty() || named.contains(table)).collect()
    };
    GROUPS.iter().map(of_group).filter(|tables| !tables.is_empty()).collect()
}

/// Like [`groups_of`]; fails if a group would be written in part.
fn groups_to_write(args: &[String]) -> Result<Vec<Vec<&str>>> {
    if let Some(option) = PARTIAL.iter().find(|option| args.iter().any(|arg| arg == *option)) {
        return Err(format!("{WRITE} needs a complete run: it cannot be combined with {option}"));
    }
    let groups = groups_of(&named(args));
    for group in &groups {
        if !GROUPS.iter().any(|whole| whole == group) {
            let whole = GROUPS.iter().find(|whole| whole.iter().any(|table| group.contains(table)));
            let whole = whole.map_or_else(String::new, |whole| whole.join(", "));
            return Err(format!("{WRITE} is for these tables together: {whole}"));
        }
    }
    Ok(groups)
}

/// The line of the file that precedes the tables of the group to which these belong.
fn begin_of(tables: &[&str]) -> Result<String> {
    let group = GROUPS.iter().find(|group| tables.iter().all(|table| group.contains(table)));
    let group = group.ok_or_else(|| format!("{tables:?} are not tables of one group"))?;
    Ok(format!("<!-- written by `cargo xtask bench {} {WRITE}` -->", group.join(" ")))
}

/// A figure of a table, which is bold there.
#[derive(Clone, Debug, PartialEq)]
struct Figure {
    /// The labels of its row and the heading of its column.
    name: String,
    value: f64,
    /// The limits of the middle half of the turns; the value itself for a figure without a spread.
    spread: (f64, f64),
    less_is_better: bool,
}

/// The figures of all tables in the text.
fn figures(text: &str) -> Vec<Figure> {
    let mut found = Vec::new();
    let mut headings: Vec<&str> = Vec::new();
    let mut first = "";
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let cells = cells_of(line);
        if lines.get(index + 1).is_some_and(|next| next.starts_with("|---")) {
            headings = cells;
            continue;
        }
        // A row without a first cell belongs to the row above it.
        if let Some(cell) = cells.first().filter(|cell| !cell.is_empty()) {
            first = cell;
        }
        let pairs = || headings.iter().copied().zip(cells.iter().copied());
        let labels = pairs().skip(1).filter(|(heading, _)| LABELS.contains(heading)).map(|(_, cell)| cell);
        let row = std::iter::once(first).chain(labels).collect::<Vec<&str>>().join(", ");
        for (heading, cell) in pairs() {
            if let Some((value, spread)) = parsed(cell) {
                let less_is_better = LESS_IS_BETTER.contains(&heading);
                found.push(Figure { name: format!("{row}: {heading}"), value, spread, less_is_better });
            }
        }
    }
    found
}

/// The cells of a row of a table.
fn cells_of(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.map_or_else(Vec::new, |inner| inner.split('|').map(str::trim).collect())
}

/// Parses a figure and its spread, such as `**2.9** (2.8 to 3.1; goal 2: met)`.
fn parsed(cell: &str) -> Option<(f64, (f64, f64))> {
    let mut parts = cell.split("**").skip(1);
    let value: f64 = parts.next()?.replace(',', "").parse().ok()?;
    let remark = parts.next()?.trim_start().strip_prefix('(').and_then(|rest| rest.split([';', ')']).next());
    let limits = remark.and_then(|remark| remark.split_once(" to "));
    let spread = limits.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    Some((value, spread.unwrap_or((value, value))))
}

/// The comparison of the figures of a run with the published ones.
#[derive(Debug, Default)]
struct Comparison {
    compared: usize,
    /// Figures that are worse, in all turns of the middle half.
    worse: Vec<String>,
    /// Figures that are worse, but not in all of these turns.
    doubtful: Vec<String>,
}

impl Comparison {
    fn add(&mut self, published: &[Figure], measured: Vec<Figure>) {
        for now in measured {
            let Some(before) = published.iter().find(|before| before.name == now.name) else { continue };
            self.compared += 1;
            let is_worse = |value: f64| match now.less_is_better {
                true => value > before.value * (1.0 + TOLERANCE),
                false => value < before.value * (1.0 - TOLERANCE),
            };
            let best = if now.less_is_better { now.spread.0 } else { now.spread.1 };
            let line = || format!("{}: {} in {FILE}, {} now", now.name, before.value, now.value);
            if is_worse(now.value) && is_worse(best) {
                self.worse.push(line());
            } else if is_worse(now.value) {
                self.doubtful.push(format!("{line}, {} to {}", now.spread.0, now.spread.1, line = line()));
            }
        }
    }

    /// Prints a summary, and fails if a figure is worse or nothing was compared.
    fn outcome(&self) -> Result {
        let limit = 100.0 * TOLERANCE;
        println!("compared {} figures with {FILE}", self.compared);
        if !self.doubtful.is_empty() {
            println!("worse by more than {limit:.0} %, but not in all turns:\n{}", self.doubtful.join("\n"));
        }
        match (self.compared, self.worse.is_empty()) {
            (0, _) => Err(format!("none of the measured figures is in {FILE}")),
            (_, true) => Ok(()),
            _ => Err(format!("worse by more than {limit:.0} %:\n{}", self.worse.join("\n"))),
        }
    }
}

/// The bench program, and the variables with the paths of the programs that it needs.
struct Bench {
    program: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Bench {
    /// Builds what the wanted tables need.
    fn built(args: &[String]) -> Result<Bench> {
        let published = |name: &str| {
            target().join("published").join(name).with_extension(std::env::consts::EXE_EXTENSION)
        };
        cargo("build --profile published --quiet --package gettickets-bench").run()?;
        let mut bench = Bench { program: published("gettickets-bench"), environment: Vec::new() };
        if wants(args, |table| OF_THE_COMMAND_LINE.contains(&table)) {
            cargo("build --profile published --quiet --package gettickets-cli").run()?;
            bench.set("GETTICKETS_BENCH_CLI", published("gettickets"));
        }
        if wants(args, |table| table.starts_with("python") || ["scan", "start"].contains(&table)) {
            let (python, wheel) = python_with_wheel()?;
            bench.set("GETTICKETS_BENCH_PYTHON", python);
            bench.set("GETTICKETS_BENCH_WHEEL", wheel);
            let folder = root().join("bindings").join("python").join("bench");
            bench.set("GETTICKETS_BENCH_PYTHON_FOLDER", folder);
        }
        if wants(args, |table| ["decode-c", "scan"].contains(&table)) {
            let programs = peers::built()?;
            bench.set("GETTICKETS_BENCH_C", programs.decode);
            bench.set("GETTICKETS_BENCH_C_SCAN", programs.scan);
            bench.set("LD_LIBRARY_PATH", programs.lib);
        }
        if wants(args, |table| table == "start") {
            // The table is measured without this peer if it cannot be installed.
            tools::curl_and_jq().unwrap_or_else(|error| println!("{error}"));
        }
        if wants(args, |table| table == "instructions") {
            tools::valgrind()?;
        }
        Ok(bench)
    }

    fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.push((name, value.into()));
    }

    /// The program with these arguments.
    fn with(&self, args: &[impl AsRef<str>]) -> Program {
        let program = args.iter().fold(program(&self.program, ""), |program, arg| program.arg(arg.as_ref()));
        self.environment.iter().fold(program, |program, (name, value)| program.env(name, value))
    }
}

/// Whether a table of this kind is measured: it is named, or no table is.
fn wants(args: &[String], such: impl Fn(&str) -> bool) -> bool {
    !asks_for_help(args) && groups_of(&named(args)).into_iter().flatten().any(such)
}

/// Builds the package like a release, but only for this machine, and installs it beside its peers.
fn python_with_wheel() -> Result<(PathBuf, PathBuf)> {
    let python = tools::python_with("bench-python", &PYTHON_PACKAGES)?;
    let wheel = release_wheel(&python)?;
    tools::install_wheel(&python, &wheel)?;
    Ok((python, wheel))
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
    use super::*;
    use crate::written::{END, replaced};

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn programs_are_built_only_for_their_own_tables() {
        let wants = |line: &str, start: &str| wants(&args(line), |table| table.starts_with(start));
        for line in ["", "--size 25", "decode decode-c python --json"] {
            assert!(wants(line, "decode-c") && wants(line, "python"), "{line}");
        }
        for line in ["decode", "decode-xml --only ours", "--help"] {
            assert!(!wants(line, "decode-c") && !wants(line, "python"), "{line}");
        }
    }

    #[test]
    fn a_group_is_written_as_a_whole_and_from_a_complete_run() {
        let groups = |line: &str| groups_to_write(&args(line)).map(|groups| groups.concat().join(" "));
        assert_eq!(groups("--write --turns 7"), Ok(GROUPS.concat().join(" ")));
        assert_eq!(groups("lake decode mirror --write fleet"), Ok("mirror fleet lake decode".to_owned()));
        assert!(groups("mirror decode --write").unwrap_err().ends_with("together: mirror, fleet, lake"));
        assert!(groups("decode --write --quick").unwrap_err().ends_with("--quick"));
    }

    fn compared(published: &str, measured: &str) -> (usize, Vec<String>, Vec<String>) {
        let mut comparison = Comparison::default();
        comparison.add(&figures(published), figures(measured));
        assert_eq!(comparison.outcome().is_ok(), comparison.compared > 0 && comparison.worse.is_empty());
        (comparison.compared, comparison.worse, comparison.doubtful)
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
        assert_eq!(compared(&published, &table("3.7", "20.5")), (2, vec![], vec![]));
        let slower = vec!["Rust, a loop: x: 4 in BENCHMARKS.md, 3.5 now".to_owned()];
        assert_eq!(compared(&published, &table("3.5", "13.0")), (2, slower, vec![]));
        assert_eq!(compared(&published, "no table"), (0, vec![], vec![]));
    }

    #[test]
    fn a_ratio_that_is_smaller_in_some_turns_is_doubtful() {
        let table = |cell: &str| {
            format!("| tickets | body | ns | x peer |\n|---|---|---|---|\n| 25 | other | 220 | {cell} |\n")
        };
        let published = table("**4.0** (3.9 to 4.1)");
        assert_eq!(compared(&published, &table("**3.5** (3.2 to 3.59)")).1.len(), 1);
        let doubtful = vec!["25, other: x peer: 4 in BENCHMARKS.md, 3.5 now, 3.2 to 3.7".to_owned()];
        assert_eq!(compared(&published, &table("**3.5** (3.2 to 3.7; goal 2: met)")), (1, vec![], doubtful));
    }

    #[test]
    fn a_larger_count_fails_beyond_the_tolerance() {
        let table = |count: &str| {
            format!(
                "| job | tickets | instructions a ticket |\n|---|---|---|\n| scan | 10,000 | **{count}** |\n"
            )
        };
        assert_eq!(compared(&table("1,000"), &table("1,090")), (1, vec![], vec![]));
        let worse = vec!["scan, 10,000: instructions a ticket: 1000 in BENCHMARKS.md, 1101 now".to_owned()];
        assert_eq!(compared(&table("1,000"), &table("1,101")), (1, worse, vec![]));
        assert_eq!(compared(&table("1,000"), &table("100")), (1, vec![], vec![]));
    }

    #[test]
    fn results_are_written_between_the_two_lines() {
        let (other, begin, end) = (begin_of(&["scan"]).unwrap(), begin_of(&["lake", "mirror"]).unwrap(), END);
        assert_eq!(begin, "<!-- written by `cargo xtask bench mirror fleet lake --write` -->");
        let text = format!("a\n{other}\nothers\n{end}\n{begin}\nold\n{end}\nb\n");
        let new = replaced(&text, &begin, "new\n").unwrap();
        assert_eq!(new, format!("a\n{other}\nothers\n{end}\n{begin}\n\nnew\n\n{end}\nb\n"));
        assert_eq!(
            (
                replaced(&new, &begin, "new\n").as_ref(),
                written::part(&new, &begin).map(|(_, tables, _)| tables)
            ),
            (Ok(&new), Ok("\n\nnew\n\n"))
        );
        assert!(replaced("a", &begin, "new").is_err());
    }

    #[test]
    fn every_table_has_its_place_in_the_file() {
        let text = std::fs::read_to_string(root().join(FILE)).unwrap();
        for group in GROUPS {
            let begin = begin_of(group).unwrap();
            assert_eq!(text.matches(&begin).count(), 1, "{begin}");
            written::part(&text, &begin).unwrap();
        }
    }
}
