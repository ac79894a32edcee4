//! Compiles and links a program against the installed library with pkg-config's flags.

use std::path::PathBuf;

use super::home::Home;
use crate::process::Result;

/// A compiler and a language standard.
pub(super) struct Compiler {
    pub(super) program: &'static str,
    pub(super) standard: &'static str,
}

impl Compiler {
    pub(super) const C_GCC: Compiler = Compiler { program: "gcc", standard: "c11" };
    pub(super) const C_CLANG: Compiler = Compiler { program: "clang", standard: "c11" };
    pub(super) const CPP17_GCC: Compiler = Compiler { program: "g++", standard: "c++17" };
    pub(super) const CPP17_CLANG: Compiler = Compiler { program: "clang++", standard: "c++17" };
    pub(super) const CPP20_GCC: Compiler = Compiler { program: "g++", standard: "c++20" };
    pub(super) const CPP20_CLANG: Compiler = Compiler { program: "clang++", standard: "c++20" };
}

/// Which of the two libraries to link.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Link {
    Shared,
    Static,
}

/// A program to build.
pub(super) struct Build {
    name: String,
    sources: Vec<PathBuf>,
    flags: String,
    package: Option<&'static str>,
    link: Link,
}

/// The warnings without which every program must compile.
const WARNINGS: &str = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror";

impl Build {
    pub(super) fn new(name: impl Into<String>, sources: Vec<PathBuf>) -> Build {
        Build { name: name.into(), sources, flags: WARNINGS.to_owned(), package: None, link: Link::Shared }
    }

    /// Adds flags for the compiler.
    pub(super) fn flags(mut self, flags: &str) -> Build {
        self.flags = format!("{} {flags}", self.flags);
        self
    }

    /// Compiles without warnings enabled.
    pub(super) fn bare(self) -> Build {
        Build { flags: String::new(), ..self }
    }

    /// Sets another pkg-config package to use.
    pub(super) fn package(self, package: Option<&'static str>) -> Build {
        Build { package, ..self }
    }

    pub(super) fn link(self, link: Link) -> Build {
        Build { link, ..self }
    }

    /// Builds the program, and returns its path.
    pub(super) fn run(self, home: &Home, compiler: &Compiler) -> Result<PathBuf> {
        let config = |what: &str| {
            let flags = home.program("pkg-config", what).printed()?;
            Ok::<_, String>(String::from_utf8_lossy(&flags).trim().to_owned())
        };
        let ours = match self.link {
            Link::Shared => config("--libs gettickets")?,
            // The archive's name: given the choice, the linker would use the shared library.
            Link::Static => {
                config("--static --libs gettickets")?.replace("-lgettickets", "-l:libgettickets.a")
            }
        };
        let (includes, others) = match self.package {
            Some(package) => (config(&format!("--cflags {package}"))?, config(&format!("--libs {package}"))?),
            None => Default::default(),
        };
        let out = home.out.join(format!("{}-{}-{}", self.name, compiler.program, compiler.standard));
        let compile = home
            .program(compiler.program, &format!("-std={} -g", compiler.standard))
            .args(&self.flags)
            .args(&config("--cflags gettickets")?)
            .args(&includes);
        let compile = self.sources.iter().fold(compile, |compile, source| compile.arg(source));
        compile.arg("-o").arg(&out).args(&ours).args(&others).args("-lpthread").run()?;
        Ok(out)
    }
}
