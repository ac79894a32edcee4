//! Batches of pages that servers send.

use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::{Int64Type, TimestampMicrosecondType};
use gettickets_arrow::arrow_array::{Array, RecordBatch};
use gettickets_arrow::arrow_schema::DataType;
use gettickets_arrow::{ArrowError, NumberTooLarge, TableInstall, TableSchema, record_batch, schema};
use gettickets_protocol::{Attachment, Field, FieldSet, Ticket, Tickets, Version};

use crate::assert_row_is;

fn ticket() -> Ticket {
    Ticket {
        id: 1,
        tid: "516757".into(),
        subject: "Grüße &amp; \u{1f600}".into(),
        owner_name: Some("Cynthia Reilly".into()),
        requestor_email: Some(String::new()),
        requestor_type: Some("Owner".into()),
        attachments: Some(vec![
            Attachment { filename: "a.png".into(), index: 0 },
            Attachment { filename: "b.png".into(), index: 1 },
        ]),
        attachments_removed: Some(true),
        date: Some("2016-01-01T06:26:29".parse().unwrap()),
        extra: [("dept\"name".to_owned(), "Sales".into()), ("contactid".to_owned(), 3.into())]
            .into_iter()
            .collect(),
        ..Ticket::default()
    }
}

#[test]
fn a_row_has_the_values_of_the_getters() {
    let bare = Ticket { attachments: Some(vec![]), ..Ticket::default() };
    for version in Version::MILESTONES {
        let tickets = Tickets::new(&[ticket(), Ticket::default(), bare.clone()], version);
        let batch = record_batch(&tickets).unwrap();
        for (row, ticket) in tickets.iter().enumerate() {
            assert_row_is(&batch, row, ticket);
        }
    }
}

#[test]
fn missing_and_null_fields_are_null_and_empty_text_is_not() {
    let batch = record_batch(&Tickets::new(&[ticket()], Version::V8_0)).unwrap();
    assert!(batch["requestor_name"].is_null(0), "sent as null");
    assert!(batch["lastreply"].is_null(0), "a zero date");
    assert!(!batch["requestor_email"].is_null(0), "sent empty");
    let older = record_batch(&Tickets::new(&[ticket()], Version::V1_0)).unwrap();
    assert!(older["requestor_email"].is_null(0) && older["attachments"].is_null(0), "not sent");
    assert_eq!(older.schema(), batch.schema(), "one schema for all pages");
}

#[test]
fn unknown_fields_are_one_json_object() {
    let batch = record_batch(&Tickets::new(&[ticket(), Ticket::default()], Version::V8_0)).unwrap();
    let extra = batch["extra"].as_string::<i32>();
    let read: serde_json::Value = serde_json::from_str(extra.value(0)).unwrap();
    assert_eq!(read, serde_json::json!({"contactid": 3, "dept\"name": "Sales"}));
    assert!(extra.is_null(1));
}

#[test]
fn large_texts_are_the_same_texts() {
    let tickets = Tickets::new(&[ticket(), Ticket::default()], Version::V8_0);
    for table in [TableSchema::default(), TableSchema::as_of_version(Version::V7_10)] {
        let (small, large) = (table.record_batch(&tickets).unwrap(), table.large_texts());
        let large = large.record_batch(&tickets).unwrap();
        for (column, field) in large.columns().iter().zip(small.schema().fields()) {
            let same = &small[field.name().as_str()];
            match column.as_string_opt::<i64>() {
                Some(texts) => assert!(texts.iter().eq(same.as_string::<i32>()), "{}", field.name()),
                None => assert_eq!(column, same),
            }
        }
        let size = |batch: &RecordBatch, size| {
            batch.columns().iter().filter(|column| *column.data_type() == size).count()
        };
        assert_eq!(size(&large, DataType::LargeUtf8), size(&small, DataType::Utf8));
        assert_eq!((size(&large, DataType::Utf8), size(&small, DataType::LargeUtf8)), (0, 0));
    }
}

#[test]
fn texts_of_many_kilobytes_are_kept() {
    let long = |id: u64| Ticket { id, subject: "x".repeat(60_000 + id as usize), ..ticket() };
    let tickets = Tickets::new(&[long(1), long(2), long(3)], Version::V8_0);
    let batch = record_batch(&tickets).unwrap();
    tickets.iter().enumerate().for_each(|(row, ticket)| assert_row_is(&batch, row, ticket));
}

#[test]
fn an_empty_batch_has_every_column() {
    let batch = record_batch(&Tickets::default()).unwrap();
    assert_eq!((batch.num_rows(), batch.schema()), (0, schema()));
}

