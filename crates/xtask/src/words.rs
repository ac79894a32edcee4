//! Finds wording that CONTRIBUTING.md asks to avoid, so that it does not return.

use std::fs;

use crate::process::{Result, program, root};

/// Phrases, and what to write instead. They match whole words.
const PHRASES: &[(&str, &str)] = &[
    ("told", "returned, reported, yielded"),
    ("tells", "returns, reports, says"),
    ("tell apart", "distinguish"),
    ("tells apart", "distinguishes"),
    ("is none", "is not a, is absent"),
    ("are none", "are absent"),
    ("stands at", "is at"),
    ("stands behind", "follows"),
    ("stands before", "precedes"),
    ("who is asked", "the endpoint"),
    ("ask again", "retry"),
    ("asks again", "retries"),
    ("asked again", "retried"),
    ("bent", "deviates; accepted with a finding"),
    ("let in", "authenticated, allowed"),
    ("give up", "abort, cancel"),
    ("gives up", "aborts, cancels"),
    ("given up", "aborted, canceled"),
    ("owed", "pending"),
    ("in vain", "without progress"),
    ("came about", "was established"),
    ("heeds", "honors"),
    ("stands", "is, appears"),
    ("what came back", "the response, the reply"),
    ("what comes back", "the response, the reply"),
    ("in one go", "at once, as a whole"),
    ("holds back the", "delays"),
    ("hold back the", "delay"),
    ("goes away", "is removed"),
    ("go away", "are removed"),
    ("under way", "in progress"),
    ("was cut off", "was interrupted, was truncated"),
    ("were cut off", "were interrupted, were truncated"),
    ("as it was before it", "unchanged"),
    ("is there for", "is used for"),
    ("leads nowhere", "has no target"),
    ("leads to nothing", "has no target"),
    ("got their names", "were renamed"),
    ("gets their names", "renames"),
    ("get their names", "are renamed"),
    ("is forgotten", "is removed, is omitted"),
    ("owes", "has pending"),
    ("is no reply", "is not a reply"),
    ("is no number", "is not a number"),
    ("is no text", "is not text"),
    ("is no limit", "disables the limit"),
    ("in its stead", "instead"),
    ("behaviour", "behavior"),
    ("colour", "color"),
    ("colours", "colors"),
    ("neighbour", "neighbor"),
    ("neighbours", "neighbors"),
    ("honour", "honor"),
    ("honours", "honors"),
    ("honoured", "honored"),
    ("licence", "license"),
    ("recognised", "recognized"),
    ("serialised", "serialized"),
    ("normalised", "normalized"),
    ("optimised", "optimized"),
    ("whilst", "while"),
];

/// The files that are checked: code and documentation. Reply bodies of the vectors quote servers.
const PATTERNS: [&str; 10] =
    ["*.rs", "*.py", "*.pyi", "*.md", "*.c", "*.h", "*.hpp", "*.cpp", "*.php", "*.toml"];

/// Fails if a phrase is used; `--count` only prints the counts by folder.
pub(crate) fn run(args: &[String]) -> Result {
    let listed =
        program("git", "ls-files --").args(&PATTERNS.join(" ")).output().ok_or("git ls-files failed")?;
    let mut found = Vec::new();
    // This file has the phrases themselves.
    for file in listed.lines().filter(|file| !file.ends_with("xtask/src/words.rs")) {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let phrases = PHRASES.iter().filter(|(phrase, _)| has_phrase(line, phrase));
            found.extend(phrases.map(|(phrase, instead)| {
                (file.to_owned(), format!("{file}:{}: \"{phrase}\": write {instead}", number + 1))
            }));
        }
    }
    if args.iter().any(|arg| arg == "--count") {
        let mut files: Vec<String> = found.iter().map(|(file, _)| folder(file)).collect();
        files.sort();
        for group in files.chunk_by(|a, b| a == b) {
            println!("{:5} {}", group.len(), group.first().map_or("", String::as_str));
        }
        println!("{:5} in all", found.len());
        return Ok(());
    }
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.into_iter().map(|(_, line)| line).collect();
    Err(format!("{}\n{} phrases to replace", lines.join("\n"), lines.len()))
}

/// The first two folders of a path.
fn folder(file: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.truncate(2);
    parts.join("/")
}

/// Whether a line contains these words in sequence; the first may be capitalized.
fn has_phrase(line: &str, phrase: &str) -> bool {
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let mut capital = phrase.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    line.match_indices(phrase).chain(line.match_indices(&capital)).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + phrase.len()..).and_then(|text| text.chars().next());
        // "There is none" is plain English; "this is none of them" is not.
        let after_there =
            line.get(..at).is_some_and(|text| text.trim_end().to_ascii_lowercase().ends_with("there"));
        boundary(before) && boundary(after) && !after_there
    })
}

#[cfg(test)]
mod tests {
    use super::has_phrase;

    #[test]
    fn phrases_match_whole_words() {
        assert!(has_phrase("Told us.", "told") && has_phrase("what it told us.", "told"));
        assert!(!has_phrase("if value is None:", "is none"), "that is Python");
        assert!(has_phrase("give up.", "give up"));
        assert!(!has_phrase("NULL if there are none", "are none") && has_phrase("they are none", "are none"));
        assert!(!has_phrase("untold, told_count, toldyou", "told"));
        assert!(!has_phrase("given update", "give up"));
    }
}
