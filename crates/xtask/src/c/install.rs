//! `cargo xtask install-c`: builds libgettickets and puts it, its headers and what build systems want of it below a
//! prefix. Nothing in it names the prefix, so that the whole can be moved.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Result, cargo, program, root, target};

const USAGE: &str = "usage: cargo xtask install-c --prefix DIR [--features LIST] [--no-default-features] [--dev]\n\n\
                     \x20 --prefix DIR             where to: include, lib, lib/pkgconfig, lib/cmake below it\n\
                     \x20 --features LIST          parts to add, separated by commas: sandbox\n\
                     \x20 --no-default-features    the protocol alone; with --features client or arrow one of them beside it\n\
                     \x20 --dev                    the development profile, which builds faster and runs slower";

/// What to build, and where to put it.
pub(crate) struct Install {
    pub(crate) prefix: PathBuf,
    pub(crate) features: Vec<String>,
    pub(crate) default_features: bool,
    pub(crate) dev: bool,
}

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let install = parse(args)?;
    install.run()?;
    println!("{} has libgettickets now", install.prefix.display());
    Ok(())
}

fn parse(args: &[String]) -> Result<Install> {
    let mut install =
        Install { prefix: PathBuf::new(), features: Vec::new(), default_features: true, dev: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n\n{USAGE}"));
        match arg.as_str() {
            "--prefix" => install.prefix = PathBuf::from(value()?),
            "--features" => install.features.extend(value()?.split(',').map(str::to_owned)),
            "--no-default-features" => install.default_features = false,
            "--dev" => install.dev = true,
            _ => return Err(format!("{arg:?} is not known\n\n{USAGE}")),
        }
    }
    if install.prefix.as_os_str().is_empty() {
        return Err(USAGE.to_owned());
    }
    Ok(install)
}

/// What the files of a release say of themselves.
struct Facts {
    version: String,
    abi: String,
    /// What a program that links the static library needs besides, as `-l` flags.
    native_libs: String,
}

