//! The benchmark programs in C, and the sources of their peers.

use std::fs;
use std::path::{Path, PathBuf};

use super::install::Install;
use crate::process::{Result, program, root, target};
use crate::tools;

/// The peers' sources, which Python packages contain, and the folder with the sources in each package.
const YYJSON: (&str, &str, &str) = ("yyjson", "4.0.6", "yyjson");
const SIMDJSON: (&str, &str, &str) = ("pysimdjson", "7.0.2", "simdjson");

/// The benchmark programs.
pub(crate) struct Programs {
    /// Decodes replies.
    pub(crate) decode: PathBuf,
    /// Reads whole lists.
    pub(crate) scan: PathBuf,
    /// The folder of the library that they use.
    pub(crate) lib: PathBuf,
}

/// Builds the programs.
pub(crate) fn built() -> Result<Programs> {
    tools::c()?;
    let home = target().join("bench-c");
    let prefix = home.join("prefix");
    Install { prefix: prefix.clone(), ..Install::default() }.run()?;
    let yyjson = sources(&home, YYJSON)?;
    let simdjson = sources(&home, SIMDJSON)?;
    let bench = root().join("bindings").join("c").join("bench");
    let include = prefix.join("include");
    let lib = prefix.join("lib");
    let object = |source: &Path, includes: &[&Path]| -> Result<PathBuf> {
        let cpp = source.extension().is_some_and(|end| end == "cpp");
        let name = source.file_stem().unwrap_or_default();
        let object = home.join(name).with_extension("o");
        let (compiler, standard) = if cpp { ("g++", "-std=c++17") } else { ("gcc", "-std=c11") };
        // Optimized for this machine's processor, which is the best case of the peers; gettickets stays as installed.
        let compile =
            program(compiler, standard).args("-O3 -march=native -DNDEBUG -c -o").arg(&object).arg(source);
        includes.iter().fold(compile, |compile, folder| compile.arg("-isystem").arg(folder)).run()?;
        Ok(object)
    };
    let linked = |name: &str, objects: &[&Path], libraries: &str| -> Result<PathBuf> {
        let binary = home.join(name);
        let link = objects.iter().fold(program("g++", "-o").arg(&binary), |link, object| link.arg(object));
        link.arg("-L").arg(&lib).args(libraries).run()?;
        Ok(binary)
    };
    let yyjson_peer = object(&bench.join("yyjson_peer.c"), &[&yyjson])?;
    let yyjson_library = object(&yyjson.join("yyjson.c"), &[&yyjson])?;
    let decode = linked(
        "decode_c",
        &[
            &object(&bench.join("main.c"), &[])?,
            &object(&bench.join("ours.c"), &[&include])?,
            &yyjson_peer,
            &object(&bench.join("simdjson_peer.cpp"), &[&simdjson])?,
            &yyjson_library,
            &object(&simdjson.join("simdjson.cpp"), &[&simdjson])?,
        ],
        "-lgettickets",
    )?;
    let scan = object(&bench.join("scan.c"), &[&include, &yyjson])?;
    let scan = linked("scan_c", &[&scan, &yyjson_peer, &yyjson_library], "-lgettickets -lcurl")?;
    Ok(Programs { decode, scan, lib })
}

/// A peer's sources, which are downloaded if necessary.
fn sources(home: &Path, (package, version, folder): (&str, &str, &str)) -> Result<PathBuf> {
    let name = format!("{package}-{version}");
    let sources = home.join(&name).join(folder);
    if sources.is_dir() {
        return Ok(sources);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", home.display());
    fs::create_dir_all(home).map_err(failed)?;
    let python = tools::python_with("bench-c-python", &[])?;
    program(
        &python,
        "-m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest",
    )
    .arg(home)
    .arg(format!("{package}=={version}"))
    .run()?;
    program(&python, "-m tarfile --extract").arg(home.join(format!("{name}.tar.gz"))).arg(home).run()?;
    Ok(sources)
}
