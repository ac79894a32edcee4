//! `cargo xtask test`: runs every check, step by step, and stops at the first that fails.

mod c;
mod engines;
mod interop;
mod python;
mod steps;

use std::time::{Duration, Instant};

pub(crate) use self::python::wheel;
use self::steps::{STEPS, Step};
use crate::process::Result;

pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [only] if only == "--list" => {
            println!("{}", list());
            Ok(())
        }
        [only] if only == "--help" || only == "-h" => {
            println!("usage: cargo xtask test [--list | STEP…]\n\nsteps, in this order:\n{}", list());
            Ok(())
        }
        names => run_steps(&chosen(names)?),
    }
}

fn list() -> String {
    let lines: Vec<String> = STEPS.iter().map(|step| format!("  {:8} {}", step.name, step.about)).collect();
    lines.join("\n")
}

/// The steps with these names, in the order of the table; all steps if no name is given.
fn chosen(names: &[String]) -> Result<Vec<&'static Step>> {
    for name in names {
        if !STEPS.iter().any(|step| step.name == name) {
            return Err(format!("unknown step {name:?}; the steps are:\n{}", list()));
        }
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn run_steps(steps: &[&Step]) -> Result {
    let mut report = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n=== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)();
        let result = if outcome.is_ok() { "ok" } else { "FAILED" };
        let line = format!("step {:8} {result:6} {:>9}", step.name, shown(start.elapsed()));
        println!("{line}");
        report.push(line);
        if let Err(error) = outcome {
            failure = Some(format!(
                "step {} failed: {error}\n`cargo xtask test {}` runs this step alone",
                step.name, step.name
            ));
            break;
        }
    }
    println!("\n{}", report.join("\n"));
    let failed = usize::from(failure.is_some());
    let skipped = steps.len() - report.len();
    if let Some(error) = &failure {
        println!("\n{error}");
    }
    // The usual closing line of a test report.
    println!("\nsteps: {} passed, {failed} failed, {skipped} skipped", report.len() - failed);
    failure.map_or(Ok(()), |_| Err("not every step passed".to_owned()))
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_names(names: &[&str]) -> Result<Vec<&'static str>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(chosen(&names)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_run_in_their_own_order() {
        assert_eq!(chosen_names(&["rust", "format"]).unwrap(), ["format", "rust"]);
        assert_eq!(chosen_names(&[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn the_error_for_an_unknown_step_lists_the_known_ones() {
        let error = chosen_names(&["rust", "fromat"]).unwrap_err();
        assert!(error.starts_with("unknown step \"fromat\"") && error.contains("clippy"), "{error}");
    }

    #[test]
    fn times_are_shown_in_seconds_or_minutes() {
        let shown = |seconds| shown(Duration::from_secs_f64(seconds));
        assert_eq!(
            [shown(1.24), shown(59.9), shown(60.0), shown(125.9)],
            ["1.2 s", "59.9 s", "1 min 00 s", "2 min 05 s"]
        );
    }
}
