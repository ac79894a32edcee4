//! Compiles the instrumented tree, and finds the mutants that do not compile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// A test program and the folder that it expects to run in.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
}

/// The result of a build.
pub(crate) enum Built {
    Programs(Vec<Program>),
    /// Files and lines with errors.
    Errors(BTreeSet<(String, usize)>, String),
}

/// A line of cargo's output.
#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<MessageSpan>,
}

#[derive(Deserialize)]
struct MessageSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: MessageSpan,
}

/// Compiles the tests of a package, or checks them only.
///
/// # Errors
///
/// If cargo cannot be started, or prints what is not understood.
pub(crate) fn compile(tree: &Path, package: &str, check: bool) -> Result<Built, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(tree);
    match check {
        true => command.args(["check", "--lib"]),
        false => command.args(["test", "--no-run", "--lib", "--tests"]),
    };
    // Mutants break lints, such as those for unused variables.
    command
        .args(["--all-features", "--message-format=json", "--package", package])
        .env("RUSTFLAGS", "--cap-lints allow");
    // The selector of `const` functions is limited to unstable compilers.
    command.env("RUSTC_BOOTSTRAP", package.replace('-', "_"));
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", tree.join("target"));
    // Only the tests that use the build run it, and there are many arms.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    command.arg("--config").arg(format!("profile.dev.package.{package}.opt-level=1"));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo could not be started: {error}"))?;
    read(&String::from_utf8_lossy(&output.stdout), output.status.success())
}

fn read(output: &str, succeeded: bool) -> Result<Built, String> {
    let (mut programs, mut errors, mut shown) = (Vec::new(), BTreeSet::new(), String::new());
    for line in output.lines() {
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("cargo printed {line:?}: {error}"))?;
        if let (Some(path), Some(manifest), true) = (line.executable, &line.manifest_path, line.profile.test)
        {
            let folder = manifest.parent().unwrap_or(manifest).to_owned();
            programs.push(Program { path, folder });
        }
        let Some(message) =
            line.message.filter(|message| line.reason == "compiler-message" && message.level == "error")
        else {
            continue;
        };
        shown.push_str(&message.rendered.unwrap_or_default());
        errors.extend(message.spans.iter().filter(|span| span.is_primary).map(place));
    }
    match succeeded {
        true => Ok(Built::Programs(programs)),
        false => Ok(Built::Errors(errors, shown)),
    }
}

/// The file and line of an error. An error within a macro belongs to the line that calls it.
fn place(span: &MessageSpan) -> (String, usize) {
    match &span.expansion {
        Some(expansion) => place(&expansion.span),
        None => (span.file_name.clone(), span.line_start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","executable":"/t/a-1","profile":{"test":true}}
{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","executable":"/t/a","profile":{"test":false}}
{"reason":"build-finished","success":true}"#;
    const ERROR: &str = r#"{"reason":"compiler-message","manifest_path":"/a/Cargo.toml","message":{"level":"error","rendered":"error: x\n","spans":[{"file_name":"src/a.rs","line_start":4,"is_primary":true,"expansion":null},{"file_name":"std.rs","line_start":9,"is_primary":true,"expansion":{"span":{"file_name":"src/b.rs","line_start":7,"is_primary":false,"expansion":null}}},{"file_name":"src/c.rs","line_start":1,"is_primary":false,"expansion":null}]}}
{"reason":"compiler-message","message":{"level":"warning","rendered":"warning","spans":[]}}"#;

    #[test]
    fn only_test_programs_are_run() {
        let Ok(Built::Programs(programs)) = read(PROGRAM, true) else { panic!("no programs") };
        assert_eq!(programs.len(), 1);
        assert_eq!(
            (programs[0].path.as_path(), programs[0].folder.as_path()),
            ("/t/a-1".as_ref(), "/a".as_ref())
        );
    }

    #[test]
    fn errors_have_the_line_where_a_macro_is_called() {
        let Ok(Built::Errors(errors, shown)) = read(ERROR, false) else { panic!("no errors") };
        assert_eq!(
            errors.into_iter().collect::<Vec<_>>(),
            [("src/a.rs".to_owned(), 4), ("src/b.rs".to_owned(), 7)]
        );
        assert_eq!(shown, "error: x\n");
        assert!(read("text", true).is_err());
    }
}
