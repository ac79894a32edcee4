//! `cargo xtask install-c`: builds libgettickets and installs it, its headers and the files for build systems below a
//! prefix. No file contains the prefix, so that the installation can be moved.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::files;
use crate::process::{Program, Result, cargo, program, root, target};

const USAGE: &str = "usage: cargo xtask install-c --prefix DIR [--libdir DIR] [--features LIST] [--no-default-features] [--dev]\n\n\
                     \x20 --prefix DIR             the prefix, with include, lib, lib/pkgconfig, lib/cmake and share below it\n\
                     \x20 --libdir DIR             the directory of libraries below the prefix, such as lib64; default: lib\n\
                     \x20 --features LIST          parts to add, separated by commas: sandbox\n\
                     \x20 --no-default-features    only the protocol; add client or arrow with --features\n\
                     \x20 --dev                    the development profile, which builds faster and runs slower\n\n\
                     DESTDIR in the environment is prepended to the prefix, as for packages.";

/// The optional parts of the library, and whether they are included by default.
const PARTS: [(&str, bool); 3] = [("client", true), ("arrow", true), ("sandbox", false)];

/// What to build, and where to install it.
pub(crate) struct Install {
    pub(crate) prefix: PathBuf,
    /// The directory of libraries, below the prefix.
    pub(crate) libdir: PathBuf,
    pub(crate) features: Vec<String>,
    pub(crate) default_features: bool,
    pub(crate) dev: bool,
}

impl Default for Install {
    fn default() -> Install {
        Install {
            prefix: PathBuf::new(),
            libdir: PathBuf::from("lib"),
            features: Vec::new(),
            default_features: true,
            dev: false,
        }
    }
}

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let destdir = std::env::var_os("DESTDIR").map(PathBuf::from);
    let install = parse(args, destdir.filter(|destdir| !destdir.as_os_str().is_empty()))?;
    install.run()?;
    println!("{} has libgettickets now", install.prefix.display());
    Ok(())
}

fn parse(args: &[String], destdir: Option<PathBuf>) -> Result<Install> {
    let mut install = Install::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, mut beside) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (arg.as_str(), None),
        };
        let mut value = || {
            let value = beside.take().or_else(|| args.next().map(String::as_str));
            value.ok_or_else(|| format!("{name} needs a value\n\n{USAGE}"))
        };
        match name {
            "--prefix" => install.prefix = PathBuf::from(value()?),
            "--libdir" => install.libdir = PathBuf::from(value()?),
            "--features" => install.features.extend(value()?.split(',').map(str::to_owned)),
            "--no-default-features" => install.default_features = false,
            "--dev" => install.dev = true,
            _ => return Err(format!("{arg:?} is not known\n\n{USAGE}")),
        }
        if beside.is_some() {
            return Err(format!("{name} takes no value\n\n{USAGE}"));
        }
    }
    if install.prefix.as_os_str().is_empty() {
        return Err(USAGE.to_owned());
    }
    install.libdir = below(&install.prefix, &install.libdir)?;
    if let Some(destdir) = destdir {
        let Ok(inside) = install.prefix.strip_prefix("/") else {
            return Err("where DESTDIR is set, --prefix must begin with /".to_owned());
        };
        install.prefix = destdir.join(inside);
    }
    // The programs that are run have a different working directory.
    let prefix = std::path::absolute(&install.prefix);
    install.prefix = prefix.map_err(|error| format!("{}: {error}", install.prefix.display()))?;
    Ok(install)
}

/// A folder below the prefix, which packagers may also give as an absolute path.
fn below(prefix: &Path, libdir: &Path) -> Result<PathBuf> {
    let whole = libdir.is_absolute().then(|| libdir.strip_prefix(prefix).ok()).flatten();
    let inside = whole.unwrap_or(libdir);
    // Other characters would have to be escaped differently in each of the files that contain the path.
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
    let is_plain =
        |part: Component<'_>| matches!(part, Component::Normal(part) if part.to_str().is_some_and(plain));
    if inside.as_os_str().is_empty() || !inside.components().all(is_plain) {
        let (libdir, prefix) = (libdir.display(), prefix.display());
        return Err(format!(
            "--libdir {libdir} must be a folder below {prefix}, in letters, digits and -_.+"
        ));
    }
    Ok(inside.components().collect())
}

