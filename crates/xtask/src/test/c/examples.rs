//! The examples: built with pkg-config and with CMake, shared and static, with gcc and clang, and run.

use std::path::{Path, PathBuf};

use super::build::{Build, Compiler, Link};
use super::{Home, Server};
use crate::process::{Result, root};

/// An example: its file, the name of its program, another package that it needs, its arguments, and a part of its
/// expected output.
struct Example {
    file: &'static str,
    binary: &'static str,
    package: Option<&'static str>,
    args: &'static str,
    prints: &'static str,
}

const EXAMPLES: [Example; 6] = [
    Example {
        file: "list_tickets.c",
        binary: "list_tickets_c",
        package: None,
        args: "Open",
        prints: "  Open  ",
    },
    Example {
        file: "decode_file.c",
        binary: "decode_file",
        package: None,
        args: "tests/vectors/8.0/documented-example.json",
        prints: "subject: This is a sample ticket",
    },
    Example {
        file: "decode_file.c",
        binary: "decode_file",
        package: None,
        args: "tests/vectors/any/xml-control-characters.xml",
        prints: "subject: a\u{fffd}b\u{fffd}[31mc",
    },
    Example {
        file: "with_libcurl.c",
        binary: "with_libcurl",
        package: Some("libcurl"),
        args: "URL/includes/api.php",
        prints: "\n",
    },
    Example {
        file: "list_tickets.cpp",
        binary: "list_tickets",
        package: None,
        args: "Open",
        prints: "  Open  ",
    },
    Example { file: "to_arrow.cpp", binary: "to_arrow", package: None, args: "", prints: "300 tickets" },
];

pub(super) fn run(home: &Home, server: &Server) -> Result {
    let folder = root().join("bindings").join("c").join("examples");
    for (c, cpp) in [(Compiler::C_GCC, Compiler::CPP17_GCC), (Compiler::C_CLANG, Compiler::CPP17_CLANG)] {
        for link in [Link::Shared, Link::Static] {
            for example in &EXAMPLES {
                let name = format!("{}{}", example.binary, if link == Link::Static { "-static" } else { "" });
                let build =
                    Build::new(name, vec![folder.join(example.file)]).package(example.package).link(link);
                let compiler = if example.file.ends_with(".c") { &c } else { &cpp };
                let binary = build.run(home, compiler)?;
                try_out(home, server, example, &binary)?;
                if example.binary == "decode_file" {
                    complains(home, &binary)?;
                }
            }
            by_cmake(home, server, &folder, &c, &cpp, link)?;
        }
    }
    Ok(())
}

fn by_cmake(home: &Home, server: &Server, folder: &Path, c: &Compiler, cpp: &Compiler, link: Link) -> Result {
    let fixed = if link == Link::Static { "ON" } else { "OFF" };
    let build = home.out.join(format!("cmake-{}-{fixed}", c.program));
    home.program("cmake", "-S")
        .arg(folder)
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", home.prefix.display()))
        .arg(format!("-DGETTICKETS_STATIC={fixed}"))
        .args(&format!("-DCMAKE_C_COMPILER={} -DCMAKE_CXX_COMPILER={}", c.program, cpp.program))
        .args("-DCMAKE_BUILD_TYPE=Release --log-level=WARNING")
        .run_quietly()?;
    home.program("cmake", "--build").arg(&build).args("--parallel 2").run_quietly()?;
    EXAMPLES.iter().try_for_each(|example| try_out(home, server, example, &build.join(example.binary)))
}

fn try_out(home: &Home, server: &Server, example: &Example, binary: &PathBuf) -> Result {
    let args = example.args.replace("URL/", &server.url);
    let printed = server.with_server(home.program(binary, &args)).printed()?;
    let printed = String::from_utf8_lossy(&printed);
    if !printed.contains(example.prints) {
        return Err(format!("{} printed no {:?}:\n{printed}", binary.display(), example.prints));
    }
    harmless(binary, &printed)
}

/// Checks that a program prints no control characters from the server's texts, which contain terminal sequences.
pub(super) fn harmless(binary: &Path, printed: &str) -> Result {
    match printed.lines().find(|line| line.contains(char::is_control)) {
        Some(line) => Err(format!("{} prints control characters: {line:?}", binary.display())),
        None => Ok(()),
    }
}

/// Checks that a file that cannot be read is an error with its reason, and is not read partially.
fn complains(home: &Home, decode_file: &Path) -> Result {
    for (args, reason) in [("tests", "Is a directory"), ("nowhere", "No such file"), ("", "usage:")] {
        match home.program(decode_file, args).run_quietly() {
            Err(said) if said.contains(reason) => {}
            outcome => return Err(format!("decode_file {args:?} does not say {reason:?}: {outcome:?}")),
        }
    }
    Ok(())
}
