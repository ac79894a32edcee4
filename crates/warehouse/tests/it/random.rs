//! Random changes, runs of both modes and interrupted runs. After each full run the mirror is compared with the
//! sandbox.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gettickets::Status;
use gettickets_warehouse::{Mirror, Mode};

use super::{Setup, options, read};

/// The tickets of the sandbox: id, and the values that a mirror must store.
fn expected(setup: &Setup) -> BTreeMap<u64, (String, u64, String)> {
    let store = setup.sandbox.store();
    let ticket = |id| store.get(id).unwrap().unwrap();
    store
        .ids()
        .unwrap()
        .into_iter()
        .map(|id| (id, ticket(id)))
        .map(|(id, ticket)| (id, (ticket.status.to_string(), ticket.deptid, ticket.subject)))
        .collect()
}

fn mirrored(setup: &Setup) -> BTreeMap<u64, (String, u64, String)> {
    let database = read(&setup.file());
    let mut select =
        database.prepare("SELECT id, status, deptid, subject FROM tickets WHERE gone IS NULL").unwrap();
    let rows = select.query_map([], |row| {
        let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
        Ok((number(0)?, (row.get(1)?, number(2)?, row.get(3)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn after_every_full_run_the_mirror_equals_the_install() {
    let setup = Setup::new(150);
    let mut random = fastrand::Rng::with_seed(11);
    let store = setup.sandbox.store();
    let mut full_runs = 0;
    for step in 0..1000_u64 {
        match random.u32(0..20) {
            0..8 => store.churn(step).unwrap(),
            8..11 => {
                let ids = store.ids().unwrap();
                let id = ids[random.usize(0..ids.len())];
                store.set_department(id, random.u64(1..5)).unwrap();
                store
                    .set_status(id, Status::from(["Open", "Closed", "On Hold"][random.usize(0..3)]))
                    .unwrap();
            }
            11..13 => {
                let ids = store.ids().unwrap();
                store.merge(ids[random.usize(0..ids.len())], ids[random.usize(0..ids.len())]).unwrap();
            }
            13..15 => {
                let broken = catch_unwind(AssertUnwindSafe(|| {
                    let mut mirror = Mirror::open(&setup.target()).unwrap();
                    mirror.run(&setup.install(), &options(Mode::Full), &mut |_| {
                        panic!("interrupted at step {step}")
                    })
                }));
                assert!(broken.is_err());
            }
            15..17 => assert!(setup.run(Mode::Incremental).complete),
            17 => {
                let report = setup.run(Mode::Full);
                assert!(report.complete, "{report:?}");
                assert_eq!(mirrored(&setup), expected(&setup), "step {step}");
                full_runs += 1;
            }
            _ => {}
        }
    }
    assert!(full_runs > 20, "{full_runs}");
}
