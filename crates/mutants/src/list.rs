//! The list of mutants that cargo-mutants prints.

use serde::Deserialize;

/// A small change of the code.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    /// The place and the change, as cargo-mutants prints them.
    pub(crate) name: String,
    /// The name of its package.
    pub(crate) package: String,
    /// The path of its file, relative to the root of the workspace.
    pub(crate) file: String,
    /// The text that is replaced.
    pub(crate) span: Span,
    pub(crate) replacement: String,
}

/// A part of a file. The end is not included.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// A place in a file: a line and a column, both from 1. Columns count characters.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// Returns the byte offset of this place in a text.
    pub(crate) fn offset(self, text: &str) -> Option<usize> {
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(self.line.checked_sub(1)?).map(str::len).sum();
        let line = lines.next().unwrap_or_default();
        let columns = self.column.checked_sub(1)?;
        let ends = line.char_indices().map(|(offset, _)| offset).chain([line.len()]);
        ends.clone().nth(columns).map(|offset| before + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let at = |line, column| Position { line, column }.offset("ab\nä c\n");
        assert_eq!([at(1, 1), at(1, 3), at(2, 1), at(2, 2), at(2, 3)], [0, 2, 3, 5, 6].map(Some));
        assert_eq!([at(0, 1), at(2, 99)], [None, None]);
    }
}
