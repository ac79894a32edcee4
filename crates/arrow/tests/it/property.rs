//! For arbitrary tickets, the values of a batch are those of the getters.

use gettickets_arrow::record_batch;
use gettickets_protocol::{Attachment, DateTime, Ticket, Tickets, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::assert_row_is;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ -~]{1,12}", "\\PC{0,12}", "[\u{0}-\u{20}\"\\\\]{1,4}"]
}

/// A number that fits into an `int64`.
fn number() -> impl Strategy<Value = u64> {
    0..=i64::MAX.cast_unsigned()
}

fn time() -> impl Strategy<Value = DateTime> {
    (1i16..=9999, 1i8..=12, 1i8..=28, 0i8..24, 0i8..60, 0i8..60)
        .prop_map(|(year, month, day, h, m, s)| jiff::civil::date(year, month, day).at(h, m, s, 0))
}

prop_compose! {
    fn ticket()(
        (id, userid, flag) in (number(), number(), number()),
        [tid, name, email, cc, subject, status, service] in proptest::array::uniform7(text()),
        owner_name in option::of(text()),
        requestor_name in option::of(text()),
        requestor_type in option::of(text()),
        (date, lastreply) in (option::of(time()), option::of(time())),
        attachments in option::of(vec((text(), number()), 0..4)),
        attachments_removed in any::<Option<bool>>(),
        extra in option::of((text(), any::<i64>())),
    ) -> Ticket {
        let attachments =
            attachments.map(|list| list.into_iter().map(|(filename, index)| Attachment { filename, index }).collect());
        Ticket {
            id, userid, flag, tid, name, email, cc, subject, service, owner_name, requestor_name, date, lastreply,
            attachments, attachments_removed,
            status: status.into(),
            requestor_type: requestor_type.map(Into::into),
            extra: extra.into_iter().map(|(name, value)| (name, value.into())).collect(),
            ..Ticket::default()
        }
    }
}

proptest! {
    #[test]
    fn cells_equal_getters(
        tickets in vec(ticket(), 0..12),
        version in prop_oneof![Just(Version::V1_0), Just(Version::V7_10), Just(Version::V8_0)],
        from in 0usize..12,
    ) {
        let tickets = Tickets::new(&tickets, version).slice(from..);
        let batch = record_batch(&tickets).unwrap();
        prop_assert_eq!(batch.num_rows(), tickets.len());
        for (row, ticket) in tickets.iter().enumerate() {
            assert_row_is(&batch, row, ticket);
        }
    }
}
