//! Reads the documentation comments of enum variants and constants from source files.

use crate::repository::{self, Result};

/// An item of a source file with its documentation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Documented {
    /// The name of the variant or constant.
    pub(crate) name: String,
    /// The documentation: paragraphs of Markdown without links to code.
    pub(crate) text: String,
    /// The rest of the line on which it is defined.
    pub(crate) rest: String,
}

/// Returns the variants of an enum in a source file, in order. The variants may also be the arguments of a macro, such
/// as `finding_kinds! {`.
pub(crate) fn variants(path: &str, item: &str) -> Result<Vec<Documented>> {
    let source = repository::read(path)?;
    let begin = source
        .lines()
        .position(|line| line == format!("pub enum {item} {{") || line == format!("{item}! {{"))
        .ok_or_else(|| format!("{path}: there is no enum {item}"))?;
    let body: Vec<&str> = source.lines().skip(begin + 1).take_while(|line| *line != "}").collect();
    // Variants are indented once; their contents are indented further.
    let items = documented(body.iter().filter_map(|line| line.strip_prefix("    ")));
    if items.is_empty() {
        return Err(format!("{path}: no variant of {item} was found"));
    }
    Ok(items)
}

/// Returns the public constants of a source file whose names begin with `prefix`, in order.
pub(crate) fn constants(path: &str, prefix: &str) -> Result<Vec<Documented>> {
    let source = repository::read(path)?;
    let marker = format!("pub const {prefix}");
    let lines = source.lines().map(|line| line.strip_prefix("pub const ").unwrap_or(line));
    let mut items = documented(lines);
    items.retain(|item| source.contains(&format!("{marker}{}", item.name.trim_start_matches(prefix))));
    if items.is_empty() {
        return Err(format!("{path}: no constant {prefix}… was found"));
    }
    Ok(items)
}

/// Returns the items among these lines that have a documentation comment.
fn documented<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<Documented> {
    let mut items = Vec::new();
    let mut text: Vec<&str> = Vec::new();
    for line in lines {
        if let Some(comment) = line.strip_prefix("///") {
            text.push(comment.strip_prefix(' ').unwrap_or(comment));
        } else if line.starts_with("#[") || line.starts_with(' ') {
            // An attribute, or the contents of an item.
        } else {
            let len = line.find(|at: char| !at.is_alphanumeric() && at != '_').unwrap_or(line.len());
            let (name, rest) = line.split_at(len);
            let comment = std::mem::take(&mut text);
            if !comment.is_empty() && name.starts_with(|at: char| at.is_ascii_uppercase()) {
                items.push(Documented {
                    name: name.to_owned(),
                    text: plain(&comment),
                    rest: rest.to_owned(),
                });
            }
        }
    }
    items
}

/// Removes the links to code from a comment: `` [`name`] `` and `` [`name`](target) `` become `` `name` ``.
fn plain(comment: &[&str]) -> String {
    let text = comment.join("\n");
    let mut out = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once("[`") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("`]") else { break };
        out.push('`');
        out.push_str(name);
        out.push('`');
        rest = match tail.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, tail)) => tail,
            None => tail,
        };
    }
    out + rest
}

/// Returns the problems in a source file with their hints. They are found in struct literals with the fields `problem`
/// and `hint`, and in variables `problem` that are followed by a hint. Values in the texts are replaced by `…`.
pub(crate) fn problems(path: &str) -> Result<Vec<(String, String)>> {
    let source = repository::read(path)?;
    let mut found = Vec::new();
    for (start, hint_starts) in
        [("problem: ", &["hint: "][..]), ("let problem = format!(", &[".with_hint(", "let hint = "])]
    {
        for (at, _) in source.match_indices(start) {
            let problem = source.get(at + start.len()..).unwrap_or_default();
            if problem.starts_with("String") || problem.starts_with("Cow") {
                // The declaration of the field.
                continue;
            }
            let hint = hint_starts.iter().filter_map(|start| Some((problem.find(start)?, start))).min();
            let hint = hint.and_then(|(at, start)| problem.get(at + start.len()..));
            let texts = first_text(problem).zip(hint.and_then(|hint| constant_or_text(&source, hint)));
            found.push(texts.ok_or_else(|| format!("{path}: a problem has no text or no hint"))?);
        }
    }
    Ok(found)
}

/// Returns the value of the constant whose name `value` begins with, or else the first string literal in `value`.
fn constant_or_text(source: &str, value: &str) -> Option<String> {
    let constant: String = value.chars().take_while(|at| at.is_ascii_uppercase() || *at == '_').collect();
    if constant.is_empty() {
        return first_text(value);
    }
    let (_, value) = source.split_once(&format!("const {constant}: &str ="))?;
    first_text(value)
}

/// Returns the first string literal of a source text, with `…` in place of values.
fn first_text(source: &str) -> Option<String> {
    let (_, text) = source.split_once('"')?;
    let mut out = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some(out),
            '\\' => out.push(characters.next()?),
            '{' => {
                characters.by_ref().find(|at| *at == '}')?;
                out.push('…');
            }
            at => out.push(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comments_of_variants_are_read() {
        let kinds = variants("crates/client/src/error/transport.rs", "TransportErrorKind").unwrap();
        let names: Vec<&str> = kinds.iter().map(|kind| &*kind.name).collect();
        assert!(names.starts_with(&["Dns", "Connect"]) && names.ends_with(&["Thread", "Other"]), "{names:?}");
        assert_eq!(kinds[0].text, "The host's name could not be looked up.");
        let inner = kinds.iter().find(|kind| kind.name == "TooLarge").unwrap();
        assert!(!inner.text.contains("limit, in bytes"), "the comments of its fields: {}", inner.text);
    }

    #[test]
    fn constants_are_read_with_their_values() {
        let codes = constants("bindings/c/src/result.rs", "GETTICKETS_").unwrap();
        assert_eq!((&*codes[0].name, &*codes[0].text), ("GETTICKETS_OK", "Success."));
        assert!(codes[0].rest.ends_with("= 0;"));
    }

    #[test]
    fn problems_are_read_with_their_hints() {
        let found = problems("crates/client/src/scan/machine.rs").unwrap();
        let start = "its end was not reached in … requests";
        let hint = found.iter().find(|(problem, _)| problem == start).map(|(_, hint)| &**hint);
        assert!(hint.is_some_and(|hint| hint.starts_with("Allow more requests (max_requests)")), "{found:?}");
        assert!(
            found
                .iter()
                .any(|(problem, hint)| problem.contains("readably") && hint.contains("(skip_unreadable)"))
        );
    }

    #[test]
    fn links_to_code_become_code() {
        assert_eq!(plain(&["See [`a`](b::c), [`d`] and", "[e](f)."]), "See `a`, `d` and\n[e](f).");
    }

    #[test]
    fn values_in_texts_are_replaced_by_an_ellipsis() {
        assert_eq!(first_text("format!(\"a {b} \\\"c\\\"\")").as_deref(), Some("a … \"c\""));
    }
}
