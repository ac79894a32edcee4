//! Other programs, run from the repository's root.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
