//! Assembles the pages of the site from texts of the repository, the files that these include, and generated parts.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::generated;
use crate::markdown;
use crate::repository::{self, Result};

/// The folder of the site's own texts.
const SOURCES: &str = "docs/src";
const SUMMARY: &str = "docs/src/SUMMARY.md";
/// The address that links to files without a page of their own begin with.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The pages of the site.
pub(crate) struct Book {
    /// The table of contents in the format of mdBook.
    pub(crate) summary: String,
    /// The texts of the pages by their paths below the root of the site, such as `start/rust.md`.
    pub(crate) pages: BTreeMap<String, String>,
}

impl Book {
    /// Writes the pages and the table of contents into a directory. Everything else in the directory is deleted.
    pub(crate) fn write(&self, directory: &Path) -> Result {
        let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(|error| failed(directory, error))?;
        }
        let summary = ("SUMMARY.md".to_owned(), &self.summary);
        for (path, text) in self.pages.iter().map(|(path, text)| (path.clone(), text)).chain([summary]) {
            let file = directory.join(path);
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
            }
            fs::write(&file, text).map_err(|error| failed(&file, error))?;
        }
        Ok(())
    }
}

/// Assembles the pages that the table of contents lists.
///
/// # Errors
///
/// Fails at the first page that cannot be assembled, the first link without a target, or the first generated page that
/// is missing from the table of contents.
pub(crate) fn assemble() -> Result<Book> {
    let summary = repository::read(SUMMARY)?;
    let generated: HashMap<String, String> =
        generated::pages().into_iter().map(|page| (page.path, page.text)).collect();
    let mut sources = Vec::new();
    for link in markdown::links(&summary) {
        let path = repository::resolve(SUMMARY, &link.target)
            .ok_or_else(|| format!("{SUMMARY}: {} is outside the repository", link.target))?;
        sources.push(path);
    }
    let places = Places::new(&sources)?;
    let mut pages = BTreeMap::new();
    for source in &sources {
        let page = page_of(source);
        let text = match (generated.get(&page), repository::read_if_exists(source)?) {
            (Some(_), Some(_)) => return Err(format!("{source}: the page is generated; remove the file")),
            (Some(text), None) => text.clone(),
            (None, Some(text)) => included_file(source, &text),
            (None, None) => return Err(format!("{SUMMARY}: the page {source} does not exist")),
        };
        let text = rendered(&text, source, &page, &places)?;
        if pages.insert(page.clone(), text).is_some() {
            return Err(format!("{SUMMARY}: {page} is listed twice"));
        }
    }
    if let Some(missing) = generated.keys().filter(|path| !pages.contains_key(*path)).min() {
        return Err(format!("{SUMMARY}: the generated page {missing} is not listed"));
    }
    Ok(Book { summary: summary_of(&summary, &sources), pages })
}

/// Returns the table of contents with links to pages instead of files of the repository.
fn summary_of(summary: &str, sources: &[String]) -> String {
    let mut text = summary.to_owned();
    // Links are replaced from the end, so that the positions of the others stay valid.
    for (link, source) in markdown::links(summary).into_iter().zip(sources).rev() {
        if let Some(place) = link.place {
            text.replace_range(place, &page_of(source));
        }
    }
    text
}

/// Returns the path of the page for a file. Files of `docs` are at the root of the site, other files at their own
/// paths. A README becomes the index of its folder, and a file that is not Markdown gets the extension `.md`.
fn page_of(source: &str) -> String {
    let path = source.strip_prefix(SOURCES).or(source.strip_prefix("docs")).unwrap_or(source);
    let path = path.trim_start_matches('/');
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let name = match name.rsplit_once('.') {
        Some(("README", "md")) => "index.md".to_owned(),
        Some((_, "md")) | None => name.to_owned(),
        Some((name, _)) => format!("{name}.md"),
    };
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

/// Returns the text of a page for a file: Markdown unchanged, anything else as a code block below the file's name.
fn included_file(source: &str, text: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    match name.rsplit_once('.') {
        Some((_, "md")) => text.to_owned(),
        Some((_, ending)) => format!("# {name}\n\n{}", code_block(language(ending), text)),
        None => format!("# {name}\n\n{}", code_block("text", text)),
    }
}

fn language(ending: &str) -> &str {
    match ending {
        "py" => "python",
        "rs" => "rust",
        "h" => "c",
        "hpp" => "cpp",
        ending => ending,
    }
}

fn code_block(language: &str, text: &str) -> String {
    format!("````{language}\n{}\n````\n", text.trim_end())
}

/// Maps files of the repository, and included sections of files, to the pages that show them.
struct Places {
    files: HashMap<String, String>,
    sections: HashMap<(String, String), String>,
}

impl Places {
    fn new(sources: &[String]) -> Result<Places> {
        let files = sources.iter().map(|source| (source.clone(), page_of(source))).collect();
        let mut sections = HashMap::new();
        for source in sources.iter().filter(|source| source.ends_with(".md")) {
            let Some(text) = repository::read_if_exists(source)? else { continue };
            for directive in text.lines().filter_map(|line| directive(line, "include")) {
                if let Some((file, section)) = directive.split_once('#')
                    && let Some(file) = repository::resolve(source, file)
                {
                    sections.entry((file, section.to_owned())).or_insert_with(|| page_of(source));
                }
            }
        }
        Ok(Places { files, sections })
    }
}

/// Returns the argument of a directive, which is alone on its line: `{{#include ../../README.md#in-rust}}`.
fn directive<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.trim().strip_prefix("{{#")?.strip_suffix("}}")?.strip_prefix(name)?.strip_prefix(' ').map(str::trim)
}

