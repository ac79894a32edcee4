//! `list` with several profiles.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::installs::Installs;
use crate::program::run;

const TWO: [&str; 4] = ["--profile", "berlin", "--profile", "london"];

/// The installs of these tickets, with the number of tickets of each.
fn counted<'t>(tickets: impl IntoIterator<Item = &'t Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for ticket in tickets {
        *counts.entry(ticket["install"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_ticket_of_every_install_is_listed_with_its_install() {
    let installs = Installs::start(&[("berlin", 130), ("london", 60), ("paris", 240)]);
    let all = ["list", "--all", "--all-profiles", "--format"];
    let ndjson = run(&mut installs.program(&[&all[..], &["ndjson"]].concat())).noting();
    let expected = counts(&[("berlin", 130), ("london", 60), ("paris", 240)]);
    assert_eq!(counted(&lines(&ndjson)), expected);
    assert!(ndjson.lines().all(|line| line.starts_with("{\"install\":\"")), "{ndjson}");

    let json = run(&mut installs.program(&[&all[..], &["json"]].concat())).noting();
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(counted(document["tickets"].as_array().unwrap()), expected);
    assert_eq!(document["totalresults"], 430);

    let csv = run(&mut installs.program(&[&all[..], &["csv"]].concat())).noting();
    assert!(csv.starts_with("install,id,tid,"), "{}", &csv[..200]);
    assert_eq!(csv.lines().filter(|line| line.starts_with("london,")).count(), 60);

    let table = run(&mut installs.program(&["list", "--all", "--all-profiles"])).noting();
    assert!(table.starts_with("INSTALL  TICKET"), "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("paris    ")).count(), 240);
}

#[test]
fn one_page_of_each_install_is_listed_without_all() {
    let installs = Installs::start(&[("berlin", 40), ("london", 10)]);
    let ran = run(&mut installs
        .program(&[&["list"][..], &TWO, &["--columns", "install,id", "--format", "csv"]].concat()));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.err,
        "note: berlin: 1 to 25 of 40 tickets; --limitstart 25 lists the next page, --all lists every ticket\n"
    );
    assert!(ran.out.starts_with("install,id\nberlin,"), "{}", ran.out);
    assert_eq!((ran.out.matches("berlin,").count(), ran.out.matches("london,").count()), (25, 10));
}

#[test]
fn an_install_that_fails_is_named_and_the_others_are_listed() {
    let installs = Installs::start(&[("berlin", 30), ("london", 60)]);
    installs.spoil("berlin");
    for arguments in [&["--all"][..], &[]] {
        let ran =
            run(&mut installs.program(&[&["list", "--format", "ndjson"], &TWO[..], arguments].concat()));
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.err.contains("error: berlin: the server sent an error: Authentication Failed"),
            "{}",
            ran.err
        );
        let listed = if arguments.is_empty() { 25 } else { 60 };
        assert_eq!(counted(&lines(&ran.out)), counts(&[("london", listed)]));
    }
}

#[test]
fn order_and_limit_apply_to_all_installs_together() {
    let installs = Installs::start(&[("berlin", 50), ("london", 50)]);
    let sorted = ["list", "--all", "--format", "ndjson", "--sort", "-lastreply"];
    let out = run(&mut installs.program(&[&sorted[..], &TWO].concat())).noting();
    let replies: Vec<String> =
        lines(&out).iter().map(|ticket| ticket["lastreply"].as_str().unwrap().to_owned()).collect();
    assert_eq!(replies.len(), 100);
    assert!(replies.windows(2).all(|pair| pair[0] >= pair[1]), "{replies:?}");
    let limited = run(&mut installs.program(&[&sorted[..], &TWO, &["--limit", "7"]].concat())).noting();
    assert_eq!(limited.lines().collect::<Vec<_>>(), out.lines().take(7).collect::<Vec<_>>());
    let unsorted = ["list", "--all", "--format", "ndjson", "--limit", "7"];
    let ran = run(&mut installs.program(&[&unsorted[..], &TWO].concat()));
    assert_eq!((ran.code, ran.out.lines().count()), (0, 7), "{}", ran.err);
    assert!(ran.err.contains("ends after 7 tickets"), "{}", ran.err);
}

#[test]
fn filters_work_for_each_install() {
    let installs = Installs::start(&[("berlin", 80), ("london", 90)]);
    let filtered = [
        "list",
        "--all",
        "--format",
        "ndjson",
        "--status",
        "Closed",
        "--status",
        "Open",
        "--priority",
        "High",
    ];
    let out = run(&mut installs.program(&[&filtered[..], &TWO].concat())).noting();
    let mut expected = BTreeMap::new();
    for (name, sandbox) in ["berlin", "london"].iter().zip(&installs.sandboxes) {
        let store = sandbox.store();
        let tickets = store.ids().unwrap().into_iter().map(|id| store.get(id).unwrap().unwrap());
        let matching = tickets.filter(|ticket| {
            ["Open", "Closed"].contains(&ticket.status.as_str()) && ticket.priority.as_str() == "High"
        });
        expected.insert((*name).to_owned(), matching.count());
    }
    assert_eq!(counted(&lines(&out)), expected);
    let since = ["list", "--updated-since", "36500d", "--format", "ndjson"];
    let out = run(&mut installs.program(&[&since[..], &TWO].concat())).noting();
    assert_eq!(counted(&lines(&out)), counts(&[("berlin", 80), ("london", 90)]));
}

#[test]
fn each_install_is_exported_into_its_own_file() {
    let installs = Installs::start(&[("berlin", 130), ("london", 60)]);
    let name = installs.file("out/install={install}/tickets.ndjson");
    let export = ["export", "--all-profiles", "--output", &name];
    let ran = run(&mut installs.program(&export));
    assert_eq!(ran.code, 0, "{}", ran.err);
    for (install, tickets) in [("berlin", 130), ("london", 60)] {
        let file = std::fs::read_to_string(name.replace("{install}", install)).unwrap();
        assert_eq!(file.lines().count(), tickets, "{install}");
        assert!(ran.err.contains(&format!("note: {install}: {tickets} tickets in ")), "{}", ran.err);
    }
    installs.spoil("berlin");
    let ran = run(&mut installs.program(&export));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.err.contains("error: berlin: ") && ran.err.contains("note: london: 60 tickets"),
        "{}",
        ran.err
    );

    let one = run(&mut installs.program(&["export", "--profile", "london", "--output", &name])).quietly();
    assert_eq!(one, "");
    for (arguments, what) in [
        (&["export", "--all-profiles", "--output", "x.csv", "--resume"][..], "needs a file for each install"),
        (&["stats", "--all-profiles", "--html", "tickets.html"], "each needs a file of its own"),
    ] {
        let ran = run(&mut installs.program(arguments));
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(what) && ran.err.contains("{install}"), "{}", ran.err);
    }
    let nameless = crate::program::gettickets(&["export", "--sandbox", "--output", &name]);
    assert!(nameless.code == 2 && nameless.err.contains("needs a profile"), "{}", nameless.err);
}

