//! Elements of unknown meaning, which are kept as JSON, and what is odd in any text.

use std::ops::Range;

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

/// An element of unknown meaning, while it is read. Its children follow it.
struct Element {
    /// Where its name and its text are, in the strings beside the elements.
    name: Range<u32>,
    text: Range<u32>,
    /// How many elements it is, itself included.
    count: u32,
}

/// An element of unknown meaning and all in it, which takes 20 bytes an element beside the texts and names.
#[derive(Default)]
struct Tree {
    elements: Vec<Element>,
    names: String,
    texts: String,
}

impl Tree {
    /// Adds an element of this name; its text and children follow.
    fn open(&mut self, name: &str) -> usize {
        let start = self.names.len() as u32;
        self.names.push_str(name);
        self.elements.push(Element { name: start..self.names.len() as u32, text: 0..0, count: 1 });
        self.elements.len() - 1
    }

    fn close(&mut self, index: usize, text: &str) {
        let start = self.texts.len() as u32;
        self.texts.push_str(text);
        let (end, count) = (self.texts.len() as u32, (self.elements.len() - index) as u32);
        if let Some(element) = self.elements.get_mut(index) {
            (element.text, element.count) = (start..end, count);
        }
    }

    fn name(&self, index: usize) -> &str {
        let name =
            self.elements.get(index).map(|element| element.name.start as usize..element.name.end as usize);
        name.and_then(|name| self.names.get(name)).unwrap_or_default()
    }

    /// The elements directly inside.
    fn children(&self, index: usize) -> Vec<usize> {
        let count =
            |index: usize| self.elements.get(index).map_or(1, |element| element.count.max(1) as usize);
        let end = index + count(index);
        let children = std::iter::successors(Some(index + 1), |child| Some(child + count(*child)));
        children.take_while(|child| *child < end).collect()
    }

    /// Writes an element as JSON: a text, or an object of its children, sorted by name; children of one name are a list.
    fn write(&self, index: usize, out: &mut String) {
        let mut children = self.children(index);
        if children.is_empty() {
            let text = self
                .elements
                .get(index)
                .map(|element| element.text.start as usize..element.text.end as usize);
            out.push_str(&json_text(text.and_then(|text| self.texts.get(text)).unwrap_or_default()));
            return;
        }
        children.sort_by_key(|child| self.name(*child));
        out.push('{');
        for (place, same) in children.chunk_by(|a, b| self.name(*a) == self.name(*b)).enumerate() {
            if place > 0 {
                out.push(',');
            }
            let Some(first) = same.first() else { continue };
            out.push_str(&json_text(self.name(*first)));
            out.push(':');
            if same.len() == 1 {
                self.write(*first, out);
                continue;
            }
            out.push('[');
            for (place, child) in same.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                self.write(*child, out);
            }
            out.push(']');
        }
        out.push('}');
    }
}

/// A text as JSON.
pub(super) fn json_text(text: &str) -> String {
    // Writing a text cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

impl Walker<'_> {
    /// An element of unknown meaning as JSON, and what is odd in it.
    pub(super) fn unknown(&mut self, depth: usize) -> Result<(String, Odd), DecodeErrorKind> {
        let (mut tree, mut odd) = (Tree::default(), Odd::default());
        let root = tree.open("");
        self.fill(root, depth, &mut tree, &mut odd)?;
        let mut json = String::new();
        tree.write(root, &mut json);
        Ok((json, odd))
    }

    /// Reads an element, which was opened in the tree, and all in it.
    fn fill(
        &mut self,
        index: usize,
        depth: usize,
        tree: &mut Tree,
        odd: &mut Odd,
    ) -> Result<(), DecodeErrorKind> {
        if depth > MAX_DEPTH {
            return Err(DecodeErrorKind::TooDeep { limit: MAX_DEPTH });
        }
        let start = self.page.arena.unescaped.len();
        let mut has_children = false;
        loop {
            match self.part()? {
                Part::Text => {}
                Part::Start(element) => {
                    has_children = true;
                    let child = tree.open(element.name().as_ref());
                    self.fill(child, depth + 1, tree, odd)?;
                }
                Part::End => break,
            }
        }
        let unescaped = std::mem::take(&mut self.page.arena.unescaped);
        let text = unescaped.get(start..).unwrap_or_default();
        self.look_at(text, odd);
        // JSON has no place for text between the parts of an object.
        odd.unread |= has_children && !text.trim().is_empty();
        tree.close(index, if has_children { "" } else { text });
        self.page.arena.unescaped = unescaped;
        self.page.arena.unescaped.truncate(start);
        Ok(())
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
