//! The tables and views of a mirror, and how older ones become today's.

use super::row::columns;

/// Marks a SQLite file as a mirror (`PRAGMA application_id`): "GTKT".
pub(crate) const APPLICATION_ID: i32 = 0x4754_4b54;

/// The version of the schema (`PRAGMA user_version`). Version `n` is reached by the first `n` migrations.
pub(crate) const VERSION: i32 = 1;

/// The statements that lead from each version to the next.
pub(crate) fn migrations() -> [String; VERSION as usize] {
    [first()]
}

fn first() -> String {
    let columns: Vec<String> = columns().map(|(name, kind)| format!("    \"{name}\" {kind}")).collect();
    format!(
        "\
CREATE TABLE installs (
    install TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL UNIQUE,
    time_zone TEXT
);
CREATE TABLE tickets (
    install TEXT NOT NULL REFERENCES installs (install),
{columns},
    fingerprint INTEGER NOT NULL,
    first_seen TEXT NOT NULL,
    changed TEXT NOT NULL,
    gone TEXT,
    PRIMARY KEY (install, id)
);
CREATE TABLE changes (
    change INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (run),
    install TEXT NOT NULL,
    id INTEGER NOT NULL,
    seen TEXT NOT NULL,
    what TEXT NOT NULL,
    old TEXT,
    new TEXT
);
CREATE INDEX changes_of_ticket ON changes (install, id);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    install TEXT NOT NULL REFERENCES installs (install),
    started TEXT NOT NULL,
    ended TEXT,
    mode TEXT NOT NULL CHECK (mode IN ('full', 'incremental')),
    since TEXT,
    complete INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    newest_reply TEXT,
    requests INTEGER NOT NULL DEFAULT 0,
    tickets INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,
    findings TEXT
);
CREATE INDEX runs_of_install ON runs (install, run);

CREATE VIEW open_tickets AS
    SELECT * FROM tickets WHERE gone IS NULL AND status <> 'Closed';
CREATE VIEW waiting_longest AS
    SELECT install, id, tid, deptid, subject_text, priority, status, lastreply
    FROM tickets
    WHERE gone IS NULL AND status IN ('Open', 'Customer-Reply') AND lastreply IS NOT NULL
    ORDER BY lastreply;
CREATE VIEW opened_by_day AS
    SELECT install, substr(date, 1, 10) AS day, count(*) AS opened
    FROM tickets WHERE date IS NOT NULL GROUP BY install, day;
CREATE VIEW closed_by_day AS
    SELECT install, substr(seen, 1, 10) AS day, count(*) AS closed
    FROM changes WHERE what = 'status' AND new = 'Closed' GROUP BY install, day;
CREATE VIEW first_status_change AS
    SELECT t.install, t.id, t.tid, t.date_utc, min(c.seen) AS seen,
           (julianday(min(c.seen)) - julianday(t.date_utc)) * 24 AS hours
    FROM tickets AS t JOIN changes AS c ON c.install = t.install AND c.id = t.id AND c.what = 'status'
    GROUP BY t.install, t.id;
CREATE VIEW reopened AS
    SELECT install, id, seen, new AS status FROM changes
    WHERE what = 'status' AND old = 'Closed' AND new <> 'Closed';
",
        columns = columns.join(",\n")
    )
}
