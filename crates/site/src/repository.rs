//! Accesses files of the repository by their paths relative to its root.

use std::fs;
use std::path::{Path, PathBuf};

/// A result whose error is a message for the author of a page. It names the file.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    // This crate is two levels below the root.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here)
}

/// Reads a file.
pub(crate) fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Reads a file, if it exists.
pub(crate) fn read_if_exists(path: &str) -> Result<Option<String>> {
    if root().join(path).is_file() { read(path).map(Some) } else { Ok(None) }
}

/// Whether there is a file or a folder at this path.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Whether there is a folder at this path.
pub(crate) fn is_folder(path: &str) -> bool {
    root().join(path).is_dir()
}

/// Returns the files below a folder whose names end with `ending`, as sorted absolute paths.
pub(crate) fn files_below(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(files_below(&path, ending)?);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Resolves the path `relative`, which is relative to the folder of the file `from`. Returns `None` if the result is
/// outside the root.
pub(crate) fn resolve(from: &str, relative: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the path of `to` relative to the folder of the file `from`.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let (mut from, mut to_parts): (Vec<&str>, Vec<&str>) =
        (from.split('/').collect(), to.split('/').collect());
    from.pop();
    let shared = from.iter().zip(&to_parts).take_while(|(a, b)| a == b).count();
    // The last part is the name of the file and never a shared folder.
    let shared = shared.min(to_parts.len().saturating_sub(1));
    let rest = to_parts.split_off(shared);
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(rest).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_and_made_relative() {
        for (from, relative_path, to) in [
            ("index.md", "start/rust.md", "start/rust.md"),
            ("start/rust.md", "../index.md", "index.md"),
            ("start/rust.md", "python.md", "start/python.md"),
            ("a/b/c.md", "../../d/e/f.md", "d/e/f.md"),
            ("a/a.md", "b/a.md", "a/b/a.md"),
        ] {
            assert_eq!(resolve(from, relative_path).as_deref(), Some(to));
            assert_eq!(relative(from, to), relative_path);
        }
        assert_eq!(resolve("a/b.md", "./x/../c.md").as_deref(), Some("a/c.md"));
        assert_eq!(resolve("a/b.md", "../../c.md"), None);
    }
}
