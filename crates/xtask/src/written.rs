//! Parts of documents that tasks write: each is between a line that says which task writes it, and [`END`].

use crate::files;
use crate::process::{Result, program, root};

/// The line after each part.
pub(crate) const END: &str = "<!-- end of what is written -->";

/// Splits a text into what precedes the part, the part, and the rest.
pub(crate) fn part<'t>(text: &'t str, begin: &str) -> Result<(&'t str, &'t str, &'t str)> {
    let missing = || format!("the file lacks the line {begin:?} or, after it, {END:?}");
    let (before, rest) = text.split_once(begin).ok_or_else(missing)?;
    let (part, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok((before, part, after))
}

/// Replaces the part in a file, whose path is relative to the repository's root.
pub(crate) fn replace(file: &str, begin: &str, part: &str) -> Result {
    let path = root().join(file);
    files::write(&path, replaced(&files::read(&path)?, begin, part)?)
}

/// Replaces the part in a text.
pub(crate) fn replaced(text: &str, begin: &str, part: &str) -> Result<String> {
    let (before, _, after) = self::part(text, begin)?;
    Ok(format!("{before}{begin}\n\n{}\n\n{END}{after}", part.trim()))
}

/// The commit from which something is built, marked if the sources differ from it.
pub(crate) fn commit() -> Result<String> {
    let commit = program("git", "rev-parse --short HEAD").output();
    let commit = commit.ok_or("a git repository is needed, to name the commit")?;
    let same = program("git", "diff --quiet HEAD -- crates bindings fuzz").succeeds();
    Ok(if same { commit } else { format!("{commit}, changed") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_between_its_two_lines() {
        let text = format!("a\nB1\nx\n{END}\nB2\nold\n{END}\nb\n");
        let new = replaced(&text, "B2", "new\n").unwrap();
        assert_eq!(new, format!("a\nB1\nx\n{END}\nB2\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "B2", "new").unwrap(), new);
        assert_eq!(part(&new, "B2").unwrap().1, "\n\nnew\n\n");
        assert!(replaced("a", "B1", "new").is_err() && replaced("B1", "B1", "new").is_err());
    }
}
