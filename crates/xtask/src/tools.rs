//! Programs that steps need and a clean machine may lack.

use std::path::{Path, PathBuf};

use crate::process::{Program, Result, cargo, program, root, target};

/// The cargo-deny that licences, bans and sources are checked with.
const CARGO_DENY: &str = "0.20.2";

/// The cbindgen that the C header is written with.
const CBINDGEN: &str = "0.29.4";

/// Gives cargo-deny, built below `target` where it is not there yet.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    built("cargo-deny", CARGO_DENY)
}

/// Gives cbindgen, built below `target` where it is not there yet.
pub(crate) fn cbindgen() -> Result<PathBuf> {
    built("cbindgen", CBINDGEN)
}

/// Gives a program from the registry, built below `target` where it is not there yet.
///
/// As debug builds they are there after a minute and a half on two cores, in cargo-deny's case most of it for code
/// that checks nothing here (it can fetch advisories); an optimised build would take longer than it could ever save.
fn built(name: &str, version: &str) -> Result<PathBuf> {
    let tools = target().join("tools");
    let binary = tools.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let found = program(&binary, "--version").output();
    if found.is_none_or(|found| found != format!("{name} {version}")) {
        let build = tools.join("build");
        cargo("install --locked --debug --force --quiet --version")
            .arg(version)
            .arg(name)
            .arg("--root")
            .arg(&tools)
            .env("CARGO_TARGET_DIR", &build)
            // Symbols for a debugger would be most of its size, and nobody debugs it here.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .run()?;
        // Hundreds of megabytes that nothing reads again; leaving them would only be untidy.
        let _ = std::fs::remove_dir_all(build);
    }
    Ok(binary)
}

/// Makes sure that PHP's command line is there, which the tests of the Local API run.
pub(crate) fn php() -> Result {
    if program("php", "--version").succeeds() {
        return Ok(());
    }
    install("php-cli", "PHP's command line, which the tests of the Local API run")
}

/// Makes sure that there is all that the tests of the C library need: both compilers, what build systems want of
/// it, valgrind, and the HTTP library of an example.
pub(crate) fn c() -> Result {
    const WANTED: [(&str, &str, &str); 6] = [
        ("gcc", "gcc", "the GNU C compiler"),
        ("g++", "g++", "the GNU C++ compiler"),
        ("clang++", "clang", "LLVM's C and C++ compiler"),
        ("cmake", "cmake", "CMake"),
        ("valgrind", "valgrind", "valgrind, which finds leaks and races"),
        ("pkg-config", "pkg-config", "pkg-config"),
    ];
    for (name, package, what) in WANTED {
        if !program(name, "--version").succeeds() {
            install(package, what)?;
        }
    }
    if !program("pkg-config", "--exists libcurl").succeeds() {
        install("libcurl4-openssl-dev", "libcurl, which an example uses")?;
    }
    Ok(())
}

/// Gives the Python of a virtual environment below `target` that has these packages.
pub(crate) fn python_with(environment: &str, packages: &[&str]) -> Result<PathBuf> {
    let home = target().join(environment);
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = home.join(bin).join("python").with_extension(std::env::consts::EXE_EXTENSION);
    // Written last, so that an environment that was left half made is made again.
    let stamp = home.join("packages");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted)
        && program(&python, "--version").succeeds()
    {
        return Ok(python);
    }
    if !program("python3", "-c").arg("import venv, ensurepip").succeeds() {
        install("python3-venv", "Python 3 with venv")?;
    }
    program("python3", "-m venv --clear").arg(&home).run()?;
    let pip = program(&python, "-m pip install --quiet --disable-pip-version-check");
    if !packages.is_empty() {
        packages.iter().fold(pip, |pip, package| pip.arg(package)).run()?;
    }
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// maturin of this environment, which builds the Python package.
pub(crate) fn maturin(python: &Path, args: &str) -> Program {
    let package = root().join("bindings").join("python");
    // maturin looks for Python, and for zig, in the environment that is active.
    let bin = python.parent().unwrap_or(python);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
    program(python, "-m maturin")
        .args(args)
        .directory(&package)
        .env("PATH", std::env::join_paths(paths).unwrap_or(path.clone()))
        .env("VIRTUAL_ENV", bin.parent().unwrap_or(bin))
        .without_env("PYO3_PYTHON")
        .without_env("RUSTFLAGS")
}

/// Installs a wheel, and nothing that it may want beside it.
pub(crate) fn install_wheel(python: &Path, wheel: &Path) -> Result {
    program(python, "-m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall")
        .arg(wheel)
        .run()
}

/// Runs a script in an environment of this interpreter that has a wheel and nothing else.
pub(crate) fn smoke(python: &Path, wheel: &Path, script: &Path) -> Result {
    let home = target().join("python-smoke");
    program(python, "-m venv --clear").arg(&home).run()?;
    let inside = home.join("bin").join("python");
    install_wheel(&inside, wheel)?;
    program(&inside, "-W error").arg(script).env("PYTHONDONTWRITEBYTECODE", "1").run()
}

/// The one directory in another.
pub(crate) fn only_directory(directory: &Path) -> Result<PathBuf> {
    let unread = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = std::fs::read_dir(directory).map_err(unread)?;
    let mut found = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(format!("{} should hold one directory", directory.display())),
    }
}

/// The one file in a directory that ends so.
pub(crate) fn only_file(directory: &Path, extension: &str) -> Result<PathBuf> {
    let unread = |error: std::io::Error| format!("{}: {error}", directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(format!("{} should hold one .{extension} file", directory.display())),
    }
}

/// Installs a Debian package where that is possible; says what is missing where it is not.
fn install(package: &str, what: &str) -> Result {
    let missing =
        || format!("{what} is missing: install it (on Debian and Ubuntu: apt-get install {package})");
    let root = program("id", "-u").output().is_some_and(|id| id == "0");
    if !root || !program("apt-get", "--version").succeeds() {
        return Err(missing());
    }
    println!("installing {package}, {what}");
    let apt = |args: &str| program("apt-get", args).env("DEBIAN_FRONTEND", "noninteractive");
    apt("update -qq").run()?;
    apt("install -qq -y --no-install-recommends")
        .arg(package)
        .run()
        .map_err(|error| format!("{error}\n{}", missing()))
}
