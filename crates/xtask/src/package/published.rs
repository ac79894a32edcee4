//! The crates that are published, and the packages that contain their code.

/// The published crates, as folders of `crates`, in the order of their dependencies. The other crates are internal, or are
/// published in another form: the C library and the Python module.
pub(super) const CRATES: [&str; 6] = ["protocol", "client", "arrow", "sandbox", "warehouse", "cli"];

/// Those whose Rust API others use. The library of the command line is for its program and the Python module.
pub(super) const LIBRARIES: [&str; 5] = ["protocol", "client", "arrow", "sandbox", "warehouse"];

/// The packages that users get as a program or a library: the command line, the C library and the Python module.
pub(super) const BINARIES: [&str; 3] = ["gettickets-cli", "gettickets-c", "gettickets-python"];

/// The version of all crates.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns the name of the crate in a folder of `crates`.
pub(super) fn package_name(folder: &str) -> String {
    match folder {
        "client" => "gettickets".to_owned(),
        other => format!("gettickets-{other}"),
    }
}

/// Returns the names of all packages that reach users.
pub(super) fn packages() -> Vec<String> {
    let crates = CRATES.iter().map(|folder| package_name(folder));
    let others = BINARIES.iter().map(|name| (*name).to_owned());
    crates.chain(others.filter(|name| name != "gettickets-cli")).collect()
}

/// Returns the names of the published crates as arguments of cargo.
pub(super) fn arguments(folders: &[&str]) -> String {
    folders.iter().map(|folder| format!(" --package {}", package_name(folder))).collect()
}
