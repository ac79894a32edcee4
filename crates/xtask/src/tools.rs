//! Installs programs that steps need and that may be missing.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::files;
use crate::process::{Program, Result, cargo, program, root, target};

/// The version of cargo-deny, which checks licenses, bans and sources.
const CARGO_DENY: &str = "0.20.2";

/// The version of cbindgen, which writes the C header.
const CBINDGEN: &str = "0.29.4";

/// The version of cargo-mutants, which changes the code to test the tests.
const CARGO_MUTANTS: &str = "27.1.0";

/// The version of cargo-llvm-cov, which reports the lines that tests execute.
const CARGO_LLVM_COV: &str = "0.9.1";

/// The version of cargo-hack, which checks combinations of features.
const CARGO_HACK: &str = "0.6.45";

/// The version of cargo-public-api, which lists the public items of a crate. It reads the JSON of rustdoc 1.95.
const CARGO_PUBLIC_API: &str = "0.52.0";

/// The version of cargo-semver-checks, which finds breaking changes.
const CARGO_SEMVER_CHECKS: &str = "0.51.0";

/// The version of cargo-cyclonedx, which lists dependencies.
const CARGO_CYCLONEDX: &str = "0.5.9";

/// Version of mdBook, which builds the documentation site.
const MDBOOK: &str = "0.5.4";

/// Returns the output of `rustc --version --verbose`: a line for each fact.
pub(crate) fn rustc() -> String {
    program("rustc", "--version --verbose").output().unwrap_or_default()
}

/// Returns a fact of [`rustc`], such as `host`.
pub(crate) fn fact<'r>(rustc: &'r str, name: &str) -> Option<&'r str> {
    rustc.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Returns cargo-deny, which is built below `target` if necessary.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    built("cargo-deny", CARGO_DENY)
}

/// Returns cbindgen, which is built below `target` if necessary.
pub(crate) fn cbindgen() -> Result<PathBuf> {
    built("cbindgen", CBINDGEN)
}

/// Returns cargo-mutants, which is built below `target` if necessary.
pub(crate) fn cargo_mutants() -> Result<PathBuf> {
    built("cargo-mutants", CARGO_MUTANTS)
}

/// Returns cargo-llvm-cov, which is built below `target` if necessary.
pub(crate) fn cargo_llvm_cov() -> Result<PathBuf> {
    built("cargo-llvm-cov", CARGO_LLVM_COV)
}

/// Returns cargo-hack, which is built below `target` if necessary.
pub(crate) fn cargo_hack() -> Result<PathBuf> {
    built("cargo-hack", CARGO_HACK)
}

/// Returns cargo-public-api, which is built below `target` if necessary.
pub(crate) fn cargo_public_api() -> Result<PathBuf> {
    built("cargo-public-api", CARGO_PUBLIC_API)
}

/// Returns cargo-semver-checks, which is built below `target` if necessary.
pub(crate) fn cargo_semver_checks() -> Result<PathBuf> {
    built("cargo-semver-checks", CARGO_SEMVER_CHECKS)
}

/// Returns cargo-cyclonedx, which is built below `target` if necessary.
pub(crate) fn cargo_cyclonedx() -> Result<PathBuf> {
    built("cargo-cyclonedx", CARGO_CYCLONEDX)
}

/// Returns mdBook, which is built below `target` if necessary.
pub(crate) fn mdbook() -> Result<PathBuf> {
    // Without the preview server, which is half of the dependencies.
    built_with("mdbook", MDBOOK, "--no-default-features --features search")
}

/// Installs Doxygen, which generates the API reference of the C and C++ headers, if it is missing.
pub(crate) fn doxygen() -> Result {
    ensure("doxygen", "doxygen", "Doxygen, which generates the API reference of the C and C++ headers")
}

/// Returns a program from the registry, which is built below `target` if necessary.
fn built(name: &str, version: &str) -> Result<PathBuf> {
    built_with(name, version, "")
}

/// Returns a program from the registry, which is built below `target` with these options of cargo if necessary.
///
/// Debug builds take a minute and a half on two cores. Optimized builds would take longer than they save.
fn built_with(name: &str, version: &str, options: &str) -> Result<PathBuf> {
    let tools = target().join("tools");
    let binary = tools.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    // A cargo subcommand expects its own name as the first argument.
    let plain = program(&binary, "--version").output();
    let found =
        plain.or_else(|| program(&binary, name.trim_start_matches("cargo-")).arg("--version").output());
    // Some programs print a `v` before the number.
    let found_version =
        |found: &String| found.split_whitespace().last().map(|last| last.trim_start_matches('v').to_owned());
    if found.as_ref().and_then(found_version).as_deref() != Some(version) {
        let build = tools.join("build");
        cargo("install --locked --debug --force --quiet --version")
            .arg(version)
            .arg(name)
            .args(options)
            .arg("--root")
            .arg(&tools)
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .run()?;
        // The build directory has hundreds of megabytes and is not needed again.
        let _ = std::fs::remove_dir_all(build);
    }
    Ok(binary)
}

