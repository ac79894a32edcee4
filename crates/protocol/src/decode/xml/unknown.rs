//! Elements of unknown meaning, which are kept as JSON, and what is odd in any text.

use serde_json::{Map, Value as Json};

use super::{Part, Walker};
use crate::decode::{MAX_DEPTH, at_top};
use crate::tickets::arena::Span;
use crate::{DecodeErrorKind, Field, FindingKind};

/// What is odd in the texts of an element.
#[derive(Clone, Copy, Default)]
pub(super) struct Odd {
    replaced: bool,
    forbidden: bool,
    /// Text that could not be kept.
    unread: bool,
}

impl Odd {
    pub(super) fn kinds(self) -> impl Iterator<Item = FindingKind> {
        let kinds = [
            (self.replaced, FindingKind::ReplacedBytes),
            (self.forbidden, FindingKind::ForbiddenCharacter),
            (self.unread, FindingKind::UnreadKey),
        ];
        kinds.into_iter().filter_map(|(odd, kind)| odd.then_some(kind))
    }
}

impl Walker<'_> {
    /// An element of unknown meaning, and what is odd in it.
    pub(super) fn unknown(&mut self, depth: usize) -> Result<(Json, Odd), DecodeErrorKind> {
        let mut odd = Odd::default();
        let value = self.tree(depth, &mut odd)?;
        Ok((value, odd))
    }

    /// A text, or an object of the children; children with one name are a list.
    fn tree(&mut self, depth: usize, odd: &mut Odd) -> Result<Json, DecodeErrorKind> {
        if depth > MAX_DEPTH {
            return Err(DecodeErrorKind::TooDeep { limit: MAX_DEPTH });
        }
        let start = self.page.arena.unescaped.len();
        let mut children = Map::new();
        loop {
            match self.part()? {
                Part::Text => {}
                Part::Start(element) => {
                    let child = self.tree(depth + 1, odd)?;
                    match children.get_mut(element.name().as_ref()) {
                        Some(Json::Array(list)) => list.push(child),
                        Some(first) => *first = Json::Array(vec![first.take(), child]),
                        None => drop(children.insert(element.name().as_ref().to_owned(), child)),
                    }
                }
                Part::End => break,
            }
        }
        let text = self.page.arena.unescaped.split_off(start);
        self.look_at(&text, odd);
        if children.is_empty() {
            return Ok(text.into());
        }
        // JSON has no place for text between the parts of an object.
        odd.unread |= !text.trim().is_empty();
        Ok(children.into())
    }

    /// Notes what is odd in a text that was read.
    pub(super) fn notice(&mut self, field: Option<Field>, name: &str, span: (Span, usize, usize)) {
        let mut odd = Odd::default();
        self.look_at(self.page.arena.unescaped.get(span.1..span.2).unwrap_or_default(), &mut odd);
        odd.kinds().for_each(|kind| match field {
            Some(field) => self.page.note(kind, field, None),
            None => at_top(&mut self.page.findings, kind, name),
        });
    }

    fn look_at(&self, text: &str, odd: &mut Odd) {
        odd.replaced |= self.replaced && text.contains('\u{fffd}');
        odd.forbidden |= text.bytes().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31));
    }
}
