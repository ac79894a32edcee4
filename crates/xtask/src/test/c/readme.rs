//! Compiles the C and C++ programs of the READMEs exactly as printed, and runs them.

use super::build::{Build, Compiler};
use super::examples::harmless;
use super::{Home, Server};
use crate::files;
use crate::process::{Result, root};

/// A program: its README, its section, its language, and the minimum number of lines that it prints.
const PROGRAMS: [(&str, &str, &str, usize); 4] = [
    ("README.md", "In C", "c", 25),
    ("README.md", "In C++", "cpp", 300),
    ("bindings/c/README.md", "A server to try it on", "c", 1),
    ("bindings/c/README.md", "A server to try it on", "cpp", 1),
];

pub(super) fn run(home: &Home, server: &Server) -> Result {
    for (readme, section, language, least) in PROGRAMS {
        let text = files::read(root().join(readme))?;
        let code = block(&text, section, language).map_err(|missing| format!("{readme} {missing}"))?;
        let file = home.out.join(format!("quickstart.{language}"));
        files::write(&file, code)?;
        let compiler = if language == "c" { Compiler::C_GCC } else { Compiler::CPP17_GCC };
        let binary = Build::new(format!("quickstart-{language}"), vec![file]).bare().run(home, &compiler)?;
        let run = |server: &Server| server.with_server(home.program(&binary, ""));
        let printed = run(server).printed()?;
        let printed = String::from_utf8_lossy(&printed);
        harmless(&binary, &printed)?;
        // Like a user who searches for leaks in a program: without suppressions.
        let valgrind = home.program("valgrind", "--quiet --leak-check=full --error-exitcode=9").arg(&binary);
        server.with_server(valgrind).run_quietly()?;
        let lines = printed.lines().count();
        if lines < least {
            return Err(format!("{readme}, {section:?}: {lines} lines were printed, not {least} or more"));
        }
        if readme == "README.md" {
            let failing = run(server).env("GETTICKETS_SECRET", "wrong").run_quietly();
            let hinted = |said: &String| said.contains("\nCheck the identifier");
            if !failing.as_ref().is_err_and(hinted) {
                return Err(format!(
                    "{readme}, {section:?}: an error is printed without its hint: {failing:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Returns the first code block in this language below this heading.
fn block<'a>(readme: &'a str, section: &str, language: &str) -> Result<&'a str> {
    let missing = || format!("has no ```{language} in a section {section:?}");
    let (_, below) = readme.split_once(&format!("\n## {section}\n")).ok_or_else(missing)?;
    let below = below.split_once("\n## ").map_or(below, |(below, _)| below);
    let (_, code) = below.split_once(&format!("\n```{language}\n")).ok_or_else(missing)?;
    code.split_once("\n```").map(|(code, _)| code).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_only_below_its_heading() {
        let readme = "# x\n\n## In C\n\n```console\n$ cc\n```\n\n```c\nint main;\n```\n\n## In C++\n\n```cpp\nauto x;\n```\n";
        assert_eq!(block(readme, "In C", "c"), Ok("int main;"));
        assert_eq!(block(readme, "In C++", "cpp"), Ok("auto x;"));
        assert!(block(readme, "In C", "cpp").is_err() && block(readme, "In D", "c").is_err());
    }
}
