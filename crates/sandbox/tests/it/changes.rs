//! Changes to tickets while a server runs.

use gettickets_protocol::{GetTickets, Status, StatusFilter, Ticket};
use gettickets_sandbox::{Sandbox, SandboxError};
use proptest::prelude::*;

use crate::client::{ask, ids};

fn all() -> GetTickets {
    GetTickets { limitnum: Some(10_000), ..GetTickets::default() }
}

#[test]
fn replies_and_new_tickets_move_to_the_front() {
    let sandbox = Sandbox::builder().tickets(100).start().unwrap();
    let store = sandbox.store();
    let before = store.ids().unwrap();
    let opened = store.open(Ticket { subject: "New".into(), deptid: 1, ..Ticket::default() }).unwrap();
    assert_eq!(opened, 101);
    let replied = before[50];
    assert!(store.reply(replied, Status::Answered).unwrap());
    let page = ask(&sandbox, &all()).page();
    assert_eq!(ids(&page)[..3], [replied, opened, before[0]]);
    assert_eq!(page.totalresults(), Some(101));
    assert_eq!(page.get(0).unwrap().status(), Status::Answered);
    assert!(page.get(1).unwrap().date().is_some());
}

#[test]
fn closed_moved_deleted_and_merged_tickets_leave_their_lists() {
    let sandbox = Sandbox::builder().tickets(100).start().unwrap();
    let store = sandbox.store();
    let active = GetTickets { status: Some(StatusFilter::AllActive), ..all() };
    let open = ids(&ask(&sandbox, &active).page());
    assert!(store.close(open[0]).unwrap());
    assert_eq!(ids(&ask(&sandbox, &active).page()), open[1..]);
    assert!(store.set_department(open[1], 99).unwrap());
    let elsewhere = GetTickets { deptid: Some(99), ..all() };
    assert_eq!(ids(&ask(&sandbox, &elsewhere).page()), [open[1]]);
    assert!(store.delete(open[1]).unwrap());
    assert_eq!(ask(&sandbox, &elsewhere).page().totalresults(), Some(0));
    assert!(store.merge(open[2], open[3]).unwrap());
    assert_eq!(store.get(open[2]).unwrap(), None);
    assert_eq!(store.ids().unwrap()[0], open[3]);
    assert_eq!(store.len().unwrap(), 98);
    for missing in [open[1], open[2], 12_345] {
        assert!(!store.reply(missing, Status::Open).unwrap());
        assert!(!store.delete(missing).unwrap());
        assert!(!store.merge(missing, open[3]).unwrap());
    }
    assert!(!store.merge(open[3], open[3]).unwrap(), "a ticket is not merged into itself");
    assert!(store.open(Ticket { id: open[3], ..Ticket::default() }).unwrap_err().is_id_taken());
}

#[test]
fn new_tickets_get_the_id_after_the_highest_one() {
    let with_ids = |ids: &[u64]| {
        let tickets = ids.iter().map(|id| Ticket { id: *id, ..Ticket::default() }).collect();
        Sandbox::builder().load(tickets).start().unwrap().store()
    };
    for (ids, next) in [
        (&[][..], 1),
        (&[3, 5], 6),
        (&[i64::MAX as u64], 1 << 63),
        (&[5, 1 << 63], (1 << 63) + 1),
        (&[u64::MAX - 1, 5, 1 << 63], u64::MAX),
    ] {
        let store = with_ids(ids);
        assert_eq!(store.open(Ticket::default()).unwrap(), next, "{ids:?}");
        assert!(store.get(next).unwrap().is_some(), "{ids:?}");
    }
    let store = with_ids(&[u64::MAX, 5]);
    let error = store.open(Ticket::default()).unwrap_err();
    assert!(!error.is_id_taken(), "{error}");
    assert_eq!(error.to_string(), "a ticket has the highest possible id, so no id is left for a new one");
    assert_eq!(store.len().unwrap(), 2);
}

#[test]
fn tickets_with_the_largest_ids_are_changed_at_random_like_others() {
    for ids in [[1 << 62, (1 << 63) + 7], [1 << 63, u64::MAX - 100]] {
        let tickets = ids.map(|id| Ticket { id, ..Ticket::default() }).to_vec();
        let store = Sandbox::builder().load(tickets).start().unwrap().store();
        let before = ids.map(|id| store.get(id).unwrap());
        for seed in 0..30 {
            store.churn(seed).unwrap();
        }
        for (id, before) in ids.into_iter().zip(before) {
            assert_ne!(store.get(id).unwrap(), before, "{id}");
        }
    }
}

#[test]
fn more_tickets_than_can_be_generated_are_an_error() {
    for tickets in [1 << 32, u64::MAX] {
        let error = Sandbox::builder().tickets(tickets).start().unwrap_err();
        assert!(matches!(error, SandboxError::TooManyTickets { tickets: refused } if refused == tickets));
        assert_eq!(
            error.to_string(),
            format!("the sandbox generates at most 4294967295 tickets, not {tickets}")
        );
    }
    let loaded = Sandbox::builder().tickets(u64::MAX).load(vec![Ticket::default()]).start().unwrap();
    assert_eq!(loaded.store().len().unwrap(), 1, "no ticket is generated");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The pages of a list agree with its counts after any changes.
    #[test]
    fn pages_agree_with_the_whole_list_after_any_changes(seeds in prop::collection::vec(any::<u64>(), 0..40)) {
        let sandbox = Sandbox::builder().tickets(60).start().unwrap();
        let store = sandbox.store();
        for seed in seeds {
            store.churn(seed).unwrap();
        }
        let whole = store.ids().unwrap();
        let mut paged = Vec::new();
        for start in (0..whole.len() as u64 + 7).step_by(7) {
            let page = ask(&sandbox, &GetTickets { limitstart: Some(start), limitnum: Some(7), ..all() }).page();
            prop_assert_eq!(page.totalresults(), Some(whole.len() as u64));
            paged.extend(ids(&page));
        }
        prop_assert_eq!(&paged, &whole);
        prop_assert_eq!(store.len().unwrap(), whole.len() as u64);
    }
}