/// Installs PHP's command line, which the tests of the Local API run, if it is missing.
pub(crate) fn php() -> Result {
    ensure("php", "php-cli", "PHP's command line, which the tests of the Local API run")
}

/// Installs the PostgreSQL server, which the tests of the mirror start, if it is missing.
pub(crate) fn postgresql() -> Result {
    // Debian does not put the server's programs on PATH.
    if Path::new("/usr/lib/postgresql").is_dir() || program("initdb", "--version").succeeds() {
        return Ok(());
    }
    install("postgresql", "the PostgreSQL server, which the tests of the mirror start")
}

/// Installs nginx, which the tests of the client put in front of the sandbox, if it is missing.
pub(crate) fn nginx() -> Result {
    // Debian does not put it on the path of users.
    if program("nginx", "-v").succeeds() || Path::new("/usr/sbin/nginx").is_file() {
        return Ok(());
    }
    install("nginx-light", "nginx, which the tests of the client put in front of the sandbox")
}

/// Installs Java, which Spark runs on, if it is missing.
pub(crate) fn java() -> Result {
    if program("java", "-version").succeeds() {
        return Ok(());
    }
    install("openjdk-17-jre-headless", "Java, which Spark runs on")
}

/// Installs valgrind, which counts instructions, if it is missing.
pub(crate) fn valgrind() -> Result {
    ensure("valgrind", "valgrind", "valgrind, which counts instructions")
}

/// Installs curl and jq, which a measurement compares with the command line, if they are missing.
pub(crate) fn curl_and_jq() -> Result {
    ensure("curl", "curl", "curl, a peer of the command line")?;
    ensure("jq", "jq", "jq, a peer of the command line")
}

/// Installs missing programs for the tests of the C library: compilers, build tools, valgrind, and the HTTP library of
/// an example.
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
        ensure(name, package, what)?;
    }
    if !program("pkg-config", "--exists libcurl").succeeds() {
        install("libcurl4-openssl-dev", "libcurl, which an example uses")?;
    }
    Ok(())
}

/// Returns the Python of a virtual environment below `target` that has these packages.
pub(crate) fn python_with(environment: &str, packages: &[&str]) -> Result<PathBuf> {
    let home = target().join(environment);
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = home.join(bin).join("python").with_extension(std::env::consts::EXE_EXTENSION);
    // Written last, so that an incomplete environment is recreated.
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
    files::write(&stamp, wanted)?;
    Ok(python)
}

/// Runs maturin, which builds the Python package, in this environment.
pub(crate) fn maturin(python: &Path, args: &str) -> Program {
    let package = root().join("bindings").join("python");
    // maturin looks for Python and zig in the active environment.
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

/// Installs a wheel without its dependencies.
pub(crate) fn install_wheel(python: &Path, wheel: &Path) -> Result {
    program(python, "-m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall")
        .arg(wheel)
        .run()
}

/// Runs a script in a new environment with only this wheel.
pub(crate) fn smoke(python: &Path, wheel: &Path, script: &Path) -> Result {
    let home = target().join("python-smoke");
    program(python, "-m venv --clear").arg(&home).run()?;
    let inside = home.join("bin").join("python");
    install_wheel(&inside, wheel)?;
    program(&inside, "-W error").arg(script).env("PYTHONDONTWRITEBYTECODE", "1").run()
}

/// The only subdirectory of a directory.
pub(crate) fn only_directory(directory: &Path) -> Result<PathBuf> {
    let unread = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = std::fs::read_dir(directory).map_err(unread)?;
    let mut found = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(format!("{} should hold one directory", directory.display())),
    }
}

/// The only file in a directory with this extension.
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

/// Installs the Debian package of a program that is missing.
fn ensure(name: &str, package: &str, what: &str) -> Result {
    if program(name, "--version").succeeds() {
        return Ok(());
    }
    install(package, what)
}

/// Installs a Debian package, or returns an error that names what is missing.
fn install(package: &str, what: &str) -> Result {
    let missing =
        || format!("{what} is missing: install it (on Debian and Ubuntu: apt-get install {package})");
    let root = program("id", "-u").output().is_some_and(|id| id == "0");
    if !root || !program("apt-get", "--version").succeeds() {
        return Err(missing());
    }
    println!("installing {package}, {what}");
    let apt = |args: &str| program("apt-get", args).env("DEBIAN_FRONTEND", "noninteractive");
    // The lists of packages are updated once.
    static UPDATED: OnceLock<Result> = OnceLock::new();
    UPDATED.get_or_init(|| apt("update -qq").run()).clone()?;
    apt("install -qq -y --no-install-recommends")
        .arg(package)
        .run()
        .map_err(|error| format!("{error}\n{}", missing()))
}
