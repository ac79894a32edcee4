//! Checks every vector of `tests/vectors` with both decoders. The README there describes the format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gettickets_protocol::{DecodeError, DecodeErrorKind, Decoder, Field, Finding, FindingKind, Page, Reply};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

const FOLDERS: [&str; 5] = ["1.0", "7.10", "8.0", "any", "refused"];
const FORMATS: [&str; 5] = ["json", "xml", "nvp", "html", "txt"];
const EXPECTED: &str = ".expected.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    claim: String,
    source: String,
    strict: bool,
    reply: Option<Box<RawValue>>,
    #[serde(default)]
    findings: BTreeSet<ExpectedFinding>,
    detected_version: Option<String>,
    error_class: Option<String>,
    error: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct ExpectedFinding {
    code: String,
    field: Option<String>,
    places: Vec<String>,
    /// The ids of the tickets concerned, if the vector states them.
    tickets: Option<Vec<u64>>,
}

impl From<&Finding> for ExpectedFinding {
    fn from(finding: &Finding) -> ExpectedFinding {
        assert_eq!(finding.count, finding.places.len(), "no vector has more places than a finding lists");
        ExpectedFinding {
            code: finding.kind.code().to_owned(),
            field: finding.field.map(|field| field.name().to_owned()),
            places: finding.places.clone(),
            tickets: Some(finding.tickets.clone()),
        }
    }
}

pub(crate) struct Vector {
    /// The folder and the file name.
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    expected: Expected,
}