/// Properties of a release that its files contain.
struct Facts {
    version: String,
    abi: String,
    /// The libraries that a program with the static library also needs, as `-l` flags.
    native_libs: Vec<String>,
}

impl Install {
    pub(crate) fn run(&self) -> Result {
        let built = target().join(if self.dev { "debug" } else { "release-c" });
        let facts = self.build()?;
        let soname = format!("libgettickets.so.{}", facts.abi);
        // The ABI version followed by the release's version, because ldconfig sorts by them.
        let file = format!("{soname}.{}", facts.version);
        let lib = self.folder(&self.libdir)?;
        // Debug information of the standard library is large and not useful in a C program. Symbol names help to find
        // the cause of a bug.
        let unneeded = if self.dev { "--strip-debug" } else { "--strip-unneeded" };
        strip(&built.join("libgettickets_c.so"), unneeded, &lib.join(&file))?;
        archive(&built.join("libgettickets_c.a"), &lib.join(&file), &lib.join("libgettickets.a"))?;
        link(&file, &lib.join(&soname))?;
        link(&soname, &lib.join("libgettickets.so"))?;
        let sources = root().join("bindings").join("c");
        copy_all(&sources.join("include"), &self.folder("include")?)?;
        let doc = self.folder("share/doc/gettickets")?;
        for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy(&root().join(file), &doc.join(file))?;
        }
        copy(&sources.join("README.md"), &doc.join("README.md"))?;
        copy(&sources.join("valgrind.supp"), &self.folder("share/gettickets")?.join("valgrind.supp"))?;
        copy_all(&sources.join("examples"), &doc.join("examples"))?;
        self.fill_in(&sources.join("gettickets.pc.in"), "pkgconfig", &facts, &soname, &file)?;
        for template in ["gettickets-config.cmake.in", "gettickets-config-version.cmake.in"] {
            let template = sources.join("cmake").join(template);
            self.fill_in(&template, "cmake/gettickets", &facts, &soname, &file)?;
        }
        Ok(())
    }

    fn build(&self) -> Result<Facts> {
        let mut features = self.features.join(",");
        if self.default_features && features.is_empty() {
            features.push_str("default");
        }
        // By features: the compiler prints the list only when it builds, and not when the result is up to date.
        let profile = if self.dev { "dev" } else { "release" };
        let rest = if self.default_features { "" } else { "none," };
        let list = target().join(format!("native-static-libs-{profile}-{rest}{features}"));
        let mut build = cargo("rustc --quiet --locked --package gettickets-c --lib");
        if !self.dev {
            build = with_flags_of_a_release(build.arg("--profile=release-c"))?;
        }
        if !self.default_features {
            build = build.arg("--no-default-features");
        }
        build
            .arg("--features")
            .arg(features)
            .arg("--")
            .args(SYMBOL_VERSIONS)
            .arg(format!("--print=native-static-libs={}", list.display()))
            // The compiler prints a note about the list.
            .run_quietly()?;
        let header = files::read(root().join("bindings/c/include/gettickets.h"))?;
        let number = |name: &str| {
            let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
            // A comment may follow the number.
            let number = line.and_then(|line| line.split_whitespace().next());
            number.map(str::to_owned).ok_or_else(|| format!("gettickets.h has no {name}"))
        };
        let part = |name: &str| number(&format!("GETTICKETS_VERSION_{name}"));
        Ok(Facts {
            version: format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?),
            abi: number("GETTICKETS_ABI_VERSION")?,
            native_libs: needed(&files::read(&list)?),
        })
    }

    /// The parts of the library that are built.
    fn parts(&self) -> Vec<&'static str> {
        let asked = |part: &str| self.features.iter().any(|one| one == part);
        let there = |&(part, usual): &(&str, bool)| asked(part) || (usual && self.default_features);
        PARTS.iter().filter(|part| there(part)).map(|(part, _)| *part).collect()
    }

    /// The macros that a program must define to see these parts in the header.
    fn defines(&self) -> Vec<String> {
        let parts = self.parts();
        let differing = PARTS.iter().filter(|(part, usual)| parts.contains(part) != *usual);
        let define = |(part, usual): &(&str, bool)| match usual {
            true => format!("GETTICKETS_NO_{}", part.to_uppercase()),
            false => format!("GETTICKETS_HAS_{}=1", part.to_uppercase()),
        };
        differing.map(define).collect()
    }

    fn fill_in(&self, template: &Path, folder: &str, facts: &Facts, soname: &str, file: &str) -> Result {
        let mut numbers = facts.version.split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let defines: String = self.defines().iter().map(|define| format!(" -D{define}")).collect();
        let folder = self.libdir.join(folder);
        let values = [
            ("@VERSION@", facts.version.as_str()),
            ("@VERSION_MAJOR@", major),
            ("@VERSION_MINOR@", minor),
            ("@NATIVE_LIBS@", &facts.native_libs.join(" ")),
            ("@NATIVE_LIST@", &facts.native_libs.join(";")),
            ("@DEFINES@", &defines),
            ("@DEFINITIONS@", &self.defines().join(";")),
            ("@PARTS@", &self.parts().join(" ")),
            ("@LIBDIR@", &self.libdir.to_string_lossy()),
            // The relative path from the file's folder to the prefix.
            ("@UP@", &vec![".."; folder.components().count()].join("/")),
            ("@SONAME@", soname),
            ("@SHARED_FILE@", file),
            ("@STATIC_FILE@", "libgettickets.a"),
        ];
        let filled =
            values.iter().fold(files::read(template)?, |text, (name, value)| text.replace(name, value));
        let name = template.file_stem().unwrap_or_default();
        let path = self.folder(folder)?.join(name);
        files::write(&path, filled)
    }

    fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let folder = self.prefix.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

