//! `cargo xtask mutants`: makes small changes to the code and finds those that no test detects.

use std::fs;

use crate::process::{Result, program, target};
use crate::tools;

const HELP: &str = "\
usage: cargo xtask mutants [--in-diff COMMIT | --all] [ARGUMENT…]

Tests the tests with cargo-mutants: a mutant is a small change of the code, and is missed if no test detects it.

  --in-diff COMMIT   mutants of the lines that differ from this commit (default: main)
  --all              mutants of all the code

Other arguments are passed on, such as -p gettickets-protocol, --file crates/client/src/scan/*.rs or --shard 0/8.
The results are in target/mutants.out; `.cargo/mutants.toml` has the settings.";

/// The number of scan histories for each mutant. The usual number takes too long.
const HISTORIES: &str = "3000";

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let (base, passed) = parsed(args)?;
    let mut mutants = program(tools::cargo_mutants()?, "mutants --output").arg(target());
    if let Some(base) = base {
        let diff = program("git", "diff --no-ext-diff").arg(&base).arg("--").arg("*.rs").printed()?;
        if diff.is_empty() {
            println!("no Rust file differs from {base}; --all tests everything");
            return Ok(());
        }
        let file = target().join("mutants.diff");
        fs::write(&file, diff).map_err(|error| format!("{}: {error}", file.display()))?;
        mutants = mutants.arg("--in-diff").arg(file);
    }
    passed.iter().fold(mutants, |mutants, arg| mutants.arg(arg)).env("SCAN_HISTORIES", HISTORIES).run()
}

/// The commit to compare with, unless all code is tested, and the arguments to pass on.
fn parsed(args: &[String]) -> Result<(Option<String>, Vec<String>)> {
    let (mut base, mut passed) = (Some("main".to_owned()), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--all" => base = None,
            "--in-diff" => {
                let commit = rest.next().ok_or("--in-diff needs a commit, such as main")?;
                base = Some(commit.clone());
            }
            _ => passed.push(arg.clone()),
        }
    }
    Ok((base, passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_since_main_are_tested_by_default() {
        let parsed = |line: &str| parsed(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let some = |base: &str| Some(base.to_owned());
        assert_eq!(parsed("").unwrap(), (some("main"), vec![]));
        assert_eq!(
            parsed("--in-diff HEAD~3 -p gettickets").unwrap(),
            (some("HEAD~3"), vec!["-p".into(), "gettickets".into()])
        );
        assert_eq!(parsed("--all --shard 0/8").unwrap(), (None, vec!["--shard".into(), "0/8".into()]));
        assert!(parsed("--in-diff").is_err());
    }
}