/// Returns the text of a page with its directives executed, and with links to pages of the site.
fn rendered(text: &str, source: &str, page: &str, places: &Places) -> Result<String> {
    let mut out = String::new();
    let mut own = String::new();
    for line in text.split_inclusive('\n') {
        let included = match (directive(line, "include"), directive(line, "generated")) {
            (Some(target), _) => included(target, source, page, places)?,
            (_, Some(part)) => generated::part(part).map_err(|error| format!("{source}: {error}"))?,
            (None, None) => {
                own.push_str(line);
                continue;
            }
        };
        out += &with_links(&own, source, page, places)?;
        own.clear();
        let _ = writeln!(out, "{}", included.trim_end());
    }
    Ok(out + &with_links(&own, source, page, places)?)
}

/// Returns the text that replaces `{{#include TARGET}}`: a section of a Markdown file, or a whole file as a code block.
fn included(target: &str, source: &str, page: &str, places: &Places) -> Result<String> {
    let (file, section) =
        target.split_once('#').map_or((target, None), |(file, section)| (file, Some(section)));
    let file = repository::resolve(source, file)
        .ok_or_else(|| format!("{source}: {target} is outside the repository"))?;
    let text = repository::read(&file).map_err(|error| format!("{source} includes {target}: {error}"))?;
    match section {
        Some(section) => {
            let part = markdown::section(&text, section)
                .ok_or_else(|| format!("{source}: {file} has no section {section:?}"))?;
            with_links(part, &file, page, places)
        }
        None => {
            let ending = file.rsplit_once('.').map_or("text", |(_, ending)| ending);
            Ok(code_block(language(ending), &text))
        }
    }
}

/// Rewrites the links in a text of the file `source` for a page. A link to a file goes to its page if it has one, and
/// to the repository otherwise.
fn with_links(text: &str, source: &str, page: &str, places: &Places) -> Result<String> {
    let mut out = text.to_owned();
    for link in markdown::links(text).into_iter().rev() {
        let target = &link.target;
        let (path, fragment) =
            target.split_once('#').map_or((&**target, ""), |(path, fragment)| (path, fragment));
        if path.contains(':') {
            continue;
        }
        let dead = |problem: &str| format!("{source}: the link to {target} {problem}");
        let resolved = if path.is_empty() {
            source.to_owned()
        } else {
            repository::resolve(source, path).ok_or_else(|| dead("leads outside the repository"))?
        };
        let section = places.sections.get(&(resolved.clone(), fragment.to_owned()));
        let new = if let Some(other) = section {
            repository::relative(page, other)
        } else if let Some(other) = places.files.get(&resolved) {
            let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
            if other == page && !fragment.is_empty() {
                fragment
            } else {
                repository::relative(page, other) + &fragment
            }
        } else if let Some(api) = resolved.strip_prefix("docs/src/api/") {
            // The API references are added to this folder when the site is built.
            repository::relative(page, &format!("api/{api}"))
        } else if repository::exists(&resolved) {
            let kind = if repository::is_folder(&resolved) { "tree" } else { "blob" };
            let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
            format!("{REPOSITORY}/{kind}/main/{resolved}{fragment}")
        } else {
            return Err(dead("has no target; correct the path"));
        };
        if new != *target {
            let place = link.place.ok_or_else(|| dead("must be written as [text](target)"))?;
            out.replace_range(place, &new);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_mapped_to_the_paths_of_their_pages() {
        for (source, page) in [
            ("docs/src/start/rust.md", "start/rust.md"),
            ("docs/recipes/README.md", "recipes/index.md"),
            ("docs/recipes/delta_lake.py", "recipes/delta_lake.md"),
            ("DESIGN.md", "DESIGN.md"),
            ("fuzz/README.md", "fuzz/index.md"),
        ] {
            assert_eq!(page_of(source), page);
        }
    }

    fn places() -> Places {
        let sources = ["docs/src/start/c.md", "docs/recipes/README.md", "DESIGN.md", "bindings/c/README.md"];
        let mut places = Places::new(&sources.map(str::to_owned)).unwrap();
        places.sections.insert(("README.md".to_owned(), "in-c".to_owned()), "start/c.md".to_owned());
        places
    }

    #[test]
    fn links_lead_to_pages_of_the_site_or_to_the_repository() {
        for (source, target, rewritten) in [
            ("bindings/c/README.md", "../../README.md#in-c", "../../start/c.md"),
            ("bindings/c/README.md", "../../DESIGN.md#c", "../../DESIGN.md#c"),
            ("bindings/c/README.md", "#speed", "#speed"),
            ("bindings/c/README.md", "https://example.com/#x", "https://example.com/#x"),
            ("bindings/c/README.md", "../../docs/recipes/README.md", "../../recipes/index.md"),
        ] {
            let text =
                with_links(&format!("[x]({target})"), source, "bindings/c/index.md", &places()).unwrap();
            assert_eq!(text, format!("[x]({rewritten})"));
        }
        let text =
            with_links("[x](examples) [y](README.md#none)", "bindings/c/README.md", "start/c.md", &places())
                .unwrap();
        assert_eq!(
            text,
            format!("[x]({REPOSITORY}/tree/main/bindings/c/examples) [y](../bindings/c/index.md#none)")
        );
        let dead = with_links("[x](nothing.md)", "DESIGN.md", "DESIGN.md", &places()).unwrap_err();
        assert_eq!(dead, "DESIGN.md: the link to nothing.md has no target; correct the path");
    }

    #[test]
    fn every_page_is_assembled() {
        let book = assemble().unwrap();
        assert!(book.pages.len() > 40, "{}", book.pages.len());
        for (path, text) in &book.pages {
            assert!(text.trim_start().starts_with("# "), "{path} does not begin with its title");
            assert!(!text.contains("{{#"), "{path} has a directive that was not executed");
        }
    }
}
