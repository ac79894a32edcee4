//! The conformance output that every language binding is compared with, and the comparison for Rust. See the README in
//! `tests/conformance`.

use std::fs;

use gettickets_protocol::decode;

use crate::vectors::{self, Vector};

const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance/expected.txt");

fn lines(line: impl Fn(&Vector) -> String) -> String {
    let mut lines: Vec<_> =
        vectors::all().map(|vector| format!("{}\t{}\n", vector.name, line(&vector))).collect();
    lines.sort_unstable();
    lines.concat()
}

#[test]
fn the_conformance_output_matches_the_vectors() {
    let wanted = lines(Vector::canonical);
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(EXPECTED, &wanted).unwrap();
    }
    let found = fs::read_to_string(EXPECTED).unwrap();
    assert!(
        found == wanted,
        "tests/conformance/expected.txt differs from the vectors; its README describes how to update it"
    );
}

#[test]
fn rust_matches_the_conformance_output() {
    let run = lines(|vector| match decode(vector.body.as_slice()) {
        Ok(reply) => format!("reply {}", serde_json::to_string(&reply).unwrap()),
        Err(error) => format!("refused {}", error.kind().code()),
    });
    let expected = lines(Vector::canonical);
    for (found, wanted) in run.lines().zip(expected.lines()) {
        assert_eq!(found, wanted);
    }
    assert_eq!(run.len(), expected.len());
}