#[test]
fn each_install_has_its_own_figures() {
    let installs = Installs::start(&[("berlin", 130), ("london", 60)]);
    let stats = ["stats", "--all-profiles", "--format", "json"];
    let out = run(&mut installs.program(&stats)).noting();
    let document: Value = serde_json::from_str(&out).unwrap();
    let figures: Vec<(&str, u64)> = document["installs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|install| (install["install"].as_str().unwrap(), install["tickets"].as_u64().unwrap()))
        .collect();
    assert_eq!(figures, [("berlin", 130), ("london", 60)]);
    let charts = run(&mut installs.program(&["stats", "--all-profiles"])).noting();
    assert!(charts.contains("berlin, http://") && charts.contains("london, http://"), "{charts}");
    let page = installs.file("{install}.html");
    run(&mut installs.program(&["stats", "--all-profiles", "--html", &page])).noting();
    assert!(std::fs::read_to_string(installs.file("berlin.html")).unwrap().contains("130"));
    installs.spoil("london");
    let ran = run(&mut installs.program(&stats));
    assert_eq!(ran.code, 1);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["installs"].as_array().unwrap().len(), 1);
}

/// The rows of a Parquet file by install.
fn parquet_rows(file: &str) -> BTreeMap<String, usize> {
    use gettickets_arrow::arrow_array::cast::AsArray;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
        std::fs::File::open(file).unwrap(),
    );
    let mut counts = BTreeMap::new();
    for batch in reader.unwrap().build().unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.schema().field(0).name(), "install");
        for name in batch["install"].as_string::<i32>() {
            *counts.entry(name.unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn several_installs_are_exported_into_one_file_with_a_column_for_them() {
    let installs = Installs::start(&[("berlin", 130), ("london", 9_000)]);
    let expected = counts(&[("berlin", 130), ("london", 9_000)]);
    for name in
        ["all.csv", "all.ndjson", "all.json", "all.ndjson.gz", "all.csv.zst", "all.parquet", "all.arrow"]
    {
        let file = installs.file(name);
        let ran = run(&mut installs.program(&["export", "--all-profiles", "--output", &file]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.err.ends_with(&format!("note: 9130 tickets in {file}\n")), "{}", ran.err);
        let found = match name {
            "all.parquet" => parquet_rows(&file),
            "all.ndjson" => counted(&lines(&std::fs::read_to_string(&file).unwrap())),
            "all.json" => {
                let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                counted(document["tickets"].as_array().unwrap())
            }
            "all.csv" => {
                let csv = std::fs::read_to_string(&file).unwrap();
                assert!(csv.starts_with("install,id,tid,"), "{}", &csv[..100]);
                let of = |name: &str| csv.lines().filter(|line| line.starts_with(name)).count();
                counts(&[("berlin", of("berlin,")), ("london", of("london,"))])
            }
            // The program decompresses replies.
            "all.ndjson.gz" => {
                let read = run(&mut installs.program(&["decode", "--as", "ndjson", &file]));
                assert_eq!(read.code, 0, "{}", read.err);
                assert_eq!(read.out.lines().count(), 9_130);
                continue;
            }
            _ => continue,
        };
        assert_eq!(found, expected, "{name}");
    }
    let piped =
        run(&mut installs.program(&["export", "--all-profiles", "--output", "-", "--format", "ndjson"]));
    assert_eq!(counted(&lines(&piped.noting())), expected);
}

#[test]
fn a_full_export_of_several_installs_reads_every_list() {
    let installs = Installs::start(&[("berlin", 3_000), ("london", 4_000)]);
    let requests = || installs.sandboxes.iter().map(|sandbox| sandbox.request_count()).sum::<u64>();
    for name in ["all.ndjson", "{install}.ndjson"] {
        let mut sent = Vec::new();
        for options in [&[][..], &["--full"][..]] {
            let before = requests();
            let file = installs.file(name);
            let since = ["--updated-since", "2026-06-29", "--limitnum", "50"];
            let arguments = [&["export", "--all-profiles", "--output", &file], &since[..], options].concat();
            assert_eq!(run(&mut installs.program(&arguments)).code, 0);
            sent.push(requests() - before);
        }
        assert!(sent[0] < 80 && sent[1] >= 140, "{name}: {sent:?}");
    }
}

#[test]
fn a_file_without_one_of_the_installs_is_named_as_incomplete() {
    let installs = Installs::start(&[("berlin", 30), ("london", 60)]);
    let file = installs.file("all.parquet");
    installs.spoil("berlin");
    let ran = run(&mut installs.program(&["export", "--all-profiles", "--output", &file]));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("error: berlin: ") && ran.err.contains("60 tickets in "), "{}", ran.err);
    assert!(!std::fs::exists(&file).unwrap());
    assert_eq!(parquet_rows(&format!("{file}.incomplete")), counts(&[("london", 60)]));
}

/// Counts the rows of the files of a lake, by the directory of the partition. Every file must be Parquet.
fn lake_rows(directory: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    let mut directories = vec![std::path::PathBuf::from(directory)];
    while let Some(inside) = directories.pop() {
        for entry in std::fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                std::fs::File::open(&path).unwrap(),
            );
            let reader = reader.unwrap();
            assert!(reader.schema().field_with_name("install").is_err(), "it is in the path");
            let count: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
            let partition = inside.strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            *rows.entry(partition).or_default() += count;
        }
    }
    rows
}

