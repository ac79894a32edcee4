//! Secrets: read from a file or a variable, never from an argument, and never shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::exit::{self, Failure, Outcome};

/// A secret is a line of text; a file that is longer is not one.
const LONGEST: u64 = 16 << 10;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// In a file; `-` is standard input.
    File(PathBuf),
    /// In a variable.
    Variable(String),
}

/// Says where, never what.
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
    /// The secret, without the line feed that editors put at the end.
    pub(crate) fn read(&self, what: &str, environment: &Environment) -> Outcome<String> {
        let secret = match self {
            SecretSource::Variable(name) => environment.get(name).ok_or_else(|| {
                Failure::usage(format!("{what} is to come from the variable {name}, which is not set"))
                    .hint("Set it, or name another")
            })?,
            SecretSource::File(path) => {
                let text = read_file(path).map_err(|error| {
                    Failure::usage(format!("{what} cannot be read from {self}: {error}"))
                        .hint("Check the file's name and who may read it")
                })?;
                without_line_end(text)
            }
        };
        match secret.as_str() {
            "" => Err(Failure::usage(format!("{what} from {self} is empty"))),
            text if text.contains(['\n', '\r', '\0']) => {
                Err(Failure::usage(format!("{what} from {self} is more than one line"))
                    .hint("The file should hold the secret and nothing else"))
            }
            _ => Ok(secret),
        }
    }
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::with_capacity(256);
    if path == Path::new("-") {
        io::stdin().take(LONGEST + 1).read_to_string(&mut text)?;
    } else {
        let file = File::open(path)?;
        warn_of_readers(path, &file);
        file.take(LONGEST + 1).read_to_string(&mut text)?;
    }
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {LONGEST} bytes")));
    }
    Ok(text)
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// A file that others can read is a secret shared with them. Told, not refused: it may be meant.
#[cfg(unix)]
fn warn_of_readers(path: &Path, file: &File) {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = file.metadata() else { return };
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        let path = path.display();
        exit::warn(format!("the file {path} can be read by others; `chmod 600 {path}` keeps it to you"));
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path, _: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_one_line() {
        let directory = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = directory.path().join("secret");
            std::fs::write(&path, bytes).unwrap();
            SecretSource::File(path).read("the secret", &Environment::of([])).map_err(|failure| failure.what)
        };
        assert_eq!(read(b"hunter2").as_deref(), Ok("hunter2"));
        assert_eq!(read(b"hunter2\n").as_deref(), Ok("hunter2"));
        assert_eq!(read(b"hunter2\r\n").as_deref(), Ok("hunter2"));
        assert_eq!(read(b" hunter2 ").as_deref(), Ok(" hunter2 "));
        for bytes in [&b""[..], b"\n", b"one\ntwo\n", b"\xff", &[b'x'; 20_000]] {
            let told = read(bytes).unwrap_err();
            assert!(!told.contains("two") && !told.contains("xxx"), "{told}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_told_by_name() {
        let source = SecretSource::Variable("WHMCS_SECRET".into());
        let told = source.read("the API secret", &Environment::of([])).unwrap_err().paragraph();
        assert_eq!(
            told,
            "the API secret is to come from the variable WHMCS_SECRET, which is not set. Set it, or name another."
        );
    }
}
