//! The README's quick starts in C and C++, compiled exactly as they stand there, and run.

use std::fs;

use super::build::{Build, Compiler};
use super::{Home, Server};
use crate::process::{Result, root};

pub(super) fn run(home: &Home, server: &Server) -> Result {
    let readme = root().join("README.md");
    let readme = fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let starts = [("In C", "c", Compiler::C_GCC, 25), ("In C++", "cpp", Compiler::CPP17_GCC, 300)];
    for (section, language, compiler, least) in starts {
        let code = block(&readme, section, language)?;
        let file = home.out.join(format!("quickstart.{language}"));
        fs::write(&file, code).map_err(|error| format!("{}: {error}", file.display()))?;
        let binary = Build::new(format!("quickstart-{language}"), vec![file]).bare().run(home, &compiler)?;
        let printed = server.told_to(home.program(binary, "")).printed()?;
        let lines = String::from_utf8_lossy(&printed).lines().count();
        if lines < least {
            return Err(format!(
                "the README's example in {section:?} printed {lines} lines, not {least} or more"
            ));
        }
    }
    Ok(())
}

/// The first block of code in this language below this heading.
fn block<'a>(readme: &'a str, section: &str, language: &str) -> Result<&'a str> {
    let missing = || format!("README.md has no ```{language} in a section {section:?}");
    let (_, below) = readme.split_once(&format!("\n## {section}\n")).ok_or_else(missing)?;
    let below = below.split_once("\n## ").map_or(below, |(below, _)| below);
    let (_, code) = below.split_once(&format!("\n```{language}\n")).ok_or_else(missing)?;
    code.split_once("\n```").map(|(code, _)| code).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_below_its_heading_and_nowhere_else() {
        let readme = "# x\n\n## In C\n\n```console\n$ cc\n```\n\n```c\nint main;\n```\n\n## In C++\n\n```cpp\nauto x;\n```\n";
        assert_eq!(block(readme, "In C", "c"), Ok("int main;"));
        assert_eq!(block(readme, "In C++", "cpp"), Ok("auto x;"));
        assert!(block(readme, "In C", "cpp").is_err() && block(readme, "In D", "c").is_err());
    }
}
