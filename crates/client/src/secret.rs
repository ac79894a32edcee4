//! Secrets from files and environment variables.

/// A secret without the characters that an editor or an orchestrator added around it.
///
/// `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrimmedSecret<'a> {
    /// The secret.
    pub value: &'a str,
    /// Whether it is in quotes, which are then part of it. Warn about it: the quotes were probably meant for a shell.
    pub is_quoted: bool,
}

impl std::fmt::Debug for TrimmedSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrimmedSecret").field("is_quoted", &self.is_quoted).finish_non_exhaustive()
    }
}

/// Removes a byte order mark and the white space around a secret, such as the line feed that Docker and Kubernetes
/// leave at the end of a variable. White space inside is kept.
///
/// ```
/// use gettickets::secret::trim;
/// assert_eq!(trim("\u{feff}hunter2 \r\n").value, "hunter2");
/// assert!(trim("'hunter2'").is_quoted);
/// ```
pub fn trim(text: &str) -> TrimmedSecret<'_> {
    // A mark may be before or after white space.
    let value = text.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
    let is_quoted = ['"', '\'']
        .into_iter()
        .any(|quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote));
    TrimmedSecret { value, is_quoted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_a_mark_are_cut_and_quotes_are_reported() {
        for (text, value, is_quoted) in [
            ("hunter2", "hunter2", false),
            ("hunter2\n", "hunter2", false),
            ("\u{feff}hunter2\r\n", "hunter2", false),
            (" \u{feff} hun ter2\t\n\n", "hun ter2", false),
            ("\"hunter2\"\n", "\"hunter2\"", true),
            ("'hunter2'", "'hunter2'", true),
            ("'hunter2\"", "'hunter2\"", false),
            ("\"", "\"", false),
            (" \n", "", false),
        ] {
            let trimmed = trim(text);
            assert_eq!((trimmed.value, trimmed.is_quoted), (value, is_quoted), "{text:?}");
            assert_eq!(format!("{trimmed:?}"), format!("TrimmedSecret {{ is_quoted: {is_quoted}, .. }}"));
        }
    }
}