/// The tickets of an install by the month in which they were opened.
fn opened_by_month(name: &str, sandbox: &gettickets_sandbox::Sandbox) -> BTreeMap<String, usize> {
    let store = sandbox.store();
    let mut months = BTreeMap::new();
    for id in store.ids().unwrap() {
        let month = match store.get(id).unwrap().unwrap().date {
            Some(date) => date.strftime("%Y-%m").to_string(),
            None => "__HIVE_DEFAULT_PARTITION__".to_owned(),
        };
        *months.entry(format!("install={name}/opened_month={month}")).or_default() += 1;
    }
    months
}

#[test]
fn a_lake_has_a_file_for_each_install_and_month_and_runs_replace_or_add() {
    let installs = Installs::start(&[("berlin", 400), ("london", 900)]);
    let lake = installs.file("lake");
    let export = ["export", "--all-profiles", "--output", &lake, "--partition-by", "install,opened_month"];
    let ran = run(&mut installs.program(&export));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut expected = opened_by_month("berlin", &installs.sandboxes[0]);
    expected.append(&mut opened_by_month("london", &installs.sandboxes[1]));
    assert!(expected.len() > 4, "{expected:?}");
    assert_eq!(lake_rows(&lake), expected);
    let note = format!("note: 1300 tickets in {} files below {lake}\n", expected.len());
    assert!(ran.err.ends_with(&note), "{}", ran.err);

    let again = run(&mut installs.program(&export));
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.err.contains("--overwrite replaces them, --append adds to them"), "{}", again.err);
    let store = installs.sandboxes[1].store();
    let deleted = store.ids().unwrap()[0];
    store.delete(deleted).unwrap();
    // The other install fails, and keeps its files.
    installs.spoil("berlin");
    let ran = run(&mut installs.program(&[&export[..], &["--overwrite"]].concat()));
    assert_eq!(ran.code, 1, "{}", ran.err);
    let mut replaced = opened_by_month("berlin", &installs.sandboxes[0]);
    let mut london = opened_by_month("london", &installs.sandboxes[1]);
    replaced.append(&mut london.clone());
    assert_eq!(lake_rows(&lake), replaced);

    let one = ["export", "--profile", "london", "--output", &lake, "--partition-by", "install,opened_month"];
    let ran = run(&mut installs.program(&[&one[..], &["--append"]].concat()));
    assert_eq!(ran.code, 0, "{}", ran.err);
    london.values_mut().for_each(|count| *count *= 2);
    replaced.append(&mut london);
    assert_eq!(lake_rows(&lake), replaced);
}

