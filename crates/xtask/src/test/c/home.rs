//! [`Home`]: an installed library for the tests.

use std::fs;
use std::path::PathBuf;

use crate::c::install::Install;
use crate::process::{Program, Result, program, root, target};

/// The folders of an installed library and of the programs built against it.
pub(super) struct Home {
    pub(super) prefix: PathBuf,
    pub(super) libdir: PathBuf,
    pub(super) out: PathBuf,
}

/// The features of the library for tests.
pub(super) fn features() -> Vec<String> {
    vec!["sandbox".to_owned(), "test-hooks".to_owned()]
}

impl Home {
    /// Installs the library with the features for tests, and moves it, because it must not depend on its location.
    pub(super) fn new() -> Result<Home> {
        let home = target().join("test-c");
        let (made, prefix, out) = (home.join("made"), home.join("prefix"), home.join("out"));
        for folder in [&made, &prefix, &out] {
            let _ = fs::remove_dir_all(folder);
        }
        let install = Install { prefix: made.clone(), features: features(), dev: true, ..Install::default() };
        install.run()?;
        let moved = fs::rename(&made, &prefix).and_then(|()| fs::create_dir_all(&out));
        moved.map_err(|error| format!("{}: {error}", home.display()))?;
        Ok(Home { prefix, libdir: "lib".into(), out })
    }

    /// Returns another, empty location.
    pub(super) fn moved_to(&self, name: &str) -> Home {
        let prefix = target().join("test-c").join(name);
        let _ = fs::remove_dir_all(&prefix);
        Home { prefix, libdir: self.libdir.clone(), out: self.out.clone() }
    }

    pub(super) fn lib(&self) -> PathBuf {
        self.prefix.join(&self.libdir)
    }

    /// Returns a program that finds the library.
    pub(super) fn program(&self, name: impl AsRef<std::ffi::OsStr>, args: &str) -> Program {
        program(name, args)
            .env("LD_LIBRARY_PATH", self.lib())
            .env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"))
            .env("GETTICKETS_STAND_IN", root().join("crates/client/tests/it/install"))
            // Shortens the output of intended panics.
            .without_env("RUST_BACKTRACE")
    }
}
