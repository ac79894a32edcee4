//! What the library shows: its symbols, and headers that stand by themselves in every standard.

use std::collections::BTreeSet;
use std::fs;

use super::{Home, build::Compiler, tests};
use crate::c::install;
use crate::process::Result;

pub(super) fn check(home: &Home) -> Result {
    symbols(home)?;
    names(home)?;
    headers(home)?;
    refusals(home)
}

/// The shared library exports what the header declares and nothing else, and the tests call all of it with NULL.
fn symbols(home: &Home) -> Result {
    let library = home.lib().join("libgettickets.so");
    let exported = install::exported(&library)?;
    let declared = declared(&read(home.prefix.join("include").join("gettickets.h"))?);
    // Made by the feature test-hooks, and declared in no header.
    let hooks = ["gettickets_test_panic", "gettickets_test_panic_value"].map(str::to_owned).into();
    let wanted: BTreeSet<String> = declared.union(&hooks).cloned().collect();
    if exported != wanted {
        let differing: Vec<_> = exported.symmetric_difference(&wanted).cloned().collect();
        return Err(format!("exported, or declared, but not both: {}", differing.join(", ")));
    }
    let tried = read(tests().join("suite").join("null.c"))?;
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

/// The shared library's functions have a version each, and the archive shows nothing else than them.
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

/// The functions that a header declares: names before a parenthesis, at the beginning of a declaration.
fn declared(header: &str) -> BTreeSet<String> {
    let lines = header.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let heads = lines.filter(|line| !line.starts_with("typedef")).filter_map(|line| line.split_once('('));
    heads
        .filter_map(|(head, _)| head.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("gettickets_"))
        .map(str::to_owned)
        .collect()
}

/// Each header alone, whatever part of the library is left out.
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

/// What can't be included so is refused in one sentence, rather than in pages about names that are not known.
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
        // The parts of a library with every part do no harm once it is there.
        let all = std::iter::once(&whole).chain(parts.iter().filter(|part| !part.ends_with("sandbox.hpp")));
        compile(program, "c++17", &all.map(std::path::PathBuf::as_path).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn read(path: std::path::PathBuf) -> Result<String> {
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_told_from_all_else() {
        let header = "typedef void (*gettickets_log_function)(void *x);\n\
                      gettickets_result gettickets_a(int x);\nconst char *gettickets_b(void);\n\
                      \x20   gettickets_c(x)\n * gettickets_d(x)\nuint64_t gettickets_e(\n";
        let names: Vec<_> = declared(header).into_iter().collect();
        assert_eq!(names, ["gettickets_a", "gettickets_b", "gettickets_e"]);
    }
}
