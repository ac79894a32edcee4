//! Runs the SQL of docs/recipes on the tables of mirrors.

use std::fs;
use std::path::{Path, PathBuf};

use gettickets::{Status, Ticket};
use gettickets_warehouse::{Install, Mirror, Mode};
use jiff::tz::TimeZone;

use super::{Setup, client, options, read};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes")
}

/// Returns the SQL of a recipe: its code blocks that are marked as `sql`.
fn queries(recipe: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(recipe)).unwrap();
    let blocks = text.split("\n```sql\n").skip(1);
    let queries: Vec<String> =
        blocks.map(|block| block.split("\n```").next().unwrap().trim_end_matches(';').to_owned()).collect();
    assert!(!queries.is_empty(), "{recipe}");
    queries
}

/// Runs a mirror with each kind of change between the runs: opened, closed, opened again, moved, deleted. In the last
/// run the install rejects the credentials. Returns the number of the ticket that was closed and opened again.
fn history(setup: &Setup, target: &str) -> String {
    let run = |client| {
        let install = Install::new("main", client).time_zone(TimeZone::UTC);
        Mirror::open(target).unwrap().run(&install, &options(Mode::Full), &mut |_| ()).unwrap()
    };
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    let [closed, moved, deleted] = [ids[2], ids[4], ids[6]];
    store.set_status(closed, Status::from("Open")).unwrap();
    run(client(&setup.sandbox));
    store.close(closed).unwrap();
    store.set_department(moved, 99).unwrap();
    store.delete(deleted).unwrap();
    store.open(Ticket { tid: "NEW-1".into(), status: Status::from("Open"), ..Ticket::default() }).unwrap();
    run(client(&setup.sandbox));
    store.set_status(closed, Status::from("Open")).unwrap();
    run(client(&setup.sandbox));
    let refused = gettickets::Client::builder(setup.sandbox.url())
        .credentials(gettickets::Credentials::api("nobody", "wrong"))
        .retries(gettickets::RetryPolicy::none())
        .build()
        .unwrap();
    assert!(!run(refused).complete);
    store.get(closed).unwrap().unwrap().tid
}

#[test]
fn queries_for_sqlite_return_rows() {
    let setup = Setup::new(80);
    history(&setup, &setup.target());
    for recipe in ["mirror.md", "datasette.md", "duckdb.md"] {
        for sql in queries(recipe) {
            // In DuckDB, table names begin with the name of the attached database.
            let sql = sql.replace("mirror.", "");
            let database = read(&setup.file());
            let rows = database
                .prepare(&sql)
                .and_then(|mut select| select.query_map([], |_| Ok(()))?.collect::<Result<Vec<()>, _>>())
                .unwrap_or_else(|error| panic!("{recipe}: {error}\n{sql}"));
            assert!(!rows.is_empty(), "{recipe} finds nothing:\n{sql}");
        }
    }
}

/// Returns the SQL that Grafana or Metabase would send with every filter set.
fn expanded(sql: &str, ticket: &str) -> String {
    let mut sql = sql.replace("[[", "").replace("]]", "");
    sql = sql.replace("{{install}}", "'main'").replace("{{ticket}}", &format!("'{ticket}'"));
    while let Some((before, rest)) = sql.split_once("$__timeFilter(") {
        let (column, after) = rest.split_once(')').unwrap();
        sql = format!(
            "{before}{column} BETWEEN now() - interval '100 years' AND now() + interval '1 day'{after}"
        );
    }
    sql
}

#[test]
fn queries_for_postgresql_return_rows() {
    let Some(server) = super::postgres::start() else { return };
    let setup = Setup::new(80);
    let ticket = history(&setup, &server.url());
    for recipe in ["mirror.md", "grafana.md", "metabase.md"] {
        for sql in queries(recipe) {
            let sql = expanded(&sql, &ticket);
            let mut client = server.client().unwrap();
            let is_alert = sql.contains("HAVING");
            if is_alert {
                // The query of an alert returns rows only if the last run of a mirror is too old.
                assert!(client.query(&sql, &[]).unwrap().is_empty());
                client.batch_execute("UPDATE runs SET ended = ended - interval '2 hours'").unwrap();
            }
            let rows = client.query(&sql, &[]).unwrap_or_else(|error| panic!("{recipe}: {error:?}\n{sql}"));
            assert!(!rows.is_empty(), "{recipe} finds nothing:\n{sql}");
        }
    }
}
