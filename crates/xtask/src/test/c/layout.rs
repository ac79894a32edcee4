//! Checks that build systems find the library in every layout: complete, without the static library, in another folder.

use std::fs;

use super::home::{Home, features};
use super::tests;
use crate::c::install::Install;
use crate::process::{Result, program};

pub(super) fn check(home: &Home) -> Result {
    found(home, "TRUE", "TRUE")?;
    // Distributions split packages in this way.
    for (shared, fixed) in [("TRUE", "FALSE"), ("FALSE", "TRUE")] {
        let split = home.moved_to("split");
        program("cp", "--archive --link").arg(&home.prefix).arg(&split.prefix).run()?;
        let name = if shared == "TRUE" { "libgettickets.a" } else { "libgettickets.so" };
        // The file itself, if the name is a link.
        let missing = fs::canonicalize(split.lib().join(name)).and_then(fs::remove_file);
        missing.map_err(|error| format!("{name}: {error}"))?;
        found(&split, shared, fixed)?;
        fs::remove_dir_all(&split.prefix).map_err(|error| format!("{}: {error}", split.prefix.display()))?;
    }
    let mut deep = home.moved_to("deep");
    deep.libdir = "lib/of-this/machine".into();
    let (prefix, libdir) = (deep.prefix.clone(), deep.libdir.clone());
    Install { prefix, libdir, features: features(), dev: true, ..Install::default() }.run()?;
    found(&deep, "TRUE", "TRUE")?;
    let flags = deep.program("pkg-config", "--cflags --libs gettickets").printed()?;
    let flags = String::from_utf8_lossy(&flags).into_owned();
    let folders =
        flags.split_whitespace().filter_map(|flag| flag.get(2..).filter(|_| !flag.starts_with("-D")));
    for folder in folders.filter(|folder| folder.contains('/')) {
        let wanted = [deep.lib(), deep.prefix.join("include")];
        let found = fs::canonicalize(folder).map_err(|error| format!("{folder}: {error}"))?;
        if !wanted.iter().any(|one| fs::canonicalize(one).is_ok_and(|one| one == found)) {
            return Err(format!(
                "pkg-config says {flags:?}, of which {folder} is not where anything was put"
            ));
        }
    }
    for file in ["README.md", "LICENSE-MIT", "examples/list_tickets.c", "examples/CMakeLists.txt"] {
        let file = deep.prefix.join("share/doc/gettickets").join(file);
        if !file.is_file() {
            return Err(format!("{} was not installed", file.display()));
        }
    }
    // A hundred megabytes that are not needed again.
    fs::remove_dir_all(&deep.prefix).map_err(|error| format!("{}: {error}", deep.prefix.display()))
}

/// Returns what CMake's `find_package` finds.
fn found(home: &Home, shared: &str, fixed: &str) -> Result {
    let build = home.out.join("cmake-found");
    let _ = fs::remove_dir_all(&build);
    home.program("cmake", "-S")
        .arg(tests().join("cmake"))
        .arg("-B")
        .arg(&build)
        // Not by the prefix: CMake does not search folders of other platforms. The examples use the prefix.
        .arg(format!("-Dgettickets_DIR={}", home.lib().join("cmake/gettickets").display()))
        .args(&format!("-DSHARED={shared} -DSTATIC={fixed} -DSANDBOX=TRUE --log-level=WARNING"))
        .run_quietly()
}
