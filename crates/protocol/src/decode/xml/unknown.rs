//! Unknown elements, which are kept as JSON, and issues of any text.

use std::ops::Range;

use super::{Part, Walker};
use crate::decode::decoded::{MAX_DEPTH, note_top_level};
use crate::tickets::span::Span;
use crate::{DecodeErrorKind, Field, FindingKind};

/// Issues of the texts of an element.
#[derive(Clone, Copy, Default)]
pub(super) struct TextIssues {
    replaced: bool,
    forbidden: bool,
    /// Text between child elements, which is not kept.
    unread: bool,
}

impl TextIssues {
    pub(super) fn kinds(self) -> impl Iterator<Item = FindingKind> {
        let kinds = [
            (self.replaced, FindingKind::ReplacedBytes),
            (self.forbidden, FindingKind::ForbiddenCharacter),
            (self.unread, FindingKind::UnreadKey),
        ];
        kinds.into_iter().filter_map(|(present, kind)| present.then_some(kind))
    }
}

/// An unknown element. Its children follow it in the list.
struct Element {
    /// Where its name is in `Tree::names`, and its text in `Tree::texts`.
    name: Range<u32>,
    text: Range<u32>,
    /// The number of elements in it, including itself.
    count: u32,
}

/// An unknown element and everything inside. Each element takes 20 bytes besides its text and name.
#[derive(Default)]
struct Tree {
    elements: Vec<Element>,
    names: String,
    texts: String,
}

impl Tree {
    /// Adds an element. Its children and then its text follow.
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

    /// Returns the direct children.
    fn children(&self, index: usize) -> Vec<usize> {
        let count =
            |index: usize| self.elements.get(index).map_or(1, |element| element.count.max(1) as usize);
        let end = index + count(index);
        let children = std::iter::successors(Some(index + 1), |child| Some(child + count(*child)));
        children.take_while(|child| *child < end).collect()
    }

    /// Writes an element as JSON: a string, or an object of its children, sorted by name. Children of the same name
    /// become a list.
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
        for (index, same) in children.chunk_by(|a, b| self.name(*a) == self.name(*b)).enumerate() {
            if index > 0 {
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
            for (index, child) in same.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self.write(*child, out);
            }
            out.push(']');
        }
        out.push('}');
    }
}

/// Writes a text as JSON.
pub(super) fn json_text(text: &str) -> String {
    // Serializing a string cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

impl Walker<'_> {
    /// Reads an unknown element. Returns it as JSON, and its issues.
    pub(super) fn unknown(&mut self, depth: usize) -> Result<(String, TextIssues), DecodeErrorKind> {
        let (mut tree, mut issues) = (Tree::default(), TextIssues::default());
        let root = tree.open("");
        self.fill(root, depth, &mut tree, &mut issues)?;
        let mut json = String::new();
        tree.write(root, &mut json);
        Ok((json, issues))
    }

    /// Reads the content of an element that was added to the tree.
    fn fill(
        &mut self,
        index: usize,
        depth: usize,
        tree: &mut Tree,
        issues: &mut TextIssues,
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
                    self.fill(child, depth + 1, tree, issues)?;
                }
                Part::End => break,
            }
        }
        let unescaped = std::mem::take(&mut self.page.arena.unescaped);
        let text = unescaped.get(start..).unwrap_or_default();
        self.check_text(text, issues);
        // JSON has no place for text between child elements.
        issues.unread |= has_children && !text.trim().is_empty();
        tree.close(index, if has_children { "" } else { text });
        self.page.arena.unescaped = unescaped;
        self.page.arena.unescaped.truncate(start);
        Ok(())
    }

    /// Reports the issues of a text that was read.
    pub(super) fn note_issues(&mut self, field: Option<Field>, name: &str, span: (Span, usize, usize)) {
        let mut issues = TextIssues::default();
        self.check_text(self.page.arena.unescaped.get(span.1..span.2).unwrap_or_default(), &mut issues);
        issues.kinds().for_each(|kind| match field {
            Some(field) => self.page.note(kind, field, None),
            None => note_top_level(&mut self.page.findings, kind, name),
        });
    }

    fn check_text(&self, text: &str, issues: &mut TextIssues) {
        issues.replaced |= self.replaced && text.contains('\u{fffd}');
        issues.forbidden |= text.bytes().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31));
    }
}
