//! A server in memory whose list changes between any two requests, and which knows what a scan owes.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use gettickets::scan::{Fetch, FetchContext, Fetched};
use gettickets::{Error, GetTickets, decode};

/// How the server orders the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    NewestReply,
    OldestReply,
    IdRising,
    IdFalling,
    DateRising,
    DateFalling,
    /// An order that no candidate of the scan's explains.
    StatusThenDate,
}

/// What decides between tickets that tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    IdRising,
    IdFalling,
    /// The same at each request, and no order.
    Scattered,
    /// Another at each request, as a database may do it.
    Shuffled,
}

/// How many tickets the server puts on a page at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cap {
    None,
    At(usize),
    /// Another at each request.
    Between(usize, usize),
}

/// What the server says of how many match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    Number,
    Text,
    Absent,
    Wrong,
}

/// How much happens between two requests, on average, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) opened: u32,
    pub(crate) answered: u32,
    pub(crate) closed: u32,
    pub(crate) reopened: u32,
    pub(crate) deleted: u32,
    pub(crate) merged: u32,
    pub(crate) changed: u32,
    /// Answers a ticket that was not reached yet and closes one that was: what a reader that looks at
    /// offsets alone can't see.
    pub(crate) swapped: u32,
}

impl Rates {
    /// Everything, so many thousandths of changes in all.
    pub(crate) fn of(total: u32) -> Rates {
        let share = |percent: u32| total * percent / 100;
        Rates {
            opened: share(20),
            answered: share(30),
            closed: share(20),
            reopened: share(5),
            deleted: share(5),
            merged: share(5),
            changed: share(5),
            swapped: share(10),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    pub(crate) date: u64,
    pub(crate) lastreply: u64,
    pub(crate) status: u8,
    pub(crate) matches: bool,
}

/// The server.
pub(crate) struct World {
    pub(crate) by: By,
    pub(crate) ties: Ties,
    pub(crate) cap: Cap,
    pub(crate) total: Total,
    pub(crate) rates: Rates,
    pub(crate) random: Random,
    pub(crate) clock: u64,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) next_id: u64,
    /// The offset after what was read last: where the reader is.
    pub(crate) reader: usize,
    pub(crate) requests: u64,
    /// Ids that matched at every moment since the scan began.
    pub(crate) always: HashSet<u64>,
    /// Ids that matched at some moment.
    pub(crate) ever: HashSet<u64>,
    /// How many replies in a thousand come without tickets.
    pub(crate) empty: u64,
    /// How many in a thousand have a ticket twice.
    pub(crate) doubled: u64,
    /// What a test makes of a reply before it is sent.
    pub(crate) twist: Option<Twist>,
}

/// Gets the request, its number counted from 1, and the rows that would be sent; gives those that are.
pub(crate) type Twist =
    Box<dyn FnMut(u64, &GetTickets, Vec<Ticket>, &[Ticket]) -> Result<Vec<Ticket>, Error> + Send>;

/// A small generator of numbers (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// A whole number with this mean in thousandths.
    fn times(&mut self, thousandths: u32) -> u64 {
        let mean = u64::from(thousandths);
        // Spread between none and twice the mean.
        let drawn = self.below(2 * mean + 1);
        drawn / 1000 + u64::from(self.below(1000) < drawn % 1000)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl World {
    /// A server with so many tickets, most of which match, whose times lie `spread` seconds apart on
    /// average (0: all tie).
    pub(crate) fn new(seed: u64, count: u64, spread: u64) -> World {
        let mut random = Random(seed);
        let clock = 1_000_000 + count * (spread + 1) * 2;
        let tickets = (1..=count).map(|id| {
            let date = 1_000 + id * spread;
            let age = random.below(count * spread + 1);
            Ticket {
                id,
                date,
                lastreply: date.max(1_000 + age),
                status: random.below(4) as u8,
                matches: random.below(10) > 0,
            }
        });
        let tickets = tickets.collect();
        World {
            by: By::NewestReply,
            ties: Ties::IdRising,
            cap: Cap::None,
            total: Total::Number,
            rates: Rates::default(),
            random,
            clock,
            tickets,
            next_id: count + 1,
            reader: 0,
            requests: 0,
            always: HashSet::new(),
            ever: HashSet::new(),
            empty: 0,
            doubled: 0,
            twist: None,
        }
    }

    /// The list as it is now.
    pub(crate) fn list(&mut self) -> Vec<Ticket> {
        let shuffle = self.random.next();
        let ties = self.ties;
        let tie = |ticket: &Ticket| match ties {
            Ties::IdRising => ticket.id,
            Ties::IdFalling => u64::MAX - ticket.id,
            Ties::Scattered => mix(ticket.id),
            Ties::Shuffled => mix(ticket.id ^ shuffle),
        };
        let mut list: Vec<_> = self.tickets.iter().filter(|ticket| ticket.matches).cloned().collect();
        match self.by {
            By::NewestReply => list.sort_by_key(|ticket| (Reverse(ticket.lastreply), tie(ticket))),
            By::OldestReply => list.sort_by_key(|ticket| (ticket.lastreply, tie(ticket))),
            By::DateRising => list.sort_by_key(|ticket| (ticket.date, tie(ticket))),
            By::DateFalling => list.sort_by_key(|ticket| (Reverse(ticket.date), tie(ticket))),
            By::IdRising => list.sort_by_key(|ticket| ticket.id),
            By::IdFalling => list.sort_by_key(|ticket| Reverse(ticket.id)),
            By::StatusThenDate => {
                list.sort_by_key(|ticket| (ticket.status, Reverse(ticket.date), tie(ticket)))
            }
        }
        list
    }

    fn some(&mut self, matching: bool) -> Option<usize> {
        let of: Vec<_> =
            (0..self.tickets.len()).filter(|index| self.tickets[*index].matches == matching).collect();
        (!of.is_empty()).then(|| of[self.random.below(of.len() as u64) as usize])
    }

    fn leave(&mut self, id: u64) {
        self.always.remove(&id);
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.id == id) {
            ticket.matches = false;
        }
    }

    pub(crate) fn answer(&mut self, id: u64) {
        let (clock, status) = (self.clock, self.random.below(4) as u8);
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.id == id) {
            (ticket.lastreply, ticket.status) = (clock, status);
        }
    }