/// Gives every exported symbol the soname as its version, so that two ABIs of the library in one process do not bind to
/// each other. rustc passes its own version script, which only the GNU linker accepts together with this option.
const SYMBOL_VERSIONS: &str = if cfg!(all(target_os = "linux", target_env = "gnu")) {
    "-Clinker-features=-lld -Clink-arg=-Wl,--default-symver"
} else {
    ""
};

/// Makes the installed archive: one object file with only the symbols that the shared library exports. So two Rust
/// libraries, each with its copy of Rust's standard library, can be linked into one program.
fn archive(from: &Path, shared: &Path, to: &Path) -> Result {
    if !cfg!(target_os = "linux") {
        return strip(from, "--strip-debug", to);
    }
    let folder = target().join("archive-c");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (stripped, object) = (folder.join("stripped.a"), folder.join("gettickets.o"));
    strip(from, "--strip-debug", &stripped)?;
    // Keeps only what exported functions need.
    let link =
        program("ld", "--relocatable --gc-sections --script").arg(root().join("bindings/c/archive.ld"));
    let link = exported(shared)?.iter().fold(link, |link, name| link.arg(format!("--undefined={name}")));
    link.arg("-o").arg(&object).arg(&stripped).run()?;
    // LLVM bitcode is useless to a linker of another version.
    program("objcopy", "--wildcard --keep-global-symbol=gettickets_*")
        .args("--remove-section=.llvmbc --remove-section=.llvmcmd")
        .arg(&object)
        .run()?;
    let _ = fs::remove_file(to);
    program("ar", "rcs").arg(to).arg(&object).run()?;
    // A hundred megabytes that are not needed again.
    fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The functions that a shared library exports.
pub(crate) fn exported(library: &Path) -> Result<BTreeSet<String>> {
    let listed = program("nm", "--dynamic --defined-only --format=posix").arg(library).printed()?;
    let listed = String::from_utf8_lossy(&listed);
    let functions = listed.lines().filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let name = name.split('@').next()?;
        rest.starts_with("T ").then(|| name.to_owned())
    });
    Ok(functions.collect())
}

/// The libraries that a program needs besides the static library: each flag once, where it is needed last. Libraries
/// that the compiler links by itself are left out: the C library, and the unwinder, which differs with `-static`.
fn needed(printed: &str) -> Vec<String> {
    let flags = || printed.split_whitespace().filter(|flag| !matches!(*flag, "-lc" | "-lgcc_s"));
    let last = |(at, flag): &(usize, &str)| !flags().skip(at + 1).any(|later| later == *flag);
    flags().enumerate().filter(last).map(|(_, flag)| flag.to_owned()).collect()
}

