//! Other programs, run from the repository's root.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a chore gives; an error is told to the person who runs it, so it says what to do.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    // This crate stands two levels below it.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here)
}

/// Where builds go: `target`, unless the environment says otherwise.
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
    let shown = Path::new(name).file_name().unwrap_or(name).to_string_lossy();
    Program { shown: format!("{shown} {args}"), command }
}

/// The cargo that runs us.
pub(crate) fn cargo(args: &str) -> Program {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    program(cargo, args)
}

impl Program {
    /// One more argument, which may have spaces.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        let arg = arg.as_ref();
        self.shown = format!("{} {}", self.shown, arg.to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// More arguments, separated by white space.
    pub(crate) fn args(self, args: &str) -> Program {
        args.split_whitespace().fold(self, |program, arg| program.arg(arg))
    }

    /// Runs it in this directory rather than in the repository's root.
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

    /// Runs the program to its end; what it prints is seen at once.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, and where it fails.
    pub(crate) fn run(mut self) -> Result {
        let status = self.command.stdin(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` failed: {status}", self.shown.trim_end())),
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// As [`run`](Program::run), but what it prints is seen only if it fails.
    ///
    /// # Errors
    ///
    /// As [`run`](Program::run).
    pub(crate) fn run_quietly(mut self) -> Result {
        match self.command.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                Err(format!("{said}\n`{}` failed: {}", self.shown.trim_end(), output.status))
            }
            Err(error) => Err(format!("`{}` could not be started: {error}", self.shown.trim_end())),
        }
    }

    /// What the program prints, byte for byte; what it prints of errors is seen at once.
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

    /// Starts the program and gives it with the first line that it prints to stderr. It is ended when that is
    /// dropped.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, or ends without a line.
    pub(crate) fn start(mut self) -> Result<(Background, String)> {
        let failed = |why: &str| format!("`{}` {why}", self.shown.trim_end());
        let child = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| failed(&format!("could not be started: {error}")))?;
        let mut line = String::new();
        let read = child.stderr.as_mut().map(|stderr| BufReader::new(stderr).read_line(&mut line));
        let background = Background(child);
        match read {
            Some(Ok(len)) if len > 0 => Ok((background, line)),
            _ => Err(failed("ended without a word")),
        }
    }

    /// Whether the program runs and succeeds; what it prints is not seen.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// What the program prints, if it runs and succeeds.
    pub(crate) fn output(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// A program that runs until this is dropped.
pub(crate) struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
