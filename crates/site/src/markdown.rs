//! Finds the links, headings and sections of Markdown texts, and formats texts as Markdown.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

/// The extensions that mdBook enables by default.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
}

/// A link or an image of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The target as written.
    pub(crate) target: String,
    /// The range of the target in the text; `None` if it is defined elsewhere, as in `[text][name]`.
    pub(crate) place: Option<Range<usize>>,
}

/// The links and images of a page, in order.
pub(crate) fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let (Event::Start(Tag::Link { link_type, dest_url, .. })
        | Event::Start(Tag::Image { link_type, dest_url, .. })) = event
        else {
            continue;
        };
        let place = (link_type == LinkType::Inline).then(|| {
            let link = text.get(range.clone())?;
            let at = range.start + link.rfind(&format!("]({dest_url}"))? + 2;
            Some(at..at + dest_url.len())
        });
        links.push(Link { target: dest_url.into_string(), place: place.flatten() });
    }
    links
}

/// A heading of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// The level, which is 1 for the title of a page.
    pub(crate) level: usize,
    /// The fragment of links to it, without `#`.
    pub(crate) id: String,
    /// The range of the heading in the text.
    pub(crate) place: Range<usize>,
}

/// The headings of a page, in order. The terms of definition lists are included with level 0, because links can refer
/// to them as well.
pub(crate) fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut current: Option<(usize, Range<usize>, Option<String>, String)> = None;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                current = Some((level as usize, range, id.map(|id| id.into_string()), String::new()));
            }
            Event::Start(Tag::DefinitionListTitle) => current = Some((0, range, None, String::new())),
            Event::Text(part) | Event::Code(part) => {
                if let Some((.., words)) = &mut current {
                    words.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_) | TagEnd::DefinitionListTitle) => {
                let Some((level, place, id, words)) = current.take() else { continue };
                let id = id.unwrap_or_else(|| {
                    let slug = slug(&words);
                    let count = seen.entry(slug.clone()).or_default();
                    *count += 1;
                    if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
                });
                headings.push(Heading { level, id, place });
            }
            _ => {}
        }
    }
    headings
}

/// Returns the fragment that mdBook and GitHub generate for a heading.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|at| match at {
        at if at.is_alphanumeric() || at == '_' || at == '-' => Some(at.to_lowercase().to_string()),
        at if at.is_whitespace() => Some("-".to_owned()),
        _ => None,
    });
    kept.collect()
}

/// Returns the text from below the heading with this id to the next heading of the same or a higher level.
pub(crate) fn section<'t>(text: &'t str, id: &str) -> Option<&'t str> {
    let headings = headings(text);
    let mut rest = headings.iter().skip_while(|heading| heading.id != id);
    let heading = rest.next()?;
    let end = rest
        .find(|next| (1..=heading.level).contains(&next.level))
        .map_or(text.len(), |next| next.place.start);
    text.get(heading.place.end..end).map(str::trim)
}

/// Converts plain text to Markdown that displays the same text. Parts in backquotes stay code, and options (`--all`)
/// and environment variables (`NO_COLOR`) become code.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push_str(&code(part));
            continue;
        }
        for word in part.split_inclusive(char::is_whitespace) {
            let start = word.trim_start_matches(['(', '[', '\'', '"']);
            let name = start.trim_end().trim_end_matches(['.', ',', ';', ':', ')', ']', '\'', '"']);
            let is_option = name.starts_with("--") && name.len() > 2;
            let is_variable = name.contains('_')
                && name.len() > 3
                && name.bytes().all(|at| at.is_ascii_uppercase() || at.is_ascii_digit() || at == b'_');
            if is_option || is_variable {
                let (before, after) = (word.len() - start.len(), word.len() - start.len() + name.len());
                out.push_str(&escaped(word.get(..before).unwrap_or_default()));
                out.push_str(&code(name));
                out.push_str(&escaped(word.get(after..).unwrap_or_default()));
            } else {
                out.push_str(&escaped(word));
            }
        }
    }
    out
}

/// Escapes the characters of a text that have a meaning in Markdown.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for at in text.chars() {
        if "\\`*_{}[]<>#|~&".contains(at) {
            out.push('\\');
        }
        out.push(at);
    }
    out
}

/// Formats a text as inline code.
pub(crate) fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Formats Markdown for a cell of a table: on one line, with vertical bars escaped, which would end the cell.
pub(crate) fn cell(markdown: &str) -> String {
    let line = markdown.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("\\|", "|").replace('|', "\\|")
}

/// Formats a table with these headings and rows of Markdown.
pub(crate) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&headings.map(str::to_owned));
    out += &line(&headings.map(|_| "---".to_owned()));
    for row in rows {
        out += &line(&row.map(|part| cell(&part)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "[a](b.md) `[no](x.md)` [c `d`](../e.md#f \"title\") ![i](i.png)\n\n```\n[no](y.md)\n```\n[g][h]\n\n[h]: k.md\n";
        let links = links(text);
        let targets: Vec<&str> = links.iter().map(|link| &*link.target).collect();
        assert_eq!(targets, ["b.md", "../e.md#f", "i.png", "k.md"]);
        assert_eq!(links[1].place.clone().map(|place| &text[place]), Some("../e.md#f"));
        assert_eq!(links[3].place, None);
    }

    #[test]
    fn headings_have_the_ids_that_mdbook_generates() {
        let text = "# Title\n\n## In `C++`, and more\n\n## x_y-z\n\n## x_y-z\n\n`--all`\n:   everything\n";
        let ids: Vec<String> = headings(text).into_iter().map(|heading| heading.id).collect();
        assert_eq!(ids, ["title", "in-c-and-more", "x_y-z", "x_y-z-1", "--all"]);
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level() {
        let text = "# T\n\n## A\n\nfirst\n\n### B\n\nsecond\n\n```\n## no\n```\n\n## C\n\nthird\n";
        assert_eq!(section(text, "a"), Some("first\n\n### B\n\nsecond\n\n```\n## no\n```"));
        assert_eq!(section(text, "c"), Some("third"));
        assert_eq!(section(text, "d"), None);
    }

    #[test]
    fn plain_text_is_escaped_except_for_code() {
        assert_eq!(
            prose("use --all, or `x_y` [env: NO_COLOR]"),
            "use `--all`, or `x_y` \\[env: `NO_COLOR`\\]"
        );
        assert_eq!(prose("'eu-*' <b>"), "'eu-\\*' \\<b\\>");
        assert_eq!(table(["a"], [["`x|y`".to_owned()]]), "| a |\n| --- |\n| `x\\|y` |\n");
    }
}
