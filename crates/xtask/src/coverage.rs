//! `cargo xtask coverage`: shows which lines the tests execute.

use std::path::{Path, PathBuf};

use crate::process::{Result, program};
use crate::tools;

const HELP: &str = "\
usage: cargo xtask coverage [ARGUMENT…]

Runs the tests of the protocol and the client with cargo-llvm-cov, and prints the covered part of each file.
Arguments are passed on and replace the packages: -p gettickets-arrow, --show-missing-lines, --html.

It needs llvm-profdata and llvm-cov of the compiler's LLVM version (`rustc --version --verbose`).";

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let [profdata, cov] = llvm_tools()?;
    let mut coverage = program(tools::cargo_llvm_cov()?, "llvm-cov --locked")
        .env("LLVM_PROFDATA", profdata)
        .env("LLVM_COV", cov)
        .env("SCAN_HISTORIES", "20000");
    if args.is_empty() {
        coverage = coverage.args("-p gettickets-protocol -p gettickets --features async --summary-only");
    }
    args.iter().fold(coverage, |coverage, arg| coverage.arg(arg)).run()
}

/// llvm-profdata and llvm-cov of the compiler's LLVM.
fn llvm_tools() -> Result<[PathBuf; 2]> {
    let version = program("rustc", "--version --verbose").output().unwrap_or_default();
    let major = llvm_major(&version).ok_or("`rustc --version --verbose` does not name its LLVM version")?;
    let find = |name: &str| {
        // Debian appends the version to the name; on other systems there is one version.
        let names = [format!("{name}-{major}"), name.to_owned()];
        let folders = [PathBuf::new(), Path::new("/usr/lib").join(format!("llvm-{major}")).join("bin")];
        let all = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
        all.into_iter().find(|tool| {
            let shown =
                program(tool, if name == "llvm-cov" { "--version" } else { "merge --version" }).output();
            shown.is_some_and(|shown| shown.contains(&format!("LLVM version {major}.")))
        })
    };
    match (find("llvm-profdata"), find("llvm-cov")) {
        (Some(profdata), Some(cov)) => Ok([profdata, cov]),
        _ => Err(format!(
            "llvm-profdata and llvm-cov of LLVM {major}, which the compiler has, are missing: install them \
             (on Debian and Ubuntu: apt-get install llvm-{major})"
        )),
    }
}

/// The first number in `LLVM version: 22.1.0`.
fn llvm_major(rustc: &str) -> Option<u32> {
    let version = rustc.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::llvm_major;

    #[test]
    fn the_version_of_llvm_is_parsed() {
        assert_eq!(llvm_major("rustc 1.95.0\nhost: x\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(llvm_major("rustc 1.95.0"), None);
    }
}