#[test]
fn a_slice_of_a_page_has_only_its_rows() {
    let all: Vec<Ticket> = (1..=5).map(|id| Ticket { id, ..ticket() }).collect();
    let tickets = Tickets::new(&all, Version::V8_0).slice(2..4);
    let batch = record_batch(&tickets).unwrap();
    assert_eq!(batch.num_rows(), 2);
    for (row, ticket) in tickets.iter().enumerate() {
        assert_row_is(&batch, row, ticket);
    }
}

#[test]
fn a_schema_can_omit_the_access_key() {
    let table = TableSchema::of(FieldSet::ALL.difference([Field::C].into_iter().collect()));
    let tickets = Tickets::new(&[Ticket { c: "KPqH7yG3".into(), ..ticket() }], Version::V8_0);
    let batch = table.record_batch(&tickets).unwrap();
    assert!(batch.column_by_name("c").is_none());
    assert!(!format!("{batch:?}").contains("KPqH7yG3"));
}

#[test]
fn batches_and_readers_can_be_sent_to_other_threads() {
    fn sendable<T: Send + Sync>() {}
    sendable::<TableSchema>();
    sendable::<ArrowError>();
}

/// 2016-01-01 05:26:29 in UTC, 06:26:29 in Berlin.
const UTC: i64 = 1_451_625_989_000_000;
const HOUR: i64 = 3_600_000_000;

fn time(batch: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let times = batch[column].as_primitive::<TimestampMicrosecondType>();
    (!times.is_null(row)).then(|| times.value(row))
}

#[test]
fn there_are_local_and_utc_times_if_the_time_zone_is_known() {
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let posix = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let tickets = Tickets::new(&[ticket()], Version::V8_0);
    for table in [
        TableSchema::default(),
        TableSchema::default().large_texts(),
        TableSchema::as_of_version(Version::V7_10),
    ] {
        for zone in [&berlin, &posix] {
            let known = table.clone().in_time_zone(zone.clone());
            for table in [known.clone(), known.large_texts()] {
                let batch = table.record_batch(&tickets).unwrap();
                assert_eq!(time(&batch, "date", 0), Some(UTC + HOUR));
                assert_eq!(time(&batch, "date_utc", 0), Some(UTC));
                assert_eq!(time(&batch, "lastreply_utc", 0), None);
            }
        }
    }
}

#[test]
fn tickets_of_several_installs_have_their_names_and_zones() {
    let install = |name: &str, zone: Option<&str>| TableInstall {
        name: Some(name.into()),
        zone: zone.map(|zone| jiff::tz::TimeZone::get(zone).unwrap()),
    };
    let (eu, us, unknown) =
        (install("eu", Some("Europe/Berlin")), install("us", Some("America/New_York")), install("x", None));
    let page = |len| Tickets::new(&vec![ticket(); len], Version::V8_0);
    let table = TableSchema::default().with_install().with_utc();
    let runs = [(&eu, &page(1)), (&us, &page(2)), (&unknown, &page(1)), (&eu, &page(0)), (&eu, &page(1))];
    for table in [table.select(["date_utc", "install", "id"]).unwrap(), table] {
        let batch = table.record_batch_of_installs(&runs).unwrap();
        let installs: Vec<_> = batch["install"].as_string::<i32>().iter().flatten().collect();
        assert_eq!(installs, ["eu", "us", "us", "x", "eu"]);
        let times: Vec<_> = (0..5).map(|row| time(&batch, "date_utc", row)).collect();
        let west = UTC + 6 * HOUR;
        assert_eq!(times, [Some(UTC), Some(west), Some(west), None, Some(UTC)]);
    }
    let (first, second) = (page(1), page(2));
    let rows: Vec<_> =
        second.iter().map(|ticket| (&us, ticket)).chain(first.iter().map(|ticket| (&eu, ticket))).collect();
    let runs = [(&us, &second), (&eu, &first)];
    let table = TableSchema::default().with_install().with_utc();
    assert_eq!(table.record_batch_of_rows(&rows).unwrap(), table.record_batch_of_installs(&runs).unwrap());
    let one = TableSchema::default().of_install("eu").record_batch(&page(1)).unwrap();
    assert_eq!(one["install"].as_string::<i32>().value(0), "eu");
}