impl Install {
    pub(crate) fn run(&self) -> Result {
        let built = target().join(if self.dev { "debug" } else { "release-c" });
        let facts = self.build()?;
        let soname = format!("libgettickets.so.{}", facts.abi);
        // The ABI's number and then the release's, as ldconfig sorts by them.
        let file = format!("{soname}.{}", facts.version);
        let lib = self.folder("lib")?;
        // Debug information of the whole standard library is of no use to a C program, and large. Names are of use
        // to those who look for a defect.
        let unneeded = if self.dev { "--strip-debug" } else { "--strip-unneeded" };
        strip(&built.join("libgettickets_c.so"), unneeded, &lib.join(&file))?;
        strip(&built.join("libgettickets_c.a"), "--strip-debug", &lib.join("libgettickets.a"))?;
        link(&file, &lib.join(&soname))?;
        link(&soname, &lib.join("libgettickets.so"))?;
        let sources = root().join("bindings").join("c");
        copy_all(&sources.join("include"), &self.folder("include")?)?;
        let doc = self.folder("share/doc/gettickets")?;
        for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy(&root().join(file), &doc.join(file))?;
        }
        self.fill_in(&sources.join("gettickets.pc.in"), "lib/pkgconfig", &facts, &soname, &file)?;
        for template in ["gettickets-config.cmake.in", "gettickets-config-version.cmake.in"] {
            let template = sources.join("cmake").join(template);
            self.fill_in(&template, "lib/cmake/gettickets", &facts, &soname, &file)?;
        }
        Ok(())
    }

    fn build(&self) -> Result<Facts> {
        let mut features = self.features.join(",");
        if features.is_empty() {
            features.push_str("default");
        }
        let list = target().join(format!("native-static-libs-{}", if self.dev { "dev" } else { "release" }));
        let mut build = cargo("rustc --quiet --locked --package gettickets-c --lib");
        if !self.dev {
            build = build.arg("--profile=release-c");
        }
        if !self.default_features {
            build = build.arg("--no-default-features");
            features = self.features.join(",");
        }
        build
            .arg("--features")
            .arg(features)
            .arg("--")
            .arg(format!("--print=native-static-libs={}", list.display()))
            .run()?;
        let header = read(&root().join("bindings/c/include/gettickets.h"))?;
        let number = |name: &str| {
            let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
            line.map(str::to_owned).ok_or_else(|| format!("gettickets.h has no {name}"))
        };
        let part = |name: &str| number(&format!("GETTICKETS_VERSION_{name}"));
        Ok(Facts {
            version: format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?),
            abi: number("GETTICKETS_ABI_VERSION")?,
            native_libs: read(&list)?.trim().to_owned(),
        })
    }

    /// What a program must define to see in the header what the library has.
    fn defines(&self) -> Vec<&'static str> {
        let has = |feature: &str| self.features.iter().any(|one| one == feature);
        let mut defines = Vec::new();
        if !self.default_features && !has("client") {
            defines.push("GETTICKETS_NO_CLIENT");
        }
        if !self.default_features && !has("arrow") {
            defines.push("GETTICKETS_NO_ARROW");
        }
        if has("sandbox") {
            defines.push("GETTICKETS_HAS_SANDBOX=1");
        }
        defines
    }

    fn fill_in(&self, template: &Path, folder: &str, facts: &Facts, soname: &str, file: &str) -> Result {
        let mut numbers = facts.version.split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let defines: String = self.defines().iter().map(|define| format!(" -D{define}")).collect();
        let values = [
            ("@VERSION@", facts.version.as_str()),
            ("@VERSION_MAJOR@", major),
            ("@VERSION_MINOR@", minor),
            ("@NATIVE_LIBS@", &facts.native_libs),
            ("@NATIVE_LIST@", &facts.native_libs.split_whitespace().collect::<Vec<_>>().join(";")),
            ("@DEFINES@", &defines),
            ("@DEFINITIONS@", &self.defines().join(";")),
            ("@SONAME@", soname),
            ("@SHARED_FILE@", file),
            ("@STATIC_FILE@", "libgettickets.a"),
        ];
        let filled = values.iter().fold(read(template)?, |text, (name, value)| text.replace(name, value));
        let name = template.file_stem().unwrap_or_default();
        let path = self.folder(folder)?.join(name);
        fs::write(&path, filled).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.prefix.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Replaces rather than overwrites: a program that runs keeps the library that it was started with.
fn copy(from: &Path, to: &Path) -> Result {
    let _ = fs::remove_file(to);
    fs::copy(from, to).map(drop).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

/// Every file of a folder, and those of the folders in it.
fn copy_all(from: &Path, to: &Path) -> Result {
    let told = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    for entry in fs::read_dir(from).map_err(told)? {
        let entry = entry.map_err(told)?;
        let (source, place) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() { copy_all(&source, &place)? } else { copy(&source, &place)? }
    }
    Ok(())
}

fn strip(from: &Path, what: &str, to: &Path) -> Result {
    let _ = fs::remove_file(to);
    program("strip", what).arg("-o").arg(to).arg(from).run()
}

fn link(to: &str, at: &Path) -> Result {
    let _ = fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).map_err(|error| format!("{}: {error}", at.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(line: &str) -> Result<Install> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_header_shows_what_the_library_has() {
        let defines = |line: &str| install(line).map(|install| install.defines().join(" "));
        assert_eq!(defines("--prefix x"), Ok(String::new()));
        assert_eq!(defines("--prefix x --features sandbox"), Ok("GETTICKETS_HAS_SANDBOX=1".to_owned()));
        assert_eq!(
            defines("--prefix x --no-default-features"),
            Ok("GETTICKETS_NO_CLIENT GETTICKETS_NO_ARROW".to_owned())
        );
        assert_eq!(
            defines("--prefix x --no-default-features --features client"),
            Ok("GETTICKETS_NO_ARROW".to_owned())
        );
    }

    #[test]
    fn a_prefix_is_needed() {
        assert!(install("").is_err() && install("--prefix").is_err() && install("--prefix x y").is_err());
    }
}
