//! `cargo xtask install-c`: builds libgettickets and puts it, its headers and what build systems want of it below a
//! prefix. Nothing in it names the prefix, so that the whole can be moved.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::process::{Program, Result, cargo, program, root, target};

const USAGE: &str = "usage: cargo xtask install-c --prefix DIR [--libdir DIR] [--features LIST] [--no-default-features] [--dev]\n\n\
                     \x20 --prefix DIR             where to: include, lib, lib/pkgconfig, lib/cmake, share below it\n\
                     \x20 --libdir DIR             where libraries go, below the prefix, such as lib64; default: lib\n\
                     \x20 --features LIST          parts to add, separated by commas: sandbox\n\
                     \x20 --no-default-features    the protocol alone; with --features client or arrow one of them beside it\n\
                     \x20 --dev                    the development profile, which builds faster and runs slower\n\n\
                     DESTDIR in the environment is put before the prefix, as for packages.";

/// The parts of the library that can be left out, and whether they are there by default.
const PARTS: [(&str, bool); 3] = [("client", true), ("arrow", true), ("sandbox", false)];

/// What to build, and where to put it.
pub(crate) struct Install {
    pub(crate) prefix: PathBuf,
    /// Where libraries go, below the prefix.
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
    // The programs that are run have another directory to be relative to.
    let prefix = std::path::absolute(&install.prefix);
    install.prefix = prefix.map_err(|error| format!("{}: {error}", install.prefix.display()))?;
    Ok(install)
}

/// A folder below the prefix, which packagers also give as a whole path.
fn below(prefix: &Path, libdir: &Path) -> Result<PathBuf> {
    let whole = libdir.is_absolute().then(|| libdir.strip_prefix(prefix).ok()).flatten();
    let inside = whole.unwrap_or(libdir);
    // Anything else would have to be written differently in each of the files that name it.
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

/// What the files of a release say of themselves.
struct Facts {
    version: String,
    abi: String,
    /// What a program that links the static library needs besides, as `-l` flags.
    native_libs: Vec<String>,
}

impl Install {
    pub(crate) fn run(&self) -> Result {
        let built = target().join(if self.dev { "debug" } else { "release-c" });
        let facts = self.build()?;
        let soname = format!("libgettickets.so.{}", facts.abi);
        // The ABI's number and then the release's, as ldconfig sorts by them.
        let file = format!("{soname}.{}", facts.version);
        let lib = self.folder(&self.libdir)?;
        // Debug information of the whole standard library is of no use to a C program, and large. Names are of use
        // to those who look for a defect.
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
        // By what is built: the compiler writes it when it builds, and not when it finds that done.
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
            // The compiler remarks that it wrote the list.
            .run_quietly()?;
        let header = read(&root().join("bindings/c/include/gettickets.h"))?;
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
            native_libs: needed(&read(&list)?),
        })
    }

    /// The parts that the library has.
    fn parts(&self) -> Vec<&'static str> {
        let asked = |part: &str| self.features.iter().any(|one| one == part);
        let there = |&(part, usual): &(&str, bool)| asked(part) || (usual && self.default_features);
        PARTS.iter().filter(|part| there(part)).map(|(part, _)| *part).collect()
    }

    /// What a program must define to see in the header what the library has.
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
            // The way from the file's folder to the prefix.
            ("@UP@", &vec![".."; folder.components().count()].join("/")),
            ("@SONAME@", soname),
            ("@SHARED_FILE@", file),
            ("@STATIC_FILE@", "libgettickets.a"),
        ];
        let filled = values.iter().fold(read(template)?, |text, (name, value)| text.replace(name, value));
        let name = template.file_stem().unwrap_or_default();
        let path = self.folder(folder)?.join(name);
        fs::write(&path, filled).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let folder = self.prefix.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

/// Gives every exported symbol the soname as its version, so that two ABIs of the library in one process do not
/// bind to each other. rustc passes a version script of its own, and only the GNU linker takes this beside it.
const SYMBOL_VERSIONS: &str = if cfg!(all(target_os = "linux", target_env = "gnu")) {
    "-Clinker-features=-lld -Clink-arg=-Wl,--default-symver"
} else {
    ""
};