#[test]
fn a_lake_without_one_of_the_installs_is_not_written() {
    let installs = Installs::start(&[("berlin", 30), ("london", 60)]);
    installs.spoil("berlin");
    let lake = installs.file("new/lake");
    let ran = run(&mut installs.program(&[
        "export",
        "--all-profiles",
        "--output",
        &lake,
        "--partition-by",
        "opened_year",
    ]));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains(&format!("note: nothing was written below {lake}")), "{}", ran.err);
    assert!(!std::fs::exists(installs.file("new")).unwrap(), "the directories are removed again");
}

#[test]
fn options_that_do_not_apply_to_a_lake_are_refused() {
    let installs = Installs::start(&[("berlin", 5)]);
    let lake = installs.file("lake");
    let url = installs.sandboxes[0].url().to_owned();
    let secret = installs.file("gettickets/berlin.secret");
    std::fs::write(installs.file("file"), "").unwrap();
    let file = installs.file("file");
    for (options, expected) in [
        (&["--profile", "berlin", "--output", "-", "--partition-by", "install"][..], "needs a directory"),
        (&["--profile", "berlin", "--output", &file, "--partition-by", "install"], "file: "),
        (&["--profile", "berlin", "--output", &lake, "--partition-by", "install,install"], "a key twice"),
        (
            &["--profile", "berlin", "--output", &lake, "--partition-by", "install", "--format", "csv"],
            "writes Parquet",
        ),
        (
            &[
                "--profile",
                "berlin",
                "--output",
                &lake,
                "--partition-by",
                "install",
                "--overwrite",
                "--status",
                "Open",
            ],
            "only some are selected",
        ),
        (
            &[
                "--url",
                &url,
                "--identifier",
                "berlin-identifier",
                "--secret-file",
                &secret,
                "--output",
                &lake,
                "--partition-by",
                "install",
            ],
            "the key install needs a profile",
        ),
        (
            &["--profile", "berlin", "--output", &lake, "--partition-by", "install", "--columns", "install"],
            "no column is left",
        ),
    ] {
        let ran = run(&mut installs.program(&[&["export"], options].concat()));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(expected), "{expected}: {}", ran.err);
        assert!(!std::fs::exists(&lake).unwrap());
    }
}