impl Vector {
    /// The expected result, as in the conformance output.
    pub(crate) fn canonical(&self) -> String {
        match (&self.expected.reply, &self.expected.error) {
            (Some(reply), _) => format!("reply {}", compact(reply.get())),
            (None, error) => {
                let kind = error.as_ref().and_then(|error| error.get("kind")?.as_str());
                format!("refused {}", kind.unwrap())
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Returns the names of the files in a folder.
fn files(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

pub(crate) fn all() -> impl Iterator<Item = Vector> {
    FOLDERS.iter().flat_map(|folder| {
        let bodies = files(folder).into_iter().filter(|file| !file.ends_with(EXPECTED));
        bodies.map(move |file| {
            let folder_path = root().join(folder);
            let (stem, _) = file.rsplit_once('.').unwrap();
            let expected = fs::read_to_string(folder_path.join(format!("{stem}{EXPECTED}"))).unwrap();
            let expected = serde_json::from_str(&expected).unwrap_or_else(|error| panic!("{file}: {error}"));
            Vector {
                name: format!("{folder}/{file}"),
                body: fs::read(folder_path.join(&file)).unwrap(),
                expected,
            }
        })
    })
}

/// Runs a check on every vector and reports all failures.
fn check_all(check: impl Fn(&Vector) -> Result<(), String>) {
    let mut count = 0;
    let failures: Vec<String> = all()
        .inspect(|_| count += 1)
        .filter_map(|vector| {
            check(&vector).err().map(|why| format!("{}: {}\n{why}", vector.name, vector.expected.claim))
        })
        .collect();
    assert!(count > 0, "no vector was found");
    assert!(failures.is_empty(), "{} of {count} vectors failed\n\n{}", failures.len(), failures.join("\n\n"));
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}\n  found    {found:?}\n  expected {expected:?}"))
    }
}

/// Removes the white space between the tokens of a JSON text.
fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        match *c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        in_string || !c.is_ascii_whitespace()
    };
    json.chars().filter(keep).collect()
}

#[test]
fn every_vector_gives_what_is_expected() {
    check_all(|vector| as_expected(vector, Decoder::new().decode(vector.body.as_slice())));
}

#[test]
fn every_vector_gives_the_same_without_the_fast_decoder() {
    check_all(|vector| {
        as_expected(vector, Decoder::new().tolerant_only(true).decode(vector.body.as_slice()))
    });
}

fn as_expected(vector: &Vector, found: Result<Reply, DecodeError>) -> Result<(), String> {
    let expected = &vector.expected;
    match (found, &expected.reply, &expected.error) {
        (Ok(reply), Some(json), None) => {
            same("reply", serde_json::to_string(&reply).unwrap(), compact(json.get()))?;
            match &reply {
                Reply::Tickets(page) => page_as_expected(page, expected),
                Reply::Error(error) => {
                    same("error_class", Some(error.class().code()), expected.error_class.as_deref())
                }
            }
        }
        (Err(error), None, Some(wanted)) => error_as_expected(&error, wanted),
        (Ok(reply), ..) => Err(format!("read as {}", serde_json::to_string(&reply).unwrap())),
        (Err(error), ..) => Err(format!("refused: {error}")),
    }
}

fn page_as_expected(page: &Page, expected: &Expected) -> Result<(), String> {
    let mut findings: Vec<_> = page.findings().iter().map(ExpectedFinding::from).collect();
    findings.sort_unstable();
    // Compare only what the vector states.
    for (found, wanted) in findings.iter_mut().zip(&expected.findings) {
        if wanted.tickets.is_none() {
            found.tickets = None;
        }
    }
    same("findings", &findings.iter().collect(), &expected.findings.iter().collect::<Vec<_>>())?;
    same("detected_version", Some(page.detected_version().to_string()), expected.detected_version.clone())
}

fn error_as_expected(error: &DecodeError, expected: &BTreeMap<String, Value>) -> Result<(), String> {
    let text = format!("{error} {error:?}");
    if text.contains("KPqH7yG3") {
        return Err(format!("an access key is shown: {text}"));
    }
    for (key, wanted) in expected {
        let found = match key.as_str() {
            "kind" => Value::from(error.kind().code()),
            "offset" => Value::from(error.offset()),
            "path" => Value::from(error.path()),
            "page" => Value::from(error.page_kind().map(|page| page.code())),
            "shown" => Value::from(error.excerpt()),
            detail => detail_of(error.kind(), detail),
        };
        same(key, &found, wanted).map_err(|why| format!("{why}\n  {error}"))?;
    }
    Ok(())
}

fn detail_of(kind: &DecodeErrorKind, detail: &str) -> Value {
    match (detail, kind) {
        ("title", DecodeErrorKind::NotAReply { title }) => Value::from(title.clone()),
        ("looks_like", DecodeErrorKind::OtherCall { looks_like }) => Value::from(*looks_like),
        ("result", DecodeErrorKind::UnknownResult { result }) => Value::from(result.clone()),
        ("limit", DecodeErrorKind::TooDeep { limit }) => Value::from(*limit),
        (
            "name",
            DecodeErrorKind::UnknownEncoding { name }
            | DecodeErrorKind::InvalidInteger { name }
            | DecodeErrorKind::WrongType { name, .. },
        ) => Value::from(name.clone()),
        _ => panic!("the kind {kind:?} has no {detail}"),
    }
}

#[test]
fn strict_mode_rejects_exactly_what_has_a_finding() {
    check_all(|vector| {
        let expected = &vector.expected;
        let strict = Decoder::new().strict(true).decode(vector.body.as_slice());
        match (strict, &expected.error) {
            (Ok(reply), None) if expected.strict => as_expected(vector, Ok(reply)),
            (Ok(_), _) => Err("strict mode accepts it".to_owned()),
            (Err(error), Some(wanted)) => error_as_expected(&error, wanted),
            (Err(error), None) => match error.kind() {
                DecodeErrorKind::Strict { finding } if !expected.strict => {
                    let named = expected.findings.iter().any(|one| {
                        one.code == finding.code() && one.places.first().map(String::as_str) == error.path()
                    });
                    if named { Ok(()) } else { Err(format!("strict mode reports another finding: {error}")) }
                }
                _ => Err(format!("strict mode fails: {error}")),
            },
        }
    });
}

#[test]
fn every_body_has_an_expectation_and_every_expectation_a_body() {
    for folder in FOLDERS {
        let all = files(folder);
        let (expected, bodies): (Vec<_>, Vec<_>) = all.iter().partition(|file| file.ends_with(EXPECTED));
        let expected: BTreeSet<_> = expected.iter().filter_map(|file| file.strip_suffix(EXPECTED)).collect();
        let stems: BTreeSet<_> = bodies.iter().filter_map(|file| Some(file.rsplit_once('.')?.0)).collect();
        assert_eq!(stems, expected, "in {folder}");
        assert_eq!(stems.len(), bodies.len(), "two bodies in {folder} share one expectation");
        for file in bodies {
            let format = file.rsplit_once('.').map(|(_, format)| format);
            assert!(format.is_some_and(|format| FORMATS.contains(&format)), "{folder}/{file}");
        }
    }
    let folders: BTreeSet<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, FOLDERS.map(str::to_owned).into(), "a folder that no test reads");
}