#[test]
fn a_number_that_is_too_large_for_a_table_is_an_error() {
    let largest = i64::MAX.cast_unsigned();
    let attachment = |index| Some(vec![Attachment { filename: "a".into(), index }]);
    let fitting = Ticket { id: largest, userid: largest, attachments: attachment(largest), ..ticket() };
    let batch = record_batch(&Tickets::new(std::slice::from_ref(&fitting), Version::V8_0)).unwrap();
    assert_eq!(batch["userid"].as_primitive::<Int64Type>().value(0), i64::MAX);
    for (ticket, column) in [
        (Ticket { id: largest + 1, ..fitting.clone() }, "id"),
        (Ticket { userid: u64::MAX, ..fitting.clone() }, "userid"),
        (Ticket { attachments: attachment(largest + 1), ..fitting }, "attachments"),
    ] {
        let tickets = Tickets::new(&[Ticket::default(), ticket.clone()], Version::V8_0);
        let Err(ArrowError::ExternalError(error)) = record_batch(&tickets) else { panic!("{column}") };
        let error = error.downcast_ref::<NumberTooLarge>().unwrap();
        assert_eq!((error.ticket(), error.column()), (ticket.id, column));
        assert!(
            error.number() > largest && error.to_string().contains(&format!("{column} {}", error.number()))
        );
        assert!(TableSchema::default().select(["tid"]).unwrap().record_batch(&tickets).is_ok());
    }
}

#[test]
fn the_decoded_subject_is_null_if_the_subject_is() {
    let reply = r#"{"result":"success","tickets":{"ticket":[{"id":1,"subject":"Tom &amp; Jerry"},{"id":2,"subject":null},{"id":3}]}}"#;
    let page = gettickets_protocol::decode(reply).unwrap().into_page().unwrap();
    let batch = TableSchema::default().with_subject_text().record_batch(page.tickets()).unwrap();
    let texts: Vec<_> = batch["subject_text"].as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("Tom & Jerry"), None, None]);
    assert_eq!(batch["subject"].as_string::<i32>().value(0), "Tom &amp; Jerry");
}

#[test]
fn an_unreadable_date_keeps_its_text_in_extra() {
    let rows = [
        ("soon", "2016-01-01 06:26:29", Some(r#"{"date":"soon"}"#)),
        ("2016-02-30 00:00:00", "la\"ter", Some(r#"{"date":"2016-02-30 00:00:00","lastreply":"la\"ter"}"#)),
        ("0000-00-00 00:00:00", "", None),
        ("0000-00-00", "2016-01-01 06:26:29", None),
    ];
    let tickets: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(id, (date, lastreply, _))| serde_json::json!({"id": id + 1, "date": date, "lastreply": lastreply}))
        .collect();
    let reply = serde_json::json!({"result": "success", "tickets": {"ticket": tickets}}).to_string();
    let page = gettickets_protocol::Decoder::new().decode(reply).unwrap().into_page().unwrap();
    let batch = record_batch(page.tickets()).unwrap();
    for (row, (date, _, expected)) in rows.iter().enumerate() {
        let extra = batch["extra"].as_string::<i32>();
        assert_eq!((!extra.is_null(row)).then(|| extra.value(row)), *expected, "{date}");
        assert!(batch["date"].is_null(row));
    }
    let only_ids = TableSchema::of([Field::Id].into_iter().collect());
    assert_eq!(only_ids.record_batch(page.tickets()).unwrap()["extra"].null_count(), 4);
}

#[test]
fn a_date_whose_own_zone_cannot_be_resolved_keeps_its_text() {
    let reply = r#"{"result":"success","tickets":{"ticket":[
        {"id":1,"date":"2025-03-05T06:07:08+02:00","lastreply":"2025-03-05 06:07:08 Europe/London"}]}}"#;
    let page = gettickets_protocol::decode(reply).unwrap().into_page().unwrap();
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let table = TableSchema::default().in_time_zone(berlin);
    let batch = table.record_batch(page.tickets()).unwrap();
    // 04:07:08 in UTC.
    assert_eq!(time(&batch, "date_utc", 0), Some(1_741_147_628_000_000));
    assert_eq!(time(&batch, "date", 0), Some(1_741_147_628_000_000 + 2 * HOUR), "as it is written");
    assert!(batch["lastreply_utc"].is_null(0) && !batch["lastreply"].is_null(0));
    let only_utc = table.select(["lastreply_utc", "extra"]).unwrap().record_batch(page.tickets()).unwrap();
    assert_eq!(&only_utc["extra"], &batch["extra"]);
    let extra = batch["extra"].as_string::<i32>().value(0);
    assert_eq!(extra, r#"{"lastreply":"2025-03-05 06:07:08 Europe/London"}"#);
    // Without a time zone there are the local times as written.
    let naive = record_batch(page.tickets()).unwrap();
    assert!(naive["extra"].is_null(0) && !naive["lastreply"].is_null(0));
}