/// Makes the archive that is installed: one object file, in which only what the shared library exports is visible.
/// So two Rust libraries can be linked to one program, of which each has Rust's standard library.
fn archive(from: &Path, shared: &Path, to: &Path) -> Result {
    if !cfg!(target_os = "linux") {
        return strip(from, "--strip-debug", to);
    }
    let folder = target().join("archive-c");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (stripped, object) = (folder.join("stripped.a"), folder.join("gettickets.o"));
    strip(from, "--strip-debug", &stripped)?;
    // What an exported function needs is kept, and nothing else.
    let link =
        program("ld", "--relocatable --gc-sections --script").arg(root().join("bindings/c/archive.ld"));
    let link = exported(shared)?.iter().fold(link, |link, name| link.arg(format!("--undefined={name}")));
    link.arg("-o").arg(&object).arg(&stripped).run()?;
    // The compiler's own code is of no use to a linker of another version.
    program("objcopy", "--wildcard --keep-global-symbol=gettickets_*")
        .args("--remove-section=.llvmbc --remove-section=.llvmcmd")
        .arg(&object)
        .run()?;
    let _ = fs::remove_file(to);
    program("ar", "rcs").arg(to).arg(&object).run()?;
    // A hundred megabytes that nothing reads again.
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

/// What a program needs beside the static library: each flag once, where it is needed last. Not what the compiler that
/// links brings by itself: the C library, and that unwinder which fits, as the shared one does not below `-static`.
fn needed(printed: &str) -> Vec<String> {
    let flags = || printed.split_whitespace().filter(|flag| !matches!(*flag, "-lc" | "-lgcc_s"));
    let last = |(at, flag): &(usize, &str)| !flags().skip(at + 1).any(|later| later == *flag);
    flags().enumerate().filter(last).map(|(_, flag)| flag.to_owned()).collect()
}

/// Builds so that what is built does not tell where on this machine that was, and is no larger than it need be. For a
/// profile that nothing else is built in, as other flags build everything anew.
fn with_flags_of_a_release(build: Program) -> Result<Program> {
    let mut flags: Vec<String> = match (std::env::var("CARGO_ENCODED_RUSTFLAGS"), std::env::var("RUSTFLAGS"))
    {
        (Ok(encoded), _) => {
            encoded.split('\x1f').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
        }
        (_, Ok(plain)) => plain.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    // Of those that hold one another the inner one comes later, and is then the one that counts.
    for (path, name) in places()? {
        flags.push(format!("--remap-path-prefix={}={name}", path.display()));
    }
    flags.push(format!("-Cllvm-args=-inline-threshold={INLINE_THRESHOLD}"));
    Ok(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))
}

/// How large a function may be to be put where it is called, in LLVM's measure; 225 is usual. At 100 the protocol
/// alone is 5 % smaller and no slower; at 50 it is slower.
const INLINE_THRESHOLD: u32 = 100;

/// Where this machine has what is built from, and what to call that instead.
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
    fn the_header_and_build_systems_see_what_the_library_has() {
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
    fn a_prefix_is_needed_and_what_is_not_known_is_refused() {
        for line in ["", "--prefix", "--prefix x y", "--prefix x --dev=1", "--prefix x --libdir", "--prefix="]
        {
            assert!(install(line).is_err(), "{line}");
        }
    }

    #[test]
    fn libraries_go_below_the_prefix() {
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
    fn destdir_stands_before_the_prefix() {
        let staged =
            |prefix: &str| parse(&["--prefix".to_owned(), prefix.to_owned()], Some(PathBuf::from("/stage")));
        assert_eq!(staged("/usr").map(|install| install.prefix), Ok(PathBuf::from("/stage/usr")));
        assert!(staged("usr").is_err(), "it would not be known below what");
    }

    #[test]
    fn what_the_static_library_needs_is_named_once_and_without_what_the_compiler_brings() {
        let printed = "-lgcc_s -lutil -lrt -lm -lc\n-lm -lutil -lgcc_s -ldl";
        assert_eq!(needed(printed), ["-lrt", "-lm", "-lutil", "-ldl"]);
        assert!(needed("\n").is_empty());
    }
}
