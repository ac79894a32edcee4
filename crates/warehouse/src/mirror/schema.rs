//! The tables and views of a mirror in SQLite and PostgreSQL, and the migrations from older versions.

use crate::row::{Type, columns};

/// Marks a SQLite file as a mirror (`PRAGMA application_id`): "GTKT".
pub(crate) const APPLICATION_ID: i32 = 0x4754_4b54;

/// The version of the schema: `PRAGMA user_version` in SQLite, the table `gettickets_mirror` in PostgreSQL. The first
/// `n` migrations lead to version `n`.
pub(crate) const VERSION: i32 = 1;

/// Counts the tickets of an install that are not gone. Both counts read only indexes: the rows of a million tickets take
/// more than a second.
pub(crate) const PRESENT: &str = "SELECT (SELECT count(*) FROM tickets WHERE install = $1)
    - (SELECT count(*) FROM tickets WHERE install = $1 AND gone IS NOT NULL)";

// Existing mirrors have a column for each of these fields.
const _: () = assert!(
    gettickets::FIELD_COUNT == 23,
    "a new field needs a migration that adds its column, and the first migration must not have that column"
);

/// The migrations in SQLite: the statements that lead from each version to the next.
pub(crate) fn sqlite() -> [String; VERSION as usize] {
    [first_sqlite()]
}

/// The migrations in PostgreSQL: the statements that lead from each version to the next.
pub(crate) fn postgres() -> [String; VERSION as usize] {
    [first_postgres()]
}

/// The type of a column in PostgreSQL.
pub(crate) fn postgres_type(kind: Type) -> &'static str {
    match kind {
        Type::Integer => "bigint",
        Type::Boolean => "boolean",
        Type::Text => "text",
        // Unlike jsonb it keeps the exact text.
        Type::Json => "json",
        Type::WallClock => "timestamp",
        Type::Utc => "timestamptz",
    }
}

fn first_postgres() -> String {
    let columns: Vec<String> =
        columns().map(|(name, kind)| format!("    \"{name}\" {}", postgres_type(kind))).collect();
    format!(
        "\
CREATE TABLE gettickets_mirror (version integer NOT NULL);
INSERT INTO gettickets_mirror VALUES (0);
CREATE TABLE installs (
    install text PRIMARY KEY,
    endpoint text NOT NULL UNIQUE,
    time_zone text
);
CREATE TABLE tickets (
    install text NOT NULL REFERENCES installs (install),
{columns},
    fingerprint bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    changed timestamptz NOT NULL,
    gone timestamptz,
    PRIMARY KEY (install, id)
);
CREATE INDEX gone_tickets ON tickets (install, gone) WHERE gone IS NOT NULL;
CREATE TABLE runs (
    run bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    install text NOT NULL REFERENCES installs (install),
    started timestamptz NOT NULL,
    ended timestamptz,
    mode text NOT NULL CHECK (mode IN ('full', 'incremental')),
    since timestamp,
    complete boolean NOT NULL DEFAULT false,
    ordered boolean NOT NULL DEFAULT false,
    reason text,
    newest_reply timestamp,
    requests bigint NOT NULL DEFAULT 0,
    tickets bigint NOT NULL DEFAULT 0,
    new bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    gone bigint NOT NULL DEFAULT 0,
    findings json
);
CREATE INDEX runs_of_install ON runs (install, run);
CREATE TABLE changes (
    change bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    run bigint NOT NULL REFERENCES runs (run),
    install text NOT NULL,
    id bigint NOT NULL,
    seen timestamptz NOT NULL,
    what text NOT NULL,
    old text,
    new text
);
CREATE INDEX changes_of_ticket ON changes (install, id);

CREATE VIEW open_tickets AS
    SELECT * FROM tickets WHERE gone IS NULL AND status <> 'Closed';
CREATE VIEW waiting_longest AS
    SELECT install, id, tid, deptid, subject_text, priority, status, lastreply
    FROM tickets
    WHERE gone IS NULL AND status IN ('Open', 'Customer-Reply') AND lastreply IS NOT NULL
    ORDER BY lastreply;
CREATE VIEW opened_by_day AS
    SELECT install, date::date AS day, count(*) AS opened
    FROM tickets WHERE date IS NOT NULL GROUP BY install, date::date;
CREATE VIEW closed_by_day AS
    SELECT install, (seen AT TIME ZONE 'UTC')::date AS day, count(*) AS closed
    FROM changes WHERE what = 'status' AND new = 'Closed' GROUP BY install, (seen AT TIME ZONE 'UTC')::date;
CREATE VIEW first_status_change AS
    SELECT t.install, t.id, t.tid, t.date_utc, min(c.seen) AS seen,
           extract(epoch FROM min(c.seen) - t.date_utc) / 3600 AS hours
    FROM tickets AS t JOIN changes AS c ON c.install = t.install AND c.id = t.id AND c.what = 'status'
    GROUP BY t.install, t.id, t.tid, t.date_utc;
CREATE VIEW reopened AS
    SELECT install, id, seen, new AS status FROM changes
    WHERE what = 'status' AND old = 'Closed' AND new <> 'Closed';
",
        columns = columns.join(",\n")
    )
}

fn first_sqlite() -> String {
    let column = |(name, kind)| {
        let kind = match kind {
            Type::Integer | Type::Boolean => "INTEGER",
            _ => "TEXT",
        };
        format!("    \"{name}\" {kind}")
    };
    let columns: Vec<String> = columns().map(column).collect();
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
CREATE INDEX gone_tickets ON tickets (install, gone) WHERE gone IS NOT NULL;
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
    ordered INTEGER NOT NULL DEFAULT 0,
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn the_tickets_present_are_counted_by_indexes_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&first_sqlite()).unwrap();
        connection
            .execute_batch(
                "INSERT INTO installs VALUES ('a', 'https://a', NULL), ('b', 'https://b', NULL);
                 INSERT INTO tickets (install, id, fingerprint, first_seen, changed, gone) VALUES
                     ('a', 1, 0, '', '', NULL), ('a', 2, 0, '', '', ''), ('a', 3, 0, '', '', NULL), ('b', 1, 0, '', '', NULL)",
            )
            .unwrap();
        let count =
            |install: &str| connection.query_row(PRESENT, [install], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!([count("a"), count("b"), count("c")], [2, 1, 0]);

        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {PRESENT}")).unwrap();
        let steps: Vec<String> =
            plan.query_map(["a"], |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
        let searches: Vec<_> = steps.iter().filter(|step| step.contains("tickets")).collect();
        assert_eq!(searches.len(), 2, "{steps:?}");
        assert!(searches.iter().all(|step| step.contains("COVERING INDEX")), "{steps:?}");
    }
}