#[test]
fn selected_columns_are_exported_in_the_given_order() {
    let installs = Installs::start(&[("berlin", 30), ("london", 60)]);
    let columns = "lastreply_utc,install,id,subject_text";
    for selection in [&["--all-profiles"][..], &["--profile", "berlin"]] {
        for (name, head) in
            [("t.csv", format!("{columns}\n")), ("t.ndjson", "{\"lastreply_utc\":\"".to_owned())]
        {
            let file = installs.file(name);
            let export = [&["export", "--output", &file, "--columns", columns], selection].concat();
            assert_eq!(run(&mut installs.program(&export)).code, 0);
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with(&head), "{}", &text[..100]);
        }
        let file = installs.file("t.parquet");
        let export = [&["export", "--output", &file, "--columns", columns], selection].concat();
        assert_eq!(run(&mut installs.program(&export)).code, 0);
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
            std::fs::File::open(&file).unwrap(),
        );
        let schema = reader.unwrap().schema().clone();
        let names: Vec<&str> = schema.fields().iter().map(|column| column.name().as_str()).collect();
        assert_eq!(names.join(","), columns);
    }
    for (options, expected) in [
        (&["--columns", "id,tid,id"][..], "--columns selects id twice"),
        (&["--columns", "id,from"], "unknown column \"from\"; the columns are id, tid,"),
        (&["--columns", "subjekt"], "unknown column; the columns are id, tid,"),
    ] {
        let file = installs.file("other.parquet");
        let ran =
            run(&mut installs
                .program(&[&["export", "--profile", "berlin", "--output", &file], options].concat()));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    let twice = ["list", "--profile", "berlin", "--columns", "id,tid,id"];
    assert!(run(&mut installs.program(&twice)).err.contains("--columns selects id twice"));
    let url = installs.sandboxes[0].url().to_owned();
    let (file, secret) = (installs.file("other.csv"), installs.file("gettickets/berlin.secret"));
    let unnamed = ["export", "--url", &url, "--identifier", "berlin-identifier", "--secret-file", &secret];
    for (column, expected) in [("date_utc", "needs the time zone"), ("install", "needs a profile")] {
        let ran =
            run(&mut installs.program(&[&unnamed[..], &["--output", &file, "--columns", column]].concat()));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}

#[test]
fn an_export_is_not_resumed_with_other_columns() {
    let installs = Installs::start(&[("berlin", 400)]);
    let file = installs.file("t.ndjson");
    let export = ["export", "--profile", "berlin", "--output", &file, "--limitnum", "25"];
    let ran = run(&mut installs.program(&[&export[..], &["--max-requests", "3"]].concat()));
    assert_eq!(ran.code, 5, "{}", ran.err);
    let other = run(&mut installs.program(&[&export[..], &["--resume", "--columns", "id"]].concat()));
    assert_eq!(other.code, 2, "{}", other.err);
    assert!(other.err.contains("its selection of columns is \"\", not \"id\""), "{}", other.err);
    assert_eq!(run(&mut installs.program(&[&export[..], &["--resume"]].concat())).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 400);
}