    pub(crate) fn open(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let status = self.random.below(4) as u8;
        self.tickets.push(Ticket { id, date: self.clock, lastreply: self.clock, status, matches: true });
    }

    pub(crate) fn close(&mut self, id: u64) {
        self.leave(id);
    }

    /// Lets time pass.
    fn pass_time(&mut self) {
        self.clock += self.random.below(4);
        let rates = self.rates;
        for _ in 0..self.random.times(rates.opened) {
            self.open();
        }
        for _ in 0..self.random.times(rates.answered) {
            if let Some(index) = self.some(true) {
                self.answer(self.tickets[index].id);
            }
        }
        for _ in 0..self.random.times(rates.closed) {
            if let Some(index) = self.some(true) {
                self.close(self.tickets[index].id);
            }
        }
        for _ in 0..self.random.times(rates.reopened) {
            if let Some(index) = self.some(false) {
                let answered = self.random.below(2) == 0;
                let clock = self.clock;
                let ticket = &mut self.tickets[index];
                ticket.matches = true;
                if answered {
                    ticket.lastreply = clock;
                }
            }
        }
        for _ in 0..self.random.times(rates.deleted) {
            if let Some(index) = self.some(true) {
                let id = self.tickets[index].id;
                self.leave(id);
                self.tickets.remove(index);
            }
        }
        for _ in 0..self.random.times(rates.merged) {
            if let (Some(one), Some(other)) = (self.some(true), self.some(true)) {
                let (kept, gone) = (self.tickets[one].id, self.tickets[other].id);
                if kept != gone {
                    self.leave(gone);
                    self.answer(kept);
                }
            }
        }
        for _ in 0..self.random.times(rates.changed) {
            if let Some(index) = self.some(true) {
                self.tickets[index].status = self.random.below(4) as u8;
            }
        }
        for _ in 0..self.random.times(rates.swapped) {
            let list = self.list();
            let reader = self.reader.min(list.len());
            let (before, after) = (reader as u64, (list.len() - reader) as u64);
            if before > 0 && after > 0 {
                let near = self.random.below(after.min(8)) as usize;
                let moved = list[reader + near].id;
                let closed = list[self.random.below(before) as usize].id;
                self.answer(moved);
                self.close(closed);
            }
        }
    }

