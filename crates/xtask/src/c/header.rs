//! `cargo xtask header`: generates bindings/c/include/gettickets.h from the comments and types of bindings/c/src.

use std::path::PathBuf;

use super::sections;
use crate::process::{Result, program, root, target};
use crate::{files, tools};

pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => write(),
        [only] if only == "--check" => check(),
        _ => Err("usage: cargo xtask header [--check]".to_owned()),
    }
}

fn write() -> Result {
    let (header, path) = (generated()?, committed());
    files::write(&path, header)
}

/// Checks that the committed header matches the sources.
pub(crate) fn check() -> Result {
    let path = committed();
    let found = files::read(&path)?;
    if found == generated()? {
        return Ok(());
    }
    Err(format!("{} differs from the sources; run `cargo xtask header`", path.display()))
}

fn committed() -> PathBuf {
    root().join("bindings").join("c").join("include").join("gettickets.h")
}

fn generated() -> Result<String> {
    let raw = target().join("tools").join("gettickets.h");
    program(tools::cbindgen()?, "bindings/c --config bindings/c/cbindgen.toml --quiet --output")
        .arg(&raw)
        .run()?;
    let header = files::read(&raw)?;
    sections::arrange(&without_line_comments(&header))
}

/// Converts `//` comments, which cbindgen writes after `#endif`, to comments of C89.
fn without_line_comments(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    for line in header.lines() {
        match line
            .strip_prefix("#")
            .and_then(|line| line.split_once("  // ").or_else(|| line.split_once(" // ")))
        {
            Some((directive, comment)) => out.push_str(&format!("#{directive} /* {} */", comment.trim())),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_after_directives_are_converted_to_c89() {
        let header = "#endif  // __cplusplus\n/* see http://example.com */\n#endif // X_H\nint x;\n";
        let wanted = "#endif /* __cplusplus */\n/* see http://example.com */\n#endif /* X_H */\nint x;\n";
        assert_eq!(without_line_comments(header), wanted);
    }
}
