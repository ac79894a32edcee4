//! Lets candidates take turns and measures each turn.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations::{self, Allocations};
use crate::corpus::Shape;
use crate::table::{Row, Summary};

/// The part of a page's content in which candidates must agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) tickets: usize,
    pub(crate) id_sum: u64,
    pub(crate) subject_bytes: usize,
}

impl Content {
    /// The content of a page, from the id and subject of each ticket.
    pub(crate) fn of<'a>(tickets: impl Iterator<Item = (u64, &'a str)>) -> Content {
        let none = Content { tickets: 0, id_sum: 0, subject_bytes: 0 };
        tickets.fold(none, |sum, (id, subject)| Content {
            tickets: sum.tickets + 1,
            id_sum: sum.id_sum.wrapping_add(id),
            subject_bytes: sum.subject_bytes + subject.len(),
        })
    }
}

/// Decodes a body once, through [`Watch::turn`].
pub(crate) type Decode = fn(Watch, &[u8]) -> Result<Turn, Box<dyn Error>>;

/// A way to decode.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) decode: Decode,
}

/// The result of one turn.
pub(crate) struct Turn {
    time: Duration,
    allocations: Allocations,
    /// `None` in a timed turn, and for a candidate that builds nothing.
    content: Option<Content>,
}

/// What a turn measures.
#[derive(Clone, Copy)]
pub(crate) enum Watch {
    Time,
    Allocations,
}

impl Watch {
    /// Takes a turn: measures only `decode`, without `prepare` and without freeing the result. Leaving out the freeing
    /// favors the peers: a page of gettickets is a few blocks, theirs has one for each string.
    pub(crate) fn turn<I, O>(
        self,
        prepare: impl FnOnce() -> I,
        decode: impl FnOnce(I) -> Result<O, Box<dyn Error>>,
        content: impl FnOnce(&O) -> Option<Content>,
    ) -> Result<Turn, Box<dyn Error>> {
        let input = black_box(prepare());
        match self {
            Watch::Time => {
                let start = Instant::now();
                let output = black_box(decode(input));
                let time = start.elapsed();
                drop(output?);
                Ok(Turn { time, allocations: Allocations::default(), content: None })
            }
            Watch::Allocations => {
                let (output, allocations) = allocations::counted(|| black_box(decode(input)));
                Ok(Turn { time: Duration::ZERO, allocations, content: content(&output?) })
            }
        }
    }
}

/// With fewer repetitions the median is not meaningful.
const LEAST_REPETITIONS: usize = 5;
/// More repetitions do not change the median.
const MOST_REPETITIONS: usize = 5_000;

/// Measures these candidates on this body, in turns, for about this long.
///
/// A first round warms up, counts allocations and checks that all candidates read the same content. Each later round
/// starts with a different candidate, so that none always follows the same one.
///
/// # Errors
///
/// Returns a candidate's error, or an error that names two candidates with different results.
pub(crate) fn round_robin(
    contenders: &[Contender],
    body: &[u8],
    shape: Shape,
    tickets: usize,
    budget: Duration,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut counted = Vec::new();
    let mut agreed: Option<(&str, Content)> = None;
    for contender in contenders {
        let named = |error: Box<dyn Error>| format!("{}: {error}", contender.name);
        let turn = (contender.decode)(Watch::Allocations, body).map_err(named)?;
        counted.push(turn.allocations);
        match (turn.content, agreed) {
            (Some(content), _) if content.tickets != tickets => {
                return Err(format!("{} read {content:?} from {tickets} tickets", contender.name).into());
            }
            (Some(content), Some((other, expected))) if content != expected => {
                return Err(format!("{} read {content:?}, {other} {expected:?}", contender.name).into());
            }
            (Some(content), None) => agreed = Some((contender.name, content)),
            _ => {}
        }
    }
    let mut times = vec![Vec::new(); contenders.len()];
    let start = Instant::now();
    for round in 0..MOST_REPETITIONS {
        if round >= LEAST_REPETITIONS && start.elapsed() >= budget {
            break;
        }
        let turns = contenders.iter().zip(&mut times);
        let first = round % contenders.len().max(1);
        for (contender, times) in rotated(turns.collect(), first) {
            times.push((contender.decode)(Watch::Time, body)?.time.as_nanos() as f64);
        }
    }
    let rows = contenders.iter().zip(times).zip(counted).map(|((contender, turns_ns), allocations)| Row {
        contender: contender.name.to_owned(),
        shape,
        tickets,
        bytes: body.len(),
        turns_ns,
        allocations: Some(allocations.count),
        allocated_bytes: Some(allocations.bytes),
        summary: Summary::default(),
    });
    Ok(rows.collect())
}

fn rotated<T>(mut list: Vec<T>, first: usize) -> Vec<T> {
    list.rotate_left(first);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(watch: Watch, tickets: usize) -> Result<Turn, Box<dyn Error>> {
        let content = Content { tickets, id_sum: 1, subject_bytes: 2 };
        watch.turn(|| 8, |size| Ok(vec![0_u8; size]), |_| Some(content))
    }

    #[test]
    fn candidates_with_different_results_are_an_error() {
        let one = Contender { name: "one", decode: |watch, _| fixed(watch, 1) };
        let two = Contender { name: "two", decode: |watch, _| fixed(watch, 2) };
        let error =
            round_robin(&[one, two], b"", Shape::Documented, 1, Duration::ZERO).unwrap_err().to_string();
        assert!(error.starts_with("two read Content { tickets: 2"), "{error}");
    }

    #[test]
    fn every_candidate_has_the_same_number_of_turns_and_its_allocations_counted() {
        let contenders = || {
            [
                Contender { name: "one", decode: |watch, _| fixed(watch, 1) },
                Contender { name: "two", decode: |watch, _| fixed(watch, 1) },
            ]
        };
        let rows = round_robin(&contenders(), b"body", Shape::Documented, 1, Duration::ZERO).unwrap();
        for row in &rows {
            assert_eq!((row.turns_ns.len(), row.bytes), (LEAST_REPETITIONS, 4));
            assert!(row.allocations >= Some(1));
        }
        assert_eq!(rows.len(), 2);
    }
}
