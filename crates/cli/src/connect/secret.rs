//! Reads secrets from a file or an environment variable. They are never arguments, and never shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gettickets::secret::{TrimmedSecret, trim};

use super::environment::Environment;
use crate::exit::{self, Failure, Outcome};

/// The maximum length of a secret, in bytes.
const MAX_LEN: u64 = 16 << 10;

/// The source of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// In a file; `-` is standard input.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

/// Shows the source, never the secret.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::File(path) if path == Path::new("-") => f.write_str("standard input"),
            SecretSource::File(path) => write!(f, "the file {}", path.display()),
            SecretSource::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}

impl SecretSource {
    /// Reads the secret. Surrounding white space and a byte order mark, which editors and shells add, are removed.
    pub(crate) fn read(&self, what: &str, environment: &Environment) -> Outcome<String> {
        let text = match self {
            SecretSource::Variable(name) => environment.get(name).ok_or_else(|| {
                Failure::usage(format!("{what} is read from the variable {name}, which is not set"))
                    .hint("Set the variable, or use another source")
            })?,
            SecretSource::File(path) => read_file(path).map_err(|error| {
                Failure::usage(format!("{what} cannot be read from {self}: {error}"))
                    .hint("Check the name of the file and who may read it")
            })?,
        };
        let TrimmedSecret { value: secret, is_quoted } = trim(&text);
        if secret.is_empty() {
            return Err(Failure::usage(format!("{what} from {self} is empty")).hint(match self {
                SecretSource::Variable(_) => "Set the variable to the secret",
                SecretSource::File(_) => "Write the secret into the file",
            }));
        }
        if secret.contains(['\n', '\r', '\0']) {
            return Err(Failure::usage(format!("{what} from {self} has more than one line")).hint(
                match self {
                    SecretSource::Variable(_) => "Set the variable to the secret and nothing else",
                    SecretSource::File(_) => "Write the secret and nothing else into the file",
                },
            ));
        }
        if is_quoted {
            exit::warn(format!(
                "{what} from {self} has quotes around it, which are sent as part of it; remove them if they do not belong to it"
            ));
        }
        Ok(secret.to_owned())
    }
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::with_capacity(256);
    if path == Path::new("-") {
        io::stdin().take(MAX_LEN + 1).read_to_string(&mut text)?;
    } else {
        let file = File::open(path)?;
        warn_of_readers(path, &file);
        file.take(MAX_LEN + 1).read_to_string(&mut text)?;
    }
    if text.len() as u64 > MAX_LEN {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {MAX_LEN} bytes")));
    }
    Ok(text)
}

/// Warns if other users can read a file. This may be intended, so it is not an error.
#[cfg(unix)]
fn warn_of_readers(path: &Path, file: &File) {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = file.metadata() else { return };
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        let path = path.display();
        exit::warn(format!("other users can read the file {path}; `chmod 600 {path}` prevents that"));
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_a_byte_order_mark_are_removed_from_files_and_variables() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for text in
            ["hunter2", "hunter2\n", "hunter2\r\n", " hunter2 \t", "\u{feff}hunter2\n", "\n\nhunter2\n\n"]
        {
            std::fs::write(&path, text).unwrap();
            let file = SecretSource::File(path.clone()).read("the secret", &Environment::of([]));
            assert_eq!(file.unwrap(), "hunter2", "{text:?}");
            let variable =
                SecretSource::Variable("S".into()).read("the secret", &Environment::of([("S", text)]));
            assert_eq!(variable.unwrap(), "hunter2", "{text:?}");
        }
    }

    #[test]
    fn only_a_single_line_is_accepted_and_never_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for bytes in [&b""[..], b"\n", b"\xef\xbb\xbf", b"one\ntwo\n", b"\xff", &[b'x'; 20_000]] {
            std::fs::write(&path, bytes).unwrap();
            let failure =
                SecretSource::File(path.clone()).read("the secret", &Environment::of([])).unwrap_err();
            let shown = failure.paragraph();
            assert!(shown.contains(path.to_str().unwrap()), "{shown}");
            assert!(!shown.contains("two") && !shown.contains("xxx"), "{shown}");
        }
    }

    #[test]
    fn the_message_names_the_variable_or_the_file() {
        let source = SecretSource::Variable("WHMCS_SECRET".into());
        let read = |pairs: &[(&str, &str)]| {
            source.read("the API secret", &Environment::of(pairs.iter().copied())).unwrap_err().paragraph()
        };
        insta::assert_snapshot!(read(&[]), @"the API secret is read from the variable WHMCS_SECRET, which is not set. Set the variable, or use another source.");
        insta::assert_snapshot!(read(&[("WHMCS_SECRET", " \n")]), @"the API secret from the variable WHMCS_SECRET is empty. Set the variable to the secret.");
        insta::assert_snapshot!(read(&[("WHMCS_SECRET", "a\nb")]), @"the API secret from the variable WHMCS_SECRET has more than one line. Set the variable to the secret and nothing else.");
    }
}