#[test]
fn every_expectation_is_complete() {
    check_all(|vector| {
        let Expected { source, strict, reply, findings, detected_version, error_class, error, .. } =
            &vector.expected;
        let known = ["doc", "seen", "fixture", "defended"].iter().any(|kind| source.starts_with(kind));
        same("the source is of a known kind", known, true)?;
        same("either reply or error", reply.is_some(), error.is_none())?;
        same("errors are in the folder refused", error.is_some(), vector.name.starts_with("refused/"))?;
        same(
            "strict mode accepts a reply without findings",
            *strict,
            reply.is_some() && findings.is_empty(),
        )?;
        let (page, api_error) = (detected_version.is_some(), error_class.is_some());
        same("an error of the API has no findings", api_error && !findings.is_empty(), false)?;
        same(
            "a reply is a page or an error of the API",
            usize::from(page) + usize::from(api_error),
            reply.is_some().into(),
        )
    });
}

#[test]
fn the_readme_lists_every_vector_and_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let rows: BTreeSet<&str> =
        readme.lines().filter(|line| line.starts_with("| `") && line.contains('/')).collect();
    let wanted: BTreeSet<String> = all()
        .map(|Vector { name, expected, .. }| {
            format!("| `{name}` | {} | {} |", expected.claim, expected.source)
        })
        .collect();
    assert_eq!(rows, wanted.iter().map(String::as_str).collect());
}

#[test]
fn the_vectors_show_every_finding_every_error_class_and_every_field() {
    let (mut findings, mut classes, mut kinds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut text = String::new();
    for Vector { expected, .. } in all() {
        findings.extend(expected.findings.into_iter().map(|finding| finding.code));
        classes.extend(expected.error_class);
        kinds.extend(expected.error.and_then(|error| Some(error.get("kind")?.as_str()?.to_owned())));
        text.push_str(expected.reply.as_deref().map_or("", RawValue::get));
    }
    assert_eq!(findings, FindingKind::ALL.iter().map(|kind| kind.code().to_owned()).collect());
    let all = ["authentication", "encoding", "ip-not-allowed", "other", "permission", "unknown-action"];
    assert_eq!(classes, all.map(str::to_owned).into());
    for field in Field::all() {
        assert!(text.contains(&format!("\"{field}\": ")), "no vector has {field}");
    }
    // `TooLarge` and `Strict` depend on settings, and `TooManyNames` on a large body: these have other tests.
    let kinds_of_bodies = [
        "empty",
        "entity",
        "invalid-boolean",
        "invalid-integer",
        "invalid-utf8",
        "lone-surrogate",
        "missing-id",
        "no-list-in-nvp",
        "not-a-reply",
        "other-call",
        "syntax",
        "too-deep",
        "trailing-text",
        "truncated",
        "unknown-encoding",
        "unknown-result",
        "wrong-type",
    ];
    assert_eq!(kinds, kinds_of_bodies.map(str::to_owned).into());
}
