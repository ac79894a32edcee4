//! Checks the links between pages before the site is built.

use std::collections::{BTreeMap, HashSet};

use crate::book::Book;
use crate::markdown;
use crate::repository::{self, Result};

/// Fails if links lead to pages or headings that do not exist, and lists all of them. Links to other sites are not
/// checked, and neither are links to the API references, which are generated when the site is built.
pub(crate) fn check(book: &Book) -> Result {
    let dead = dead_links(&book.pages);
    if dead.is_empty() { Ok(()) } else { Err(dead.join("\n")) }
}

fn dead_links(pages: &BTreeMap<String, String>) -> Vec<String> {
    let headings: BTreeMap<&String, HashSet<String>> = pages
        .iter()
        .map(|(path, text)| (path, markdown::headings(text).into_iter().map(|heading| heading.id).collect()))
        .collect();
    let mut dead = Vec::new();
    for (page, text) in pages {
        for link in markdown::links(text) {
            let target = link.target;
            let (path, fragment) =
                target.split_once('#').map_or((&*target, None), |(path, fragment)| (path, Some(fragment)));
            if path.contains(':') {
                continue;
            }
            let other = if path.is_empty() { Some(page.clone()) } else { repository::resolve(page, path) };
            let Some(other) = other else {
                dead.push(format!("{page}: {target} is outside the site"));
                continue;
            };
            if other.starts_with("api/") {
                continue;
            }
            match (headings.get(&other), fragment) {
                (None, _) => dead.push(format!("{page}: {target} is not a page")),
                (Some(headings), Some(fragment)) if !headings.contains(fragment) => {
                    dead.push(format!("{page}: {target} is not a heading"));
                }
                _ => {}
            }
        }
    }
    dead
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(links: &str) -> Vec<String> {
        let pages = [("a/b.md", links), ("c.md", "# Title\n\n## Part\n")];
        dead_links(&pages.map(|(path, text)| (path.to_owned(), text.to_owned())).into())
    }

    #[test]
    fn dead_links_are_reported() {
        assert_eq!(
            dead("[x](../c.md#part) [y](../c.md) [z](../api/rust/x.html) [w](https://a.b/c#d)"),
            [""; 0]
        );
        assert_eq!(
            dead("[x](../c.md#other) [y](c.md) [z](#none) [w](../../c.md)"),
            [
                "a/b.md: ../c.md#other is not a heading",
                "a/b.md: c.md is not a page",
                "a/b.md: #none is not a heading",
                "a/b.md: ../../c.md is outside the site",
            ]
        );
    }

    #[test]
    fn every_link_of_the_site_has_a_target() {
        let book = crate::book::assemble().unwrap();
        assert_eq!(dead_links(&book.pages), Vec::<String>::new());
    }
}
