//! `stats` against a real server on loopback.

use std::fs;
use std::process::Command;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{ask, gettickets, program, run, sandbox_with, text};

#[test]
fn the_charts_count_every_ticket() {
    let shown = gettickets(&["stats", "--sandbox"]).quietly();
    assert!(shown.starts_with("1,000 tickets · "), "{shown}");
    for heading in
        ["By status", "By priority", "By department", "Active tickets by age", "Opened and answered by week"]
    {
        assert!(shown.contains(&format!("\n{heading}\n")), "{heading}");
    }
    assert!(!shown.contains('\u{1b}'), "no color on a pipe");
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let mut command = program();
    let shown = run(command.args(["stats", "--sandbox"]).env("LC_ALL", "C")).quietly();
    assert!(shown.is_ascii() && shown.contains("####"), "{shown}");
}

#[test]
fn programs_get_json_whose_counts_add_up() {
    let sandbox = Sandbox::builder().tickets(230).start().unwrap();
    let document: Value =
        serde_json::from_str(&ask(&sandbox, &["stats", "--format", "json"]).quietly()).unwrap();
    assert_eq!(document["tickets"], 230);
    let total = |name: &str| -> u64 {
        document[name].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum()
    };
    for name in ["by_status", "by_priority", "by_department"] {
        assert_eq!(total(name), 230, "{name}");
    }
    assert_eq!(document["active"], total("by_age"));
    assert_eq!(document["by_week"].as_array().unwrap().len(), 12);
}

#[test]
fn the_page_is_one_file_and_stdout_stays_empty() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tickets.html");
    assert_eq!(gettickets(&["stats", "--sandbox", "--html", text(&file)]).quietly(), "");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(
        !page.contains("<script") && !page.contains("http:") && !page.contains("https:"),
        "it runs and loads nothing"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn the_page_can_be_written_to_standard_output() {
    let page =
        gettickets(&["stats", "--sandbox", "--status", "Open", "--deptid", "1", "--html", "-"]).quietly();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(
        page.contains("tickets: status Open, department 1, the sandbox at 127.0.0.1:"),
        "{}",
        &page[..9_000]
    );
    assert!(page.contains("<p>As of <time datetime="));
}

/// A page that shows another one in frames of several widths, and then lists the elements that are cut off at the right.
const FRAMES: &str = r#"<!DOCTYPE html><body><script>
const widths = [320, 380, 440, 500, 800], found = [];
for (const width of widths) {
  const frame = document.createElement('iframe');
  frame.style.cssText = `width: ${width}px; height: 1000px; border: 0`;
  frame.src = 'tickets.html';
  frame.onload = () => {
    const elements = [...frame.contentDocument.querySelectorAll('body *')];
    const cut = elements.filter(element => element.getBoundingClientRect().right > width + 0.5);
    found.push(`${width}: ${elements.length > 100} ${cut.map(element => element.tagName)}`);
    if (found.length === widths.length) document.body.innerHTML = `<pre>${found.sort().join('|')}|</pre>`;
  };
  document.body.append(frame);
}
</script></body>"#;

/// Needs Chromium, and is skipped without it.
#[test]
fn the_page_is_not_cut_off_on_narrow_screens() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let is_there = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
    let Some(browser) = browsers.iter().find(is_there) else {
        eprintln!("skipped: Chromium is not installed (in Debian: apt-get install chromium)");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let (page, frames) = (directory.path().join("tickets.html"), directory.path().join("frames.html"));
    gettickets(&["stats", "--sandbox", "--html", text(&page)]).quietly();
    fs::write(&frames, FRAMES).unwrap();
    let ran = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", directory.path().join("browser").display()))
        .arg(format!("file://{}", frames.display()))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    let expected: String = [320, 380, 440, 500, 800].map(|width| format!("{width}: true |")).concat();
    assert!(shown.contains(&format!("<pre>{expected}</pre>")), "{shown}");
}

#[test]
fn an_export_and_saved_replies_have_the_same_figures_as_the_server() {
    let sandbox = Sandbox::builder().tickets(230).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let figures = |ran: crate::program::Ran| -> Value {
        let mut document: Value = serde_json::from_str(&ran.out).unwrap();
        for name in ["server", "as_of"] {
            document.as_object_mut().unwrap().remove(name).unwrap();
        }
        for ticket in document["oldest_waiting"].as_array_mut().unwrap() {
            ticket.as_object_mut().unwrap().remove("hours").unwrap();
        }
        document
    };
    let direct = figures(ask(&sandbox, &["stats", "--format", "json"]));
    let names = ["t.ndjson", "t.json.gz", "t.csv", "t.csv.zst", "t.parquet", "t.arrow"];
    for name in names {
        let file = directory.path().join(name);
        ask(&sandbox, &["export", "--output", text(&file)]).quietly();
        let ran = gettickets(&["stats", "--from", text(&file), "--format", "json"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        assert_eq!(figures(ran), direct, "{name}");
    }
    // Duplicate tickets count once, with a note.
    let ran = gettickets(&["stats", "--from", text(directory.path()), "--format", "json"]);
    assert!(ran.err.contains("1150 tickets were read again with the same id"), "{}", ran.err);
    assert_eq!(figures(ran), direct);

    let refused = gettickets(&["stats", "--from", "t.ndjson", "--status", "Open"]);
    assert_eq!(refused.code, 2);
    let missing = gettickets(&["stats", "--from", "/nonexistent/t.ndjson"]);
    assert!(
        missing.code == 2 && missing.err.contains("/nonexistent/t.ndjson cannot be read"),
        "{}",
        missing.err
    );
}

#[test]
fn tickets_of_several_installs_with_the_same_ids_all_count() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        (
            "t.ndjson",
            "{\"install\":\"eu\",\"id\":1}\n{\"install\":\"us\",\"id\":1}\n{\"install\":\"us\",\"id\":1}\n",
        ),
        ("t.csv", "install,id,status\neu,1,Open\nus,1,Open\nus,1,Open\n"),
    ] {
        let file = directory.path().join(name);
        fs::write(&file, content).unwrap();
        let ran = gettickets(&["stats", "--from", text(&file), "--format", "json"]);
        assert!(ran.err.contains("1 ticket was read again"), "{name}: {}", ran.err);
        assert!(ran.out.contains("\"tickets\": 2"), "{name}: {}", ran.out);
    }
}

#[test]
fn figures_of_incomplete_data_are_marked() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let ran = ask(&sandbox, &["stats"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.out.starts_with("58 tickets") && ran.err.contains("cannot send 2 tickets"),
        "{}{}",
        ran.out,
        ran.err
    );
}
