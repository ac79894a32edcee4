//! Checks the links of the built site. mdBook rewrites links and names headings, so they can differ from the sources.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::repository::{self, Result};

/// Pages that mdBook generates from other pages. Their links are relative to those pages.
const DERIVED: [&str; 3] = ["print.html", "404.html", "toc.html"];

/// Checks the links of all pages of a site and returns their number. Excludes the API references, whose own tools check
/// their links.
pub(crate) fn check(site: &Path) -> Result<usize> {
    let mut ids = HashMap::new();
    let mut dead = Vec::new();
    let mut checked = 0;
    let pages = repository::files_below(site, ".html")?;
    let own = pages.iter().filter(|path| {
        let is_reference = path.strip_prefix(site).is_ok_and(|path| path.starts_with("api"));
        let is_derived = path.file_name().is_some_and(|name| DERIVED.iter().any(|derived| name == *derived));
        !is_reference && !is_derived
    });
    for page in own {
        let text = fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
        for target in attributes(&text, &["href", "src"]) {
            let (path, fragment) =
                target.split_once('#').map_or((&*target, ""), |(path, fragment)| (path, fragment));
            if path.contains(':') {
                continue;
            }
            checked += 1;
            let file = file_of(page, path.split('?').next().unwrap_or(path));
            let found = file.is_file()
                && (fragment.is_empty() || ids_of(&file, &mut ids)?.contains(&decoded(fragment)));
            if !found {
                dead.push(format!("{}: {target} does not exist", page.display()));
            }
        }
    }
    match (dead.is_empty(), checked) {
        (true, 0) => Err(format!("{} contains no page with links", site.display())),
        (true, checked) => Ok(checked),
        (false, _) => Err(dead.join("\n")),
    }
}

/// Returns the file that a link on a page refers to. For a folder it is the index.
fn file_of(page: &Path, path: &str) -> PathBuf {
    if path.is_empty() {
        return page.to_owned();
    }
    let file = page.parent().unwrap_or(page).join(decoded(path));
    if file.is_dir() { file.join("index.html") } else { file }
}

/// Returns the ids and names of the elements of a page, to which fragments can refer.
fn ids_of<'i>(file: &Path, ids: &'i mut HashMap<PathBuf, HashSet<String>>) -> Result<&'i HashSet<String>> {
    if !ids.contains_key(file) {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        ids.insert(file.to_owned(), attributes(&text, &["id", "name"]).into_iter().collect());
    }
    ids.get(file).ok_or_else(|| format!("{}: not read", file.display()))
}

/// Returns the values of the given attributes in a page. Values must be in double quotes, as the tools write them.
fn attributes(html: &str, names: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let end = tag.find('>').unwrap_or(tag.len());
        let (tag, after) = tag.split_at(end);
        rest = after;
        // Scripts contain text that looks like tags.
        if tag.starts_with("script")
            && let Some((_, after)) = after.split_once("</script")
        {
            rest = after;
        }
        for name in names {
            let begin = format!(" {name}=\"");
            if let Some((_, value)) = tag.split_once(&begin)
                && let Some((value, _)) = value.split_once('"')
            {
                values.push(value.replace("&amp;", "&").replace("&quot;", "\"").replace("&#x27;", "'"));
            }
        }
    }
    values
}

/// Decodes the percent-encoding of a part of an address.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_outside_of_scripts() {
        let html = "<a class=\"x\" href=\"b.html#c\">text</a><script src=\"s.js\">'<a href=\"no\">'</script><p id=\"d\">";
        assert_eq!(attributes(html, &["href", "src"]), ["b.html#c", "s.js"]);
        assert_eq!(attributes(html, &["id"]), ["d"]);
        assert_eq!(decoded("a%20b%C3%A9%"), "a bé%");
    }

    #[test]
    fn dead_links_of_a_site_are_reported() {
        let site = std::env::temp_dir().join(format!("gettickets-site-{}", std::process::id()));
        fs::create_dir_all(site.join("a")).unwrap();
        fs::write(
            site.join("index.html"),
            "<a href=\"a/\"><a href=\"a/index.html#b\"><a href=\"https://x.y/z\">",
        )
        .unwrap();
        fs::write(site.join("a/index.html"), "<h1 id=\"b\"><a href=\"../index.html\">").unwrap();
        assert_eq!(check(&site), Ok(3));
        fs::write(site.join("a/index.html"), "<h1 id=\"c\"><a href=\"../other.html\">").unwrap();
        let error = check(&site).unwrap_err();
        assert!(
            error.contains("a/index.html#b does not exist") && error.contains("../other.html does not exist"),
            "{error}"
        );
        fs::remove_dir_all(site).unwrap();
    }
}
