//! Checks the library's exported symbols, and that its headers compile alone in every standard.

use std::collections::BTreeSet;

use super::{Home, build::Compiler, tests};
use crate::c::install;
use crate::files;
use crate::process::Result;

pub(super) fn check(home: &Home) -> Result {
    symbols(home)?;
    names(home)?;
    headers(home)?;
    refusals(home)
}

/// Checks that the shared library exports exactly what the header declares, and that the tests call all of it with
/// NULL.
fn symbols(home: &Home) -> Result {
    let library = home.lib().join("libgettickets.so");
    let exported = install::exported(&library)?;
    let declared = declared(&files::read(home.prefix.join("include").join("gettickets.h"))?);
    // Defined by the feature test-hooks, and declared in no header.
    let hooks = ["gettickets_test_panic", "gettickets_test_panic_value"].map(str::to_owned).into();
    let wanted: BTreeSet<String> = declared.union(&hooks).cloned().collect();
    if exported != wanted {
        let differing: Vec<_> = exported.symmetric_difference(&wanted).cloned().collect();
        return Err(format!("exported, or declared, but not both: {}", differing.join(", ")));
    }
    let tried = files::read(tests().join("suite").join("null.c"))?;
    let untried: Vec<_> =
        declared.iter().filter(|name| !tried.contains(&format!("{name}("))).cloned().collect();
    if !untried.is_empty() {
        return Err(format!("bindings/c/tests/suite/null.c does not try {}", untried.join(", ")));
    }
    let soname = home.program("readelf", "--dynamic").arg(&library).printed()?;
    let dynamic = String::from_utf8_lossy(&soname);
    if !dynamic.contains("[libgettickets.so.1]") {
        return Err("the library's soname is not libgettickets.so.1".to_owned());
    }
    if !dynamic.contains("NODELETE") {
        return Err("the library can be unloaded, which its threads may not survive".to_owned());
    }
    Ok(())
}

/// Checks that the shared library's functions have a version, and that the archive exports only them.
fn names(home: &Home) -> Result {
    let library = home.lib().join("libgettickets.so");
    let listed =
        home.program("nm", "--dynamic --defined-only --with-symbol-versions").arg(&library).printed()?;
    let listed = String::from_utf8_lossy(&listed);
    let functions = || listed.lines().filter(|line| line.contains(" T "));
    if let Some(line) = functions().find(|line| !line.ends_with("@@libgettickets.so.1")) {
        return Err(format!("a symbol has no version: {line}"));
    }
    let listed = home
        .program("nm", "--extern-only --defined-only --format=just-symbols")
        .arg(home.lib().join("libgettickets.a"))
        .printed()?;
    let listed = String::from_utf8_lossy(&listed);
    let shown: BTreeSet<&str> = listed.split_whitespace().filter(|name| !name.ends_with(':')).collect();
    let exported = install::exported(&library)?;
    match shown.iter().find(|name| !exported.contains(**name)) {
        Some(name) => Err(format!("the archive shows {name}, which another library may have too")),
        None if shown.len() == exported.len() => Ok(()),
        None => Err(format!("the archive shows {} of {} functions", shown.len(), exported.len())),
    }
}

/// Returns the functions that a header declares: names before a parenthesis, at the beginning of a declaration.
fn declared(header: &str) -> BTreeSet<String> {
    let lines = header.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let heads = lines.filter(|line| !line.starts_with("typedef")).filter_map(|line| line.split_once('('));
    heads
        .filter_map(|(head, _)| head.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("gettickets_"))
        .map(str::to_owned)
        .collect()
}

/// Compiles each header alone, without each part of the library.
fn headers(home: &Home) -> Result {
    const PARTS: [&str; 4] = [
        "",
        "-DGETTICKETS_NO_ARROW",
        "-DGETTICKETS_NO_CLIENT -DGETTICKETS_NO_ARROW",
        "-DGETTICKETS_HAS_SANDBOX=1",
    ];
    let alone = |compiler: &Compiler, header: &str, language: &str, flags: &str| {
        let path = home.prefix.join("include").join(header);
        home.program(compiler.program, &format!("-std={} -fsyntax-only", compiler.standard))
            .args("-pedantic-errors -Wall -Wextra -Wconversion -Werror")
            .args(flags)
            .args(&format!("-x {language} -include"))
            .arg(path)
            .arg("/dev/null")
            .run()
    };
    for parts in PARTS {
        for program in ["gcc", "clang"] {
            for standard in ["c89", "c11", "c17"] {
                let strict = format!("-Wstrict-prototypes -Wmissing-prototypes {parts}");
                alone(&Compiler { program, standard }, "gettickets.h", "c", &strict)?;
            }
        }
        for program in ["g++", "clang++"] {
            alone(&Compiler { program, standard: "c++17" }, "gettickets.h", "c++", parts)?;
            alone(&Compiler { program, standard: "c++17" }, "gettickets.hpp", "c++", parts)?;
            alone(
                &Compiler { program, standard: "c++20" },
                "gettickets.hpp",
                "c++",
                &format!("-fno-exceptions {parts}"),
            )?;
        }
    }
    Ok(())
}

/// Checks that a wrong include is refused with a single message instead of many errors about unknown names.
fn refusals(home: &Home) -> Result {
    let include = home.prefix.join("include");
    let parts = super::sources(&include.join("gettickets"), "hpp")?;
    let whole = include.join("gettickets.hpp");
    let compile = |program: &str, standard: &str, headers: &[&std::path::Path]| {
        let compile = home.program(program, &format!("-std={standard} -fsyntax-only -x c++"));
        let compile = headers.iter().fold(compile, |compile, header| compile.arg("-include").arg(header));
        compile.arg("/dev/null").run_quietly()
    };
    let refused = |outcome: Result, sentence: &str| match outcome {
        Err(said) if said.contains(sentence) && said.matches("error:").count() == 1 => Ok(()),
        Err(said) => Err(format!("not refused by {sentence:?} alone:\n{said}")),
        Ok(()) => Err(format!("not refused by {sentence:?}")),
    };
    for program in ["g++", "clang++"] {
        refused(compile(program, "c++14", &[&whole]), "gettickets.hpp needs C++17")?;
        for part in &parts {
            refused(compile(program, "c++17", &[part]), "include <gettickets.hpp>")?;
        }
        // Partial headers compile after the complete one.
        let all = std::iter::once(&whole).chain(parts.iter().filter(|part| !part.ends_with("sandbox.hpp")));
        compile(program, "c++17", &all.map(std::path::PathBuf::as_path).collect::<Vec<_>>())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_distinguished_from_other_text() {
        let header = "typedef void (*gettickets_log_function)(void *x);\n\
                      gettickets_result gettickets_a(int x);\nconst char *gettickets_b(void);\n\
                      \x20   gettickets_c(x)\n * gettickets_d(x)\nuint64_t gettickets_e(\n";
        let names: Vec<_> = declared(header).into_iter().collect();
        assert_eq!(names, ["gettickets_a", "gettickets_b", "gettickets_e"]);
    }
}
