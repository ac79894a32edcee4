//! Generates the tables of environment variables, the configuration file and the exit codes of the program.

use gettickets_cli::reference;

use crate::markdown::{self, code, prose};

/// Every environment variable.
pub(super) fn table() -> String {
    let rows = reference::ENVIRONMENT.iter().map(|(names, meaning)| {
        let names: Vec<String> = names.split(", ").map(code).collect();
        [names.join(", "), prose(meaning)]
    });
    markdown::table(["variable", "meaning"], rows)
}

/// The description of the configuration file.
pub(super) fn configuration_file() -> String {
    format!("```text\n{}\n```\n", reference::FILES)
}

/// Every exit code.
pub(super) fn exit_codes() -> String {
    let rows = reference::exit_codes().into_iter().map(|(exit, meaning)| [exit.to_string(), prose(meaning)]);
    markdown::table(["exit code", "meaning"], rows)
}

#[cfg(test)]
mod tests {
    use crate::repository;

    use super::*;

    /// Variables that the program sets for its own child processes: shell completion, and the Local API.
    const INTERNAL: [&str; 2] = ["GETTICKETS_COMPLETE", "GETTICKETS_LOCAL_CALL"];

    /// The names of variables of this project in the string literals of a source text.
    fn names(source: &str) -> Vec<&str> {
        let code = source.split("#[cfg(test)]").next().unwrap();
        code.split('"')
            .filter(|text| text.starts_with("GETTICKETS_") && text.len() > "GETTICKETS_".len())
            .filter(|text| {
                text.bytes().all(|at| at.is_ascii_uppercase() || at.is_ascii_digit() || at == b'_')
            })
            .collect()
    }

    #[test]
    fn every_variable_that_the_programs_read_is_listed() {
        // The text of the page lists the variables that are not in the table.
        let listed = table() + &repository::read("docs/src/reference/environment.md").unwrap();
        let mut seen = 0;
        for folder in ["crates/cli/src", "crates/client/src", "crates/warehouse/src", "crates/protocol/src"] {
            for file in repository::files_below(&repository::root().join(folder), ".rs").unwrap() {
                let source = std::fs::read_to_string(&file).unwrap();
                for name in names(&source) {
                    let is_listed = listed.contains(&code(name)) || INTERNAL.contains(&name);
                    assert!(
                        is_listed,
                        "{name} of {} is not in ENVIRONMENT of args/manual.rs",
                        file.display()
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen >= 8, "only {seen} variables were found");
    }
}
