//! Runs other programs from the repository's root.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The result of a task. The error is printed for the user, so it says what to do.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    // This crate is two levels below it.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here)
}

/// The build directory: `CARGO_TARGET_DIR`, or `target`.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A program to run.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

/// A program with these arguments, separated by white space.
pub(crate) fn program(name: impl AsRef<OsStr>, args: &str) -> Program {
    let name = name.as_ref();
    let mut command = Command::new(name);
    command.current_dir(root()).args(args.split_whitespace());
    // `cargo run` describes this program in them. Build scripts that look at them, as that of ring does, would run again in
    // every cargo that is started here, and what depends on them would be compiled again.
    for (variable, _) in std::env::vars_os() {
        let is_of_this_program = variable.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || name.starts_with("CARGO_BIN_")
        });
        if is_of_this_program {
            command.env_remove(&variable);
        }
    }
    let shown = Path::new(name).file_name().unwrap_or(name).to_string_lossy();
    Program { shown: format!("{shown} {args}"), command }
}

/// The cargo that runs this program.
pub(crate) fn cargo(args: &str) -> Program {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    program(cargo, args)
}

impl Program {
    /// Adds one argument, which may contain spaces.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        let arg = arg.as_ref();
        self.shown = format!("{} {}", self.shown, arg.to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// Adds arguments, separated by white space.
    pub(crate) fn args(self, args: &str) -> Program {
        args.split_whitespace().fold(self, |program, arg| program.arg(arg))
    }

    /// Runs it in this directory instead of the repository's root.
    pub(crate) fn directory(mut self, directory: &Path) -> Program {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Program {
        self.command.env_remove(name);
        self
    }

    /// Runs the program to its end and shows its output.
    ///
    /// # Errors
    ///
    /// If it can't be started, or fails.
    pub(crate) fn run(mut self) -> Result {
        let status = self.command.stdin(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` failed: {status}", self.shown.trim_end())),
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// Like [`run`](Program::run), but shows the output only if the program fails.
    ///
    /// # Errors
    ///
    /// As [`run`](Program::run).
    pub(crate) fn run_quietly(mut self) -> Result {
        match self.command.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let shown = [output.stdout, output.stderr].concat();
                let shown = String::from_utf8_lossy(&shown).into_owned();
                Err(format!("{shown}\n`{}` failed: {}", self.shown.trim_end(), output.status))
            }
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// Runs the program to its end with its output written to a file, and returns whether it succeeded.
    ///
    /// # Errors
    ///
    /// If it can't be started, or the file can't be written.
    pub(crate) fn run_into(mut self, log: &Path) -> Result<bool> {
        let failed = |error: std::io::Error| format!("{}: {error}", log.display());
        let out = std::fs::File::create(log).map_err(failed)?;
        let err = out.try_clone().map_err(failed)?;
        match self.command.stdin(Stdio::null()).stdout(out).stderr(err).status() {
            Ok(status) => Ok(status.success()),
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// Returns the standard output of the program, and shows its standard error.
    ///
    /// # Errors
    ///
    /// As [`run`](Program::run).
    pub(crate) fn printed(mut self) -> Result<Vec<u8>> {
        match self.command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(format!("`{}` failed: {}", self.shown.trim_end(), output.status)),
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// Starts the program and returns it with the first line that it prints to standard error. Dropping it ends the
    /// program.
    ///
    /// # Errors
    ///
    /// If it can't be started, or ends without printing a line.
    pub(crate) fn start(mut self) -> Result<(Background, String)> {
        let failed = |why: &str| format!("`{}` {why}", self.shown.trim_end());
        let child = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| failed(&format!("could not be started: {error}")))?;
        let mut line = String::new();
        let read = child.stderr.as_mut().map(|stderr| BufReader::new(stderr).read_line(&mut line));
        let background = Background(child);
        match read {
            Some(Ok(len)) if len > 0 => Ok((background, line)),
            _ => Err(failed("ended without printing a line")),
        }
    }

    /// Whether the program runs and succeeds. Its output is discarded.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// The standard output of the program, if it runs and succeeds.
    pub(crate) fn output(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// A program that runs until this is dropped.
pub(crate) struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
