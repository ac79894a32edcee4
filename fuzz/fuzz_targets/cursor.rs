//! Cursors, which may come from a file that anyone can write.
//!
//! Any text is a cursor or an error. Any cursor is accepted or refused without using memory beyond its length; a scan
//! that continues from it ends, yields no ticket twice, and writes a cursor from which another scan continues.
#![no_main]

use std::collections::HashSet;

use gettickets::GetTickets;
use gettickets::scan::Cursor;
use gettickets::scan::machine::{Action, Metrics, Row, ScanMachine, Settings};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

const TICKETS: u64 = 40;

fuzz_target!(|text: &str| {
    if let Ok(cursor) = text.parse::<Cursor>() {
        let again = cursor.to_string().parse();
        assert_eq!(again.as_ref(), Ok(&cursor));
        scan_from(&cursor);
    }
    // No input would guess the digest of the request, so the parts of a cursor are inserted into a cursor of this scan.
    let Ok(parts) = serde_json::from_str::<Map<String, Value>>(text) else { return };
    let mut cursor = serde_json::to_value(machine().cursor(0, None, &[])).expect("a cursor is JSON");
    for (name, value) in parts {
        let is_outer = cursor.get(&name).is_some();
        let parts = if is_outer { Some(&mut cursor) } else { cursor.get_mut("position") };
        // The position may have been replaced.
        if let Some(parts) = parts.and_then(Value::as_object_mut) {
            parts.insert(name, value);
        }
    }
    if let Ok(cursor) = serde_json::from_value(cursor) {
        scan_from(&cursor);
    }
});

fn machine() -> ScanMachine {
    ScanMachine::new(Settings::new(GetTickets { limitnum: Some(10), ..GetTickets::default() }))
}

fn scan_from(cursor: &Cursor) {
    let mut machine = machine();
    if let Err(error) = machine.resume(cursor) {
        assert!(!error.to_string().is_empty());
        return;
    }
    let rows: Vec<Row> = (1..=TICKETS)
        .map(|id| Row { id, lastreply: 1_000_000 - id as u32 * 20_000, date: 1, fingerprint: id })
        .collect();
    let (mut yielded, mut last, mut requests) = (HashSet::new(), None, 0);
    let outcome = loop {
        match machine.poll() {
            Action::Fetch(fetch) => {
                requests += 1;
                assert!(requests < 2_000, "no end: {:?}", machine.report());
                let offset = usize::try_from(fetch.offset).unwrap_or(usize::MAX);
                let page = rows.iter().skip(offset).take(fetch.limit as usize).copied().collect();
                machine.on_rows(fetch.id, page, Some(TICKETS), Metrics::default());
            }
            Action::Yield(batch) => {
                for id in &batch.ids {
                    assert!((1..=TICKETS).contains(id) && yielded.insert(*id), "{id}");
                }
                last = Some(batch);
            }
            Action::Pending => panic!("waits for nothing: {:?}", machine.report()),
            Action::Done(outcome) => break outcome,
        }
    };
    drop(outcome.map_err(|error| error.to_string()));
    let end = machine.cursor(cursor.tickets().saturating_add(yielded.len() as u64), last.as_ref(), &[]);
    let again: Cursor = end.to_string().parse().expect("a cursor is read from its text");
    assert_eq!(again, end);
}
