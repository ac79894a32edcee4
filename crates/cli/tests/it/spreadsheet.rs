//! A CSV file opened by LibreOffice, with every separator that spreadsheets use by default.
//!
//! `cargo xtask test spreadsheet` runs it, where LibreOffice is installed (`libreoffice-calc-nogui` in Debian).

use std::fs;
use std::path::Path;
use std::process::Command;

use gettickets_protocol::{Page, Ticket, Tickets, Version};

use crate::program::{program, run_with, text};

/// Separators by LibreOffice's numbers; `None` for its default.
const SEPARATORS: [Option<&str>; 6] = [None, Some("44"), Some("59"), Some("9"), Some("124"), Some("44/59/9")];

/// Texts with a formula after a separator, quote, space or line break.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for sign in ["=1+1", "+1+1", "-1+1", "@SUM(A1:A2)"] {
        for before in [
            "", ";", "x;", "x\t", "x|", "x\n", "x\r", "x; ", "x;\"", "\"", " ", "x,", "x;\"y\";", "x;\n\"",
            "x;;",
        ] {
            texts.push(format!("{before}{sign}"));
            texts.push(format!("{before}{sign}\"; {sign}"));
        }
    }
    texts
}

/// The formulas that LibreOffice finds in a file.
fn formulas(file: &Path, separators: Option<&str>) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut office = Command::new("soffice");
    office.arg(format!("-env:UserInstallation=file://{}/profile", text(directory.path())));
    office.args(["--headless", "--convert-to", "fods", "--outdir", text(directory.path())]);
    if let Some(separators) = separators {
        // UTF-8, from the first line, with the default detection of cell types.
        office.arg(format!("--infilter=CSV:{separators},34,76,1,,0,false,true,false,false,false,-1"));
    }
    let ran =
        office.arg(file).output().unwrap_or_else(|error| panic!("LibreOffice is not installed: {error}"));
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let document = directory.path().join(file.file_name().unwrap()).with_extension("fods");
    let document = fs::read_to_string(document).unwrap();
    assert!(document.contains("<table:table-row"), "the file was opened as a table");
    document
        .split("table:formula=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
#[ignore = "needs LibreOffice; `cargo xtask test spreadsheet` runs it where there is one"]
fn libreoffice_finds_no_formula_with_any_separator() {
    let directory = tempfile::tempdir().unwrap();
    // The check itself must be able to find a formula.
    let unguarded = directory.path().join("unguarded.csv");
    fs::write(&unguarded, "1,\"x;=1+1\",=2+2\n").unwrap();
    assert_eq!(formulas(&unguarded, None), ["of:=2+2"]);
    assert_eq!(formulas(&unguarded, Some("59")).len(), 1);

    let tickets: Vec<Ticket> = texts()
        .into_iter()
        .enumerate()
        .map(|(index, text)| Ticket {
            id: index as u64 + 1,
            tid: text.clone(),
            subject: text.clone(),
            name: text.clone(),
            status: text.clone().into(),
            attachment: text.clone(),
            service: text.clone(),
            extra: [("custom".to_owned(), text.into())].into_iter().collect(),
            ..Ticket::default()
        })
        .collect();
    let count = tickets.len() as u64;
    let body = Page::new(Tickets::new(&tickets, Version::V8_0), 0, count).to_json();
    let ran = run_with(program().args(["decode", "--as", "csv", "-"]), body.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let guarded = directory.path().join("guarded.csv");
    fs::write(&guarded, ran.out).unwrap();
    for separators in SEPARATORS {
        assert_eq!(formulas(&guarded, separators), Vec::<String>::new(), "separators {separators:?}");
    }
}