/// Builds without paths of this machine in the result, and for size. Used with a profile for this purpose only, because
/// other flags rebuild everything.
fn with_flags_of_a_release(build: Program) -> Result<Program> {
    let mut flags: Vec<String> = match (std::env::var("CARGO_ENCODED_RUSTFLAGS"), std::env::var("RUSTFLAGS"))
    {
        (Ok(encoded), _) => {
            encoded.split('\x1f').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
        }
        (_, Ok(plain)) => plain.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    // The last match counts, so inner paths follow outer ones.
    for (path, name) in places()? {
        flags.push(format!("--remap-path-prefix={}={name}", path.display()));
    }
    flags.push(format!("-Cllvm-args=-inline-threshold={INLINE_THRESHOLD}"));
    Ok(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))
}

/// The maximum size of an inlined function in LLVM's measure; the default is 225. At 100 the protocol alone is 5 %
/// smaller and not slower; at 50 it is slower.
const INLINE_THRESHOLD: u32 = 100;

/// The source paths on this machine, and their replacements.
pub(crate) fn places() -> Result<[(PathBuf, &'static str); 4]> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = program(rustc, "--print sysroot").output().ok_or("rustc does not tell where it is")?;
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    Ok([
        (root().to_owned(), "/gettickets"),
        (target(), "/target"),
        (home, "/cargo"),
        (PathBuf::from(sysroot), "/rust"),
    ])
}

/// Replaces the file instead of overwriting it, so that a running program keeps its library.
fn copy(from: &Path, to: &Path) -> Result {
    let _ = fs::remove_file(to);
    fs::copy(from, to).map(drop).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

/// Copies a folder recursively.
fn copy_all(from: &Path, to: &Path) -> Result {
    let unread = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    for entry in fs::read_dir(from).map_err(unread)? {
        let entry = entry.map_err(unread)?;
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
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), None)
    }

    #[test]
    fn the_header_and_build_systems_see_the_parts_of_the_library() {
        let cases = [
            ("--prefix x", "client arrow", ""),
            ("--prefix x --features sandbox", "client arrow sandbox", "GETTICKETS_HAS_SANDBOX=1"),
            ("--prefix x --no-default-features", "", "GETTICKETS_NO_CLIENT GETTICKETS_NO_ARROW"),
            ("--prefix=x --no-default-features --features=client", "client", "GETTICKETS_NO_ARROW"),
        ];
        for (line, parts, defines) in cases {
            let install =
                install(line).map(|install| (install.parts().join(" "), install.defines().join(" ")));
            assert_eq!(install, Ok((parts.to_owned(), defines.to_owned())), "{line}");
        }
    }

    #[test]
    fn a_prefix_is_required_and_unknown_arguments_are_refused() {
        for line in ["", "--prefix", "--prefix x y", "--prefix x --dev=1", "--prefix x --libdir", "--prefix="]
        {
            assert!(install(line).is_err(), "{line}");
        }
    }

    #[test]
    fn libraries_are_below_the_prefix() {
        let libdir = |line: &str| install(line).map(|install| install.libdir).ok();
        let cases = [
            ("--prefix /usr", Some("lib")),
            ("--prefix lib", Some("lib")),
            ("--prefix /usr --libdir lib64", Some("lib64")),
            ("--prefix /usr --libdir lib/x86_64-linux-gnu/", Some("lib/x86_64-linux-gnu")),
            ("--prefix /usr --libdir=/usr/lib64", Some("lib64")),
            ("--prefix /usr --libdir /lib64", None),
            ("--prefix /usr --libdir ../lib64", None),
            ("--prefix /usr --libdir /usr", None),
            ("--prefix /usr --libdir lib;64", None),
        ];
        for (line, wanted) in cases {
            assert_eq!(libdir(line), wanted.map(PathBuf::from), "{line}");
        }
    }

    #[test]
    fn destdir_precedes_the_prefix() {
        let staged =
            |prefix: &str| parse(&["--prefix".to_owned(), prefix.to_owned()], Some(PathBuf::from("/stage")));
        assert_eq!(staged("/usr").map(|install| install.prefix), Ok(PathBuf::from("/stage/usr")));
        assert!(staged("usr").is_err(), "a relative prefix has no meaning below DESTDIR");
    }

    #[test]
    fn libraries_are_listed_once_and_without_those_of_the_compiler() {
        let printed = "-lgcc_s -lutil -lrt -lm -lc\n-lm -lutil -lgcc_s -ldl";
        assert_eq!(needed(printed), ["-lrt", "-lm", "-lutil", "-ldl"]);
        assert!(needed("\n").is_empty());
    }
}