    /// Lets time pass and gives the rows that this request brings, where they begin, and how many match.
    pub(crate) fn rows(&mut self, request: &GetTickets) -> Result<(Vec<Ticket>, usize, u64), Error> {
        self.requests += 1;
        if self.requests == 1 {
            self.always =
                self.tickets.iter().filter(|ticket| ticket.matches).map(|ticket| ticket.id).collect();
        } else {
            self.pass_time();
        }
        self.ever.extend(self.tickets.iter().filter(|ticket| ticket.matches).map(|ticket| ticket.id));
        let list = self.list();
        let start = (request.limitstart.unwrap_or(0) as usize).min(list.len());
        let asked = request.limitnum.unwrap_or(25) as usize;
        let cap = match self.cap {
            Cap::None => usize::MAX,
            Cap::At(cap) => cap,
            Cap::Between(least, most) => least + self.random.below((most - least + 1) as u64) as usize,
        };
        let end = start.saturating_add(asked.min(cap)).min(list.len());
        let mut rows = list[start..end].to_vec();
        if let Some(twist) = &mut self.twist {
            rows = twist(self.requests, request, rows, &list)?;
        }
        if self.random.below(1000) < self.doubled && !rows.is_empty() {
            // As a join over another table does it.
            let index = self.random.below(rows.len() as u64) as usize;
            rows.insert(index, rows[index].clone());
        }
        if self.random.below(1000) < self.empty {
            rows.clear();
        }
        self.reader = end;
        Ok((rows, start, list.len() as u64))
    }

    /// The reply as it would come over the wire.
    pub(crate) fn spell(&mut self, start: usize, total: u64, rows: &[Ticket]) -> String {
        let mut text = String::from(r#"{"result":"success","#);
        let _ = match self.total {
            Total::Number => write!(text, r#""totalresults":{total},"#),
            Total::Text => write!(text, r#""totalresults":"{total}","#),
            Total::Absent => Ok(()),
            Total::Wrong => write!(text, r#""totalresults":{},"#, self.random.below(2 * total + 2)),
        };
        let _ = write!(text, r#""startnumber":{start},"numreturned":{},"tickets":{{"ticket":["#, rows.len());
        for (index, ticket) in rows.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let (id, status) = (ticket.id, ticket.status);
            let (date, lastreply) = (time(ticket.date), time(ticket.lastreply));
            let _ = write!(
                text,
                r#"{comma}{{"id":"{id}","date":"{date}","status":"S{status}","lastreply":"{lastreply}"}}"#
            );
        }
        text.push_str("]}}");
        text
    }
}

/// Seconds as a date and time; 0 is none.
pub(crate) fn time(seconds: u64) -> String {
    if seconds == 0 {
        return "0000-00-00 00:00:00".to_owned();
    }
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    // A calendar of months of 28 days is enough to be read and to rise.
    let (year, month, day) = (2000 + days / 336, days % 336 / 28 + 1, days % 28 + 1);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A server that a scan and a test look at together.
#[derive(Clone)]
pub(crate) struct Server(pub Arc<Mutex<World>>);

impl Server {
    pub(crate) fn new(world: World) -> Server {
        Server(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl Fetch for Server {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        let mut world = self.world();
        let (rows, start, total) = world.rows(request)?;
        let body = world.spell(start, total, &rows);
        drop(world);
        let page = decode(body).unwrap().into_page().unwrap();
        Ok(Fetched { page, requests: 1, elapsed: std::time::Duration::ZERO })
    }
}
