//! Finds the known word that a mistyped one was probably meant to be.

use strsim::osa_distance;

/// No known word is longer. The distance takes quadratic time, so longer texts are not compared.
const MAX_LEN: usize = 40;

/// How words are compared.
pub(crate) struct Comparison {
    /// Removes the differences that do not count, such as case.
    pub(crate) plain: fn(&str) -> String,
    /// How many typing errors a known word of this length, without those differences, may have.
    pub(crate) errors: fn(usize) -> usize,
}

impl Comparison {
    /// The known word that is the fewest typing errors away. A word that begins with the text is similar, too.
    pub(crate) fn nearest<'k>(
        &self,
        text: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        let text = (self.plain)(text);
        if text.len() > MAX_LEN {
            return None;
        }
        let similar = known.into_iter().filter_map(|known| {
            let plain = (self.plain)(known);
            let distance = osa_distance(&text, &plain);
            let is_beginning = text.len() > 2 && plain.starts_with(&text);
            (is_beginning || distance <= (self.errors)(plain.len())).then_some((distance, known))
        });
        similar.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
    }
}
