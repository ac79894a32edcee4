//! A list and how it changes, told by the choices that make it; and the choices that histories are drawn from.

use gettickets::GetTickets;
use proptest::prelude::*;

use crate::list::{By, Cap, Rates, Ties, Total, World};

#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) count: u64,
    pub(crate) spread: u64,
    pub(crate) by: By,
    pub(crate) ties: Ties,
    pub(crate) cap: Cap,
    pub(crate) total: Total,
    pub(crate) changes: u32,
    pub(crate) page_len: u64,
}

impl History {
    pub(crate) fn world(&self) -> World {
        let mut world = World::new(self.seed, self.count, self.spread);
        (world.by, world.ties, world.cap, world.total) = (self.by, self.ties, self.cap, self.total);
        world.rates = Rates::of(self.changes);
        world
    }

    pub(crate) fn request(&self) -> GetTickets {
        GetTickets { limitnum: Some(self.page_len), ..GetTickets::default() }
    }
}

/// Every history of lists in one of these orders.
pub(crate) fn histories(orders: impl Strategy<Value = By> + Clone) -> impl Strategy<Value = History> + Clone {
    let choices = (
        any::<u64>(),
        prop_oneof![1 => 0_u64..12, 4 => 12_u64..80],
        prop_oneof![1 => Just(0_u64), 1 => Just(1), 3 => 2_u64..40],
        orders,
        ties(),
        caps(),
        totals(),
        prop_oneof![1 => Just(0_u32), 4 => 50_u32..1_500, 1 => 1_500_u32..6_000],
        4_u64..40,
    );
    choices.prop_map(|(seed, count, spread, by, ties, cap, total, changes, page_len)| History {
        seed,
        count,
        spread,
        by,
        ties,
        cap,
        total,
        changes,
        page_len,
    })
}

pub(crate) fn ties() -> impl Strategy<Value = Ties> + Clone {
    prop_oneof![Just(Ties::IdRising), Just(Ties::IdFalling), Just(Ties::Scattered), Just(Ties::Shuffled)]
}

pub(crate) fn totals() -> impl Strategy<Value = Total> + Clone {
    prop_oneof![Just(Total::Number), Just(Total::Text), Just(Total::Absent), Just(Total::Wrong)]
}

fn caps() -> impl Strategy<Value = Cap> + Clone {
    prop_oneof![
        3 => Just(Cap::None),
        3 => (2_usize..20).prop_map(Cap::At),
        1 => (2_usize..8, 0_usize..10).prop_map(|(least, more)| Cap::Between(least, least + more)),
    ]
}
